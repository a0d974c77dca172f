//! From the text of `server.toml` to a [`Config`]: types by serde, sense by hand, and each error with its place.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use paramo_model::Seconds;
use toml::Spanned;

use super::{Config, File, PATIENCE, Tls};
use crate::login::{Ldap, Oidc};
use crate::workers::Patience;

const LEAST_PATIENCE: Duration = Duration::from_millis(100);
const MOST_PATIENCE: Duration = Duration::from_secs(600);

/// What people type to come here: `https://paramo.example/lab`, without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    /// `https://paramo.example`.
    pub origin: String,
    /// `/lab`; empty at the root.
    pub base: String,
}

impl PublicUrl {
    pub fn parse(text: &str) -> Result<PublicUrl, String> {
        let expected = || {
            format!(
                "`{text}` is no address: expected http:// or https://, a host and perhaps a path, as in https://paramo.example/lab"
            )
        };
        let (scheme, rest) = text.split_once("://").ok_or_else(expected)?;
        let (host, path) = rest.split_once('/').map_or((rest, ""), |(host, path)| (host, path));
        let host_is_plain =
            !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b));
        let path = path.trim_end_matches('/');
        let path_is_plain = path.split('/').all(|part| part != "." && part != "..")
            && path.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~/".contains(&b))
            && !path.starts_with('/')
            && !path.contains("//");
        if !["http", "https"].contains(&scheme) || !host_is_plain || !path_is_plain {
            return Err(expected());
        }
        let base = if path.is_empty() { String::new() } else { format!("/{path}") };
        Ok(PublicUrl { origin: format!("{scheme}://{}", host.to_ascii_lowercase()), base })
    }

    pub fn secure(&self) -> bool {
        self.origin.starts_with("https:")
    }

    /// The whole address of a path that begins with a slash.
    pub fn link(&self, path: &str) -> String {
        format!("{}{}{path}", self.origin, self.base)
    }
}

/// A text with its name, for messages.
struct Source<'a> {
    text: &'a str,
    name: &'a str,
}

impl Source<'_> {
    fn wrong(&self, span: Range<usize>, field: &str, message: &str) -> String {
        let before = &self.text.as_bytes()[..span.start.min(self.text.len())];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        match field {
            "" => format!("{}:{line}: {message}", self.name),
            field => format!("{}:{line}: {field}: {message}", self.name),
        }
    }
}

