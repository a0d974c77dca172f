//! How workers come, are away, come back, and go for good.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use paramo_model::{
    Attempt, Bytes, Capacity, Cause, Ended, FromWorker, Held, Micros, OutputFile, Report, StudyId, Timestamp,
    ToWorker, Value, WorkerId,
};
use paramo_worker::Link;

use super::{Board, Holding, Remote, Worker, given_back};
use crate::switchboard::arrival::{Arrival, Note};
use crate::switchboard::{Wire, pump};

impl Board {
    /// A worker of this process.
    pub(super) fn attach(&mut self, name: String, capacity: Capacity, link: Box<dyn Link>) -> WorkerId {
        let (id, pump) = self.numbers();
        let orders = pump::start(id, pump, link, self.own.clone(), true);
        let worker = Worker::new(name, capacity, pump);
        self.workers.insert(id, Worker { orders: Some(orders), ..worker });
        self.assign_all();
        id
    }

    fn numbers(&mut self) -> (WorkerId, u64) {
        let id = WorkerId(self.next_worker);
        self.next_worker += 1;
        (id, self.pump())
    }

    fn pump(&mut self) -> u64 {
        self.next_pump += 1;
        self.next_pump
    }

    /// A worker elsewhere, for the first time or again: what it holds stays its own.
    pub(super) fn arrive(&mut self, arrival: Arrival, link: Box<dyn Link>) -> WorkerId {
        let key = arrival.about.key.clone();
        let same = |worker: &Worker| worker.remote.as_ref().is_some_and(|remote| remote.about.key == key);
        let known = self.workers.iter().find(|(_, worker)| same(worker)).map(|(id, _)| *id);
        let (id, pump) = match known {
            Some(id) => (id, self.pump()),
            None => self.numbers(),
        };
        let orders = pump::start(id, pump, link, self.own.clone(), false);
        let now = Instant::now();
        let remote = Remote {
            about: arrival.about,
            away: None,
            // What does not fit an instant does not end.
            ends: arrival.ends_in.and_then(|left| now.checked_add(left)),
            gone: arrival.leaving,
            given_up: false,
        };
        let name = remote.about.name.clone();
        let worker =
            self.workers.entry(id).or_insert_with(|| Worker::new(name.clone(), arrival.capacity, pump));
        worker.name = name;
        worker.pump = pump;
        worker.orders = Some(orders);
        worker.draining |= arrival.leaving;
        worker.remote = Some(remote);
        // It is told everything anew: what was said last may not have reached it.
        for holding in worker.holds.values_mut() {
            holding.assigned = None;
        }
        let knows: HashSet<StudyId> = arrival.knows.into_iter().collect();
        // What has ended there is held until its report comes.
        let holds: Vec<(StudyId, Held)> = arrival.holds.into_iter().chain(arrival.unkept).collect();
        self.compare(id, &knows, &holds);
        if self.forsaken.remove(&key) {
            // What it has not begun is others' by now.
            for study in &knows {
                self.workers[&id].send(ToWorker::Pause { study: *study });
            }
        }
        for (id_of, runs) in arrival.wants {
            let open = self.workers[&id].holds.get(&id_of).is_some_and(|holding| holding.leaving.is_none());
            if let Some(study) =
                self.studies.get_mut(&id_of).filter(|study| open && !study.paused && runs > 0)
            {
                study.wants.insert(id, runs as usize);
            }
        }
        let waited = self.expected.remove(&key).unwrap_or_default();
        self.assign_all();
        self.note_studies(id);
        for study in knows.into_iter().chain(waited) {
            self.hand_out(study);
        }
        id
    }

