//! `--json`: what is said in JSON, and in which shape. docs/commands.md describes it.
//!
//! A study is its name, moments are RFC 3339 in UTC, lengths of time are seconds and end in `_seconds`, sizes are bytes and
//! end in `_bytes`, what is not known is `null`.

use std::io::Write;

use paramo_engine::Observer;
use paramo_model::{Attempt, Ended, Event, OutputFile, Progress, RunRecord};
use serde_json::{Value, json};

use super::timestamp_json;

/// Writes every event as a line of JSON on standard output.
pub struct JsonLines;

impl Observer for JsonLines {
    fn wants_runs(&self) -> bool {
        true
    }

    fn event(&mut self, event: Event) {
        let json = event_json(&event);
        let mut out = std::io::stdout().lock();
        // A reader that has gone away must not stop the study.
        let _ = writeln!(out, "{json}").and_then(|()| out.flush());
    }
}

impl JsonLines {
    /// A run that has ended elsewhere, with the attempts before: how long each was waited for is not known here.
    pub fn run(&mut self, record: &RunRecord) {
        let index = record.index;
        let mut lines = String::new();
        for attempt in &record.earlier {
            let line = json!({
                "event": "run-retried", "index": index, "attempt": attempt_json(attempt), "wait_seconds": null,
            });
            lines.push_str(&format!("{line}\n"));
        }
        let line = json!({ "event": "run-ended", "index": index, "attempt": attempt_json(&record.last) });
        lines.push_str(&format!("{line}\n"));
        let mut out = std::io::stdout().lock();
        // A reader that has gone away must not stop anything.
        let _ = out.write_all(lines.as_bytes()).and_then(|()| out.flush());
    }
}

fn event_json(event: &Event) -> Value {
    match event {
        Event::StudyStarted { study: _, name, version, at, progress } => json!({
            "event": "study-started", "study": name, "version": version, "at": timestamp_json(*at),
            "progress": progress_json(progress),
        }),
        Event::RunStarted { index, attempt, slot, at } => json!({
            "event": "run-started", "index": index,
            "attempt": { "number": attempt, "slot": slot, "started": timestamp_json(*at) },
        }),
        Event::RunRetried { index, attempt, wait } => json!({
            "event": "run-retried", "index": index, "attempt": attempt_json(attempt), "wait_seconds": wait.0,
        }),
        Event::RunEnded { index, succeeded: _, attempt } => json!({
            "event": "run-ended", "index": index, "attempt": attempt_json(attempt),
        }),
        Event::Progress(progress) => json!({ "event": "progress", "progress": progress_json(progress) }),
        Event::Notice { message } => json!({ "event": "notice", "message": message }),
        Event::StudyStopped { reason, progress, at } => json!({
            "event": "study-stopped", "reason": reason, "at": timestamp_json(*at),
            "progress": progress_json(progress),
        }),
    }
}

fn progress_json(progress: &Progress) -> Value {
    json!({
        "points": progress.total,
        "left_out": progress.skipped,
        "succeeded": progress.succeeded,
        "failed": progress.failed,
        "running": progress.running,
        "retried": progress.retried,
        "paused": progress.paused,
        "runs_per_second": progress.rate,
        "remaining_seconds": progress.remaining,
        "elapsed_seconds": progress.elapsed,
    })
}

/// An attempt that has ended.
pub fn attempt_json(attempt: &Attempt) -> Value {
    let (state, cause) = match &attempt.ended {
        Ended::Succeeded => ("succeeded", None),
        Ended::Failed(cause) => ("failed", Some(cause)),
    };
    json!({
        "number": attempt.number,
        "state": state,
        "cause": cause.map(|cause| cause.kind().word()),
        "message": cause.map(ToString::to_string),
        "exit_code": attempt.exit_code,
        "started": timestamp_json(attempt.started),
        "wall_seconds": attempt.wall.seconds(),
        "cpu_seconds": attempt.cpu.seconds(),
        // It ended before it could be told.
        "peak_memory_bytes": Some(attempt.peak_memory.0).filter(|bytes| *bytes > 0),
        "worker": attempt.worker,
        "slot": attempt.slot,
        "stdout": output_json(&attempt.stdout),
        "stderr": output_json(&attempt.stderr),
    })
}

/// What was captured. Bytes that are not UTF-8 are replaced.
fn output_json(output: &OutputFile) -> Value {
    json!({
        "tail": String::from_utf8_lossy(&output.tail),
        "length_bytes": output.length,
        "file": output.file,
    })
}
