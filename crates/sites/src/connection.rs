//! A site that can be spoken with: its host, its engine, and what was said about it.

use std::sync::Arc;

use crate::access::Access;
use crate::{Check, Description, Engine, EngineError};

/// A site that is reached.
pub struct Connection {
    pub site: Description,
    /// The host on which its files are: behind SSH, or this one. With slurmrestd alone the site's directory must be on this host.
    pub access: Arc<Access>,
    pub engine: Box<dyn Engine>,
}

impl Connection {
    /// Nothing is said to the site yet.
    ///
    /// # Errors
    ///
    /// When something of this host is not as it must be.
    pub fn to(site: Description) -> Result<Connection, EngineError> {
        let access = Arc::new(Access::to(site.login.as_ref())?);
        let engine = site.kind.connect(&site, access.clone())?;
        Ok(Connection { site, access, engine })
    }

    /// Looks whether everything works that jobs need: the login, the engine, the directory, the relay where workers need one, and,
    /// where an address of a server is given (`HOST:PORT`), the way back to it.
    pub async fn check(&self, back: Option<&str>) -> Vec<Check> {
        let mut checks = Vec::new();
        let login = self.access.run(&["/bin/sh", "-c", "id -un; uname -n"], &[]).await;
        match login {
            Ok(finished) if finished.ok() => {
                let text = finished.text();
                let words: Vec<&str> = text.split_whitespace().collect();
                checks.push(Check::good("login", words.join(" on ")));
            }
            Ok(finished) => checks.push(Check::bad("login", finished.complaint())),
            Err(error) => {
                checks.push(Check::bad("login", format!("{error}{}", advice(&error.to_string()))));
                return checks;
            }
        }
        checks.extend(self.engine.check().await);
        checks.push(self.directory().await);
        for path in &self.site.shared {
            checks.push(self.shared(path).await);
        }
        if self.site.login.is_some() && self.site.back.is_none() {
            checks.push(self.check_relay().await);
        }
        if let Some(address) = back {
            checks.push(self.way_back(address).await);
        }
        checks
    }

    /// Whether files can be written and programs be started in the site's directory.
    async fn directory(&self) -> Check {
        let directory = &self.site.directory;
        let script = "umask 077; mkdir -p -- \"$1\" && f=\"$1/.paramo-test.$$\" && printf '#!/bin/sh\\nexit 0\\n' > \"$f\" && \
            chmod 700 \"$f\" && { \"$f\" || { rm -f \"$f\"; echo 'programs cannot be started in it (noexec)' >&2; exit 1; }; } && \
            rm -f \"$f\" && df -Pk -- \"$1\" | tail -n 1";
        match self.access.shell("use it", script, &[directory], &[]).await {
            Ok(line) => {
                let line = String::from_utf8_lossy(&line).into_owned();
                let free = line.split_whitespace().nth(3).and_then(|kib| kib.parse::<u64>().ok());
                let free =
                    free.map_or(String::new(), |kib| format!(", {} free", paramo_model::Bytes(kib << 10)));
                Check::good("directory", format!("{directory} can be written{free}; all nodes must see it"))
            }
            Err(error) => Check::bad(
                "directory",
                format!(
                    "{directory}: {error}; name another `directory`, one that you may write and all nodes see"
                ),
            ),
        }
    }

    async fn shared(&self, path: &str) -> Check {
        match self.access.shell("look at it", "ls -d -- \"$1\"", &[path], &[]).await {
            Ok(_) if std::path::Path::new(path).exists() => {
                Check::good("shared", format!("{path} is here and there"))
            }
            Ok(_) => Check::bad("shared", format!("{path} is there and not here; take it out of `shared`")),
            Err(error) => Check::bad("shared", format!("{path}: {error}; take it out of `shared`")),
        }
    }

    /// Whether a program there can open a connection to the server.
    async fn way_back(&self, address: &str) -> Check {
        let what = "way back";
        let Some((host, port)) = address.rsplit_once(':').filter(|(host, port)| {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-.:[]".contains(c);
            !host.is_empty() && host.chars().all(plain) && port.parse::<u16>().is_ok()
        }) else {
            return Check::bad(what, format!("expected HOST:PORT, found {address}"));
        };
        let script = "exec 3<>\"/dev/tcp/$1/$2\"";
        let host = host.trim_matches(['[', ']']);
        let words = ["timeout", "10", "bash", "-c", script, "bash", host, port];
        match self.access.run(&words, &[]).await {
            Ok(finished) if finished.ok() => Check::good(
                what,
                format!(
                    "{address} can be reached from {}; compute nodes may be behind other walls",
                    self.access.place()
                ),
            ),
            Ok(finished) => {
                let why = match finished.code {
                    Some(124) => "no answer within 10 s; a firewall drops it".to_owned(),
                    _ => finished.complaint(),
                };
                let text = format!(
                    "{address} cannot be reached from {}: {why}; let the server listen on an address that the site sees (--listen)",
                    self.access.place()
                );
                Check::bad(what, text)
            }
            Err(error) => Check::bad(what, error.to_string()),
        }
    }
}

/// What to do about a login that does not work, from what `ssh` says.
fn advice(complaint: &str) -> &'static str {
    let table = [
        (
            "Host key verification failed",
            "; its key is not known here: log in once with `ssh`, compare the key with what the site publishes, and accept it",
        ),
        (
            "REMOTE HOST IDENTIFICATION HAS CHANGED",
            "; it is another host than before, or somebody is in between: ask the site before you do anything",
        ),
        (
            "Permission denied",
            "; put your public key into ~/.ssh/authorized_keys there, and name the private one as `key`, or load it into an agent; passwords are never asked for",
        ),
        ("Could not resolve hostname", "; check `host`, or name the `config` of OpenSSH that knows it"),
        ("Connection refused", "; nothing listens there: check `host` and `port`"),
        ("timed out", "; a firewall may be in between: is there a `jump` host?"),
        ("cannot be started", "; install OpenSSH's client on this host"),
    ];
    table.iter().find(|(words, _)| complaint.contains(words)).map_or("", |(_, advice)| advice)
}
