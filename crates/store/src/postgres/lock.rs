//! The lock of a study in PostgreSQL: an advisory lock of a connection that does nothing else but listen.
//!
//! The database gives the lock up when the connection ends, and that ends with the process. A process that loses its connection
//! and lives on takes the lock again as soon as it can. Meanwhile another may have taken the study; therefore each taking has a number,
//! the fence, kept with the study, and a commit with an older one is refused.
//!
//! On the same connection the database tells what others change: `cancel`, `retry` and `extend` reach the process from any machine.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use paramo_model::StudyId;
use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::sync::{mpsc, oneshot};

use super::{PostgresStore, Process, here};
use crate::session::{Session, cells};
use crate::{Held, Holder, News, Result, StoreError, StudyLock, read, sql};

/// How long the database may take to notice that a process of this machine has died.
const DYING: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(20);
/// Between two tries to take a lock again.
const RETAKE: Duration = Duration::from_millis(500);

/// The studies that this process has taken, by store and number, with the fence under which it did.
static HELD: Mutex<BTreeMap<(i64, i64), i64>> = Mutex::new(BTreeMap::new());

fn held() -> MutexGuard<'static, BTreeMap<(i64, i64), i64>> {
    // The list is whole after every statement, so a panic elsewhere does not spoil it.
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The fence under which this process has taken a study of a store, if it has.
pub fn fence(token: i64, study: StudyId) -> Option<i64> {
    held().get(&(token, study.0)).copied()
}

/// A lock and the task that keeps it; given up when dropped.
#[derive(Debug)]
pub struct SessionLock {
    key: (i64, i64),
    /// Dropped, it ends the task.
    _end: oneshot::Sender<()>,
}

impl Drop for SessionLock {
    fn drop(&mut self) {
        held().remove(&self.key);
    }
}

/// Takes the lock of a study, or says who has it.
pub async fn acquire(store: &PostgresStore, study: StudyId) -> std::result::Result<StudyLock, Held> {
    take(store, study, true).await
}

/// Takes the lock of a seat, which has no commits that a fence would have to refuse.
pub async fn seat(store: &PostgresStore, seat: StudyId) -> std::result::Result<StudyLock, Held> {
    take(store, seat, false).await
}

async fn take(store: &PostgresStore, study: StudyId, fenced: bool) -> std::result::Result<StudyLock, Held> {
    let key = (store.token, study.0);
    if held().contains_key(&key) {
        return Err(Held::By(here().holder()));
    }
    let mut connection = Connection::open(store).await?;
    let started = Instant::now();
    while !connection.take(study).await? {
        let Some(process) = connection.holder(study).await? else { continue };
        // A process that has just been killed, or a lock of this one that has just been given up.
        let dying = process.is_on_this_host() && (process.is_this() || !is_alive(process.pid));
        if !dying || started.elapsed() > DYING {
            return Err(Held::By(process.holder()));
        }
        tokio::time::sleep(POLL).await;
    }
    let fence = match fenced {
        true => Some(raise_fence(store, study).await?),
        false => None,
    };
    held().insert(key, fence.unwrap_or(0));
    let (say, news) = mpsc::unbounded_channel();
    let (end, ended) = oneshot::channel();
    let keeper = Keeper { study, fence, say, pool: connection.pool.clone(), at: store.at.clone() };
    tokio::spawn(keeper.keep(connection, ended));
    let lock = SessionLock { key, _end: end };
    Ok(StudyLock::session(lock, news))
}

async fn raise_fence(store: &PostgresStore, study: StudyId) -> Result<i64> {
    let mut pool = store.pool.acquire().await.map_err(|error| store.failed(error))?;
    let raised: Option<(i64,)> =
        Session::postgres(&mut pool, &store.at).optional(sql::RAISE_FENCE, cells![study.0]).await?;
    raised.map(|(fence,)| fence).ok_or_else(|| read::gone(study))
}

