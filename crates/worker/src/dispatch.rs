//! Which run starts next, in which slot, and when more are asked for.
//!
//! Slots are threads, made when there is something for them to do. Each takes the next ticket that fits what is free; whoever takes one
//! wakes (or makes) the next slot if there is more. Nothing here decides whether a run is made again.

use std::collections::VecDeque;
use std::sync::Arc;

use paramo_model::{Capacity, FromWorker, LeaseId, Program, StudyId, Ticket};

use crate::ledger::{Ledger, Need};
use crate::prepared::Prepared;

/// Runs asked for at once, at the most.
const MOST: usize = 100_000;

/// How long the runs waiting here should last.
const STOCK_SECONDS: f64 = 1.0;

/// How long the calls sent to a warm function at once should last.
const FRAME_SECONDS: f64 = 0.03;
const FRAME_MOST: usize = 2048;

/// A run expected to take longer is announced when it starts.
const LONG_SECONDS: f64 = 0.05;

/// Whether runs are started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Running,
    /// What runs may end; nothing is started.
    Ending,
}

/// Tickets of one study for one slot, with what was granted for them.
pub(crate) struct Job {
    pub study: Arc<Prepared>,
    pub tickets: VecDeque<(LeaseId, Ticket)>,
    pub need: Need,
    pub gpus: Vec<String>,
    /// Whether people should be told that it has begun.
    pub long: bool,
    /// Why none of the tickets can run here.
    pub refused: Option<String>,
}

/// What a slot has learnt about how long runs take.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pace {
    pub runs: usize,
    pub seconds: f64,
}

struct Lane {
    study: Arc<Prepared>,
    queue: VecDeque<(LeaseId, Ticket)>,
    running: usize,
    /// Seconds a run takes, lately, and how many runs say so.
    mean: f64,
    known: usize,
}

pub(crate) struct Dispatch {
    pub mode: Mode,
    lanes: Vec<Lane>,
    /// The lane that the last lease was for; its runs set how many more are asked for.
    current: usize,
    turn: usize,
    ledger: Ledger,
    /// Slots with a job.
    busy: usize,
    /// What was asked for and has not been answered.
    told: usize,
}

impl Dispatch {
    pub fn new(capacity: Capacity, slots: usize) -> Dispatch {
        Dispatch {
            mode: Mode::Running,
            lanes: Vec::new(),
            current: 0,
            turn: 0,
            ledger: Ledger::new(capacity, slots),
            busy: 0,
            told: 0,
        }
    }

    pub fn assign(&mut self, study: Arc<Prepared>) {
        match self.lanes.iter_mut().position(|lane| lane.study.id == study.id) {
            Some(at) => self.lanes[at].study = study,
            None => {
                let lane = Lane { study, queue: VecDeque::new(), running: 0, mean: 0.0, known: 0 };
                self.lanes.push(lane);
                self.current = self.lanes.len() - 1;
            }
        }
    }

    /// Takes a lease in. What cannot be used is given back.
    pub fn lease(&mut self, study: StudyId, lease: LeaseId, tickets: Vec<Ticket>) -> Option<FromWorker> {
        self.told = 0;
        let known = self.lanes.iter().position(|lane| lane.study.id == study);
        match known.filter(|_| self.mode == Mode::Running) {
            Some(at) => {
                self.current = at;
                self.lanes[at].queue.extend(tickets.into_iter().map(|ticket| (lease, ticket)));
                None
            }
            None => Some(returned(study, lease, tickets.iter().map(|ticket| ticket.index).collect())),
        }
    }

    /// Starts nothing more and gives back what waits.
    pub fn end(&mut self) -> Vec<FromWorker> {
        self.mode = Mode::Ending;
        let mut messages = Vec::new();
        for lane in &mut self.lanes {
            messages.extend(give_back(lane.study.id, lane.queue.drain(..)));
        }
        messages
    }

    /// The next job that can start now.
    pub fn take(&mut self) -> Option<Job> {
        let lanes = self.lanes.len();
        let at = (0..lanes).map(|i| (self.turn + i) % lanes).find(|at| self.ready(*at))?;
        // Studies take turns.
        self.turn = (at + 1) % lanes;
        let need = self.need(at);
        let slots = self.slots(at);
        let lane = &mut self.lanes[at];
        let count = lane.batch(slots);
        let first = lane.queue.front().map(|(_, ticket)| ticket.memory);
        let same =
            lane.queue.iter().take(count).take_while(|(_, ticket)| Some(ticket.memory) == first).count();
        let tickets: VecDeque<_> = lane.queue.drain(..same.max(1)).collect();
        lane.running += 1;
        self.busy += 1;
        let long = lane.known == 0 || lane.mean > LONG_SECONDS;
        let (need, gpus, refused) = match need {
            Ok(need) => (need, self.ledger.take(&need), None),
            Err(message) => {
                let nothing = Need { cpus: 0.0, memory: None, gpus: 0 };
                (nothing, self.ledger.take(&nothing), Some(message))
            }
        };
        Some(Job { study: Arc::clone(&self.lanes[at].study), tickets, need, gpus, long, refused })
    }

