//! Which run starts next, in which slot, and when more are asked for.
//!
//! Slots are threads, made when there is something for them to do. Each takes the next ticket that fits what is free; whoever takes one
//! wakes (or makes) the next slot if there is more. Nothing here decides whether a run is made again.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use paramo_model::{Capacity, FromWorker, LeaseId, Program, StudyId, Ticket};

use crate::halt::Halt;
use crate::ledger::{Ledger, Need};
use crate::prepared::Prepared;

mod turns;

use turns::{Owed, Project};

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
    /// Raised when the runs are to be ended.
    pub halt: Arc<Halt>,
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
    halt: Arc<Halt>,
    queue: VecDeque<(LeaseId, Ticket)>,
    running: usize,
    /// Seconds a run takes, lately, and how many runs say so.
    mean: f64,
    known: usize,
    /// What was asked for and has not been answered.
    told: usize,
    /// To be forgotten once nothing of it runs.
    leaving: bool,
    /// Nothing of it is started for now.
    paused: bool,
    /// Nothing of it is started any more: it would not end in time.
    late: bool,
    /// CPU time that its runs have had, by its share.
    had: f64,
    /// How many smaller runs were started though it was its turn.
    passed: u32,
}

pub(crate) struct Dispatch {
    pub mode: Mode,
    lanes: Vec<Lane>,
    projects: Vec<Project>,
    turn: usize,
    project_turn: usize,
    /// Assignments that more runs at once than allowed have not let it answer.
    owed: Vec<Owed>,
    ledger: Ledger,
    /// Slots with a job.
    busy: usize,
    /// When what runs is ended from outside.
    ends: Option<Instant>,
}

impl Dispatch {
    pub fn new(capacity: Capacity, slots: usize, ends: Option<Instant>) -> Dispatch {
        Dispatch {
            mode: Mode::Running,
            lanes: Vec::new(),
            projects: Vec::new(),
            turn: 0,
            project_turn: 0,
            owed: Vec::new(),
            ledger: Ledger::new(capacity, slots),
            busy: 0,
            ends,
        }
    }

    /// Takes a study in, or what it has become. `halt` is for a study that is not known yet.
    pub fn assign(&mut self, study: Arc<Prepared>, halt: Arc<Halt>) {
        self.note_project(study.id, &study.project, study.revision);
        match self.lanes.iter_mut().find(|lane| lane.study.id == study.id && !lane.leaving) {
            Some(lane) => lane.study = study,
            None => self.lanes.push(Lane {
                study,
                halt,
                queue: VecDeque::new(),
                running: 0,
                mean: 0.0,
                known: 0,
                told: 0,
                leaving: false,
                paused: false,
                late: false,
                had: 0.0,
                passed: 0,
            }),
        }
    }

    /// Gives back what waits of a study and forgets it once nothing of it runs; with `now` what runs is ended.
    pub fn release(&mut self, study: StudyId, now: bool) -> Vec<FromWorker> {
        let mut messages = Vec::new();
        let mut known = false;
        for lane in self.lanes.iter_mut().filter(|lane| lane.study.id == study) {
            known = true;
            lane.leaving = true;
            if now {
                lane.halt.end();
            }
            messages.extend(give_back(study, lane.queue.drain(..)));
        }
        // One whose runs have yet to end is answered for when they have.
        let answer = if known { self.forget(study) } else { Some(FromWorker::Released { study }) };
        messages.extend(answer);
        messages
    }

    /// Forgets a study that is leaving, once nothing of it runs.
    fn forget(&mut self, study: StudyId) -> Option<FromWorker> {
        let gone = |lane: &Lane| lane.study.id == study && lane.leaving && lane.running == 0;
        let at = self.lanes.iter().position(gone)?;
        self.lanes.remove(at);
        self.forget_projects();
        Some(FromWorker::Released { study })
    }

    /// Takes a lease in. What cannot be used is given back.
    pub fn lease(&mut self, study: StudyId, lease: LeaseId, tickets: Vec<Ticket>) -> Option<FromWorker> {
        let known = self.lanes.iter().position(|lane| lane.study.id == study && lane.takes());
        match known.filter(|_| self.mode == Mode::Running) {
            Some(at) => {
                self.level(at);
                let lane = &mut self.lanes[at];
                lane.told = 0;
                lane.queue.extend(tickets.into_iter().map(|ticket| (lease, ticket)));
                None
            }
            None => Some(returned(study, lease, tickets.iter().map(|ticket| ticket.index).collect())),
        }
    }

