//! The store as the floors above see it: what can be asked of it, and what it answers with.
//!
//! Nothing is ordered by time: batches of a study are numbered without gaps, so a clock that is set back changes nothing.

use std::collections::BTreeMap;

use async_trait::async_trait;
use paramo_model::{CauseKind, Ended as How, Micros, Name, RunRecord, Study, StudyId, StudyState, Timestamp};
use roaring::RoaringTreemap;
use serde::{Deserialize, Serialize};

use crate::{Batch, Finding, Held, Holder, Result, StoreError, StudyLock, title};

/// The number of a batch in its study, from 1, without gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(pub u64);

/// A batch of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BatchId {
    pub study: StudyId,
    pub seq: Seq,
}

/// A study as the store remembers it, with its definition.
#[derive(Clone, Debug, PartialEq)]
pub struct StudyRow {
    pub id: StudyId,
    /// Names and versions are of a project.
    pub project: Name,
    pub name: Name,
    /// From 1; a study of the same name that is not a continuation gets the next one.
    pub version: u32,
    pub state: StudyState,
    pub created: Timestamp,
    /// When anything of it changed last.
    pub changed: Timestamp,
    pub study: Study,
    pub counts: Counts,
}

/// A study without its definition, which may be large.
#[derive(Clone, Debug, PartialEq)]
pub struct StudySummary {
    pub id: StudyId,
    pub project: Name,
    pub name: Name,
    pub version: u32,
    pub state: StudyState,
    pub created: Timestamp,
    pub changed: Timestamp,
    pub counts: Counts,
}

impl StudyRow {
    pub fn summary(&self) -> StudySummary {
        StudySummary {
            id: self.id,
            project: self.project.clone(),
            name: self.name.clone(),
            version: self.version,
            state: self.state,
            created: self.created,
            changed: self.changed,
            counts: self.counts.clone(),
        }
    }

    /// How it is called: `name`, `name@2`, `project:name`.
    pub fn title(&self) -> String {
        title(self.project.as_str(), self.name.as_str(), self.version)
    }
}

impl StudySummary {
    /// How it is called: `name`, `name@2`, `project:name`.
    pub fn title(&self) -> String {
        title(self.project.as_str(), self.name.as_str(), self.version)
    }
}

/// What the committed runs of a study add up to. Changed in the transaction that commits them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub succeeded: u64,
    /// Failed for good, and not opened again.
    pub failed: u64,
    /// Failed attempts before the one that decided.
    pub retried: u64,
    /// Time used by all attempts, those of runs that were opened again included.
    pub cpu: Micros,
    pub wall: Micros,
    /// How long the study has been worked on, all sessions together. See [`Store::worked`].
    #[serde(default)]
    pub worked: Micros,
    /// The failed runs by cause.
    pub by_cause: BTreeMap<CauseKind, u64>,
}

impl Counts {
    /// Runs that have ended.
    pub fn done(&self) -> u64 {
        self.succeeded + self.failed
    }

    /// Adds a run that has just ended.
    pub(crate) fn add(&mut self, run: &RunRecord) {
        match &run.last.ended {
            How::Succeeded => self.succeeded += 1,
            How::Failed(cause) => {
                self.failed += 1;
                *self.by_cause.entry(cause.kind()).or_default() += 1;
            }
        }
        self.retried += run.earlier.len() as u64;
        for attempt in run.earlier.iter().chain([&run.last]) {
            self.cpu = Micros(self.cpu.0.saturating_add(attempt.cpu.0));
            self.wall = Micros(self.wall.0.saturating_add(attempt.wall.0));
        }
    }

    /// Takes back failed runs that are opened again; their time was used all the same.
    pub(crate) fn reopen(&mut self, cause: CauseKind, runs: u64) {
        self.failed = self.failed.saturating_sub(runs);
        let left = self.by_cause.get(&cause).map_or(0, |count| count.saturating_sub(runs));
        if left == 0 {
            self.by_cause.remove(&cause);
        } else {
            self.by_cause.insert(cause, left);
        }
    }
}

