//! Runs of a Python function: calls sent in frames to a process that stays warm, and what became of each.
//!
//! A frame holds some milliseconds' worth of calls. When the process dies or is ended in the middle, shared memory tells which call was in
//! progress: that one is reported, those before it whose results were on their way and those after it are called again in a new process.
//! No call is ever reported twice.

use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use paramo_model::OutputFile;

use crate::calls::{End, Frame};
use crate::capture::{Capture, TAIL};
use crate::dispatch::{Job, Pace};
use crate::frame::{self, Line};
use crate::prepared::{Recipe, Start};
use crate::process::Exit;
use crate::slot::SlotState;
use crate::verdict::Turn;
use crate::warm::Warm;
use crate::watch::read;

/// A process that dies so often before it has begun a call is not started again for it.
const DEATHS: u32 = 3;

/// Why a function cannot be called, and until when nobody tries again.
#[derive(Default)]
pub(crate) struct Broken(Mutex<Option<Reason>>);

struct Reason {
    message: String,
    traceback: Vec<u8>,
    until: Instant,
    wait: Duration,
}

impl Broken {
    /// Why there is no use in trying now.
    fn now(&self) -> Option<(String, Vec<u8>)> {
        let reason = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reason
            .as_ref()
            .filter(|reason| Instant::now() < reason.until)
            .map(|r| (r.message.clone(), r.traceback.clone()))
    }

    /// Notes a failure; the next attempt to start waits longer each time.
    fn set(&self, message: &str, traceback: &[u8]) {
        let mut reason = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wait =
            reason.as_ref().map_or(Duration::from_secs(1), |r| (r.wait * 2).min(Duration::from_secs(60)));
        let (message, traceback) = (message.to_owned(), traceback.to_vec());
        *reason = Some(Reason { message, traceback, until: Instant::now() + wait, wait });
    }
}

/// Why no process could be had.
enum NoProcess {
    Failed { message: String, traceback: Vec<u8> },
    Halted,
}

/// Makes the calls of a job, and leaves those in it that were not made.
pub(crate) fn run(slot: &mut SlotState<'_>, job: &mut Job) -> Pace {
    let mut pace = Pace::default();
    let study = job.study.clone();
    let recipe = match &study.recipe {
        Ok(recipe) => recipe,
        Err(message) => {
            refuse(slot, job, message, &[]);
            return pace;
        }
    };
    let mut deaths = 0;
    while !job.tickets.is_empty() {
        let warm = match process(slot, job, recipe) {
            Ok(warm) => warm,
            Err(NoProcess::Halted) => break,
            Err(NoProcess::Failed { message, traceback }) => {
                refuse(slot, job, &message, &traceback);
                break;
            }
        };
        let began = Instant::now();
        let mut frame = Frame::new(recipe, &study, job, &warm);
        frame.fill(slot, job, &warm);
        if frame.is_empty() {
            slot.warm = Some(warm);
            continue;
        }
        let before = frame.reported;
        let end = frame.follow(slot, job, warm);
        pace.runs += frame.reported - before;
        pace.seconds += began.elapsed().as_secs_f64();
        match end {
            End::Complete => deaths = 0,
            End::Halted => break,
            End::Died { guilty: false } if frame.reported == before => deaths += 1,
            End::Died { .. } => deaths = 0,
        }
        if deaths >= DEATHS {
            let message = "the Python process ended before the call could begin, several times";
            if let Some((lease, ticket)) = job.tickets.pop_front() {
                let turn = Turn { study: &study, lease, ticket: &ticket };
                slot.report(Box::new(turn.not_started(slot.number, message.to_owned())));
            }
            deaths = 0;
        }
    }
    pace
}

