//! Works on many studies at once, on the same workers: what the API asks for is done here.
//!
//! Wishes are written to the store first and then told to whatever works on the study; so they hold when the server dies in between. A
//! server that starts takes up again every study that was left open.

mod kept;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use paramo_engine::{
    Budget, Changed, Code, Command, Driver, EngineError, InProject, Observer, Outcome, Plan, ProjectTerms,
    Standing, Switchboard, Terms, Usage, Why, conduct, pass_on, plan, why,
};
use paramo_model::{
    Bytes, Capacity, Event, Limits, Micros, Moment, Name, Seconds, StopReason, Study, StudyId, StudyState,
};
use paramo_store::{Held, People, Project, Store, StoreError, StudyLock, StudyRow};
use paramo_worker::Link;
use roaring::RoaringTreemap;
use serde_json::json;
use tokio::sync::{mpsc, watch};

use self::kept::Kept;
use crate::cache::Cache;
use crate::hub::Hub;
use crate::pools::{Registry, Waiting, Wants};
use crate::shape::{self, Going, Reason};
use crate::workers::{self, Patience, Sources};

/// A host, with its store, its workers and what it works on.
pub struct Host {
    store: Arc<dyn Store>,
    /// Where files of runs are, absolute.
    directory: String,
    board: Switchboard,
    /// What the largest worker here has; nothing where all are elsewhere. A study that nobody could run is refused.
    here: Option<Capacity>,
    patience: Patience,
    sources: Sources,
    hub: Hub,
    projects: Mutex<HashMap<Name, Budget>>,
    /// Who knows what projects keep.
    people: OnceLock<Arc<dyn People>>,
    /// The sites whose pools are kept.
    pools: OnceLock<Arc<Registry>>,
    /// The file with the sites, where that was said.
    sites_file: OnceLock<PathBuf>,
    cache: Cache,
    kept: Arc<Kept>,
    driven: Mutex<HashMap<StudyId, Driven>>,
    idle: watch::Sender<usize>,
}

/// A study that is being worked on.
struct Driven {
    project: Name,
    /// Where its runs may be made, and what each needs.
    wants: Wants,
    commands: mpsc::UnboundedSender<Command>,
    now: watch::Receiver<Option<Arc<Moment>>>,
}

/// Why the host does not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0}")]
    Held(String),
    #[error("no run of {name} can start: {message}")]
    Preflight { name: String, message: String },
    #[error("{name} differs from the study that is stored under this name: {differences}")]
    Differs { name: String, differences: String },
}

impl Host {
    /// A host over a store, for studies whose runs fit `here`. Needs a runtime. The error is a system without random numbers.
    pub fn new(store: Arc<dyn Store>, directory: String, here: Capacity) -> std::io::Result<Arc<Host>> {
        Host::patient(store, directory, Some(here), Patience::default())
    }

    /// The same with workers elsewhere: without `here` there are no others.
    pub fn patient(
        store: Arc<dyn Store>,
        directory: String,
        here: Option<Capacity>,
        patience: Patience,
    ) -> std::io::Result<Arc<Host>> {
        // Tells the numbers of its changes from those of an earlier host.
        let mut epoch = [0u8; 4];
        rustix::rand::getrandom(&mut epoch, rustix::rand::GetRandomFlags::empty())?;
        let (notes, noted) = mpsc::unbounded_channel();
        let host = Arc::new(Host {
            store,
            kept: Arc::new(Kept::new(&directory)),
            directory,
            board: Switchboard::for_remote(patience.grace, notes),
            here,
            patience,
            sources: Sources::default(),
            hub: Hub::new(u32::from_ne_bytes(epoch).into()),
            projects: Mutex::default(),
            people: OnceLock::new(),
            pools: OnceLock::new(),
            sites_file: OnceLock::new(),
            cache: Cache::default(),
            driven: Mutex::default(),
            idle: watch::Sender::new(0),
        });
        tokio::spawn(workers::listen(Arc::downgrade(&host), noted));
        Ok(host)
    }