    /// Starts nothing of a study, or goes on. What waits of a paused study is given back.
    pub fn pause(&mut self, study: StudyId, paused: bool) -> Vec<FromWorker> {
        let Some(lane) = self.lanes.iter_mut().find(|lane| lane.study.id == study && !lane.leaving) else {
            return Vec::new();
        };
        lane.paused = paused;
        // What was asked for before a pause is not answered after it.
        lane.told = 0;
        if paused { give_back(study, lane.queue.drain(..)) } else { Vec::new() }
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

    /// As [`Dispatch::end`], and ends what runs.
    pub fn stop(&mut self) -> Vec<FromWorker> {
        for lane in &self.lanes {
            lane.halt.end();
        }
        self.end()
    }

    /// Kills what runs.
    pub fn kill(&self) {
        for lane in &self.lanes {
            lane.halt.kill();
        }
    }

    /// Gives back what would not end in time. By what its application says that a run takes, or else by what it has taken lately.
    pub fn expire(&mut self, messages: &mut Vec<FromWorker>) {
        let Some(ends) = self.ends else { return };
        let left = ends.saturating_duration_since(Instant::now()).as_secs_f64();
        for lane in self.lanes.iter_mut().filter(|lane| lane.takes()) {
            let said = lane.queue.front().and_then(|(_, ticket)| ticket.expected.time.or(ticket.time));
            let said = said.or(lane.study.resources().time).map(|time| time.0);
            let takes = said.unwrap_or(if lane.known > 0 { lane.mean } else { 0.0 });
            if takes > left || left <= 0.0 {
                lane.late = true;
                let study = lane.study.id;
                messages.extend(give_back(study, lane.queue.drain(..)));
                messages.push(FromWorker::Wants { study, runs: 0 });
            }
        }
    }

    /// The next job that can start now, of the study whose turn it is.
    pub fn take(&mut self) -> Option<Job> {
        let choice = self.choose()?;
        let at = choice.at;
        self.chosen(&choice);
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
        let (study, halt) = (Arc::clone(&self.lanes[at].study), Arc::clone(&self.lanes[at].halt));
        Some(Job { study, tickets, need, gpus, halt, long, refused })
    }

    /// Whether another job could start now.
    pub fn more(&self) -> bool {
        self.choose().is_some()
    }

    /// Takes a job back: what it held is free, what it did not start waits again, or goes back when all is ending.
    pub fn done(&mut self, job: Job, pace: Pace) -> Vec<FromWorker> {
        self.busy -= 1;
        self.ledger.give_back(&job.need, job.gpus);
        let id = job.study.id;
        let mut leaving = false;
        if let Some(at) = self.lanes.iter().position(|lane| Arc::ptr_eq(&lane.halt, &job.halt)) {
            self.charge(at, &job.need, pace);
            let lane = &mut self.lanes[at];
            lane.running -= 1;
            lane.learn(pace);
            leaving = lane.leaving;
        }
        // A released study that has come back has leases of its own: those of before are not mixed with them.
        let mut messages = if leaving { give_back(id, job.tickets) } else { self.put_back(id, job.tickets) };
        messages.extend(self.forget(id));
        messages
    }

    /// Lets tickets that were not started wait again, before all others, or gives them back when all is ending.
    pub fn put_back(
        &mut self,
        study: StudyId,
        tickets: impl IntoIterator<Item = (LeaseId, Ticket), IntoIter: DoubleEndedIterator>,
    ) -> Vec<FromWorker> {
        match self.lanes.iter_mut().find(|lane| lane.study.id == study && lane.takes()) {
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

    /// Says how many more runs to ask for, now that something has changed. Returns whether slots wait for them.
    pub fn appetite(&mut self, messages: &mut Vec<FromWorker>) -> bool {
        if self.mode != Mode::Running {
            return false;
        }
        let mut urgent = false;
        for at in 0..self.lanes.len() {
            let slots = self.slots(at);
            let lane = &mut self.lanes[at];
            let seconds = if lane.known > 0 { lane.mean } else { f64::INFINITY };
            let target =
                ((slots as f64 * STOCK_SECONDS / seconds) as usize).clamp(2 * slots, MOST.max(2 * slots));
            let queued = lane.queue.len();
            let room = target.saturating_sub(queued);
            if !lane.takes() || room == 0 || queued * 2 > target || room < 2 * lane.told {
                continue;
            }
            lane.told = room;
            messages.push(FromWorker::Wants { study: lane.study.id, runs: room as u32 });
            urgent |= queued < slots;
        }
        urgent
    }

    fn need(&self, at: usize) -> Result<Need, String> {
        let lane = &self.lanes[at];
        let none = Ticket::new(0, 1);
        self.ledger.need(lane.study.resources(), lane.queue.front().map_or(&none, |(_, ticket)| ticket))
    }

    /// How many runs of a lane fit at once.
    fn slots(&self, at: usize) -> usize {
        let by_resources = self.need(at).map_or(1, |need| self.ledger.slots(&need));
        by_resources.min(self.lanes[at].study.slots.map_or(usize::MAX, |slots| slots.max(1) as usize))
    }
}

impl Lane {
    /// Whether more of it may be started.
    fn takes(&self) -> bool {
        !self.leaving && !self.paused && !self.late
    }

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