    /// Whether another job could start now.
    pub fn more(&self) -> bool {
        (0..self.lanes.len()).any(|at| self.ready(at))
    }

    /// Takes a job back: what it held is free, what it did not start waits again, or goes back when all is ending.
    pub fn done(&mut self, job: Job, pace: Pace) -> Vec<FromWorker> {
        self.busy -= 1;
        self.ledger.give_back(&job.need, job.gpus);
        let id = job.study.id;
        if let Some(lane) = self.lanes.iter_mut().find(|lane| lane.study.id == id) {
            lane.running -= 1;
            lane.learn(pace);
        }
        self.put_back(id, job.tickets)
    }

    /// Lets tickets that were not started wait again, before all others, or gives them back when all is ending.
    pub fn put_back(
        &mut self,
        study: StudyId,
        tickets: impl IntoIterator<Item = (LeaseId, Ticket), IntoIter: DoubleEndedIterator>,
    ) -> Vec<FromWorker> {
        match self.lanes.iter_mut().find(|lane| lane.study.id == study) {
            Some(lane) if self.mode == Mode::Running => {
                for ticket in tickets.into_iter().rev() {
                    lane.queue.push_front(ticket);
                }
                Vec::new()
            }
            _ => give_back(study, tickets),
        }
    }

    /// Whether nothing runs and nothing will.
    pub fn is_gone(&self) -> bool {
        self.mode == Mode::Ending && self.busy == 0
    }

    /// How many more runs to ask for, now that something has changed, and whether slots wait for them.
    pub fn appetite(&mut self) -> Option<(u32, bool)> {
        if self.mode != Mode::Running {
            return None;
        }
        let (slots, seconds) = match self.lanes.get(self.current) {
            Some(lane) if lane.known > 0 => (self.slots(self.current), lane.mean),
            Some(_) => (self.slots(self.current), f64::INFINITY),
            None => return None,
        };
        let target =
            ((slots as f64 * STOCK_SECONDS / seconds) as usize).clamp(2 * slots, MOST.max(2 * slots));
        let queued: usize = self.lanes.iter().map(|lane| lane.queue.len()).sum();
        let room = target.saturating_sub(queued);
        if room == 0 || queued * 2 > target || room < 2 * self.told {
            return None;
        }
        self.told = room;
        Some((room as u32, queued < slots))
    }

    fn ready(&self, at: usize) -> bool {
        let lane = &self.lanes[at];
        !lane.queue.is_empty()
            && lane.study.slots.is_none_or(|slots| lane.running < slots.max(1) as usize)
            && self.need(at).map_or(true, |need| self.ledger.fits(&need))
    }

    fn need(&self, at: usize) -> Result<Need, String> {
        let lane = &self.lanes[at];
        let none = Ticket { index: 0, attempt: 1, memory: None, time: None };
        self.ledger.need(lane.study.resources(), lane.queue.front().map_or(&none, |(_, ticket)| ticket))
    }

    /// How many runs of a lane fit at once.
    fn slots(&self, at: usize) -> usize {
        let by_resources = self.need(at).map_or(1, |need| self.ledger.slots(&need));
        by_resources.min(self.lanes[at].study.slots.map_or(usize::MAX, |slots| slots.max(1) as usize))
    }
}

impl Lane {
    /// How many tickets go to a slot at once: one for a command, some milliseconds' worth for a warm function.
    fn batch(&self, slots: usize) -> usize {
        let application = self.study.application();
        let alone = matches!(application.program, Program::Command(_)) || application.needs_directory();
        if alone || self.known == 0 || self.mean >= FRAME_SECONDS {
            return 1;
        }
        // The last runs are shared out, so that all slots end together.
        let share = self.queue.len().div_ceil(slots);
        ((FRAME_SECONDS / self.mean.max(1e-9)) as usize).min(share).clamp(1, FRAME_MOST)
    }

    fn learn(&mut self, pace: Pace) {
        if pace.runs == 0 {
            return;
        }
        let seconds = pace.seconds / pace.runs as f64;
        self.known = self.known.saturating_add(pace.runs);
        // An average of the first runs, then one that forgets.
        let weight = (pace.runs as f64 / self.known as f64).max(0.05);
        self.mean += (seconds - self.mean) * weight;
    }
}

fn returned(study: StudyId, lease: LeaseId, indices: Vec<u64>) -> FromWorker {
    FromWorker::Returned { study, lease, indices }
}

/// Tickets that go back, a message for each lease.
fn give_back(study: StudyId, tickets: impl IntoIterator<Item = (LeaseId, Ticket)>) -> Vec<FromWorker> {
    let mut leases: Vec<(LeaseId, Vec<u64>)> = Vec::new();
    for (lease, ticket) in tickets {
        match leases.last_mut() {
            Some((last, indices)) if *last == lease => indices.push(ticket.index),
            _ => leases.push((lease, vec![ticket.index])),
        }
    }
    leases.into_iter().map(|(lease, indices)| returned(study, lease, indices)).collect()
}

#[cfg(test)]
mod tests;
