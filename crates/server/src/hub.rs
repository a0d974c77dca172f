//! What has happened, for all who look on: a numbered log of the newest changes, and a bell.
//!
//! A reader says the number of the last change it has seen and gets those after it; one that was away for longer than the log
//! reaches back is told to look at everything anew. A change is made into text once, however many read it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use paramo_model::StudyId;
use tokio::sync::watch;

/// Changes that are kept for readers who come back.
const KEPT: usize = 10_000;

/// Something that has happened.
#[derive(Debug, PartialEq)]
pub struct Change {
    pub number: u64,
    /// `None` for what concerns all.
    pub study: Option<StudyId>,
    /// The word for it: `progress`, `study-stopped`, …
    pub kind: &'static str,
    /// A JSON document.
    pub json: String,
}

/// The log. Numbers begin anew with each server, so they are told together with [`Hub::epoch`].
#[derive(Debug)]
pub struct Hub {
    epoch: u64,
    log: Mutex<Log>,
    bell: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Log {
    next: u64,
    changes: VecDeque<Arc<Change>>,
}

/// What a reader gets.
#[derive(Debug, Default, PartialEq)]
pub struct News {
    /// Changes were missed: look at everything anew.
    pub missed: bool,
    pub changes: Vec<Arc<Change>>,
    /// Say this the next time.
    pub seen: u64,
}

impl Hub {
    /// A log without changes. The epoch tells this server's numbers from those of another.
    pub fn new(epoch: u64) -> Hub {
        Hub { epoch, log: Mutex::new(Log { next: 1, changes: VecDeque::new() }), bell: watch::Sender::new(0) }
    }

    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Adds a change.
    pub fn say(&self, study: Option<StudyId>, kind: &'static str, json: String) {
        let mut log = self.log();
        let number = log.next;
        log.next += 1;
        log.changes.push_back(Arc::new(Change { number, study, kind, json }));
        if log.changes.len() > KEPT {
            log.changes.pop_front();
        }
        drop(log);
        self.bell.send_replace(number);
    }

    /// The changes after a number, of one study or of all. `None`: from now on.
    pub fn after(&self, seen: Option<u64>, study: Option<StudyId>) -> News {
        let log = self.log();
        let newest = log.next - 1;
        let Some(seen) = seen.filter(|seen| *seen <= newest) else {
            // A number from the future is of another server.
            return News { missed: seen.is_some(), changes: Vec::new(), seen: newest };
        };
        let oldest = log.changes.front().map_or(log.next, |change| change.number);
        let missed = seen + 1 < oldest;
        let start = log.changes.partition_point(|change| change.number <= seen);
        let of = |change: &&Arc<Change>| study.is_none() || change.study.is_none() || change.study == study;
        News { missed, changes: log.changes.range(start..).filter(of).cloned().collect(), seen: newest }
    }

    /// Rings at each change.
    pub fn bell(&self) -> watch::Receiver<u64> {
        self.bell.subscribe()
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        // The log is whole between two statements.
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(news: &News) -> Vec<u64> {
        news.changes.iter().map(|change| change.number).collect()
    }

    #[test]
    fn a_reader_gets_what_it_has_not_seen() {
        let hub = Hub::new(1);
        assert_eq!(hub.after(None, None), News::default());
        hub.say(Some(StudyId(1)), "progress", "{}".to_owned());
        hub.say(Some(StudyId(2)), "progress", "{}".to_owned());
        hub.say(None, "workers", "{}".to_owned());
        assert_eq!(numbers(&hub.after(Some(0), None)), [1, 2, 3]);
        assert_eq!(numbers(&hub.after(Some(1), None)), [2, 3]);
        assert_eq!(numbers(&hub.after(Some(0), Some(StudyId(1)))), [1, 3], "what concerns all concerns each");
        let now = hub.after(None, None);
        assert_eq!((now.missed, now.changes.len(), now.seen), (false, 0, 3));
    }

    #[test]
    fn who_was_away_too_long_or_comes_from_another_server_looks_at_everything_anew() {
        let hub = Hub::new(1);
        for _ in 0..KEPT + 5 {
            hub.say(None, "progress", String::new());
        }
        assert!(hub.after(Some(4), None).missed);
        let rest = hub.after(Some(5), None);
        assert_eq!((rest.missed, rest.changes.len()), (false, KEPT));
        assert!(hub.after(Some(1_000_000), None).missed);
    }
}
