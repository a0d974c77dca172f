//! What the API says, as it is read here: into the words of the model and the store.

use std::collections::BTreeMap;

use chrono::DateTime;
use paramo_model::{CauseKind, Micros, Name, Progress, Running, Study, StudyId, StudyState, Timestamp};
use paramo_store::{Counts, DEFAULT_PROJECT, StudyRow, StudySummary};
use serde::{Deserialize, Serialize};

/// A study.
#[derive(Clone, Debug, Deserialize)]
pub struct StudyShape {
    pub id: i64,
    #[serde(default = "default_project")]
    project: String,
    name: String,
    version: u32,
    state: String,
    created: String,
    changed: String,
    succeeded: u64,
    failed: u64,
    retried: u64,
    cpu_seconds: f64,
    wall_seconds: f64,
    /// Not said by older servers.
    #[serde(default)]
    worked_seconds: f64,
    failed_by_cause: BTreeMap<String, u64>,
    pub working: bool,
    pub progress: Option<Going>,
}

fn default_project() -> String {
    DEFAULT_PROJECT.to_owned()
}

/// How a study goes.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Going {
    points: u64,
    left_out: u64,
    succeeded: u64,
    failed: u64,
    running: u64,
    retried: u64,
    paused: bool,
    runs_per_second: f64,
    remaining_seconds: Option<f64>,
    elapsed_seconds: f64,
}

/// A run that runs now.
#[derive(Clone, Debug, Deserialize)]
pub struct RunningShape {
    index: u64,
    attempt: u32,
    slot: u32,
    since: String,
}

/// What runs now, and when that was said.
#[derive(Clone, Debug, Default)]
pub struct RunningNow {
    /// To the second.
    pub at: Option<Timestamp>,
    pub runs: Vec<Running>,
}

impl StudyShape {
    /// The error says what is not understood, in words that fit "is not understood: {error}".
    pub fn summary(&self) -> Result<StudySummary, String> {
        let mut by_cause = BTreeMap::new();
        for (word, runs) in &self.failed_by_cause {
            by_cause.insert(cause(word)?, *runs);
        }
        let state = StudyState::ALL.into_iter().find(|state| state.word() == self.state);
        Ok(StudySummary {
            id: StudyId(self.id),
            project: Name::new(&self.project).map_err(|error| error.to_string())?,
            name: Name::new(&self.name).map_err(|error| error.to_string())?,
            version: self.version,
            state: state.ok_or_else(|| format!("there is no state `{}`", self.state))?,
            created: moment(&self.created)?,
            changed: moment(&self.changed)?,
            counts: Counts {
                succeeded: self.succeeded,
                failed: self.failed,
                retried: self.retried,
                cpu: micros(self.cpu_seconds),
                wall: micros(self.wall_seconds),
                worked: micros(self.worked_seconds),
                by_cause,
            },
        })
    }

    /// With its definition.
    pub fn row(&self, study: Study) -> Result<StudyRow, String> {
        let StudySummary { id, project, name, version, state, created, changed, counts } = self.summary()?;
        Ok(StudyRow { id, project, name, version, state, created, changed, study, counts })
    }
}

impl From<Going> for Progress {
    fn from(going: Going) -> Progress {
        Progress {
            total: going.points,
            skipped: going.left_out,
            succeeded: going.succeeded,
            failed: going.failed,
            running: going.running,
            retried: going.retried,
            rate: going.runs_per_second,
            remaining: going.remaining_seconds,
            elapsed: going.elapsed_seconds,
            paused: going.paused,
        }
    }
}

impl RunningShape {
    pub fn running(&self) -> Result<Running, String> {
        Ok(Running { index: self.index, attempt: self.attempt, slot: self.slot, since: moment(&self.since)? })
    }
}

fn cause(word: &str) -> Result<CauseKind, String> {
    CauseKind::ALL
        .into_iter()
        .find(|kind| kind.word() == word)
        .ok_or_else(|| format!("there is no cause `{word}`"))
}

/// RFC 3339 to the microsecond.
pub fn moment(text: &str) -> Result<Timestamp, String> {
    let time = DateTime::parse_from_rfc3339(text).map_err(|_| format!("`{text}` is no moment"))?;
    Ok(Timestamp(time.timestamp_micros()))
}

/// Seconds that were microseconds before they were written.
fn micros(seconds: f64) -> Micros {
    Micros((seconds * 1e6).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_study_is_as_it_was_before_it_was_told() {
        let text = r#"{"id":7,"name":"hes1","version":2,"state":"paused","created":"2026-11-22T18:56:29.331116Z",
            "changed":"2026-11-22T18:56:30Z","succeeded":3,"failed":2,"retried":1,"cpu_seconds":0.000001,"wall_seconds":123456789.654321,
            "failed_by_cause":{"out-of-memory":2},"working":true,"progress":null,"of later versions":1}"#;
        let shape: StudyShape = serde_json::from_str(text).unwrap();
        let summary = shape.summary().unwrap();
        assert_eq!((summary.created.0, summary.changed.0), (1_795_373_789_331_116, 1_795_373_790_000_000));
        assert_eq!((summary.counts.cpu, summary.counts.wall), (Micros(1), Micros(123_456_789_654_321)));
        assert_eq!(
            (summary.state, summary.counts.by_cause[&CauseKind::OutOfMemory]),
            (StudyState::Paused, 2)
        );
        let shape: StudyShape = serde_json::from_str(&text.replace("paused", "asleep")).unwrap();
        assert_eq!(shape.summary().unwrap_err(), "there is no state `asleep`");
    }
}

/// Workers of one kind at one site.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct PoolShape {
    pub name: String,
    pub site: String,
    pub workers: u64,
    /// Runs that its workers hold.
    pub running: u64,
    pub cpus: f64,
    /// Not said where workers are not in allocations, nor by older servers.
    pub minimum: Option<u32>,
    pub maximum: Option<u32>,
    pub trouble: Option<String>,
    #[serde(default)]
    pub allocations: Vec<GrantedShape>,
}

/// What a site was asked for, and what has become of it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct GrantedShape {
    pub name: String,
    pub job: Option<String>,
    pub state: String,
    pub detail: String,
    pub asked: String,
    pub began: Option<String>,
    pub ended: Option<String>,
    #[serde(default)]
    pub cpu_seconds: Option<f64>,
    #[serde(default)]
    pub memory_bytes: Option<u64>,
}
