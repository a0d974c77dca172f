//! What every engine that places batch jobs can do. A new one (Grid Engine, PBS) is one folder in `engines/` and one line in
//! [`ENGINES`](crate::ENGINES).

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use crate::access::{Access, AccessError};
use crate::{Array, BatchJob, Description, JobId, JobState};
use paramo_model::{Bytes, Seconds};

/// A kind of engine, as the registry lists it.
pub trait EngineKind: Sync {
    /// The word in `sites.toml`.
    fn name(&self) -> &'static str;
    /// One line for people who choose.
    fn help(&self) -> &'static str;
    /// What starts the tasks of a run that uses MPI, where a site says nothing else; see [`Launcher`](paramo_worker::Launcher).
    fn launcher(&self) -> &'static str {
        "mpirun -n {tasks}"
    }
    /// The engine of a site, whose host is reached by `access`.
    fn connect(&self, site: &Description, access: Arc<Access>) -> Result<Box<dyn Engine>, EngineError>;
}

/// The engine of a site.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Looks whether everything that is needed is there: the engine answers, its version, its partitions.
    async fn check(&self) -> Vec<Check>;
    /// Submits a job. When the answer was lost on the way, [`find`](Engine::find) tells whether it arrived.
    async fn submit(&self, job: &BatchJob) -> Result<JobId, EngineError>;
    /// Whether the jobs of an array can be told apart: each has the number of the array, `_` and its index, in [`states`](Engine::states)
    /// and in [`cancel`](Engine::cancel).
    fn has_arrays(&self) -> bool {
        false
    }
    /// How long until a job like this one would begin if it were submitted now; `None`: the engine cannot tell. Without an end: not with
    /// the nodes as they are now.
    async fn begins(&self, job: &BatchJob) -> Result<Option<Seconds>, EngineError> {
        let _ = job;
        Ok(None)
    }
    /// The job of that name, when there is one.
    async fn find(&self, name: &str) -> Result<Option<JobId>, EngineError>;
    /// How these jobs are, asked at once. Each of them has an answer.
    async fn states(&self, jobs: &[JobId]) -> Result<BTreeMap<JobId, JobState>, EngineError>;
    /// The variable in which a job of an array finds its index.
    fn array_index(&self) -> &'static str {
        "SLURM_ARRAY_TASK_ID"
    }
    /// How the jobs of an array are, by index: those that are known now.
    async fn tasks(&self, job: &JobId, array: Array) -> Result<BTreeMap<u32, JobState>, EngineError> {
        let _ = (job, array);
        Ok(BTreeMap::new())
    }
    /// Whether the site keeps an account of what jobs have used.
    async fn has_account(&self) -> bool {
        false
    }
    /// What a job has used; `None` when the site keeps no account of it, or does not have its end yet.
    async fn usage(&self, job: &JobId) -> Result<Option<Usage>, EngineError> {
        let _ = job;
        Ok(None)
    }
    /// Ends these jobs. One that has ended already is no error.
    async fn cancel(&self, jobs: &[JobId]) -> Result<(), EngineError>;
}

/// What a job has used, as the site's accounting has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usage {
    /// From its begin to its end.
    pub wall: Seconds,
    /// Of all its processes.
    pub cpu: Seconds,
    /// The most that one of its tasks had at once; `None`: the site does not look.
    pub memory: Option<Bytes>,
}

/// The error of an engine that has no way to express something.
pub(crate) fn cannot(engine: &'static str, why: &str) -> EngineError {
    EngineError::Refused { engine, what: "submit the job", why: why.to_owned() }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    pub what: &'static str,
    pub verdict: Verdict,
    /// What was found, or what is wrong and what to do.
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Good,
    /// It works, with less.
    Note,
    Bad,
}

impl Check {
    pub fn good(what: &'static str, text: impl Into<String>) -> Check {
        Check { what, verdict: Verdict::Good, text: text.into() }
    }

    pub fn note(what: &'static str, text: impl Into<String>) -> Check {
        Check { what, verdict: Verdict::Note, text: text.into() }
    }

    pub fn bad(what: &'static str, text: impl Into<String>) -> Check {
        Check { what, verdict: Verdict::Bad, text: text.into() }
    }
}

/// Why an engine does not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(transparent)]
    Access(#[from] AccessError),
    /// It, or what it needs, does not answer now.
    #[error("{engine} does not answer: {why}")]
    Away { engine: &'static str, why: String },
    /// It answered, and will not.
    #[error("{engine} refused to {what}: {why}")]
    Refused { engine: &'static str, what: &'static str, why: String },
    #[error("{engine} answered something that is not understood to {what}: {why}")]
    Strange { engine: &'static str, what: &'static str, why: String },
    /// There is no token, or none that is accepted.
    #[error("no token for {engine}: {why}")]
    Token { engine: &'static str, why: String },
}

impl EngineError {
    /// Whether it may go away by itself, so that trying again is worth it.
    pub fn is_passing(&self) -> bool {
        match self {
            EngineError::Access(error) => error.is_passing(),
            EngineError::Away { .. } => true,
            EngineError::Refused { .. } | EngineError::Strange { .. } | EngineError::Token { .. } => false,
        }
    }
}
