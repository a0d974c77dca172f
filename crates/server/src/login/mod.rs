//! Who somebody is, as the institution says: a provider of OpenID Connect, or a directory (LDAP).
//!
//! Both end in an [`Identity`]; what it may do here is decided elsewhere. Neither keeps an account, and neither is asked before
//! somebody signs in: a provider that is away takes nothing from those with local accounts.

mod ldap;
mod oidc;
mod tls;

use std::fmt;
use std::path::Path;

use serde::Serialize;
use thiserror::Error;

pub use ldap::{Ldap, LdapSettings};
pub use oidc::{Answer, COOKIE, Oidc, OidcSettings, PENDING};

/// The most groups of one person that are taken over, and the longest name of one, in bytes.
const MOST_GROUPS: usize = 1000;
const LONGEST_WORD: usize = 256;

/// Who vouches for somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    Oidc,
    Ldap,
}

impl Source {
    /// As it is stored and answered: `oidc` or `ldap`.
    pub fn as_str(self) -> &'static str {
        match self {
            Source::Oidc => "oidc",
            Source::Ldap => "ldap",
        }
    }
}

/// Somebody whom a provider has vouched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub source: Source,
    /// What names the person for ever at this source, and what an account is found by. A name may be given to somebody else one
    /// day; this is not. For OpenID Connect the claim `sub`, for LDAP the attribute `subject_attribute`.
    pub subject: String,
    /// The name to sign in with, as the source writes it: it may need changing to become a name here, and may be taken here.
    pub name: String,
    /// The name for people to read; the name again where the source has none.
    pub display_name: String,
    pub email: Option<String>,
    /// Names of groups, sorted, each once.
    pub groups: Vec<String>,
    /// Whether a group makes the person an administrator of the server. `None` where the configuration names no such group: then
    /// the account keeps what it has.
    pub administrator: Option<bool>,
}

impl Identity {
    /// Puts the parts in order. `administrators` are the groups whose members administer the server.
    fn new(
        source: Source,
        subject: String,
        name: String,
        groups: Vec<String>,
        administrators: &[String],
    ) -> Identity {
        let mut groups: Vec<String> = groups.into_iter().filter(|group| is_word(group)).collect();
        groups.sort();
        groups.dedup();
        groups.truncate(MOST_GROUPS);
        let administrator = match administrators {
            [] => None,
            named => Some(named.iter().any(|group| groups.binary_search(group).is_ok())),
        };
        Identity { source, subject, display_name: name.clone(), name, email: None, groups, administrator }
    }

    /// Adds what is there for people to read.
    fn known_as(mut self, display_name: Option<String>, email: Option<String>) -> Identity {
        if let Some(display_name) = display_name.filter(|text| is_word(text)) {
            self.display_name = display_name;
        }
        self.email = email.filter(|text| is_word(text));
        self
    }
}

/// Whether a text can be a name of something: it is there, short, and keeps to one line.
fn is_word(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= LONGEST_WORD && !text.contains(char::is_control)
}

/// Why nobody is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LoginError {
    /// Never says which of both.
    #[error("the name or the password is not right")]
    Wrong,
    /// The provider answers, but not with somebody who can be let in.
    #[error("{0}")]
    Refused(String),
    /// The sign-in was not begun by this browser, or too long ago, or has been finished already.
    #[error(
        "this sign-in was not begun in this browser, or has expired; go back to the sign-in page and begin again"
    )]
    Unknown,
    /// The provider cannot be asked now.
    #[error("{0}")]
    Unavailable(String),
}

impl LoginError {
    /// For the address of the sign-in page, which has a text for each: `wrong`, `refused`, `unknown` or `unavailable`.
    pub fn code(&self) -> &'static str {
        match self {
            LoginError::Wrong => "wrong",
            LoginError::Refused(_) => "refused",
            LoginError::Unknown => "unknown",
            LoginError::Unavailable(_) => "unavailable",
        }
    }
}

/// What proves to a provider who we are; it shows itself to nobody else.
#[derive(Clone)]
struct Secret(String);

impl Secret {
    /// Reads a file of one line. `field` is what names it in the configuration.
    fn read(path: &Path, field: &str) -> Result<Secret, String> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("{field}: cannot read {}: {error}", path.display()))?;
        match text.trim_end_matches(['\r', '\n']) {
            "" => Err(format!(
                "{field}: {} is empty; write the secret into it, and nothing else",
                path.display()
            )),
            text => Ok(Secret(text.to_owned())),
        }
    }

    fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The path to go on to after a sign-in: one of this server, or the start page when another is asked for.
fn own_path(asked: Option<&str>) -> String {
    let ours = |path: &&str| {
        // Browsers read `//host` and `/\host` as another server, and leave out line ends before they read.
        path.starts_with('/')
            && !path[1..].starts_with(['/', '\\'])
            && path.len() <= 2000
            && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    };
    asked.filter(ours).unwrap_or("/").to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nobody_is_led_to_another_server() {
        for (asked, led) in [
            (Some("/studies/1?tab=plots#map"), "/studies/1?tab=plots#map"),
            (None, "/"),
            (Some(""), "/"),
            (Some("studies"), "/"),
            (Some("//evil.example/"), "/"),
            (Some("/\\evil.example"), "/"),
            (Some("/\t/evil.example"), "/"),
            (Some("https://evil.example"), "/"),
            (Some("/a\r\nset-cookie: b"), "/"),
        ] {
            assert_eq!(own_path(asked), led, "{asked:?}");
        }
    }

    proptest! {
        #[test]
        fn a_path_stays_on_this_server(asked in "[/\\\\a-z:.?#@ \t\r\n]{0,20}") {
            let here = url::Url::parse("http://127.0.0.1:8090/").unwrap();
            prop_assert_eq!(here.join(&own_path(Some(&asked))).unwrap().origin(), here.origin());
        }
    }

    #[test]
    fn administrators_are_those_of_the_groups_named_if_any_is() {
        let of = |groups: &[&str], named: &[&str]| {
            let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
            Identity::new(Source::Oidc, "1".into(), "ada".into(), owned(groups), &owned(named))
        };
        assert_eq!(of(&["b", "a", "b", "", "x\ny"], &[]).groups, ["a", "b"]);
        assert_eq!(of(&["a"], &[]).administrator, None);
        assert_eq!(of(&["a"], &["a", "c"]).administrator, Some(true));
        assert_eq!(of(&["a", "C"], &["c"]).administrator, Some(false));
    }

    #[test]
    fn a_secret_is_read_and_not_shown() {
        let folder = std::env::temp_dir().join(format!("paramo-secret-{}", std::process::id()));
        std::fs::write(&folder, "s3cret\n").unwrap();
        let secret = Secret::read(&folder, "login.oidc.client_secret_file").unwrap();
        assert_eq!((secret.reveal(), format!("{secret:?}")), ("s3cret", "Secret(…)".to_owned()));
        std::fs::write(&folder, "\n").unwrap();
        let empty = Secret::read(&folder, "login.oidc.client_secret_file").unwrap_err();
        assert!(
            empty.starts_with("login.oidc.client_secret_file: ") && empty.contains("is empty"),
            "{empty}"
        );
        std::fs::remove_file(&folder).unwrap();
        assert!(Secret::read(&folder, "x").unwrap_err().contains("cannot read"));
    }
}
