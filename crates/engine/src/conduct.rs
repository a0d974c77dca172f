//! The loop that works on a study: between a worker, a store, the clock and the people who watch.
//!
//! Everything is an event in one `select!`: news of the worker, a commit that came through, a retry that is due, a word from outside. Results
//! are committed in groups while the worker goes on with what it holds; nothing is reported as done before its group is durable.
//! Whatever happens in here, a crash costs only the runs that were open.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use paramo_design::Space;
use paramo_model::{
    Assignment, Cap, Cause, Ended, Event, FromWorker, Held, Limits, Micros, Moment, Progress, ProjectPart,
    Report, RunRecord, Running, Seconds, Spent, StopReason, Study, StudyId, StudyState, Timestamp, ToWorker,
};
use paramo_store::{Store, StoreError, StudyRow};
use paramo_worker::Link;
use roaring::RoaringTreemap;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::rate::Rate;
use crate::{Budget, Conductor, EngineError, Observer, Over, Verdict};

/// A word from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Lease nothing more, let what runs end.
    Drain,
    /// End what runs now; it stays open.
    Stop,
    /// The store has been changed by another process: read the study again.
    Reload,
}

/// How the work on a study ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub reason: StopReason,
    pub progress: Progress,
    /// Runs that failed in this session.
    pub failed_now: u64,
}

/// A group is committed when it is this old or this large, whichever comes first.
const GROUP_TIME: Duration = Duration::from_millis(100);
const GROUP_SIZE: usize = 8192;
/// How often people hear how far it is.
const TICK: Duration = Duration::from_millis(200);
/// A store that refuses (disk full, locked) is tried again after these waits, with leasing stopped.
const STORE_WAITS: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4), Duration::from_secs(8)];
/// The same for a database that nobody answers for: a server that is started anew takes its time. Some four minutes in all.
const DATABASE_WAITS: [Duration; 12] = {
    let mut waits = [Duration::from_secs(30); 12];
    waits[0] = Duration::from_millis(500);
    waits[1] = Duration::from_secs(1);
    waits[2] = Duration::from_secs(2);
    waits[3] = Duration::from_secs(5);
    waits
};

/// How often it is noted how long a study has been worked on: so much of it is forgotten in a crash.
const NOTE_TIME: Duration = Duration::from_secs(30);

/// When to try again what a store refused. Where another process has the study now, never.
fn store_waits(error: &StoreError) -> &'static [Duration] {
    match error {
        StoreError::Taken { .. } => &[],
        error if error.is_unreachable() => &DATABASE_WAITS,
        _ => &STORE_WAITS,
    }
}

type Commit = JoinHandle<(Vec<RunRecord>, Result<(), StoreError>)>;

/// Works on a study until every run has ended, a limit of its own is reached (then it is paused) or somebody stops it. `directory` is the
/// store's: runs and kept files go below it. While the budget of its project is used up nothing is started.
pub async fn conduct(
    store: Arc<dyn Store>,
    row: StudyRow,
    link: Box<dyn Link>,
    directory: &str,
    budget: Budget,
    commands: mpsc::UnboundedReceiver<Command>,
    observer: &mut (dyn Observer + Send),
) -> Result<Outcome, EngineError> {
    let ended = store.ended(row.id).await?;
    let space = compile(&row.study)?;
    let study = &row.study;
    let now = Instant::now();
    let all = &ended.succeeded | &ended.failed;
    let mut work = Work {
        rate: Rate::new(now, all.len()),
        conductor: Conductor::new(
            space,
            study.run.order,
            study.run.retry.clone(),
            study.application.resources.clone(),
            all,
        ),
        started: now,
        succeeded: ended.succeeded.len(),
        failed: ended.failed.len(),
        failed_now: 0,
        failures: ended.failed.len(),
        cpu: row.counts.cpu,
        taken: (0, Micros(0)),
        clock: Clock { before: row.counts.worked, since: Some(now), noted: now },
        limits: study.run.limits_now(),
        budget,
        retried: 0,
        store,
        id: row.id,
        study: Arc::new(row.study.clone()),
        directory: directory.to_owned(),
        link,
        observer,
        hungry: 0,
        running: HashMap::new(),
        pending: Vec::new(),
        pending_since: now,
        doubles: Vec::new(),
        doubles_on_their_way: Vec::new(),
        commit: None,
        store_failures: 0,
        store_retry: None,
        paused: false,
        held: None,
        stopping: None,
        has_learned: false,
    };
    // Workers may still hold leases of an earlier engine: no number comes twice.
    let random = std::hash::RandomState::new().build_hasher().finish();
    work.conductor.leases_from(random >> 1);
    let at = timestamp();
    let progress = work.progress(now);
    work.observer.event(Event::StudyStarted {
        study: row.id,
        name: row.name.clone(),
        version: row.version,
        at,
        progress,
    });
    work.assign();
    work.pause(row.state == StudyState::Paused);
    work.hold();
    work.tell();
    work.run(commands).await
}