    /// Compares what is known of a worker with what it says: what neither it nor anybody has is given back, and what it makes is its own.
    fn compare(&mut self, id: WorkerId, knows: &HashSet<StudyId>, holds: &[(StudyId, Held)]) {
        let Some(worker) = self.workers.get_mut(&id) else { return };
        let mut by_study: HashMap<StudyId, Vec<Held>> = HashMap::new();
        for (study, held) in holds {
            by_study.entry(*study).or_default().push(*held);
        }
        let mut said = Vec::new();
        let mut answered = Vec::new();
        for (study, holding) in &mut worker.holds {
            let still: HashMap<u64, Held> =
                by_study.get(study).into_iter().flatten().map(|held| (held.index, *held)).collect();
            let nowhere = |index: &u64| !still.contains_key(index);
            let missing: Vec<u64> = holding.open.keys().copied().filter(nowhere).collect();
            let back = missing.iter().filter_map(|index| Some((holding.open.remove(index)?.lease, *index)));
            said.push((*study, given_back(*study, back)));
            if let Some(now) = holding.leaving {
                match knows.contains(study) {
                    true => worker.orders.iter().for_each(|orders| {
                        let _ = orders.send(ToWorker::Release { study: *study, now });
                    }),
                    false => answered.push(*study),
                }
            }
        }
        for study in &answered {
            worker.holds.remove(study);
        }
        for study in knows {
            let open = self.studies.get(study).is_some_and(|study| study.leaving.is_none());
            if !open && !worker.holds.contains_key(study) {
                worker.send(ToWorker::Release { study: *study, now: true });
            }
        }
        for (study, held) in by_study {
            let open = self.studies.get(&study).is_some_and(|study| study.leaving.is_none());
            let barred = worker.holds.get(&study).is_some_and(|holding| holding.leaving.is_some());
            if !open || barred {
                continue;
            }
            let holding = worker.holds.entry(study).or_default();
            let mut new = Vec::new();
            for held in held {
                match holding.open.get_mut(&held.index) {
                    Some(known) => known.slot = held.slot,
                    None => {
                        new.push(held);
                        holding.open.insert(held.index, held);
                    }
                }
            }
            if !new.is_empty() {
                said.push((study, vec![FromWorker::Holds { study, runs: new }]));
            }
        }
        for (study, messages) in said {
            if let Some(study) = self.studies.get(&study) {
                study.say(messages);
            }
        }
        for study in answered {
            self.left(study);
        }
    }

    fn wants_nothing(&mut self, worker: WorkerId) {
        for study in self.studies.values_mut() {
            study.wants.remove(&worker);
        }
    }

    /// Lets a worker end what it runs and go.
    pub(super) fn detach(&mut self, id: WorkerId) {
        if let Some(worker) = self.workers.get_mut(&id) {
            worker.draining = true;
            worker.send(ToWorker::Drain);
            self.wants_nothing(id);
        }
        self.assign_all();
    }

    /// The connection of a worker is no more.
    pub(super) fn broken(&mut self, id: WorkerId) {
        let Some(worker) = self.workers.get_mut(&id) else { return };
        let Some(remote) = worker.remote.as_mut().filter(|remote| !remote.gone && !remote.given_up) else {
            return self.lost(id);
        };
        remote.away = Some(Instant::now());
        worker.orders = None;
        let leaving = worker.holds.iter().filter(|(_, holding)| holding.leaving.is_some());
        let leaving: Vec<StudyId> = leaving.map(|(study, _)| *study).collect();
        let mut left = Vec::new();
        for study in leaving {
            // It is not waited for: what it makes is taken when it is back.
            left.extend(worker.holds.remove(&study).map(|holding| (study, holding)));
        }
        self.wants_nothing(id);
        for (study, holding) in left {
            let back = given_back(study, holding.open.into_iter().map(|(index, held)| (held.lease, index)));
            if let Some(study) = self.studies.get(&study) {
                study.say(back);
            }
            self.left(study);
        }
        let pump = self.workers.get(&id).map_or(0, |worker| worker.pump);
        self.later(self.grace, Wire::GraceOver(id, pump));
        self.assign_all();
    }

