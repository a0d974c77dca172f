//! What is kept beside people and projects: what was done, secrets, applications and answers that may be asked for again.

use std::fmt;

use paramo_model::{Name, Timestamp};

use super::words::words;

words! {
    /// How a caller came in.
    Via {
        Session = "session",
        Token = "token",
        Owner = "owner",
        Share = "share",
    }
}

words! {
    /// What became of what was asked for.
    Outcome {
        Done = "done",
        /// The caller may not.
        Refused = "refused",
        Failed = "failed",
    }
}

/// Something that somebody did or tried. Must not hold a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// The name; nothing for who has none, such as the holder of a share.
    pub user: Option<String>,
    pub via: Via,
    pub action: String,
    pub project: Option<String>,
    /// What it was done to.
    pub target: String,
    pub outcome: Outcome,
    pub detail: String,
}

/// An entry of the audit trail, which is never changed nor removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Rises with every entry; may have gaps.
    pub id: i64,
    pub at: Timestamp,
    pub entry: AuditEntry,
}

/// Which entries of the audit trail are asked for; nothing means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditQuery {
    pub project: Option<String>,
    pub user: Option<String>,
    pub action: Option<String>,
    /// Those with smaller numbers only.
    pub before: Option<i64>,
    /// Those of these projects only, and none that are of no project.
    pub within: Option<Vec<String>>,
    /// At most so many, the newest.
    pub limit: usize,
}

/// A secret that was sealed with the key of the server. It is not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(pub Vec<u8>);

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

/// That there is a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretRow {
    pub name: String,
    /// When it was set last, and the name of the user who did.
    pub created: Timestamp,
    pub by: String,
}

/// An application to be published as the next version of its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewApplication {
    pub project: Name,
    pub name: Name,
    /// As JSON.
    pub definition: String,
    /// The file that it was read from, as it was written.
    pub file: String,
    pub description: Option<String>,
    /// The name of the user.
    pub by: String,
}

/// A version of a published application. Only `deprecated` ever changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    pub project: Name,
    pub name: Name,
    /// From 1.
    pub version: u32,
    /// How many versions there are.
    pub versions: u32,
    pub definition: String,
    pub file: String,
    pub description: Option<String>,
    /// Why it should not be used any more.
    pub deprecated: Option<String>,
    pub created: Timestamp,
    pub by: String,
}

/// What is known of a request that came with a key of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It is to be carried out, by this caller alone, and then ended with `finish_request` or `forget_request`.
    New,
    /// The same request is being carried out.
    Running,
    /// It was carried out within a day; the answer is to be given again.
    Answered { status: u16, body: Vec<u8> },
    /// The key was used within a day with another request.
    Different,
}
