//! The suite of every worker through a board; and what only many of them can show.

use paramo_model::{
    Application, Assignment, Axis, Block, Bytes, Cause, Ended, Factor, LeaseId, Name, Parameter,
    ParameterType, Program, ProjectPart, Report, RunPolicy, Scale, SpaceSpec, Steps, Study, Template, Ticket,
    Value,
};
use paramo_worker::{LocalWorker, WorkerOptions};

use super::*;

mod one_worker {
    use super::*;

    fn start(capacity: Capacity) -> Box<dyn Link> {
        let board = Switchboard::start();
        let id = StudyId(7);
        let link = board.open(id, Name::default_project(), Terms::default());
        attach_later(&board, capacity);
        link
    }

    paramo_worker::conformance_tests!(start);
}

/// A worker may come before its study or after.
fn attach_later(board: &Switchboard, capacity: Capacity) {
    let (board, worker) = (board.clone(), local(capacity.clone()));
    tokio::spawn(async move { board.attach("one".to_owned(), capacity, worker).await });
}

fn local(capacity: Capacity) -> Box<dyn Link> {
    Box::new(LocalWorker::start(capacity, WorkerOptions::default()).unwrap())
}

fn capacity(cpus: f64) -> Capacity {
    Capacity { cpus, memory: Bytes(1 << 30), gpus: Vec::new() }
}

/// A worker whose connection can be cut.
struct Cut {
    link: Box<dyn Link>,
    cut: Option<oneshot::Receiver<()>>,
}

#[async_trait]
impl Link for Cut {
    fn send(&mut self, order: ToWorker) {
        self.link.send(order);
    }

    async fn receive(&mut self) -> Option<Vec<FromWorker>> {
        let cut = self.cut.as_mut()?;
        tokio::select! {
            news = self.link.receive() => news,
            _ = cut => {
                self.cut = None;
                None
            }
        }
    }
}

fn assignment(script: &str, points: u64) -> Assignment {
    let name = |text| Name::new(text).unwrap();
    let words = ["sh", "-c", script].map(|word| Template::parse(word).unwrap());
    let mut application = Application::new(Program::Command(words.to_vec()));
    application.parameters.push(Parameter::new(name("x"), ParameterType::Integer));
    let axis = Axis::Range {
        from: Value::Integer(0),
        to: Value::Integer(points as i64 - 1),
        steps: Steps::Count(points),
        scale: Scale::Linear,
    };
    let study = Study {
        name: name("board"),
        description: None,
        application,
        space: SpaceSpec {
            blocks: vec![Block { factors: vec![Factor::Axis(name("x"), axis)], condition: None }],
        },
        run: RunPolicy::default(),
        source: std::env::temp_dir().to_string_lossy().into_owned(),
    };
    Assignment {
        id: StudyId(0),
        study: Arc::new(study),
        runs: "/nonexistent".to_owned(),
        files: "/nonexistent".to_owned(),
        slots: None,
        share: 1.0,
        project: ProjectPart::default(),
        revision: 1,
    }
}

/// A study on a board: leases what is asked for and listens.
struct Rig {
    id: StudyId,
    link: Box<dyn Link>,
    points: u64,
    next: u64,
    reports: Vec<Report>,
    returned: Vec<u64>,
    started: Vec<u64>,
}

impl Rig {
    fn new(board: &Switchboard, id: i64, terms: Terms, assignment: Assignment, points: u64) -> Rig {
        Rig::of(board, id, Name::default_project(), terms, assignment, points)
    }

    fn of(
        board: &Switchboard,
        id: i64,
        project: Name,
        terms: Terms,
        assignment: Assignment,
        points: u64,
    ) -> Rig {
        let id = StudyId(id);
        let mut link = board.open(id, project, terms);
        link.send(ToWorker::Assign(Assignment { id, ..assignment }));
        Rig { id, link, points, next: 0, reports: Vec::new(), returned: Vec::new(), started: Vec::new() }
    }

    fn lease(&mut self, indices: impl IntoIterator<Item = u64>) {
        let ticket = |index| Ticket { index, attempt: 1, memory: None, time: None };
        let tickets = indices.into_iter().map(ticket).collect();
        let lease = LeaseId(self.next);
        self.link.send(ToWorker::Lease { study: self.id, lease, tickets });
    }

    /// Goes on until `enough`; every run that comes back is leased again.
    async fn until(&mut self, enough: impl Fn(&Rig) -> bool) {
        while !enough(self) {
            for message in self.link.receive().await.expect("the board is there") {
                match message {
                    FromWorker::Wants { study, runs } => {
                        assert_eq!(study, self.id);
                        let to = (self.next + u64::from(runs)).min(self.points);
                        self.lease(self.next..to);
                        self.next = to;
                    }
                    FromWorker::Started { index, .. } => self.started.push(index),
                    FromWorker::Report(report) => self.reports.push(*report),
                    FromWorker::Returned { indices, .. } => {
                        self.returned.extend(&indices);
                        self.lease(indices);
                    }
                    FromWorker::Settled { .. }
                    | FromWorker::Holds { .. }
                    | FromWorker::Released { .. }
                    | FromWorker::Notice(_)
                    | FromWorker::Gone => {}
                }
            }
        }
    }

