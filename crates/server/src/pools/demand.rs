//! What waits for the workers of a pool.

use std::time::Duration;

use paramo_engine::pools::Backlog;
use paramo_model::{Bytes, Capacity, Moment, Name, Resources, Seconds, SiteList, Study, StudyId};
use paramo_sites::{Pool, ends_in};
use paramo_worker::room;

/// What a study wants of the places where its runs are made.
#[derive(Clone, Debug)]
pub(crate) struct Wants {
    pub name: Name,
    pub source: String,
    pub site: SiteList,
    pub resources: Resources,
}

impl Wants {
    pub fn of(study: &Study) -> Wants {
        Wants {
            name: study.name.clone(),
            source: study.source.clone(),
            site: study.run.site.clone(),
            resources: study.application.resources.clone(),
        }
    }
}

/// A study that is worked on, as far as pools care.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub study: StudyId,
    pub name: Name,
    /// The study's directory.
    pub source: String,
    pub site: SiteList,
    pub resources: Resources,
    /// Runs that neither have ended nor run.
    pub runs: u64,
    /// How long one takes, as far as it is known by now.
    pub time: Option<Seconds>,
    /// Whether the first of its runs are to tell how long the allocations of the others must be.
    pub learns: bool,
}

impl Waiting {
    /// What a study wants by how it goes. Nothing while it is paused.
    pub fn new(study: StudyId, wants: Wants, moment: &Moment) -> Waiting {
        let Wants { name, source, site, mut resources } = wants;
        resources.memory = moment.expected.memory.or(resources.memory);
        let learns = resources.learn && resources.is_whole() && moment.expected.time.is_none();
        if resources.is_whole() {
            resources.time = moment.expected.time.or(resources.time);
        }
        let progress = &moment.progress;
        let ended = progress.succeeded + progress.failed + progress.skipped;
        let left = progress.total.saturating_sub(ended).saturating_sub(progress.running);
        let rests = progress.paused || moment.stopping.is_some();
        // As many as may run at once are of use, and not more.
        let slots = moment.slots.map_or(u64::MAX, |slots| u64::from(slots).saturating_sub(progress.running));
        // What was declared is the most that a run may take; what was measured is nearer.
        let time = moment.typical.or(resources.time).or_else(|| {
            // What has run for so long without an end takes at least that long.
            let longest = moment.running.iter().map(|run| moment.at.0.saturating_sub(run.since.0)).max();
            longest.map(|micros| Seconds(micros.max(0) as f64 / 1e6))
        });
        let runs = if rests { 0 } else { left.min(slots) };
        Waiting { study, name, source, site, runs, time, learns, resources }
    }

    /// What waits for allocations of this size, when others are about to take some of it. Nothing when no run fits one.
    pub fn backlog(&self, size: &Holds, others: u64) -> Option<Backlog> {
        let (runs, together) = (self.runs.saturating_sub(others), fit(&self.resources, size));
        (runs > 0 && together > 0).then(|| Backlog {
            runs,
            // Memory and GPUs count as the CPUs that they leave idle.
            cpus: size.capacity.cpus / together as f64,
            time: self.time.and_then(|time| Duration::try_from_secs_f64(time.0).ok()),
        })
    }
}

/// A worker needs so long to come, in seconds.
const START: f64 = 10.0;

/// Whether a run ends in an allocation that lasts so long. One that would only just is never begun there.
pub(super) fn is_in_time(resources: &Resources, walltime: Seconds) -> bool {
    resources.time.is_none_or(|time| time.0 + START <= ends_in(walltime).0)
}

/// How many runs an allocation holds at once, beside those of others.
pub(super) fn fit(resources: &Resources, size: &Holds) -> u64 {
    if resources.is_whole() {
        return 0;
    }
    // This machine runs what is too wide for it alone; in an allocation it would take what belongs to others.
    let in_width = resources.cpus <= size.capacity.cpus;
    match room(resources, &size.capacity) {
        Ok(runs) if is_in_time(resources, size.walltime) && in_width => runs as u64,
        _ => 0,
    }
}

/// What an allocation holds.
#[derive(Clone, Debug)]
pub(crate) struct Holds {
    pub capacity: Capacity,
    pub walltime: Seconds,
}

