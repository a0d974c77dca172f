//! The suite of every worker through a board; and what only many of them can show.

use paramo_model::{
    Application, Assignment, Axis, Block, Bytes, Cause, Ended, Factor, Held, LeaseId, Name, Parameter,
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
        let ticket = |index| Ticket::new(index, 1);
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
async fn runs_that_wait_at_one_worker_go_to_another_that_has_nothing() {
    let board = Switchboard::start();
    board.attach("first".to_owned(), capacity(1.0), local(capacity(1.0))).await.unwrap();
    let home = tempfile::tempdir().unwrap();
    let script = format!("while [ ! -e {}/go ]; do sleep 0.01; done", home.path().display());
    let mut rig = Rig::new(&board, 1, Terms::default(), assignment(&script, 3), 3);
    rig.until(|rig| rig.started.len() == 1 && rig.next == 3).await;
    // All is leased, and none will end by itself.
    board.attach("late".to_owned(), capacity(1.0), local(capacity(1.0))).await.unwrap();
    let moved = tokio::time::timeout(Duration::from_secs(30), rig.until(|rig| rig.started.len() == 2));
    moved.await.expect("nothing has moved");
    assert_eq!(rig.returned, [1, 2], "what waited, once");
    std::fs::write(home.path().join("go"), "").unwrap();
    rig.until(|rig| rig.reports.len() == 3).await;
    assert_eq!(rig.succeeded(), [0, 1, 2]);
    let workers = rig.reports.iter().map(|report| report.attempt.worker);
    assert_eq!(workers.collect::<std::collections::BTreeSet<u32>>(), [0, 1].into());
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
    // Those whose leases came first may have begun alone; as they end, the shares are kept.
    let mut ended = 0;
    let started = loop {
        let status = &board.workers().await[0];
        if status.running == 4 {
            if ended == 7 || status.running_of.get(&StudyId(4)) == Some(&3) {
                break status.running_of.clone();
            }
            std::fs::write(home.path().join(format!("go-{ended}")), "").unwrap();
            ended += 1;
            let before = status.reported;
            while board.workers().await[0].reported == before {
                tokio::task::yield_now().await;
            }
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

/// A worker elsewhere, as the test plays it: what it is told, and a way to speak.
struct Puppet {
    told: mpsc::UnboundedReceiver<ToWorker>,
    say: mpsc::UnboundedSender<Vec<FromWorker>>,
}

struct PuppetLink {
    told: mpsc::UnboundedSender<ToWorker>,
    said: mpsc::UnboundedReceiver<Vec<FromWorker>>,
}

#[async_trait]
impl Link for PuppetLink {
    fn send(&mut self, order: ToWorker) {
        let _ = self.told.send(order);
    }

    async fn receive(&mut self) -> Option<Vec<FromWorker>> {
        self.said.recv().await
    }
}

const STUDY: StudyId = StudyId(1);

fn arrival(key: &str, holds: &[Held]) -> Arrival {
    let about = About { key: key.to_owned(), name: key.to_owned(), ..About::default() };
    Arrival {
        about,
        capacity: capacity(1.0),
        ends_in: None,
        leaving: false,
        knows: if holds.is_empty() { Vec::new() } else { vec![STUDY] },
        holds: holds.iter().map(|held| (STUDY, *held)).collect(),
        unkept: Vec::new(),
        wants: Vec::new(),
    }
}

async fn arrive(board: &Switchboard, arrival: Arrival) -> (WorkerId, Puppet) {
    let (told, orders) = mpsc::unbounded_channel();
    let (say, said) = mpsc::unbounded_channel();
    let id = board.arrive(arrival, Box::new(PuppetLink { told, said })).await.unwrap();
    (id, Puppet { told: orders, say })
}

impl Puppet {
    /// Waits for the orders that a test looks for.
    async fn until<T>(&mut self, wanted: impl Fn(&ToWorker) -> Option<T>) -> T {
        loop {
            let order = self.told.recv().await.expect("the board speaks");
            if let Some(found) = wanted(&order) {
                return found;
            }
        }
    }

    async fn lease(&mut self) -> (LeaseId, Vec<u64>) {
        self.until(|order| match order {
            ToWorker::Lease { lease, tickets, .. } => {
                Some((*lease, tickets.iter().map(|ticket| ticket.index).collect()))
            }
            _ => None,
        })
        .await
    }

    fn want(&self, runs: u32) {
        self.say.send(vec![FromWorker::Wants { study: STUDY, runs }]).unwrap();
    }
}

/// What a study hears that a test looks for.
async fn heard<T>(link: &mut dyn Link, wanted: impl Fn(&FromWorker) -> Option<T>) -> T {
    loop {
        let news = link.receive().await.expect("the board is there");
        if let Some(found) = news.iter().find_map(&wanted) {
            return found;
        }
    }
}

fn lease(link: &mut dyn Link, lease: u64, indices: std::ops::Range<u64>) {
    let tickets = indices.map(|index| Ticket::new(index, 1)).collect();
    link.send(ToWorker::Lease { study: STUDY, lease: LeaseId(lease), tickets });
}

fn open(board: &Switchboard) -> Box<dyn Link> {
    let mut link = board.open(STUDY, Name::default_project(), Terms::default());
    link.send(ToWorker::Assign(Assignment { id: STUDY, ..assignment("true", 10) }));
    link
}

fn returned(message: &FromWorker) -> Option<(LeaseId, Vec<u64>)> {
    match message {
        FromWorker::Returned { lease, indices, .. } => Some((*lease, indices.clone())),
        _ => None,
    }
}

#[tokio::test]
async fn a_worker_that_comes_back_keeps_what_it_holds_and_gives_back_what_never_reached_it() {
    let (notes, _noted) = mpsc::unbounded_channel();
    let board = Switchboard::for_remote(Duration::from_secs(3600), notes);
    let mut link = open(&board);
    let (id, mut puppet) = arrive(&board, arrival("a", &[])).await;
    puppet.want(4);
    heard(link.as_mut(), |message| matches!(message, FromWorker::Wants { .. }).then_some(())).await;
    lease(link.as_mut(), 7, 0..4);
    assert_eq!(puppet.lease().await, (LeaseId(7), vec![0, 1, 2, 3]));
    drop(puppet);
    while board.workers().await[0].remote.as_ref().unwrap().away.is_none() {
        tokio::task::yield_now().await;
    }
    assert_eq!(board.workers().await[0].leased, 4, "nothing is given away yet");
    let held = |index| Held { index, lease: LeaseId(7), attempt: 1, slot: Some(0) };
    let (again, mut puppet) = arrive(&board, arrival("a", &[held(1), held(3)])).await;
    assert_eq!(again, id);
    assert_eq!(heard(link.as_mut(), returned).await, (LeaseId(7), vec![0, 2]));
    puppet.until(|order| matches!(order, ToWorker::Assign(_)).then_some(())).await;
    let status = &board.workers().await[0];
    assert_eq!((status.leased, status.running), (2, 2));
}

#[tokio::test]
async fn a_board_that_begins_waits_for_the_workers_of_the_one_before_it() {
    let (notes, _noted) = mpsc::unbounded_channel();
    let board = Switchboard::for_remote(Duration::from_secs(3600), notes);
    board.expect(vec![("a".to_owned(), vec![STUDY])], Duration::from_secs(3600));
    let mut link = open(&board);
    let (_, puppet) = arrive(&board, arrival("b", &[])).await;
    puppet.want(9);
    while board.workers().await[0].studies.is_empty() {
        tokio::task::yield_now().await;
    }
    // What the one that is waited for holds is told before anybody's room.
    let held = Held { index: 5, lease: LeaseId(70), attempt: 2, slot: None };
    let (_, _back) = arrive(&board, arrival("a", &[held])).await;
    let first = heard(link.as_mut(), |message| Some(message.clone())).await;
    assert!(matches!(&first, FromWorker::Holds { runs, .. } if *runs == [held]), "{first:?}");
    heard(link.as_mut(), |message| matches!(message, FromWorker::Wants { .. }).then_some(())).await;
}

#[tokio::test]
async fn an_allocation_that_has_ended_and_a_grace_that_is_over_give_the_runs_to_others() {
    let (notes, _noted) = mpsc::unbounded_channel();
    let board = Switchboard::for_remote(Duration::from_millis(20), notes);
    let mut link = open(&board);
    for (number, key) in ["silent", "ended"].into_iter().enumerate() {
        let mut comes = arrival(key, &[]);
        comes.about.allocation = Some(format!("job-{key}"));
        let (_, mut puppet) = arrive(&board, comes).await;
        puppet.want(1);
        heard(link.as_mut(), |message| matches!(message, FromWorker::Wants { .. }).then_some(())).await;
        let at = number as u64;
        lease(link.as_mut(), at + 1, at..at + 1);
        puppet.lease().await;
        if key == "ended" {
            board.give_up("job-ended");
        }
        drop(puppet);
        assert_eq!(heard(link.as_mut(), returned).await, (LeaseId(at + 1), vec![at]), "{key}");
        while !board.workers().await.is_empty() {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn results_are_kept_by_who_reported_them_until_the_study_says_otherwise() {
    let (notes, mut noted) = mpsc::unbounded_channel();
    let board = Switchboard::for_remote(Duration::from_secs(3600), notes);
    let (_, mut puppet) = arrive(&board, arrival("a", &[])).await;
    let report = |index| {
        let attempt = paramo_model::Attempt {
            number: 1,
            ended: Ended::Succeeded,
            started: paramo_model::Timestamp(0),
            wall: paramo_model::Micros(1),
            cpu: paramo_model::Micros(1),
            peak_memory: Bytes(1),
            exit_code: Some(0),
            worker: 9,
            slot: 0,
            stdout: Default::default(),
            stderr: Default::default(),
        };
        FromWorker::Report(Box::new(Report {
            study: STUDY,
            lease: LeaseId(1),
            index,
            attempt,
            outputs: vec![],
        }))
    };
    // Nobody works on the study: whoever keeps the board hears of it.
    puppet.say.send(vec![report(3)]).unwrap();
    let stray = loop {
        if let Note::Stray(report) = noted.recv().await.unwrap() {
            break report;
        }
    };
    assert_eq!((stray.index, stray.attempt.worker), (3, 0));
    // When somebody does, it is said again, and the word that it is kept reaches the worker.
    let mut link = open(&board);
    puppet.until(|order| matches!(order, ToWorker::Repeat { .. }).then_some(())).await;
    puppet.say.send(vec![report(3)]).unwrap();
    heard(link.as_mut(), |message| matches!(message, FromWorker::Report(_)).then_some(())).await;
    link.send(ToWorker::Kept { study: STUDY, runs: vec![(3, 1), (4, 1)] });
    let kept = puppet.until(|order| match order {
        ToWorker::Kept { runs, .. } => Some(runs.clone()),
        _ => None,
    });
    assert_eq!(kept.await, [(3, 1)]);
}