    fn succeeded(&self) -> Vec<u64> {
        let ended = self.reports.iter().filter(|report| report.attempt.ended == Ended::Succeeded);
        let mut indices: Vec<u64> = ended.map(|report| report.index).collect();
        indices.sort_unstable();
        indices
    }
}

#[tokio::test]
async fn several_workers_share_a_study_and_several_studies_a_worker() {
    let board = Switchboard::start();
    for name in ["a", "b"] {
        board.attach(name.to_owned(), capacity(1.0), local(capacity(1.0))).await.unwrap();
    }
    let mut one = Rig::new(&board, 1, Terms::default(), assignment("sleep 0.01", 20), 20);
    let mut two = Rig::new(&board, 2, Terms::default(), assignment("sleep 0.01", 20), 20);
    tokio::join!(one.until(|rig| rig.reports.len() == 20), two.until(|rig| rig.reports.len() == 20));
    let all: Vec<u64> = (0..20).collect();
    assert_eq!((one.succeeded(), two.succeeded()), (all.clone(), all));
    let both = one.reports.iter().chain(&two.reports).map(|report| report.attempt.worker);
    assert_eq!(both.collect::<std::collections::BTreeSet<u32>>(), [0, 1].into(), "each run says who made it");
    let workers = board.workers().await;
    assert_eq!(workers.iter().map(|worker| worker.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert!(workers.iter().all(|worker| worker.leased == 0 && worker.studies == [StudyId(1), StudyId(2)]));
}

#[tokio::test]
async fn what_a_lost_worker_held_is_handed_back_and_made_elsewhere() {
    let board = Switchboard::start();
    let (cut, when) = oneshot::channel();
    let doomed = Cut { link: local(capacity(2.0)), cut: Some(when) };
    board.attach("doomed".to_owned(), capacity(2.0), Box::new(doomed)).await.unwrap();
    let home = tempfile::tempdir().unwrap();
    let script = format!("test -e {}/go || exec sleep 1000", home.path().display());
    let mut rig = Rig::new(&board, 1, Terms::default(), assignment(&script, 12), 12);
    rig.until(|rig| rig.started.len() == 2).await;
    std::fs::write(home.path().join("go"), "").unwrap();
    cut.send(()).unwrap();
    rig.until(|rig| rig.reports.len() == 2).await;
    assert!(rig.reports.iter().all(|report| report.attempt.ended == Ended::Failed(Cause::LostWorker)));
    let mut lost: Vec<u64> = rig.reports.iter().map(|report| report.index).collect();
    lost.sort_unstable();
    rig.started.sort_unstable();
    assert_eq!(lost, rig.started);
    assert!(!rig.returned.is_empty(), "what it had not started");
    rig.lease(lost);
    board.attach("other".to_owned(), capacity(2.0), local(capacity(2.0))).await.unwrap();
    rig.until(|rig| rig.succeeded().len() == 12).await;
    assert_eq!(rig.succeeded(), (0..12).collect::<Vec<u64>>());
}

#[tokio::test]
async fn a_worker_sent_away_ends_what_it_runs_and_the_rest_moves() {
    let board = Switchboard::start();
    let first = board.attach("first".to_owned(), capacity(1.0), local(capacity(1.0))).await.unwrap();
    let home = tempfile::tempdir().unwrap();
    let script = format!("while [ ! -e {}/go ]; do sleep 0.01; done", home.path().display());
    let mut rig = Rig::new(&board, 1, Terms::default(), assignment(&script, 6), 6);
    rig.until(|rig| rig.started.len() == 1).await;
    board.detach(first);
    rig.until(|rig| !rig.returned.is_empty()).await;
    assert!(board.workers().await[0].draining);
    std::fs::write(home.path().join("go"), "").unwrap();
    board.attach("second".to_owned(), capacity(1.0), local(capacity(1.0))).await.unwrap();
    rig.until(|rig| rig.reports.len() == 6).await;
    assert_eq!(rig.succeeded(), (0..6).collect::<Vec<u64>>(), "none is lost, none is made twice");
    while board.workers().await.len() > 1 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_limit_of_runs_at_once_holds_over_all_workers_and_can_be_changed() {
    let board = Switchboard::start();
    for name in ["a", "b", "c"] {
        board.attach(name.to_owned(), capacity(4.0), local(capacity(4.0))).await.unwrap();
    }
    let home = tempfile::tempdir().unwrap();
    let script = format!(
        "cd {}; mkdir run-$$; ls -d run-* | wc -l > seen-$$; sleep 0.02; rmdir run-$$; mv seen-$$ most-$$",
        home.path().display()
    );
    let most = || {
        let seen = std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().path());
        let seen = seen.filter(|path| path.to_string_lossy().contains("most-"));
        seen.map(|path| std::fs::read_to_string(path).unwrap().trim().parse::<u32>().unwrap()).max()
    };
    let terms = |runs| Terms { runs: Some(runs), ..Terms::default() };
    let mut rig = Rig::new(&board, 1, terms(2), assignment(&script, 60), 60);
    rig.until(|rig| rig.reports.len() >= 15).await;
    assert_eq!(most(), Some(2), "two on three workers");
    board.set_terms(StudyId(1), terms(6));
    rig.until(|rig| rig.reports.len() == 60).await;
    assert!((3..=6).contains(&most().unwrap()), "{:?}", most());
    assert_eq!(rig.succeeded().len(), 60);
}

/// Runs that say how many of them there are at once, in a directory.
struct Census {
    home: tempfile::TempDir,
    script: String,
}

impl Census {
    fn new() -> Census {
        let home = tempfile::tempdir().unwrap();
        let script = format!(
            "cd {}; mkdir run-$$; ls -d run-* | wc -l > seen-$$; sleep 0.02; rmdir run-$$; mv seen-$$ most-$$",
            home.path().display()
        );
        Census { home, script }
    }

    /// The most at once, of those that have ended.
    fn most(&self) -> u32 {
        let seen = std::fs::read_dir(self.home.path()).unwrap().map(|entry| entry.unwrap().path());
        let seen = seen.filter(|path| path.to_string_lossy().contains("most-"));
        let seen = seen.map(|path| std::fs::read_to_string(path).unwrap().trim().parse::<u32>().unwrap());
        seen.max().unwrap_or(0)
    }
}

#[tokio::test]
async fn a_limit_of_a_project_holds_over_its_studies_and_all_workers_and_can_be_changed() {
    let board = Switchboard::start();
    let lab = Name::new("lab").unwrap();
    let limit = |runs| ProjectTerms { runs: Some(runs), ..ProjectTerms::default() };
    board.set_project(lab.clone(), limit(3));
    for name in ["a", "b"] {
        board.attach(name.to_owned(), capacity(4.0), local(capacity(4.0))).await.unwrap();
    }
    let census = Census::new();
    let study = |id| Rig::of(&board, id, lab.clone(), Terms::default(), assignment(&census.script, 40), 40);
    let (mut one, mut two) = (study(1), study(2));
    tokio::join!(one.until(|rig| rig.reports.len() >= 10), two.until(|rig| rig.reports.len() >= 10));
    assert!((2..=3).contains(&census.most()), "{}", census.most());
    // Nothing more for a while, and then all that there is room for.
    board.set_project(lab.clone(), limit(0));
    tokio::join!(one.until(|rig| !rig.returned.is_empty()), two.until(|rig| !rig.returned.is_empty()));
    board.set_project(lab, ProjectTerms::default());
    tokio::join!(one.until(|rig| rig.reports.len() == 40), two.until(|rig| rig.reports.len() == 40));
    let all: Vec<u64> = (0..40).collect();
    assert_eq!((one.succeeded(), two.succeeded()), (all.clone(), all));
}

#[tokio::test]
async fn projects_share_by_weight_however_many_studies_they_have() {
    let board = Switchboard::start();
    let (small, large) = (Name::new("small").unwrap(), Name::new("large").unwrap());
    board.set_project(large.clone(), ProjectTerms { share: 3.0, ..ProjectTerms::default() });
    let home = tempfile::tempdir().unwrap();
    let script = format!("while [ ! -e {}/go-{{x}} ]; do sleep 0.01; done", home.path().display());
    let mut rigs: Vec<Rig> = [small.clone(), small.clone(), small, large]
        .into_iter()
        .zip(1..)
        .map(|(project, id)| Rig::of(&board, id, project, Terms::default(), assignment(&script, 8), 8))
        .collect();
    // All have something to do before there is anybody to do it: what starts first says who is first.
    for rig in &mut rigs {
        rig.lease(0..8);
        rig.next = 8;
    }
    board.attach("w".to_owned(), capacity(4.0), local(capacity(4.0))).await.unwrap();
    let started = loop {
        let status = &board.workers().await[0];
        if status.running == 4 {
            break status.running_of.clone();
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(started.get(&StudyId(4)), Some(&3), "three of four: {started:?}");
}

#[tokio::test]
async fn a_study_goes_only_to_workers_that_have_what_it_needs() {
    let board = Switchboard::start();
    for (name, memory) in [("small", 1 << 20), ("large", 1 << 30)] {
        let capacity = Capacity { memory: Bytes(memory), ..capacity(2.0) };
        board.attach(name.to_owned(), capacity.clone(), local(capacity)).await.unwrap();
    }
    let mut assignment = assignment("true", 12);
    let mut study = (*assignment.study).clone();
    study.application.resources.memory = Some(Bytes(512 << 20));
    assignment.study = Arc::new(study);
    let mut rig = Rig::new(&board, 1, Terms::default(), assignment, 12);
    rig.until(|rig| rig.reports.len() == 12).await;
    assert_eq!(rig.succeeded().len(), 12);
    assert!(rig.reports.iter().all(|report| report.attempt.worker == 1));
}
