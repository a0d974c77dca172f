use proptest::prelude::*;

use super::*;

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn policy() -> PoolPolicy {
    PoolPolicy { minimum: 0, maximum: 8, cpus: 16.0, walltime: seconds(3600), idle: seconds(300) }
}

fn waits(runs: u64, cpus: f64, time: Option<u64>) -> Vec<Backlog> {
    vec![Backlog { runs, cpus, time: time.map(seconds) }]
}

fn tenures(standings: &[Standing]) -> Vec<Tenure> {
    standings.iter().enumerate().map(|(i, s)| Tenure { id: i as u64, standing: s.clone() }).collect()
}

const BUSY: Standing = Standing::Running { idle: None, left: Duration::from_secs(3000) };

fn idle(n: u64) -> Standing {
    Standing::Running { idle: Some(seconds(n)), left: seconds(3000) }
}

#[test]
fn as_many_as_can_be_filled_and_not_more() {
    assert_eq!(plan(&waits(40, 1.0, Some(600)), &[], &policy()).submit, 3);
    assert_eq!(plan(&waits(40, 10.0, Some(600)), &[], &policy()).submit, 8);
    let two = tenures(&[Standing::Pending, Standing::Pending]);
    assert_eq!(plan(&waits(40, 1.0, Some(600)), &two, &policy()).submit, 1);
    assert_eq!(plan(&waits(40, 1.0, None), &[], &policy()).submit, 1, "it shows how long they take");
    assert!(plan(&[], &[], &policy()).is_empty());
}

#[test]
fn short_work_needs_few() {
    // A thousand seconds of CPU time on 16 CPUs are a minute's work.
    assert_eq!(plan(&waits(1000, 1.0, Some(1)), &[], &policy()).submit, 1);
    assert!(plan(&waits(1000, 1.0, Some(1)), &tenures(&[BUSY]), &policy()).is_empty());
}

#[test]
fn what_does_not_fit_asks_for_nothing() {
    assert!(plan(&waits(5, 17.0, None), &[], &policy()).is_empty());
    assert!(plan(&waits(5, 1.0, Some(3601)), &[], &policy()).is_empty());
}

#[test]
fn an_allocation_that_is_about_to_end_is_no_place_for_long_runs() {
    let ending = tenures(&[Standing::Running { idle: Some(seconds(1)), left: seconds(60) }]);
    assert_eq!(plan(&waits(5, 1.0, Some(600)), &ending, &policy()).submit, 1);
    assert_eq!(plan(&waits(5, 1.0, Some(30)), &ending, &policy()).submit, 0);
}

#[test]
fn without_work_pending_ones_are_cancelled_and_idle_ones_end() {
    let there = tenures(&[idle(301), idle(10), BUSY, Standing::Pending, Standing::Pending]);
    let found = plan(&[], &there, &policy());
    assert_eq!(found, Plan { submit: 0, cancel: vec![4, 3], drain: vec![0] });
    let kept = PoolPolicy { minimum: 4, ..policy() };
    let found = plan(&[], &there, &kept);
    assert_eq!(found, Plan { submit: 0, cancel: vec![4], drain: vec![] });
    assert_eq!(plan(&[], &[], &kept).submit, 4);
}

#[test]
fn a_lower_maximum_is_kept_to() {
    let there = tenures(&[BUSY, idle(1), BUSY, Standing::Pending]);
    let found = plan(&waits(100, 1.0, None), &there, &PoolPolicy { maximum: 1, ..policy() });
    assert_eq!(found, Plan { submit: 0, cancel: vec![3], drain: vec![1, 2] });
}

fn standing() -> impl Strategy<Value = Standing> {
    prop_oneof![
        Just(Standing::Pending),
        Just(Standing::Draining),
        (proptest::option::of(0..1000_u64), 0..4000_u64)
            .prop_map(|(idle, left)| Standing::Running { idle: idle.map(seconds), left: seconds(left) }),
    ]
}

