//! Leases in, jobs out, and what is asked for.

use paramo_model::{
    Application, Assignment, Axis, Block, Bytes, Factor, Name, Parameter, ParameterType, RunPolicy,
    SpaceSpec, Study, Template, Value,
};

use super::*;

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
    Arc::new(Prepared::new(Assignment { id: StudyId(id), study: Arc::new(study), runs, files, slots }))
}

fn command() -> Program {
    Program::Command(vec![Template::literal("true")])
}

fn dispatch() -> Dispatch {
    Dispatch::new(Capacity { cpus: 2.0, memory: Bytes(1 << 30), gpus: Vec::new() }, 100)
}

fn lease(dispatch: &mut Dispatch, study: i64, indices: std::ops::Range<u64>) -> Option<FromWorker> {
    let ticket = |index| Ticket { index, attempt: 1, memory: None, time: None };
    dispatch.lease(StudyId(study), LeaseId(1), indices.map(ticket).collect())
}

fn indices(job: &Job) -> Vec<u64> {
    job.tickets.iter().map(|(_, ticket)| ticket.index).collect()
}

#[test]
fn the_stock_grows_with_the_rate() {
    let mut dispatch = dispatch();
    assert_eq!(dispatch.appetite(), None, "no study, no wish");
    dispatch.assign(prepared(1, None, command()));
    assert_eq!(dispatch.appetite(), Some((4, true)));
    assert_eq!(dispatch.appetite(), None, "asked once");
    lease(&mut dispatch, 1, 0..4);
    assert_eq!(dispatch.appetite(), None, "there is enough");
    let job = dispatch.take().unwrap();
    assert!(job.long, "nothing is known yet");
    dispatch.done(Job { tickets: VecDeque::new(), ..job }, Pace { runs: 1, seconds: 0.001 });
    // Two slots at a millisecond a run: a second's worth is 2,000, of which 3 are here.
    assert_eq!(dispatch.appetite(), Some((1997, false)));
    lease(&mut dispatch, 1, 4..2001);
    assert!(!dispatch.take().unwrap().long);
    assert_eq!(dispatch.appetite(), None);
}

#[test]
fn studies_take_turns_and_keep_to_their_slots() {
    let mut dispatch = dispatch();
    dispatch.assign(prepared(1, Some(1), command()));
    dispatch.assign(prepared(2, None, command()));
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
    dispatch.assign(prepared(
        1,
        None,
        Program::Function { module: "m".into(), function: "f".into(), python: Some("true".into()) },
    ));
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
    dispatch.assign(prepared(1, None, command()));
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
