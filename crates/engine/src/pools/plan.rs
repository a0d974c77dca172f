//! How many allocations a pool should have: a pure function of the work that waits, of the allocations there are, and of the policy.
//!
//! It asks for no more than can be filled at once, and for none whose work would be done sooner than it takes to be worth starting. An
//! allocation that is not begun and not needed is cancelled; one that was idle for long is drained, which means that it gets nothing
//! more and ends. Carrying a plan out and planning again gives an empty plan, so a loop may call it as often as it likes.

use std::time::Duration;

/// Runs of one kind that wait.
#[derive(Clone, Debug, PartialEq)]
pub struct Backlog {
    pub runs: u64,
    /// Of one run; more than nothing.
    pub cpus: f64,
    /// How long one takes, as far as it is known.
    pub time: Option<Duration>,
}

/// An allocation of the pool.
#[derive(Clone, Debug, PartialEq)]
pub struct Tenure {
    pub id: u64,
    pub standing: Standing,
}

/// How an allocation is.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// Asked for and not begun.
    Pending,
    /// `idle`: for so long without work; `None`: it works. `left`: until its walltime.
    Running { idle: Option<Duration>, left: Duration },
    /// It gets nothing more and ends when what it has is done.
    Draining,
}

/// What was said about a pool.
#[derive(Clone, Debug, PartialEq)]
pub struct PoolPolicy {
    /// Kept even without work.
    pub minimum: u32,
    pub maximum: u32,
    /// Of one allocation.
    pub cpus: f64,
    /// Of one allocation.
    pub walltime: Duration,
    /// Without work for so long, an allocation ends. With less work than for so long, none is worth starting beside another.
    pub idle: Duration,
}

impl PoolPolicy {
    /// Of a pool that is to be no more: what it has ends when its work is done.
    pub fn gone() -> PoolPolicy {
        PoolPolicy { minimum: 0, maximum: 0, cpus: 1.0, walltime: Duration::MAX, idle: Duration::ZERO }
    }
}

/// What to do. Numbers are those of the allocations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Allocations to ask for.
    pub submit: u32,
    /// Not begun and not needed.
    pub cancel: Vec<u64>,
    /// To end when what they have is done.
    pub drain: Vec<u64>,
}

impl Plan {
    pub fn is_empty(&self) -> bool {
        *self == Plan::default()
    }
}

/// Compares what there is with what there should be. Allocations are given in the order in which they were asked for: the last is given
/// up first.
pub fn plan(backlog: &[Backlog], allocations: &[Tenure], policy: &PoolPolicy) -> Plan {
    let demand = Demand::of(backlog, policy);
    let pending: Vec<u64> = of(allocations, |standing| *standing == Standing::Pending);
    let running: Vec<u64> = of(allocations, |standing| matches!(standing, Standing::Running { .. }));
    let draining = count(allocations.len() - pending.len() - running.len());

    let wanted = demand.pending(allocations).max(policy.minimum.saturating_sub(count(running.len())));
    // Those that end have their place until they have ended.
    let room = policy.maximum.saturating_sub(draining).saturating_sub(count(running.len()));
    let wanted = wanted.min(room);
    let have = count(pending.len());

    let cancel = pending.iter().rev().take(have.saturating_sub(wanted) as usize).copied().collect();
    let submit = wanted.saturating_sub(have);
    let drain = drained(allocations, policy, &demand, have.min(wanted) + submit);
    Plan { submit, cancel, drain }
}

fn of(allocations: &[Tenure], which: impl Fn(&Standing) -> bool) -> Vec<u64> {
    allocations.iter().filter(|tenure| which(&tenure.standing)).map(|tenure| tenure.id).collect()
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Those that were idle for too long, but for the minimum; and those beyond the maximum, idle ones first.
fn drained(allocations: &[Tenure], policy: &PoolPolicy, demand: &Demand, pending: u32) -> Vec<u64> {
    let mut running: Vec<(Option<Duration>, u64)> = allocations
        .iter()
        .rev()
        .filter_map(|tenure| match tenure.standing {
            // While runs wait that it can take, it is about to get some.
            Standing::Running { left, idle: Some(_) } if demand.takes(left) => {
                Some((Some(Duration::ZERO), tenure.id))
            }
            Standing::Running { idle, .. } => Some((idle, tenure.id)),
            _ => None,
        })
        .collect();
    // The longest idle come first; busy ones last.
    running.sort_by_key(|(idle, _)| std::cmp::Reverse(*idle));
    let spare = count(running.len()).saturating_add(pending).saturating_sub(policy.minimum) as usize;
    let beyond = count(running.len()).saturating_sub(policy.maximum) as usize;
    let is_long =
        |idle: Option<Duration>| idle.is_some_and(|idle| idle > Duration::ZERO && idle >= policy.idle);
    let too_long = running.iter().take(spare).filter(|(idle, _)| is_long(*idle)).count();
    running.into_iter().take(too_long.max(beyond)).map(|(_, id)| id).collect()
}

/// What waits, counted in allocations of the pool.
struct Demand {
    /// So many could be filled at once.
    at_once: f64,
    /// So many would be busy for the idle time; one is asked for where it is not known how long runs take.
    by_work: f64,
    /// The shortest run that fits an allocation.
    shortest: Duration,
    is_waiting: bool,
}

impl Demand {
    /// Runs that no allocation of the pool can hold are not counted.
    fn of(backlog: &[Backlog], policy: &PoolPolicy) -> Demand {
        let mut demand = Demand { at_once: 0.0, by_work: 0.0, shortest: policy.walltime, is_waiting: false };
        let worth = policy.idle.as_secs_f64().max(1e-3);
        for kind in backlog {
            let together = (policy.cpus / kind.cpus).floor();
            let fits = together >= 1.0 && kind.time.is_none_or(|time| time <= policy.walltime);
            if kind.runs == 0 || !fits || !together.is_finite() {
                continue;
            }
            let share = kind.runs as f64 / together;
            demand.at_once += share;
            // One allocation shows how long its runs take.
            demand.by_work += kind.time.map_or(0.0, |time| share * time.as_secs_f64() / worth);
            demand.shortest = demand.shortest.min(kind.time.unwrap_or_default());
            demand.is_waiting = true;
        }
        demand
    }

    /// Whether an allocation with so much time left can take some of what waits.
    fn takes(&self, left: Duration) -> bool {
        self.is_waiting && left >= self.shortest
    }

    /// How many more allocations than those that run would be useful.
    fn pending(&self, allocations: &[Tenure]) -> u32 {
        if !self.is_waiting {
            return 0;
        }
        let (mut idle_ones, mut running) = (0_u32, 0_u32);
        for tenure in allocations {
            if let Standing::Running { idle, left } = tenure.standing
                && self.takes(left)
            {
                running += 1;
                idle_ones += u32::from(idle.is_some());
            }
        }
        // A float that is too large becomes the largest integer.
        let at_once = (self.at_once.ceil() as u32).saturating_sub(idle_ones);
        let by_work = (self.by_work.ceil() as u32).max(1).saturating_sub(running);
        at_once.min(by_work)
    }
}

#[cfg(test)]
mod tests;
