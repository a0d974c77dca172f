//! Every code once, in the order in which they are looked for.

use paramo_model::{
    Application, Block, Bytes, Capacity, FailureLimit, Limits, Micros, Name, Program, Progress, RunPolicy,
    SpaceSpec, Study, StudyId, Template, Timestamp, WorkerId,
};
use paramo_store::Counts;

use super::*;
use crate::{ProjectTerms, Usage};

fn row() -> StudyRow {
    let name = Name::new("hes1").unwrap();
    let command = Template::parse("true").unwrap();
    let mut application = Application::new(Program::Command(vec![command]));
    application.resources.memory = Some(Bytes(1 << 30));
    StudyRow {
        id: StudyId(1),
        project: Name::new("default").unwrap(),
        name: name.clone(),
        version: 1,
        state: StudyState::Open,
        created: Timestamp(0),
        changed: Timestamp(0),
        study: Study {
            name,
            description: None,
            application,
            space: SpaceSpec { blocks: vec![Block { factors: Vec::new(), condition: None }] },
            run: RunPolicy::default(),
            source: "/".to_owned(),
        },
        counts: Counts::default(),
    }
}

fn worker(memory: u64, running: usize) -> WorkerStatus {
    WorkerStatus {
        id: WorkerId(0),
        name: "w".to_owned(),
        capacity: Capacity { cpus: 4.0, memory: Bytes(memory), gpus: Vec::new() },
        leased: running,
        running,
        running_of: Default::default(),
        reported: 0,
        remote: None,
        studies: Vec::new(),
        draining: false,
    }
}

fn project(terms: ProjectTerms, usage: Usage) -> InProject {
    InProject { name: Name::new("lab").unwrap(), terms, usage }
}

const LARGE: u64 = 1 << 40;

/// A study that goes on: of each test one thing is changed.
struct Scene {
    row: StudyRow,
    driver: Driver,
    project: Option<InProject>,
    workers: Option<Vec<WorkerStatus>>,
    now: Option<Moment>,
}

impl Scene {
    fn new() -> Scene {
        Scene {
            row: row(),
            driver: Driver::Working,
            project: None,
            workers: Some(vec![worker(LARGE, 0)]),
            now: Some(Moment::default()),
        }
    }

    fn why(&self) -> Option<Why> {
        why(&Standing {
            row: &self.row,
            driver: self.driver.clone(),
            project: self.project.as_ref(),
            workers: self.workers.as_deref(),
            now: self.now.as_ref(),
        })
    }
}

