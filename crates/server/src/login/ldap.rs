//! Signing in against a directory (LDAP): the person's entry is searched for, and the password tried by binding as it.
//!
//! Each sign-in has a connection of its own, and a limit on its time. What a person types reaches the directory as a value in a
//! filter, never as a part of one.

mod dn;
mod entry;

use std::path::PathBuf;
use std::time::Duration;

use ldap3::{LdapConnAsync, LdapConnSettings, LdapError, ResultEntry, Scope, SearchOptions, ldap_escape};
use serde::Deserialize;
use url::Url;

use self::dn::{below, first_value};
use self::entry::Entry;
use super::{Identity, LoginError, Secret, Source, is_word, tls};

/// How long a connection and each question may take, and a whole sign-in.
const QUESTION: Duration = Duration::from_secs(5);
const SIGN_IN: Duration = Duration::from_secs(15);
/// The directory's word for a name and a password that do not belong together (RFC 4511, invalidCredentials).
const INVALID: u32 = 49;
/// What a directory answers for an account that may not sign in, or not so: inappropriateAuthentication, insufficientAccessRights,
/// unwillingToPerform, constraintViolation, noSuchObject.
const NOT_LET_IN: [u32; 5] = [48, 50, 53, 19, 32];
const SIZE_LIMIT: u32 = 4;

/// `[login.ldap]` of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LdapSettings {
    /// `ldaps://host`, or `ldap://host` with `start_tls`.
    pub url: String,
    #[serde(default)]
    pub start_tls: bool,
    /// Whether passwords may go over the network readable. Not needed for this machine itself.
    #[serde(default)]
    pub plain_text: bool,
    /// The account that searches; nobody (anonymous) where it is not given.
    pub bind_dn: Option<String>,
    /// A file with its password in its one line.
    pub bind_password_file: Option<PathBuf>,
    /// The entry below which people are.
    pub base: String,
    /// What finds a person: `{name}` stands for what was typed.
    #[serde(default = "user_filter")]
    pub user_filter: String,
    /// The attribute that stays the same for ever; `objectGUID` in Active Directory. `dn` takes the entry's place instead.
    #[serde(default = "subject_attribute")]
    pub subject_attribute: String,
    #[serde(default = "name_attribute")]
    pub name_attribute: String,
    #[serde(default = "display_name_attribute")]
    pub display_name_attribute: String,
    #[serde(default = "email_attribute")]
    pub email_attribute: String,
    /// The attribute of a person with the groups. Of a group's DN its first value is the name.
    #[serde(default = "group_attribute")]
    pub group_attribute: String,
    /// What finds the groups of a person where there is no such attribute: `{dn}` and `{name}` stand for the person's.
    pub group_filter: Option<String>,
    /// The entry below which groups count; for a search, `base` where it is not given.
    pub group_base: Option<String>,
    /// The attribute of a found group with its name.
    #[serde(default = "group_name_attribute")]
    pub group_name_attribute: String,
    /// Groups whose members administer the server.
    #[serde(default)]
    pub administrators: Vec<String>,
}

fn user_filter() -> String {
    "(uid={name})".to_owned()
}

fn subject_attribute() -> String {
    "entryUUID".to_owned()
}

fn name_attribute() -> String {
    "uid".to_owned()
}

fn display_name_attribute() -> String {
    "cn".to_owned()
}

fn email_attribute() -> String {
    "mail".to_owned()
}

fn group_attribute() -> String {
    "memberOf".to_owned()
}

fn group_name_attribute() -> String {
    "cn".to_owned()
}

/// One directory.
#[derive(Debug)]
pub struct Ldap {
    settings: LdapSettings,
    url: Url,
    /// Who searches, and with which password.
    searcher: Option<(String, Secret)>,
    tls: std::sync::Arc<rustls::ClientConfig>,
}

/// Why a question was not answered, before it is put into words.
enum Failed {
    Ldap(LdapError),
    Login(LoginError),
}

impl From<LdapError> for Failed {
    fn from(error: LdapError) -> Failed {
        Failed::Ldap(error)
    }
}

impl From<LoginError> for Failed {
    fn from(error: LoginError) -> Failed {
        Failed::Login(error)
    }
}

