//! The store in SQLite: one file, one connection that writes, a few that read.
//!
//! The log is written ahead and synced at every commit. Writers take their lock when they begin, so that no transaction
//! turns from reading to writing. A connection on which a change failed is not used again: whatever state it is in ends
//! with it.

mod opening;
mod read;
mod verify;
mod write;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use paramo_model::{RunRecord, Study, StudyId, StudyState, Timestamp};
use roaring::RoaringTreemap;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePool};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::{Mutex, MutexGuard};

use crate::folder::Folder;
use crate::mark::{Mark, Totals};
use crate::{
    Batch, BatchId, Damage, Ended, Finding, Result, Seq, Store, StoreError, StudyRow, StudySummary, sql,
};

/// How a store is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// To change it; made when it is not there.
    Create,
    /// To change it; [`StoreError::NoStore`] when it is not there.
    Existing,
    /// To read it only, also where nothing can be written.
    ReadOnly,
}

/// A store that was opened, and what was found to be lost from it.
#[derive(Debug)]
pub struct Opened {
    pub store: SqliteStore,
    /// To be shown to somebody, then [`SqliteStore::acknowledge_damage`].
    pub damage: Option<Damage>,
}

/// A store in a directory, in SQLite.
#[derive(Debug)]
pub struct SqliteStore {
    folder: Folder,
    file: Arc<Path>,
    options: SqliteConnectOptions,
    readers: SqlitePool,
    /// Nothing when the store is read only, or after a change failed and before the next.
    writer: Mutex<Option<SqliteConnection>>,
    writable: bool,
    /// Device and inode of the file that was opened.
    identity: Option<(u64, u64)>,
    /// Not moved on while a loss has been found and not acknowledged.
    mark: std::sync::Mutex<Option<Mark>>,
}

impl SqliteStore {
    /// Opens the store of a directory (`.paramo`).
    pub async fn open(directory: &Path, mode: OpenMode) -> Result<Opened> {
        opening::open_with(directory, mode, 4096).await
    }

    /// Forgets what was lost, after somebody was told: from now on the store counts from what it has.
    pub async fn acknowledge_damage(&self) -> Result<()> {
        let mut connection = self.readers.acquire().await.map_err(|error| self.failed(error))?;
        let totals = totals(&mut connection, &self.file).await?;
        let failed = |error| StoreError::io(&self.folder.mark, error);
        let mark = Mark::open(&self.folder.mark).map_err(failed)?;
        mark.reset(totals).map_err(failed)?;
        self.set_mark(Some(mark));
        Ok(())
    }

    /// The database file, for messages.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Closes the connections; the log is put into the database when no other process uses it.
    pub async fn close(self) -> Result<()> {
        self.readers.close().await;
        match self.writer.into_inner() {
            Some(writer) => writer.close().await.map_err(|error| StoreError::sqlite(&self.file, error)),
            None => Ok(()),
        }
    }

    fn failed(&self, error: sqlx::Error) -> StoreError {
        StoreError::sqlite(&self.file, error)
    }

    fn set_mark(&self, mark: Option<Mark>) {
        *self.mark.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = mark;
    }

    /// The connection that writes. One change at a time.
    async fn writer(&self) -> Result<MutexGuard<'_, Option<SqliteConnection>>> {
        if !self.writable {
            return Err(StoreError::ReadOnly { file: self.file.to_path_buf() });
        }
        // SQLite would go on writing into a file that has no name any more, and what it commits there would be gone with the process.
        if identity(&self.file) != self.identity {
            return Err(StoreError::damaged(&self.file, "it was removed or replaced while it was in use"));
        }
        let mut writer = self.writer.lock().await;
        if writer.is_none() {
            *writer = Some(self.options.connect().await.map_err(|error| self.failed(error))?);
        }
        Ok(writer)
    }

    /// Ends a change: the mark follows what was committed, and a connection on which it failed goes.
    fn settle<T>(&self, writer: &mut Option<SqliteConnection>, result: Result<(T, Totals)>) -> Result<T> {
        match result {
            Ok((value, totals)) => {
                let mark = self.mark.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                // The change is durable whether or not the mark can say so; without it a later loss may pass unseen.
                let _ = mark.as_ref().map(|mark| mark.advance(totals));
                Ok(value)
            }
            Err(error) => {
                *writer = None;
                Err(error)
            }
        }
    }
}

/// Runs a change on the writing connection. A macro because the change borrows the connection across its waits.
macro_rules! change {
    ($store:expr, |$connection:ident| $work:expr) => {{
        let mut guard = $store.writer().await?;
        let result = match guard.as_mut() {
            Some($connection) => $work.await,
            None => Err(StoreError::ReadOnly { file: $store.file.to_path_buf() }),
        };
        $store.settle(&mut guard, result)
    }};
}

