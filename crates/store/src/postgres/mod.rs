//! The store in PostgreSQL: the same tables and the same bytes as in a directory, for many machines at once.
//!
//! A commit waits for the database's own log to be durable. The database says itself when its log was cut short, so no mark
//! is kept beside it. When a connection breaks, questions and changes are asked again for a while; a commit is given back to its
//! caller, who keeps the results, and whether the broken one came through is looked up before the next.

mod lock;
mod once;
mod opening;
mod refusal;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use paramo_model::{Micros, RunRecord, Study, StudyId, StudyState, Timestamp};
use roaring::RoaringTreemap;
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;

use crate::check::check_studies;
use crate::session::{Session, cells};
use crate::{
    Batch, BatchId, Ended, Finding, Held, Holder, OpenMode, PostgresAddress, Result, Seq, Store, StoreError,
    StudyLock, StudyRow, StudySummary, project, read, sql, write,
};

use crate::transfer::{Arrival, Crate, Label, Place, Transfer, steps};

pub use lock::SessionLock;

/// How long a question or a change is asked again after the connection broke.
const PATIENCE: Duration = Duration::from_secs(60);
/// The first wait before it is asked again; each is twice the one before, up to the last.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LAST_WAIT: Duration = Duration::from_secs(2);

/// A store in a database of PostgreSQL.
#[derive(Debug)]
pub struct PostgresStore {
    pool: PgPool,
    options: PgConnectOptions,
    at: Arc<Path>,
    token: i64,
    /// Commits of which it is not known whether they came through.
    doubts: tokio::sync::Mutex<HashMap<StudyId, Doubt>>,
}

/// A commit whose answer was lost.
#[derive(Debug)]
struct Doubt {
    /// Its first batch as it was to stand in the store, which tells it from every other.
    batch: BatchId,
    head: Vec<u8>,
    data: Vec<u8>,
    /// Its runs, each by its index and when its last attempt began.
    runs: HashMap<u64, Timestamp>,
}

/// This process, as it is known to the database.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Process {
    pid: u32,
    host: String,
}

fn here() -> Process {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    Process { pid: std::process::id(), host }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "paramo {} {}", self.pid, self.host)
    }
}

impl Process {
    /// From what a connection calls itself; another program that holds the lock has no number.
    fn parse(text: &str) -> Process {
        let mut words = text.splitn(3, ' ').skip(1);
        let pid = words.next().and_then(|pid| pid.parse().ok()).unwrap_or(0);
        Process { pid, host: words.next().unwrap_or(text).to_owned() }
    }

    /// Names are cut off at 63 bytes by the database.
    fn is_on_this_host(&self) -> bool {
        !self.host.is_empty() && here().host.starts_with(&self.host)
    }

    fn is_this(&self) -> bool {
        self.pid == std::process::id() && self.is_on_this_host()
    }

    fn holder(self) -> Holder {
        let host = (!self.is_on_this_host()).then_some(self.host);
        Holder { pid: self.pid, host }
    }
}

/// Waits before something is asked again, or gives the error back when there was enough of it.
struct Patience {
    since: Instant,
    wait: Duration,
}

impl Patience {
    fn new() -> Patience {
        Patience { since: Instant::now(), wait: FIRST_WAIT }
    }

    async fn over(&mut self, error: StoreError) -> Result<()> {
        if !error.is_unreachable() || self.since.elapsed() >= PATIENCE {
            return Err(error);
        }
        tokio::time::sleep(self.wait).await;
        self.wait = (self.wait * 2).min(LAST_WAIT);
        Ok(())
    }
}

/// Carries out a change in a transaction of its own, again when the connection broke; `$again` says that it is not the first time.
/// A macro because the change borrows the session across its waits.
macro_rules! change {
    ($store:expr, |$session:ident, $again:ident| $work:expr) => {{
        let mut patience = Patience::new();
        let mut $again = false;
        loop {
            let result = async {
                let mut transaction = $store.pool.begin().await.map_err(|error| $store.failed(error))?;
                let $session = &mut Session::postgres(&mut transaction, &$store.at);
                let value = $work.await?;
                transaction.commit().await.map_err(|error| $store.failed(error))?;
                Ok(value)
            };
            match result.await {
                Ok(value) => break std::result::Result::<_, StoreError>::Ok(value),
                Err(error) => patience.over(error).await?,
            }
            $again = true;
        }
    }};
}