/// Reports all tickets of a job as not started.
fn refuse(slot: &SlotState<'_>, job: &mut Job, message: &str, traceback: &[u8]) {
    for (lease, ticket) in std::mem::take(&mut job.tickets) {
        let turn = Turn { study: &job.study, lease, ticket: &ticket };
        let mut report = turn.not_started(slot.number, message.to_owned());
        let tail = &traceback[traceback.len().saturating_sub(TAIL)..];
        report.attempt.stderr = OutputFile { tail: tail.to_vec(), length: tail.len() as u64, file: None };
        slot.report(Box::new(report));
    }
}

/// The slot's process, or a new one that is ready for calls.
fn process(slot: &mut SlotState<'_>, job: &Job, recipe: &Recipe) -> Result<Warm, NoProcess> {
    match slot.warm.take() {
        Some(warm) if warm.fits(&job.study, job.need.memory, &job.gpus) => return Ok(warm),
        Some(other) => other.dismiss(slot),
        None => {}
    }
    let fail = |message: String, traceback: Vec<u8>| NoProcess::Failed { message, traceback };
    let Start::Function { python, arguments, source, broken } = &recipe.start else {
        return Err(fail("this is a command, not a function".to_owned(), Vec::new()));
    };
    if let Some((message, traceback)) = broken.now() {
        return Err(fail(message, traceback));
    }
    let granted = (job.need.memory, job.gpus.as_slice());
    let mut warm =
        Warm::start(slot, &job.study, recipe, (python, arguments), granted).map_err(|message| {
            broken.set(&message, &[]);
            fail(message, Vec::new())
        })?;
    if let Some(source) = source {
        warm.send(source.as_bytes());
    }
    ready(slot, warm, job).map_err(|why| match why {
        NoProcess::Failed { message, traceback } => {
            broken.set(&message, &traceback);
            fail(message, traceback)
        }
        halted => halted,
    })
}

/// Waits until a new process has imported the function.
fn ready(slot: &mut SlotState<'_>, mut warm: Warm, job: &Job) -> Result<Warm, NoProcess> {
    let mut said = Capture::new(PathBuf::new());
    let mut open = (true, true);
    loop {
        let state = warm.wait(Some(slot.halt.file(false)), open, None);
        let state =
            state.map_err(|error| NoProcess::Failed { message: error.to_string(), traceback: Vec::new() })?;
        if state.halted {
            let _ = warm.finish(slot);
            return Err(NoProcess::Halted);
        }
        if state.stdout {
            open.0 = read(warm.stdout.as_fd(), &mut slot.scratch) > 0;
        }
        if state.stderr {
            open.1 = read(warm.stderr.as_fd(), &mut slot.scratch) > 0;
            said.push(&slot.scratch);
        }
        let results = (state.results || state.ended) && warm.has_results() && warm.read(&mut slot.scratch);
        let line = warm.line().map(|line| frame::parse(&line));
        match line {
            Some(Ok(Line::Ready)) => return Ok(warm),
            Some(Ok(Line::Broken { message, traceback })) => {
                let _ = warm.finish(slot);
                let message = format!("the function could not be imported: {message}");
                return Err(NoProcess::Failed { message, traceback });
            }
            _ if state.ended || (state.results && !results) => {
                let ended = warm.finish(slot);
                let how = match ended.map(|ended| ended.exit) {
                    Ok(Exit::Code(code)) => format!("exit code {code}"),
                    Ok(Exit::Signal(signal)) => format!("signal {signal}"),
                    Err(error) => error.to_string(),
                };
                let said = said.finish().tail;
                let last = String::from_utf8_lossy(&said)
                    .lines()
                    .rfind(|line| !line.trim().is_empty())
                    .map(str::to_owned);
                let limit = job
                    .need
                    .memory
                    .map_or(String::new(), |limit| format!(", under a memory limit of {limit}"));
                let last = last.map_or(String::new(), |line| format!(": {line}"));
                let message = format!("Python ended while it imported the function ({how}{limit}){last}");
                return Err(NoProcess::Failed { message, traceback: said });
            }
            _ => {}
        }
    }
}
