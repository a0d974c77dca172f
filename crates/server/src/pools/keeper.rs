//! Looks after the pools of one site: learns what has become of what was asked for, plans, asks for more, and lets go.
//!
//! Whatever happens in between, the next look finds it: what is asked for is written down first, with the name by which the site can be
//! asked whether it arrived.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use paramo_engine::WorkerStatus;
use paramo_engine::pools::{Backlog, Plan, PoolPolicy, Standing, Tenure, plan};
use paramo_model::{Seconds, Timestamp, WorkerId};
use paramo_sites::{Connection, EngineError, How, JobId, JobState, Pool, array_of};
use paramo_store::{Allocation, AllocationState};
use tokio::sync::watch;

use super::Ending;
use super::asking::Wish;
use super::demand::{Holds, Waiting};
use super::registry::Registry;
use super::seat::Seat;
use super::tally::{Unaccounted, held};
use super::way::{Kept, Way};
use super::whole::Missing;
use crate::clock;
use crate::host::Host;
use crate::people::Service;

/// Between two looks at what is wanted and what there is.
const LOOK: Duration = Duration::from_secs(1);
/// Between two questions to the site: while something is about to change, and else.
const ASK: Duration = Duration::from_secs(2);
const ASK_SELDOM: Duration = Duration::from_secs(15);
/// An allocation that has been seen running for so long and whose worker has not come is of no use.
const ARRIVAL: Duration = Duration::from_secs(300);
/// For so long nothing is asked for in its place.
const COMING: Duration = Duration::from_secs(60);
/// A job whose number did not arrive is looked for; after so long it was never there.
const LOST: Duration = Duration::from_secs(30);
/// When everything is to end: so long for workers to go by themselves, and then for the site to end them.
const GOODBYE: Duration = Duration::from_secs(20);
/// Allocations that are asked for at one look, so that the others are not kept waiting.
pub(super) const AT_ONCE: u32 = 16;

pub(super) struct Keeper {
    pub(super) connection: Connection,
    pub(super) way: Way,
    pub(super) relay: Kept,
    pub(super) program: PathBuf,
    /// Where the program is on the site, once it is there.
    pub(super) there: Option<String>,
    host: Weak<Host>,
    pub(super) people: Arc<Service>,
    pub(super) registry: Arc<Registry>,
    pub(super) seat: Arc<Seat>,
    pub(super) asked: Option<Instant>,
    /// When it was looked for what others have left.
    pub(super) looked: Option<Instant>,
    /// Since when an allocation is known here to be in a state. It may have been so for longer, and clocks may be set; its worker, or its
    /// number, has been able to arrive here since then and not before.
    known: HashMap<(String, AllocationState), Instant>,
    /// Since when the workers of an allocation have had nothing to do.
    idle: HashMap<String, Instant>,
    /// Allocations whose worker has come.
    came: HashSet<String>,
    /// Those of which an end was asked for here.
    ended_here: HashSet<String>,
    pub(super) missing: Missing,
    pub(super) unaccounted: VecDeque<Unaccounted>,
}

/// The workers of each allocation.
pub(super) type Workers = BTreeMap<String, Vec<WorkerStatus>>;

impl Keeper {
    pub fn new(
        connection: Connection,
        (way, program): (Way, PathBuf),
        host: Weak<Host>,
        people: Arc<Service>,
        (registry, seat): (Arc<Registry>, Arc<Seat>),
    ) -> Keeper {
        Keeper {
            connection,
            way,
            relay: Kept::default(),
            program,
            there: None,
            host,
            people,
            registry,
            seat,
            asked: None,
            looked: None,
            known: HashMap::new(),
            idle: HashMap::new(),
            came: HashSet::new(),
            ended_here: HashSet::new(),
            missing: Missing::new(),
            unaccounted: VecDeque::new(),
        }
    }

    pub(super) fn site(&self) -> &str {
        &self.connection.site.name
    }

