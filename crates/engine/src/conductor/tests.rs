use std::collections::HashSet;
use std::time::Duration;

use paramo_model::{
    Axis, Block, Factor, Micros, Name, OutputFile, Parameter, ParameterType, Scale, SpaceSpec, Steps,
    StudyId, Timestamp, Value,
};
use proptest::prelude::*;

use super::*;

fn space(counts: &[u64], condition: Option<&str>) -> Space {
    let name = Name::new("x").unwrap();
    let parameters = [Parameter::new(name.clone(), ParameterType::Integer)];
    let blocks = counts
        .iter()
        .map(|&count| Block {
            factors: vec![Factor::Axis(
                name.clone(),
                Axis::Range {
                    from: Value::Integer(0),
                    to: Value::Integer(count as i64 - 1),
                    steps: Steps::Count(count),
                    scale: Scale::Linear,
                },
            )],
            condition: condition.map(str::to_owned),
        })
        .collect();
    Space::new(&SpaceSpec { blocks }, &parameters).unwrap()
}

fn conductor(counts: &[u64], condition: Option<&str>, retry: Retry) -> Conductor {
    Conductor::new(
        space(counts, condition),
        Order::Sequential,
        retry,
        Resources::default(),
        RoaringTreemap::new(),
    )
}

fn report(lease: LeaseId, ticket: &Ticket, ended: Ended) -> Report {
    Report {
        study: StudyId(1),
        lease,
        index: ticket.index,
        attempt: Attempt {
            number: ticket.attempt,
            ended,
            started: Timestamp(0),
            wall: Micros(1),
            cpu: Micros(1),
            peak_memory: Bytes(1),
            exit_code: Some(0),
            worker: 0,
            slot: 0,
            stdout: OutputFile::default(),
            stderr: OutputFile::default(),
        },
        outputs: vec![],
    }
}

#[test]
fn a_failed_run_waits_and_then_ends_with_its_history() {
    let now = Instant::now();
    let mut conductor = conductor(&[1], None, Retry { count: 1, ..Retry::default() });
    let lease = conductor.lease(5, now).unwrap();
    assert_eq!(lease.tickets.len(), 1);
    let failure = Ended::Failed(Cause::Exit { code: 3 });
    let verdict = conductor.report(report(lease.id, &lease.tickets[0], failure.clone()), now);
    assert!(matches!(verdict, Verdict::Retry { wait: Seconds(1.0), .. }), "{verdict:?}");
    assert!(conductor.lease(5, now).unwrap().tickets.is_empty() && !conductor.finished());
    let later = now + Duration::from_secs(1);
    let lease = conductor.lease(5, later).unwrap();
    assert_eq!(lease.tickets[0].attempt, 2);
    let Verdict::Ended(record) = conductor.report(report(lease.id, &lease.tickets[0], failure), later) else {
        panic!("the retries are used up");
    };
    assert_eq!((record.earlier.len(), record.last.number), (1, 2));
    assert!(conductor.finished());
}

#[test]
fn out_of_memory_may_ask_for_more() {
    let now = Instant::now();
    let resources = Resources { memory: Some(Bytes(100)), ..Resources::default() };
    let retry = Retry { count: 2, more_memory: 2.0, ..Retry::default() };
    let mut conductor =
        Conductor::new(space(&[1], None), Order::Sequential, retry, resources, RoaringTreemap::new());
    let mut at = now;
    let mut asked = Vec::new();
    for _ in 0..3 {
        let lease = conductor.lease(1, at).unwrap();
        asked.push(lease.tickets[0].memory);
        conductor.report(
            report(lease.id, &lease.tickets[0], Ended::Failed(Cause::OutOfMemory { limit: None })),
            at,
        );
        at += Duration::from_secs(100);
    }
    assert_eq!(asked, [None, Some(Bytes(200)), Some(Bytes(400))]);
}

