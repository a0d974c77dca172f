//! The decisions of a study: what is leased next, what a report means, whether anything is left.
//!
//! There is no clock, store or worker in here: times come in as arguments, decisions go out as values. The invariants, held
//! against random histories by the tests: an index is never in two leases at once; an index that has ended is never leased
//! again; every index of the space that the condition includes ends exactly once.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Instant;

use paramo_design::{Sequence, Space};
use paramo_model::{
    Attempt, Bytes, Cause, Ended, Expected, Held, LeaseId, Order, Report, Resources, Retry, RunRecord,
    Seconds, Ticket,
};
use roaring::RoaringTreemap;

use crate::suggest::Lessons;

/// The state of one study's runs.
pub struct Conductor {
    space: Space,
    order: Order,
    retry: Retry,
    resources: Resources,
    sequence: Sequence,
    /// The sequence has given its last index.
    exhausted: bool,
    ended: RoaringTreemap,
    open: HashMap<u64, Open>,
    /// Failed runs by when they may be tried again.
    waiting: BTreeSet<(Instant, u64)>,
    /// Runs that came back unstarted, or that were opened again.
    returned: VecDeque<u64>,
    skipped: u64,
    next_lease: u64,
    duplicates: u64,
    /// What runs have used, where the next are placed by it.
    lessons: Option<Lessons>,
}

/// A run that has been leased and has not ended.
#[derive(Default)]
struct Open {
    lease: Option<LeaseId>,
    /// Attempts that have failed.
    earlier: Vec<Attempt>,
    /// Those of them that count against the retries.
    counted: u32,
    /// It was given back after it had begun.
    cut: bool,
    memory: Option<Bytes>,
    time: Option<Seconds>,
}

/// What a report means.
#[derive(Debug)]
pub enum Verdict {
    /// The run has ended: commit this.
    Ended(Box<RunRecord>),
    /// It will be tried again after this wait.
    Retry { attempt: Box<Attempt>, wait: Seconds },
    /// The run had ended before: the first result stands.
    Duplicate,
}

/// Runs handed out together.
pub struct Lease {
    pub id: LeaseId,
    pub tickets: Vec<Ticket>,
    /// The scan was cut off to let other things happen: call again.
    pub more: bool,
}

/// How many excluded points a lease passes over before it lets others speak: some tens of milliseconds of evaluation.
const SCAN: u64 = 200_000;

impl Conductor {
    /// `ended` are the indices that the store has results of.
    pub fn new(
        space: Space,
        order: Order,
        retry: Retry,
        resources: Resources,
        ended: RoaringTreemap,
    ) -> Conductor {
        let sequence = Sequence::new(&space, order, 0, space.len());
        let lessons = resources.learn.then(Lessons::default);
        Conductor {
            lessons,
            space,
            order,
            retry,
            resources,
            sequence,
            exhausted: false,
            ended,
            open: HashMap::new(),
            waiting: BTreeSet::new(),
            returned: VecDeque::new(),
            skipped: 0,
            next_lease: 1,
            duplicates: 0,
        }
    }

    /// Numbers leases from here on, so that none has the number of one of an earlier conductor of the study.
    pub fn leases_from(&mut self, first: u64) {
        self.next_lease = first;
    }

    /// Takes up a run that a worker still makes under a lease of before. False when it has ended, or is leased to somebody by now.
    pub fn adopt(&mut self, held: &Held) -> bool {
        let Held { index, lease, .. } = *held;
        if index >= self.space.len() || self.ended.contains(index) {
            return false;
        }
        let open = self.open.entry(index).or_default();
        // One of which this attempt is known waits for the next.
        if open.lease.is_some() || open.earlier.iter().any(|attempt| attempt.number == held.attempt) {
            return false;
        }
        open.lease = Some(lease);
        self.waiting.retain(|(_, waiting)| *waiting != index);
        self.returned.retain(|returned| *returned != index);
        true
    }

