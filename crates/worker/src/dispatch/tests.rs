//! Leases in, jobs out, and what is asked for.

use paramo_model::{
    Application, Assignment, Axis, Block, Bytes, Factor, Name, Parameter, ParameterType, ProjectPart,
    RunPolicy, SpaceSpec, Study, Template, Value,
};

use super::*;
use crate::launcher::Launcher;

mod shares;

fn prepared(id: i64, slots: Option<u32>, program: Program) -> Arc<Prepared> {
    let name = Name::new("x").unwrap();
    let mut application = Application::new(program);
    application.parameters.push(Parameter::new(name.clone(), ParameterType::Integer));
    let axis = Axis::Values(vec![Value::Integer(1)]);
    let study = Study {
        name: name.clone(),
        description: None,
        application,
        space: SpaceSpec { blocks: vec![Block { factors: vec![Factor::Axis(name, axis)], condition: None }] },
        run: RunPolicy::default(),
        source: "/".into(),
    };
    let (runs, files) = ("/nonexistent".to_owned(), "/nonexistent".to_owned());
    let assignment = Assignment {
        id: StudyId(id),
        study: Arc::new(study),
        runs,
        files,
        slots,
        share: 1.0,
        project: ProjectPart::default(),
        revision: 1,
    };
    Arc::new(Prepared::new(assignment, &Launcher::default()))
}

fn command() -> Program {
    Program::Command(vec![Template::literal("true")])
}

fn dispatch() -> Dispatch {
    Dispatch::new(Capacity { cpus: 2.0, memory: Bytes(1 << 30), gpus: Vec::new() }, 100, None)
}

fn lease(dispatch: &mut Dispatch, study: i64, indices: std::ops::Range<u64>) -> Option<FromWorker> {
    let ticket = |index| Ticket::new(index, 1);
    dispatch.lease(StudyId(study), LeaseId(1), indices.map(ticket).collect())
}

fn assign(dispatch: &mut Dispatch, study: Arc<Prepared>) {
    dispatch.assign(study, Arc::new(Halt::new().unwrap()));
}

/// What is asked for each study, and whether slots wait.
fn appetite(dispatch: &mut Dispatch) -> Option<(u32, bool)> {
    let mut messages = Vec::new();
    let urgent = dispatch.appetite(&mut messages);
    match messages[..] {
        [] => None,
        [FromWorker::Wants { runs, .. }] => Some((runs, urgent)),
        _ => panic!("{messages:?}"),
    }
}

fn indices(job: &Job) -> Vec<u64> {
    job.tickets.iter().map(|(_, ticket)| ticket.index).collect()
}

#[test]
fn the_stock_grows_with_the_rate() {
    let mut dispatch = dispatch();
    assert_eq!(appetite(&mut dispatch), None, "no study, no wish");
    assign(&mut dispatch, prepared(1, None, command()));
    assert_eq!(appetite(&mut dispatch), Some((4, true)));
    assert_eq!(appetite(&mut dispatch), None, "asked once");
    lease(&mut dispatch, 1, 0..4);
    assert_eq!(appetite(&mut dispatch), None, "there is enough");
    let job = dispatch.take().unwrap();
    assert!(job.long, "nothing is known yet");
    dispatch.done(Job { tickets: VecDeque::new(), ..job }, Pace { runs: 1, seconds: 0.001 });
    // Two slots at a millisecond a run: a second's worth is 2,000, of which 3 are here.
    assert_eq!(appetite(&mut dispatch), Some((1997, false)));
    lease(&mut dispatch, 1, 4..2001);
    assert!(!dispatch.take().unwrap().long);
    assert_eq!(appetite(&mut dispatch), None);
}

#[test]
fn studies_take_turns_and_keep_to_their_slots() {
    let mut dispatch = dispatch();
    assign(&mut dispatch, prepared(1, Some(1), command()));
    assign(&mut dispatch, prepared(2, None, command()));
    lease(&mut dispatch, 1, 0..5);
    lease(&mut dispatch, 2, 10..15);
    let first = dispatch.take().unwrap();
    let second = dispatch.take().unwrap();
    assert_eq!((indices(&first), indices(&second)), (vec![0], vec![10]));
    assert!(dispatch.take().is_none() && !dispatch.more(), "two CPUs, two runs");
    dispatch.done(Job { tickets: VecDeque::new(), ..second }, Pace::default());
    assert_eq!(indices(&dispatch.take().unwrap()), [11], "the first study has its one slot");
}

#[test]
fn calls_go_in_frames_that_are_shared_out_at_the_end() {
    let mut dispatch = dispatch();
    let function = Program::Function {
        module: "m".into(),
        function: "f".into(),
        python: Some("true".into()),
        source: None,
    };
    assign(&mut dispatch, prepared(1, None, function));
    lease(&mut dispatch, 1, 0..10_000);
    let job = dispatch.take().unwrap();
    assert_eq!(indices(&job), [0], "alone, to see how long it takes");
    dispatch.done(Job { tickets: VecDeque::new(), ..job }, Pace { runs: 1, seconds: 0.0001 });
    assert_eq!(dispatch.take().unwrap().tickets.len(), 300);
    let lane = &mut dispatch.lanes[0];
    lane.queue.truncate(10);
    assert_eq!(dispatch.take().unwrap().tickets.len(), 5);
}

