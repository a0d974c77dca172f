//! What a worker has: the runs that it holds, the room that it has told of, the results that are not known to be kept. Made by listening
//! to both directions, so that it is right at any moment.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use paramo_model::{FromWorker, Held, Report, StudyId, ToWorker};

/// Results that are not known to be kept, at the most, before nothing more is asked for.
const MOST_RESULTS: usize = 50_000;
const MOST_BYTES: usize = 64 << 20;

/// The account.
#[derive(Debug, Default)]
pub(super) struct Account {
    knows: BTreeSet<StudyId>,
    held: HashMap<(StudyId, u64), Held>,
    wants: BTreeMap<StudyId, u32>,
    /// By study, index and number of the attempt, in the order in which they would be told again.
    unkept: BTreeMap<(StudyId, u64, u32), Report>,
    bytes: usize,
}

impl Account {
    /// An order on its way to the worker.
    pub fn order(&mut self, order: &ToWorker) {
        match order {
            ToWorker::Assign(assignment) => drop(self.knows.insert(assignment.id)),
            ToWorker::Lease { study, lease, tickets } => {
                for ticket in tickets {
                    let held =
                        Held { index: ticket.index, lease: *lease, attempt: ticket.attempt, slot: None };
                    self.held.insert((*study, ticket.index), held);
                }
                if let Some(wants) = self.wants.get_mut(study) {
                    *wants = wants.saturating_sub(u32::try_from(tickets.len()).unwrap_or(u32::MAX));
                }
            }
            ToWorker::Pause { study } | ToWorker::Release { study, .. } => drop(self.wants.remove(study)),
            ToWorker::Kept { study, runs } => {
                for (index, attempt) in runs {
                    if let Some(report) = self.unkept.remove(&(*study, *index, *attempt)) {
                        self.bytes -= weight(&report);
                    }
                }
            }
            ToWorker::Resume { .. } | ToWorker::Repeat { .. } | ToWorker::Drain | ToWorker::Stop => {}
        }
    }

    /// What the worker says, but for its reports: those are [kept](Account::keep) when they are complete.
    pub fn news(&mut self, message: &FromWorker) {
        match message {
            FromWorker::Wants { study, runs: 0 } => drop(self.wants.remove(study)),
            FromWorker::Wants { study, runs } => drop(self.wants.insert(*study, *runs)),
            FromWorker::Started { study, index, slot, .. } => {
                if let Some(held) = self.held.get_mut(&(*study, *index)) {
                    held.slot = Some(*slot);
                }
            }
            FromWorker::Returned { study, indices, .. } => {
                for index in indices {
                    self.held.remove(&(*study, *index));
                }
            }
            FromWorker::Released { study } => {
                self.wants.remove(study);
                self.knows.remove(study);
            }
            FromWorker::Report(_)
            | FromWorker::Holds { .. }
            | FromWorker::Settled { .. }
            | FromWorker::Notice(_)
            | FromWorker::Gone => {}
        }
    }

    /// The worker has said its last word.
    pub fn holds_nothing(&mut self) {
        self.held.clear();
        self.wants.clear();
    }

    /// A result that is not known to be kept.
    pub fn keep(&mut self, report: Report) {
        self.held.remove(&(report.study, report.index));
        self.bytes += weight(&report);
        let key = (report.study, report.index, report.attempt.number);
        if let Some(before) = self.unkept.insert(key, report) {
            self.bytes -= weight(&before);
        }
    }

    pub fn unkept(&self) -> impl Iterator<Item = &Report> {
        self.unkept.values()
    }

    pub fn unkept_of(&self, study: StudyId) -> impl Iterator<Item = &Report> {
        self.unkept.range((study, 0, 0)..=(study, u64::MAX, u32::MAX)).map(|(_, report)| report)
    }

    pub fn has(&self, study: StudyId, index: u64, attempt: u32) -> bool {
        self.unkept.contains_key(&(study, index, attempt))
    }

    /// Whether nothing is held and all results are kept.
    pub fn is_settled(&self) -> bool {
        self.held.is_empty() && self.unkept.is_empty()
    }

    /// So many results wait that nothing more should be made.
    pub fn is_full(&self) -> bool {
        self.unkept.len() >= MOST_RESULTS || self.bytes >= MOST_BYTES
    }

    pub fn results(&self) -> usize {
        self.unkept.len()
    }

    pub fn knows(&self) -> Vec<StudyId> {
        self.knows.iter().copied().collect()
    }

    pub fn held(&self) -> Vec<(StudyId, Held)> {
        let mut held: Vec<(StudyId, Held)> =
            self.held.iter().map(|((study, _), held)| (*study, *held)).collect();
        held.sort_unstable_by_key(|(study, held)| (*study, held.index));
        held
    }

    pub fn wants(&self) -> Vec<(StudyId, u32)> {
        self.wants.iter().map(|(study, runs)| (*study, *runs)).collect()
    }
}

/// What a report takes in memory, about.
pub(super) fn weight(report: &Report) -> usize {
    let attempt = &report.attempt;
    400 + attempt.stdout.tail.len() + attempt.stderr.tail.len() + 32 * report.outputs.len()
}