/// Asks in a snapshot of its own, again when the connection broke.
macro_rules! ask {
    ($store:expr, |$session:ident| $work:expr) => {{
        let mut patience = Patience::new();
        loop {
            let result = async {
                let begun = $store.pool.begin_with(sql::BEGIN_READING).await;
                let mut transaction = begun.map_err(|error| $store.failed(error))?;
                let $session = &mut Session::postgres(&mut transaction, &$store.at);
                $work.await
            };
            match result.await {
                Ok(value) => break std::result::Result::<_, StoreError>::Ok(value),
                Err(error) => patience.over(error).await?,
            }
        }
    }};
}

impl PostgresStore {
    /// Opens the store in a database; with [`OpenMode::Create`] its tables are made when they are not there.
    ///
    /// Errors: [`StoreError::Unreachable`] when nobody answers within 10 s, [`StoreError::Refused`] when the login or the
    /// database is not right.
    pub async fn open(address: &PostgresAddress, mode: OpenMode) -> Result<PostgresStore> {
        opening::open(address, mode).await
    }

    pub(crate) async fn take_seat(&self, seat: StudyId) -> std::result::Result<StudyLock, Held> {
        lock::seat(self, seat).await
    }

    /// The processes that hold locks, with their studies.
    pub async fn holders(&self) -> Result<HashMap<StudyId, Holder>> {
        ask!(self, |session| lock::holders(session))
    }

    fn failed(&self, error: sqlx::Error) -> StoreError {
        StoreError::postgres(&self.at, error)
    }

    /// Whether a commit of unknown end came through after all.
    async fn settle(&self, doubt: &Doubt) -> Result<bool> {
        let mut transaction = self.pool.begin().await.map_err(|error| self.failed(error))?;
        let session = &mut Session::postgres(&mut transaction, &self.at);
        // Waits for the end of the broken commit, should it still be on its way in the database.
        session.optional::<(i64, i64)>(sql::CLAIM, cells![doubt.batch.study.0]).await?;
        let before = Seq(doubt.batch.seq.0.saturating_sub(1));
        let found = match read::batches(session, doubt.batch.study, Some(before), 1).await {
            Ok(found) => found,
            // Nothing stands there, and nothing before it is missing.
            Err(error) if error.is_damage() => Vec::new(),
            Err(error) => return Err(error),
        };
        Ok(found.first().is_some_and(|batch| batch.row.head == doubt.head && batch.row.data == doubt.data))
    }

    async fn try_commit(
        &self,
        id: StudyId,
        runs: &[RunRecord],
        doubt: &mut Option<Doubt>,
    ) -> Result<BatchId> {
        // Encoding takes longer than writing and needs no connection.
        let mut batches = write::encode(runs)?;
        let mut transaction = self.pool.begin().await.map_err(|error| self.failed(error))?;
        let session = &mut Session::postgres(&mut transaction, &self.at);
        let claimed: Option<(i64, i64)> = session.optional(sql::CLAIM, cells![id.0]).await?;
        let (seq, fence) = claimed.ok_or_else(|| read::gone(id))?;
        if lock::fence(self.token, id).is_some_and(|ours| ours != fence) {
            return Err(StoreError::Taken { study: id });
        }
        let committed = write::commit(session, id, runs, &mut batches).await?;
        if let Some(parts) = batches.first() {
            *doubt = Some(Doubt {
                batch: BatchId { study: id, seq: Seq(seq as u64 + 1) },
                head: parts.row.head.clone(),
                data: parts.row.data.clone(),
                runs: runs.iter().map(|run| (run.index, run.last.started)).collect(),
            });
        }
        transaction.commit().await.map_err(|error| self.failed(error))?;
        *doubt = None;
        Ok(committed)
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn create(&self, project: &str, study: &Study) -> Result<StudyRow> {
        let began = crate::clock::now();
        let id = change!(self, |session, again| create(session, project, study, again.then_some(began)))?;
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
        change!(self, |session, _again| async {
            write::set_state(session, id, state).await?;
            notify(session, id).await
        })
    }

    async fn replace(&self, id: StudyId, study: &Study) -> Result<()> {
        change!(self, |session, _again| async {
            write::replace(session, id, study).await?;
            notify(session, id).await
        })
    }

    async fn commit(&self, id: StudyId, runs: &[RunRecord]) -> Result<BatchId> {
        let mut doubts = self.doubts.lock().await;
        let mut left = std::borrow::Cow::Borrowed(runs);
        if let Some(doubt) = doubts.get(&id) {
            if self.settle(doubt).await? {
                let stored = |run: &RunRecord| doubt.runs.get(&run.index) == Some(&run.last.started);
                left = runs.iter().filter(|run| !stored(run)).cloned().collect();
            }
            doubts.remove(&id);
        }
        if left.is_empty() {
            drop(doubts);
            return ask!(self, |session| read::newest(session, id));
        }
        let mut doubt = None;
        let result = self.try_commit(id, &left, &mut doubt).await;
        if let (Err(StoreError::Unreachable { .. }), Some(doubt)) = (&result, doubt) {
            doubts.insert(id, doubt);
        }
        result
    }

    async fn reopen(&self, id: StudyId, indices: &RoaringTreemap) -> Result<u64> {
        let mut most = 0;
        change!(self, |session, _again| async {
            session.optional::<(i64, i64)>(sql::CLAIM, cells![id.0]).await?;
            // Asked again after it had come through, there is nothing left to open.
            most = most.max(write::reopen(session, id, indices).await?);
            notify(session, id).await?;
            Ok(most)
        })
    }

    async fn worked(&self, id: StudyId, in_all: Micros) -> Result<()> {
        change!(self, |session, _again| async {
            session.optional::<(i64, i64)>(sql::CLAIM, cells![id.0]).await?;
            write::worked(session, id, in_all).await
        })
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
        change!(self, |session, again| async {
            match write::delete(session, id).await {
                Err(StoreError::NoSuchStudy { .. }) if again => Ok(()),
                Err(error) => Err(error),
                Ok(()) => notify(session, id).await,
            }
        })
    }

    async fn check(&self, deep: bool) -> Result<Vec<Finding>> {
        ask!(self, |session| async {
            let mut findings = Vec::new();
            check_studies(session, deep, &mut findings).await?;
            Ok(findings)
        })
    }

    async fn lock(&self, id: StudyId) -> std::result::Result<StudyLock, Held> {
        let lock = lock::acquire(self, id).await?;
        ask!(self, |session| write::stays(session, id))?;
        Ok(lock)
    }

    async fn holder(&self, id: StudyId) -> Result<Option<Holder>> {
        Ok(self.holders().await?.remove(&id))
    }
}

#[async_trait]
impl Transfer for PostgresStore {
    async fn token(&self) -> Result<i64> {
        Ok(self.token)
    }

