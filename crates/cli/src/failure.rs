//! What went wrong, as the person at the terminal reads it, and the exit code that goes with it.

use std::fmt::Write;

use paramo_engine::EngineError;
use paramo_model::Diagnostic;
use paramo_model::document;

use crate::exit;

/// A failure of a command.
#[derive(Debug)]
pub struct Failure {
    pub code: u8,
    /// Whole lines, without the leading "error: ".
    pub text: String,
}

pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// The command line or a file is wrong.
    pub fn input(text: impl Into<String>) -> Failure {
        Failure { code: exit::BAD_INPUT, text: text.into() }
    }

    /// Something outside does not work.
    pub fn unavailable(text: impl Into<String>) -> Failure {
        Failure { code: exit::UNAVAILABLE, text: text.into() }
    }

    /// The errors of a document, each with its place in the text.
    pub fn diagnostics(diagnostics: &[Diagnostic], text: &str, file: &str) -> Failure {
        let mut out = String::new();
        for (i, diagnostic) in diagnostics.iter().enumerate() {
            if i > 0 {
                out.push_str("\nerror: ");
            }
            out.push_str(document::render(diagnostic, text, file).trim_end());
            out.push('\n');
        }
        if diagnostics.len() > 1 {
            // Writing to a string cannot fail.
            let _ = write!(out, "\n{} errors in {file}", diagnostics.len());
        }
        Failure::input(out.trim_end())
    }
}

impl From<paramo_store::StoreError> for Failure {
    fn from(error: paramo_store::StoreError) -> Failure {
        match error {
            paramo_store::StoreError::NoSuchStudy { .. }
            | paramo_store::StoreError::NoStore { .. }
            | paramo_store::StoreError::Occupied { .. }
            | paramo_store::StoreError::Address { .. }
            | paramo_store::StoreError::Elsewhere { refused: true, .. } => Failure::input(error.to_string()),
            other => Failure::unavailable(other.to_string()),
        }
    }
}

impl From<paramo_client::ClientError> for Failure {
    fn from(error: paramo_client::ClientError) -> Failure {
        match error.is_input() {
            true => Failure::input(error.to_string()),
            false => Failure::unavailable(error.to_string()),
        }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Failure {
        match error {
            EngineError::Store(error) => error.into(),
            EngineError::Condition { .. } | EngineError::Space { .. } => Failure::input(error.to_string()),
            EngineError::Site(_) | EngineError::WorkerEnded | EngineError::NotStored { .. } => {
                Failure::unavailable(error.to_string())
            }
        }
    }
}

impl From<paramo_sites::SiteError> for Failure {
    fn from(error: paramo_sites::SiteError) -> Failure {
        match error {
            paramo_sites::SiteError::Wrong { file, text, wrong } => {
                Failure::diagnostics(&wrong, &text, &file)
            }
            paramo_sites::SiteError::Unknown { .. } | paramo_sites::SiteError::File { .. } => {
                Failure::input(error.to_string())
            }
            paramo_sites::SiteError::Worker(_) => Failure::unavailable(error.to_string()),
        }
    }
}

/// An error of writing to standard output or to a file. A reader that has gone away (`| head`) is not a failure: that is dealt with
/// where the output is written.
pub fn cannot_write(what: &str) -> impl FnOnce(std::io::Error) -> Failure {
    move |error| Failure::unavailable(format!("cannot write {what}: {error}"))
}

impl From<paramo_table::TableError> for Failure {
    fn from(error: paramo_table::TableError) -> Failure {
        match error {
            paramo_table::TableError::Store(error) => error.into(),
            other => Failure::input(other.to_string()),
        }
    }
}

/// What writing a table to standard output means for the command.
pub fn table_written(result: std::result::Result<(), paramo_table::TableError>) -> Result<()> {
    match result {
        Err(paramo_table::TableError::Io(error)) => crate::output::written(Err(error)),
        Err(error) => Err(error.into()),
        Ok(()) => Ok(()),
    }
}
