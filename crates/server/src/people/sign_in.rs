//! Somebody comes in: by a password kept here, or because a directory or a provider vouches for them.

use std::net::IpAddr;

use axum::http::HeaderValue;
use paramo_store::{ExternalUser, Fresh, Source, StoreError, User};

use super::{Accounts, SESSION, Service};
use crate::access::browser;
use crate::access::{Keeping, Noted};
use crate::login::{self, Identity, LoginError};
use crate::problem::{Problem, Result};

/// Names that are tried for somebody whose own is taken by another.
const TRIES: u32 = 20;

/// How long browsers keep the cookie of a session: a year, in seconds.
const COOKIE: u64 = 365 * 24 * 3600;

/// Somebody who came in, with the code of their session.
pub struct CameIn {
    pub user: User,
    pub code: String,
}

/// Why nobody came in.
pub struct NotIn {
    pub problem: Problem,
    /// The name of the account that it was tried for, if there is one.
    pub user: Option<String>,
}

impl From<Problem> for NotIn {
    fn from(problem: Problem) -> NotIn {
        NotIn { problem, user: None }
    }
}

impl From<StoreError> for NotIn {
    fn from(error: StoreError) -> NotIn {
        Problem::from(error).into()
    }
}

impl NotIn {
    /// For the audit trail.
    pub fn noted(&self) -> Noted {
        Noted { target: self.user.as_ref().map(|name| format!("user {name}")), ..Noted::default() }
    }
}

impl Service {
    /// By name and password. It is not said which of both is wrong.
    pub async fn by_password(
        &self,
        name: &str,
        password: String,
        address: Option<IpAddr>,
    ) -> std::result::Result<CameIn, NotIn> {
        let accounts = self.accounts()?;
        accounts.attempt(name, address)?;
        let stored = if accounts.local { self.store().password(name).await? } else { None };
        let user = stored.as_ref().map(|(user, _)| user.clone());
        let hash = stored.map(|(_, hash)| hash.as_str().to_owned());
        let right = accounts.passwords.verify(hash, password.clone()).await;
        let right = right.map_err(|error| Problem::unavailable(error.to_string()))?;
        let came = match (user, right) {
            (Some(user), true) => {
                let (code, fresh) = self.fresh("", Some(SESSION))?;
                CameIn { user: self.store().sign_in(user.id, &fresh).await?, code }
            }
            (Some(user), false) => return Err(NotIn { problem: wrong(), user: Some(user.name) }),
            (None, _) => self.by_directory(accounts, name, &password).await?,
        };
        accounts.succeeded(name, address);
        Ok(came)
    }

    async fn by_directory(
        &self,
        accounts: &Accounts,
        name: &str,
        password: &str,
    ) -> std::result::Result<CameIn, NotIn> {
        let Some(directory) = &accounts.ldap else { return Err(wrong().into()) };
        match directory.login(name, password).await {
            Ok(identity) => Ok(self.vouched(identity).await?),
            Err(error) => Err(refused(&error).into()),
        }
    }

    /// Somebody whom a directory or provider vouches for. They get an account when they come for the first time.
    pub async fn vouched(&self, identity: Identity) -> Result<CameIn> {
        let (code, fresh) = self.fresh("", Some(SESSION))?;
        let source = match identity.source {
            login::Source::Oidc => Source::Oidc,
            login::Source::Ldap => Source::Ldap,
        };
        let plain = user_name(&identity.name);
        let mut external = ExternalUser {
            source,
            subject: identity.subject,
            name: plain.clone(),
            display_name: identity.display_name,
            email: identity.email,
            administrator: identity.administrator,
            groups: identity.groups,
        };
        for number in 2..TRIES {
            match self.store().sign_in_external(&external, &fresh).await {
                // Another account has the name; nobody gets into it because a provider knows a namesake.
                Err(StoreError::Exists { .. }) => external.name = format!("{plain}-{number}"),
                Err(error @ StoreError::Refuses { .. }) => return Err(Problem::forbidden(error.to_string())),
                other => {
                    self.rights_changed();
                    return Ok(CameIn { user: other?, code });
                }
            }
        }
        Err(Problem::conflict(format!(
            "the names {plain} to {plain}-{TRIES} are all taken; ask an administrator"
        )))
    }

    /// The cookie of a session.
    pub fn session_cookie(&self, code: &str) -> Result<HeaderValue> {
        // The store knows when the session ends, which is later each time it is used.
        self.cookie(browser::SESSION, code, Some(COOKIE))
    }

    /// A cookie of ours, for all paths. It comes along when a link on another page leads here, and with nothing else that another page
    /// does.
    pub fn cookie(&self, name: &str, value: &str, seconds: Option<u64>) -> Result<HeaderValue> {
        let keeping = Keeping { path: self.base(), secure: self.secure(), lax: true, seconds };
        browser::set_cookie(name, value, keeping)
            .ok_or_else(|| Problem::internal("a cookie could not be made"))
    }

    /// A session for somebody who is let in by a link.
    pub fn fresh_session(&self) -> Result<(String, Fresh)> {
        self.fresh("", Some(SESSION))
    }
}

/// What is answered to a wrong password and to a wrong name alike.
pub fn wrong() -> Problem {
    Problem::unauthorized(false).with_detail(LoginError::Wrong.to_string())
}

/// What a directory or provider says, as an answer.
pub fn refused(error: &LoginError) -> Problem {
    match error {
        LoginError::Wrong => wrong(),
        LoginError::Refused(_) | LoginError::Unknown => Problem::forbidden(error.to_string()),
        LoginError::Unavailable(_) => Problem::unavailable(error.to_string()),
    }
}

/// The longest name of a user, in characters.
const LONGEST_NAME: usize = 64;

fn fits(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._@+-".contains(c)
}

/// Checks the name of a new user: it stands in paths and in the audit trail.
pub fn check_user_name(name: &str) -> Result<()> {
    let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    match begins && name.len() <= LONGEST_NAME && name.chars().all(fits) {
        true => Ok(()),
        false => Err(Problem::bad_input(format!(
            "a user's name begins with a letter or digit and has at most {LONGEST_NAME} letters, digits and `.`, `_`, `@`, `+`, `-`"
        ))),
    }
}

/// What a provider calls somebody, as a name here.
fn user_name(name: &str) -> String {
    let plain: String = name.chars().map(|c| if fits(c) { c } else { '-' }).collect();
    let plain = plain.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    // What was added to tell it from others must fit as well.
    let short = &plain[..plain.len().min(LONGEST_NAME - 4)];
    if short.is_empty() { "user".to_owned() } else { short.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_providers_become_names_here() {
        for (theirs, ours) in [
            ("ada", "ada"),
            ("Ada Lovelace", "Ada-Lovelace"),
            ("ada@example.org", "ada@example.org"),
            ("../x", "x"),
            ("żółć", "user"),
            ("DOMAIN\\ada", "DOMAIN-ada"),
        ] {
            assert_eq!(user_name(theirs), ours);
            assert!(check_user_name(&user_name(theirs)).is_ok());
        }
        assert_eq!(user_name(&"x".repeat(300)).len(), 60);
        for odd in ["", "-a", "a b", "a/b", "a\n", "ä", &"x".repeat(65)] {
            assert!(check_user_name(odd).is_err(), "{odd}");
        }
    }
}