/// Which runs of a study have ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ended {
    pub succeeded: RoaringTreemap,
    /// Failed for good, and not opened again.
    pub failed: RoaringTreemap,
}

/// What remembers studies and their results. Every method that changes something returns once the change is durable.
#[async_trait]
pub trait Store: Send + Sync {
    /// Adds a study to a project, as the next version of its name there. [`StoreError::Missing`] when there is no such project;
    /// [`DEFAULT_PROJECT`](crate::DEFAULT_PROJECT) is always there.
    async fn create(&self, project: &str, study: &Study) -> Result<StudyRow>;

    /// Every study with its definition, by identity: in the order of creation.
    async fn studies(&self) -> Result<Vec<StudyRow>>;

    /// Every study without its definition, in the order of creation.
    async fn summaries(&self) -> Result<Vec<StudySummary>>;

    /// One study. [`StoreError::NoSuchStudy`] when it is not there (any more).
    async fn study(&self, id: StudyId) -> Result<StudyRow>;

    /// The study of a name in a project: the version asked for, or the newest.
    async fn find(&self, project: &str, name: &str, version: Option<u32>) -> Result<Option<StudyRow>>;

    /// As [`Store::find`], but [`StoreError::NoSuchStudy`] with the nearest name of the project when there is none.
    async fn require(&self, project: &str, name: &str, version: Option<u32>) -> Result<StudyRow> {
        if let Some(row) = self.find(project, name, version).await? {
            return Ok(row);
        }
        let summaries = self.summaries().await?;
        Err(StoreError::no_such_study(project, name, version, &summaries))
    }

    async fn set_state(&self, id: StudyId, state: StudyState) -> Result<()>;

    /// Puts a changed definition in the place of a study's: one that continues it, with a block appended or other policies.
    /// The name stays what it was.
    async fn replace(&self, id: StudyId, study: &Study) -> Result<()>;

    /// Commits runs that have ended, all or none, in one transaction. An index that occurs twice is [`StoreError::Duplicate`];
    /// an index of an earlier batch supersedes it for readers, so a caller that keeps first results drops the second itself.
    /// Returns the last batch made; several are made when the runs are many or large. Without runs nothing is written, and
    /// the batch returned is the newest there is (number 0 when there is none).
    async fn commit(&self, id: StudyId, runs: &[RunRecord]) -> Result<BatchId>;

    /// Opens failed runs again and sets the study's state to open, in one transaction. Indices that have not failed are
    /// left out. Returns how many were opened.
    async fn reopen(&self, id: StudyId, indices: &RoaringTreemap) -> Result<u64>;

    /// Notes how long a study has been worked on in all. Less than what is known already changes nothing, so it may be said twice.
    async fn worked(&self, id: StudyId, in_all: Micros) -> Result<()>;

    /// Which runs have ended. Reads the heads of the batches only.
    async fn ended(&self, id: StudyId) -> Result<Ended>;

    /// Up to `limit` batches after `after` (from the first when `None`), in order. Fewer than `limit` means that there are
    /// no more for now.
    async fn batches(&self, id: StudyId, after: Option<Seq>, limit: usize) -> Result<Vec<Batch>>;

    /// The tails of the output of a batch's runs, sealed as they are kept: [`Batch::records`] opens them. `None` where nothing was written.
    async fn output(&self, id: BatchId) -> Result<Option<Vec<u8>>>;

    /// One run that has ended, with the tails of its output. A run that was opened again is `None` until it ends anew.
    async fn run(&self, id: StudyId, index: u64) -> Result<Option<RunRecord>>;

    /// Removes a study and its results.
    async fn delete(&self, id: StudyId) -> Result<()>;

    /// Looks for damage: counts against batches; with `deep` also every page and every batch. Empty when all is well.
    async fn check(&self, deep: bool) -> Result<Vec<Finding>>;

    /// Takes a study for this process, or says who has it. Does not wait, but for a process that has just died.
    async fn lock(&self, id: StudyId) -> std::result::Result<StudyLock, Held>;

    /// The process that holds the lock of a study, if any does.
    async fn holder(&self, id: StudyId) -> Result<Option<Holder>>;
}
