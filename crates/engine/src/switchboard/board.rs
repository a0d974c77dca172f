//! The state of the board and what studies order. Nothing in here waits.

mod arrivals;
mod balance;
mod news;
mod shares;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

use paramo_model::{
    Assignment, Capacity, FromWorker, Held, LeaseId, Name, Seconds, StudyId, Ticket, ToWorker, WorkerId,
};
use tokio::sync::mpsc;

use paramo_worker::room;

use super::arrival::{About, Note, RemoteStatus, WorkerStatus};
use super::parts::{self, Part};
use super::{Audience, Terms, Wire};
use crate::ProjectTerms;

pub(super) struct Board {
    own: mpsc::WeakUnboundedSender<Wire>,
    workers: BTreeMap<WorkerId, Worker>,
    studies: HashMap<StudyId, Study>,
    projects: HashMap<Name, ProjectTerms>,
    next_worker: u32,
    next_pump: u64,
    /// Who reported what that is not known to be kept: index, number of the attempt, worker elsewhere.
    unkept: HashMap<StudyId, BTreeSet<(u64, u32, WorkerId)>>,
    /// Workers that an earlier board had, by their keys, with the studies they had runs of: those studies wait for them.
    expected: HashMap<String, HashSet<StudyId>>,
    /// Workers elsewhere whose runs were given to others, by their keys.
    forsaken: HashSet<String>,
    /// How long a worker that is not heard of keeps its runs.
    grace: Duration,
    /// Workers elsewhere are left alone: another board will have them.
    closing: bool,
    notes: Option<mpsc::UnboundedSender<Note>>,
}

struct Worker {
    name: String,
    capacity: Capacity,
    /// `None` while it is away.
    orders: Option<mpsc::UnboundedSender<ToWorker>>,
    /// The number of its present connection.
    pump: u64,
    draining: bool,
    /// What it knows and holds of each study.
    holds: HashMap<StudyId, Holding>,
    /// What it has of each project's runs at once.
    projects: HashMap<Name, Part>,
    /// The number of the last assignment.
    revision: u64,
    reported: u64,
    remote: Option<Remote>,
}

/// A worker elsewhere.
struct Remote {
    about: About,
    away: Option<Instant>,
    /// When its allocation ends.
    ends: Option<Instant>,
    /// It has said its last word, and stays until its results are kept.
    gone: bool,
    /// Its allocation is no more: it will not come back.
    given_up: bool,
}

/// What one worker has of one study.
#[derive(Default)]
struct Holding {
    /// Leased and neither reported nor returned.
    open: HashMap<u64, Held>,
    /// Released and not yet answered; whether what ran was to be ended.
    leaving: Option<bool>,
    /// What it has of the study's runs at once.
    part: Part,
    /// What it was told last: the same is not said twice.
    assigned: Option<Assignment>,
}

struct Study {
    project: Name,
    link: u64,
    to: mpsc::UnboundedSender<Vec<FromWorker>>,
    terms: Terms,
    assignment: Option<Assignment>,
    /// Leased by the engine, and taken by no worker yet.
    spool: VecDeque<(LeaseId, Ticket)>,
    /// Room that workers have told of and that was not filled.
    wants: BTreeMap<WorkerId, usize>,
    /// The room that the engine was told of and has not filled.
    told: usize,
    /// Nothing is handed out for now.
    paused: bool,
    /// What is said once no worker has anything of it any more.
    leaving: Option<FromWorker>,
    /// It is about to be looked at whether some wait while others have nothing.
    balancing: bool,
}

impl Board {
    pub fn new(
        own: mpsc::WeakUnboundedSender<Wire>,
        grace: Duration,
        notes: Option<mpsc::UnboundedSender<Note>>,
    ) -> Board {
        Board {
            own,
            workers: BTreeMap::new(),
            studies: HashMap::new(),
            projects: HashMap::new(),
            next_worker: 0,
            next_pump: 0,
            unkept: HashMap::new(),
            expected: HashMap::new(),
            forsaken: HashSet::new(),
            grace,
            closing: false,
            notes,
        }
    }

