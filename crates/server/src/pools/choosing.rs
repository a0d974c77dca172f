//! Carries out the choice for studies that may go anywhere: asks each site how long its queue is, and remembers what was decided.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use paramo_engine::pools::Verdict;
use paramo_model::{Bytes, StudyId};
use paramo_sites::Pool;
use paramo_store::{Allocation, AllocationState};
use paramo_worker::remote::content;
use paramo_worker::room;

use super::auto::{Choice, Place, Queue};
use super::demand::Waiting;
use super::keeper::Keeper;
use super::registry::{PoolView, Registry};
use crate::host::Host;

/// Between two questions how long a queue is.
const ASK: Duration = Duration::from_secs(30);
/// A site that has not said how long its queue is after so long is not waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// A queue: of a pool, or of the runs of a study that need allocations of their own.
type Key = (String, String, Option<StudyId>);

/// What is known of queues, and what was chosen.
#[derive(Default)]
pub(super) struct Choices {
    queues: BTreeMap<Key, (Queue, Instant)>,
    of: BTreeMap<StudyId, Chosen>,
}

/// What was chosen for a study.
struct Chosen {
    /// It has been wanted since.
    since: Instant,
    /// What its directory weighs, once that is known.
    data: Option<Bytes>,
    choice: Option<Choice>,
}

impl Chosen {
    fn has(&self, site: &str, pool: &str) -> bool {
        let is = |(of, name): &(String, String)| of == site && name == pool;
        self.choice.iter().flat_map(Choice::pools).any(is)
    }
}

/// What people are told again only when it changes: the places by what was decided of them, without numbers.
fn gist(choice: &Choice) -> Vec<(String, std::mem::Discriminant<Verdict>)> {
    choice.0.iter().map(|(place, verdict)| (place.name(), std::mem::discriminant(verdict))).collect()
}

impl Registry {
    /// Whether allocations of a pool are for a study: of those that may go anywhere only where that was chosen.
    pub(super) fn is_for(&self, waiting: &Waiting, site: &str, pool: &str) -> bool {
        if !waiting.site.is_auto() {
            return waiting.site.takes(site);
        }
        self.state().choices.of.get(&waiting.study).is_some_and(|chosen| chosen.has(site, pool))
    }

    /// What was chosen for a study, for people.
    pub(super) fn chosen(&self, study: StudyId) -> Option<String> {
        let state = self.state();
        state.choices.of.get(&study)?.choice.as_ref().map(Choice::to_string)
    }

    /// Notes which studies there are that may go anywhere. Those of which it is not known what they weigh.
    fn expect(&self, waiting: &[Waiting]) -> Vec<Waiting> {
        let mut state = self.state();
        let free: BTreeSet<StudyId> =
            waiting.iter().filter(|it| it.site.is_auto()).map(|it| it.study).collect();
        state.choices.of.retain(|study, _| free.contains(study));
        state.choices.queues.retain(|(_, _, study), _| study.is_none_or(|study| free.contains(&study)));
        let mut unknown = Vec::new();
        for it in waiting.iter().filter(|it| free.contains(&it.study)) {
            let new = || Chosen { since: Instant::now(), data: None, choice: None };
            if state.choices.of.entry(it.study).or_insert_with(new).data.is_none() {
                unknown.push(it.clone());
            }
        }
        unknown
    }

    fn weighs(&self, study: StudyId, data: Bytes) {
        if let Some(chosen) = self.state().choices.of.get_mut(&study) {
            chosen.data = Some(data);
        }
    }

    /// When a queue was asked about last.
    fn queue_asked(&self, key: &Key) -> Option<Instant> {
        self.state().choices.queues.get(key).map(|(_, at)| *at)
    }

    fn queue_is(&self, key: Key, queue: Queue) {
        self.state().choices.queues.insert(key, (queue, Instant::now()));
    }

    /// How long the last allocations of a pool have waited.
    fn waits_before(&self, site: &str, pool: &str) -> Vec<Duration> {
        let state = self.state();
        let of = state.allocations.iter().filter(|it| it.site == site && it.pool == pool);
        let wait = |it: &Allocation| {
            let micros = it.began?.0.saturating_sub(it.asked.0);
            Some(Duration::from_micros(u64::try_from(micros).ok()?))
        };
        of.filter_map(wait).collect()
    }