    fn shown(&self) -> String {
        self.at.display().to_string()
    }

    async fn take(&self, id: StudyId) -> std::result::Result<StudyLock, Held> {
        lock::acquire(self, id).await
    }

    async fn label(&self, id: StudyId) -> Result<Label> {
        ask!(self, |session| steps::label(session, id))
    }

    async fn crates(&self, id: StudyId, after: Seq, limit: usize) -> Result<Vec<Crate>> {
        ask!(self, |session| steps::crates(session, id, after, limit))
    }

    async fn arrive(&self, place: &Place, label: &Label, origin: &str) -> Result<Arrival> {
        change!(self, |session, _again| steps::arrive(session, self.shown(), place, label, origin))
    }

    async fn unload(&self, id: StudyId, crates: &[Crate]) -> Result<()> {
        change!(self, |session, again| async {
            if again && steps::has(session, id, crates).await? {
                return Ok(());
            }
            steps::unload(session, id, crates).await
        })
    }

    async fn arrived(&self, id: StudyId, label: &Label) -> Result<()> {
        change!(self, |session, _again| steps::arrived(session, id, label))
    }

    async fn leave(&self, id: StudyId, label: &Label, moving: &str) -> Result<bool> {
        change!(self, |session, again| async {
            let left = steps::leave(session, id, label, moving).await?;
            // Asked again after it had come through, it has left already.
            Ok(left || (again && steps::label(session, id).await?.moving() == Some(moving)))
        })
    }

    async fn settle_here(&self, id: StudyId) -> Result<()> {
        change!(self, |session, _again| steps::settle(session, id))
    }
}

/// Makes a version. `began` is given when it is asked for again: then it may be there already.
async fn create(
    session: &mut Session<'_>,
    project: &str,
    study: &Study,
    began: Option<Timestamp>,
) -> Result<StudyId> {
    let name = project::claim(session, project, study.name.as_str()).await?;
    if let Some(began) = began {
        let newest: Option<(i64, i64, String)> = session.optional(sql::NAMED, cells![name.as_str()]).await?;
        if let Some((id, created, definition)) = newest
            && created >= began.0
            && definition == write::json(study, session.at())?
        {
            return Ok(StudyId(id));
        }
    }
    write::create(session, &name, study).await
}

/// Tells the process that works on a study to read it again, once this change is there.
async fn notify(session: &mut Session<'_>, id: StudyId) -> Result<()> {
    session.optional::<(bool,)>(sql::NOTIFY, cells![id.0.to_string()]).await.map(|_| ())
}

mod people;
