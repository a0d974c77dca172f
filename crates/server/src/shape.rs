//! What the API says, in which shape: the words of docs/commands.md as types, so that the OpenAPI document is made from them.
//!
//! Moments are RFC 3339 in UTC, lengths of time are seconds and end in `_seconds`, sizes are bytes and end in `_bytes`, what is not
//! known is `null`.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat};
use paramo_engine::{RemoteStatus, Why, WorkerStatus};
use paramo_model::{
    Attempt, Capacity, Ended, Micros, Moment, OutputFile, ParameterType, Progress, RunRecord, Timestamp,
    Value,
};
use paramo_store::{StudyRow, StudySummary};
use paramo_table::Column;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

/// A study.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Study {
    pub id: i64,
    pub project: String,
    pub name: String,
    /// From 1; a changed study of the same name is the next one.
    pub version: u32,
    /// `open`, `paused`, `finished` or `cancelled`.
    pub state: &'static str,
    pub created: String,
    pub changed: String,
    pub succeeded: u64,
    pub failed: u64,
    /// Failed attempts that were tried again.
    pub retried: u64,
    pub cpu_seconds: f64,
    pub wall_seconds: f64,
    /// How long it has been worked on.
    pub worked_seconds: f64,
    /// The failed runs by cause.
    pub failed_by_cause: BTreeMap<&'static str, u64>,
    /// Whether this server works on it now.
    pub working: bool,
    /// How it goes, while it is being worked on.
    pub progress: Option<Going>,
}

/// A study with what it is made of.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StudyDetail {
    #[serde(flatten)]
    pub study: Study,
    pub description: Option<String>,
    /// Points of its space, those that a condition leaves out included.
    pub points: Option<u64>,
    pub parameters: Vec<Parameter>,
    pub outputs: Vec<Output>,
    /// Runs at once at the most, where somebody has said so.
    pub slots: Option<u32>,
    /// The first thing in its way; `null` while it goes on.
    pub why: Option<Reason>,
    /// What it is made of: the application, the space, how it is run.
    #[schema(value_type = Object)]
    pub definition: serde_json::Value,
}

/// What stands in the way of a study.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Reason {
    /// What kind of thing: `paused`, `no-worker`, `cap-cpu`, …
    pub code: &'static str,
    pub what: String,
    /// What would change it.
    pub change: String,
}

impl From<Why> for Reason {
    fn from(why: Why) -> Reason {
        Reason { code: why.code.word(), what: why.what, change: why.change }
    }
}

/// A parameter of an application.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Parameter {
    pub name: String,
    /// `integer`, `float`, `string`, `boolean`, `choice` or `file`.
    pub kind: &'static str,
    pub unit: Option<String>,
    pub minimum: Option<f64>,
    pub maximum: Option<f64>,
    /// `null` where a value has to be given.
    #[schema(value_type = serde_json::Value)]
    pub default: serde_json::Value,
    /// Of a choice.
    #[schema(value_type = Option<Vec<serde_json::Value>>)]
    pub choices: Option<Vec<serde_json::Value>>,
    pub description: Option<String>,
}

impl From<&paramo_model::Parameter> for Parameter {
    fn from(parameter: &paramo_model::Parameter) -> Parameter {
        Parameter {
            name: parameter.name.to_string(),
            kind: parameter.kind.word(),
            unit: parameter.unit.clone(),
            minimum: parameter.min,
            maximum: parameter.max,
            default: parameter.default.as_ref().map_or(serde_json::Value::Null, value),
            choices: match &parameter.kind {
                ParameterType::Choice(choices) => Some(choices.iter().map(value).collect()),
                _ => None,
            },
            description: parameter.description.clone(),
        }
    }
}

impl From<&paramo_model::Output> for Output {
    fn from(output: &paramo_model::Output) -> Output {
        Output {
            name: output.name.to_string(),
            unit: output.unit.clone(),
            description: output.description.clone(),
        }
    }
}

/// An output of an application.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Output {
    pub name: String,
    pub unit: Option<String>,
    pub description: Option<String>,
}

/// How a study goes.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Going {
    pub points: u64,
    /// Points that the condition is known to leave out.
    pub left_out: u64,
    pub succeeded: u64,
    pub failed: u64,
    pub running: u64,
    pub retried: u64,
    pub paused: bool,
    pub runs_per_second: f64,
    pub remaining_seconds: Option<f64>,
    pub elapsed_seconds: f64,
}

/// A run that runs now.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RunningRun {
    pub index: u64,
    pub attempt: u32,
    pub slot: u32,
    pub since: String,
    /// The values of the parameters, in their order.
    #[schema(value_type = Vec<serde_json::Value>)]
    pub point: Vec<serde_json::Value>,
}

/// A run that has ended.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Run {
    pub index: u64,
    /// By name.
    #[schema(value_type = Object)]
    pub parameters: serde_json::Map<String, serde_json::Value>,
    #[schema(value_type = Object)]
    pub outputs: serde_json::Map<String, serde_json::Value>,
    /// The last is the one that decided.
    pub attempts: Vec<Try>,
}

