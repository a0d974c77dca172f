//! Jobs and schedules as the API and the command line show them.

use std::collections::BTreeMap;

use paramo_sites::{How, JobState, Progress, Usage};
use paramo_store::{AllocationState, Job as Row, Schedule};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Terms;
use crate::shape::moment;

/// A batch script that was submitted, and what has become of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Job)]
pub struct JobView {
    /// Its number.
    pub job: i64,
    pub name: String,
    pub project: String,
    /// Who submitted it; empty where that was not written down.
    pub by: String,
    pub site: String,
    /// The site's number for it.
    pub id: Option<String>,
    /// `asked`, `waiting`, `running`, `ending` or `ended`.
    pub state: String,
    /// The same in the words of the site.
    pub detail: String,
    /// How it ended: `succeeded`, `exit:3`, `signal:9`, `out-of-memory`, `time-limit`, `node-failure`, `preempted`, `cancelled`; `null` where
    /// it has not, or nobody knows.
    pub outcome: Option<String>,
    /// The file that the script came from.
    pub script: String,
    pub arguments: Vec<String>,
    pub array: Option<String>,
    pub after: Vec<String>,
    pub outputs: Vec<String>,
    pub submitted: String,
    pub begun: Option<String>,
    pub ended: Option<String>,
    /// Why its site could not be asked: this is then what it said last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub away: Option<String>,
}

/// A job, with each of an array, and what it has used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobDetail {
    #[serde(flatten)]
    pub job: JobView,
    /// Those of an array.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<JobTask>,
    /// Once it has ended, where its site keeps an account.
    pub usage: Option<JobUsage>,
    /// Its directory at the site.
    pub directory: String,
}

/// One of an array.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobTask {
    pub index: u32,
    pub detail: String,
    pub outcome: Option<String>,
}

/// What a job has used.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobUsage {
    /// From its begin to its end.
    pub wall_seconds: f64,
    /// Of all its processes.
    pub cpu_seconds: f64,
    /// The most that one of its tasks had at once.
    pub memory_bytes: Option<u64>,
}

/// Files that a job has left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobFiles {
    /// Their paths in the job's directory.
    pub files: Vec<String>,
    /// The patterns that no file has.
    pub without: Vec<String>,
}

/// A batch script that is submitted again and again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Schedule)]
pub struct ScheduleView {
    pub name: String,
    pub project: String,
    /// In whose name it is submitted.
    pub by: String,
    /// Minute, hour, day of the month, month and day of the week, in the time of the server's machine.
    pub cron: String,
    pub site: String,
    pub next: String,
    /// The number of the last one.
    pub job: Option<i64>,
    /// What came of the last time.
    pub told: String,
}

impl JobView {
    pub fn of(job: &Row) -> JobView {
        let terms = Terms::of(job);
        JobView {
            job: job.number,
            name: job.title.clone(),
            project: job.project.to_string(),
            by: job.by.clone(),
            site: job.site.clone(),
            id: job.job.clone(),
            state: job.state.word().to_owned(),
            detail: job.detail.clone(),
            outcome: job.outcome.clone(),
            script: terms.script,
            arguments: terms.arguments,
            array: terms.array,
            after: terms.after,
            outputs: terms.outputs,
            submitted: moment(job.asked),
            begun: job.began.map(moment),
            ended: job.ended.map(moment),
            away: None,
        }
    }

    pub fn has_ended(&self) -> bool {
        self.state == AllocationState::Ended.word()
    }
}

impl JobDetail {
    pub(super) fn new(
        job: &Row,
        progress: Option<&Progress>,
        usage: Option<Usage>,
        directory: String,
    ) -> JobDetail {
        let task = |(index, state): (&u32, &JobState)| JobTask {
            index: *index,
            detail: state.to_string(),
            outcome: match state {
                JobState::Ended(how) => Some(how.word()),
                _ => None,
            },
        };
        JobDetail {
            job: JobView::of(job),
            tasks: progress.iter().flat_map(|progress| &progress.tasks).map(task).collect(),
            usage: usage.map(|usage| JobUsage {
                wall_seconds: usage.wall.0,
                cpu_seconds: usage.cpu.0,
                memory_bytes: usage.memory.map(|memory| memory.0),
            }),
            directory,
        }
    }
}

impl JobTask {
    pub fn has_succeeded(&self) -> bool {
        self.outcome.as_deref().and_then(How::of_word) == Some(How::Succeeded)
    }
}

impl ScheduleView {
    pub fn of(schedule: &Schedule) -> ScheduleView {
        ScheduleView {
            name: schedule.name.clone(),
            project: schedule.project.to_string(),
            by: schedule.by.clone(),
            cron: schedule.cron.clone(),
            site: schedule.site.clone(),
            next: moment(schedule.next),
            job: schedule.job,
            told: schedule.told.clone(),
        }
    }
}

/// How many jobs of an array are how.
pub(super) fn counts(tasks: &BTreeMap<u32, JobState>) -> String {
    let mut counts: Vec<(String, u64)> = Vec::new();
    for state in tasks.values() {
        let word = match state {
            JobState::Waiting { .. } => "waiting".to_owned(),
            JobState::Running { .. } => "running".to_owned(),
            JobState::Ended(how) => how.to_string(),
            JobState::Vanished => "vanished".to_owned(),
        };
        match counts.iter_mut().find(|(known, _)| *known == word) {
            Some((_, count)) => *count += 1,
            None => counts.push((word, 1)),
        }
    }
    counts.iter().map(|(word, count)| format!("{count} {word}")).collect::<Vec<_>>().join(", ")
}
