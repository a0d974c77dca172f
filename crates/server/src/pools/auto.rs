//! Where the runs of a study go that may go anywhere (`--site auto`): what is known of each place, the choice, and why.

use std::fmt;
use std::time::Duration;

use paramo_engine::pools::{Candidate, Verdict, choose};
use paramo_model::{Bytes, Resources, Seconds};
use paramo_sites::{EngineError, Pool, Size};

use super::demand::{Holds, fit};
use super::whole::{self, is_taken_whole};

/// Bytes a second that are taken to come to a site.
const COMES: f64 = 20e6;

const NO_NODES: &str = "its nodes do not take it as they are now";

/// How long an allocation is expected to wait, and who says so.
#[derive(Clone, Debug, PartialEq)]
pub enum Queue {
    /// The engine, of a job as large as an allocation.
    Said(Duration),
    /// The last allocations, by their median.
    Before(Duration),
    /// Nothing is known, and no wait is expected.
    Unknown,
    /// Some are there.
    There,
    /// Nothing can be had now, and why.
    Away(String),
}

impl Queue {
    /// What an engine answers to how long a job would wait.
    pub fn of(answer: Result<Option<Seconds>, EngineError>) -> Queue {
        match answer {
            // Without an end: not with the nodes as they are now.
            Ok(Some(wait)) => Queue::Said(Duration::try_from_secs_f64(wait.0).unwrap_or(Duration::MAX)),
            Ok(None) => Queue::Unknown,
            Err(error) => Queue::Away(error.to_string()),
        }
    }

    /// What the last waits tell.
    pub fn before(mut waits: Vec<Duration>) -> Queue {
        waits.sort();
        waits.get(waits.len() / 2).map_or(Queue::Unknown, |median| Queue::Before(*median))
    }

    /// `None`: nothing can be had.
    pub fn wait(&self) -> Option<Duration> {
        match self {
            Queue::Said(wait) | Queue::Before(wait) => Some(*wait),
            Queue::Unknown | Queue::There => Some(Duration::ZERO),
            Queue::Away(_) => None,
        }
    }
}

/// A place where runs of a study could be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// The site and the pool; none: where the study is worked on.
    pub pool: Option<(String, String)>,
    /// Runs at once, at the most.
    pub at_once: u64,
    /// Of a run, an hour.
    pub cost: f64,
    pub queue: Queue,
    /// What has to be brought before the first run.
    pub data: Bytes,
    /// It was chosen before.
    pub chosen: bool,
}

impl Place {
    /// Where the study is worked on, with so many runs at once.
    pub fn here(at_once: u64) -> Place {
        Place { pool: None, at_once, cost: 0.0, queue: Queue::There, data: Bytes(0), chosen: true }
    }

    /// A pool of a site.
    pub fn pool(
        (site, name, pool): (&str, &str, &Pool),
        resources: &Resources,
        queue: Queue,
        data: Bytes,
    ) -> Place {
        let holds = Holds::of(pool);
        let (each, cpus) = match resources.is_whole() {
            true => (u64::from(is_taken_whole(resources, pool)), resources.cores()),
            false => {
                let runs = fit(resources, &holds);
                (runs, holds.capacity.cpus / runs.max(1) as f64)
            }
        };
        let at_once = each.saturating_mul(u64::from(pool.maximum));
        let pool_name = Some((site.to_owned(), name.to_owned()));
        Place { pool: pool_name, at_once, cost: pool.cost * cpus, queue, data, chosen: false }
    }

    /// How large an allocation of a pool is that is asked for.
    pub fn size(resources: &Resources, pool: &Pool) -> Size {
        match resources.is_whole() {
            true => whole::size(resources, pool),
            false => pool.size.clone(),
        }
    }

    /// As people say it.
    pub fn name(&self) -> String {
        self.pool.as_ref().map_or_else(|| "here".to_owned(), |(site, pool)| format!("{site}/{pool}"))
    }

    /// Until the first run.
    fn begins(&self) -> Option<Duration> {
        self.queue.wait().map(|wait| wait.saturating_add(self.brings()))
    }

    fn brings(&self) -> Duration {
        Duration::try_from_secs_f64(self.data.0 as f64 / COMES).unwrap_or(Duration::MAX)
    }
}

/// The places, with what was decided of each.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice(pub Vec<(Place, Verdict)>);

impl Choice {
    /// Decides where so many runs go, each of which takes so long, as far as it is known.
    pub fn of(runs: u64, time: Option<Seconds>, places: Vec<Place>) -> Choice {
        let candidate = |it: &Place| Candidate {
            at_once: it.at_once,
            cost: it.cost,
            begins: it.begins(),
            chosen: it.chosen,
        };
        let candidates: Vec<Candidate> = places.iter().map(candidate).collect();
        let time = time.and_then(|time| Duration::try_from_secs_f64(time.0).ok());
        let verdicts = choose(runs, time, &candidates);
        Choice(places.into_iter().zip(verdicts).collect())
    }

    /// The pools that are chosen.
    pub fn pools(&self) -> impl Iterator<Item = &(String, String)> {
        self.0
            .iter()
            .filter(|(_, verdict)| *verdict == Verdict::Chosen)
            .filter_map(|(place, _)| place.pool.as_ref())
    }

