//! The state of the board and its decisions. Nothing in here waits.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use paramo_model::{
    Assignment, Attempt, Bytes, Capacity, Cause, Ended, FromWorker, LeaseId, Micros, Name, OutputFile,
    ProjectPart, Report, StudyId, Ticket, Timestamp, ToWorker, Value, WorkerId,
};
use tokio::sync::mpsc;

use paramo_worker::room;

use super::parts::{self, Part};
use super::pump;
use super::{Terms, Wire, WorkerStatus};
use crate::ProjectTerms;

pub(super) struct Board {
    own: mpsc::WeakUnboundedSender<Wire>,
    workers: BTreeMap<WorkerId, Worker>,
    studies: HashMap<StudyId, Study>,
    projects: HashMap<Name, ProjectTerms>,
    next_worker: u32,
}

struct Worker {
    name: String,
    capacity: Capacity,
    orders: mpsc::UnboundedSender<ToWorker>,
    draining: bool,
    /// What it knows and holds of each study.
    holds: HashMap<StudyId, Holding>,
    /// What it has of each project's runs at once.
    projects: HashMap<Name, Part>,
    /// The number of the last assignment.
    revision: u64,
}

/// What one worker has of one study.
#[derive(Default)]
struct Holding {
    /// Leased and neither reported nor returned.
    open: HashMap<u64, Held>,
    /// Room that it has told of.
    wants: usize,
    /// Released and not yet answered.
    leaving: bool,
    /// What it has of the study's runs at once.
    part: Part,
    /// What it was told last: the same is not said twice.
    assigned: Option<Assignment>,
}

struct Held {
    lease: LeaseId,
    attempt: u32,
    /// The slot, once it is known to run.
    started: Option<u32>,
}

struct Study {
    project: Name,
    link: u64,
    to: mpsc::UnboundedSender<Vec<FromWorker>>,
    terms: Terms,
    assignment: Option<Assignment>,
    /// Leased by the engine, and taken by no worker yet.
    spool: VecDeque<(LeaseId, Ticket)>,
    /// The room that the engine was told of and has not filled.
    told: usize,
    /// Nothing is handed out for now.
    paused: bool,
    /// What is said once no worker has anything of it any more.
    leaving: Option<FromWorker>,
}

impl Board {
    pub fn new(own: mpsc::WeakUnboundedSender<Wire>) -> Board {
        Board {
            own,
            workers: BTreeMap::new(),
            studies: HashMap::new(),
            projects: HashMap::new(),
            next_worker: 0,
        }
    }

    pub fn take(&mut self, wire: Wire) {
        match wire {
            Wire::Attach { id, name, capacity, link } => {
                let worker = WorkerId(self.next_worker);
                self.next_worker += 1;
                let orders = pump::start(worker, link, self.own.clone());
                let (holds, projects) = (HashMap::new(), HashMap::new());
                let new = Worker { name, capacity, orders, draining: false, holds, projects, revision: 0 };
                self.workers.insert(worker, new);
                let _ = id.send(worker);
                self.assign_all();
            }
            Wire::Detach(worker) => {
                if let Some(worker) = self.workers.get_mut(&worker) {
                    worker.draining = true;
                    let _ = worker.orders.send(ToWorker::Drain);
                    for holding in worker.holds.values_mut() {
                        holding.wants = 0;
                    }
                }
                self.assign_all();
            }
            Wire::Open { study, project, link, terms, to } => {
                let new = Study {
                    project,
                    link,
                    to,
                    terms,
                    assignment: None,
                    spool: VecDeque::new(),
                    told: 0,
                    paused: false,
                    leaving: None,
                };
                self.studies.insert(study, new);
            }
            Wire::Terms(id, terms) => {
                if let Some(study) = self.studies.get_mut(&id) {
                    study.terms = terms;
                    self.assign(id);
                }
            }
            Wire::Project(name, terms) => {
                self.projects.insert(name.clone(), terms);
                self.share_out(&name);
                self.tell_project(&name);
            }
            Wire::Order(study, link, order) => {
                if self.studies.get(&study).is_some_and(|study| study.link == link) {
                    self.order(study, order);
                }
            }
            Wire::News(worker, news) => self.news(worker, news),
            Wire::Lost(worker) => self.lost(worker),
            Wire::Workers(to) => {
                let _ = to.send(self.workers.iter().map(|(id, worker)| worker.status(*id)).collect());
            }
        }
    }