/// One attempt of a run.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Try {
    pub number: u32,
    /// `succeeded` or `failed`.
    pub state: &'static str,
    pub cause: Option<&'static str>,
    pub message: Option<String>,
    pub exit_code: Option<i32>,
    pub started: String,
    pub wall_seconds: f64,
    pub cpu_seconds: f64,
    pub peak_memory_bytes: Option<u64>,
    /// Which worker made it.
    pub worker: u32,
    pub slot: u32,
    pub stdout: Captured,
    pub stderr: Captured,
}

/// What was captured of a stream.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Captured {
    /// Its end. Bytes that are not UTF-8 are replaced.
    pub tail: String,
    pub length_bytes: u64,
}

/// A worker.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Worker {
    pub id: u32,
    pub name: String,
    pub cpus: f64,
    pub memory_bytes: u64,
    pub gpus: usize,
    /// Runs that it holds, running or about to.
    pub leased: usize,
    /// Those of them that are known to run: it does not speak of tiny ones.
    pub running: usize,
    /// Runs that it has reported since it came.
    pub reported: u64,
    pub studies: Vec<i64>,
    pub draining: bool,
    /// `here` in the process of the server, else `connected` or `away`.
    pub state: &'static str,
    /// Seconds since it was heard of last, when it is away.
    pub away_seconds: Option<f64>,
    /// The machine that it is on, as that calls itself; of workers elsewhere, as what follows.
    pub host: Option<String>,
    pub version: Option<String>,
    /// What its site calls the allocation in which it lives.
    pub allocation: Option<String>,
    /// The only project whose studies it may have.
    pub project: Option<String>,
    /// Seconds until its allocation ends.
    pub ends_in_seconds: Option<f64>,
}

/// A place where runs can be made.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Site {
    pub name: String,
    pub help: String,
}

/// Workers of one kind at one site.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Pool {
    pub name: String,
    pub site: String,
    pub workers: usize,
    /// Runs that its workers hold.
    pub running: usize,
    pub cpus: f64,
    /// Allocations that are kept even without work; none where workers are not in allocations.
    pub minimum: Option<u32>,
    /// Allocations at the most.
    pub maximum: Option<u32>,
    /// Why nothing is asked for now, or why what was asked for was of no use.
    pub trouble: Option<String>,
    /// In the order in which they were asked for; those that have ended go in time.
    pub allocations: Vec<Granted>,
}

/// What a site was asked for, and what has become of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Granted {
    pub name: String,
    /// The site's number for it, once that has arrived.
    pub job: Option<String>,
    /// `asked`, `waiting`, `running`, `ending`, `ended`.
    pub state: &'static str,
    /// The same in the words of the site.
    pub detail: String,
    pub asked: String,
    pub began: Option<String>,
    pub ended: Option<String>,
    /// What all its CPUs have worked, by the account of the site; none where it keeps no account.
    pub cpu_seconds: Option<f64>,
    /// What its largest task had at once, by the same account.
    pub memory_bytes: Option<u64>,
}

impl Pool {
    pub(crate) fn new(view: &crate::pools::PoolView) -> Pool {
        Pool {
            name: view.name.clone(),
            site: view.site.clone(),
            minimum: Some(view.pool.minimum),
            maximum: Some(view.pool.maximum),
            trouble: view.trouble.clone(),
            allocations: view.allocations.iter().map(Granted::new).collect(),
            ..Pool::default()
        }
    }
}

impl Granted {
    fn new(allocation: &paramo_store::Allocation) -> Granted {
        Granted {
            name: allocation.name.clone(),
            job: allocation.job.clone(),
            state: allocation.state.word(),
            detail: allocation.detail.clone(),
            asked: moment(allocation.asked),
            began: allocation.began.map(moment),
            ended: allocation.ended.map(moment),
            cpu_seconds: allocation.cpu.map(Micros::seconds),
            memory_bytes: allocation.memory.map(|memory| memory.0),
        }
    }
}

pub(crate) fn moment(at: Timestamp) -> String {
    let time = DateTime::from_timestamp_micros(at.0).unwrap_or_default();
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// A value in JSON; what is not a number is `null`.
pub(crate) fn value(value: &Value) -> serde_json::Value {
    match value {
        Value::Integer(x) => (*x).into(),
        Value::Float(x) => (*x).into(),
        Value::Boolean(x) => (*x).into(),
        Value::String(x) => (**x).into(),
        Value::Missing => serde_json::Value::Null,
    }
}

/// A cell of a column in JSON, as [`value`] has it.
pub(crate) struct Cell<'a>(pub &'a Column, pub usize);

impl Serialize for Cell<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.value(self.1) {
            Value::Integer(x) => serializer.serialize_i64(x),
            // What is not a number is written as `null`.
            Value::Float(x) => serializer.serialize_f64(x),
            Value::Boolean(x) => serializer.serialize_bool(x),
            Value::String(x) => serializer.serialize_str(&x),
            Value::Missing => serializer.serialize_unit(),
        }
    }
}

