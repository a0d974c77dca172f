//! What sites were asked for.

use paramo_model::{Bytes, Micros, StudyId, Timestamp};

use super::words::words;

words! {
    /// How an allocation is.
    AllocationState {
        /// Asked for; the site's answer has not been written down.
        Asked = "asked",
        /// It waits for its turn at the site.
        Waiting = "waiting",
        Running = "running",
        /// It has been told to end.
        Ending = "ending",
        Ended = "ended",
    }
}

/// What a site was asked for, and what has become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// No other's: of its job, of its files and of its worker.
    pub name: String,
    pub site: String,
    pub pool: String,
    /// The number of the token with which its worker comes in.
    pub token: i64,
    /// The site's number for it, once it is known.
    pub job: Option<String>,
    pub state: AllocationState,
    /// The same in the words of the site: what it waits for, where it runs, how it has ended.
    pub detail: String,
    pub asked: Timestamp,
    pub began: Option<Timestamp>,
    pub ended: Option<Timestamp>,
    /// Of the process that looks after it; see [`People::seat`](crate::People::seat).
    pub seat: u32,
    /// It is for one run of this study alone; `None`: for runs of many.
    pub study: Option<StudyId>,
    /// It is one of an array, of which so many are there at once.
    pub at_once: Option<u32>,
    /// What all its CPUs have worked, by the site's account.
    pub cpu: Option<Micros>,
    /// What its largest task had at once, by the site's account.
    pub memory: Option<Bytes>,
}