    fn order(&mut self, id: StudyId, order: ToWorker) {
        let Some(study) = self.studies.get_mut(&id) else { return };
        match order {
            ToWorker::Assign(assignment) => {
                study.assignment = Some(assignment);
                self.assign(id);
            }
            ToWorker::Lease { study: leased, lease, tickets } => {
                if leased != id || study.assignment.is_none() || study.leaving.is_some() {
                    let indices = tickets.iter().map(|ticket| ticket.index).collect();
                    return study.say(vec![FromWorker::Returned { study: leased, lease, indices }]);
                }
                study.told = study.told.saturating_sub(tickets.len());
                study.spool.extend(tickets.into_iter().map(|ticket| (lease, ticket)));
                self.hand_out(id);
            }
            ToWorker::Pause { .. } => self.pause(id, true),
            ToWorker::Resume { .. } => self.pause(id, false),
            ToWorker::Release { study: released, now } => {
                self.release(id, now, FromWorker::Released { study: released });
            }
            ToWorker::Drain => self.release(id, false, FromWorker::Gone),
            ToWorker::Stop => self.release(id, true, FromWorker::Gone),
        }
    }

    fn pause(&mut self, id: StudyId, paused: bool) {
        let Some(study) = self.studies.get_mut(&id) else { return };
        study.paused = paused;
        study.told = 0;
        study.unspool(id);
        for worker in self.workers.values_mut() {
            if let Some(holding) = worker.holds.get_mut(&id) {
                // Each worker asks anew when it goes on.
                holding.wants = 0;
                let _ = worker.orders.send(pausing(id, paused));
            }
        }
    }

    /// Takes a study from all workers; `last` is said when they have answered.
    fn release(&mut self, id: StudyId, now: bool, last: FromWorker) {
        let Some(study) = self.studies.get_mut(&id) else { return };
        study.leaving = Some(last);
        study.told = 0;
        study.unspool(id);
        for worker in self.workers.values_mut() {
            if let Some(holding) = worker.holds.get_mut(&id) {
                holding.leaving = true;
                holding.wants = 0;
                let _ = worker.orders.send(ToWorker::Release { study: id, now });
            }
        }
        self.left(id);
    }

    /// Says the last word of a study that no worker has anything of any more.
    fn left(&mut self, id: StudyId) {
        if self.workers.values().any(|worker| worker.holds.contains_key(&id)) {
            return;
        }
        let Some(study) = self.studies.get_mut(&id) else { return };
        let Some(last) = study.leaving.take() else { return };
        let gone = matches!(last, FromWorker::Gone);
        study.assignment = None;
        study.say(vec![last]);
        let name = study.project.clone();
        if gone {
            self.studies.remove(&id);
        }
        // The others of its project may have what it had.
        if self.share_out(&name) {
            self.tell_project(&name);
        }
    }

    fn assign_all(&mut self) {
        let names: HashSet<Name> = self.studies.values().map(|study| study.project.clone()).collect();
        for name in names {
            self.share_out(&name);
            self.tell_project(&name);
        }
    }

    /// Tells the workers of a study, each with its part of the runs at once.
    fn assign(&mut self, id: StudyId) {
        let Some(name) = self.studies.get(&id).map(|study| study.project.clone()) else { return };
        // A study more or less changes where its project has room.
        if self.share_out(&name) {
            self.tell_project(&name);
        } else {
            self.tell(id);
        }
    }

    fn tell_project(&mut self, name: &Name) {
        let of = self.studies.iter().filter(|(_, study)| study.project == *name);
        let ids: Vec<StudyId> = of.map(|(id, _)| *id).collect();
        ids.into_iter().for_each(|id| self.tell(id));
    }

    fn terms(&self, project: &Name) -> ProjectTerms {
        self.projects.get(project).copied().unwrap_or_default()
    }