    pub fn take(&mut self, wire: Wire) {
        match wire {
            Wire::Attach { id, name, capacity, link } => {
                let _ = id.send(self.attach(name, capacity, link));
            }
            Wire::Arrive { id, arrival, link } => {
                let _ = id.send(self.arrive(*arrival, link));
            }
            Wire::Detach(worker) => self.detach(worker),
            Wire::Open { study, project, link, terms, to } => {
                self.open(study, Study::new(project, link, terms, to));
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
            Wire::Kept(study, runs) => self.kept(study, &runs),
            Wire::Repeat(study) => self.repeat(study),
            Wire::News(worker, pump, news) => {
                if self.is_of(worker, pump) {
                    self.news(worker, news);
                }
            }
            Wire::Broken(worker, pump) => {
                if self.is_of(worker, pump) {
                    self.broken(worker);
                }
            }
            Wire::GraceOver(worker, pump) => {
                if self.workers.get(&worker).is_some_and(|it| it.pump == pump && it.orders.is_none()) {
                    self.lost(worker);
                }
            }
            Wire::Balance(study) => self.balance(study),
            Wire::GiveUp(allocation) => self.give_up(&allocation),
            Wire::Notice(audience, text) => self.notice(&audience, &text),
            Wire::Expect(expected, wait) => self.expect(expected, wait),
            Wire::NotExpected => self.not_expected(),
            Wire::Close => self.closing = true,
            Wire::Workers(to) => {
                let _ = to.send(self.workers.iter().map(|(id, worker)| worker.status(*id)).collect());
            }
        }
    }

    fn is_of(&self, worker: WorkerId, pump: u64) -> bool {
        self.workers.get(&worker).is_some_and(|worker| worker.pump == pump && worker.orders.is_some())
    }

    fn open(&mut self, id: StudyId, study: Study) {
        self.studies.insert(id, study);
        // Results that came while nobody worked on it.
        self.repeat(id);
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
            ToWorker::Kept { study: of, runs } => self.kept(of, &runs),
            ToWorker::Repeat { .. } => {}
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
        // Each worker asks anew when it goes on.
        study.wants.clear();
        study.unspool(id);
        for worker in self.workers.values_mut().filter(|worker| worker.holds.contains_key(&id)) {
            worker.send(pausing(id, paused));
        }
    }

    /// Takes a study from all workers; `last` is said when they have answered.
    fn release(&mut self, id: StudyId, now: bool, last: FromWorker) {
        let closing = self.closing;
        let Some(study) = self.studies.get_mut(&id) else { return };
        study.leaving = Some(last);
        study.told = 0;
        study.wants.clear();
        study.unspool(id);
        for worker in self.workers.values_mut() {
            let Some(holding) = worker.holds.get_mut(&id) else { continue };
            let alone = worker.remote.is_some() && closing;
            if worker.orders.is_none() || alone {
                // It is not waited for. What it makes is taken when it is back, here or at the next board.
                study.say(given_back(id, holding.open.drain().map(|(index, held)| (held.lease, index))));
                worker.holds.remove(&id);
                continue;
            }
            holding.leaving = Some(now);
            worker.send(ToWorker::Release { study: id, now });
        }
        self.left(id);
    }

    /// Says the last word of a study that no worker has anything of any more.
    fn left(&mut self, id: StudyId) {
        let waiting = self.studies.get(&id).is_some_and(|study| study.leaving.is_some());
        if !waiting || self.workers.values().any(|worker| worker.holds.contains_key(&id)) {
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

    /// Gives what is spooled to the workers that have room: as even as their room is.
    fn hand_out(&mut self, id: StudyId) {
        let Some(study) = self.studies.get_mut(&id) else { return };
        let declared = study.assignment.as_ref().and_then(|given| given.study.application.resources.time);
        let time = study.spool.front().and_then(|(_, ticket)| ticket.expected.time).or(declared);
        let mut room: usize = study.wants.values().sum();
        let mut hungry: Vec<WorkerId> =
            if study.spool.is_empty() { Vec::new() } else { study.wants.keys().copied().collect() };
        // Shares are rounded up, so those who have nothing come first.
        let holds = |at: &WorkerId| self.workers.get(at).and_then(|worker| worker.holds.get(&id));
        hungry.sort_by_cached_key(|at| holds(at).is_some_and(|holding| !holding.open.is_empty()));
        for at in hungry {
            let Some(wants) = study.wants.remove(&at) else { continue };
            let Some(worker) = self.workers.get_mut(&at) else { continue };
            if study.spool.is_empty() {
                study.wants.insert(at, wants);
                break;
            }
            if !worker.has_time(time) {
                room -= wants;
                continue;
            }
            // What is there is divided as the room is, so that a large worker leaves something to a small one.
            let part = (study.spool.len().min(room) * wants).div_ceil(room).min(study.spool.len());
            let part = part.min(worker.may_have(id));
            room -= wants;
            if wants > part {
                study.wants.insert(at, wants - part);
            }
            let Some(holding) = worker.holds.get_mut(&id) else { continue };
            let mut tickets: Vec<(LeaseId, Ticket)> = study.spool.drain(..part).collect();
            for (lease, ticket) in &tickets {
                let held = Held { index: ticket.index, lease: *lease, attempt: ticket.attempt, slot: None };
                holding.open.insert(ticket.index, held);
            }
            while let Some(lease) = tickets.first().map(|(lease, _)| *lease) {
                let same = tickets.iter().take_while(|(other, _)| *other == lease).count();
                let tickets = tickets.drain(..same).map(|(_, ticket)| ticket).collect();
                worker.send(ToWorker::Lease { study: id, lease, tickets });
            }
        }
        self.ask(id);
    }

    /// Tells the engine of room that it has not been told of.
    fn ask(&mut self, id: StudyId) {
        if self.expected.values().any(|studies| studies.contains(&id)) {
            return;
        }
        let Some(study) = self.studies.get_mut(&id) else { return };
        let more = |(at, wants): (&WorkerId, &usize)| {
            self.workers.get(at).map_or(0, |worker| worker.may_have(id).min(*wants))
        };
        let room: usize = study.wants.iter().map(more).sum();
        let runs = room.saturating_sub(study.spool.len());
        if runs > study.told && study.leaving.is_none() {
            study.told = runs;
            study.say(vec![FromWorker::Wants { study: id, runs: u32::try_from(runs).unwrap_or(u32::MAX) }]);
        }
    }

    /// Tells workers elsewhere that they need not keep some results any more.
    fn kept(&mut self, id: StudyId, runs: &[(u64, u32)]) {
        let Some(unkept) = self.unkept.get_mut(&id) else { return };
        let mut of: BTreeMap<WorkerId, Vec<(u64, u32)>> = BTreeMap::new();
        for &(index, attempt) in runs {
            let all = (index, attempt, WorkerId(0))..=(index, attempt, WorkerId(u32::MAX));
            // Nearly always one.
            while let Some(entry) = unkept.range(all.clone()).next().copied() {
                unkept.remove(&entry);
                of.entry(entry.2).or_default().push((index, attempt));
            }
        }
        if unkept.is_empty() {
            self.unkept.remove(&id);
        }
        for (worker, runs) in of {
            if let Some(worker) = self.workers.get_mut(&worker) {
                worker.send(ToWorker::Kept { study: id, runs });
            }
        }
    }

    /// Has workers elsewhere say again what they have of a study and is not known to be kept.
    fn repeat(&mut self, id: StudyId) {
        let Some(unkept) = self.unkept.get(&id) else { return };
        let workers: BTreeSet<WorkerId> = unkept.iter().map(|(_, _, worker)| *worker).collect();
        for worker in workers {
            if let Some(worker) = self.workers.get_mut(&worker) {
                worker.send(ToWorker::Repeat { study: id });
            }
        }
    }

    fn notice(&self, audience: &Audience, text: &str) {
        for (id, study) in &self.studies {
            let is_meant = match audience {
                Audience::Site(site) => {
                    study.assignment.as_ref().is_some_and(|given| given.study.run.site.takes(site))
                }
                Audience::Study(only) => only == id,
            };
            if is_meant {
                study.say(vec![FromWorker::Notice(text.to_owned())]);
            }
        }
    }

    fn note(&self, note: Note) {
        if let Some(notes) = &self.notes {
            // Nobody listens any more when all is ending.
            let _ = notes.send(note);
        }
    }
}

impl Worker {
    fn send(&self, order: ToWorker) {
        if let Some(orders) = &self.orders {
            // A connection that breaks is noticed by its pump.
            let _ = orders.send(order);
        }
    }

    /// Whether its allocation is for one run alone.
    fn is_for_one(&self) -> bool {
        self.remote.as_ref().is_some_and(|remote| remote.about.study.is_some())
    }

    /// How many more runs of a study it may be given. Workers ask for more than they run at once.
    fn may_have(&self, study: StudyId) -> usize {
        if !self.is_for_one() {
            return usize::MAX;
        }
        usize::from(self.holds.get(&study).is_none_or(|holding| holding.open.is_empty()))
    }

    /// Whether a run of this length ends before its allocation does.
    fn has_time(&self, time: Option<Seconds>) -> bool {
        let ends = self.remote.as_ref().and_then(|remote| remote.ends);
        match (ends, time) {
            (Some(ends), Some(time)) => {
                ends.saturating_duration_since(Instant::now()).as_secs_f64() >= time.0
            }
            _ => true,
        }
    }

    fn status(&self, id: WorkerId) -> WorkerStatus {
        let mut studies: Vec<StudyId> = self.holds.keys().copied().collect();
        studies.sort_unstable();
        let now = Instant::now();
        WorkerStatus {
            id,
            name: self.name.clone(),
            capacity: self.capacity.clone(),
            leased: self.holds.values().map(|holding| holding.open.len()).sum(),
            running: self.holds.values().map(Holding::running).sum(),
            running_of: self.holds.iter().map(|(id, holding)| (*id, holding.running())).collect(),
            reported: self.reported,
            studies,
            draining: self.draining,
            remote: self.remote.as_ref().map(|remote| RemoteStatus {
                about: remote.about.clone(),
                away: remote.away.map(|since| now.saturating_duration_since(since)),
                ends_in: remote.ends.map(|ends| ends.saturating_duration_since(now)),
            }),
        }
    }
}

impl Holding {
    fn running(&self) -> usize {
        self.open.values().filter(|held| held.slot.is_some()).count()
    }
}

impl Study {
    fn new(project: Name, link: u64, terms: Terms, to: mpsc::UnboundedSender<Vec<FromWorker>>) -> Study {
        Study {
            project,
            link,
            to,
            terms,
            assignment: None,
            spool: VecDeque::new(),
            wants: BTreeMap::new(),
            told: 0,
            paused: false,
            leaving: None,
            balancing: false,
        }
    }

    /// Runs of it that a worker could run at once when it runs nothing else.
    fn room(&self, worker: &Worker) -> u32 {
        let Some(assignment) = self.assignment.as_ref().filter(|_| !worker.draining) else { return 0 };
        let about = worker.remote.as_ref().map(|remote| &remote.about);
        let barred = about.and_then(|about| about.project.as_ref()).is_some_and(|only| *only != self.project);
        let wanted = &assignment.study.run.site;
        let is_there = match about.and_then(|about| about.site.as_ref()) {
            Some(site) => wanted.takes(site),
            None => wanted.takes_local(),
        };
        if worker.orders.is_none() || barred || !is_there {
            return 0;
        }
        let resources = &assignment.study.application.resources;
        if let Some(only) = about.and_then(|about| about.study) {
            return u32::from(only == assignment.id);
        }
        let is_of_site = about.is_some_and(|about| about.site.is_some());
        if resources.nodes > 1 || (resources.is_whole() && is_of_site) {
            // It gets an allocation of its own.
            return 0;
        }
        if is_of_site && resources.cpus > worker.capacity.cpus {
            // It would take what belongs to others on its node.
            return 0;
        }
        let fits = room(resources, &worker.capacity).unwrap_or(0);
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
