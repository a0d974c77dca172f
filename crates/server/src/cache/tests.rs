//! That what is kept is what is stored, is read once, and does not outgrow its room.

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Bytes;
use paramo_model::{
    Application, Attempt, Axis, Block, Ended, Factor, Micros, Name, OutputFile, Parameter, ParameterType,
    Program, RunPolicy, RunRecord, SpaceSpec, Study, Timestamp, Value,
};
use paramo_store::{OpenMode, SqliteStore};
use paramo_table::Which;

use super::*;

pub fn study(name: &str, points: i64) -> Study {
    let mut application = Application::new(Program::Command(Vec::new()));
    let x = Name::new("x").unwrap();
    application.parameters = vec![Parameter::new(x.clone(), ParameterType::Integer)];
    let axis = Axis::Values((0..points).map(Value::Integer).collect());
    Study {
        name: Name::new(name).unwrap(),
        description: None,
        application,
        space: SpaceSpec { blocks: vec![Block { factors: vec![Factor::Axis(x, axis)], condition: None }] },
        run: RunPolicy::default(),
        source: "/".into(),
    }
}

pub fn run(index: u64) -> RunRecord {
    let last = Attempt {
        number: 1,
        ended: Ended::Succeeded,
        started: Timestamp(1_700_000_000_000_000),
        wall: Micros(1),
        cpu: Micros(1),
        peak_memory: paramo_model::Bytes(0),
        exit_code: Some(0),
        worker: 0,
        slot: 0,
        stdout: OutputFile::default(),
        stderr: OutputFile::default(),
    };
    RunRecord { index, last, earlier: Vec::new(), outputs: Vec::new() }
}

async fn store(directory: &std::path::Path) -> Arc<dyn Store> {
    Arc::new(SqliteStore::open(directory, OpenMode::Create).await.unwrap().store)
}

fn rows(reading: &Reading) -> usize {
    reading.frame.rows(&Which::default()).unwrap().len()
}

#[tokio::test]
async fn readers_see_what_is_committed_and_keep_what_they_have() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path()).await;
    let row = store.create("default", &study("a", 1000)).await.unwrap();
    let cache = Arc::new(Cache::default());
    let mut before: Vec<Reading> = Vec::new();
    for group in 0..40u64 {
        let runs: Vec<RunRecord> = (group * 25..group * 25 + 25).map(run).collect();
        store.commit(row.id, &runs).await.unwrap();
        // Several at once: one of them reads, all of them see it.
        let asked = (0..4).map(|_| {
            let (cache, store, id) = (cache.clone(), store.clone(), row.id);
            tokio::spawn(async move {
                let row = store.study(id).await.unwrap();
                cache.read(&store, &row).await.map(|reading| rows(&reading))
            })
        });
        for asked in asked.collect::<Vec<_>>() {
            assert_eq!(asked.await.unwrap().unwrap(), 25 * (group as usize + 1));
        }
        before.push(cache.read(&store, &row).await.unwrap());
    }
    for (at, reading) in before.iter().enumerate() {
        assert_eq!(rows(reading), 25 * (at + 1));
        assert_eq!(reading.number, 0, "it was never begun anew");
    }
}

#[tokio::test]
async fn many_who_ask_the_same_get_one_answer_until_there_is_more() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path()).await;
    let row = store.create("default", &study("a", 10)).await.unwrap();
    let cache = Arc::new(Cache::default());
    let made = Arc::new(AtomicUsize::new(0));
    let ask = |reading: Reading| {
        let (cache, made) = (cache.clone(), made.clone());
        tokio::spawn(async move {
            let make = async {
                tokio::task::yield_now().await;
                let number = made.fetch_add(1, Ordering::Relaxed);
                Ok(Answer { body: Bytes::from(number.to_string()), media_type: "text/plain" })
            };
            cache.answer(&reading, "how many".to_owned(), make).await.unwrap().body
        })
    };
    let reading = cache.read(&store, &row).await.unwrap();
    let asked: Vec<_> = (0..20).map(|_| ask(reading.clone())).collect();
    for asked in asked {
        assert_eq!(asked.await.unwrap(), "0");
    }
    store.commit(row.id, &[run(0)]).await.unwrap();
    let row = store.study(row.id).await.unwrap();
    let newer = cache.read(&store, &row).await.unwrap();
    assert_eq!(ask(newer).await.unwrap(), "1");
    assert_eq!(ask(reading).await.unwrap(), "0", "of what it was asked of");
    let failed = cache.read(&store, &row).await.unwrap();
    let wrong = async { Err(Problem::bad_input("no")) };
    assert!(cache.answer(&failed, "else".to_owned(), wrong).await.is_err());
    let right = async { Ok(Answer { body: Bytes::new(), media_type: "text/plain" }) };
    assert!(cache.answer(&failed, "else".to_owned(), right).await.is_ok(), "what went wrong is tried again");
}

