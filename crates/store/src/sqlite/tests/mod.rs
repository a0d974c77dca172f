//! The store on real files: what it remembers, what it refuses, and what it says of damage.

mod damage;
mod open;

use std::path::Path;

use paramo_model::{RunRecord, Value};

use super::opening::open_with;
use super::*;
use crate::conformance::{Ground, conformance, good, study};

/// A directory.
struct Directory(tempfile::TempDir);

#[async_trait]
impl Ground for Directory {
    type Store = SqliteStore;

    async fn new() -> Directory {
        Directory(tempfile::tempdir().unwrap())
    }

    async fn open(&self, mode: OpenMode) -> Result<SqliteStore> {
        SqliteStore::open(self.0.path(), mode).await.map(|opened| opened.store)
    }
}

conformance!(Directory);

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