    /// Divides a project's runs at once among the workers. Whether anything has changed.
    fn share_out(&mut self, name: &Name) -> bool {
        let limit = self.terms(name).runs;
        let studies = &self.studies;
        let members = || studies.iter().filter(|(_, study)| study.project == *name);
        for worker in self.workers.values_mut() {
            // Where nothing of it is, nothing of it runs.
            if !members().any(|(id, _)| worker.holds.contains_key(id)) {
                worker.projects.remove(name);
            }
        }
        let room = |worker: &Worker| members().map(|(_, study)| study.room(worker)).max().unwrap_or(0);
        let rooms: Vec<u32> = self.workers.values().map(room).collect();
        let held = self.workers.values().map(|worker| worker.projects.get(name).map_or(0, Part::held));
        let told = spread(limit, &rooms, &held.collect::<Vec<u32>>());
        let mut changed = false;
        for (worker, told) in self.workers.values_mut().zip(told) {
            let revision = worker.revision + 1;
            let part = worker.projects.entry(name.clone()).or_default();
            changed |= part.told() != told;
            part.tell(told, revision);
        }
        changed
    }

    fn tell(&mut self, id: StudyId) {
        let Some(study) = self.studies.get(&id) else { return };
        let Some(assignment) = study.assignment.as_ref().filter(|_| study.leaving.is_none()) else { return };
        let least = |a: Option<u32>, b: Option<u32>| a.into_iter().chain(b).min();
        let limit = least(study.terms.runs, assignment.slots);
        let project_share = self.terms(&study.project).share;
        let project = |worker: &Worker| worker.projects.get(&study.project).map_or(0, Part::told);
        let rooms: Vec<u32> =
            self.workers.values().map(|worker| study.room(worker).min(project(worker))).collect();
        let held = self.workers.values().map(|w| w.holds.get(&id).map_or(0, |holding| holding.part.held()));
        let told = spread(limit, &rooms, &held.collect::<Vec<u32>>());
        for (worker, told) in self.workers.values_mut().zip(told) {
            let known = worker.holds.get(&id);
            if worker.draining
                || known.is_some_and(|holding| holding.leaving)
                || (told == 0 && known.is_none())
            {
                continue;
            }
            let project = ProjectPart {
                name: study.project.clone(),
                share: project_share,
                slots: worker.projects.get(&study.project).and_then(Part::slots),
            };
            let holding = worker.holds.entry(id).or_default();
            let revision = worker.revision + 1;
            holding.part.tell(told, revision);
            if told == 0 {
                holding.leaving = true;
                holding.wants = 0;
                let _ = worker.orders.send(ToWorker::Release { study: id, now: false });
                continue;
            }
            let (slots, share) = (holding.part.slots(), assignment.share * study.terms.share);
            let same = |told: &Assignment| {
                told.slots == slots
                    && told.share == share
                    && told.project == project
                    && Arc::ptr_eq(&told.study, &assignment.study)
            };
            if !holding.assigned.as_ref().is_some_and(same) {
                worker.revision = revision;
                let assignment = Assignment { slots, share, project, revision, ..assignment.clone() };
                holding.assigned = Some(assignment.clone());
                let _ = worker.orders.send(ToWorker::Assign(assignment));
                if study.paused {
                    let _ = worker.orders.send(pausing(id, true));
                }
            }
        }
    }

    /// A worker keeps to an assignment: what it gave up with it is somebody else's.
    fn settled(&mut self, worker: WorkerId, id: StudyId, revision: u64) {
        let Some(worker) = self.workers.get_mut(&worker) else { return };
        let freed = worker.holds.get_mut(&id).is_some_and(|holding| holding.part.settle(revision));
        let project = self.studies.get(&id).and_then(|study| worker.projects.get_mut(&study.project));
        if project.is_some_and(|part| part.settle(revision)) || freed {
            self.assign(id);
        }
    }