#[async_trait]
impl Store for SqliteStore {
    async fn create(&self, study: &Study) -> Result<StudyRow> {
        let id = change!(self, |connection| write::create(connection, &self.file, study))?;
        self.study(id).await
    }

    async fn studies(&self) -> Result<Vec<StudyRow>> {
        read::studies(&self.readers, &self.file).await
    }

    async fn summaries(&self) -> Result<Vec<StudySummary>> {
        read::summaries(&self.readers, &self.file).await
    }

    async fn study(&self, id: StudyId) -> Result<StudyRow> {
        let row = sqlx::query_as(sql::STUDY).bind(id.0).fetch_optional(&self.readers).await;
        match row.map_err(|error| self.failed(error))? {
            Some(row) => read::study_row(row, &self.file),
            None => Err(read::gone(id)),
        }
    }

    async fn find(&self, name: &str, version: Option<u32>) -> Result<Option<StudyRow>> {
        let query = match version {
            Some(version) => sqlx::query_as(sql::VERSION).bind(name).bind(i64::from(version)),
            None => sqlx::query_as(sql::NEWEST).bind(name),
        };
        let row = query.fetch_optional(&self.readers).await.map_err(|error| self.failed(error))?;
        row.map(|row| read::study_row(row, &self.file)).transpose()
    }

    async fn set_state(&self, id: StudyId, state: StudyState) -> Result<()> {
        change!(self, |connection| write::set_state(connection, &self.file, id, state))
    }

    async fn replace(&self, id: StudyId, study: &Study) -> Result<()> {
        change!(self, |connection| write::replace(connection, &self.file, id, study))
    }

    async fn commit(&self, id: StudyId, runs: &[RunRecord]) -> Result<BatchId> {
        if runs.is_empty() {
            return read::newest(&self.readers, &self.file, id).await;
        }
        // Encoding takes longer than writing and needs no connection.
        let batches = write::encode(runs)?;
        change!(self, |connection| write::commit(connection, &self.file, id, runs, batches))
    }

    async fn reopen(&self, id: StudyId, indices: &RoaringTreemap) -> Result<u64> {
        change!(self, |connection| write::reopen(connection, &self.file, id, indices))
    }

    async fn ended(&self, id: StudyId) -> Result<Ended> {
        let mut connection = self.readers.begin().await.map_err(|error| self.failed(error))?;
        let found = read::heads(&mut connection, &self.file, id).await?;
        found.check(&self.file, id)?;
        Ok(found.ended)
    }

    async fn batches(&self, id: StudyId, after: Option<Seq>, limit: usize) -> Result<Vec<Batch>> {
        let mut connection = self.readers.begin().await.map_err(|error| self.failed(error))?;
        read::batches(&mut connection, &self.file, id, after, limit).await
    }

    async fn run(&self, id: StudyId, index: u64) -> Result<Option<RunRecord>> {
        let mut connection = self.readers.begin().await.map_err(|error| self.failed(error))?;
        read::run(&mut connection, &self.file, id, index).await
    }

    async fn delete(&self, id: StudyId) -> Result<()> {
        change!(self, |connection| write::delete(connection, &self.file, id))
    }

    async fn check(&self, deep: bool) -> Result<Vec<Finding>> {
        verify::check(&self.readers, &self.folder, deep).await
    }
}

/// Which file a path leads to now.
fn identity(file: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(file).ok().map(|data| (data.dev(), data.ino()))
}

async fn totals(connection: &mut SqliteConnection, file: &Path) -> Result<Totals> {
    let row: Option<(i64, i64, i64)> = sqlx::query_as(sql::TOTALS)
        .fetch_optional(connection)
        .await
        .map_err(|error| StoreError::sqlite(file, error))?;
    match row {
        Some((token, commits, runs)) => Ok(Totals { token, commits: commits as u64, runs: runs as u64 }),
        None => Err(StoreError::damaged(file, "the count of its commits is missing")),
    }
}

/// What a mark that was read before the totals says to be missing.
fn lost(folder: &Folder, marked: Option<Totals>, now: Totals) -> Option<Damage> {
    let marked = marked?;
    let file = folder.database.clone();
    if marked.token != now.token {
        return Some(Damage::Replaced { file });
    }
    let commits = marked.commits.checked_sub(now.commits).filter(|commits| *commits > 0)?;
    Some(Damage::LostCommits { file, commits, runs: marked.runs.saturating_sub(now.runs) })
}

/// For people to read; nothing is ordered by it.
fn now() -> Timestamp {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX)),
        Err(before) => {
            Timestamp(i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |micros| -micros))
        }
    }
}
