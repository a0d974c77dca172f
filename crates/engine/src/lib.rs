//! What happens next: which run is leased, tried again, counted, committed, and when a study ends.
//!
//! The engine is the only place that decides. [`Conductor`] is the decision itself, without clock, store or worker, so that it is
//! tested with any history; [`conduct`] puts it between a worker and a store; [`plan`] says what a study file means for what
//! has already run.

mod conduct;
mod conductor;
mod error;
mod extend;
mod live;
mod news;
mod observer;
mod plan;
pub mod pools;
mod project;
mod rate;
pub mod suggest;
mod switchboard;
mod turn;
mod why;

pub use conduct::{Command, Outcome, conduct};
pub use conductor::{Conductor, Verdict};
pub use error::EngineError;
pub use extend::goes_on;
pub use live::{Follow, Live};
pub use news::pass_on;
pub use observer::Observer;
pub use plan::{Changed, Plan, plan};
pub use project::{Budget, InProject, Over, ProjectTerms, Usage};
pub use switchboard::{About, Arrival, Note, RemoteStatus, Switchboard, Terms, WorkerStatus};
pub use turn::ahead;
pub use why::{Code, Driver, Standing, Why, cap, why};
