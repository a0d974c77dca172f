//! Opening a store in PostgreSQL: is there a database, is there a store in it, and is it ours to make one?
//!
//! All tables are in a schema of their own, `paramo`, so that a database may be shared with other programs.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{ConnectOptions, Connection};

use super::{PostgresStore, here};
use crate::migration::{self, Schema};
use crate::session::{Session, cells};
use crate::{OpenMode, PostgresAddress, Result, StoreError, sql};

/// How long to wait for a database that does not answer at all.
const CONNECTING: Duration = Duration::from_secs(10);
/// How long a command waits for a connection of the pool before it says that the store cannot be reached.
const ACQUIRING: Duration = Duration::from_secs(3);

pub async fn open(address: &PostgresAddress, mode: OpenMode) -> Result<PostgresStore> {
    let at: Arc<Path> = address.shown.as_path().into();
    let options = options(&address.options, mode);
    let mut connection = connect(&options, &at).await?;
    match migration::schema_postgres(&mut connection, &at).await? {
        Schema::Current => {}
        Schema::Empty if mode != OpenMode::Create => {
            return Err(StoreError::NoStore { directory: at.to_path_buf() });
        }
        Schema::Older(found) if mode == OpenMode::ReadOnly => {
            return Err(StoreError::Older { file: at.to_path_buf(), found, known: migration::KNOWN });
        }
        Schema::Empty | Schema::Older(_) => migration::migrate_postgres(&mut connection, &at).await?,
    }
    let totals: Option<(i64, i64, i64)> =
        Session::postgres(&mut connection, &at).optional(sql::TOTALS, cells![]).await?;
    let (token, ..) = totals.ok_or_else(|| StoreError::damaged(&at, "its own row is missing"))?;
    // An error of saying goodbye changes nothing.
    let _ = connection.close().await;
    let pool = PgPoolOptions::new().max_connections(4).acquire_timeout(ACQUIRING).max_lifetime(None);
    Ok(PostgresStore {
        pool: pool.connect_lazy_with(options.clone()),
        options,
        at,
        token,
        doubts: tokio::sync::Mutex::default(),
    })
}

async fn connect(options: &PgConnectOptions, at: &Path) -> Result<PgConnection> {
    match tokio::time::timeout(CONNECTING, options.connect()).await {
        Ok(connected) => connected.map_err(|error| StoreError::postgres(at, error)),
        Err(_) => Err(StoreError::Unreachable { file: at.to_owned(), why: "it does not answer".to_owned() }),
    }
}

fn options(given: &PgConnectOptions, mode: OpenMode) -> PgConnectOptions {
    let read_only = if mode == OpenMode::ReadOnly { "on" } else { "off" };
    // The server is to notice within a minute that this machine is gone, so that another may take its studies over.
    given.clone().application_name(&here().to_string()).options([
        ("search_path", "paramo"),
        ("default_transaction_read_only", read_only),
        ("synchronous_commit", "on"),
        ("tcp_keepalives_idle", "20"),
        ("tcp_keepalives_interval", "10"),
        ("tcp_keepalives_count", "4"),
    ])
}