    /// Until it is told to end, or there is no host any more.
    pub async fn keep(mut self, mut stop: watch::Receiver<Ending>) {
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let word = tokio::select! {
                word = stop.wait_for(|word| *word > Ending::Go) => word.map_or(Ending::Now, |word| *word),
                _ = look.tick() => Ending::Go,
            };
            match word {
                Ending::Go => {}
                Ending::Close => return self.close(stop).await,
                Ending::Now => return,
            }
            let Some(host) = self.host.upgrade() else { return };
            let workers = self.workers(&host).await;
            if self.looked.is_none_or(|looked| looked.elapsed() >= ASK_SELDOM) {
                // A store that does not answer is asked again.
                let _ = self.others().await;
            }
            if self.is_due(&workers) {
                self.ask(&host, &workers).await;
            }
            if !self.registry.open(self.site()).is_empty() {
                // Those who are there come back through it.
                self.led(&host).await;
            }
            self.carry_out(&host, &workers).await;
            self.account().await;
        }
    }

    /// Ends all that was asked for.
    async fn close(mut self, stop: watch::Receiver<Ending>) {
        let begun = Instant::now();
        let mut cancelled = false;
        while let Some(host) = self.host.upgrade() {
            let open = self.registry.open(self.site());
            let is_over = begun.elapsed() > 2 * GOODBYE || *stop.borrow() == Ending::Now;
            if is_over || (open.is_empty() && !self.awaits_account()) {
                return;
            }
            self.account().await;
            if open.is_empty() {
                tokio::time::sleep(LOOK / 4).await;
                continue;
            }
            let workers = self.workers(&host).await;
            for worker in workers.values().flatten().filter(|worker| !worker.draining) {
                host.board().detach(worker.id);
            }
            let late = begun.elapsed() > GOODBYE && !std::mem::replace(&mut cancelled, true);
            let without = |it: &&Allocation| late || !workers.contains_key(&it.name);
            let ends: Vec<Allocation> = open
                .iter()
                .filter(|it| it.state != AllocationState::Ending || late)
                .filter(without)
                .cloned()
                .collect();
            self.end(ends).await;
            self.ask(&host, &workers).await;
            tokio::time::sleep(LOOK / 2).await;
        }
    }

    async fn workers(&mut self, host: &Host) -> Workers {
        let mut of: Workers = BTreeMap::new();
        for worker in host.board().workers().await {
            let about = worker.remote.as_ref().map(|remote| &remote.about);
            let Some(name) = about.filter(|about| about.site.as_deref() == Some(self.site())) else {
                continue;
            };
            let Some(name) = name.allocation.clone() else { continue };
            of.entry(name).or_default().push(worker);
        }
        let now = Instant::now();
        for (name, workers) in &of {
            if self.came.insert(name.clone())
                && let Some(it) = self.registry.open(self.site()).iter().find(|it| it.name == *name)
            {
                self.registry.fine(&it.site, &it.pool);
                let cpus: f64 = workers.iter().map(|worker| worker.capacity.cpus).sum();
                self.say(host, format!("{}: the worker of {name} is there ({cpus} CPUs)", it.site));
            }
            match workers.iter().all(|worker| worker.leased == 0) {
                true => drop(self.idle.entry(name.clone()).or_insert(now)),
                false => drop(self.idle.remove(name)),
            }
        }
        of
    }

    pub(super) fn say(&self, host: &Host, text: String) {
        host.board().notice(self.site(), text);
    }

    /// Whether the site is to be asked now.
    fn is_due(&self, workers: &Workers) -> bool {
        let open = self.registry.open(self.site());
        let settled = |it: &Allocation| {
            it.state == AllocationState::Running
                && workers.get(&it.name).is_some_and(|workers| {
                    workers.iter().all(|worker| worker.remote.as_ref().is_some_and(|it| it.away.is_none()))
                })
        };
        // Of one that is away people want to know when it is back.
        let rests = open.iter().all(settled) && !self.registry.is_away(self.site());
        let every = if rests { ASK_SELDOM } else { ASK };
        !open.is_empty() && self.asked.is_none_or(|asked| asked.elapsed() >= every)
    }

    /// Learns what has become of what was asked for.
    async fn ask(&mut self, host: &Host, workers: &Workers) {
        self.asked = Some(Instant::now());
        let mut open = self.registry.open(self.site());
        for allocation in open.iter_mut().filter(|it| it.job.is_none()) {
            // All of an array have one name at the site.
            let (name, index) = array_of(&allocation.name)
                .map_or((allocation.name.as_str(), None), |(array, index)| (array, Some(index)));
            match self.connection.engine.find(name).await {
                Ok(Some(job)) => {
                    let job = index.map_or_else(|| job.to_string(), |index| format!("{job}_{index}"));
                    allocation.job = Some(job);
                    self.put(Allocation { state: AllocationState::Waiting, ..allocation.clone() }).await;
                }
                Ok(None) if self.known_for(allocation, AllocationState::Asked) > LOST => {
                    self.over(host, allocation.clone(), "the site never got it", true).await;
                }
                Ok(None) => {}
                Err(error) => return self.away(host, &error),
            }
        }
        let number = |it: &Allocation| it.job.as_deref().and_then(JobId::new);
        let jobs: Vec<JobId> = open.iter().filter_map(number).collect();
        if jobs.is_empty() {
            return;
        }
        let states = match self.connection.engine.states(&jobs).await {
            Ok(states) => states,
            Err(error) => return self.away(host, &error),
        };
        if self.registry.away(self.site(), None) {
            self.say(host, format!("{} answers again", self.site()));
        }
        for allocation in open {
            let Some(state) = number(&allocation).and_then(|job| states.get(&job)) else { continue };
            let is_there = workers.get(&allocation.name).is_some_and(|workers| {
                workers.iter().any(|worker| worker.remote.as_ref().is_some_and(|it| it.away.is_none()))
            });
            self.heard(host, allocation, state, is_there).await;
        }
    }

    pub(super) fn away(&mut self, host: &Host, error: &EngineError) {
        if self.registry.away(self.site(), Some(error.to_string())) {
            self.say(host, format!("{} does not answer, and is asked again: {error}", self.site()));
        }
    }

    /// Takes what a site says of an allocation.
    async fn heard(&mut self, host: &Host, allocation: Allocation, state: &JobState, is_there: bool) {
        let ending = allocation.state == AllocationState::Ending;
        match state {
            JobState::Waiting { reason } => {
                let state = if ending { AllocationState::Ending } else { AllocationState::Waiting };
                // One that was requeued has not begun.
                self.change(host, Allocation { state, detail: reason.clone(), began: None, ..allocation })
                    .await;
            }
            JobState::Running { nodes } => {
                let began = allocation.began.unwrap_or_else(clock::now);
                let late = self.known_for(&allocation, AllocationState::Running) > ARRIVAL
                    && !self.came.contains(&allocation.name);
                if late && !ending {
                    let why = self.last_words(&allocation).await;
                    let why = format!("its worker has not come for {} min: {why}", ARRIVAL.as_secs() / 60);
                    self.registry.failed(&allocation.site, &allocation.pool, why);
                    return self.end(vec![allocation]).await;
                }
                let state = if ending { AllocationState::Ending } else { AllocationState::Running };
                let detail = if nodes.is_empty() { String::new() } else { format!("on {nodes}") };
                self.change(host, Allocation { state, detail, began: Some(began), ..allocation }).await;
            }
            JobState::Ended(how) => {
                // Its end may have been asked for by the process before this one.
                let of_use = *how == How::Succeeded
                    || self.came.contains(&allocation.name)
                    || self.ended_here.contains(&allocation.name)
                    || ending;
                let mut words = how.to_string();
                if !of_use {
                    words = format!("{words}: {}", self.last_words(&allocation).await);
                }
                self.over(host, allocation, &words, !of_use).await;
            }
            // The site may have forgotten it: its worker knows better.
            JobState::Vanished if is_there => {}
            JobState::Vanished => {
                let failed = !ending && !self.came.contains(&allocation.name);
                self.over(host, allocation, "the site does not know it any more", failed).await;
            }
        }
    }

    /// Whether the worker of an allocation has been there.
    pub(super) fn has_come(&self, name: &str) -> bool {
        self.came.contains(name)
    }

    /// For how long an allocation has been known here to be in a state.
    fn known_for(&mut self, allocation: &Allocation, state: AllocationState) -> Duration {
        self.known.entry((allocation.name.clone(), state)).or_insert_with(Instant::now).elapsed()
    }

    /// What a worker that never came has said in its log.
    async fn last_words(&self, allocation: &Allocation) -> String {
        let log = self.connection.worker_log(&allocation.name).await.unwrap_or_default();
        let lines = || log.lines().rev().map(str::trim).filter(|line| !line.is_empty());
        let error = lines().find_map(|line| line.strip_prefix("error: "));
        error.or_else(|| lines().next()).unwrap_or("its log is empty").to_owned()
    }

    async fn change(&self, host: &Host, allocation: Allocation) {
        let known = self.registry.open(self.site()).into_iter().find(|it| it.name == allocation.name);
        if known.as_ref() == Some(&allocation) {
            return;
        }
        if known.is_some_and(|known| known.state != allocation.state) {
            let job = allocation.job.as_ref().map(|job| format!(" (job {job})")).unwrap_or_default();
            let detail = &allocation.detail;
            let words = match allocation.state {
                AllocationState::Running => format!("has begun {detail}").trim_end().to_owned(),
                AllocationState::Waiting if !detail.is_empty() => format!("is waiting ({detail})"),
                AllocationState::Waiting => "is waiting".to_owned(),
                _ => "is ending".to_owned(),
            };
            self.say(host, format!("{}: {}{job} {words}", allocation.site, allocation.name));
        }
        self.put(allocation).await;
    }

    /// Writes down how an allocation is.
    pub(super) async fn put(&self, allocation: Allocation) {
        // What cannot be written now is found out again by the next server: it asks the site.
        let _ = self.people.store().put_allocation(&allocation).await;
        self.registry.put(allocation);
    }

    /// An allocation is no more.
    pub(super) async fn over(&mut self, host: &Host, allocation: Allocation, how: &str, failed: bool) {
        self.say(host, format!("{}: {} {how}", allocation.site, allocation.name));
        if failed {
            self.registry.failed(&allocation.site, &allocation.pool, how.to_owned());
        }
        host.board().give_up(&allocation.name);
        // It has expired by itself, or is of no use without its job.
        let _ = self.people.withdraw_worker_token(allocation.token).await;
        self.known.retain(|(name, _), _| *name != allocation.name);
        self.idle.remove(&allocation.name);
        self.came.remove(&allocation.name);
        self.ended_here.remove(&allocation.name);
        let (state, ended) = (AllocationState::Ended, Some(clock::now()));
        let allocation = Allocation { state, detail: how.to_owned(), ended, ..allocation };
        self.put(allocation.clone()).await;
        self.settle(allocation).await;
    }

    /// Compares what is wanted with what there is, pool by pool.
    async fn carry_out(&mut self, host: &Arc<Host>, workers: &Workers) {
        let pools = self.connection.site.pools.clone();
        let waiting = host.waiting();
        self.choose_places(host, &waiting).await;
        for (name, pool) in &pools {
            let holds = Holds::of(pool);
            let of_site = waiting.iter().filter(|it| self.registry.is_for(it, self.site(), name));
            let backlog: Vec<Backlog> = of_site
                .filter_map(|it| it.backlog(&holds, self.registry.coming(it, (self.site(), name))))
                .collect();
            let open: Vec<Allocation> =
                self.registry.open(self.site()).into_iter().filter(|it| it.pool == *name).collect();
            let (whole, open): (Vec<_>, Vec<_>) = open.into_iter().partition(|it| it.study.is_some());
            let plan = plan(
                &backlog,
                &self.tenures(&open, workers, holds.walltime),
                &policy(pool, &holds, held(&whole)),
            );
            self.let_go(host, &open, workers, &plan).await;
            let wish = Wish::shared(name, pool);
            self.ask_for_more(host, &wish, plan.submit).await;
            let alone: Vec<&Waiting> = waiting
                .iter()
                .filter(|it| it.resources.is_whole() && self.registry.is_for(it, self.site(), name))
                .collect();
            self.see_to_whole(host, workers, (name, pool), &alone, &whole).await;
        }
        // What a pool has left that is not described any more does its work and ends.
        let open: Vec<Allocation> =
            self.registry.open(self.site()).into_iter().filter(|it| !pools.contains_key(&it.pool)).collect();
        if !open.is_empty() {
            let lasts = Seconds(f64::INFINITY);
            let plan = plan(&[], &self.tenures(&open, workers, lasts), &PoolPolicy::gone());
            self.let_go(host, &open, workers, &plan).await;
        }
    }

    /// How each allocation is, numbered as they come.
    fn tenures(&self, open: &[Allocation], workers: &Workers, lasts: Seconds) -> Vec<Tenure> {
        let standing = |it: &Allocation| match it.state {
            // A worker that is there comes before the site's word that it has begun.
            AllocationState::Asked | AllocationState::Waiting if !workers.contains_key(&it.name) => {
                Standing::Pending
            }
            AllocationState::Asked | AllocationState::Waiting | AllocationState::Running => {
                let there = workers.get(&it.name);
                if there.is_some_and(|workers| workers.iter().all(|worker| worker.draining)) {
                    return Standing::Draining;
                }
                let passed = age(it.began.unwrap_or_else(clock::now));
                let left = Duration::try_from_secs_f64(lasts.0).unwrap_or(Duration::MAX);
                let idle = match there {
                    Some(_) => self.idle.get(&it.name).map(Instant::elapsed),
                    // Its worker may never come: of one that another process asked for, it may not know the way here.
                    None if self.waited_for(it) > COMING => return Standing::Draining,
                    // It is about to take some.
                    None => Some(Duration::ZERO),
                };
                Standing::Running { idle, left: left.saturating_sub(passed) }
            }
            AllocationState::Ending | AllocationState::Ended => Standing::Draining,
        };
        open.iter().enumerate().map(|(at, it)| Tenure { id: at as u64, standing: standing(it) }).collect()
    }

    /// For how long the worker of an allocation that runs has been waited for.
    fn waited_for(&self, allocation: &Allocation) -> Duration {
        let running = (allocation.name.clone(), AllocationState::Running);
        self.known.get(&running).map(Instant::elapsed).unwrap_or_default()
    }

    /// Cancels what has not begun and is not needed, and sends workers away that are not.
    async fn let_go(&mut self, host: &Host, open: &[Allocation], workers: &Workers, plan: &Plan) {
        let of = |ids: &[u64]| -> Vec<Allocation> {
            ids.iter().filter_map(|id| open.get(usize::try_from(*id).ok()?)).cloned().collect()
        };
        self.end(of(&plan.cancel)).await;
        self.give_back(host, workers, of(&plan.drain)).await;
    }

    /// Sends the workers of these away, or has the site end those without.
    pub(super) async fn give_back(&mut self, host: &Host, workers: &Workers, allocations: Vec<Allocation>) {
        let (with, without): (Vec<_>, Vec<_>) =
            allocations.into_iter().partition(|it| workers.contains_key(&it.name));
        for allocation in with {
            let of = workers.get(&allocation.name).into_iter().flatten();
            let ids: Vec<WorkerId> = of.filter(|worker| !worker.draining).map(|worker| worker.id).collect();
            ids.into_iter().for_each(|id| host.board().detach(id));
            self.ended_here.insert(allocation.name);
        }
        self.end(without).await;
    }

    /// Asks for so many more, as far as there may be more.
    pub(super) async fn ask_for_more(&mut self, host: &Host, wish: &Wish<'_>, count: u32) {
        if count == 0 || self.registry.waits(self.site(), wish.pool) {
            return;
        }
        // What cannot be counted now is planned again at the next look.
        let Ok(there) = self.there(wish.pool).await else { return };
        let room = wish.maximum.saturating_sub(there);
        if room == 0 {
            if self.is_filled_by_others(wish) {
                self.registry.full(self.site(), wish.pool);
            }
            return;
        }
        self.registry.has_room(self.site(), wish.pool);
        // Runs that need an allocation each wait in the site's queue together; so many of them begin as there is room for.
        if wish.study.is_some() && count > 1 && self.connection.engine.has_arrays() {
            return self.submit_array(host, wish, count, room).await;
        }
        for _ in 0..count.min(AT_ONCE).min(room) {
            if !self.submit(host, wish).await {
                return;
            }
        }
    }

    /// Has the site end allocations.
    async fn end(&mut self, allocations: Vec<Allocation>) {
        let jobs: Vec<JobId> =
            allocations.iter().filter_map(|it| it.job.as_deref().and_then(JobId::new)).collect();
        if jobs.is_empty() {
            return;
        }
        if self.connection.engine.cancel(&jobs).await.is_err() {
            // It is planned again at the next look.
            return;
        }
        for allocation in allocations.into_iter().filter(|it| it.job.is_some()) {
            self.ended_here.insert(allocation.name.clone());
            self.put(Allocation { state: AllocationState::Ending, ..allocation }).await;
        }
        self.asked = None;
    }
}

/// What is kept to, beside so many allocations for one run each.
fn policy(pool: &Pool, holds: &Holds, whole: u32) -> PoolPolicy {
    let time = |seconds: Seconds| Duration::try_from_secs_f64(seconds.0).unwrap_or(Duration::MAX);
    let maximum = pool.maximum.saturating_sub(whole);
    PoolPolicy {
        minimum: pool.minimum.min(maximum),
        maximum,
        cpus: holds.capacity.cpus,
        walltime: time(holds.walltime),
        idle: time(pool.idle),
    }
}

/// How long ago something was. Clocks that were set back make nothing older.
fn age(since: Timestamp) -> Duration {
    let micros = clock::now().0.saturating_sub(since.0);
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}