pub(super) fn parse(text: &str, name: &str, base: &Path) -> Result<Config, String> {
    let source = Source { text, name };
    let file: File = toml::from_str(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        source.wrong(span.clone(), &field_at(text, span.start), error.message())
    })?;
    let from_here = |path: PathBuf| base.join(path);
    let listen = match &file.listen {
        None => None,
        Some(listen) => Some(listen.get_ref().parse().map_err(|_| {
            let message = format!(
                "`{}` is no address to listen on: expected ADDRESS:PORT, as in 127.0.0.1:8090 or [::]:443",
                listen.get_ref()
            );
            source.wrong(listen.span(), "listen", &message)
        })?),
    };
    let public_url = match &file.public_url {
        None => None,
        Some(url) => Some(
            PublicUrl::parse(url.get_ref())
                .map_err(|message| source.wrong(url.span(), "public_url", &message))?,
        ),
    };
    let patience = match &file.patience {
        None => PATIENCE,
        Some(seconds) => Duration::try_from_secs_f64(*seconds.get_ref())
            .ok()
            .filter(|patience| (LEAST_PATIENCE..=MOST_PATIENCE).contains(patience))
            .ok_or_else(|| {
                let message = format!("expected seconds from 0.1 to 600, not {}", seconds.get_ref());
                source.wrong(seconds.span(), "patience", &message)
            })?,
    };
    let local = file.login.local.as_ref().is_none_or(|local| *local.get_ref());
    if let Some(said) =
        file.login.local.filter(|_| !local && file.login.oidc.is_none() && file.login.ldap.is_none())
    {
        let message = "nobody could sign in: leave local = true, or add [login.oidc] or [login.ldap]";
        return Err(source.wrong(said.span(), "login.local", message));
    }
    let mut private = Vec::new();
    let oidc = match file.login.oidc {
        None => None,
        Some(settings) => {
            let span = settings.span();
            let mut settings = settings.into_inner();
            if public_url.is_none() {
                let message = "say public_url at the top of the file: the provider sends people back there when they have signed in";
                return Err(source.wrong(span, "login.oidc", message));
            }
            settings.client_secret_file = settings.client_secret_file.map(from_here);
            private.extend(settings.client_secret_file.clone());
            Some(Oidc::new(settings).map_err(|message| source.wrong(span, "", &message))?)
        }
    };
    let ldap = match file.login.ldap {
        None => None,
        Some(settings) => {
            let span = settings.span();
            let mut settings = settings.into_inner();
            settings.bind_password_file = settings.bind_password_file.map(from_here);
            private.extend(settings.bind_password_file.clone());
            Some(Ldap::new(settings).map_err(|message| source.wrong(span, "", &message))?)
        }
    };
    let usual = Patience::default();
    let time = |said: &Option<Spanned<String>>, field: &str, usual: Duration| match said {
        None => Ok(usual),
        Some(said) => duration(said.get_ref())
            .map_err(|message| source.wrong(said.span(), &format!("workers.{field}"), &message)),
    };
    let workers = Patience {
        heartbeat: time(&file.workers.heartbeat, "heartbeat", usual.heartbeat)?,
        grace: time(&file.workers.grace, "grace", usual.grace)?,
        returning: time(&file.workers.returning, "returning", usual.returning)?,
    };
    private.extend(file.tls.as_ref().map(|tls| from_here(tls.key.clone())));
    private.extend(file.key_file.clone().map(from_here));
    Ok(Config {
        private,
        listen,
        public_url,
        tls: file.tls.map(|tls| Tls { certificate: from_here(tls.certificate), key: from_here(tls.key) }),
        key_file: file.key_file.map(from_here),
        trust_proxy: file.trust_proxy,
        patience,
        local,
        oidc,
        ldap,
        workers,
    })
}

/// A time such as `5 s`, of at least a hundredth of a second.
fn duration(text: &str) -> Result<Duration, String> {
    let seconds: Seconds = text.parse()?;
    match Duration::try_from_secs_f64(seconds.0) {
        Ok(time) if time >= Duration::from_millis(10) => Ok(time),
        _ => Err(format!("`{text}` is too short; expected a time such as 5 s")),
    }
}

