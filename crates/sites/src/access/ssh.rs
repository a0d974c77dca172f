//! A host behind OpenSSH: its own program, so that keys, agents, jump hosts and configuration work as they do for people.
//!
//! One connection is kept for many commands (`ControlMaster`). Nothing is ever asked for, and a host whose key is not known is refused.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::{AccessError, Finished, Way};
use crate::Login;

/// The exit code by which `ssh` tells of itself, and not of the command.
const OF_SSH: i32 = 255;

pub(super) struct Ssh {
    options: Vec<String>,
    /// By which many commands share a connection.
    shared: [String; 6],
    host: String,
    place: String,
}

impl Ssh {
    pub(super) fn new(login: &Login) -> Result<Ssh, AccessError> {
        let sockets = sockets()?;
        let mut options: Vec<String> = Vec::new();
        if let Some(config) = &login.config {
            options.extend(["-F".to_owned(), config.display().to_string()]);
        }
        for option in [
            "BatchMode=yes",
            "StrictHostKeyChecking=yes",
            "ConnectTimeout=15",
            "ServerAliveInterval=10",
            "ServerAliveCountMax=3",
            "LogLevel=ERROR",
        ] {
            options.extend(["-o".to_owned(), option.to_owned()]);
        }
        if let Some(known) = &login.known_hosts {
            options.extend(["-o".to_owned(), format!("UserKnownHostsFile={}", known.display())]);
        }
        if let Some(key) = &login.key {
            let key = key.display().to_string();
            options.extend(["-i".to_owned(), key, "-o".to_owned(), "IdentitiesOnly=yes".to_owned()]);
        }
        let words = [
            ("-l", login.user.clone()),
            ("-p", login.port.map(|p| p.to_string())),
            ("-J", login.jump.clone()),
        ];
        for (flag, value) in words {
            options.extend(value.into_iter().flat_map(|value| [flag.to_owned(), value]));
        }
        // A connection is only for who would have made it in the same way: with the same key, and trusting the same hosts.
        let mut hasher = DefaultHasher::new();
        options.hash(&mut hasher);
        let path = format!("ControlPath={}/{:016x}-%C", sockets.display(), hasher.finish());
        let shared = ["-o", "ControlMaster=auto", "-o", "ControlPersist=60", "-o", &path].map(str::to_owned);
        let place = match &login.user {
            Some(user) => format!("{user}@{}", login.host),
            None => login.host.clone(),
        };
        Ok(Ssh { options, shared, host: login.host.clone(), place })
    }

    /// A command over there, where a shell takes the line apart again.
    fn line(&self, command: &mut Command, words: &[&str]) {
        let line: Vec<String> = words.iter().map(|word| quoted(word)).collect();
        command.args(["-T", "--", &self.host]).arg(line.join(" "));
    }
}

impl Way for Ssh {
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("ssh");
        command.args(&self.options).args(&self.shared);
        self.line(&mut command, words);
        command
    }

    fn apart(&self, options: &[&str], words: &[&str]) -> Option<Command> {
        let mut command = Command::new("ssh");
        // The first word on an option holds.
        command.args(options).args(["-o", "ControlMaster=no", "-o", "ControlPath=none"]).args(&self.options);
        self.line(&mut command, words);
        Some(command)
    }

    fn place(&self) -> &str {
        &self.place
    }

    fn unreachable(&self, finished: &Finished) -> Option<String> {
        (finished.code == Some(OF_SSH)).then(|| finished.complaint())
    }
}

/// A word as every shell of Unix takes it.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+%@".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// The directory of the sockets of kept connections. Whoever can open a socket can use the connection, so it is ours alone.
fn sockets() -> Result<PathBuf, AccessError> {
    let owner = rustix::process::geteuid().as_raw();
    // The address of a socket has a hundred characters or so; the name of one takes seventy-five of them.
    let runtime =
        std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.as_os_str().len() < 20);
    let directory = match runtime {
        Some(path) if path.is_dir() => path.join("paramo-ssh"),
        _ => Path::new("/tmp").join(format!("paramo-ssh-{owner}")),
    };
    let wrong = |why: String| AccessError::Local { file: directory.display().to_string(), why };
    match std::fs::DirBuilder::new().mode(0o700).create(&directory) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(wrong(error.to_string()));
        }
        _ => {}
    }
    let found = std::fs::symlink_metadata(&directory).map_err(|error| wrong(error.to_string()))?;
    if !found.is_dir() || found.uid() != owner || found.mode() & 0o077 != 0 {
        return Err(wrong(
            "it is to hold the sockets of SSH connections, and must be a directory of yours that nobody else can open (mode 0700)".to_owned(),
        ));
    }
    Ok(directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_arrive_as_they_are() {
        for word in ["", "a b", "it's", "$HOME", "x\ny", "`id`", "a\\b", "*"] {
            let output = std::process::Command::new("sh")
                .args(["-c", &format!("printf %s {}", quoted(word))])
                .output()
                .unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), word);
        }
        assert_eq!(quoted("/a-b_c.d"), "/a-b_c.d");
    }

    #[test]
    fn hosts_are_checked_and_nothing_is_asked() {
        let login = Login {
            host: "hpc".to_owned(),
            user: Some("ada".to_owned()),
            jump: Some("gate".to_owned()),
            ..Login::default()
        };
        let ssh = Ssh::new(&login).unwrap();
        let command = ssh.command(&["echo", "a b"]);
        let words: Vec<_> =
            command.as_std().get_args().map(|word| word.to_string_lossy().into_owned()).collect();
        for word in ["BatchMode=yes", "StrictHostKeyChecking=yes", "gate", "ada"] {
            assert!(words.contains(&word.to_owned()), "{words:?}");
        }
        assert_eq!(words[words.len() - 3..], ["--", "hpc", "echo 'a b'"]);
        assert_eq!(ssh.place(), "ada@hpc");
        let apart = ssh.apart(&["-R", "/s:127.0.0.1:1"], &["echo"]).unwrap();
        let words: Vec<_> =
            apart.as_std().get_args().map(|word| word.to_string_lossy().into_owned()).collect();
        assert!(words.contains(&"ControlPath=none".to_owned()) && words.contains(&"gate".to_owned()));
        assert!(!words.iter().any(|word| word == "ControlMaster=auto"), "{words:?}");
    }
}