    /// Keeps files from the workers elsewhere that are sent the directory in which they are: those with the server's secrets.
    pub fn keep_private(&self, files: &[PathBuf]) {
        self.sources.keep(files);
    }

    /// How patient it is with workers elsewhere.
    pub(crate) fn patience(&self) -> Patience {
        self.patience
    }

    /// The directories of studies, as they are sent to workers elsewhere.
    pub(crate) fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Remembers of which studies a worker elsewhere has runs.
    pub(crate) async fn remember(&self, key: &str, studies: &[StudyId]) {
        if let Some(people) = self.people.get() {
            // What is not remembered is made twice at the worst, and counts once.
            let _ = people.set_worker(key, studies).await;
        }
    }

    /// Says that there are results that came without anybody working on their study.
    pub(crate) fn told_of_results(&self, id: StudyId) {
        self.told(id, "study-changed");
    }

    pub fn board(&self) -> &Switchboard {
        &self.board
    }

    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The results that are being looked at.
    pub(crate) fn cache(&self) -> &Cache {
        &self.cache
    }

    pub fn directory(&self) -> &Path {
        Path::new(&self.directory)
    }

    /// Takes up every study that is open or paused. What cannot be taken up is said and left.
    pub async fn take_up_all(self: &Arc<Host>) -> Result<Vec<(String, HostError)>, HostError> {
        let mut left = Vec::new();
        for summary in self.store.summaries().await? {
            if !matches!(summary.state, StudyState::Open | StudyState::Paused) {
                continue;
            }
            if let Err(error) = self.drive(summary.id).await {
                left.push((summary.title(), error));
            }
        }
        Ok(left)
    }

    /// Takes a study into a project: as a new one, or as what the stored one of its name there has become.
    pub async fn submit(
        &self,
        project: &Name,
        study: &Study,
        changed: Changed,
    ) -> Result<(StudyRow, bool), HostError> {
        let stored = self.store.find(project.as_str(), study.name.as_str(), None).await?;
        match (plan(stored.as_ref(), study, changed), stored) {
            (Plan::Continue | Plan::Finished, Some(row)) => Ok((row, false)),
            (Plan::Replace(_), Some(row)) => {
                self.store.replace(row.id, study).await?;
                if row.state == StudyState::Finished {
                    self.store.set_state(row.id, StudyState::Open).await?;
                }
                self.told(row.id, "study-changed");
                Ok((self.store.study(row.id).await?, false))
            }
            (Plan::Refuse(found), _) => {
                let differences: Vec<String> = found.iter().map(ToString::to_string).collect();
                Err(HostError::Differs { name: study.name.to_string(), differences: differences.join("; ") })
            }
            _ => {
                let row = self.store.create(project.as_str(), study).await?;
                self.told(row.id, "study-created");
                Ok((row, true))
            }
        }
    }

    /// Works on a study until it ends, unless that is being done.
    pub async fn drive(self: &Arc<Host>, id: StudyId) -> Result<(), HostError> {
        if self.command(id, Command::Reload) {
            return Ok(());
        }
        let mut lock = self.store.lock(id).await.map_err(|held| match held {
            Held::By(holder) => HostError::Held(format!("{holder} works on this study")),
            Held::Failed(error) => error.into(),
        })?;
        let mut row = self.store.study(id).await?;
        if let Some(message) = self.missing(&row.study).await {
            return Err(HostError::Preflight { name: row.title(), message });
        }
        if !matches!(row.state, StudyState::Open | StudyState::Paused) {
            self.store.set_state(id, StudyState::Open).await?;
            row.state = StudyState::Open;
        }
        let (commands, orders) = mpsc::unbounded_channel();
        if let Some(news) = lock.news() {
            tokio::spawn(pass_on(news, commands.clone()));
        }
        let (moments, now) = watch::channel(None);
        // Between the look above and here nobody else can have begun: the lock is ours.
        let project = row.project.clone();
        let budget = self.budget(&project).await?;
        let wants = Wants::of(&row.study);
        self.driven().insert(id, Driven { project, wants, commands, now });
        self.idle.send_modify(|working| *working += 1);
        self.told(id, "study-taken-up");
        // Workers that come from now on find it open.
        let link = self.board.open(id, row.project.clone(), Terms::default());
        tokio::spawn(Arc::clone(self).work(row, budget, orders, moments, lock, link));
        Ok(())
    }