fn compile(study: &Study) -> Result<Space, EngineError> {
    Space::new(&study.space, &study.application.parameters)
        .map_err(|diagnostics| EngineError::Space { study: study.name.to_string(), diagnostics })
}

/// Now, by the wall clock; only for people, nothing is ordered by it.
fn timestamp() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp(since.as_micros() as i64)
}

/// How long a study has been worked on.
struct Clock {
    /// In earlier sessions, and before the last pause of this one.
    before: Micros,
    /// Since when it has been going on; `None` during a pause.
    since: Option<Instant>,
    /// When the store was told last.
    noted: Instant,
}

impl Clock {
    fn read(&self, now: Instant) -> Micros {
        let going = self.since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        Micros(self.before.0.saturating_add(going.as_micros() as u64))
    }

    fn go(&mut self, going: bool, now: Instant) {
        if going != self.since.is_some() {
            self.before = self.read(now);
            self.since = going.then_some(now);
        }
    }
}

struct Work<'a> {
    conductor: Conductor,
    rate: Rate,
    started: Instant,
    succeeded: u64,
    failed: u64,
    failed_now: u64,
    /// Runs that have failed for good, committed or not.
    failures: u64,
    /// CPU time of all attempts, committed or not.
    cpu: Micros,
    /// The attempts that were reported in this session, and how long they took together.
    taken: (u64, Micros),
    clock: Clock,
    limits: Limits,
    budget: Budget,
    retried: u64,
    store: Arc<dyn Store>,
    id: StudyId,
    study: Arc<Study>,
    directory: String,
    link: Box<dyn Link>,
    observer: &'a mut (dyn Observer + Send),
    /// How many more runs the worker could hold, as it said last.
    hungry: usize,
    /// Runs that are known to run now: the worker does not speak of tiny ones.
    running: HashMap<u64, Running>,
    pending: Vec<RunRecord>,
    pending_since: Instant,
    /// Attempts that are not stored by themselves: of runs that are tried again, or that had ended before. Their workers may let go of them
    /// once all that is pending now is stored.
    doubles: Vec<(u64, u32)>,
    doubles_on_their_way: Vec<(u64, u32)>,
    commit: Option<Commit>,
    store_failures: usize,
    store_retry: Option<Instant>,
    /// Nothing is leased until somebody says so.
    paused: bool,
    /// Nothing is leased until the project may use more.
    held: Option<Over>,
    /// Why nothing more is leased, once that is so.
    stopping: Option<StopReason>,
    /// People know that runs are placed by what others have used.
    has_learned: bool,
}

