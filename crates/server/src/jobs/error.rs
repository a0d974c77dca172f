//! Why nothing came of what was asked about a batch script.

use paramo_sites::{AccessError, EngineError, SiteError};
use paramo_store::StoreError;

use crate::problem::{Fault, Problem};

/// Why a batch script was not submitted, found, looked at or ended.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file with the sites is wrong, or has none of that name.
    #[error(transparent)]
    Sites(#[from] SiteError),
    #[error(
        "there is no site `{0}`, as there is no sites.toml here or in ~/.config/paramo; `paramo site add {0}` writes one, --sites FILE names another"
    )]
    NoSites(String),
    #[error("there is no job `{0}`")]
    NoJob(String),
    #[error("there is no schedule `{0}`")]
    NoSchedule(String),
    /// A field of what was asked for; the text says what was expected.
    #[error("`{field}`: {text}")]
    Wrong { field: &'static str, text: String },
    /// The state of a job does not allow it.
    #[error("{0}")]
    State(String),
    /// The site refuses, or does not answer now.
    #[error("{text}")]
    Site { text: String, passing: bool },
}

pub type Result<T> = std::result::Result<T, JobError>;

impl JobError {
    pub(super) fn wrong(field: &'static str, text: impl Into<String>) -> JobError {
        JobError::Wrong { field, text: text.into() }
    }
}

impl JobError {
    /// For somebody elsewhere: nothing of what is in the files of the server.
    pub(crate) fn told(&self) -> String {
        match self {
            JobError::Sites(SiteError::Unknown { .. } | SiteError::Worker(_)) => self.to_string(),
            JobError::Sites(_) => "the file with the sites of the server is not as it must be".to_owned(),
            JobError::NoSites(name) => format!("there is no site `{name}`"),
            other => other.to_string(),
        }
    }
}

impl From<EngineError> for JobError {
    fn from(error: EngineError) -> JobError {
        JobError::Site { passing: error.is_passing(), text: error.to_string() }
    }
}

impl From<AccessError> for JobError {
    fn from(error: AccessError) -> JobError {
        JobError::Site { passing: error.is_passing(), text: error.to_string() }
    }
}

impl From<JobError> for Problem {
    fn from(error: JobError) -> Problem {
        let told = error.told();
        match error {
            JobError::Store(error) => error.into(),
            JobError::Sites(SiteError::Unknown { .. }) | JobError::NoSites(_) => {
                Problem::of_field("site", told)
            }
            JobError::Sites(_) => Problem::unavailable(told),
            JobError::NoJob(word) => Problem::not_found(format!(
                "there is no job {word}; GET /api/v1/jobs lists those that there are"
            )),
            JobError::NoSchedule(word) => Problem::not_found(format!(
                "there is no schedule {word}; GET /api/v1/schedules lists those that there are"
            )),
            JobError::Wrong { field, text } => Problem::of_field(field, text),
            JobError::State(text) => Problem::conflict(text),
            JobError::Site { text, passing: true } => Problem::unavailable(text),
            JobError::Site { text, passing: false } => Problem::site(text),
        }
    }
}

impl Problem {
    /// One field of what was sent is wrong.
    fn of_field(field: &str, text: impl Into<String>) -> Problem {
        let text = text.into();
        let mut problem = Problem::unprocessable(format!("`{field}`: {text}"));
        problem.errors = vec![Fault { field: field.to_owned(), message: text, help: None }];
        problem
    }
}