    /// Says in which file the sites are. Said once, before anybody is answered.
    pub fn set_sites_file(&self, file: PathBuf) {
        // A second one is never said.
        let _ = self.sites_file.set(file);
    }

    pub(crate) fn sites_file(&self) -> Option<&Path> {
        self.sites_file.get().map(PathBuf::as_path)
    }

    /// Says which sites' pools are kept. Said once.
    pub(crate) fn set_pools(&self, pools: Arc<Registry>) {
        // A second word would be the same.
        let _ = self.pools.set(pools);
    }

    /// The sites whose pools are kept.
    pub(crate) fn pools(&self) -> Option<&Arc<Registry>> {
        self.pools.get()
    }

    /// What waits of the studies that are worked on.
    pub(crate) fn waiting(&self) -> Vec<Waiting> {
        let driven = self.driven();
        let waiting = driven.iter().filter_map(|(id, driven)| {
            let moment = driven.now.borrow();
            moment.as_ref().map(|moment| Waiting::new(*id, driven.wants.clone(), moment))
        });
        waiting.collect()
    }

    /// What keeps every run of a study from starting, here and elsewhere. What there is elsewhere is not known before it is tried.
    async fn missing(&self, study: &Study) -> Option<String> {
        if let Some(unfit) = self.unfit_elsewhere(study) {
            return Some(unfit);
        }
        if !study.run.site.is_local() {
            return None;
        }
        let here = self.here.as_ref()?;
        let missing = paramo_worker::preflight(study, here).err()?;
        let workers = self.board.workers().await;
        let needs = &study.application.resources;
        let elsewhere = workers.iter().filter(|worker| worker.remote.is_some());
        let fits = elsewhere.map(|worker| paramo_worker::room(needs, &worker.capacity).is_ok());
        if fits.into_iter().any(|fits| fits) { None } else { Some(missing) }
    }

    async fn work(
        self: Arc<Host>,
        row: StudyRow,
        budget: Budget,
        orders: mpsc::UnboundedReceiver<Command>,
        moments: watch::Sender<Option<Arc<Moment>>>,
        lock: StudyLock,
        link: Box<dyn Link>,
    ) {
        let id = row.id;
        let outcome = self.conducted(row, budget, orders, moments, link, None).await;
        self.driven().remove(&id);
        drop(lock);
        if let Err(error) = outcome {
            let json = json!({ "study": id.0, "message": error.to_string() });
            self.hub.say(Some(id), "study-failed", json.to_string());
        }
        self.idle.send_modify(|working| *working -= 1);
    }

    /// Works on a study for the caller, who holds its lock, gives the orders and looks on, until it ends.
    pub async fn work_for(
        self: &Arc<Host>,
        row: StudyRow,
        (commands, orders): (mpsc::UnboundedSender<Command>, mpsc::UnboundedReceiver<Command>),
        caller: &mut (dyn Observer + Send),
    ) -> Result<Outcome, EngineError> {
        let (id, project) = (row.id, row.project.clone());
        let (moments, now) = watch::channel(None);
        let budget = self.budget(&project).await?;
        let wants = Wants::of(&row.study);
        self.driven().insert(id, Driven { project, wants, commands, now });
        self.told(id, "study-taken-up");
        let link = self.board.open(id, row.project.clone(), Terms::default());
        let outcome = self.conducted(row, budget, orders, moments, link, Some(caller)).await;
        self.driven().remove(&id);
        outcome
    }