impl From<&Progress> for Going {
    fn from(progress: &Progress) -> Going {
        Going {
            points: progress.total,
            left_out: progress.skipped,
            succeeded: progress.succeeded,
            failed: progress.failed,
            running: progress.running,
            retried: progress.retried,
            paused: progress.paused,
            runs_per_second: progress.rate,
            remaining_seconds: progress.remaining,
            elapsed_seconds: progress.elapsed,
        }
    }
}

impl Study {
    pub fn new(summary: &StudySummary, working: bool, now: Option<&Moment>) -> Study {
        let counts = &summary.counts;
        Study {
            id: summary.id.0,
            project: summary.project.to_string(),
            name: summary.name.to_string(),
            version: summary.version,
            state: summary.state.word(),
            created: moment(summary.created),
            changed: moment(summary.changed),
            succeeded: counts.succeeded,
            failed: counts.failed,
            retried: counts.retried,
            cpu_seconds: counts.cpu.seconds(),
            wall_seconds: counts.wall.seconds(),
            worked_seconds: counts.worked.seconds(),
            failed_by_cause: counts.by_cause.iter().map(|(cause, runs)| (cause.word(), *runs)).collect(),
            working,
            progress: now.map(|moment| Going::from(&moment.progress)),
        }
    }
}

impl StudyDetail {
    pub fn new(row: &StudyRow, points: Option<u64>, working: bool, now: Option<&Moment>) -> StudyDetail {
        let summary = row.summary();
        let application = &row.study.application;
        let parameters = application.parameters.iter().map(Parameter::from);
        let outputs = application.outputs.iter().map(Output::from);
        StudyDetail {
            study: Study::new(&summary, working, now),
            description: row.study.description.clone(),
            points,
            parameters: parameters.collect(),
            outputs: outputs.collect(),
            slots: row.study.run.slots_now(),
            why: None,
            definition: serde_json::to_value(&row.study).unwrap_or_default(),
        }
    }
}

impl Run {
    pub fn new(row: &StudyRow, record: &RunRecord, point: &[Value]) -> Run {
        let application = &row.study.application;
        let parameters = application.parameters.iter().zip(point);
        let outputs = application.outputs.iter().zip(&record.outputs);
        Run {
            index: record.index,
            parameters: parameters.map(|(p, x)| (p.name.to_string(), value(x))).collect(),
            outputs: outputs.map(|(output, x)| (output.name.to_string(), value(x))).collect(),
            attempts: record.earlier.iter().chain([&record.last]).map(Try::from).collect(),
        }
    }
}

impl From<&Attempt> for Try {
    fn from(attempt: &Attempt) -> Try {
        let (state, cause) = match &attempt.ended {
            Ended::Succeeded => ("succeeded", None),
            Ended::Failed(cause) => ("failed", Some(cause)),
        };
        Try {
            number: attempt.number,
            state,
            cause: cause.map(|cause| cause.kind().word()),
            message: cause.map(ToString::to_string),
            exit_code: attempt.exit_code,
            started: moment(attempt.started),
            wall_seconds: attempt.wall.seconds(),
            cpu_seconds: attempt.cpu.seconds(),
            peak_memory_bytes: Some(attempt.peak_memory.0).filter(|bytes| *bytes > 0),
            worker: attempt.worker,
            slot: attempt.slot,
            stdout: Captured::from(&attempt.stdout),
            stderr: Captured::from(&attempt.stderr),
        }
    }
}

impl From<&OutputFile> for Captured {
    fn from(output: &OutputFile) -> Captured {
        Captured { tail: String::from_utf8_lossy(&output.tail).into_owned(), length_bytes: output.length }
    }
}

impl Worker {
    pub fn new(status: &WorkerStatus) -> Worker {
        let Capacity { cpus, memory, gpus } = &status.capacity;
        let elsewhere = status.remote.as_ref();
        Worker {
            id: status.id.0,
            name: status.name.clone(),
            cpus: *cpus,
            memory_bytes: memory.0,
            gpus: gpus.len(),
            leased: status.leased,
            running: status.running,
            reported: status.reported,
            studies: status.studies.iter().map(|id| id.0).collect(),
            draining: status.draining,
            state: match elsewhere {
                None => "here",
                Some(RemoteStatus { away: None, .. }) => "connected",
                Some(_) => "away",
            },
            away_seconds: elsewhere.and_then(|it| it.away).map(|away| away.as_secs_f64()),
            host: elsewhere.map(|it| it.about.host.clone()),
            version: elsewhere.map(|it| it.about.version.clone()),
            allocation: elsewhere.and_then(|it| it.about.allocation.clone()),
            project: elsewhere.and_then(|it| it.about.project.as_ref()).map(ToString::to_string),
            ends_in_seconds: elsewhere.and_then(|it| it.ends_in).map(|left| left.as_secs_f64()),
        }
    }
}
