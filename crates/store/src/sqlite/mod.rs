//! The store in SQLite: one file, one connection that writes, a few that read.
//!
//! The log is written ahead and synced at every commit. Writers take their lock when they begin, so that no transaction
//! turns from reading to writing. A connection on which a change failed is not used again: whatever state it is in ends
//! with it.

mod lock;
mod opening;
mod verify;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use paramo_model::{Micros, RunRecord, Study, StudyId, StudyState};
use roaring::RoaringTreemap;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePool};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::{Mutex, MutexGuard};

use crate::folder::Folder;
use crate::mark::{Mark, Totals};
use crate::session::{Session, cells};
use crate::{
    Batch, BatchId, Damage, Ended, Finding, Held, Holder, Result, Seq, Store, StoreError, StudyLock,
    StudyRow, StudySummary, project, read, sql, write,
};

use crate::transfer::{Arrival, Crate, Label, Place, Transfer, steps};

pub use lock::RecordLock;

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
    pub(crate) async fn take_seat(&self, seat: StudyId) -> std::result::Result<StudyLock, Held> {
        RecordLock::acquire(&self.folder.directory, seat).map(StudyLock::record)
    }

    /// Opens the store of a directory (`.paramo`).
    pub async fn open(directory: &Path, mode: OpenMode) -> Result<Opened> {
        opening::open_with(directory, mode, 4096).await
    }

    /// Forgets what was lost, after somebody was told: from now on the store counts from what it has.
    pub async fn acknowledge_damage(&self) -> Result<()> {
        let mut connection = self.readers.acquire().await.map_err(|error| self.failed(error))?;
        let totals = totals(&mut Session::sqlite(&mut connection, &self.file)).await?;
        let failed = |error| StoreError::io(&self.folder.mark, error);
        let mark = Mark::open(&self.folder.mark).map_err(failed)?;
        mark.reset(totals).map_err(failed)?;
        self.set_mark(Some(mark));
        Ok(())
    }

    /// The process that holds the lock of a study, if any does, without waiting for anything.
    pub fn holder_now(&self, id: StudyId) -> Result<Option<Holder>> {
        Ok(RecordLock::holder(&self.folder.directory, id)?.map(Holder::here))
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

/// Runs a change in a transaction of its own on the writing connection, and counts it with the runs that it commits. A macro
/// because the change borrows the session across its waits.
macro_rules! change {
    ($store:expr, $runs:expr, |$session:ident| $work:expr) => {{
        let mut guard = $store.writer().await?;
        let result = match guard.as_mut() {
            Some(connection) => {
                async {
                    let failed = |error| StoreError::sqlite(&$store.file, error);
                    let mut transaction = connection.begin_with(sql::BEGIN).await.map_err(failed)?;
                    let $session = &mut Session::sqlite(&mut transaction, &$store.file);
                    let value = $work.await?;
                    let totals = advance($session, $runs).await?;
                    transaction.commit().await.map_err(failed)?;
                    Ok((value, totals))
                }
                .await
            }
            None => Err(StoreError::ReadOnly { file: $store.file.to_path_buf() }),
        };
        $store.settle(&mut guard, result)
    }};
}

/// Asks on a connection that reads, in one transaction.
macro_rules! ask {
    ($store:expr, |$session:ident| $work:expr) => {{
        async {
            let mut transaction = $store.readers.begin().await.map_err(|error| $store.failed(error))?;
            let $session = &mut Session::sqlite(&mut transaction, &$store.file);
            $work.await
        }
        .await
    }};
}

#[async_trait]
impl Store for SqliteStore {
    async fn create(&self, project: &str, study: &Study) -> Result<StudyRow> {
        let id = change!(self, 0, |session| async {
            let name = project::claim(session, project, study.name.as_str()).await?;
            write::create(session, &name, study).await
        })?;
        self.study(id).await
    }

    async fn studies(&self) -> Result<Vec<StudyRow>> {
        ask!(self, |session| read::studies(session))
    }

    async fn summaries(&self) -> Result<Vec<StudySummary>> {
        ask!(self, |session| read::summaries(session))
    }

    async fn study(&self, id: StudyId) -> Result<StudyRow> {
        ask!(self, |session| read::study(session, id))
    }

    async fn find(&self, project: &str, name: &str, version: Option<u32>) -> Result<Option<StudyRow>> {
        ask!(self, |session| read::find(session, project, name, version))
    }

    async fn set_state(&self, id: StudyId, state: StudyState) -> Result<()> {
        change!(self, 0, |session| write::set_state(session, id, state))
    }

    async fn replace(&self, id: StudyId, study: &Study) -> Result<()> {
        change!(self, 0, |session| write::replace(session, id, study))
    }

    async fn commit(&self, id: StudyId, runs: &[RunRecord]) -> Result<BatchId> {
        if runs.is_empty() {
            return ask!(self, |session| read::newest(session, id));
        }
        // Encoding takes longer than writing and needs no connection.
        let mut batches = write::encode(runs)?;
        change!(self, runs.len(), |session| write::commit(session, id, runs, &mut batches))
    }

    async fn reopen(&self, id: StudyId, indices: &RoaringTreemap) -> Result<u64> {
        change!(self, 0, |session| write::reopen(session, id, indices))
    }

    async fn worked(&self, id: StudyId, in_all: Micros) -> Result<()> {
        change!(self, 0, |session| write::worked(session, id, in_all))
    }

    async fn ended(&self, id: StudyId) -> Result<Ended> {
        ask!(self, |session| read::heads(session, id)).map(|found| found.ended)
    }

    async fn batches(&self, id: StudyId, after: Option<Seq>, limit: usize) -> Result<Vec<Batch>> {
        ask!(self, |session| read::batches(session, id, after, limit))
    }

    async fn output(&self, id: BatchId) -> Result<Option<Vec<u8>>> {
        ask!(self, |session| read::output(session, id))
    }

    async fn run(&self, id: StudyId, index: u64) -> Result<Option<RunRecord>> {
        ask!(self, |session| read::run(session, id, index))
    }

    async fn delete(&self, id: StudyId) -> Result<()> {
        change!(self, 0, |session| write::delete(session, id))
    }

    async fn check(&self, deep: bool) -> Result<Vec<Finding>> {
        verify::check(&self.readers, &self.folder, &self.file, deep).await
    }

    async fn lock(&self, id: StudyId) -> std::result::Result<StudyLock, Held> {
        let lock = RecordLock::acquire(&self.folder.directory, id).map(StudyLock::record)?;
        ask!(self, |session| write::stays(session, id))?;
        Ok(lock)
    }

    async fn holder(&self, id: StudyId) -> Result<Option<Holder>> {
        self.holder_now(id)
    }
}

#[async_trait]
impl Transfer for SqliteStore {
    async fn token(&self) -> Result<i64> {
        ask!(self, |session| totals(session)).map(|totals| totals.token)
    }

    fn shown(&self) -> String {
        self.folder.directory.display().to_string()
    }

    async fn take(&self, id: StudyId) -> std::result::Result<StudyLock, Held> {
        RecordLock::acquire(&self.folder.directory, id).map(StudyLock::record)
    }

    async fn label(&self, id: StudyId) -> Result<Label> {
        ask!(self, |session| steps::label(session, id))
    }

    async fn crates(&self, id: StudyId, after: Seq, limit: usize) -> Result<Vec<Crate>> {
        ask!(self, |session| steps::crates(session, id, after, limit))
    }

    async fn arrive(&self, place: &Place, label: &Label, origin: &str) -> Result<Arrival> {
        change!(self, 0, |session| steps::arrive(session, self.shown(), place, label, origin))
    }

    async fn unload(&self, id: StudyId, crates: &[Crate]) -> Result<()> {
        change!(self, 0, |session| steps::unload(session, id, crates))
    }

    async fn arrived(&self, id: StudyId, label: &Label) -> Result<()> {
        change!(self, 0, |session| steps::arrived(session, id, label))
    }

    async fn leave(&self, id: StudyId, label: &Label, moving: &str) -> Result<bool> {
        change!(self, 0, |session| steps::leave(session, id, label, moving))
    }

    async fn settle_here(&self, id: StudyId) -> Result<()> {
        change!(self, 0, |session| steps::settle(session, id))
    }
}

/// Which file a path leads to now.
fn identity(file: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(file).ok().map(|data| (data.dev(), data.ino()))
}

async fn totals(session: &mut Session<'_>) -> Result<Totals> {
    let row: Option<(i64, i64, i64)> = session.optional(sql::TOTALS, cells![]).await?;
    counted(session, row)
}

/// Counts a commit.
async fn advance(session: &mut Session<'_>, runs: usize) -> Result<Totals> {
    let row: Option<(i64, i64, i64)> = session.optional(sql::ADVANCE, cells![runs as i64]).await?;
    counted(session, row)
}

fn counted(session: &Session<'_>, row: Option<(i64, i64, i64)>) -> Result<Totals> {
    match row {
        Some((token, commits, runs)) => Ok(Totals { token, commits: commits as u64, runs: runs as u64 }),
        None => Err(StoreError::damaged(session.at(), "the count of its commits is missing")),
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

/// A change of which the store counts no runs. Nobody loses the answer of a file.
macro_rules! once {
    ($store:expr, |$session:ident| $work:expr) => {
        change!($store, 0, |$session| $work)
    };
}

mod people;