    async fn conducted<'a>(
        self: &'a Arc<Host>,
        row: StudyRow,
        budget: Budget,
        orders: mpsc::UnboundedReceiver<Command>,
        moments: watch::Sender<Option<Arc<Moment>>>,
        link: Box<dyn Link>,
        caller: Option<&'a mut (dyn Observer + Send)>,
    ) -> Result<Outcome, EngineError> {
        let id = row.id;
        let (project, counting) = (row.project.clone(), Arc::default());
        let mut view = View { host: self, id, moments, project, done: 0, counting, caller };
        conduct(self.store.clone(), row, link, &self.directory, budget, orders, &mut view).await
    }

    /// Starts nothing more until the pause is over.
    pub async fn pause(&self, id: StudyId) -> Result<(), HostError> {
        self.store.set_state(id, StudyState::Paused).await?;
        self.changed(id);
        Ok(())
    }

    /// Ends a pause, or takes a cancelled study up again.
    pub async fn resume(self: &Arc<Host>, id: StudyId) -> Result<(), HostError> {
        self.store.set_state(id, StudyState::Open).await?;
        self.changed(id);
        self.drive(id).await
    }

    /// Ends what runs of a study; what has ended stays.
    pub async fn cancel(&self, id: StudyId) -> Result<(), HostError> {
        self.store.set_state(id, StudyState::Cancelled).await?;
        self.changed(id);
        Ok(())
    }

    /// So many runs at once, or as many as the study says.
    pub async fn slots(&self, id: StudyId, slots: Option<u32>) -> Result<(), HostError> {
        let mut study = self.store.study(id).await?.study;
        study.run.wished_slots = slots;
        self.store.replace(id, &study).await?;
        self.changed(id);
        Ok(())
    }

    /// What a study may use; with `None` what it says itself. One that has been stopped by a limit goes on when it is resumed.
    pub async fn limits(&self, id: StudyId, limits: Option<Limits>) -> Result<(), HostError> {
        let mut study = self.store.study(id).await?.study;
        study.run.wished_limits = limits;
        self.store.replace(id, &study).await?;
        self.changed(id);
        Ok(())
    }

    /// What the studies of a project may have from now on. Those that waited for it go on by themselves.
    pub async fn set_project(&self, name: &Name, terms: ProjectTerms) -> Result<(), HostError> {
        self.budget(name).await?.set_terms(terms);
        self.recount(name).await?;
        self.board.set_project(name.clone(), terms);
        Ok(())
    }

    /// Holds projects to their quotas and shares as `people` has them. Said once, before anything is worked on.
    pub async fn govern(&self, people: Arc<dyn People>) -> Result<(), HostError> {
        let projects = people.projects().await?;
        let known = people.known_workers().await?.into_iter().map(|worker| (worker.key, worker.studies));
        self.board.expect(known.collect(), self.patience.returning);
        // A second word would be the same.
        let _ = self.people.set(people);
        for project in &projects {
            self.set_project(&project.name, terms(project)).await?;
        }
        Ok(())
    }

    /// Takes up what a project may have by now. What waited for it goes on.
    pub async fn project_changed(&self, name: &Name) -> Result<(), HostError> {
        let Some(people) = self.people.get() else { return Ok(()) };
        let project = people.project(name.as_str()).await?;
        self.set_project(name, terms(&project)).await
    }

    /// Counts anew what a project keeps, where that is limited.
    async fn recount(&self, name: &Name) -> Result<(), HostError> {
        let Some(people) = self.people.get() else { return Ok(()) };
        let budget = self.budget(name).await?;
        if budget.terms().storage.is_some() {
            let stored = people.usage(name.as_str()).await?.storage;
            let files = self.files(Some(name)).await?.remove(name).unwrap_or_default();
            budget.set_storage(Bytes(stored.0.saturating_add(files.0)));
        }
        Ok(())
    }

    /// What the files of the runs of each project take up, beside the store; of one alone, when it is named: its directories are read.
    pub async fn files(&self, only: Option<&Name>) -> Result<BTreeMap<Name, Bytes>, StoreError> {
        let mut studies: BTreeMap<Name, Vec<StudyId>> = BTreeMap::new();
        let summaries = self.store.summaries().await?;
        for study in summaries.into_iter().filter(|study| only.is_none_or(|only| study.project == *only)) {
            studies.entry(study.project).or_default().push(study.id);
        }
        let kept = self.kept.clone();
        let sizes = tokio::task::spawn_blocking(move || {
            studies.into_iter().map(|(project, studies)| (project, kept.size(&studies))).collect()
        });
        // It ends early only with the runtime.
        Ok(sizes.await.unwrap_or_default())
    }

    /// A project, with what it uses.
    pub async fn project(&self, name: &Name) -> Result<InProject, HostError> {
        let budget = self.budget(name).await?;
        let mut usage = budget.usage();
        let driven = self.driven();
        let moments =
            driven.values().filter(|driven| driven.project == *name).map(|driven| driven.now.borrow());
        usage.running = moments.map(|now| now.as_ref().map_or(0, |now| now.progress.running)).sum();
        Ok(InProject { name: name.clone(), terms: budget.terms(), usage })
    }

    /// The first thing in the way of a study; `None` while it goes on.
    pub async fn why(&self, row: &StudyRow) -> Result<Option<Why>, HostError> {
        let project = self.project(&row.project).await?;
        let (driven, now) = self.now(row.id);
        let driver = match driven {
            true => Driver::Working,
            false => match self.store.holder(row.id).await? {
                Some(holder) => Driver::Other(holder.to_string()),
                // Whoever resumes it has this host take it up.
                None if row.state == StudyState::Paused => Driver::Working,
                None => Driver::Nobody,
            },
        };
        let wanted = &row.study.run.site;
        let mut workers = self.board.workers().await;
        workers.retain(|worker| {
            let about = worker.remote.as_ref().map(|remote| &remote.about);
            if about.and_then(|about| about.study).is_some_and(|only| only != row.id) {
                return false;
            }
            match about.and_then(|about| about.site.as_ref()) {
                Some(site) => wanted.takes(site),
                None => wanted.takes_local(),
            }
        });
        let (project, workers) = (Some(&project), Some(workers.as_slice()));
        let why = why(&Standing { row, driver, project, workers, now: now.as_deref() });
        let waits = why.as_ref().is_some_and(|why| why.code == Code::NoWorker) && !wanted.is_local();
        let awaited = self
            .pools()
            .filter(|_| waits)
            .and_then(|pools| pools.waited_for((row.id, &row.study), self.here.as_ref()));
        Ok(awaited.map(|(what, change)| Why { code: Code::NoWorker, what, change }).or(why))
    }

    /// The budget of a project, which begins with what its studies have used.
    async fn budget(&self, name: &Name) -> Result<Budget, StoreError> {
        if let Some(budget) = self.projects().get(name) {
            return Ok(budget.clone());
        }
        let summaries = self.store.summaries().await?;
        let cpu =
            summaries.iter().filter(|study| study.project == *name).map(|study| study.counts.cpu.0).sum();
        let usage = Usage { cpu: Micros(cpu), storage: Bytes(0), running: 0 };
        let new = Budget::new(ProjectTerms::default(), usage);
        Ok(self.projects().entry(name.clone()).or_insert(new).clone())
    }

    /// Puts a definition with more points in the place of a study's, and works on it unless told not to.
    pub async fn extend(self: &Arc<Host>, id: StudyId, study: &Study, start: bool) -> Result<(), HostError> {
        self.store.replace(id, study).await?;
        if self.store.study(id).await?.state == StudyState::Finished {
            self.store.set_state(id, StudyState::Open).await?;
        }
        self.changed(id);
        if start { self.drive(id).await } else { Ok(()) }
    }

    /// What keeps a study from the sites that it names, if it names others than this one.
    fn unfit_elsewhere(&self, study: &Study) -> Option<String> {
        match (self.pools(), study.run.site.elsewhere().next()) {
            (Some(pools), _) if !study.run.site.is_local() => pools.unfit(study, self.here.as_ref()),
            (None, Some(name)) => Some(format!(
                "there is no site `{name}` here: describe it in sites.toml (`paramo site add {name}`), and name that file by --sites"
            )),
            _ => None,
        }
    }

    /// What would keep a study from starting here.
    pub fn unfit(&self, study: &Study) -> Option<Reason> {
        let reason = |code, what, change: &str| Reason { code, what, change: change.to_owned() };
        if let Some(unfit) = self.unfit_elsewhere(study) {
            return Some(reason("no-site", unfit, "name other sites in [run]"));
        }
        if !study.run.site.is_local() {
            return None;
        }
        let here = self.here.as_ref()?;
        if let Err(what) = paramo_worker::room(&study.application.resources, here) {
            return Some(reason("too-large", what, "ask for less in [application.resources]"));
        }
        let missing = paramo_worker::preflight(study, here).err()?;
        Some(reason("not-started", missing, "put it where the workers find it"))
    }

    /// Opens failed runs again and works on them. Returns how many.
    pub async fn retry(
        self: &Arc<Host>,
        id: StudyId,
        runs: Option<&RoaringTreemap>,
    ) -> Result<u64, HostError> {
        let failed = self.store.ended(id).await?.failed;
        let chosen = runs.map_or_else(|| failed.clone(), |runs| &failed & runs);
        if chosen.is_empty() {
            return Ok(0);
        }
        let opened = self.store.reopen(id, &chosen).await?;
        self.kept.forget(id);
        self.changed(id);
        self.drive(id).await?;
        Ok(opened)
    }

    /// Removes a study that nobody works on.
    pub async fn delete(&self, id: StudyId) -> Result<(), HostError> {
        let lock = self.store.lock(id).await.map_err(|held| match held {
            Held::By(holder) => HostError::Held(format!("{holder} works on this study; cancel it first")),
            Held::Failed(error) => error.into(),
        })?;
        let project = self.store.study(id).await?.project;
        self.store.delete(id).await?;
        let kept = self.kept.clone();
        if let Ok(Err(error)) = tokio::task::spawn_blocking(move || kept.remove(id)).await {
            let message = format!("the files of its runs are left in {}: {error}", self.directory);
            self.hub.say(None, "notice", json!({ "study": id.0, "message": message }).to_string());
        }
        drop(lock);
        self.recount(&project).await?;
        self.told(id, "study-deleted");
        Ok(())
    }

    /// Reads every study that is worked on again: another process has changed one of them in the store.
    pub fn reload(&self) {
        for driven in self.driven().values() {
            let _ = driven.commands.send(Command::Reload);
        }
    }

    /// Whether this host works on a study, and how it goes.
    pub fn now(&self, id: StudyId) -> (bool, Option<Arc<Moment>>) {
        match self.driven().get(&id) {
            Some(driven) => (true, driven.now.borrow().clone()),
            None => (false, None),
        }
    }

    /// Ends what runs; it stays open and is taken up by the next host. Returns once nothing runs any more.
    ///
    /// Workers elsewhere go on with what they hold: the next host has them.
    pub async fn stop(&self) {
        self.board.close();
        for driven in self.driven().values() {
            let _ = driven.commands.send(Command::Stop);
        }
        let mut idle = self.idle.subscribe();
        // The sender is ours.
        let _ = idle.wait_for(|working| *working == 0).await;
    }

    fn changed(&self, id: StudyId) {
        self.command(id, Command::Reload);
        self.told(id, "study-changed");
    }

    fn told(&self, id: StudyId, kind: &'static str) {
        self.hub.say(Some(id), kind, json!({ "study": id.0 }).to_string());
    }

    /// Whether the study is being worked on, and was told.
    fn command(&self, id: StudyId, command: Command) -> bool {
        self.driven().get(&id).is_some_and(|driven| driven.commands.send(command).is_ok())
    }

    fn projects(&self) -> MutexGuard<'_, HashMap<Name, Budget>> {
        // The map is whole between two statements.
        self.projects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn driven(&self) -> MutexGuard<'_, HashMap<StudyId, Driven>> {
        // The map is whole between two statements.
        self.driven.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Turns what happens in a study into changes.