impl Holds {
    /// An allocation of a pool. What is not said is not in the way; without a number of CPUs there is one.
    pub fn of(pool: &Pool) -> Holds {
        let size = &pool.size;
        let gpus = (0..size.gpus.unwrap_or(0)).map(|gpu| gpu.to_string()).collect();
        let capacity = Capacity {
            cpus: f64::from(size.cpus.unwrap_or(1)) * f64::from(size.tasks.unwrap_or(1)),
            memory: size.memory.unwrap_or(Bytes(1 << 60)),
            gpus,
        };
        Holds { capacity, walltime: size.walltime.unwrap_or(Seconds(f64::INFINITY)) }
    }
}

#[cfg(test)]
mod tests {
    use paramo_model::{Progress, Running, StudyId, Timestamp};

    use super::*;

    fn holds(cpus: f64) -> Holds {
        let capacity = Capacity { cpus, memory: Bytes(8 << 30), gpus: Vec::new() };
        Holds { capacity, walltime: Seconds(3600.0) }
    }

    fn moment(total: u64, succeeded: u64, running: u64) -> Moment {
        let progress = Progress { total, succeeded, running, ..Progress::default() };
        Moment { progress, at: Timestamp(60_000_000), ..Moment::default() }
    }

    fn wanting(resources: Resources, moment: &Moment) -> Waiting {
        let (name, site) = (Name::new("study").unwrap(), SiteList::default());
        Waiting::new(StudyId(1), Wants { name, source: String::new(), site, resources }, moment)
    }

    fn waiting(moment: &Moment) -> Waiting {
        wanting(Resources::default(), moment)
    }

    #[test]
    fn what_neither_has_ended_nor_runs_waits() {
        assert_eq!(waiting(&moment(10, 3, 2)).runs, 5);
        let paused = Progress { paused: true, ..moment(10, 3, 2).progress };
        assert_eq!(waiting(&Moment { progress: paused, ..moment(10, 3, 2) }).runs, 0);
        assert_eq!(waiting(&Moment { slots: Some(4), ..moment(10, 3, 2) }).runs, 2);
        assert_eq!(waiting(&moment(10, 3, 2)).backlog(&holds(4.0), 4).unwrap().runs, 1);
        assert!(waiting(&moment(10, 3, 2)).backlog(&holds(4.0), 5).is_none());
    }

    #[test]
    fn memory_and_time_bound_what_an_allocation_holds() {
        let with = |resources| wanting(resources, &moment(10, 0, 0));
        let large = with(Resources { memory: Some(Bytes(3 << 30)), ..Resources::default() });
        assert_eq!(fit(&large.resources, &holds(4.0)), 2);
        assert_eq!(large.backlog(&holds(4.0), 0).unwrap().cpus, 2.0);
        let long = with(Resources { time: Some(Seconds(3601.0)), ..Resources::default() });
        assert!(long.backlog(&holds(4.0), 0).is_none());
        let wide = with(Resources { cpus: 8.0, ..Resources::default() });
        assert!(wide.backlog(&holds(4.0), 0).is_none());
    }

    #[test]
    fn time_is_measured_or_else_at_least_what_has_passed_or_else_what_was_declared() {
        let measured = Moment { typical: Some(Seconds(2.0)), ..moment(10, 3, 2) };
        assert_eq!(waiting(&measured).time, Some(Seconds(2.0)));
        let run = Running { index: 1, attempt: 1, slot: 0, since: Timestamp(20_000_000) };
        let going = Moment { running: vec![run], ..moment(10, 0, 1) };
        assert_eq!(waiting(&going).time, Some(Seconds(40.0)));
        let declared = Resources { time: Some(Seconds(600.0)), ..Resources::default() };
        let said = wanting(declared, &going);
        assert_eq!(said.time, Some(Seconds(600.0)), "what has run for a while says less");
        let declared = Resources { time: Some(Seconds(600.0)), ..Resources::default() };
        let fresh = wanting(declared, &moment(10, 0, 0));
        assert_eq!(fresh.backlog(&holds(1.0), 0).unwrap().time, Some(Duration::from_secs(600)));
        assert_eq!(waiting(&moment(10, 0, 0)).backlog(&holds(1.0), 0).unwrap().time, None);
    }
}
