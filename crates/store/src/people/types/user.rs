//! Users, and the one-time links by which they come in without a password.

use std::fmt;

use paramo_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::words::words;

/// The number of a user; never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(pub i64);

words! {
    /// Who says that a user is who they say they are.
    Source {
        Local = "local",
        Oidc = "oidc",
        Ldap = "ldap",
    }
}

words! {
    /// What a one-time link is for.
    Purpose {
        /// Makes the first user, an administrator; good only while there is no user.
        FirstAdministrator = "first-administrator",
        /// Lets a user who was made by an administrator choose a password.
        Invitation = "invitation",
        /// The same for a user who has lost theirs.
        Reset = "reset",
    }
}

/// A password as it was hashed, in the PHC format. It is not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Takes a text in the PHC format, such as `$argon2id$v=19$…`.
    pub fn new(phc: impl Into<String>) -> PasswordHash {
        PasswordHash(phc.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

/// Somebody who may sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    /// Unique; as it was given, so upper and lower case differ.
    pub name: String,
    pub display_name: String,
    pub email: Option<String>,
    pub source: Source,
    /// What the source calls them; unique with it. Nothing for a local user.
    pub subject: Option<String>,
    pub has_password: bool,
    /// Administrator of the server, and so of every project.
    pub administrator: bool,
    /// May not come in; their sessions and tokens are not found.
    pub disabled: bool,
    pub created: Timestamp,
    /// When they signed in last.
    pub seen: Option<Timestamp>,
}

/// A user to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUser {
    pub name: String,
    pub display_name: String,
    pub email: Option<String>,
    pub administrator: bool,
    /// Nothing for somebody who will choose one through a link.
    pub password: Option<PasswordHash>,
}

/// What is to be different of a user; nothing is left as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserChange {
    pub display_name: Option<String>,
    /// `Some(None)` takes the address away.
    pub email: Option<Option<String>>,
    pub administrator: Option<bool>,
    /// Disabling ends all sessions of the user.
    pub disabled: Option<bool>,
}

/// Somebody for whom an identity provider or a directory answers, as they signed in just now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalUser {
    /// Not [`Source::Local`].
    pub source: Source,
    /// What the source calls them, for good.
    pub subject: String,
    /// The name that they get when they come for the first time; kept afterwards.
    pub name: String,
    pub display_name: String,
    pub email: Option<String>,
    /// Nothing when the source does not decide it: then it stays, and is false at first.
    pub administrator: Option<bool>,
    /// In the place of those of the last time.
    pub groups: Vec<String>,
}

/// A one-time link that can still be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub purpose: Purpose,
    /// Nothing for [`Purpose::FirstAdministrator`].
    pub user: Option<User>,
    pub created: Timestamp,
    pub expires: Option<Timestamp>,
}

/// What somebody gives who follows a one-time link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// Needed for [`Purpose::FirstAdministrator`], and not looked at otherwise.
    pub name: Option<String>,
    /// Left as it is when nothing is given; the name, for a new user.
    pub display_name: Option<String>,
    pub password: PasswordHash,
}
