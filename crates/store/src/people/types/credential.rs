//! What lets a caller in: sessions, tokens, device logins and shares. All are kept as hashes, so that who reads the store cannot
//! use them.

use std::fmt;
use std::time::Duration;

use paramo_model::{Name, StudyId, Timestamp};

use super::words::words;
use super::{User, UserId};

/// A SHA-256 of a secret that was drawn at random. It is not printed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hashed(pub [u8; 32]);

impl fmt::Debug for Hashed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hashed(..)")
    }
}

/// A credential to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fresh {
    pub hash: Hashed,
    /// From now on; nothing for one that does not end by itself.
    pub lasts: Option<Duration>,
}

/// A session that is good, with its user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    pub user: User,
    pub created: Timestamp,
    pub expires: Option<Timestamp>,
    /// To the minute.
    pub used: Timestamp,
}

words! {
    /// What a token may do, within what its user may do.
    Scope {
        Read = "read",
        Write = "write",
        Admin = "admin",
    }
}

/// A token of the API, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Never used again.
    pub id: i64,
    pub name: String,
    pub scopes: Vec<Scope>,
    /// The only project that it is good for, if it is not good for all of its user's.
    pub project: Option<Name>,
    pub created: Timestamp,
    pub expires: Option<Timestamp>,
    /// To the minute.
    pub used: Option<Timestamp>,
}

/// A token to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewToken {
    pub user: UserId,
    pub name: String,
    pub scopes: Vec<Scope>,
    pub project: Option<Name>,
    pub fresh: Fresh,
}

/// A token that is good, with its user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenUse {
    pub token: Token,
    pub user: User,
}

/// A device that asks to be let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDevice {
    /// Of the device code, which the device keeps.
    pub fresh: Fresh,
    /// What a person types; unique among those that wait.
    pub user_code: String,
    /// How the device calls itself.
    pub name: String,
}

words! {
    /// How far a device login is.
    DeviceState {
        Waiting = "waiting",
        Approved = "approved",
        Refused = "refused",
        Taken = "taken",
    }
}

/// A device login that has not expired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    pub name: String,
    pub user_code: String,
    pub created: Timestamp,
    pub expires: Option<Timestamp>,
    pub state: DeviceState,
}

/// What a device hears that asks for its token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceAnswer {
    /// Nobody has answered yet.
    Pending,
    /// Refused, expired, taken already, or never begun.
    Over,
    /// Approved; the token was made in this very moment and is not given a second time.
    Granted(Box<TokenUse>),
}

/// A link that shows one study to whoever has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// Never used again.
    pub id: i64,
    pub study: StudyId,
    pub created: Timestamp,
    /// The name of the user who made it.
    pub by: String,
    pub expires: Option<Timestamp>,
}
