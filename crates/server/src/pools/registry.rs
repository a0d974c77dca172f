//! The allocations there are, for whoever asks: the keepers, the door for workers, the API.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use paramo_model::{Capacity, Study, StudyId};
use paramo_sites::{Description, Pool};
use paramo_store::{Allocation, AllocationState};
use paramo_worker::room;

use super::choosing::Choices;
use super::demand::{Holds, Waiting, fit};
use super::whole::is_taken_whole;

/// Allocations that have ended are shown until so many newer ones have.
const SHOWN: usize = 20;
/// The wait after a failure doubles from the first to the last.
const FIRST_WAIT: Duration = Duration::from_secs(10);
const LAST_WAIT: Duration = Duration::from_secs(600);
/// The wait when others have all that there may be.
const FULL_WAIT: Duration = Duration::from_secs(5);

/// All sites whose pools are kept.
pub(crate) struct Registry {
    sites: BTreeMap<String, BTreeMap<String, Pool>>,
    /// What each site is, for people.
    help: BTreeMap<String, String>,
    /// Directories that each site has at the same paths.
    shared: BTreeMap<String, Vec<String>>,
    state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    /// In the order in which they were asked for.
    pub allocations: Vec<Allocation>,
    pub choices: Choices,
    trouble: BTreeMap<(String, String), Trouble>,
    /// What a site does not answer with.
    away: BTreeMap<String, String>,
}

/// What went wrong with a pool's last allocations.
#[derive(Clone, Debug)]
struct Trouble {
    times: u32,
    /// Nothing is asked for before.
    until: Instant,
    why: String,
}

/// A pool, as people see it.
#[derive(Clone, Debug)]
pub struct PoolView {
    pub site: String,
    pub name: String,
    pub pool: Pool,
    /// In the order in which they were asked for; some that have ended among them.
    pub allocations: Vec<Allocation>,
    /// Why nothing is asked for now, or why what was asked for did not come.
    pub trouble: Option<String>,
}

