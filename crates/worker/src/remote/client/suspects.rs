//! Runs that failed when their allocation may just have been ended: a site that ends one sends its signal to the worker and to what it
//! runs at once, and who hears it first is chance. A failure is held back for a moment; when the worker is told to stop within it, the run
//! is lost with the allocation instead, which does not use up its attempts.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use paramo_model::{Cause, Ended, FromWorker, Report};

/// The site's signals arrive within this time of each other.
const TOGETHER: Duration = Duration::from_millis(700);

/// Failures that are held back, the oldest first.
#[derive(Default)]
pub(super) struct Suspects(VecDeque<(Instant, FromWorker)>);

impl Suspects {
    /// Holds a message back if it is a failure that a signal may have made.
    pub fn hold(&mut self, message: FromWorker, now: Instant) -> Option<FromWorker> {
        if !may_be_of_the_site(&message) {
            return Some(message);
        }
        self.0.push_back((now, message));
        None
    }

    /// Those that were held back for long enough: the failures are their own.
    pub fn ripe(&mut self, now: Instant) -> Vec<FromWorker> {
        let ripe = self.0.iter().take_while(|(at, _)| now.duration_since(*at) >= TOGETHER).count();
        self.0.drain(..ripe).map(|(_, message)| message).collect()
    }

    /// All of them: the allocation was ended.
    pub fn lost(&mut self) -> Vec<FromWorker> {
        self.0.drain(..).map(|(_, message)| lost(message)).collect()
    }
}

/// Whether it is a failure that a signal to the process may have made.
fn may_be_of_the_site(message: &FromWorker) -> bool {
    let FromWorker::Report(report) = message else { return false };
    matches!(report.attempt.ended, Ended::Failed(Cause::Signal { signal: 2 | 9 | 15 } | Cause::Exit { .. }))
}

/// The same, as lost with the allocation.
pub(super) fn lost(message: FromWorker) -> FromWorker {
    match message {
        FromWorker::Report(report) if may_be_of_the_site(&FromWorker::Report(report.clone())) => {
            let mut report: Report = *report;
            report.attempt.ended = Ended::Failed(Cause::LostWorker);
            FromWorker::Report(Box::new(report))
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use paramo_model::{Attempt, Bytes, LeaseId, Micros, OutputFile, StudyId, Timestamp};

    use super::*;

    fn report(ended: Ended) -> FromWorker {
        let attempt = Attempt {
            number: 1,
            ended,
            started: Timestamp(0),
            wall: Micros(0),
            cpu: Micros(0),
            peak_memory: Bytes(0),
            exit_code: None,
            worker: 0,
            slot: 0,
            stdout: OutputFile::default(),
            stderr: OutputFile::default(),
        };
        FromWorker::Report(Box::new(Report {
            study: StudyId(1),
            lease: LeaseId(1),
            index: 1,
            attempt,
            outputs: Vec::new(),
        }))
    }

    #[test]
    fn a_failure_is_the_sites_when_the_worker_is_told_to_stop_at_once() {
        let now = Instant::now();
        let mut suspects = Suspects::default();
        assert!(suspects.hold(report(Ended::Succeeded), now).is_some());
        let memory = Ended::Failed(Cause::OutOfMemory { limit: None });
        assert!(suspects.hold(report(memory), now).is_some(), "that is its own");
        let signal = report(Ended::Failed(Cause::Signal { signal: 15 }));
        assert!(suspects.hold(signal.clone(), now).is_none());
        assert!(suspects.ripe(now).is_empty());
        let FromWorker::Report(lost) = suspects.lost().remove(0) else { panic!() };
        assert_eq!(lost.attempt.ended, Ended::Failed(Cause::LostWorker));
        assert!(suspects.hold(signal, now).is_none());
        let FromWorker::Report(own) = suspects.ripe(now + TOGETHER).remove(0) else { panic!() };
        assert_eq!(own.attempt.ended, Ended::Failed(Cause::Signal { signal: 15 }));
        assert!(suspects.lost().is_empty());
    }
}
