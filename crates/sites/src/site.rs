//! What every site can do.

use async_trait::async_trait;
use paramo_model::{Capacity, Diagnostic};
use paramo_worker::Link;

/// A kind of site, as the registry lists it.
pub trait SiteKind: Sync {
    /// The word in study files.
    fn name(&self) -> &'static str;
    /// One line for people who choose.
    fn help(&self) -> &'static str;
    fn build(&self) -> Result<Box<dyn Site>, SiteError>;
}

/// A place with an engine.
#[async_trait]
pub trait Site: Send + Sync {
    fn name(&self) -> &str;
    /// What one allocation of this site can hold.
    fn capacity(&self) -> Capacity;
    /// Asks for an allocation with a worker inside.
    async fn submit(&self, request: Request) -> Result<Allocation, SiteError>;
}

/// What is asked of a site.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// CPUs to use instead of all that are there.
    pub cpus: Option<f64>,
}

/// What a site granted.
pub struct Allocation {
    /// What it holds.
    pub capacity: Capacity,
    /// The conversation with its worker.
    pub link: Box<dyn Link>,
}

/// Why a site does not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    #[error("there is no site `{name}`; the sites are: {known}")]
    Unknown { name: String, known: String },
    #[error("{file}: {why}")]
    File { file: String, why: String },
    /// What is wrong in a file, with its text, so that it can be shown.
    #[error("{file}: {}", wrong.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Wrong { file: String, text: String, wrong: Vec<Diagnostic> },
    #[error("the worker does not start: {0}")]
    Worker(#[from] paramo_worker::WorkerError),
}
