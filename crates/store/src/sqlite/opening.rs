//! Opening a store: what is there, is all of it there, and what has to be made first.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::fs::FlockOperation;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::Mutex;

use super::{OpenMode, Opened, SqliteStore, identity, lost, totals};
use crate::folder::{Folder, Found};
use crate::mark::Mark;
use crate::migration::{self, Schema};
use crate::session::Session;
use crate::{Result, StoreError, sql};

/// How long to wait for another process that writes.
const PATIENCE: Duration = Duration::from_secs(10);

/// Opens a store whose pages, when it is made, have a given size.
pub async fn open_with(directory: &Path, mode: OpenMode, page_size: u32) -> Result<Opened> {
    let folder = Folder::new(directory);
    let file: Arc<Path> = folder.database.as_path().into();
    if mode == OpenMode::Create {
        folder.make()?;
    }
    if mode == OpenMode::ReadOnly {
        return open_read_only(folder, file).await;
    }
    let no_store = || StoreError::NoStore { directory: directory.to_owned() };
    if mode == OpenMode::Existing && folder.inspect()? == Found::Nothing {
        return Err(no_store());
    }
    let alone = alone(&folder).await?;
    let found = folder.inspect()?;
    // Before the database is asked: what others commit in between makes it larger, never smaller.
    let marked = Mark::read(&folder.mark);
    let options = options(&file).create_if_missing(mode == OpenMode::Create).page_size(page_size);
    let mut writer = options.connect().await.map_err(|error| StoreError::sqlite(&file, error))?;
    match migration::schema(&mut writer, &file).await? {
        Schema::Current => {}
        Schema::Empty if marked.is_some_and(|totals| totals.commits > 0) => {
            return Err(StoreError::damaged(&file, "it holds nothing, though results were committed to it"));
        }
        Schema::Empty if mode == OpenMode::Existing => return Err(no_store()),
        Schema::Empty | Schema::Older(_) => make(&mut writer, &folder).await?,
    }
    drop(alone);
    let now = totals(&mut Session::sqlite(&mut writer, &file)).await?;
    let damage = lost(&folder, marked, now);
    let mark = Mark::open(&folder.mark).map_err(|error| StoreError::io(&folder.mark, error))?;
    if damage.is_none() && marked != Some(now) {
        // Best effort, as after a commit.
        let _ = mark.advance(now);
    }
    if found == Found::Nothing {
        folder.sync()?;
    }
    let store = SqliteStore {
        readers: pool(options.clone().create_if_missing(false).pragma("query_only", "ON")),
        writer: Mutex::new(Some(writer)),
        mark: std::sync::Mutex::new(if damage.is_none() { Some(mark) } else { None }),
        writable: true,
        identity: identity(&file),
        folder,
        file,
        options,
    };
    Ok(Opened { store, damage })
}

async fn open_read_only(folder: Folder, file: Arc<Path>) -> Result<Opened> {
    if folder.inspect()? == Found::Nothing {
        return Err(StoreError::NoStore { directory: folder.directory });
    }
    let marked = Mark::read(&folder.mark);
    let failed = |error| StoreError::sqlite(&file, error);
    let mut options = options(&file).read_only(true);
    let mut connection = match options.connect().await {
        Ok(connection) => connection,
        // Where nothing can be written, not even the files of a reader, nobody else writes either; but a log that has
        // not been put into the database can then not be read.
        Err(error) if std::fs::metadata(&folder.log).map_or(0, |log| log.len()) > 0 => {
            return Err(failed(error));
        }
        Err(_) => {
            options = options.immutable(true);
            options.connect().await.map_err(failed)?
        }
    };
    match migration::schema(&mut connection, &file).await? {
        Schema::Current => {}
        Schema::Empty if marked.is_some_and(|totals| totals.commits > 0) => {
            return Err(StoreError::damaged(&file, "it holds nothing, though results were committed to it"));
        }
        Schema::Empty => return Err(StoreError::NoStore { directory: folder.directory }),
        Schema::Older(found) => {
            return Err(StoreError::Older { file: file.to_path_buf(), found, known: migration::KNOWN });
        }
    }
    let damage = lost(&folder, marked, totals(&mut Session::sqlite(&mut connection, &file)).await?);
    connection.close().await.map_err(failed)?;
    let store = SqliteStore {
        readers: pool(options.clone()),
        writer: Mutex::new(None),
        mark: std::sync::Mutex::new(None),
        writable: false,
        identity: identity(&file),
        folder,
        file,
        options,
    };
    Ok(Opened { store, damage })
}

/// Sets up a new or older database. The schema goes into the database file at once, so that a log that is cut short later
/// does not take it along.
async fn make(writer: &mut SqliteConnection, folder: &Folder) -> Result<()> {
    let failed = |error| StoreError::sqlite(&folder.database, error);
    migration::migrate(writer, &folder.database).await?;
    sqlx::query(sql::CHECKPOINT).execute(&mut *writer).await.map_err(failed)?;
    Ok(())
}

fn options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(PATIENCE)
        .foreign_keys(true)
        // Two MB of pages a connection. No mapped memory: a file that is cut short under a mapping ends the process.
        .pragma("cache_size", "-2000")
        .pragma("mmap_size", "0")
        .pragma("journal_size_limit", "67108864")
        .command_buffer_size(4)
        .disable_statement_logging()
}

fn pool(options: SqliteConnectOptions) -> SqlitePool {
    let pool = SqlitePoolOptions::new().max_connections(3).idle_timeout(None).max_lifetime(None);
    pool.acquire_timeout(Duration::from_secs(60)).test_before_acquire(false).connect_lazy_with(options)
}

/// Keeps other processes from opening the store while this one may be setting it up.
async fn alone(folder: &Folder) -> Result<File> {
    let path = folder.directory.join("opening");
    let failed = |error| StoreError::io(&folder.directory, error);
    let file = File::options().write(true).create(true).truncate(false).open(&path).map_err(failed)?;
    let started = Instant::now();
    loop {
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(file),
            Err(rustix::io::Errno::WOULDBLOCK) if started.elapsed() < PATIENCE => {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(StoreError::Busy { file: folder.database.clone() });
            }
            Err(error) => return Err(failed(error.into())),
        }
    }
}
