//! Quotas of a project, on real runs.

use paramo_engine::Code;
use paramo_model::{
    Application, Axis, Block, Factor, Parameter, ParameterType, Program, RunPolicy, SpaceSpec, Template,
    Value,
};
use paramo_store::{DEFAULT_PROJECT, OpenMode, Quota, SqliteStore};
use paramo_worker::{LocalWorker, WorkerOptions};

use super::*;

fn study(name: &str, points: i64) -> Study {
    let x = Name::new("x").unwrap();
    let command = ["sh", "-c", "i=0; while [ $i -lt 2000 ]; do i=$((i+1)); done"];
    let command = command.map(|word| Template::parse(word).unwrap()).to_vec();
    let mut application = Application::new(Program::Command(command));
    application.parameters.push(Parameter::new(x.clone(), ParameterType::Integer));
    let axis = Axis::Values((0..points).map(Value::Integer).collect());
    Study {
        name: Name::new(name).unwrap(),
        description: None,
        application,
        space: SpaceSpec { blocks: vec![Block { factors: vec![Factor::Axis(x, axis)], condition: None }] },
        run: RunPolicy::default(),
        source: std::env::temp_dir().to_string_lossy().into_owned(),
    }
}

async fn host(directory: &Path) -> Arc<Host> {
    let opened = SqliteStore::open(directory, OpenMode::Create).await.unwrap();
    let store = Arc::new(opened.store);
    let capacity = Capacity { cpus: 2.0, memory: Bytes(1 << 30), gpus: Vec::new() };
    let host = Host::new(store.clone(), directory.to_string_lossy().into_owned(), capacity.clone()).unwrap();
    host.govern(store).await.unwrap();
    let worker = LocalWorker::start(capacity.clone(), WorkerOptions::default()).unwrap();
    host.board().attach("here".to_owned(), capacity, Box::new(worker)).await.unwrap();
    host
}

async fn code(host: &Host, id: StudyId) -> Option<Code> {
    let row = host.store().study(id).await.unwrap();
    host.why(&row).await.unwrap().map(|why| why.code)
}

async fn until(host: &Host, id: StudyId, wanted: Code) {
    let met = async {
        while code(host, id).await != Some(wanted) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), met).await.expect("it comes to that");
}

#[tokio::test]
async fn a_quota_that_is_used_up_holds_all_studies_and_a_higher_one_lets_them_go_on_by_themselves() {
    let directory = tempfile::tempdir().unwrap();
    let host = host(directory.path()).await;
    let project = Name::default_project();
    let cpu = |seconds| ProjectTerms { cpu: Some(Seconds(seconds)), ..ProjectTerms::default() };
    host.set_project(&project, cpu(0.01)).await.unwrap();
    let mut ids = Vec::new();
    for name in ["one", "two"] {
        let row = host.store().create(DEFAULT_PROJECT, &study(name, 200)).await.unwrap();
        host.drive(row.id).await.unwrap();
        ids.push(row.id);
    }
    for id in &ids {
        until(&host, *id, Code::QuotaCpu).await;
        assert_eq!(host.store().study(*id).await.unwrap().state, StudyState::Open, "it stays open");
    }
    assert!(host.project(&project).await.unwrap().usage.cpu.seconds() >= 0.01);
    // Room for results is another quota: the next thing in the way.
    let storage = ProjectTerms { storage: Some(Bytes(1)), ..ProjectTerms::default() };
    host.set_project(&project, storage).await.unwrap();
    for id in &ids {
        until(&host, *id, Code::QuotaStorage).await;
    }
    host.set_project(&project, ProjectTerms::default()).await.unwrap();
    for id in ids {
        until(&host, id, Code::Finished).await;
        assert_eq!(host.store().study(id).await.unwrap().counts.succeeded, 200);
    }
}

#[tokio::test]
async fn what_is_set_for_a_project_holds_at_once_and_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let first = host(directory.path()).await;
    let project = Name::default_project();
    let people = first.people.get().unwrap().clone();
    let quota = Quota { runs: Some(7), cpu: Some(Micros(5_000_000)), storage: Some(Bytes(9)) };
    people.set_quota(project.as_str(), &quota, 3).await.unwrap();
    first.project_changed(&project).await.unwrap();
    let set = ProjectTerms { share: 3.0, runs: Some(7), cpu: Some(Seconds(5.0)), storage: Some(Bytes(9)) };
    assert_eq!(first.project(&project).await.unwrap().terms, set);
    drop((first, people));
    assert_eq!(host(directory.path()).await.project(&project).await.unwrap().terms, set);
}

#[tokio::test]
async fn a_project_that_may_run_nothing_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let host = host(directory.path()).await;
    let project = Name::default_project();
    host.set_project(&project, ProjectTerms { runs: Some(0), ..ProjectTerms::default() }).await.unwrap();
    let row = host.store().create(DEFAULT_PROJECT, &study("none", 3)).await.unwrap();
    assert_eq!(code(&host, row.id).await, Some(Code::NotStarted));
    host.drive(row.id).await.unwrap();
    until(&host, row.id, Code::QuotaRuns).await;
    host.pause(row.id).await.unwrap();
    assert_eq!(code(&host, row.id).await, Some(Code::Paused));
    host.set_project(&project, ProjectTerms::default()).await.unwrap();
    host.resume(row.id).await.unwrap();
    until(&host, row.id, Code::Finished).await;
}

#[tokio::test]
async fn files_that_runs_leave_count_and_go_with_their_study() {
    let directory = tempfile::tempdir().unwrap();
    let host = host(directory.path()).await;
    let project = Name::default_project();
    let mut noisy = study("noisy", 1);
    // More than a report carries goes to a file.
    let command = ["sh", "-c", "head -c 3000000 /dev/zero"].map(|word| Template::parse(word).unwrap());
    noisy.application.program = Program::Command(command.to_vec());
    let row = host.store().create(DEFAULT_PROJECT, &noisy).await.unwrap();
    host.drive(row.id).await.unwrap();
    until(&host, row.id, Code::Finished).await;
    assert_eq!(host.files(None).await.unwrap()[&project], Bytes(3_000_000));

    let storage = ProjectTerms { storage: Some(Bytes(2_000_000)), ..ProjectTerms::default() };
    host.set_project(&project, storage).await.unwrap();
    let next = host.store().create(DEFAULT_PROJECT, &study("next", 1)).await.unwrap();
    host.drive(next.id).await.unwrap();
    until(&host, next.id, Code::QuotaStorage).await;
    // It has finished a moment before it is let go of.
    while let Err(HostError::Held(_)) = host.delete(row.id).await {
        tokio::task::yield_now().await;
    }
    until(&host, next.id, Code::Finished).await;
    assert!(!directory.path().join("files").join(row.id.0.to_string()).exists());
}
