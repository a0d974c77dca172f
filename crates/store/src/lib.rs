//! What is remembered: studies and their results, in a directory of files.
//!
//! A run exists here once it has ended. Runs are kept as batches, one row for each group commit, in columns; a study's
//! counts are kept beside them in the same transaction. Damage is an error or a [`Damage`], never fewer results.
//!
//! Everything is asked through [`Store`]; [`SqliteStore`] is the one engine so far.

mod batch;
mod check;
mod error;
mod folder;
mod lock;
mod mark;
mod migration;
mod sql;
mod sqlite;
mod store;

pub use batch::{Attempts, Batch, Column, Columns, Content, Values};
pub use check::{Damage, Finding, Severity};
pub use error::{Result, StoreError};
pub use lock::{Held, StudyLock};
pub use sqlite::{OpenMode, Opened, SqliteStore};
pub use store::{BatchId, Counts, Ended, Seq, Store, StudyRow, StudySummary};