impl Registry {
    pub(super) fn new<'a>(
        sites: impl Iterator<Item = &'a Description>,
        allocations: Vec<Allocation>,
    ) -> Registry {
        let (mut pools, mut help, mut shared) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for site in sites {
            shared.insert(site.name.clone(), site.shared.clone());
            pools.insert(site.name.clone(), site.pools.clone());
            help.insert(site.name.clone(), format!("{} ({})", site.kind.name(), site.reached()));
        }
        Registry { sites: pools, help, shared, state: Mutex::new(State { allocations, ..State::default() }) }
    }

    /// The sites, each with what it is.
    pub(crate) fn sites(&self) -> Vec<(String, String)> {
        self.help.iter().map(|(name, help)| (name.clone(), help.clone())).collect()
    }

    /// Whether a site has a directory at the same path.
    pub(super) fn shares(&self, site: &str, directory: &str) -> bool {
        let shared = self.shared.get(site).into_iter().flatten();
        shared.into_iter().any(|path| Path::new(directory).starts_with(path))
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // It is whole between two statements.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The allocation that a worker's token is of.
    pub(crate) fn of_token(&self, token: i64) -> Option<Allocation> {
        let state = self.state();
        let ended = |it: &&Allocation| it.state != AllocationState::Ended;
        state.allocations.iter().filter(ended).find(|it| it.token == token).cloned()
    }

    /// The allocations of a site that have not ended.
    pub(super) fn open(&self, site: &str) -> Vec<Allocation> {
        let state = self.state();
        let open = |it: &&Allocation| it.site == site && it.state != AllocationState::Ended;
        state.allocations.iter().filter(open).cloned().collect()
    }

    /// Takes an allocation as it is now.
    pub(super) fn put(&self, allocation: Allocation) {
        let mut state = self.state();
        match state.allocations.iter_mut().find(|it| it.name == allocation.name) {
            Some(known) => *known = allocation,
            None => state.allocations.push(allocation),
        }
        let ended = |it: &Allocation| it.state == AllocationState::Ended;
        let mut over = state.allocations.iter().filter(|it| ended(it)).count().saturating_sub(SHOWN);
        state.allocations.retain(|it| {
            let goes = ended(it) && over > 0;
            over -= usize::from(goes);
            !goes
        });
    }

    /// Leaves an allocation to somebody else.
    pub(super) fn forget(&self, name: &str) {
        self.state().allocations.retain(|it| it.name != name);
    }

    /// How many runs of a study the allocations that are about to come hold at once: those of all pools but one.
    pub(super) fn coming(&self, waiting: &Waiting, but: (&str, &str)) -> u64 {
        let state = self.state();
        let coming = state.allocations.iter().filter(|it| {
            matches!(it.state, AllocationState::Asked | AllocationState::Waiting)
                && (it.site.as_str(), it.pool.as_str()) != but
                && waiting.site.takes(&it.site)
        });
        let pool = |it: &Allocation| self.sites.get(&it.site)?.get(&it.pool);
        let runs = |it: &Allocation| match (it.study, waiting.resources.is_whole()) {
            (Some(study), _) => u64::from(study == waiting.study),
            (None, true) => 0,
            (None, false) => pool(it).map_or(0, |pool| fit(&waiting.resources, &Holds::of(pool))),
        };
        coming.map(runs).sum()
    }

    /// Notes that an allocation was of no use. The next one waits, longer each time.
    pub(super) fn failed(&self, site: &str, pool: &str, why: String) {
        let mut state = self.state();
        let key = (site.to_owned(), pool.to_owned());
        let times = state.trouble.get(&key).map_or(0, |trouble| trouble.times).saturating_add(1);
        let wait = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(times.min(10) - 1)).min(LAST_WAIT);
        state.trouble.insert(key, Trouble { times, until: Instant::now() + wait, why });
    }

    /// Notes that others have all that a pool may have. That is no failure: they may give some back at any moment.
    pub(super) fn full(&self, site: &str, pool: &str) {
        let why = "others who use this store have as many allocations as the pool may have".to_owned();
        let mut state = self.state();
        let key = (site.to_owned(), pool.to_owned());
        let times = state.trouble.get(&key).map_or(0, |trouble| trouble.times);
        state.trouble.insert(key, Trouble { times, until: Instant::now() + FULL_WAIT, why });
    }

    /// Notes that others have left some again.
    pub(super) fn has_room(&self, site: &str, pool: &str) {
        let key = (site.to_owned(), pool.to_owned());
        let mut state = self.state();
        if state.trouble.get(&key).is_some_and(|trouble| trouble.times == 0) {
            state.trouble.remove(&key);
        }
    }

    /// Notes that a worker of a pool has come.
    pub(super) fn fine(&self, site: &str, pool: &str) {
        self.state().trouble.remove(&(site.to_owned(), pool.to_owned()));
    }

    /// Whether nothing is to be asked for now, after failures.
    pub(super) fn waits(&self, site: &str, pool: &str) -> bool {
        let state = self.state();
        let trouble = state.trouble.get(&(site.to_owned(), pool.to_owned()));
        trouble.is_some_and(|trouble| Instant::now() < trouble.until)
    }

    /// Why nothing is asked of a pool now: its site does not answer, or the last allocation was of no use a moment ago.
    pub(super) fn blocked(&self, site: &str, pool: &str) -> Option<String> {
        let state = self.state();
        let trouble = state.trouble.get(&(site.to_owned(), pool.to_owned()));
        let fresh = trouble.filter(|trouble| Instant::now() < trouble.until).map(|trouble| &trouble.why);
        state.away.get(site).or(fresh).cloned()
    }

    /// Whether a site did not answer when it was asked last.
    pub(super) fn is_away(&self, site: &str) -> bool {
        self.state().away.contains_key(site)
    }

    /// Notes what a site does not answer with, or that it answers. Whether that is new.
    pub(super) fn away(&self, site: &str, why: Option<String>) -> bool {
        let mut state = self.state();
        match why {
            Some(why) => state.away.insert(site.to_owned(), why).is_none(),
            None => state.away.remove(site).is_some(),
        }
    }

    /// The pools, with what has become of what was asked for.
    pub(crate) fn views(&self) -> Vec<PoolView> {
        let state = self.state();
        let mut views = Vec::new();
        for (site, pools) in &self.sites {
            for (name, pool) in pools {
                let of = |it: &&Allocation| it.site == *site && it.pool == *name;
                let failed = state.trouble.get(&(site.clone(), name.clone()));
                let trouble = state.away.get(site).cloned().or_else(|| failed.map(|it| it.why.clone()));
                views.push(PoolView {
                    site: site.clone(),
                    name: name.clone(),
                    pool: pool.clone(),
                    allocations: state.allocations.iter().filter(of).cloned().collect(),
                    trouble,
                });
            }
        }
        views
    }

    /// What keeps every run of a study from starting at the sites that it names; `None` when one of them may do. `here` is what the largest
    /// worker of this process has; without it there may be others.
    pub(crate) fn unfit(&self, study: &Study, here: Option<&Capacity>) -> Option<String> {
        let wanted = &study.run.site;
        for name in wanted.elsewhere() {
            if !self.sites.contains_key(name) {
                let known = std::iter::once("local").chain(self.sites.keys().map(String::as_str));
                let known = known.collect::<Vec<_>>().join(", ");
                return Some(format!("there is no site `{name}`; the sites are: {known}"));
            }
        }
        let resources = &study.application.resources;
        let fits_here = here.is_none_or(|here| room(resources, here).is_ok());
        if wanted.takes_local() && resources.nodes == 1 && fits_here {
            return None;
        }
        let pools = || self.sites.iter().filter(|(name, _)| wanted.takes(name)).flat_map(|(_, pools)| pools);
        if pools().next().is_none() && wanted.takes_local() {
            return Some("a run needs more than this machine has, and there is no site with a pool of allocations: ask for less in [application.resources]".to_owned());
        }
        if pools().next().is_none() {
            return Some(format!(
                "{wanted} has no pool of allocations; describe one, as [sites.{wanted}.pools.small] with `maximum` and `walltime`"
            ));
        }
        let fits = |pool: &Pool| match resources.is_whole() {
            true => is_taken_whole(resources, pool),
            false => fit(resources, &Holds::of(pool)) > 0,
        };
        match pools().any(|(_, pool)| fits(pool)) {
            true => None,
            false if resources.is_whole() => Some(format!(
                "no pool of {wanted} takes a run of {} nodes and this length: ask for less in [application.resources], or for more `nodes` or `walltime` in a pool",
                resources.nodes
            )),
            false => Some(format!(
                "a run needs more than an allocation of any pool of {wanted} has: ask for less in [application.resources], or for more `cpus`, `memory`, `gpus` or `walltime` in a pool"
            )),
        }
    }

    /// Why nothing runs of a study that waits for workers of its sites, and what would change it.
    pub(crate) fn waited_for(
        &self,
        (id, study): (StudyId, &Study),
        here: Option<&Capacity>,
    ) -> Option<(String, String)> {
        if let Some(unfit) = self.unfit(study, here) {
            return Some((unfit, "change the study or the site".to_owned()));
        }
        let views = self.views();
        let views: Vec<&PoolView> = views.iter().filter(|view| study.run.site.takes(&view.site)).collect();
        let open = |it: &&Allocation| it.state != AllocationState::Ended;
        let newest = views.iter().flat_map(|view| &view.allocations).rfind(open);
        if let Some(allocation) = newest {
            return Some((said(allocation), "wait for it, or see `paramo pool status`".to_owned()));
        }
        if let Some(choice) = self.chosen(id).filter(|_| study.run.site.is_auto()) {
            return Some((format!("the study goes {choice}"), "wait for it, or name a site".to_owned()));
        }
        if !views.is_empty() && views.iter().all(|view| view.pool.maximum == 0) {
            let what = format!("every pool of {} is being drained, and asks for nothing", study.run.site);
            return Some((what, "give one of them a `maximum` above 0, or take another site".to_owned()));
        }
        let (view, trouble) = views.iter().find_map(|view| Some((view, view.trouble.clone()?)))?;
        let what = format!("the last allocation of {}/{} was of no use: {trouble}", view.site, view.name);
        Some((what, format!("see `paramo site test {}`; it is tried again in a while", view.site)))
    }
}

/// What is waited for.
fn said(allocation: &Allocation) -> String {
    let job = allocation.job.as_ref().map(|job| format!(" (job {job})")).unwrap_or_default();
    let what = format!("allocation {}{job} at {}", allocation.name, allocation.site);
    match allocation.state {
        AllocationState::Asked => format!("{what} is being asked for"),
        AllocationState::Waiting if allocation.detail.is_empty() => format!("{what} is waiting"),
        AllocationState::Waiting => format!("{what} is waiting ({})", allocation.detail),
        AllocationState::Running => format!("{what} has begun, and its worker has not come yet"),
        AllocationState::Ending => format!("{what} is ending"),
        AllocationState::Ended => format!("{what} has ended"),
    }
}