fn is_alive(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    pid.is_none_or(|pid| rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
}

/// The processes that hold locks, with their studies.
pub async fn holders(session: &mut Session<'_>) -> Result<HashMap<StudyId, Holder>> {
    let rows: Vec<(i64, String)> = session.all(sql::HOLDERS, cells![]).await?;
    Ok(rows.into_iter().map(|(id, name)| (StudyId(id), Process::parse(&name).holder())).collect())
}

/// A connection for one lock. Its pool is its own and holds only it.
struct Connection {
    listener: PgListener,
    pool: sqlx::PgPool,
    at: Arc<std::path::Path>,
}

impl Connection {
    async fn open(store: &PostgresStore) -> Result<Connection> {
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .max_lifetime(None)
            .idle_timeout(None)
            .acquire_timeout(Duration::from_secs(3))
            .connect_lazy_with(store.options.clone());
        Connection::with(pool, store.at.clone()).await
    }

    async fn with(pool: sqlx::PgPool, at: Arc<std::path::Path>) -> Result<Connection> {
        let failed = |error| StoreError::postgres(&at, error);
        let mut listener = PgListener::connect_with(&pool).await.map_err(failed)?;
        listener.eager_reconnect(false);
        listener.listen("paramo").await.map_err(failed)?;
        Ok(Connection { listener, pool, at })
    }

    async fn take(&mut self, study: StudyId) -> Result<bool> {
        sqlx::query_scalar(sql::LOCK)
            .bind(study.0)
            .fetch_one(&mut self.listener)
            .await
            .map_err(|error| StoreError::postgres(&self.at, error))
    }

    async fn holder(&mut self, study: StudyId) -> Result<Option<Process>> {
        let rows: Vec<(i64, String)> = sqlx::query_as(sql::HOLDERS)
            .fetch_all(&mut self.listener)
            .await
            .map_err(|error| StoreError::postgres(&self.at, error))?;
        Ok(rows.iter().find(|row| row.0 == study.0).map(|(_, name)| Process::parse(name)))
    }

    async fn fence(&mut self, study: StudyId) -> Result<Option<i64>> {
        sqlx::query_scalar(sql::FENCE)
            .bind(study.0)
            .fetch_optional(&mut self.listener)
            .await
            .map_err(|error| StoreError::postgres(&self.at, error))
    }
}

/// Keeps a lock that was taken.
struct Keeper {
    study: StudyId,
    /// None for a seat.
    fence: Option<i64>,
    say: mpsc::UnboundedSender<News>,
    pool: sqlx::PgPool,
    at: Arc<std::path::Path>,
}

impl Keeper {
    async fn keep(self, mut connection: Connection, mut ended: oneshot::Receiver<()>) {
        let wanted = self.study.0.to_string();
        loop {
            tokio::select! {
                _ = &mut ended => {
                    // Whoever waits for it gets it now, not when the database notices.
                    let _ = sqlx::query(sql::UNLOCK).execute(&mut connection.listener).await;
                    return;
                }
                word = connection.listener.try_recv() => match word {
                    Ok(Some(word)) if word.payload() == wanted => {
                        let _ = self.say.send(News::Changed);
                    }
                    Ok(Some(_)) => {}
                    Ok(None) | Err(_) => {
                        drop(connection);
                        let again = tokio::select! {
                            _ = &mut ended => return,
                            again = self.retake() => again,
                        };
                        match again {
                            Some(again) => connection = again,
                            None => {
                                let _ = self.say.send(News::Lost);
                                return;
                            }
                        }
                        // What was said meanwhile was not heard.
                        let _ = self.say.send(News::Changed);
                    }
                },
            }
        }
    }

    /// Takes the lock again after the connection broke; nothing when another process has the study now.
    async fn retake(&self) -> Option<Connection> {
        loop {
            if let Ok(mut connection) = Connection::with(self.pool.clone(), self.at.clone()).await {
                match connection.take(self.study).await {
                    Ok(true) => match connection.fence(self.study).await {
                        Ok(fence) if fence == self.fence => return Some(connection),
                        Ok(_) => return None,
                        Err(_) => {}
                    },
                    // The connection that broke may not have ended yet on the other side.
                    Ok(false) => match connection.holder(self.study).await {
                        Ok(Some(process)) if !process.is_this() => return None,
                        _ => {}
                    },
                    Err(_) => {}
                }
            }
            tokio::time::sleep(RETAKE).await;
        }
    }
}