    /// Gives what is spooled to the workers that have room: as even as their room is.
    fn hand_out(&mut self, id: StudyId) {
        let Some(study) = self.studies.get_mut(&id) else { return };
        let mut room: usize = self.workers.values().map(|worker| worker.wants(id)).sum();
        for worker in self.workers.values_mut() {
            let wants = worker.wants(id);
            if study.spool.is_empty() || wants == 0 {
                continue;
            }
            // What is there is divided as the room is, so that a large worker leaves something to a small one.
            let part = (study.spool.len().min(room) * wants).div_ceil(room).min(study.spool.len());
            room -= wants;
            let Some(holding) = worker.holds.get_mut(&id) else { continue };
            holding.wants -= part.min(wants);
            let mut tickets: Vec<(LeaseId, Ticket)> = study.spool.drain(..part).collect();
            for (lease, ticket) in &tickets {
                let held = Held { lease: *lease, attempt: ticket.attempt, started: None };
                holding.open.insert(ticket.index, held);
            }
            while let Some(lease) = tickets.first().map(|(lease, _)| *lease) {
                let same = tickets.iter().take_while(|(other, _)| *other == lease).count();
                let tickets = tickets.drain(..same).map(|(_, ticket)| ticket).collect();
                let _ = worker.orders.send(ToWorker::Lease { study: id, lease, tickets });
            }
        }
        self.ask(id);
    }

    /// Tells the engine of room that it has not been told of.
    fn ask(&mut self, id: StudyId) {
        let room: usize = self.workers.values().map(|worker| worker.wants(id)).sum();
        let Some(study) = self.studies.get_mut(&id) else { return };
        let runs = room.saturating_sub(study.spool.len());
        if runs > study.told && study.leaving.is_none() {
            study.told = runs;
            study.say(vec![FromWorker::Wants { study: id, runs: u32::try_from(runs).unwrap_or(u32::MAX) }]);
        }
    }

    fn news(&mut self, from: WorkerId, news: Vec<FromWorker>) {
        let Some(worker) = self.workers.get_mut(&from) else { return };
        let mut said: Vec<(StudyId, Vec<FromWorker>)> = Vec::new();
        let mut hungry: Vec<StudyId> = Vec::new();
        let mut released: Vec<StudyId> = Vec::new();
        let mut settled: Vec<(StudyId, u64)> = Vec::new();
        for mut message in news {
            if let FromWorker::Report(report) = &mut message {
                report.attempt.worker = from.0;
            }
            let id = match &message {
                FromWorker::Wants { study, runs } => {
                    if let Some(holding) = worker.holds.get_mut(study).filter(|holding| !holding.leaving) {
                        let paused = self.studies.get(study).is_none_or(|study| study.paused);
                        holding.wants = if worker.draining || paused { 0 } else { *runs as usize };
                        hungry.push(*study);
                    }
                    continue;
                }
                FromWorker::Started { study, index, slot, .. } => {
                    if let Some(held) =
                        worker.holds.get_mut(study).and_then(|holding| holding.open.get_mut(index))
                    {
                        held.started = Some(*slot);
                    }
                    *study
                }
                FromWorker::Report(report) => {
                    if let Some(holding) = worker.holds.get_mut(&report.study) {
                        holding.open.remove(&report.index);
                    }
                    report.study
                }
                FromWorker::Returned { study, indices, .. } => {
                    if let Some(holding) = worker.holds.get_mut(study) {
                        for index in indices {
                            holding.open.remove(index);
                        }
                    }
                    *study
                }
                FromWorker::Released { study } => {
                    worker.holds.remove(study);
                    released.push(*study);
                    continue;
                }
                FromWorker::Settled { study, revision } => {
                    settled.push((*study, *revision));
                    continue;
                }
                FromWorker::Notice(_) => {
                    let to: HashSet<StudyId> = worker.holds.keys().copied().collect();
                    said.extend(to.into_iter().map(|id| (id, vec![message.clone()])));
                    continue;
                }
                FromWorker::Gone => continue,
            };
            match said.last_mut() {
                Some((last, messages)) if *last == id => messages.push(message),
                _ => said.push((id, vec![message])),
            }
        }
        for (id, messages) in said {
            if let Some(study) = self.studies.get(&id) {
                study.say(messages);
            }
        }
        for id in hungry {
            self.hand_out(id);
        }
        for (id, revision) in settled {
            self.settled(from, id, revision);
        }
        for id in released {
            self.left(id);
            // It may have been opened anew, or be wanted here again, while its last runs ended.
            self.assign(id);
        }
    }

