//! Why a study does not go on: the first thing in the way, and what would change it.
//!
//! One pure function over what is known, so that the terminal, the page and programs say the same. What is not known (the workers of another
//! process, say) is left out and never guessed.

use std::fmt;

use paramo_design::Space;
use paramo_model::{Cap, FailureLimit, Moment, Seconds, Spent, StudyState};
use paramo_store::StudyRow;
use paramo_worker::room;
use serde::{Deserialize, Serialize};

use crate::{InProject, Over, WorkerStatus};

/// What stands in the way of a study.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    pub code: Code,
    /// A short sentence without a full stop.
    pub what: String,
    /// What somebody may do, with the command where there is one.
    pub change: String,
}

/// The kinds of what stands in the way, in the order in which they are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    Finished,
    Cancelled,
    CapCpu,
    CapTime,
    Failures,
    Paused,
    Held,
    NotStarted,
    QuotaCpu,
    QuotaStorage,
    NoWorker,
    TooLarge,
    QuotaRuns,
    RetryDelay,
    WaitingShare,
}

impl Code {
    pub const ALL: [Code; 15] = [
        Code::Finished,
        Code::Cancelled,
        Code::CapCpu,
        Code::CapTime,
        Code::Failures,
        Code::Paused,
        Code::Held,
        Code::NotStarted,
        Code::QuotaCpu,
        Code::QuotaStorage,
        Code::NoWorker,
        Code::TooLarge,
        Code::QuotaRuns,
        Code::RetryDelay,
        Code::WaitingShare,
    ];

    /// The word that programs read.
    pub fn word(self) -> &'static str {
        match self {
            Code::Finished => "finished",
            Code::Cancelled => "cancelled",
            Code::CapCpu => "cap-cpu",
            Code::CapTime => "cap-time",
            Code::Failures => "failures",
            Code::Paused => "paused",
            Code::Held => "held",
            Code::NotStarted => "not-started",
            Code::QuotaCpu => "quota-cpu",
            Code::QuotaStorage => "quota-storage",
            Code::NoWorker => "no-worker",
            Code::TooLarge => "too-large",
            Code::QuotaRuns => "quota-runs",
            Code::RetryDelay => "retry-delay",
            Code::WaitingShare => "waiting-share",
        }
    }

    /// What it means, for the table in the documentation.
    pub fn help(self) -> &'static str {
        match self {
            Code::Finished => "Every run has ended.",
            Code::Cancelled => "Somebody cancelled the study.",
            Code::CapCpu => "The attempts have used the CPU time of `cpu_limit`.",
            Code::CapTime => "The study has been worked on for the time of `time_limit`.",
            Code::Failures => "As many runs have failed as `max_failures` says.",
            Code::Paused => "Somebody paused the study.",
            Code::Held => "Another process works on the study.",
            Code::NotStarted => "No process works on the study.",
            Code::QuotaCpu => "The project has used its CPU hours.",
            Code::QuotaStorage => "The project has filled its storage.",
            Code::NoWorker => "There is no worker that takes runs.",
            Code::TooLarge => "A run needs more than any worker has.",
            Code::QuotaRuns => "The project's other studies run as many runs as it may run at once.",
            Code::RetryDelay => "All that is left are failed runs that wait for their next attempt.",
            Code::WaitingShare => "Runs of other studies have the slots.",
        }
    }

    /// Nothing is in the way of anything any more: the study is over.
    pub fn is_over(self) -> bool {
        matches!(self, Code::Finished | Code::Cancelled)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Who works on a study.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Driver {
    Nobody,
    /// A process that one may ask to go on: this one, or one that listens to the store.
    Working,
    /// Somebody else, in words, who keeps this process from working on it.
    Other(String),
}

/// What is known of a study and of what is around it.
#[derive(Clone, Debug)]
pub struct Standing<'a> {
    pub row: &'a StudyRow,
    pub driver: Driver,
    /// Its project, where projects have terms.
    pub project: Option<&'a InProject>,
    /// The workers; `None` where they are those of another process.
    pub workers: Option<&'a [WorkerStatus]>,
    /// How it goes, while somebody works on it.
    pub now: Option<&'a Moment>,
}

/// The first thing in the way of a study; `None` while it goes on, or is about to.
pub fn why(at: &Standing) -> Option<Why> {
    resting(at).or_else(|| unmanned(at)).or_else(|| short_of_quota(at)).or_else(|| short_of_room(at))
}

/// What is said of the study itself.
fn resting(at: &Standing) -> Option<Why> {
    let (row, name) = (at.row, at.row.title());
    match row.state {
        StudyState::Finished if row.counts.failed > 0 => {
            let what = format!("every run has ended; {} failed", row.counts.failed);
            return say(Code::Finished, what, format!("run the failed ones again: paramo retry {name}"));
        }
        StudyState::Finished => {
            let change = format!("add points: paramo extend {name}");
            return say(Code::Finished, "every run has ended", change);
        }
        StudyState::Cancelled => {
            return say(Code::Cancelled, "somebody cancelled it", format!("go on: paramo run {name}"));
        }
        StudyState::Open | StudyState::Paused => {}
    }
    let go_on = match at.driver {
        Driver::Nobody => format!("paramo run {name}"),
        _ => format!("paramo resume {name}"),
    };
    if let Some(cap) = cap(row) {
        return Some(capped(row, cap, &go_on));
    }
    (row.state == StudyState::Paused)
        .then(|| say(Code::Paused, "it is paused", format!("resume it: {go_on}")))
        .flatten()
}

