//! What [`People`](super::People) does, written once for both engines. Each function is part of one transaction, which the engine
//! begins and ends; an error undoes all of it.

use std::fmt::Display;
use std::time::Duration;

use paramo_model::Timestamp;

use super::types::{Fresh, Hashed};
use crate::session::{Cell, Session};
use crate::{Result, StoreError};

pub mod allocations;
pub mod applications;
pub mod audit;
pub mod devices;
pub mod jobs;
pub mod links;
pub mod members;
pub mod projects;
pub mod requests;
pub mod secrets;
pub mod sessions;
pub mod shares;
pub mod tidy;
pub mod tokens;
pub mod users;
pub mod workers;

/// What those claim who make, remove or disable users.
const USERS: &str = "/users";

impl From<&Hashed> for Cell {
    fn from(hash: &Hashed) -> Cell {
        Cell::Bytes(hash.0.to_vec())
    }
}

fn missing(kind: &str, name: impl Display) -> StoreError {
    StoreError::Missing { what: format!("{kind} `{name}`") }
}

fn exists(kind: &str, name: impl Display) -> StoreError {
    StoreError::Exists { what: format!("{kind} `{name}`") }
}

fn refuses(why: impl Into<String>) -> StoreError {
    StoreError::Refuses { why: why.into() }
}

/// A change of something by its name must have met it.
fn met(rows: u64, otherwise: impl FnOnce() -> StoreError) -> Result<()> {
    if rows > 0 { Ok(()) } else { Err(otherwise()) }
}

/// What an insertion returned.
fn made(session: &Session<'_>, row: Option<(i64,)>) -> Result<i64> {
    row.map(|row| row.0).ok_or_else(|| StoreError::damaged(session.at(), "a new row was not taken"))
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// When a credential that is made now ends.
fn ends(fresh: &Fresh, now: Timestamp) -> Option<i64> {
    fresh.lasts.map(|lasts| now.0.saturating_add(micros(lasts)))
}

/// Whether a time of use that is kept to the minute is to be written again.
pub fn stale(used: Option<Timestamp>) -> bool {
    used.is_none_or(|used| crate::clock::now().0.saturating_sub(used.0) > 60_000_000)
}

/// A word of the database.
fn word<T>(session: &Session<'_>, found: Option<T>, kind: &str, word: &str) -> Result<T> {
    found.ok_or_else(|| StoreError::damaged(session.at(), format!("`{word}` is not a {kind}")))
}
