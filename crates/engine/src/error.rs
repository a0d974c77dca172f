//! Why a study cannot go on.

use paramo_model::Diagnostic;
use paramo_sites::SiteError;
use paramo_store::StoreError;

/// A reason to stop working on a study that is not a run's failure.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Site(#[from] SiteError),
    /// The stored description of the study does not make a space any more.
    #[error("the space of study `{study}` is not valid: {}", list(.diagnostics))]
    Space { study: String, diagnostics: Vec<Diagnostic> },
    #[error("the condition cannot be decided for run {index}: {message}")]
    Condition { index: u64, message: String },
    #[error("the worker ended unexpectedly; what it had not finished is open again")]
    WorkerEnded,
    /// Results that are not stored are run again: nothing that was reported as done is lost.
    #[error("{runs} results could not be stored and will be run again: {source}")]
    NotStored { runs: usize, source: StoreError },
}

fn list(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
