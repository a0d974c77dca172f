//! Batch scripts that were submitted to sites.

use paramo_model::{Name, Timestamp};

use super::allocation::AllocationState;

/// A batch script that is to be submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJob {
    pub project: Name,
    /// Who submits it.
    pub by: String,
    /// Nobody else's: of the job, and of its directory at the site.
    pub name: String,
    /// As people call it.
    pub title: String,
    pub site: String,
    /// The rest of what was asked for, as JSON.
    pub terms: String,
}

/// One that was, and what has become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Counts the jobs of a store, from 1.
    pub number: i64,
    pub project: Name,
    /// Who submitted it; nothing of one from before that was written down.
    pub by: String,
    pub name: String,
    pub title: String,
    pub site: String,
    /// The site's number for it, once that has arrived.
    pub job: Option<String>,
    pub state: AllocationState,
    /// The same in the words of the site.
    pub detail: String,
    /// How it ended, in a word that sites understand; `None` while it has not, or when nobody knows.
    pub outcome: Option<String>,
    pub terms: String,
    pub asked: Timestamp,
    pub began: Option<Timestamp>,
    pub ended: Option<Timestamp>,
}

/// A batch script that is submitted again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    pub project: Name,
    /// Its project's.
    pub name: String,
    /// In whose name it is submitted.
    pub by: String,
    /// When, as a cron expression in the time of the machine that submits.
    pub cron: String,
    pub site: String,
    /// What is submitted, as JSON.
    pub terms: String,
    pub next: Timestamp,
    /// The number of the last one.
    pub job: Option<i64>,
    /// What came of the last time, for people.
    pub told: String,
}