    /// Takes up to `limit` runs: retries that are due, then returned ones, then new ones in the study's order.
    ///
    /// The error is a condition that cannot be decided: the index, and why.
    pub fn lease(&mut self, limit: usize, now: Instant) -> Result<Lease, (u64, String)> {
        let id = LeaseId(self.next_lease);
        self.next_lease += 1;
        let mut tickets = Vec::new();
        while tickets.len() < limit {
            let Some(&(due, index)) = self.waiting.first().filter(|(due, _)| *due <= now) else { break };
            self.waiting.remove(&(due, index));
            tickets.push(self.ticket(index, id));
        }
        while tickets.len() < limit {
            let Some(index) = self.returned.pop_front() else { break };
            tickets.push(self.ticket(index, id));
        }
        let mut scan = SCAN;
        while tickets.len() < limit {
            match self.next_new(&mut scan)? {
                Some(index) => tickets.push(self.ticket(index, id)),
                None => return Ok(Lease { id, tickets, more: !self.exhausted }),
            }
        }
        Ok(Lease { id, tickets, more: false })
    }

    /// Looks, when nothing is leased, whether anything is left, though nobody has room for it: the worker of the last run may be gone by
    /// now. True when the look was cut off and should go on soon.
    pub fn look_ahead(&mut self) -> Result<bool, (u64, String)> {
        if !self.open.is_empty() || self.exhausted {
            return Ok(false);
        }
        Ok(match self.next_new(&mut { SCAN })? {
            Some(index) => {
                self.open.insert(index, Open::default());
                self.returned.push_back(index);
                false
            }
            None => !self.exhausted,
        })
    }

    /// The next run in the study's order that has neither ended nor begun. `None`: there is none, or not among so many more points.
    fn next_new(&mut self, scan: &mut u64) -> Result<Option<u64>, (u64, String)> {
        while !self.exhausted && *scan > 0 {
            let Some(index) = self.sequence.next() else {
                self.exhausted = true;
                break;
            };
            *scan -= 1;
            if self.ended.contains(index) || self.open.contains_key(&index) {
                continue;
            }
            if self.space.included(index).map_err(|message| (index, message))? {
                return Ok(Some(index));
            }
            self.skipped += 1;
        }
        Ok(None)
    }

    fn ticket(&mut self, index: u64, lease: LeaseId) -> Ticket {
        let open = self.open.entry(index).or_default();
        open.lease = Some(lease);
        // One that was taken up has attempts that are not known here.
        let last = open.earlier.iter().map(|attempt| attempt.number).max().unwrap_or(0);
        let attempt = last.max(open.earlier.len() as u32) + 1;
        let (memory, time) = (open.memory, open.time);
        // One that has failed may need more than the others.
        let expected = if attempt == 1 && !open.cut { self.lesson() } else { Expected::default() };
        Ticket { index, attempt, memory, time, expected }
    }

    fn lesson(&self) -> Expected {
        self.lessons.as_ref().map(|lessons| lessons.expected(&self.resources)).unwrap_or_default()
    }

    /// What the next runs are expected to use, where that is learned.
    pub fn expected(&self) -> Expected {
        // An allocation for one run is as long as that, so while one is to be made again all are as long as is asked for.
        let is_again = |open: &Open| open.cut || !open.earlier.is_empty();
        match self.lessons.is_some() && self.resources.is_whole() && self.open.values().any(is_again) {
            true => Expected::default(),
            false => self.lesson(),
        }
    }

    /// Takes a report in.
    pub fn report(&mut self, report: Report, now: Instant) -> Verdict {
        let index = report.index;
        if index >= self.space.len() || self.ended.contains(index) {
            self.duplicates += 1;
            return Verdict::Duplicate;
        }
        let attempt = report.attempt;
        // A failure under a lease that was given up says nothing about the attempt that came after it.
        let late = self.open.get(&index).is_some_and(|open| open.lease != Some(report.lease));
        if late && attempt.ended != Ended::Succeeded {
            self.duplicates += 1;
            return Verdict::Duplicate;
        }
        // A late report of a lease that was given up is as good as any other; the run just must not wait or be leased as well.
        let mut open = self.open.remove(&index).unwrap_or_default();
        if open.lease != Some(report.lease) {
            self.waiting.retain(|(_, waiting)| *waiting != index);
            self.returned.retain(|returned| *returned != index);
        }
        let failed = match &attempt.ended {
            Ended::Succeeded => None,
            Ended::Failed(cause) => Some(cause),
        };
        if let Some((lessons, Cause::LostWorker)) = self.lessons.as_mut().zip(failed) {
            lessons.note_cut(Seconds(attempt.wall.seconds()));
        }
        if let Some(cause) = failed {
            open.counted += u32::from(!matches!(cause, Cause::LostWorker));
            if self.retry.allows(cause, open.counted) {
                let wait = match cause {
                    Cause::LostWorker => Seconds(0.0),
                    _ => self.retry.wait(open.counted + 1),
                };
                self.ask_for_more(&mut open, cause);
                open.lease = None;
                open.earlier.push(attempt.clone());
                self.open.insert(index, open);
                self.waiting.insert((now + wait.duration(), index));
                return Verdict::Retry { attempt: Box::new(attempt), wait };
            }
        }
        if let Some(lessons) = self.lessons.as_mut().filter(|_| attempt.ended == Ended::Succeeded) {
            lessons.note(&attempt);
        }
        self.ended.insert(index);
        Verdict::Ended(Box::new(RunRecord {
            index,
            last: attempt,
            earlier: open.earlier,
            outputs: report.outputs,
        }))
    }