impl Ldap {
    /// Errors name the field of the configuration that is not right. The directory is not asked yet.
    pub fn new(settings: LdapSettings) -> Result<Ldap, String> {
        let given = &settings.url;
        let url =
            Url::parse(given).map_err(|error| format!("login.ldap.url: `{given}` is no address: {error}"))?;
        if !["ldap", "ldaps"].contains(&url.scheme()) || url.host_str().is_none_or(str::is_empty) {
            return Err(format!("login.ldap.url: `{given}` must be ldaps://HOST or ldap://HOST"));
        }
        let secured = url.scheme() == "ldaps" || settings.start_tls;
        let local =
            tls::is_loopback(&Url::parse(&given.replacen("ldap", "http", 1)).unwrap_or_else(|_| url.clone()));
        if !secured && !local && !settings.plain_text {
            return Err(format!(
                "login.ldap.url: {given} sends passwords that others on the network can read; use ldaps://, or `start_tls = true`, \
                 or say `plain_text = true` if nobody else is on that network"
            ));
        }
        if !settings.user_filter.contains("{name}") {
            return Err(
                "login.ldap.user_filter: it must contain {name}, which stands for what was typed".to_owned()
            );
        }
        let filters =
            [("user_filter", Some(&settings.user_filter)), ("group_filter", settings.group_filter.as_ref())];
        for (field, filter) in filters {
            if filter.is_some_and(|filter| ldap3::parse_filter(filled(filter, "x", "cn=x")).is_err()) {
                return Err(format!("login.ldap.{field}: it is no filter; write it like `(uid={{name}})`"));
            }
        }
        let searcher = match (&settings.bind_dn, &settings.bind_password_file) {
            (None, None) => None,
            (Some(dn), Some(path)) => {
                Some((dn.clone(), Secret::read(path, "login.ldap.bind_password_file")?))
            }
            _ => {
                return Err(
                    "login.ldap: bind_dn and bind_password_file go together; give both or none".to_owned()
                );
            }
        };
        let tls = std::sync::Arc::new(tls::client()?);
        Ok(Ldap { settings, url, searcher, tls })
    }

    /// Signs somebody in.
    ///
    /// Errors: [`LoginError::Wrong`] when there is nobody of this name, or with another password, or one who may not sign in;
    /// [`LoginError::Refused`] when the entry cannot be taken; [`LoginError::Unavailable`] when the directory does not answer.
    pub async fn login(&self, name: &str, password: &str) -> Result<Identity, LoginError> {
        // Directories let in whoever gives no password: as nobody, but they say that it went well.
        if password.is_empty() || !is_word(name) {
            return Err(LoginError::Wrong);
        }
        match tokio::time::timeout(SIGN_IN, self.ask(name, password)).await {
            Ok(Ok(identity)) => Ok(identity),
            Ok(Err(Failed::Login(error))) => Err(error),
            Ok(Err(Failed::Ldap(error))) => Err(self.unavailable(&error.to_string())),
            Err(_) => Err(self.unavailable("it takes too long")),
        }
    }

    async fn ask(&self, name: &str, password: &str) -> Result<Identity, Failed> {
        let mut ldap = self.connect().await?;
        self.become_searcher(&mut ldap).await?;
        let entry = self.find(&mut ldap, name).await?;
        // A connection of its own: this one still has to find the groups, which the person may not see.
        let bound = self.connect().await?.with_timeout(QUESTION).simple_bind(&entry.dn, password).await?;
        match bound.rc {
            0 => {}
            code if code == INVALID || NOT_LET_IN.contains(&code) => return Err(LoginError::Wrong.into()),
            _ => return Err(LdapError::from(bound).into()),
        }
        let groups = self.groups(&mut ldap, &entry).await?;
        let _ = ldap.unbind().await;
        Ok(self.identity(&entry, groups)?)
    }

    async fn connect(&self) -> Result<ldap3::Ldap, Failed> {
        let settings = LdapConnSettings::new()
            .set_conn_timeout(QUESTION)
            .set_starttls(self.settings.start_tls)
            .set_config(self.tls.clone());
        let (connection, ldap) = LdapConnAsync::from_url_with_settings(settings, &self.url).await?;
        // It ends with the handle; what goes wrong on it is said to whoever asks next.
        tokio::spawn(connection.drive());
        Ok(ldap)
    }

