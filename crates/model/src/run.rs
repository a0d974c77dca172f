//! A run that has ended, and the attempts it took.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Bytes, CauseKind, OutputFile, Seconds, Value};

/// Microseconds since 1970-01-01T00:00:00Z, by the clock of the machine that measured it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// A length of time in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Micros(pub u64);

impl Micros {
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

/// Why an attempt failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// It ended with an exit code that is not one of success.
    Exit {
        code: i32,
    },
    /// It was killed by a signal that Paramo did not send.
    Signal {
        signal: i32,
    },
    OutOfMemory {
        limit: Option<Bytes>,
    },
    TimeOut {
        limit: Seconds,
    },
    /// The worker it ran on went away.
    LostWorker,
    /// It ended well but did not give what it must: which output, and why not.
    BadOutput {
        message: String,
    },
    /// It could not be started: command not found, file not written, function not importable.
    NotStarted {
        message: String,
    },
    /// The Python function raised.
    Exception {
        message: String,
    },
    /// Somebody ended it.
    Cancelled,
}

impl Cause {
    pub fn kind(&self) -> CauseKind {
        match self {
            Cause::Exit { .. } => CauseKind::Exit,
            Cause::Signal { .. } => CauseKind::Signal,
            Cause::OutOfMemory { .. } => CauseKind::OutOfMemory,
            Cause::TimeOut { .. } => CauseKind::TimeOut,
            Cause::LostWorker => CauseKind::LostWorker,
            Cause::BadOutput { .. } => CauseKind::BadOutput,
            Cause::NotStarted { .. } => CauseKind::NotStarted,
            Cause::Exception { .. } => CauseKind::Exception,
            Cause::Cancelled => CauseKind::Cancelled,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Exit { code } => write!(f, "ended with exit code {code}"),
            Cause::Signal { signal } => write!(f, "killed by signal {signal}"),
            Cause::OutOfMemory { limit: Some(limit) } => write!(f, "out of memory (limit {limit})"),
            Cause::OutOfMemory { limit: None } => write!(f, "out of memory"),
            Cause::TimeOut { limit } => write!(f, "ran longer than {limit}"),
            Cause::LostWorker => write!(f, "its worker was lost"),
            Cause::BadOutput { message } => write!(f, "bad output: {message}"),
            Cause::NotStarted { message } => write!(f, "not started: {message}"),
            Cause::Exception { message } => write!(f, "exception: {message}"),
            Cause::Cancelled => write!(f, "cancelled"),
        }
    }
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    Succeeded,
    Failed(Cause),
}

/// One try of a run, measured where it ran.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// From 1.
    pub number: u32,
    pub ended: Ended,
    pub started: Timestamp,
    pub wall: Micros,
    /// User and system time of the run's processes.
    pub cpu: Micros,
    /// Largest resident set; 0 when the run ended before it could be told.
    pub peak_memory: Bytes,
    pub exit_code: Option<i32>,
    /// Which worker made it, as its engine numbers them; 0 where there is one.
    #[serde(default)]
    pub worker: u32,
    /// Which of the worker's slots it ran in, from 0.
    pub slot: u32,
    pub stdout: OutputFile,
    pub stderr: OutputFile,
}

/// A run that has ended: what the store keeps of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    pub index: u64,
    /// The attempt that decided.
    pub last: Attempt,
    /// The failed attempts before it.
    pub earlier: Vec<Attempt>,
    /// One value for each output of the application, in its order.
    pub outputs: Vec<Value>,
}

impl RunRecord {
    pub fn succeeded(&self) -> bool {
        matches!(self.last.ended, Ended::Succeeded)
    }
}
