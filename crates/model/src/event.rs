//! What happens while a study runs: one enum that every view renders.

use serde::{Deserialize, Serialize};

use crate::{Attempt, Expected, Name, Seconds, StudyId, Timestamp};

/// Where a study stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Points of the space, those that a condition excludes included.
    pub total: u64,
    /// Points known to be excluded so far.
    pub skipped: u64,
    pub succeeded: u64,
    pub failed: u64,
    pub running: u64,
    /// Failed attempts that were or will be tried again.
    pub retried: u64,
    /// Runs that ended per second, over the last half minute or so.
    pub rate: f64,
    /// Seconds until the end at this rate; `None` while that cannot be said.
    pub remaining: Option<f64>,
    /// Since this process began to work on it.
    pub elapsed: f64,
    /// Nothing new is started until somebody says so.
    pub paused: bool,
}

impl Progress {
    /// Runs that have ended.
    pub fn done(&self) -> u64 {
        self.succeeded + self.failed
    }
}

/// Why a process stopped working on a study.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StopReason {
    Finished,
    /// Ctrl-C or SIGTERM.
    Interrupted,
    /// `paramo cancel`.
    Cancelled,
    /// The limit of failed runs was reached.
    TooManyFailures,
    /// The limit of CPU time was reached.
    CpuLimit,
    /// The limit of wall time was reached.
    TimeLimit,
}

/// An attempt that is being made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    pub index: u64,
    pub attempt: u32,
    pub slot: u32,
    /// When the engine heard of it.
    pub since: Timestamp,
}

/// What goes on at one moment: all that somebody who looks on needs beside the store, so that a moment missed is no loss.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Moment {
    pub at: Timestamp,
    pub progress: Progress,
    /// Runs at once at the most, where somebody has said so.
    pub slots: Option<u32>,
    /// Why nothing more is started, once the work is being stopped.
    pub stopping: Option<StopReason>,
    /// The last notice, if there was one.
    pub notice: Option<String>,
    /// When the first run is tried again, where nothing else is left to start.
    #[serde(default)]
    pub next_retry: Option<Seconds>,
    /// How long an attempt takes, on the average of those that have ended since the work began.
    #[serde(default)]
    pub typical: Option<Seconds>,
    /// What the next runs are expected to use, where that is learned.
    #[serde(default)]
    pub expected: Expected,
    /// The runs that have run longest; `progress.running` counts all of them.
    pub running: Vec<Running>,
}

impl Moment {
    /// Running runs that a moment names at the most.
    pub const RUNNING: usize = 200;
}

/// Something that happened. Runs are reported in the order in which they were committed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    StudyStarted {
        study: StudyId,
        name: Name,
        version: u32,
        at: Timestamp,
        progress: Progress,
    },
    RunStarted {
        index: u64,
        attempt: u32,
        slot: u32,
        at: Timestamp,
    },
    /// An attempt failed and the run will be tried again after a wait.
    RunRetried {
        index: u64,
        attempt: Box<Attempt>,
        wait: Seconds,
    },
    /// A run ended and its result is committed.
    RunEnded {
        index: u64,
        succeeded: bool,
        attempt: Box<Attempt>,
    },
    Progress(Progress),
    Notice {
        message: String,
    },
    StudyStopped {
        reason: StopReason,
        progress: Progress,
        at: Timestamp,
    },
}