#[test]
fn a_condition_skips_without_renumbering_and_may_exclude_everything() {
    let now = Instant::now();
    let mut some = conductor(&[6], Some("x >= 4"), Retry::default());
    let indices: Vec<u64> = some.lease(10, now).unwrap().tickets.iter().map(|t| t.index).collect();
    assert_eq!((indices, some.skipped()), (vec![4, 5], 4));
    let mut none = conductor(&[6], Some("x > 10"), Retry::default());
    assert!(none.lease(10, now).unwrap().tickets.is_empty());
    assert!(none.finished());
}

#[test]
fn that_nothing_is_left_is_seen_without_anybody_asking_for_more() {
    let mut conductor = conductor(&[3], Some("x != 1"), Retry::default());
    let now = Instant::now();
    for index in [0, 2] {
        assert_eq!(conductor.look_ahead(), Ok(false));
        assert!(!conductor.finished());
        let lease = conductor.lease(1, now).unwrap();
        assert_eq!(lease.tickets[0].index, index);
        conductor.report(report(lease.id, &lease.tickets[0], Ended::Succeeded), now);
    }
    assert!(!conductor.finished(), "nobody has asked for a third");
    assert_eq!(conductor.look_ahead(), Ok(false));
    assert!(conductor.finished());
}

#[test]
fn a_long_scan_lets_others_speak() {
    let mut conductor = conductor(&[1_000_000], Some("x == 999999"), Retry::default());
    let mut calls = 0;
    let lease = loop {
        calls += 1;
        let lease = conductor.lease(1, Instant::now()).unwrap();
        if !lease.more {
            break lease;
        }
    };
    assert_eq!((lease.tickets[0].index, calls), (999_999, 5));
}

#[test]
fn growing_keeps_what_is_open_and_adds_the_rest() {
    let now = Instant::now();
    let mut conductor = conductor(&[4], None, Retry::default());
    let first = conductor.lease(2, now).unwrap();
    conductor.report(report(first.id, &first.tickets[0], Ended::Succeeded), now);
    conductor.grow(space(&[4, 3], None));
    let rest: Vec<u64> = conductor.lease(10, now).unwrap().tickets.iter().map(|t| t.index).collect();
    assert_eq!(rest, [2, 3, 4, 5, 6]);
}

#[test]
fn a_late_report_of_a_given_up_lease_wins_once() {
    let now = Instant::now();
    let mut conductor = conductor(&[1], None, Retry::default());
    let first = conductor.lease(1, now).unwrap();
    conductor.give_back(first.id, [0]);
    let late = conductor.report(report(first.id, &first.tickets[0], Ended::Succeeded), now);
    assert!(matches!(late, Verdict::Ended(_)));
    assert!(conductor.lease(1, now).unwrap().tickets.is_empty());
    let again = conductor.report(report(first.id, &first.tickets[0], Ended::Succeeded), now);
    assert!(matches!(again, Verdict::Duplicate) && conductor.finished());
}

#[test]
fn a_late_failure_of_a_given_up_lease_does_not_touch_the_attempt_that_came_after_it() {
    let now = Instant::now();
    let mut conductor = conductor(&[1], None, Retry::default());
    let first = conductor.lease(1, now).unwrap();
    conductor.give_back(first.id, [0]);
    let second = conductor.lease(1, now).unwrap();
    for cause in [Cause::LostWorker, Cause::Exit { code: 1 }] {
        let late = conductor.report(report(first.id, &first.tickets[0], Ended::Failed(cause)), now);
        assert!(matches!(late, Verdict::Duplicate), "{late:?}");
    }
    assert_eq!((conductor.leased(), conductor.duplicates()), (1, 2));
    let ended = conductor.report(report(second.id, &second.tickets[0], Ended::Succeeded), now);
    assert!(matches!(ended, Verdict::Ended(_)));
}

