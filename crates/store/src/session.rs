//! A connection of either engine, in the few ways in which the store speaks to it: one text, cells in, rows of tuples out.
//!
//! Statements are the same for both engines, with `$1` for the first cell; whatever goes wrong comes back as an error of the store.

use std::path::Path;
use std::sync::Arc;

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, PgConnection, Postgres, Sqlite, SqliteConnection};

use crate::{Result, StoreError, sql};

/// A value that is handed to a statement.
#[derive(Clone, Debug)]
pub enum Cell {
    Integer(i64),
    Text(String),
    Bytes(Vec<u8>),
    NoInteger,
    NoText,
    NoBytes,
}

impl From<i64> for Cell {
    fn from(value: i64) -> Cell {
        Cell::Integer(value)
    }
}

impl From<&str> for Cell {
    fn from(value: &str) -> Cell {
        Cell::Text(value.to_owned())
    }
}

impl From<String> for Cell {
    fn from(value: String) -> Cell {
        Cell::Text(value)
    }
}

impl From<Vec<u8>> for Cell {
    fn from(value: Vec<u8>) -> Cell {
        Cell::Bytes(value)
    }
}

impl From<Option<i64>> for Cell {
    fn from(value: Option<i64>) -> Cell {
        value.map_or(Cell::NoInteger, Cell::Integer)
    }
}

impl From<Option<Vec<u8>>> for Cell {
    fn from(value: Option<Vec<u8>>) -> Cell {
        value.map_or(Cell::NoBytes, Cell::Bytes)
    }
}

impl From<Option<String>> for Cell {
    fn from(value: Option<String>) -> Cell {
        value.map_or(Cell::NoText, Cell::Text)
    }
}

/// The cells of a statement, in order.
macro_rules! cells {
    ($($value:expr),* $(,)?) => { vec![$($crate::session::Cell::from($value)),*] };
}
pub(crate) use cells;

/// A tuple that rows of both engines can be read as.
pub trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}
impl<T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin> Row for T {}

enum Engine<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

/// A connection, usually within a transaction.
pub struct Session<'c> {
    /// The database, for messages: a file, or an address without its password.
    at: Arc<Path>,
    engine: Engine<'c>,
}

macro_rules! bound {
    ($query:expr, $cells:expr) => {{
        let mut query = $query;
        for cell in $cells {
            query = match cell {
                Cell::Integer(value) => query.bind(value),
                Cell::Text(value) => query.bind(value),
                Cell::Bytes(value) => query.bind(value),
                Cell::NoInteger => query.bind(None::<i64>),
                Cell::NoText => query.bind(None::<String>),
                Cell::NoBytes => query.bind(None::<Vec<u8>>),
            };
        }
        query
    }};
}

impl<'c> Session<'c> {
    pub fn sqlite(connection: &'c mut SqliteConnection, at: &Arc<Path>) -> Session<'c> {
        Session { at: at.clone(), engine: Engine::Sqlite(connection) }
    }

    pub fn postgres(connection: &'c mut PgConnection, at: &Arc<Path>) -> Session<'c> {
        Session { at: at.clone(), engine: Engine::Postgres(connection) }
    }

    pub fn at(&self) -> &Arc<Path> {
        &self.at
    }

    pub async fn all<R: Row>(&mut self, statement: &'static str, cells: Vec<Cell>) -> Result<Vec<R>> {
        match &mut self.engine {
            Engine::Sqlite(connection) => bound!(sqlx::query_as::<Sqlite, R>(statement), cells)
                .fetch_all(&mut **connection)
                .await
                .map_err(|error| StoreError::sqlite(&self.at, error)),
            Engine::Postgres(connection) => bound!(sqlx::query_as::<Postgres, R>(statement), cells)
                .fetch_all(&mut **connection)
                .await
                .map_err(|error| StoreError::postgres(&self.at, error)),
        }
    }

    pub async fn optional<R: Row>(&mut self, statement: &'static str, cells: Vec<Cell>) -> Result<Option<R>> {
        match &mut self.engine {
            Engine::Sqlite(connection) => bound!(sqlx::query_as::<Sqlite, R>(statement), cells)
                .fetch_optional(&mut **connection)
                .await
                .map_err(|error| StoreError::sqlite(&self.at, error)),
            Engine::Postgres(connection) => bound!(sqlx::query_as::<Postgres, R>(statement), cells)
                .fetch_optional(&mut **connection)
                .await
                .map_err(|error| StoreError::postgres(&self.at, error)),
        }
    }

    /// Waits for others that have claimed the same, and keeps it until the transaction ends. In a directory only one changes anything
    /// at a time, so there is nothing to wait for.
    pub async fn claim(&mut self, what: String) -> Result<()> {
        match self.engine {
            Engine::Sqlite(_) => Ok(()),
            Engine::Postgres(_) => self.optional::<(bool,)>(sql::CLAIM_NAME, cells![what]).await.map(|_| ()),
        }
    }

    /// Carries out a statement; returns how many rows it met.
    pub async fn execute(&mut self, statement: &'static str, cells: Vec<Cell>) -> Result<u64> {
        match &mut self.engine {
            Engine::Sqlite(connection) => bound!(sqlx::query::<Sqlite>(statement), cells)
                .execute(&mut **connection)
                .await
                .map(|done| done.rows_affected())
                .map_err(|error| StoreError::sqlite(&self.at, error)),
            Engine::Postgres(connection) => bound!(sqlx::query::<Postgres>(statement), cells)
                .execute(&mut **connection)
                .await
                .map(|done| done.rows_affected())
                .map_err(|error| StoreError::postgres(&self.at, error)),
        }
    }
}