    /// Why a place was chosen or not.
    pub fn why(&self, place: &Place, verdict: Verdict) -> String {
        match verdict {
            Verdict::Chosen => chosen(place),
            Verdict::Unfit if place.pool.is_none() => "no run fits the workers here".to_owned(),
            Verdict::Unfit => "no run fits its allocations".to_owned(),
            Verdict::Away => match &place.queue {
                Queue::Away(why) => why.clone(),
                _ => "it cannot be used now".to_owned(),
            },
            Verdict::Dearer => {
                let of_chosen = self.0.iter().find(|(_, it)| *it == Verdict::Chosen);
                let other = of_chosen.map_or(0.0, |(it, _)| it.cost);
                format!("a run costs {} an hour there, and {} where it is chosen", place.cost, other)
            }
            Verdict::Late(_) if place.queue == Queue::Said(Duration::MAX) => NO_NODES.to_owned(),
            Verdict::Late(done) => {
                let begins =
                    place.begins().map_or_else(|| "never".to_owned(), |it| format!("in {}", about(it)));
                match done.is_zero() {
                    true => "how long runs take is found out elsewhere first".to_owned(),
                    false => format!("would begin {begins}; what is chosen is through in {}", about(done)),
                }
            }
        }
    }
}

fn chosen(place: &Place) -> String {
    let begins = match &place.queue {
        Queue::There => "is there".to_owned(),
        Queue::Said(Duration::MAX) => NO_NODES.to_owned(),
        Queue::Unknown => "begins at once, as far as is known".to_owned(),
        Queue::Said(wait) => format!("begins in {} by the site's word", about(*wait)),
        Queue::Before(wait) => format!("begins in {}, as before", about(*wait)),
        Queue::Away(why) => why.clone(),
    };
    let data = match place.data.0 {
        0 => String::new(),
        _ => format!(", {} to be brought", place.data),
    };
    let cost = if place.cost > 0.0 { format!(", {} an hour and run", place.cost) } else { String::new() };
    format!("{begins}, {} at once{data}{cost}", place.at_once)
}

/// As people say it.
fn about(time: Duration) -> Seconds {
    Seconds(time.as_secs_f64().round().max(1.0))
}

/// In a line: those that are chosen, and the others with their reasons.
impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |is_chosen: bool| {
            let places = self.0.iter().filter(move |(_, it)| (*it == Verdict::Chosen) == is_chosen);
            let words =
                places.map(|(place, verdict)| format!("{} ({})", place.name(), self.why(place, *verdict)));
            words.collect::<Vec<_>>().join(", ")
        };
        let (taken, left) = (of(true), of(false));
        match (taken.is_empty(), left.is_empty()) {
            (true, _) => write!(f, "nowhere for now: {left}"),
            (false, true) => write!(f, "to {taken}"),
            (false, false) => write!(f, "to {taken}; not to {left}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(maximum: u32, cost: f64) -> Pool {
        let size = Size { cpus: Some(4), walltime: Some(Seconds(3600.0)), ..Default::default() };
        Pool {
            nodes: None,
            minimum: 0,
            maximum,
            size,
            idle: Seconds(60.0),
            placement: Default::default(),
            cost,
        }
    }

    #[test]
    fn a_choice_says_why() {
        let resources = Resources::default();
        let place =
            |name, pool: &Pool, queue, data| Place::pool((name, "main", pool), &resources, queue, data);
        let places = vec![
            Place::here(2),
            place("hpc", &pool(4, 0.0), Queue::Said(Duration::from_secs(40)), Bytes(200_000_000)),
            place("slow", &pool(4, 0.0), Queue::Before(Duration::from_secs(9000)), Bytes(0)),
            place("cloud", &pool(4, 0.05), Queue::Unknown, Bytes(0)),
            place("gone", &pool(4, 0.0), Queue::Away("does not answer".to_owned()), Bytes(0)),
            place("full", &pool(0, 0.0), Queue::Unknown, Bytes(0)),
        ];
        let choice = Choice::of(100, Some(Seconds(60.0)), places);
        assert_eq!(
            choice.to_string(),
            "to here (is there, 2 at once), hpc/main (begins in 40 s by the site's word, 16 at once, 190.7 MiB to be brought); \
             not to slow/main (would begin in 2 h 30 min; what is chosen is through in 6 min 50 s), \
             cloud/main (a run costs 0.05 an hour there, and 0 where it is chosen), gone/main (does not answer), full/main (no run fits its allocations)"
        );
        assert_eq!(choice.pools().collect::<Vec<_>>(), [&("hpc".to_owned(), "main".to_owned())]);
        let none = Choice::of(1, None, vec![Place::here(0)]);
        assert_eq!(none.to_string(), "nowhere for now: here (no run fits the workers here)");
    }

    #[test]
    fn a_run_costs_what_it_keeps_others_from() {
        let resources = Resources { memory: Some(Bytes(3 << 30)), ..Resources::default() };
        let mut pool = pool(1, 0.1);
        pool.size.memory = Some(Bytes(6 << 30));
        let place = Place::pool(("hpc", "main", &pool), &resources, Queue::Unknown, Bytes(0));
        assert_eq!((place.at_once, place.cost), (2, 0.2));
    }

    #[test]
    fn a_queue_is_as_long_as_it_was_mostly() {
        let seconds = |list: &[u64]| list.iter().map(|n| Duration::from_secs(*n)).collect();
        assert_eq!(Queue::before(seconds(&[600, 5, 7])), Queue::Before(Duration::from_secs(7)));
        assert_eq!(Queue::before(Vec::new()), Queue::Unknown);
    }
}
