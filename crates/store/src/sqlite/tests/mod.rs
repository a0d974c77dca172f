//! The store on real files: what it remembers, what it refuses, and what it says of damage.

mod damage;
mod open;

use std::path::Path;

use paramo_model::{RunRecord, Value};

use super::opening::open_with;
use super::*;
use crate::conformance::{Ground, conformance, fill_old, good, study};
use crate::migration::migrate_to;

/// A directory.
struct Directory(tempfile::TempDir);

impl Directory {
    async fn connect(&self, make: bool) -> SqliteConnection {
        let file = self.0.path().join("store.db");
        let options = SqliteConnectOptions::new().filename(file).create_if_missing(make);
        options.busy_timeout(std::time::Duration::from_secs(10)).connect().await.unwrap()
    }
}

#[async_trait]
impl Ground for Directory {
    type Store = SqliteStore;

    async fn new() -> Directory {
        Directory(tempfile::tempdir().unwrap())
    }

    async fn open(&self, mode: OpenMode) -> Result<SqliteStore> {
        SqliteStore::open(self.0.path(), mode).await.map(|opened| opened.store)
    }

    async fn say(&self, statement: &str) -> sqlx::Result<()> {
        let mut connection = self.connect(false).await;
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.map(|_| ())
    }

    async fn old(&self, version: usize) {
        let file: Arc<Path> = self.0.path().join("store.db").into();
        let mut connection = self.connect(true).await;
        migrate_to(&mut connection, &file, version).await.unwrap();
        fill_old(&mut Session::sqlite(&mut connection, &file)).await;
        connection.close().await.unwrap();
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
