//! Who works on a study: one process at a time, so that two never make the same runs.
//!
//! Each engine has a lock of its own that ends with the process that holds it, however it ends; so there is never a stale
//! lock to remove.

use std::fmt;

use paramo_model::StudyId;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::StoreError;
use crate::postgres::SessionLock;
use crate::sqlite::RecordLock;

/// A process that works on a study.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its number; 0 when its machine does not say.
    pub pid: u32,
    /// Its machine, when that is not this one.
    pub host: Option<String>,
}

impl Holder {
    pub fn here(pid: u32) -> Holder {
        Holder { pid, host: None }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Some(host) => write!(f, "process {} on {host}", self.pid),
            None => write!(f, "process {}", self.pid),
        }
    }
}

/// Why a lock was not given.
#[derive(Debug, thiserror::Error)]
pub enum Held {
    /// Another process, or another part of this one, works on the study.
    #[error("{0} is working on this study; wait for it, or stop it with `paramo cancel`")]
    By(Holder),
    #[error(transparent)]
    Failed(#[from] StoreError),
}

/// What happens elsewhere to a study that is held here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// Somebody changed it, or may have: it is to be read again.
    Changed,
    /// Another process has taken it; nothing more can be committed from here.
    Lost,
}

/// The number by which a seat is locked. It is beyond those of studies, and within those that the database can tell apart.
pub(crate) fn seat(number: u32) -> StudyId {
    StudyId(0xF000_0000 + i64::from(number))
}

/// The exclusive lock of a study, given up when dropped.
#[derive(Debug)]
pub struct StudyLock {
    _lock: Lock,
    news: Option<UnboundedReceiver<News>>,
}

#[derive(Debug)]
#[expect(dead_code, reason = "a lock is held for as long as it is kept, and does nothing else")]
enum Lock {
    Record(RecordLock),
    Session(SessionLock),
}

impl StudyLock {
    pub(crate) fn record(lock: RecordLock) -> StudyLock {
        StudyLock { _lock: Lock::Record(lock), news: None }
    }

    pub(crate) fn session(lock: SessionLock, news: UnboundedReceiver<News>) -> StudyLock {
        StudyLock { _lock: Lock::Session(lock), news: Some(news) }
    }

    /// What happens to the study elsewhere, once, from a store that tells. A directory does not: who changes a study there
    /// sends SIGUSR1 to its holder.
    pub fn news(&mut self) -> Option<UnboundedReceiver<News>> {
        self.news.take()
    }
}
