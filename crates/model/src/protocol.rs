//! What the engine and a worker say to each other, in one process or over a connection.
//!
//! The engine leases runs; a worker makes them and reports. A worker never decides whether a run is tried again, and the
//! engine never looks inside a run.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Attempt, Bytes, Name, Seconds, Study, StudyId, Value};

/// A lease: runs handed to a worker until it reports them or is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LeaseId(pub u64);

/// A worker, as its engine numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WorkerId(pub u32);

/// What a worker can hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Capacity {
    pub cpus: f64,
    pub memory: Bytes,
    /// The identifiers put into `CUDA_VISIBLE_DEVICES`.
    pub gpus: Vec<String>,
}

/// A study that a worker will get runs of. Sent once, before the first lease, and again when the study has grown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assignment {
    pub id: StudyId,
    pub study: Arc<Study>,
    /// Where the runs' directories are made, one subdirectory a run.
    pub runs: String,
    /// Where kept files and large outputs go, one subdirectory a run.
    pub files: String,
    /// Runs at once at the most.
    pub slots: Option<u32>,
    /// How much it gets of what its project has of a worker, relative to the project's other studies there; 1 is usual.
    pub share: f64,
    pub project: ProjectPart,
    /// Counts the assignments of a worker, from 1. Said back by [`FromWorker::Settled`].
    pub revision: u64,
}

/// What the studies of a project may have of one worker together. The last one said of a project holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProjectPart {
    pub name: Name,
    /// Relative to the other projects there; 1 is usual.
    pub share: f64,
    /// Runs at once at the most.
    pub slots: Option<u32>,
}

impl Default for ProjectPart {
    fn default() -> ProjectPart {
        ProjectPart { name: Name::default_project(), share: 1.0, slots: None }
    }
}

/// One run of a lease.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ticket {
    pub index: u64,
    /// From 1.
    pub attempt: u32,
    /// More than the application asks for, after a failure that called for it.
    pub memory: Option<Bytes>,
    pub time: Option<Seconds>,
    /// What it is placed by, where that was learned from others; what it may use stays as it was asked for.
    #[serde(default, skip_serializing_if = "Expected::is_unknown")]
    pub expected: Expected,
}

impl Ticket {
    /// As the application asks for.
    pub fn new(index: u64, attempt: u32) -> Ticket {
        Ticket { index, attempt, memory: None, time: None, expected: Expected::default() }
    }
}

/// What a run is expected to use at the most, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Expected {
    pub memory: Option<Bytes>,
    pub time: Option<Seconds>,
}

impl Expected {
    /// Whether nothing is known.
    pub fn is_unknown(&self) -> bool {
        self.memory.is_none() && self.time.is_none()
    }
}

/// The captured output of a run: its tail, and where the whole is if it was large.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputFile {
    /// The last bytes, as they came.
    pub tail: Vec<u8>,
    /// Bytes in all.
    pub length: u64,
    /// The file with all of it, when it did not fit the tail.
    pub file: Option<String>,
}

/// How one attempt went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    pub study: StudyId,
    pub lease: LeaseId,
    pub index: u64,
    pub attempt: Attempt,
    pub outputs: Vec<Value>,
}

/// A run that a worker holds: leased to it, and neither reported nor returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    pub index: u64,
    pub lease: LeaseId,
    pub attempt: u32,
    /// The slot, once it is known to run.
    pub slot: Option<u32>,
}

/// From the engine to a worker.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToWorker {
    Assign(Assignment),
    Lease {
        study: StudyId,
        lease: LeaseId,
        tickets: Vec<Ticket>,
    },
    /// Give back what has not been started of a study, and forget the study once nothing of it runs. What runs may end, or, if `now`, is
    /// ended and given back. Answered by [`FromWorker::Released`], always.
    Release {
        study: StudyId,
        now: bool,
    },
    /// Give back what has not been started of a study and let the rest end. More may come after `Resume`.
    Pause {
        study: StudyId,
    },
    /// Ask for runs of a paused study again.
    Resume {
        study: StudyId,
    },
    /// The results of these attempts, each an index and a number, are stored or of no use: a worker that keeps results until then may let
    /// go of them.
    Kept {
        study: StudyId,
        runs: Vec<(u64, u32)>,
    },
    /// Report again what has been reported of a study and is not known to be kept.
    Repeat {
        study: StudyId,
    },
    /// Give back what has not been started; let the rest end.
    Drain,
    /// End what is running, at once; give back the rest.
    Stop,
}

/// From a worker to the engine.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FromWorker {
    /// There is room for this many more runs of a study, beyond those that have reached the worker: a lease should be on its way. Each
    /// such word takes the place of the one before for the same study, and it is not repeated while it stays unanswered.
    Wants {
        study: StudyId,
        runs: u32,
    },
    /// An attempt has begun (sent for runs that are not tiny, so that people see what is going on).
    Started {
        study: StudyId,
        index: u64,
        attempt: u32,
        slot: u32,
    },
    Report(Box<Report>),
    /// Runs of a study that were leased by an engine that is no more, and that the worker still makes: they are not to be leased to others.
    Holds {
        study: StudyId,
        runs: Vec<Held>,
    },
    /// Leased, never started, and not going to be.
    Returned {
        study: StudyId,
        lease: LeaseId,
        indices: Vec<u64>,
    },
    /// Nothing of the study runs any more, and all that was leased has been reported or returned: the last word after `Release`.
    Released {
        study: StudyId,
    },
    /// No more of a study and of its project runs at once than the assignment of this revision allows. Every assignment is answered so, with
    /// fewer slots than before once enough runs have ended.
    Settled {
        study: StudyId,
        revision: u64,
    },
    /// Something people should know once: a limit that cannot be enforced, say.
    Notice(String),
    /// Nothing runs any more and nothing will: the last word after `Drain` or `Stop`.
    Gone,
}