    async fn become_searcher(&self, ldap: &mut ldap3::Ldap) -> Result<(), Failed> {
        let Some((dn, password)) = &self.searcher else { return Ok(()) };
        let bound = ldap.with_timeout(QUESTION).simple_bind(dn, password.reveal()).await?;
        if bound.rc == INVALID {
            return Err(self.unavailable("it does not take the password of bind_dn").into());
        }
        bound.success()?;
        Ok(())
    }

    async fn find(&self, ldap: &mut ldap3::Ldap, name: &str) -> Result<Entry, Failed> {
        let wanted = &self.settings;
        let mut attributes = vec![
            wanted.name_attribute.as_str(),
            wanted.display_name_attribute.as_str(),
            wanted.email_attribute.as_str(),
            wanted.group_attribute.as_str(),
        ];
        if wanted.subject_attribute != "dn" {
            attributes.push(&wanted.subject_attribute);
        }
        let filter = filled(&wanted.user_filter, name, "");
        let found = ldap
            .with_timeout(QUESTION)
            .with_search_options(SearchOptions::new().sizelimit(2))
            .search(&wanted.base, Scope::Subtree, &filter, attributes)
            .await?;
        // More than one hits the limit.
        if found.1.rc != SIZE_LIMIT {
            found.1.clone().non_error()?;
        }
        let mut entries = self.read(found.0)?.into_iter();
        match (entries.next(), entries.next()) {
            // Who binds without a name is let in as nobody.
            (Some(entry), None) if !entry.dn.is_empty() => Ok(entry),
            (_, None) => Err(LoginError::Wrong.into()),
            (_, Some(_)) => Err(LoginError::Refused(
                "the directory has several entries for this name; narrow `user_filter` or `base` in [login.ldap]".to_owned(),
            )
            .into()),
        }
    }

    async fn groups(&self, ldap: &mut ldap3::Ldap, entry: &Entry) -> Result<Vec<String>, Failed> {
        let wanted = &self.settings;
        let Some(filter) = &wanted.group_filter else {
            let all = entry.values(&wanted.group_attribute);
            let counts = |group: &String| wanted.group_base.as_ref().is_none_or(|base| below(group, base));
            return Ok(all.filter(counts).map(|group| first_value(&group).unwrap_or(group)).collect());
        };
        let name = entry.values(&wanted.name_attribute).next().unwrap_or_default();
        let base = wanted.group_base.as_ref().unwrap_or(&wanted.base);
        let attributes = [wanted.group_name_attribute.as_str()];
        let filter = filled(filter, &name, &entry.dn);
        let found = ldap.with_timeout(QUESTION).search(base, Scope::Subtree, &filter, attributes).await?;
        found.1.non_error()?;
        let groups = self.read(found.0)?;
        Ok(groups.iter().flat_map(|group| group.values(&wanted.group_name_attribute)).collect())
    }

    fn read(&self, found: Vec<ResultEntry>) -> Result<Vec<Entry>, LoginError> {
        let entries: Option<Vec<Entry>> = found.into_iter().map(Entry::read).collect();
        entries.ok_or_else(|| self.unavailable("it answers with what cannot be read"))
    }

    fn identity(&self, entry: &Entry, groups: Vec<String>) -> Result<Identity, LoginError> {
        let wanted = &self.settings;
        let first = |attribute: &str| entry.values(attribute).find(|value| is_word(value));
        let missing = |attribute: &str, field: &str| {
            LoginError::Refused(format!(
                "the entry in the directory has no `{attribute}` that can be read; name another attribute as `{field}` in [login.ldap]"
            ))
        };
        let subject = match wanted.subject_attribute.as_str() {
            "dn" => Some(entry.dn.to_lowercase()),
            attribute => first(attribute),
        };
        let subject = subject.ok_or_else(|| missing(&wanted.subject_attribute, "subject_attribute"))?;
        let name =
            first(&wanted.name_attribute).ok_or_else(|| missing(&wanted.name_attribute, "name_attribute"))?;
        let identity = Identity::new(Source::Ldap, subject, name, groups, &wanted.administrators);
        Ok(identity.known_as(first(&wanted.display_name_attribute), first(&wanted.email_attribute)))
    }