#[test]
fn what_a_worker_still_makes_is_taken_up_and_leased_to_nobody_else() {
    let now = Instant::now();
    let mut conductor = conductor(&[3], None, Retry { count: 1, ..Retry::default() });
    conductor.leases_from(1 << 40);
    let held = |index| Held { index, lease: LeaseId(7), attempt: 2, slot: Some(0) };
    assert!(conductor.adopt(&held(1)));
    assert!(!conductor.adopt(&held(1)), "it is leased by now");
    assert!(!conductor.adopt(&held(9)), "there is no such run");
    let lease = conductor.lease(9, now).unwrap();
    assert_eq!(lease.tickets.iter().map(|ticket| ticket.index).collect::<Vec<_>>(), [0, 2]);
    let ticket = Ticket::new(1, 2);
    let failed = Ended::Failed(Cause::Exit { code: 1 });
    let verdict = conductor.report(report(LeaseId(7), &ticket, failed), now);
    assert!(matches!(verdict, Verdict::Retry { .. }), "{verdict:?}");
    let again = conductor.lease(9, now + Duration::from_secs(9)).unwrap();
    assert_eq!(again.tickets[0].attempt, 3, "the first attempt was made under an engine that is no more");
}

#[derive(Clone, Debug)]
enum Step {
    Lease(usize),
    Succeed(usize),
    Fail(usize),
    Lose(usize),
    GiveBack(usize),
    Repeat(usize),
    Wait,
    OpenAgain(u64),
    Grow(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (1usize..8).prop_map(Step::Lease),
        any::<usize>().prop_map(Step::Succeed),
        any::<usize>().prop_map(Step::Succeed),
        any::<usize>().prop_map(Step::Fail),
        any::<usize>().prop_map(Step::Lose),
        any::<usize>().prop_map(Step::GiveBack),
        any::<usize>().prop_map(Step::Repeat),
        Just(Step::Wait),
        (0u64..30).prop_map(Step::OpenAgain),
        (1u64..10).prop_map(Step::Grow),
    ];
    proptest::collection::vec(step, 0..120)
}

proptest! {
    /// Whatever happens, no index is leased twice at once or after it ended, and in the end every included index has ended once.
    #[test]
    fn every_history_ends_every_run_exactly_once(
        steps in steps(), size in 1u64..20, retries in 0u32..3, odd in any::<bool>(), order in 0usize..4
    ) {
        let condition = odd.then_some("x % 2 == 1");
        let order = [Order::Sequential, Order::Reverse, Order::Random(7), Order::Coarse][order];
        let retry = Retry { count: retries, ..Retry::default() };
        let mut sizes = vec![size];
        let mut conductor =
            Conductor::new(space(&sizes, condition), order, retry, Resources::default(), RoaringTreemap::new());
        let mut now = Instant::now();
        let mut held: Vec<(LeaseId, Ticket)> = Vec::new();
        let mut past: Vec<(LeaseId, Ticket)> = Vec::new();
        let mut ended: HashSet<u64> = HashSet::new();
        let tail = std::iter::repeat_n([Step::Wait, Step::Lease(50), Step::Succeed(0)], 400).flatten();
        for step in steps.into_iter().chain(tail) {
            match step {
                Step::Lease(n) => {
                    let lease = conductor.lease(n, now).unwrap();
                    for ticket in lease.tickets {
                        prop_assert!(!ended.contains(&ticket.index), "leased after its end");
                        prop_assert!(held.iter().all(|(_, other)| other.index != ticket.index), "leased twice");
                        held.push((lease.id, ticket));
                    }
                }
                Step::Succeed(k) | Step::Fail(k) | Step::Lose(k) if !held.is_empty() => {
                    let (lease, ticket) = held.swap_remove(k % held.len());
                    let how = match step {
                        Step::Succeed(_) => Ended::Succeeded,
                        Step::Fail(_) => Ended::Failed(Cause::Exit { code: 1 }),
                        _ => Ended::Failed(Cause::LostWorker),
                    };
                    if let Verdict::Ended(record) = conductor.report(report(lease, &ticket, how), now) {
                        prop_assert!(ended.insert(record.index), "ended twice");
                    }
                    past.push((lease, ticket));
                }
                Step::GiveBack(k) if !held.is_empty() => {
                    let (lease, ticket) = held.swap_remove(k % held.len());
                    conductor.give_back(lease, [ticket.index]);
                }
                Step::Repeat(k) if !past.is_empty() => {
                    let (lease, ticket) = &past[k % past.len()];
                    if held.iter().all(|(_, t)| t.index != ticket.index)
                        && let Verdict::Ended(record) = conductor.report(report(*lease, ticket, Ended::Succeeded), now)
                    {
                        prop_assert!(ended.insert(record.index), "ended twice");
                    }
                }
                Step::Wait => {
                    now += Duration::from_secs(61);
                    while conductor.look_ahead().unwrap() {}
                }
                Step::OpenAgain(index) => {
                    ended.remove(&index);
                    conductor.open_again_unless(&ended.iter().copied().collect());
                }
                Step::Grow(more) => {
                    sizes.push(more);
                    conductor.grow(space(&sizes, condition));
                }
                _ => {}
            }
            prop_assert_eq!(conductor.leased(), held.len());
        }
        let grown = space(&sizes, condition);
        let expected = (0..grown.len()).filter(|&i| grown.included(i).unwrap()).count();
        prop_assert!(conductor.finished());
        prop_assert_eq!(ended.len(), expected);
    }
}