#[test]
fn what_was_not_started_goes_back_lease_by_lease() {
    let mut dispatch = dispatch();
    assign(&mut dispatch, prepared(1, None, command()));
    assert!(matches!(lease(&mut dispatch, 9, 0..1), Some(FromWorker::Returned { study: StudyId(9), .. })));
    lease(&mut dispatch, 1, 0..3);
    let job = dispatch.take().unwrap();
    let returned = dispatch.end();
    assert!(
        matches!(&returned[..], [FromWorker::Returned { indices, lease: LeaseId(1), .. }] if *indices == [1, 2])
    );
    assert!(!dispatch.is_gone() && dispatch.take().is_none());
    let returned = dispatch.done(job, Pace::default());
    assert!(matches!(&returned[..], [FromWorker::Returned { indices, .. }] if *indices == [0]));
    assert!(dispatch.is_gone());
    assert!(lease(&mut dispatch, 1, 5..6).is_some());
}

#[test]
fn each_study_asks_for_itself_and_cpus_are_shared() {
    let mut dispatch = dispatch();
    let heavy = |id, share| {
        let study = prepared(id, None, command());
        let mut study = Arc::into_inner(study).unwrap();
        study.share = share;
        Arc::new(study)
    };
    assign(&mut dispatch, heavy(1, 1.0));
    assign(&mut dispatch, heavy(2, 3.0));
    let mut messages = Vec::new();
    assert!(dispatch.appetite(&mut messages));
    assert!(matches!(
        messages[..],
        [FromWorker::Wants { study: StudyId(1), runs: 4 }, FromWorker::Wants { study: StudyId(2), runs: 4 }]
    ));
    dispatch.ledger = Ledger::new(Capacity { cpus: 8.0, memory: Bytes(0), gpus: Vec::new() }, 100);
    lease(&mut dispatch, 1, 0..100);
    lease(&mut dispatch, 2, 0..100);
    let jobs: Vec<Job> = std::iter::from_fn(|| dispatch.take()).collect();
    let of = |id| jobs.iter().filter(|job| job.study.id == StudyId(id)).count();
    assert_eq!((of(1), of(2)), (2, 6), "one to three");
}

#[test]
fn a_released_study_goes_alone_and_can_come_back() {
    let mut dispatch = dispatch();
    assign(&mut dispatch, prepared(1, None, command()));
    assign(&mut dispatch, prepared(2, None, command()));
    lease(&mut dispatch, 1, 0..3);
    lease(&mut dispatch, 2, 0..3);
    let (one, two) = (dispatch.take().unwrap(), dispatch.take().unwrap());
    let said = dispatch.release(StudyId(1), true);
    assert!(matches!(&said[..], [FromWorker::Returned { indices, .. }] if *indices == [1, 2]), "{said:?}");
    let raised = |job: &Job| crate::watch::readable(job.halt.file(false));
    assert!(raised(&one) && !raised(&two));
    assert!(dispatch.release(StudyId(1), true).is_empty(), "the answer comes when nothing runs");
    assert!(lease(&mut dispatch, 1, 5..6).is_some());
    // It comes back before its last run has ended.
    assign(&mut dispatch, prepared(1, None, command()));
    assert!(lease(&mut dispatch, 1, 7..8).is_none());
    let said = dispatch.done(one, Pace::default());
    assert!(
        matches!(&said[..], [FromWorker::Returned { .. }, FromWorker::Released { study: StudyId(1) }]),
        "{said:?}"
    );
    let again = dispatch.take().unwrap();
    assert_eq!((again.study.id, indices(&again)), (StudyId(1), vec![7]));
    assert!(!raised(&again));
    assert!(matches!(dispatch.release(StudyId(9), false)[..], [FromWorker::Released { study: StudyId(9) }]));
    dispatch.done(two, Pace::default());
    assert!(!dispatch.is_gone());
}

#[test]
fn a_paused_study_gives_back_what_waits_and_asks_anew_when_it_goes_on() {
    let mut dispatch = dispatch();
    assign(&mut dispatch, prepared(1, Some(1), command()));
    lease(&mut dispatch, 1, 0..3);
    let mut running = dispatch.take().unwrap();
    running.tickets.clear();
    let returned = |messages: &[FromWorker]| match messages {
        [FromWorker::Returned { indices, .. }] => indices.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(returned(&dispatch.pause(StudyId(1), true)), [1, 2]);
    assert_eq!(appetite(&mut dispatch), None);
    assert_eq!(returned(lease(&mut dispatch, 1, 3..4).as_slice()), [3], "a lease that was on its way");
    assert!(dispatch.done(running, Pace::default()).is_empty());
    assert!(dispatch.take().is_none() && !dispatch.is_gone());
    assert!(dispatch.pause(StudyId(1), false).is_empty());
    assert_eq!(appetite(&mut dispatch), Some((2, true)));
    // Another number of slots holds from the next run on.
    lease(&mut dispatch, 1, 1..4);
    dispatch.take().unwrap();
    assert!(!dispatch.more());
    assign(&mut dispatch, prepared(1, Some(2), command()));
    assert!(dispatch.more());
}