    fn unavailable(&self, why: &str) -> LoginError {
        LoginError::Unavailable(format!(
            "the directory {} cannot be asked: {why}; try again later, or sign in with a local account",
            self.settings.url
        ))
    }
}

/// A filter with values in the places of the words. Values are escaped, so that they stay values.
fn filled(filter: &str, name: &str, dn: &str) -> String {
    let mut text = String::with_capacity(filter.len() + name.len() + dn.len());
    let mut rest = filter;
    // In one pass: a name may contain `{dn}`.
    while let Some(at) = rest.find('{') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let word = [("{name}", name), ("{dn}", dn)].into_iter().find(|(word, _)| rest.starts_with(word));
        match word {
            Some((word, value)) => {
                text.push_str(&ldap_escape(value));
                rest = &rest[word.len()..];
            }
            None => {
                text.push('{');
                rest = &rest[1..];
            }
        }
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn settings(text: &str) -> Result<Ldap, String> {
        Ldap::new(toml::from_str(text).unwrap())
    }

    #[test]
    fn a_configuration_that_cannot_be_right_is_refused_by_field() {
        for (text, said) in [
            ("url = 'directory'", "login.ldap.url: `directory` is no address"),
            ("url = 'https://directory'", "must be ldaps://HOST"),
            ("url = 'ldap://directory.example'", "others on the network can read"),
            ("url = 'ldaps://a'\nuser_filter = '(uid=ada)'", "user_filter: it must contain {name}"),
            ("url = 'ldaps://a'\nuser_filter = '(uid={name}'", "user_filter: it is no filter"),
            ("url = 'ldaps://a'\ngroup_filter = 'member={dn})'", "group_filter: it is no filter"),
            ("url = 'ldaps://a'\nbind_dn = 'cn=x'", "give both or none"),
            ("url = 'ldaps://a'\nbind_dn = 'cn=x'\nbind_password_file = '/nowhere'", "cannot read /nowhere"),
        ] {
            let refused = settings(&format!("base = 'dc=x'\n{text}")).unwrap_err();
            assert!(refused.starts_with("login.ldap") && refused.contains(said), "{refused}");
        }
        for good in [
            "url = 'ldap://127.0.0.1:389'",
            "url = 'ldap://localhost'",
            "url = 'ldap://[::1]'",
            "url = 'ldap://directory.example'\nstart_tls = true",
            "url = 'ldap://directory.example'\nplain_text = true",
        ] {
            settings(&format!("base = 'dc=x'\n{good}")).unwrap();
        }
    }

    #[tokio::test]
    async fn nothing_is_asked_without_a_password_or_a_name() {
        // Nobody listens there: an answer of the directory would be `Unavailable`.
        let ldap = settings("url = 'ldap://127.0.0.1:1'\nbase = 'dc=x'").unwrap();
        for (name, password) in [("ada", ""), ("", "x"), (" ", "x"), ("a\nb", "x"), (&*"a".repeat(300), "x")]
        {
            assert_eq!(ldap.login(name, password).await.unwrap_err(), LoginError::Wrong);
        }
        let error = ldap.login("ada", "x").await.unwrap_err();
        assert!(
            matches!(&error, LoginError::Unavailable(why) if why.contains("ldap://127.0.0.1:1")),
            "{error}"
        );
    }

    #[test]
    fn what_is_typed_stays_a_value() {
        assert_eq!(filled("(uid={name})", "*)(uid=*", ""), r"(uid=\2a\29\28uid=\2a)");
        assert_eq!(filled("(&(m={dn})(u={name}){x})", "{dn}", "cn=a"), "(&(m=cn=a)(u={dn}){x})");
    }

    proptest! {
        #[test]
        fn a_filter_keeps_its_shape(name in "\\PC{0,20}|[()*\\\\{}a-z\0]{0,20}") {
            let filter = filled("(&(uid={name})(objectClass=person))", &name, "");
            let parsed = ldap3::parse_filter(&filter);
            prop_assert!(parsed.is_ok(), "{}", filter);
            let shape = |text: &str| text.matches(['(', ')', '*']).collect::<String>();
            prop_assert_eq!(shape(&filter), "(()())");
        }
    }
}
