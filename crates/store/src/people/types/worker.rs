//! Workers elsewhere, as far as they are remembered.

use paramo_model::{Name, StudyId, Timestamp};

use super::Fresh;

/// A token with which a worker comes in, and which is good for nothing else, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerToken {
    /// Never used again.
    pub id: i64,
    /// For people, and for the site that made it for an allocation.
    pub name: String,
    /// The only project whose studies the worker may have.
    pub project: Option<Name>,
    /// The name of whoever made it.
    pub by: String,
    pub created: Timestamp,
    pub expires: Option<Timestamp>,
    /// To the minute.
    pub used: Option<Timestamp>,
}

/// A worker's token to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewWorkerToken {
    pub name: String,
    pub project: Option<Name>,
    pub by: String,
    pub fresh: Fresh,
}

/// A worker that had runs when it was heard of last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownWorker {
    /// As it calls itself to the server.
    pub key: String,
    pub studies: Vec<StudyId>,
    pub seen: Timestamp,
}