struct View<'a> {
    host: &'a Arc<Host>,
    id: StudyId,
    moments: watch::Sender<Option<Arc<Moment>>>,
    project: Name,
    /// The runs that had ended when they were counted last.
    done: u64,
    /// A count is on its way.
    counting: Arc<AtomicBool>,
    /// Somebody else who looks on.
    caller: Option<&'a mut (dyn Observer + Send)>,
}

impl View<'_> {
    /// Counts what the project keeps when something has been added to it.
    fn count(&mut self, done: u64) {
        if done == self.done || self.counting.swap(true, Ordering::Relaxed) {
            return;
        }
        self.done = done;
        let (host, project, counting) = (self.host.clone(), self.project.clone(), self.counting.clone());
        tokio::spawn(async move {
            // What fails is tried again with the next results.
            let _ = host.recount(&project).await;
            counting.store(false, Ordering::Relaxed);
        });
    }
}

impl Observer for View<'_> {
    fn wants_runs(&self) -> bool {
        self.caller.as_ref().is_some_and(|caller| caller.wants_runs())
    }

    fn event(&mut self, event: Event) {
        if let Some(caller) = &mut self.caller {
            caller.event(event.clone());
        }
        if let Event::Progress(progress) = &event {
            self.count(progress.done());
        }
        let study = self.id.0;
        let (kind, json) = match &event {
            Event::Progress(progress) => {
                ("progress", json!({ "study": study, "progress": Going::from(progress) }))
            }
            Event::Notice { message } => ("notice", json!({ "study": study, "message": message })),
            Event::StudyStarted { at, progress, .. } => {
                let progress = Going::from(progress);
                ("study-started", json!({ "study": study, "at": shape::moment(*at), "progress": progress }))
            }
            Event::StudyStopped { reason, at, progress } => (
                "study-stopped",
                json!({
                    "study": study, "reason": stop_word(*reason), "at": shape::moment(*at),
                    "progress": Going::from(progress),
                }),
            ),
            Event::RunStarted { .. } | Event::RunRetried { .. } | Event::RunEnded { .. } => return,
        };
        self.host.hub.say(Some(self.id), kind, json.to_string());
    }

    fn watched(&self) -> bool {
        true
    }

    fn moment(&mut self, moment: Moment) {
        if let Some(caller) = &mut self.caller {
            caller.moment(moment.clone());
        }
        self.moments.send_replace(Some(Arc::new(moment)));
    }
}

/// What a project may have, as the engine takes it.
fn terms(project: &Project) -> ProjectTerms {
    ProjectTerms {
        share: f64::from(project.share.max(1)),
        runs: project.quota.runs.map(|runs| u32::try_from(runs).unwrap_or(u32::MAX)),
        cpu: project.quota.cpu.map(|cpu| Seconds(cpu.seconds())),
        storage: project.quota.storage,
    }
}

fn stop_word(reason: StopReason) -> &'static str {
    match reason {
        StopReason::Finished => "finished",
        StopReason::Interrupted => "interrupted",
        StopReason::Cancelled => "cancelled",
        StopReason::TooManyFailures => "too-many-failures",
        StopReason::CpuLimit => "cpu-limit",
        StopReason::TimeLimit => "time-limit",
    }
}

#[cfg(test)]
mod tests;