    /// Out of memory and time-outs may ask for more at the next attempt.
    fn ask_for_more(&self, open: &mut Open, cause: &Cause) {
        match cause {
            Cause::OutOfMemory { .. } if self.retry.more_memory > 1.0 => {
                let now = open.memory.or(self.resources.memory);
                open.memory = now.map(|Bytes(b)| Bytes((b as f64 * self.retry.more_memory) as u64));
            }
            Cause::TimeOut { .. } if self.retry.more_time > 1.0 => {
                let now = open.time.or(self.resources.time);
                open.time = now.map(|Seconds(s)| Seconds(s * self.retry.more_time));
            }
            _ => {}
        }
    }

    /// A run that is given back had begun, and so long ago: what was learned may have been too short for it.
    pub fn cut(&mut self, index: u64, wall: Seconds) {
        if let Some((lessons, open)) = self.lessons.as_mut().zip(self.open.get_mut(&index)) {
            lessons.note_cut(wall);
            open.cut = true;
        }
    }

    /// Runs of a lease that have not ended: they are the first to be leased again.
    pub fn give_back(&mut self, lease: LeaseId, indices: impl IntoIterator<Item = u64>) {
        for index in indices {
            if let Some(open) = self.open.get_mut(&index).filter(|open| open.lease == Some(lease)) {
                open.lease = None;
                self.returned.push_back(index);
            }
        }
    }

    /// Runs whose results were taken back (`paramo retry`): all that ended here and are not in `known`.
    pub fn open_again_unless(&mut self, known: &RoaringTreemap) {
        let taken_back = &self.ended - known;
        for index in &taken_back {
            self.open.insert(index, Open::default());
            self.returned.push_back(index);
        }
        self.ended -= taken_back;
    }

    /// The space has grown; indices that were there keep their meaning.
    pub fn grow(&mut self, space: Space) {
        let from = self.space.len();
        let to = space.len();
        // What the old sequence has not reached comes with the new one: ended and open runs are passed over.
        let start = if self.exhausted { from } else { 0 };
        if start == 0 {
            self.skipped = 0;
        }
        self.sequence = Sequence::new(&space, self.order, start, to);
        self.exhausted = false;
        self.space = space;
    }

    /// Whether every run has ended. Only meaningful once a lease has come back short.
    pub fn finished(&self) -> bool {
        self.exhausted && self.open.is_empty()
    }

    /// When the next retry is due.
    pub fn next_due(&self) -> Option<Instant> {
        self.waiting.first().map(|(due, _)| *due)
    }

    /// Whether a lease taken now might hold something.
    pub fn has_work(&self, now: Instant) -> bool {
        !self.exhausted || !self.returned.is_empty() || self.next_due().is_some_and(|due| due <= now)
    }

    pub fn space(&self) -> &Space {
        &self.space
    }

    /// Points that the condition is known to exclude.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Results that came a second time and were dropped.
    pub fn duplicates(&self) -> u64 {
        self.duplicates
    }

    /// Runs in leases.
    pub fn leased(&self) -> usize {
        self.open.len() - self.waiting.len() - self.returned.len()
    }
}

#[cfg(test)]
mod tests;