fn kind() -> impl Strategy<Value = Backlog> {
    (0..200_u64, 0.1..40.0_f64, proptest::option::of(0..5000_u64)).prop_map(|(runs, cpus, time)| Backlog {
        runs,
        cpus,
        time: time.map(seconds),
    })
}

prop_compose! {
    fn any_policy()(minimum in 0..6_u32, more in 0..8_u32, cpus in 1.0..64.0_f64, idle in 0..600_u64) -> PoolPolicy {
        PoolPolicy { minimum, maximum: (minimum + more).max(1), cpus, walltime: seconds(3600), idle: seconds(idle) }
    }
}

/// The allocations after a plan was carried out.
fn after(allocations: &[Tenure], plan: &Plan) -> Vec<Tenure> {
    let mut left: Vec<Tenure> =
        allocations.iter().filter(|tenure| !plan.cancel.contains(&tenure.id)).cloned().collect();
    for tenure in left.iter_mut().filter(|tenure| plan.drain.contains(&tenure.id)) {
        tenure.standing = Standing::Draining;
    }
    left.extend((0..plan.submit).map(|i| Tenure { id: 1000 + u64::from(i), standing: Standing::Pending }));
    left
}

fn runs(standing: &Standing) -> bool {
    matches!(standing, Standing::Running { .. })
}

fn number(allocations: &[Tenure], which: impl Fn(&Standing) -> bool) -> u32 {
    allocations.iter().filter(|tenure| which(&tenure.standing)).count() as u32
}

proptest! {
    #[test]
    fn what_a_plan_never_does(
        backlog in proptest::collection::vec(kind(), 0..4),
        standings in proptest::collection::vec(standing(), 0..12),
        policy in any_policy(),
    ) {
        let there = tenures(&standings);
        let found = plan(&backlog, &there, &policy);
        let then = after(&there, &found);
        let pending = number(&then, |s| *s == Standing::Pending);
        let running = number(&then, runs);

        // Only what has not begun is cancelled, only what runs is drained.
        for tenure in &there {
            prop_assert!(!found.cancel.contains(&tenure.id) || tenure.standing == Standing::Pending);
            prop_assert!(!found.drain.contains(&tenure.id) || runs(&tenure.standing));
        }
        // It does not ask and cancel at once.
        prop_assert!(found.submit == 0 || found.cancel.is_empty());
        // Nothing new beyond the maximum.
        if found.submit > 0 {
            prop_assert!(then.len() as u32 <= policy.maximum);
        }
        prop_assert!(running <= policy.maximum);
        // Never more pending than can be filled at once, but for the minimum.
        let useful: f64 = backlog.iter()
            .filter(|kind| kind.cpus <= policy.cpus && kind.time.is_none_or(|time| time <= policy.walltime))
            .map(|kind| kind.runs as f64 / (policy.cpus / kind.cpus).floor())
            .sum();
        let before = number(&there, runs);
        prop_assert!(f64::from(pending) <= useful.ceil().max(f64::from(policy.minimum.saturating_sub(before))));
        // The minimum is kept, where those that end leave room for it.
        let room = policy.maximum.saturating_sub(number(&there, |s| *s == Standing::Draining));
        prop_assert!(pending + running >= policy.minimum.min(room).min(policy.maximum) || before > policy.maximum);
        // Those that were idle for long end, but for the minimum.
        if useful == 0.0 {
            let long = number(&then, |s| matches!(s, Standing::Running { idle: Some(idle), .. } if *idle >= policy.idle));
            prop_assert!(long == 0 || pending + running <= policy.minimum);
        }
        // There is nothing left to do.
        prop_assert!(plan(&backlog, &then, &policy).is_empty(), "{found:?} then {:?}", plan(&backlog, &then, &policy));
    }

    /// Work that can be done is begun.
    #[test]
    fn work_does_not_wait_for_ever(runs in 1..1000_u64, cpus in 0.1..1.0_f64, policy in any_policy()) {
        let backlog = [Backlog { runs, cpus, time: None }];
        prop_assert!(plan(&backlog, &[], &policy).submit >= 1);
    }
}
