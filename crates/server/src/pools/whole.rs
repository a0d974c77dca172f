//! Runs that need an allocation of their own: those that are spread over nodes, or consist of several tasks. Each gets a batch job of its
//! size, with a worker that makes this one run and ends.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use paramo_engine::suggest::ENOUGH;
use paramo_model::{Resources, Seconds, StudyId};
use paramo_sites::{Pool, Size};
use paramo_store::{Allocation, AllocationState};

use super::asking::Wish;
use super::demand::{Waiting, is_in_time};
use super::keeper::{Keeper, Workers};
use crate::host::Host;

/// A worker needs some time before the run, and some to hand in what it made.
const AROUND: f64 = 120.0;

/// Whether a pool takes runs of a study that each need an allocation of their own.
pub(super) fn is_taken_whole(resources: &Resources, pool: &Pool) -> bool {
    pool.nodes.is_none_or(|nodes| resources.nodes <= nodes)
        && pool.size.walltime.is_none_or(|walltime| is_in_time(resources, walltime))
}

/// How large the allocation of a run is, by its time as it is declared or learned. A run of which that is not known gets the walltime of the pool.
pub(super) fn size(resources: &Resources, pool: &Pool) -> Size {
    let walltime = match (resources.time, pool.size.walltime) {
        (Some(time), Some(most)) => Some(Seconds((time.0 + AROUND).min(most.0))),
        (_, most) => most,
    };
    Size {
        nodes: Some(resources.nodes),
        tasks: Some(resources.tasks),
        cpus: Some(resources.cpus.ceil().clamp(1.0, 1e6) as u32),
        memory: resources.memory.or(pool.size.memory),
        gpus: (resources.gpus > 0).then_some(resources.gpus),
        walltime,
    }
}

/// Allocations that a pool is short of, by study: how many at the last look, and since when there are some. Where a run has begun or ended is
/// known a little earlier than that it does not wait any more, so only what is missing for a while is asked for.
pub(super) type Missing = BTreeMap<(String, StudyId), (u32, Instant)>;

/// That while.
const SETTLED: Duration = Duration::from_secs(1);

impl Keeper {
    /// Compares the allocations of a pool that are for one run each with the runs that wait for one.
    pub(super) async fn see_to_whole(
        &mut self,
        host: &Host,
        workers: &Workers,
        (name, pool): (&str, &Pool),
        waiting: &[&Waiting],
        open: &[Allocation],
    ) {
        let mut wanted: BTreeMap<StudyId, u64> = BTreeMap::new();
        for it in waiting.iter().filter(|it| is_taken_whole(&it.resources, pool) && pool.maximum > 0) {
            let others = self.registry.coming(it, (self.site(), name));
            let runs = it.runs.saturating_sub(others);
            // Those that wait in the queue already stay as long as they are.
            let first = if it.learns { (ENOUGH as u64).max(pool.maximum.into()) } else { u64::MAX };
            wanted.insert(it.study, runs.min(first));
        }
        let mut surplus: Vec<Allocation> = Vec::new();
        // Those that have not begun are given up first, the newest of them before the others.
        let coming = open.iter().filter(|it| self.is_coming(it, workers));
        let (running, pending): (Vec<_>, Vec<_>) =
            coming.partition(|it| it.state == AllocationState::Running);
        for it in running.into_iter().chain(pending) {
            match it.study.and_then(|study| wanted.get_mut(&study)).filter(|wanted| **wanted > 0) {
                Some(wanted) => *wanted -= 1,
                None => surplus.push(it.clone()),
            }
        }
        self.give_back(host, workers, surplus).await;
        for it in waiting {
            let key = (name.to_owned(), it.study);
            let short = wanted.get(&it.study).copied().unwrap_or(0);
            let short = u32::try_from(short).unwrap_or(u32::MAX);
            let now = Instant::now();
            let (before, since) =
                self.missing.get(&key).copied().filter(|(before, _)| *before > 0).unwrap_or((0, now));
            self.missing.insert(key, (short, since));
            let settled = if since.elapsed() >= SETTLED { short.min(before) } else { 0 };
            let wish = Wish {
                pool: name,
                maximum: pool.maximum,
                placement: &pool.placement,
                size: size(&it.resources, pool),
                idle: Some(pool.idle),
                study: Some(it.study),
            };
            self.ask_for_more(host, &wish, settled).await;
        }
        self.missing.retain(|(of, study), _| of != name || waiting.iter().any(|it| it.study == *study));
    }

    /// Whether the run of an allocation has not begun yet.
    fn is_coming(&self, allocation: &Allocation, workers: &Workers) -> bool {
        let is_open = !matches!(allocation.state, AllocationState::Ending | AllocationState::Ended);
        let has_begun = match workers.get(&allocation.name) {
            Some(there) => there.iter().any(|it| it.running > 0 || it.reported > 0 || it.draining),
            // Its worker was there, and has gone before the site has said so.
            None => self.has_come(&allocation.name),
        };
        is_open && !has_begun
    }
}

#[cfg(test)]
mod tests {
    use paramo_model::Bytes;

    use super::*;

    fn pool() -> Pool {
        Pool {
            nodes: Some(4),
            minimum: 0,
            maximum: 3,
            size: Size { cpus: Some(8), walltime: Some(Seconds(3600.0)), ..Size::default() },
            idle: Seconds(60.0),
            placement: paramo_sites::Placement::default(),
            cost: 0.0,
        }
    }

    #[test]
    fn an_allocation_is_as_large_as_its_run() {
        let resources = Resources {
            nodes: 2,
            tasks: 6,
            cpus: 1.5,
            memory: Some(Bytes(1 << 30)),
            time: Some(Seconds(600.0)),
            ..Resources::default()
        };
        let expected = Size {
            nodes: Some(2),
            tasks: Some(6),
            cpus: Some(2),
            memory: Some(Bytes(1 << 30)),
            gpus: None,
            walltime: Some(Seconds(720.0)),
        };
        assert_eq!(size(&resources, &pool()), expected);
        let long = Resources { time: Some(Seconds(3539.0)), ..resources.clone() };
        assert_eq!(size(&long, &pool()).walltime, Some(Seconds(3600.0)));
        let open = Resources { time: None, ..resources };
        assert_eq!(size(&open, &pool()).walltime, Some(Seconds(3600.0)));
    }

    #[test]
    fn nodes_and_time_bound_what_a_pool_takes() {
        let with = |nodes, time| Resources {
            nodes,
            tasks: nodes,
            time: Some(Seconds(time)),
            ..Resources::default()
        };
        assert!(is_taken_whole(&with(4, 3530.0), &pool()));
        assert!(!is_taken_whole(&with(5, 60.0), &pool()));
        // Its worker hands back what runs a minute before the end, and needs some seconds to come.
        assert!(!is_taken_whole(&with(4, 3531.0), &pool()));
        assert!(is_taken_whole(&with(5, 60.0), &Pool { nodes: None, ..pool() }));
    }
}