#[test]
fn runs_that_are_taken_whole_teach_the_time_of_the_next_until_one_was_cut() {
    let now = Instant::now();
    let resources =
        Resources { nodes: 2, tasks: 2, learn: true, time: Some(Seconds(3600.0)), ..Resources::default() };
    let mut conductor = Conductor::new(
        space(&[40], None),
        Order::Sequential,
        Retry::default(),
        resources,
        RoaringTreemap::new(),
    );
    let lease = conductor.lease(20, now).unwrap();
    for ticket in &lease.tickets {
        assert_eq!(ticket.expected, Expected::default());
        let mut report = report(lease.id, ticket, Ended::Succeeded);
        report.attempt.wall = Micros(4_000_000);
        conductor.report(report, now);
    }
    // Their memory is that of what starts them.
    let learned = Expected { time: Some(Seconds(8.0)), memory: None };
    assert_eq!(conductor.expected(), learned);
    let lease = conductor.lease(2, now).unwrap();
    assert_eq!(lease.tickets[0].expected, learned);

    let mut cut = report(lease.id, &lease.tickets[0], Ended::Failed(Cause::LostWorker));
    cut.attempt.wall = Micros(100_000_000);
    assert!(matches!(conductor.report(cut, now), Verdict::Retry { .. }));
    assert_eq!(conductor.expected(), Expected::default(), "the next allocation is for any run");
    let again = conductor.lease(1, now).unwrap();
    assert_eq!((again.tickets[0].attempt, again.tickets[0].expected), (2, Expected::default()));
    conductor.report(report(again.id, &again.tickets[0], Ended::Succeeded), now);
    assert_eq!(conductor.expected().time, Some(Seconds(200.0)), "at least as long as the one that was cut");

    // One that is handed back in time, before its allocation ends, has not failed, and is no shorter for that.
    let second = lease.tickets[1].index;
    conductor.cut(second, Seconds(150.0));
    conductor.give_back(lease.id, [second]);
    assert_eq!(conductor.expected(), Expected::default());
    let again = conductor.lease(1, now).unwrap();
    let ticket = &again.tickets[0];
    assert_eq!((ticket.index, ticket.attempt, ticket.expected), (second, 1, Expected::default()));
    conductor.report(report(again.id, ticket, Ended::Succeeded), now);
    assert_eq!(conductor.expected().time, Some(Seconds(300.0)));
}