impl Work<'_> {
    async fn run(mut self, mut commands: mpsc::UnboundedReceiver<Command>) -> Result<Outcome, EngineError> {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut gone = false;
        let mut commands_open = true;
        let mut quota = self.budget.follow();
        loop {
            self.heed_limits();
            let more = self.feed()?;
            self.begin_commit();
            self.let_go();
            let all_ended = self.conductor.finished() || (gone && self.stopping.is_some());
            if all_ended && self.pending.is_empty() && self.commit.is_none() {
                break;
            }
            let wake = self.next_wake(more);
            tokio::select! {
                biased;
                command = commands.recv(), if commands_open => match command {
                    Some(command) => self.obey(command).await?,
                    None => commands_open = false,
                },
                done = async { match self.commit.as_mut() { Some(commit) => commit.await, None => std::future::pending().await } } => {
                    self.commit = None;
                    match done {
                        Ok((records, result)) => self.committed(records, result)?,
                        // The task does not panic by itself and nobody aborts it.
                        Err(error) => std::panic::resume_unwind(error.into_panic()),
                    }
                }
                news = self.link.receive(), if !gone => match news {
                    Some(news) => self.take(news),
                    None if self.stopping.is_some() => gone = true,
                    None => return Err(EngineError::WorkerEnded),
                },
                // The other end is our own.
                Ok(()) = quota.changed() => self.hold(),
                _ = tokio::time::sleep_until(wake.into()) => {}
                _ = tick.tick() => {
                    self.note_time();
                    self.tell();
                }
            }
        }
        self.finish(gone).await
    }

    fn assign(&mut self) {
        let id = self.id.0;
        self.link.send(ToWorker::Assign(Assignment {
            id: self.id,
            study: self.study.clone(),
            runs: format!("{}/runs/{id}", self.directory),
            files: format!("{}/files/{id}", self.directory),
            slots: self.study.run.slots_now(),
            share: 1.0,
            project: ProjectPart::default(),
            revision: 1,
        }));
    }

    /// Leases what the worker wants. True when a scan was cut off and should go on soon.
    fn feed(&mut self) -> Result<bool, EngineError> {
        let now = Instant::now();
        // With a limit of failures no more is leased than may still fail, so that it is never passed.
        let may_fail = match self.limits.failures {
            Some(limit) => limit
                .of(self.conductor.space().len())
                .saturating_sub(self.failures + self.conductor.leased() as u64),
            None => u64::MAX,
        };
        let room = self.hungry.min(usize::try_from(may_fail).unwrap_or(usize::MAX));
        let held = self.rests() || self.stopping.is_some() || self.store_retry.is_some();
        let undecided = |(index, message)| EngineError::Condition { index, message };
        if held || !self.conductor.has_work(now) {
            return Ok(false);
        }
        if room == 0 {
            return self.conductor.look_ahead().map_err(undecided);
        }
        let lease = self.conductor.lease(room, now).map_err(undecided)?;
        if !lease.tickets.is_empty() {
            self.hungry -= lease.tickets.len().min(self.hungry);
            self.link.send(ToWorker::Lease { study: self.id, lease: lease.id, tickets: lease.tickets });
        }
        Ok(lease.more)
    }

    /// When to look again though nothing happens.
    fn next_wake(&self, more: bool) -> Instant {
        let now = Instant::now();
        if more {
            return now;
        }
        let group = (!self.pending.is_empty() && self.commit.is_none() && self.store_retry.is_none())
            .then(|| self.pending_since + GROUP_TIME);
        let retry =
            self.conductor.next_due().filter(|_| self.hungry > 0 && self.stopping.is_none() && !self.rests());
        let limit = self.limits.time.filter(|_| self.stopping.is_none() && self.clock.since.is_some());
        let limit = limit
            .map(|limit| now + Duration::from_secs_f64((limit.0 - self.clock.read(now).seconds()).max(0.0)));
        [group, retry, limit, self.store_retry]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(now + Duration::from_secs(3600))
    }

    fn take(&mut self, news: Vec<FromWorker>) {
        let now = Instant::now();
        for item in news {
            match item {
                FromWorker::Wants { runs, .. } => self.hungry = runs as usize,
                FromWorker::Started { index, attempt, slot, .. } => {
                    let at = timestamp();
                    self.running.insert(index, Running { index, attempt, slot, since: at });
                    if self.observer.wants_runs() {
                        self.observer.event(Event::RunStarted { index, attempt, slot, at });
                    }
                }
                FromWorker::Report(report) => self.reported(*report, now),
                FromWorker::Holds { runs, .. } => self.take_up_held(&runs),
                FromWorker::Returned { lease, indices, .. } => {
                    let at = timestamp();
                    for index in &indices {
                        if let Some(running) = self.running.remove(index) {
                            let wall = at.0.saturating_sub(running.since.0).max(0) as f64 / 1e6;
                            self.conductor.cut(*index, Seconds(wall));
                        }
                    }
                    self.conductor.give_back(lease, indices);
                }
                FromWorker::Notice(message) => self.observer.event(Event::Notice { message }),
                FromWorker::Settled { .. } | FromWorker::Released { .. } | FromWorker::Gone => {}
            }
        }
    }

    fn reported(&mut self, report: Report, now: Instant) {
        let (index, number) = (report.index, report.attempt.number);
        self.running.remove(&index);
        let (cpu, wall) = (report.attempt.cpu, report.attempt.wall);
        let lost = report.attempt.ended == Ended::Failed(Cause::LostWorker);
        let verdict = self.conductor.report(report, now);
        // One that comes twice was counted when it came first.
        if !matches!(verdict, Verdict::Duplicate) {
            self.cpu = Micros(self.cpu.0.saturating_add(cpu.0));
            self.budget.spend(cpu);
            if !lost {
                self.taken = (self.taken.0 + 1, Micros(self.taken.1.0.saturating_add(wall.0)));
            }
        }
        match verdict {
            Verdict::Ended(record) => {
                if self.pending.is_empty() {
                    self.pending_since = now;
                }
                self.failures += u64::from(!record.succeeded());
                self.pending.push(*record);
            }
            Verdict::Retry { attempt, wait } => {
                self.doubles.push((index, number));
                self.retried += 1;
                if self.observer.wants_runs() {
                    self.observer.event(Event::RunRetried { index, attempt, wait });
                }
            }
            Verdict::Duplicate => self.doubles.push((index, number)),
        }
    }

    /// Runs that workers went on with while nobody worked on the study here.
    fn take_up_held(&mut self, runs: &[Held]) {
        let at = timestamp();
        for held in runs {
            if self.conductor.adopt(held)
                && let Some(slot) = held.slot
            {
                let running = Running { index: held.index, attempt: held.attempt, slot, since: at };
                self.running.insert(held.index, running);
            }
        }
    }

    /// Lets workers forget attempts that need not be stored, unless a run that is pending may be one of them.
    fn let_go(&mut self) {
        if self.doubles.is_empty() || !self.pending.is_empty() || self.commit.is_some() {
            return;
        }
        let runs = std::mem::take(&mut self.doubles);
        self.link.send(ToWorker::Kept { study: self.id, runs });
    }

    /// Starts a commit when a group is due and none is on its way.
    fn begin_commit(&mut self) {
        let now = Instant::now();
        if self.store_retry.is_some_and(|due| due <= now) {
            self.store_retry = None;
        }
        let due = self.pending.len() >= GROUP_SIZE
            || now.duration_since(self.pending_since) >= GROUP_TIME
            || self.conductor.leased() == 0;
        if self.pending.is_empty() || self.commit.is_some() || self.store_retry.is_some() || !due {
            return;
        }
        let records = std::mem::take(&mut self.pending);
        self.doubles_on_their_way.append(&mut self.doubles);
        let store = self.store.clone();
        let id = self.id;
        self.commit = Some(tokio::spawn(async move {
            let result = store.commit(id, &records).await.map(|_| ());
            (records, result)
        }));
    }

    fn committed(
        &mut self,
        records: Vec<RunRecord>,
        result: Result<(), StoreError>,
    ) -> Result<(), EngineError> {
        if let Err(source) = result {
            return self.not_stored(records, source);
        }
        if std::mem::take(&mut self.store_failures) > 0 {
            self.observer.event(Event::Notice { message: "the store takes results again".to_owned() });
        }
        let mut runs = std::mem::take(&mut self.doubles_on_their_way);
        runs.extend(records.iter().map(|record| (record.index, record.last.number)));
        self.link.send(ToWorker::Kept { study: self.id, runs });
        let failed = records.iter().filter(|record| !record.succeeded()).count() as u64;
        self.failed += failed;
        self.failed_now += failed;
        self.succeeded += records.len() as u64 - failed;
        if self.observer.wants_runs() {
            for record in records {
                let succeeded = record.succeeded();
                self.observer.event(Event::RunEnded {
                    index: record.index,
                    succeeded,
                    attempt: Box::new(record.last),
                });
            }
        }
        Ok(())
    }

    /// Keeps the results and tries again a few times: a disk may be made room on while the runs that go on end.
    fn not_stored(&mut self, mut records: Vec<RunRecord>, source: StoreError) -> Result<(), EngineError> {
        records.append(&mut self.pending);
        self.pending = records;
        let Some(wait) = store_waits(&source).get(self.store_failures).copied() else {
            self.link.send(ToWorker::Stop);
            return Err(EngineError::NotStored { runs: self.pending.len(), source });
        };
        self.store_failures += 1;
        self.store_retry = Some(Instant::now() + wait);
        let message = format!(
            "{source}; {} results are held and stored again in {}; nothing new is started until then",
            self.pending.len(),
            Seconds(wait.as_secs_f64())
        );
        self.observer.event(Event::Notice { message });
        Ok(())
    }

    async fn obey(&mut self, command: Command) -> Result<(), EngineError> {
        match command {
            Command::Drain => self.stop(StopReason::Interrupted, ToWorker::Drain),
            Command::Stop => {
                let reason = self.stopping.unwrap_or(StopReason::Interrupted);
                self.stopping = Some(reason);
                self.link.send(ToWorker::Stop);
            }
            Command::Reload => self.reload().await?,
        }
        Ok(())
    }

    fn stop(&mut self, reason: StopReason, word: ToWorker) {
        if self.stopping.is_none() {
            self.stopping = Some(reason);
            self.link.send(word);
        }
    }

    /// Compares what the store says with what is being done.
    async fn reload(&mut self) -> Result<(), EngineError> {
        let row = self.store.study(self.id).await?;
        if row.state == StudyState::Cancelled {
            self.stop(StopReason::Cancelled, ToWorker::Stop);
            return Ok(());
        }
        self.take_up(row.study)?;
        self.pause(row.state == StudyState::Paused);
        // What is on its way to the store is not known there yet; only indices that are neither there nor on their way were taken back.
        if let Some(commit) = self.commit.take() {
            match commit.await {
                Ok((records, result)) => self.committed(records, result)?,
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
        }
        let ended = self.store.ended(self.id).await?;
        let mut known: RoaringTreemap = &ended.succeeded | &ended.failed;
        known.extend(self.pending.iter().map(|record| record.index));
        self.conductor.open_again_unless(&known);
        self.succeeded = ended.succeeded.len();
        self.failed = ended.failed.len();
        self.failures = self.failed + self.pending.iter().filter(|record| !record.succeeded()).count() as u64;
        self.tell();
        Ok(())
    }

    /// Stops when the study has used what it may.
    fn heed_limits(&mut self) {
        if self.stopping.is_some() || self.paused {
            return;
        }
        let worked = self.clock.read(Instant::now());
        let spent = Spent { cpu: self.cpu, worked, failed: self.failures };
        let reason = match self.limits.reached(&spent, self.conductor.space().len()) {
            Some(Cap::Cpu) => StopReason::CpuLimit,
            Some(Cap::Time) => StopReason::TimeLimit,
            Some(Cap::Failures) => StopReason::TooManyFailures,
            None => return,
        };
        self.stop(reason, ToWorker::Drain);
    }

    /// Tells the store now and then how long the study has been worked on, so that a crash forgets little of it.
    fn note_time(&mut self) {
        let now = Instant::now();
        if now.duration_since(self.clock.noted) < NOTE_TIME || self.store_retry.is_some() {
            return;
        }
        self.clock.noted = now;
        let (store, id, worked) = (self.store.clone(), self.id, self.clock.read(now));
        tokio::spawn(async move {
            // It is said again, with more.
            let _ = store.worked(id, worked).await;
        });
    }

    /// Takes up points that were added, and the slots and limits that were asked for.
    fn take_up(&mut self, mut study: Study) -> Result<(), EngineError> {
        // What was said on this process's command line holds until somebody asks for something else.
        study.run.slots = self.study.run.slots;
        let grown = study.space != self.study.space;
        let asked = study.run.wished_slots != self.study.run.wished_slots;
        self.limits = study.run.limits_now();
        if !grown && !asked && self.limits == self.study.run.limits_now() {
            return Ok(());
        }
        if grown {
            self.conductor.grow(compile(&study)?);
        }
        self.study = Arc::new(study);
        self.assign();
        if asked {
            let message = match self.study.run.slots_now() {
                Some(slots) => format!("{slots} runs at once from now on"),
                None => "as many runs at once as there is room for from now on".to_owned(),
            };
            self.observer.event(Event::Notice { message });
        }
        Ok(())
    }

    /// Starts nothing until the pause is over; what runs may end.
    fn pause(&mut self, paused: bool) {
        if std::mem::replace(&mut self.paused, paused) == paused {
            return;
        }
        if self.held.is_none() {
            self.rest(paused);
        }
        let message = match paused {
            true => "paused; `paramo resume` goes on",
            false => "going on after the pause",
        };
        self.observer.event(Event::Notice { message: message.to_owned() });
    }

    /// Starts nothing while the project has used what it may.
    fn hold(&mut self) {
        let held = self.budget.over();
        let before = std::mem::replace(&mut self.held, held);
        if before == held {
            return;
        }
        if !self.paused && before.is_some() != held.is_some() {
            self.rest(held.is_some());
        }
        let message = match held {
            Some(Over::Cpu) => "the project has used its CPU hours; it goes on when it gets more",
            Some(Over::Storage) => "the project has filled its storage; it goes on when there is room",
            None => "the project may use more; going on",
        };
        self.observer.event(Event::Notice { message: message.to_owned() });
    }

    fn rests(&self) -> bool {
        self.paused || self.held.is_some()
    }

    /// Has the worker start nothing, or go on.
    fn rest(&mut self, rest: bool) {
        let study = self.id;
        self.link.send(if rest { ToWorker::Pause { study } } else { ToWorker::Resume { study } });
        // The worker asks anew when it goes on.
        self.hungry = 0;
        self.clock.go(!rest, Instant::now());
    }

    fn progress(&mut self, now: Instant) -> Progress {
        let done = self.succeeded + self.failed;
        self.rate.note(now, done);
        let total = self.conductor.space().len();
        let left = total.saturating_sub(done + self.conductor.skipped());
        Progress {
            total,
            skipped: self.conductor.skipped(),
            succeeded: self.succeeded,
            failed: self.failed,
            running: self.running.len() as u64,
            retried: self.retried,
            rate: self.rate.per_second(),
            remaining: self.rate.remaining(left).filter(|_| !self.rests()),
            elapsed: now.duration_since(self.started).as_secs_f64(),
            paused: self.paused,
        }
    }

    fn say_what_is_learned(&mut self) {
        let expected = self.conductor.expected();
        if self.has_learned || expected.is_unknown() {
            return;
        }
        self.has_learned = true;
        let words = [expected.memory.map(|it| it.to_string()), expected.time.map(|it| it.to_string())];
        let words: Vec<String> = words.into_iter().flatten().collect();
        let message = format!(
            "runs are placed by what others have used from here on: {} at the most",
            words.join(" and ")
        );
        self.observer.event(Event::Notice { message });
    }

    fn tell(&mut self) {
        self.say_what_is_learned();
        let now = Instant::now();
        let progress = self.progress(now);
        if self.observer.watched() {
            let idle = self.conductor.leased() == 0 && !self.conductor.has_work(now);
            let next = self.conductor.next_due().filter(|_| idle);
            let mut running: Vec<Running> = self.running.values().copied().collect();
            running.sort_unstable_by_key(|run| (run.since, run.index));
            running.truncate(Moment::RUNNING);
            self.observer.moment(Moment {
                at: timestamp(),
                progress: progress.clone(),
                slots: self.study.run.slots_now(),
                stopping: self.stopping,
                notice: None,
                typical: (self.taken.0 > 0).then(|| Seconds(self.taken.1.seconds() / self.taken.0 as f64)),
                expected: self.conductor.expected(),
                next_retry: next.map(|due| Seconds(due.saturating_duration_since(now).as_secs_f64())),
                running,
            });
        }
        self.observer.event(Event::Progress(progress));
    }

    async fn finish(mut self, gone: bool) -> Result<Outcome, EngineError> {
        let capped = matches!(
            self.stopping,
            Some(StopReason::CpuLimit | StopReason::TimeLimit | StopReason::TooManyFailures)
        );
        if capped {
            // Nothing was leased since the limit was reached: it may have been the last run that reached it.
            self.conductor
                .lease(1, Instant::now())
                .map_err(|(index, message)| EngineError::Condition { index, message })?;
        }
        let finished = self.conductor.finished();
        self.clock.go(false, Instant::now());
        self.store.worked(self.id, self.clock.before).await?;
        let reason = match self.stopping {
            Some(reason) if !finished => reason,
            _ => StopReason::Finished,
        };
        if finished {
            self.store.set_state(self.id, StudyState::Finished).await?;
        } else if capped && self.store.study(self.id).await?.state == StudyState::Open {
            self.store.set_state(self.id, StudyState::Paused).await?;
        }
        if !gone {
            // The worker holds nothing any more; wait for its word that no process is left.
            self.link.send(ToWorker::Drain);
            while let Some(news) = self.link.receive().await {
                // All is stored: what still comes is of runs that were made twice.
                let late = news.into_iter().filter_map(|message| match message {
                    FromWorker::Report(report) => Some((report.index, report.attempt.number)),
                    _ => None,
                });
                let runs: Vec<(u64, u32)> = late.collect();
                if !runs.is_empty() {
                    self.link.send(ToWorker::Kept { study: self.id, runs });
                }
            }
        }
        let progress = self.progress(Instant::now());
        self.observer.event(Event::StudyStopped { reason, progress: progress.clone(), at: timestamp() });
        Ok(Outcome { reason, progress, failed_now: self.failed_now })
    }
}