    /// A worker that is gone, with or without having been sent away: what it held is somebody else's.
    fn lost(&mut self, id: WorkerId) {
        let Some(worker) = self.workers.remove(&id) else { return };
        for (study_id, holding) in worker.holds {
            let Some(study) = self.studies.get(&study_id) else { continue };
            let outputs =
                study.assignment.as_ref().map_or(0, |assignment| assignment.study.application.outputs.len());
            let (started, waiting): (Vec<_>, Vec<_>) =
                holding.open.into_iter().partition(|(_, held)| held.started.is_some());
            let mut messages =
                given_back(study_id, waiting.into_iter().map(|(index, held)| (held.lease, index)));
            messages.extend(
                started.into_iter().map(|(index, held)| lost_run(id, study_id, index, &held, outputs)),
            );
            study.say(messages);
            self.left(study_id);
        }
        self.assign_all();
    }
}

impl Worker {
    fn wants(&self, study: StudyId) -> usize {
        self.holds.get(&study).map_or(0, |holding| holding.wants)
    }

    fn status(&self, id: WorkerId) -> WorkerStatus {
        let mut studies: Vec<StudyId> = self.holds.keys().copied().collect();
        studies.sort_unstable();
        WorkerStatus {
            id,
            name: self.name.clone(),
            capacity: self.capacity.clone(),
            leased: self.holds.values().map(|holding| holding.open.len()).sum(),
            running: self.holds.values().map(Holding::running).sum(),
            running_of: self.holds.iter().map(|(id, holding)| (*id, holding.running())).collect(),
            studies,
            draining: self.draining,
        }
    }
}

impl Holding {
    fn running(&self) -> usize {
        self.open.values().filter(|held| held.started.is_some()).count()
    }
}

impl Study {
    /// Runs of it that a worker could run at once when it runs nothing else.
    fn room(&self, worker: &Worker) -> u32 {
        let Some(assignment) = self.assignment.as_ref().filter(|_| !worker.draining) else { return 0 };
        let fits = room(&assignment.study.application.resources, &worker.capacity).unwrap_or(0);
        u32::try_from(fits).unwrap_or(parts::ALL)
    }

    /// Gives back what no worker has taken.
    fn unspool(&mut self, id: StudyId) {
        let spool: Vec<(LeaseId, Ticket)> = self.spool.drain(..).collect();
        self.say(given_back(id, spool.into_iter().map(|(lease, ticket)| (lease, ticket.index))));
    }

    fn say(&self, messages: Vec<FromWorker>) {
        if !messages.is_empty() {
            // Whoever has dropped the link has said `Stop` with it.
            let _ = self.to.send(messages);
        }
    }
}

/// What each worker may be told of a limit. Without one, each may have all that it has room for.
fn spread(limit: Option<u32>, rooms: &[u32], held: &[u32]) -> Vec<u32> {
    match limit {
        Some(limit) => parts::allow(limit, &parts::divide(limit, rooms), held),
        None => rooms.iter().map(|room| if *room > 0 { parts::ALL } else { 0 }).collect(),
    }
}

fn pausing(study: StudyId, paused: bool) -> ToWorker {
    if paused { ToWorker::Pause { study } } else { ToWorker::Resume { study } }
}

/// Runs that go back to the engine, a message for each lease.
fn given_back(study: StudyId, runs: impl Iterator<Item = (LeaseId, u64)>) -> Vec<FromWorker> {
    let mut leases: BTreeMap<LeaseId, Vec<u64>> = BTreeMap::new();
    for (lease, index) in runs {
        leases.entry(lease).or_default().push(index);
    }
    let returned = |(lease, mut indices): (LeaseId, Vec<u64>)| {
        indices.sort_unstable();
        FromWorker::Returned { study, lease, indices }
    };
    leases.into_iter().map(returned).collect()
}

/// The report of a run whose worker is gone. When it began and what it used went with the worker.
fn lost_run(worker: WorkerId, study: StudyId, index: u64, held: &Held, outputs: usize) -> FromWorker {
    let attempt = Attempt {
        number: held.attempt,
        ended: Ended::Failed(Cause::LostWorker),
        started: Timestamp(0),
        wall: Micros(0),
        cpu: Micros(0),
        peak_memory: Bytes(0),
        exit_code: None,
        worker: worker.0,
        slot: held.started.unwrap_or(0),
        stdout: OutputFile::default(),
        stderr: OutputFile::default(),
    };
    let outputs = vec![Value::Missing; outputs];
    FromWorker::Report(Box::new(Report { study, lease: held.lease, index, attempt, outputs }))
}
