//! The store on real files: what it remembers, what it refuses, and what it says of damage.

mod damage;
mod open;
mod store;

use std::path::Path;

use paramo_model::{
    Application, Attempt, Bytes, Cause, Ended as How, Micros, Name, OutputFile, Program, RunPolicy,
    RunRecord, SpaceSpec, Study, Timestamp, Value,
};

use super::opening::open_with;
use super::*;

fn study(name: &str) -> Study {
    Study {
        name: Name::new(name).unwrap(),
        description: Some("a study".into()),
        application: Application::new(Program::Command(Vec::new())),
        space: SpaceSpec::default(),
        run: RunPolicy::default(),
        source: "/tmp/höhe 1".into(),
    }
}

fn attempt(number: u32, cause: Option<Cause>) -> Attempt {
    Attempt {
        number,
        ended: cause.map_or(How::Succeeded, How::Failed),
        started: Timestamp(1_700_000_000_000_000 + i64::from(number)),
        wall: Micros(1000),
        cpu: Micros(600),
        peak_memory: Bytes(3 << 20),
        exit_code: Some(0),
        slot: 1,
        stdout: OutputFile { tail: b"out\n".to_vec(), length: 4, file: None },
        stderr: OutputFile::default(),
    }
}

fn good(index: u64) -> RunRecord {
    let outputs = vec![Value::Float(index as f64 / 3.0), Value::Integer(index as i64)];
    RunRecord { index, last: attempt(1, None), earlier: Vec::new(), outputs }
}

fn bad(index: u64, cause: Cause) -> RunRecord {
    let earlier = vec![attempt(1, Some(Cause::LostWorker))];
    RunRecord { index, last: attempt(2, Some(cause)), earlier, outputs: vec![Value::Missing; 2] }
}

async fn open(directory: &Path) -> SqliteStore {
    let opened = SqliteStore::open(directory, OpenMode::Create).await.unwrap();
    assert_eq!(opened.damage, None);
    opened.store
}

/// Copies the files of a store, without what only a running process needs.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for name in ["store.db", "store.db-wal", "mark"] {
        if from.join(name).exists() {
            std::fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }
}
