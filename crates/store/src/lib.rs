//! What is remembered: studies and their results, in a directory of files or in a database of PostgreSQL.
//!
//! A run exists here once it has ended. Runs are kept as batches, one row for each group commit, in columns; a study's
//! counts are kept beside them in the same transaction. Damage is an error or a [`Damage`], never fewer results.
//!
//! Beside them stands what is remembered about people, which is asked through [`People`].
//!
//! Everything is asked through [`Store`], which [`SqliteStore`] and [`PostgresStore`] answer alike; [`Address`] says which it is.

mod address;
mod batch;
mod check;
mod clock;
mod error;
mod folder;
mod holder;
mod mark;
mod migration;
mod people;
mod postgres;
mod project;
mod read;
mod session;
mod sql;
mod sqlite;
mod store;
mod transfer;
mod write;

#[cfg(test)]
mod conformance;

pub use address::{Address, PostgresAddress};
pub use batch::{Attempts, Batch, Column, Columns, Content, Shipment, Values};
pub use check::{Damage, Finding, Severity};
pub use error::{Result, StoreError};
pub use holder::{Held, Holder, News, StudyLock};
pub use people::{
    Allocation, AllocationState, Application, AuditEntry, AuditQuery, AuditRow, Begun, Device, DeviceAnswer,
    DeviceState, ExternalUser, Fresh, Hashed, Job, KnownWorker, Link, Member, NewApplication, NewDevice,
    NewJob, NewToken, NewUser, NewWorkerToken, Outcome, PasswordHash, People, Project, Purpose, Quota, Role,
    Schedule, Scope, Sealed, SecretRow, Share, SignedIn, Source, Token, TokenUse, Usage, User, UserChange,
    UserId, Via, Welcome, Who, WorkerToken,
};
pub use postgres::PostgresStore;
pub use project::{DEFAULT_PROJECT, title};
pub use sqlite::{OpenMode, Opened, SqliteStore};
pub use store::{BatchId, Counts, Ended, Seq, Store, StudyRow, StudySummary};
pub use transfer::{Move, Transfer};
