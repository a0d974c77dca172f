//! Doing one run: stage, start, limit, capture.
//!
//! A worker makes runs and reports them, over a [`Link`] that speaks only [`ToWorker`](paramo_model::ToWorker) and
//! [`FromWorker`](paramo_model::FromWorker). It never decides whether a run is tried again. [`LocalWorker`] is a worker in this process.

mod calls;
mod capacity;
mod capture;
mod clock;
mod command;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod directory;
mod dispatch;
mod environment;
mod frame;
mod function;
mod guardian;
mod halt;
mod json;
mod launcher;
mod ledger;
mod limits;
mod link;
mod lookup;
mod memory;
mod orphans;
mod outbox;
mod outputs;
mod preflight;
mod prepared;
mod process;
pub mod remote;
mod share;
mod slot;
mod spawn;
mod verdict;
mod warm;
mod watch;
mod worker;

pub use capacity::{Found, detect, detect_report};
pub use launcher::Launcher;
pub use limits::{MemoryLimits, limits_report};
pub use link::Link;
pub use preflight::{preflight, room};
pub use worker::{LocalLink, LocalWorker, WorkerError, WorkerOptions};