    /// A worker that is gone, with or without having been sent away: what it held is somebody else's.
    pub(super) fn lost(&mut self, id: WorkerId) {
        let Some(worker) = self.workers.remove(&id) else { return };
        self.wants_nothing(id);
        self.unkept.values_mut().for_each(|unkept| unkept.retain(|(_, _, of)| *of != id));
        if let Some(remote) = &worker.remote {
            self.note(Note::Has { key: remote.about.key.clone(), studies: Vec::new() });
            if !remote.gone {
                self.forsaken.insert(remote.about.key.clone());
            }
        }
        for (study_id, holding) in worker.holds {
            let Some(study) = self.studies.get(&study_id) else { continue };
            let given = study.assignment.as_ref();
            let (started, waiting): (Vec<_>, Vec<_>) =
                holding.open.into_values().partition(|held| held.slot.is_some() && given.is_some());
            let outputs = given.map_or(0, |given| given.study.application.outputs.len());
            let mut messages = given_back(study_id, waiting.into_iter().map(|held| (held.lease, held.index)));
            messages.extend(started.into_iter().map(|held| lost_run(id, study_id, &held, outputs)));
            study.say(messages);
            self.left(study_id);
        }
        self.assign_all();
    }

    /// A worker elsewhere has said its last word. It stays until its results are kept and it closes the connection.
    pub(super) fn retire(&mut self, id: WorkerId) {
        let Some(worker) = self.workers.get_mut(&id) else { return };
        worker.draining = true;
        if let Some(remote) = &mut worker.remote {
            remote.gone = true;
        }
        let holds: Vec<(StudyId, Holding)> = worker.holds.drain().collect();
        self.wants_nothing(id);
        for (study, holding) in holds {
            let back = given_back(study, holding.open.into_iter().map(|(index, held)| (held.lease, index)));
            if let Some(study) = self.studies.get(&study) {
                study.say(back);
            }
            self.left(study);
        }
        self.note_studies(id);
        self.assign_all();
    }

    /// An allocation is no more, as its site says: what its workers hold need not wait for them.
    pub(super) fn give_up(&mut self, allocation: &str) {
        let mut away = Vec::new();
        for (id, worker) in &mut self.workers {
            let Some(remote) = worker.remote.as_mut() else { continue };
            if remote.about.allocation.as_deref() == Some(allocation) {
                remote.given_up = true;
                away.extend(worker.orders.is_none().then_some(*id));
            }
        }
        away.into_iter().for_each(|id| self.lost(id));
    }

    /// Studies wait for workers that an earlier board had, for so long.
    pub(super) fn expect(&mut self, expected: Vec<(String, Vec<StudyId>)>, wait: Duration) {
        for (key, studies) in expected {
            self.expected.insert(key, studies.into_iter().collect());
        }
        self.later(wait, Wire::NotExpected);
    }

    pub(super) fn not_expected(&mut self) {
        for key in std::mem::take(&mut self.expected).into_keys() {
            self.forsaken.insert(key.clone());
            self.note(Note::Has { key, studies: Vec::new() });
        }
        let all: Vec<StudyId> = self.studies.keys().copied().collect();
        all.into_iter().for_each(|id| self.ask(id));
    }

    pub(super) fn later(&self, wait: Duration, wire: Wire) {
        let own = self.own.clone();
        tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            if let Some(own) = own.upgrade() {
                let _ = own.send(wire);
            }
        });
    }
}

impl Worker {
    fn new(name: String, capacity: Capacity, pump: u64) -> Worker {
        Worker {
            name,
            capacity,
            orders: None,
            pump,
            draining: false,
            holds: HashMap::new(),
            projects: HashMap::new(),
            revision: 0,
            reported: 0,
            remote: None,
        }
    }
}

/// The report of a run whose worker is gone. When it began and what it used went with the worker.
fn lost_run(worker: WorkerId, study: StudyId, held: &Held, outputs: usize) -> FromWorker {
    let attempt = Attempt {
        number: held.attempt,
        ended: Ended::Failed(Cause::LostWorker),
        started: Timestamp(0),
        wall: Micros(0),
        cpu: Micros(0),
        peak_memory: Bytes(0),
        exit_code: None,
        worker: worker.0,
        slot: held.slot.unwrap_or(0),
        stdout: OutputFile::default(),
        stderr: OutputFile::default(),
    };
    let outputs = vec![Value::Missing; outputs];
    FromWorker::Report(Box::new(Report { study, lease: held.lease, index: held.index, attempt, outputs }))
}