/// The field that a place in the text belongs to: the key of its line, below the last header before it. serde says where an error is,
/// but not in what.
fn field_at(text: &str, at: usize) -> String {
    let end = text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len(), |line| at + line);
    let until_here: Vec<&str> = text.get(..end).unwrap_or(text).lines().collect();
    let Some((line, before)) = until_here.split_last() else { return String::new() };
    let header = |line: &str| {
        line.trim().strip_prefix('[').and_then(|line| line.split_once(']')).map(|(name, _)| name.to_owned())
    };
    if let Some(table) = header(line) {
        return table;
    }
    let key = line.split_once('=').map_or("", |(key, _)| key.trim());
    let table = before.iter().rev().find_map(|line| header(line));
    match table {
        Some(table) if !key.is_empty() => format!("{table}.{key}"),
        Some(table) => table,
        None => key.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wrong(text: &str) -> String {
        parse(text, "server.toml", Path::new("/etc/paramo")).unwrap_err()
    }

    #[test]
    fn a_whole_file_is_read_and_its_paths_start_where_it_lies() {
        let text = r#"
listen = "0.0.0.0:443"
public_url = "https://Paramo.example/lab/"
tls = { certificate = "cert.pem", key = "/keys/key.pem" }
key_file = "secrets.key"
trust_proxy = true
[login]
local = false
[login.oidc]
issuer = "https://id.example"
client_id = "paramo"
name = "Example"
administrators = ["admins"]
[login.ldap]
url = "ldaps://directory.example"
base = "ou=people,dc=example"
"#;
        let config = parse(text, "server.toml", Path::new("/etc/paramo")).unwrap();
        let url = config.public_url.unwrap();
        assert_eq!((url.origin.as_str(), url.base.as_str()), ("https://paramo.example", "/lab"));
        assert_eq!(url.link("/login"), "https://paramo.example/lab/login");
        let tls = config.tls.unwrap();
        assert_eq!(tls.certificate, Path::new("/etc/paramo/cert.pem"));
        assert_eq!(tls.key, Path::new("/keys/key.pem"));
        assert_eq!(config.oidc.unwrap().label(), "Example");
        assert!(config.ldap.is_some());
        assert!(config.trust_proxy && !config.local);
        let empty = parse("", "server.toml", Path::new("")).unwrap();
        assert!(empty.local && empty.listen.is_none());
    }

    #[test]
    fn what_is_wrong_is_said_with_file_line_and_field() {
        insta::assert_snapshot!(wrong("\nlisten = \"8090\"\n"), @"server.toml:2: listen: `8090` is no address to listen on: expected ADDRESS:PORT, as in 127.0.0.1:8090 or [::]:443");
        insta::assert_snapshot!(wrong("listen = 8090\n"), @"server.toml:1: listen: invalid type: integer `8090`, expected a string");
        insta::assert_snapshot!(wrong("public_url = \"paramo.example\"\n"), @"server.toml:1: public_url: `paramo.example` is no address: expected http:// or https://, a host and perhaps a path, as in https://paramo.example/lab");
        insta::assert_snapshot!(wrong("[login]\nlocal = true\nkerberos = true\n"), @"server.toml:3: login.kerberos: unknown field `kerberos`, expected one of `local`, `oidc`, `ldap`");
        insta::assert_snapshot!(wrong("[login]\nlocal = false\n"), @"server.toml:2: login.local: nobody could sign in: leave local = true, or add [login.oidc] or [login.ldap]");
        insta::assert_snapshot!(wrong("tls = { certificate = \"a\" }\n"), @"server.toml:1: tls: missing field `key`");
        insta::assert_snapshot!(wrong("public_url = \"https://a\"

[login.oidc]
issuer = \"http://id.example\"
client_id = \"x\"
"), @"server.toml:3: login.oidc.issuer: `http://id.example` must be an address with https:// and without `?` and `#`");
        insta::assert_snapshot!(wrong("[login.oidc]
issuer = \"https://id.example\"
client_id = \"x\"
"), @"server.toml:1: login.oidc: say public_url at the top of the file: the provider sends people back there when they have signed in");
        insta::assert_snapshot!(wrong("patience = -1.0\n"), @"server.toml:1: patience: expected seconds from 0.1 to 600, not -1");
        insta::assert_snapshot!(wrong("listen ="), @"server.toml:1: listen: string values must be quoted, expected literal string");
    }

    #[test]
    fn an_address_with_odd_parts_is_refused() {
        for odd in [
            "https://",
            "ftp://a",
            "https://a/../b",
            "https://a b",
            "https://a/b?c",
            "https://a//b",
            "https://u@h",
        ] {
            assert!(PublicUrl::parse(odd).is_err(), "{odd}");
        }
        assert_eq!(PublicUrl::parse("http://[::1]:80/").unwrap().origin, "http://[::1]:80");
    }

    proptest! {
        #[test]
        fn no_text_brings_it_down(text in "\\PC*", lines in "([a-z_\\[\\]=\".{} \\n]{0,40}\n){0,8}") {
            let _ = parse(&text, "server.toml", Path::new(""));
            let _ = parse(&lines, "server.toml", Path::new(""));
        }
    }
}