#[tokio::test]
async fn the_study_that_nobody_looked_at_for_longest_makes_room() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path()).await;
    let cache = Cache::new(25_000, LARGE, AGE);
    let mut studies = Vec::new();
    for name in ["a", "b", "c"] {
        let row = store.create("default", &study(name, 200)).await.unwrap();
        store.commit(row.id, &(0..100).map(run).collect::<Vec<_>>()).await.unwrap();
        studies.push(store.study(row.id).await.unwrap());
    }
    let numbers = async |order: &[usize]| {
        let mut numbers = Vec::new();
        for at in order {
            numbers.push(cache.read(&store, &studies[*at]).await.unwrap().number);
        }
        numbers
    };
    let one = cache.read(&store, &studies[0]).await.unwrap().frame.bytes();
    assert!((8_500..12_500).contains(&one), "two of {one} bytes have room");
    assert_eq!(numbers(&[0, 1, 0, 2, 0]).await, [0, 1, 0, 2, 0]);
    assert_eq!(numbers(&[1]).await, [3], "it had to go");
    let row = store.create("default", &study("large", 1000)).await.unwrap();
    store.commit(row.id, &(0..1000).map(run).collect::<Vec<_>>()).await.unwrap();
    let large = store.study(row.id).await.unwrap();
    let problem = cache.read(&store, &large).await.unwrap_err();
    assert_eq!(problem.kind, Problem::TOO_LARGE);
}

#[tokio::test]
async fn another_study_in_the_place_of_a_removed_one_is_read_anew() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path()).await;
    let cache = Cache::default();
    let row = store.create("default", &study("a", 10)).await.unwrap();
    store.commit(row.id, &[run(0), run(1)]).await.unwrap();
    assert_eq!(rows(&cache.read(&store, &row).await.unwrap()), 2);
    store.delete(row.id).await.unwrap();
    let next = store.create("default", &study("b", 10)).await.unwrap();
    store.commit(next.id, &[run(5)]).await.unwrap();
    assert_eq!(rows(&cache.read(&store, &next).await.unwrap()), 1);
}

/// Who looks on a large study that is open may see what is a little old, until it is too old or the study has ended.
#[tokio::test]
async fn those_who_look_on_do_not_wait_for_every_group() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path()).await;
    let row = store.create("default", &study("a", 1000)).await.unwrap();
    let commit = async |group: u64| {
        let runs: Vec<RunRecord> = (group * 25..group * 25 + 25).map(run).collect();
        store.commit(row.id, &runs).await.unwrap();
        store.study(row.id).await.unwrap()
    };
    let old = Cache::new(KEPT, 25, Duration::from_secs(3600));
    let none = Cache::new(KEPT, 25, Duration::ZERO);
    let large = Cache::new(KEPT, 1000, Duration::from_secs(3600));
    for group in 0..4 {
        let row = commit(group).await;
        let now = 25 * (group as usize + 1);
        assert_eq!(rows(&old.lately(&store, &row).await.unwrap()), 25);
        assert_eq!(rows(&none.lately(&store, &row).await.unwrap()), now, "too old to be told");
        assert_eq!(rows(&large.lately(&store, &row).await.unwrap()), now, "not so large");
    }
    let row = store.study(row.id).await.unwrap();
    assert_eq!(rows(&old.read(&store, &row).await.unwrap()), 100);
    assert_eq!(rows(&old.lately(&store, &row).await.unwrap()), 100);
    let row = commit(4).await;
    let ended = StudyRow { state: StudyState::Finished, ..row.clone() };
    assert_eq!(rows(&old.lately(&store, &row).await.unwrap()), 100);
    assert_eq!(rows(&old.lately(&store, &ended).await.unwrap()), 125);
}

/// What is being renewed is told as it was, and when it has been renewed as it is.
#[tokio::test]
async fn what_is_old_is_renewed_beside_those_who_look() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path()).await;
    let row = store.create("default", &study("a", 1000)).await.unwrap();
    store.commit(row.id, &(0..25).map(run).collect::<Vec<_>>()).await.unwrap();
    let cache = Cache::new(KEPT, 25, Duration::from_millis(20));
    assert_eq!(rows(&cache.lately(&store, &row).await.unwrap()), 25);
    store.commit(row.id, &(25..50).map(run).collect::<Vec<_>>()).await.unwrap();
    let row = store.study(row.id).await.unwrap();
    let renewed = async {
        while rows(&cache.lately(&store, &row).await.unwrap()) < 50 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), renewed).await.unwrap();
}