/// The limit that a study has reached, by what is committed.
pub fn cap(row: &StudyRow) -> Option<Cap> {
    let counts = &row.counts;
    let spent = Spent { cpu: counts.cpu, worked: counts.worked, failed: counts.failed };
    row.study.run.limits_now().reached(&spent, points(row))
}

/// The points of the space, where a limit is a part of them: a large space takes its time.
fn points(row: &StudyRow) -> u64 {
    match row.study.run.limits_now().failures {
        Some(FailureLimit::Percent(_)) => {
            let space = Space::new(&row.study.space, &row.study.application.parameters);
            space.map_or(0, |space| space.len())
        }
        _ => 0,
    }
}

fn capped(row: &StudyRow, cap: Cap, go_on: &str) -> Why {
    let (limits, counts, name) = (row.study.run.limits_now(), &row.counts, row.title());
    let twice = |limit: Option<Seconds>| Seconds(limit.map_or(3600.0, |limit| limit.0 * 2.0));
    let limit = |limit: Option<Seconds>| limit.map(|limit| limit.to_string()).unwrap_or_default();
    let (code, what, change) = match cap {
        Cap::Cpu => (
            Code::CapCpu,
            format!(
                "its runs have used {} of CPU time, and the limit is {}",
                Seconds(counts.cpu.seconds()),
                limit(limits.cpu)
            ),
            format!("paramo limits {name} --cpu '{}'", twice(limits.cpu)),
        ),
        Cap::Time => (
            Code::CapTime,
            format!(
                "it has been worked on for {}, and the limit is {}",
                Seconds(counts.worked.seconds()),
                limit(limits.time)
            ),
            format!("paramo limits {name} --time '{}'", twice(limits.time)),
        ),
        Cap::Failures => {
            let most = limits.failures.map_or(0, |limit| limit.of(points(row)));
            (
                Code::Failures,
                format!("{} of its runs have failed, and the limit is {most}", counts.failed),
                format!("paramo retry {name}, or paramo limits {name} --max-failures {}", most * 2),
            )
        }
    };
    let change = match cap {
        Cap::Failures => format!("see why (paramo explain {name}), then {change} and {go_on}"),
        _ => format!("raise the limit and go on: {change}, then {go_on}"),
    };
    Why { code, what, change }
}

/// Whether anybody works on it.
fn unmanned(at: &Standing) -> Option<Why> {
    let name = at.row.title();
    match &at.driver {
        Driver::Working => None,
        Driver::Nobody => say(Code::NotStarted, "nobody works on it", format!("start it: paramo run {name}")),
        Driver::Other(who) => say(
            Code::Held,
            format!("{who} works on it"),
            "let it go on there, or end that process".to_owned(),
        ),
    }
}

fn short_of_quota(at: &Standing) -> Option<Why> {
    let project = at.project?;
    let (name, terms, usage) = (&project.name, &project.terms, &project.usage);
    let raise = |what| format!("ask a manager of project {name} for {what}");
    match project.over()? {
        Over::Cpu => {
            let limit = terms.cpu.map_or(0.0, |limit| limit.0);
            let what = format!(
                "project {name} has used {} of its {:.1} CPU hours",
                format_args!("{:.1}", usage.cpu.seconds() / 3600.0),
                limit / 3600.0
            );
            say(Code::QuotaCpu, what, raise("more CPU hours"))
        }
        Over::Storage => {
            let limit = terms.storage.map(|limit| limit.to_string()).unwrap_or_default();
            let what = format!("project {name} keeps {} of its {limit} of storage", usage.storage);
            let change = format!("remove studies that are not needed (paramo rm), or {}", raise("more"));
            say(Code::QuotaStorage, what, change)
        }
    }
}

/// Whether its runs find a place.
fn short_of_room(at: &Standing) -> Option<Why> {
    let now = at.now;
    if now.is_some_and(|now| now.progress.running > 0) {
        return None;
    }
    let resources = &at.row.study.application.resources;
    let there = at.workers.map(|workers| workers.iter().filter(|worker| !worker.draining));
    if let Some(mut there) = there {
        let Some(first) = there.next() else {
            let what = "there is no worker that takes runs";
            return say(Code::NoWorker, what, "add a worker, or wait until one comes".to_owned());
        };
        let missing = room(resources, &first.capacity).err();
        if let Some(missing) =
            missing.filter(|_| there.all(|worker| room(resources, &worker.capacity).is_err()))
        {
            let change = "lower [application.resources], or add a larger worker".to_owned();
            return say(Code::TooLarge, missing, change);
        }
    }
    if let Some((project, most)) = at.project.and_then(|project| Some((project, project.terms.runs?)))
        && project.usage.running >= u64::from(most)
    {
        let what = format!(
            "project {} runs {} at once, which is all that it may",
            project.name, project.usage.running
        );
        return say(Code::QuotaRuns, what, "wait for them, or pause another study of the project".to_owned());
    }
    let now = now?;
    if let Some(wait) = now.next_retry {
        let what = format!("all that is left are failed runs; the first is tried again in {wait}");
        return say(Code::RetryDelay, what, "wait, or shorten [run.retry] delay".to_owned());
    }
    let others: usize = at.workers.unwrap_or_default().iter().map(|worker| worker.running).sum();
    if others > 0 && now.progress.running == 0 && now.progress.rate == 0.0 {
        let what = format!("{} of other studies have the slots", runs(others as u64));
        let change = "wait for its turn, or pause another study".to_owned();
        return say(Code::WaitingShare, what, change);
    }
    None
}

fn runs(n: u64) -> String {
    if n == 1 { "1 run".to_owned() } else { format!("{n} runs") }
}

fn say(code: Code, what: impl Into<String>, change: String) -> Option<Why> {
    Some(Why { code, what: what.into(), change })
}

#[cfg(test)]
mod tests;