    /// Decides where the runs of a study go; `here`: so many at once where it is worked on. Gives the choice when people should know of it.
    fn choose(&self, it: &Waiting, here: u64) -> Option<Choice> {
        let places = self.places(it, here)?;
        let choice = Choice::of(it.runs, it.time, places);
        let mut state = self.state();
        let chosen = state.choices.of.get_mut(&it.study)?;
        let is_new = chosen.choice.as_ref().is_none_or(|before| gist(before) != gist(&choice));
        chosen.choice = Some(choice.clone());
        is_new.then_some(choice)
    }

    /// All places there are; nothing while one of them is still being asked.
    fn places(&self, it: &Waiting, here: u64) -> Option<Vec<Place>> {
        // What went wrong once is in the way for as long as nothing is asked for after it, and no longer.
        let views: Vec<(PoolView, Option<String>)> = self
            .views()
            .into_iter()
            .map(|view| {
                let blocked = self.blocked(&view.site, &view.name);
                (view, blocked)
            })
            .collect();
        let state = self.state();
        let chosen = state.choices.of.get(&it.study)?;
        let mut places = vec![Place::here(here)];
        for (view, blocked) in views {
            let key = key(it, &view.site, &view.name);
            let open = |it: &&Allocation| it.state == AllocationState::Running && it.study.is_none();
            let is_there = !it.resources.is_whole() && view.allocations.iter().any(|it| open(&it));
            let queue = match (state.choices.queues.get(&key), blocked) {
                _ if is_there => Queue::There,
                (_, Some(why)) => Queue::Away(why),
                (Some((queue, _)), None) => queue.clone(),
                (None, None) if chosen.since.elapsed() > PATIENCE => {
                    Queue::Away("it has not said how long its queue is".to_owned())
                }
                (None, None) if view.pool.maximum == 0 => Queue::Unknown,
                (None, None) => return None,
            };
            let is_shared = self.shares(&view.site, &it.source);
            let data = if is_shared { Bytes(0) } else { chosen.data.unwrap_or(Bytes(0)) };
            let place = Place::pool((&view.site, &view.name, &view.pool), &it.resources, queue, data);
            places.push(Place { chosen: chosen.has(&view.site, &view.name), ..place });
        }
        Some(places)
    }
}

fn key(waiting: &Waiting, site: &str, pool: &str) -> Key {
    (site.to_owned(), pool.to_owned(), waiting.resources.is_whole().then_some(waiting.study))
}

impl Keeper {
    /// Chooses for the studies that may go anywhere, and asks this site what has to be known for it.
    pub(super) async fn choose_places(&mut self, host: &Host, waiting: &[Waiting]) {
        for it in self.registry.expect(waiting) {
            let directory = it.source.clone();
            let weighed =
                tokio::task::spawn_blocking(move || content::length_of(Path::new(&directory))).await;
            // One that cannot be read does not travel either.
            self.registry.weighs(it.study, Bytes(weighed.unwrap_or(0)));
        }
        let free: Vec<&Waiting> = waiting.iter().filter(|it| it.site.is_auto() && it.runs > 0).collect();
        if free.is_empty() {
            return;
        }
        let pools = self.connection.site.pools.clone();
        for it in &free {
            for (name, pool) in pools.iter().filter(|(_, pool)| pool.maximum > 0) {
                self.ask_queue(it, name, pool).await;
            }
        }
        let workers = host.board().workers().await;
        for it in free {
            let own = workers.iter().filter(|worker| {
                let about = worker.remote.as_ref().map(|remote| &remote.about);
                about.is_none_or(|about| about.site.is_none()) && it.resources.nodes == 1 && !worker.draining
            });
            let here =
                own.map(|worker| room(&it.resources, &worker.capacity).map_or(0, |runs| runs as u64)).sum();
            if let Some(choice) = self.registry.choose(it, here) {
                host.board().notice_for(it.study, format!("{} goes {choice}", it.name));
            }
        }
    }

    /// Asks how long the queue of a pool is, unless that was just said.
    async fn ask_queue(&self, it: &Waiting, name: &str, pool: &Pool) {
        let key = key(it, self.site(), name);
        if self.registry.queue_asked(&key).is_some_and(|at| at.elapsed() < ASK) {
            return;
        }
        let size = Place::size(&it.resources, pool);
        let queue = match Queue::of(self.connection.allocation_begins(&pool.placement, &size).await) {
            Queue::Unknown => Queue::before(self.registry.waits_before(self.site(), name)),
            known => known,
        };
        self.registry.queue_is(key, queue);
    }
}
