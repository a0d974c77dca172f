//! `server.toml`: how a server for a group is set up. What is wrong in it is said with the file, the line and the field.

mod check;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use crate::login::{Ldap, LdapSettings, Oidc, OidcSettings};
use crate::workers::Patience;

pub use check::PublicUrl;

/// How long a slow sender is waited for, unless it is said.
const PATIENCE: Duration = Duration::from_secs(10);

/// The file, field by field.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    listen: Option<Spanned<String>>,
    public_url: Option<Spanned<String>>,
    tls: Option<Tls>,
    key_file: Option<PathBuf>,
    trust_proxy: bool,
    patience: Option<Spanned<f64>>,
    login: Login,
    workers: Workers,
}

/// How patient the server is with workers elsewhere: times such as `"5 s"`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Workers {
    heartbeat: Option<Spanned<String>>,
    grace: Option<Spanned<String>>,
    returning: Option<Spanned<String>>,
}

/// The certificate that browsers are shown, and its key, as PEM files.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Login {
    local: Option<Spanned<bool>>,
    oidc: Option<Spanned<OidcSettings>>,
    ldap: Option<Spanned<LdapSettings>>,
}

/// How a server is set up, checked.
#[derive(Debug)]
pub struct Config {
    pub listen: Option<SocketAddr>,
    pub public_url: Option<PublicUrl>,
    pub tls: Option<Tls>,
    /// The key of the secrets; beside the store unless given.
    pub key_file: Option<PathBuf>,
    /// Whether a proxy in front says truly who asks, in `X-Forwarded-For`.
    pub trust_proxy: bool,
    /// How long the head of a request may take; a body may take twice as long, and longer the more of it has come.
    pub patience: Duration,
    /// Whether people have passwords here.
    pub local: bool,
    pub oidc: Option<Oidc>,
    pub ldap: Option<Ldap>,
    /// Files with secrets that the file names, itself included.
    pub private: Vec<PathBuf>,
    /// How long workers elsewhere are waited for.
    pub workers: Patience,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            listen: None,
            public_url: None,
            tls: None,
            key_file: None,
            trust_proxy: false,
            patience: PATIENCE,
            local: true,
            oidc: None,
            ldap: None,
            private: Vec::new(),
            workers: Patience::default(),
        }
    }
}

impl Config {
    /// Reads a file. Paths in it start at its directory. The error names the file, the line and the field.
    pub fn read(path: &Path) -> Result<Config, String> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let base = path.parent().unwrap_or(Path::new(""));
        let mut config = Config::parse(&text, &path.display().to_string(), base)?;
        config.private.push(path.to_owned());
        Ok(config)
    }

    /// From the text of a file of this name. Relative paths start at `base`.
    pub fn parse(text: &str, name: &str, base: &Path) -> Result<Config, String> {
        check::parse(text, name, base)
    }
}
