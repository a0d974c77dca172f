//! A study: an application over a space, and how it is run.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Application, Cause, FailureLimit, Limits, Name, Seconds, SiteList, SpaceSpec};

/// An application over a space: many runs, one result table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Study {
    pub name: Name,
    pub description: Option<String>,
    pub application: Application,
    pub space: SpaceSpec,
    pub run: RunPolicy,
    /// The directory of the study file: where relative paths start and commands run.
    pub source: String,
}

/// How the runs of a study are made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunPolicy {
    pub site: SiteList,
    pub order: Order,
    pub retry: Retry,
    /// Runs at once at the most; `None`: as many as the site's resources hold.
    pub slots: Option<u32>,
    /// The same, as it was asked for after the study had begun (`paramo slots`). It holds instead of `slots`, and no file says it.
    #[serde(default)]
    pub wished_slots: Option<u32>,
    /// Start nothing more once so many runs have failed.
    pub max_failures: Option<FailureLimit>,
    /// Start nothing more once all attempts together have used so much CPU time.
    #[serde(default)]
    pub cpu_limit: Option<Seconds>,
    /// Start nothing more once the study has been worked on for so long.
    #[serde(default)]
    pub time_limit: Option<Seconds>,
    /// The limits as they were asked for after the study had begun (`paramo limits`). They hold instead of the three above.
    #[serde(default)]
    pub wished_limits: Option<Limits>,
}

/// The order in which indices are leased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    #[default]
    Sequential,
    Reverse,
    /// A pseudo-random permutation, a function of the seed.
    Random(u64),
    /// Every axis from a coarse grid to a fine one, so that a first picture appears early.
    Coarse,
}

/// When a failed attempt is followed by another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Retry {
    /// Further attempts after the first. Attempts lost with their worker do not count.
    pub count: u32,
    /// The causes that are tried again.
    pub on: Vec<CauseKind>,
    /// The wait before the first retry, and its growth from one to the next.
    pub delay: Seconds,
    pub factor: f64,
    pub max_delay: Seconds,
    /// The next attempt after out-of-memory gets this many times the memory, after a time-out this many times the time.
    pub more_memory: f64,
    pub more_time: f64,
}

impl Default for Retry {
    fn default() -> Retry {
        Retry {
            count: 0,
            on: CauseKind::ALL
                .into_iter()
                .filter(|kind| !matches!(kind, CauseKind::BadOutput | CauseKind::NotStarted))
                .collect(),
            delay: Seconds(1.0),
            factor: 2.0,
            max_delay: Seconds(60.0),
            more_memory: 1.0,
            more_time: 1.0,
        }
    }
}

impl RunPolicy {
    /// Runs at once at the most, as it was said last.
    pub fn slots_now(&self) -> Option<u32> {
        self.wished_slots.or(self.slots)
    }

    /// What the study says that it may use.
    pub fn limits(&self) -> Limits {
        Limits { cpu: self.cpu_limit, time: self.time_limit, failures: self.max_failures }
    }

    /// What it may use, as it was said last.
    pub fn limits_now(&self) -> Limits {
        self.wished_limits.unwrap_or(self.limits())
    }
}

/// A cause without its particulars, as retry policies and counts name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CauseKind {
    Exit,
    Signal,
    OutOfMemory,
    TimeOut,
    LostWorker,
    BadOutput,
    NotStarted,
    Exception,
    Cancelled,
}

impl CauseKind {
    pub const ALL: [CauseKind; 9] = [
        CauseKind::Exit,
        CauseKind::Signal,
        CauseKind::OutOfMemory,
        CauseKind::TimeOut,
        CauseKind::LostWorker,
        CauseKind::BadOutput,
        CauseKind::NotStarted,
        CauseKind::Exception,
        CauseKind::Cancelled,
    ];

    /// The word used in files and tables.
    pub fn word(self) -> &'static str {
        match self {
            CauseKind::Exit => "exit",
            CauseKind::Signal => "signal",
            CauseKind::OutOfMemory => "out-of-memory",
            CauseKind::TimeOut => "time-out",
            CauseKind::LostWorker => "lost-worker",
            CauseKind::BadOutput => "bad-output",
            CauseKind::NotStarted => "not-started",
            CauseKind::Exception => "exception",
            CauseKind::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for CauseKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Retry {
    /// Whether an attempt that failed for this cause is followed by another, after so many that counted.
    pub fn allows(&self, cause: &Cause, counted: u32) -> bool {
        // A worker that was lost says nothing about the run.
        matches!(cause, Cause::LostWorker) || (counted <= self.count && self.on.contains(&cause.kind()))
    }

    /// The wait before attempt number `attempt` (2 for the first retry).
    pub fn wait(&self, attempt: u32) -> Seconds {
        let growth = self.factor.powi(attempt.saturating_sub(2).min(1000) as i32);
        Seconds((self.delay.0 * growth).min(self.max_delay.0))
    }
}

/// The identity of a study in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StudyId(pub i64);

/// What a study is doing, as the store remembers it. Whether a process works on it now is not stored: it is seen by its lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StudyState {
    /// Runs are left to be made.
    Open,
    /// As open, but no run is to be started for now; `resume` or `run` opens it again.
    Paused,
    /// Somebody stopped it; `run` or `retry` opens it again.
    Cancelled,
    /// Every run has ended.
    Finished,
}

impl StudyState {
    pub const ALL: [StudyState; 4] =
        [StudyState::Open, StudyState::Paused, StudyState::Cancelled, StudyState::Finished];

    pub fn word(self) -> &'static str {
        match self {
            StudyState::Open => "open",
            StudyState::Paused => "paused",
            StudyState::Cancelled => "cancelled",
            StudyState::Finished => "finished",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_wait_longer_up_to_a_limit() {
        let retry = Retry { count: 9, ..Retry::default() };
        let waits: Vec<f64> = (2..10).map(|n| retry.wait(n).0).collect();
        assert_eq!(waits, [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]);
    }

    #[test]
    fn a_lost_worker_does_not_use_up_the_retries() {
        let retry = Retry::default();
        assert!(retry.allows(&Cause::LostWorker, 5));
        assert!(!retry.allows(&Cause::Exit { code: 1 }, 1));
        assert!(Retry { count: 1, ..retry }.allows(&Cause::Exit { code: 1 }, 1));
    }
}