#[test]
fn each_thing_in_the_way_is_named_and_the_first_of_them_wins() {
    let mut scene = Scene::new();
    let mut answers = Vec::new();
    let mut look = |scene: &Scene| {
        let why = scene.why().unwrap();
        answers.push(format!("{}: {} -> {}", why.code, why.what, why.change));
        why.code
    };
    assert_eq!(scene.why(), None, "it is about to go on");
    let mut seen = Vec::new();

    scene.workers = Some(vec![worker(LARGE, 3)]);
    seen.push(look(&scene));
    scene.now = Some(Moment { next_retry: Some(Seconds(4.0)), ..Moment::default() });
    seen.push(look(&scene));
    let terms = ProjectTerms {
        share: 1.0,
        runs: Some(3),
        cpu: Some(Seconds(36_000.0)),
        storage: Some(Bytes(1 << 30)),
    };
    let usage = Usage { running: 3, ..Usage::default() };
    scene.project = Some(project(terms, usage));
    seen.push(look(&scene));
    scene.workers = Some(vec![worker(1 << 20, 0), worker(2 << 20, 0)]);
    seen.push(look(&scene));
    scene.workers = Some(vec![WorkerStatus { draining: true, ..worker(LARGE, 0) }]);
    seen.push(look(&scene));
    scene.project = Some(project(terms, Usage { storage: Bytes(1 << 31), ..usage }));
    seen.push(look(&scene));
    let used = Usage { cpu: Micros(36_000_000_000), storage: Bytes(1 << 31), ..usage };
    scene.project = Some(project(terms, used));
    seen.push(look(&scene));
    scene.driver = Driver::Nobody;
    seen.push(look(&scene));
    scene.driver = Driver::Other("process 7 on node3".to_owned());
    seen.push(look(&scene));
    scene.row.state = StudyState::Paused;
    seen.push(look(&scene));
    scene.row.study.run.max_failures = Some(FailureLimit::Runs(5));
    scene.row.counts.failed = 5;
    seen.push(look(&scene));
    scene.row.study.run.time_limit = Some(Seconds(3600.0));
    scene.row.counts.worked = Micros(3_600_000_000);
    seen.push(look(&scene));
    scene.row.study.run.cpu_limit = Some(Seconds(7200.0));
    scene.row.counts.cpu = Micros(7_201_000_000);
    seen.push(look(&scene));
    scene.row.state = StudyState::Cancelled;
    seen.push(look(&scene));
    scene.row.state = StudyState::Finished;
    seen.push(look(&scene));

    seen.reverse();
    assert_eq!(seen, Code::ALL, "every code is met, in its order");
    insta::assert_snapshot!(answers.join("\n"), @"
    waiting-share: 3 runs of other studies have the slots -> wait for its turn, or pause another study
    retry-delay: all that is left are failed runs; the first is tried again in 4 s -> wait, or shorten [run.retry] delay
    quota-runs: project lab runs 3 at once, which is all that it may -> wait for them, or pause another study of the project
    too-large: a run asks for 1 GiB of memory, and there are 1 MiB here -> lower [application.resources], or add a larger worker
    no-worker: there is no worker that takes runs -> add a worker, or wait until one comes
    quota-storage: project lab keeps 2 GiB of its 1 GiB of storage -> remove studies that are not needed (paramo rm), or ask a manager of project lab for more
    quota-cpu: project lab has used 10.0 of its 10.0 CPU hours -> ask a manager of project lab for more CPU hours
    not-started: nobody works on it -> start it: paramo run hes1
    held: process 7 on node3 works on it -> let it go on there, or end that process
    paused: it is paused -> resume it: paramo resume hes1
    failures: 5 of its runs have failed, and the limit is 5 -> see why (paramo explain hes1), then paramo retry hes1, or paramo limits hes1 --max-failures 10 and paramo resume hes1
    cap-time: it has been worked on for 1 h, and the limit is 1 h -> raise the limit and go on: paramo limits hes1 --time '2 h', then paramo resume hes1
    cap-cpu: its runs have used 2 h of CPU time, and the limit is 2 h -> raise the limit and go on: paramo limits hes1 --cpu '4 h', then paramo resume hes1
    cancelled: somebody cancelled it -> go on: paramo run hes1
    finished: every run has ended; 5 failed -> run the failed ones again: paramo retry hes1
    ");
}

#[test]
fn what_runs_is_not_in_the_way_of_itself() {
    let mut scene = Scene::new();
    scene.workers = Some(vec![worker(LARGE, 3)]);
    let progress = Progress { running: 1, ..Progress::default() };
    scene.now = Some(Moment { progress, ..Moment::default() });
    scene.project = Some(project(
        ProjectTerms { runs: Some(1), ..ProjectTerms::default() },
        Usage { running: 1, ..Usage::default() },
    ));
    assert_eq!(scene.why(), None);
    // Tiny runs are not spoken of one by one.
    scene.project = None;
    scene.now =
        Some(Moment { progress: Progress { rate: 1000.0, ..Progress::default() }, ..Moment::default() });
    assert_eq!(scene.why(), None);
    scene.workers = None;
    scene.now = None;
    assert_eq!(scene.why(), None, "what another process has is not guessed at");
}

#[test]
fn a_raised_limit_is_out_of_the_way_and_leaves_the_pause() {
    let mut scene = Scene::new();
    scene.row.study.run.cpu_limit = Some(Seconds(10.0));
    scene.row.counts.cpu = Micros(10_000_000);
    assert_eq!(cap(&scene.row), Some(Cap::Cpu));
    scene.row.study.run.wished_limits = Some(Limits { cpu: Some(Seconds(20.0)), ..Limits::default() });
    assert_eq!(scene.why(), None);
    scene.row.state = StudyState::Paused;
    scene.driver = Driver::Nobody;
    let why = scene.why().unwrap();
    assert_eq!((why.code, why.change.as_str()), (Code::Paused, "resume it: paramo run hes1"));
}

#[test]
fn the_page_lists_every_code_in_order() {
    let page = include_str!("../../../../docs/why.md");
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let rows: Vec<String> =
        rows.map(|row| row.split(" | ").take(2).collect::<Vec<_>>().join(" | ")).collect();
    let wanted = Code::ALL.map(|code| format!("| `{code}` | {}", code.help()));
    assert_eq!(rows, wanted);
    for code in Code::ALL {
        assert_eq!(
            serde_json::to_string(&code).unwrap(),
            format!("\"{code}\""),
            "programs read the same word"
        );
    }
}
