//! Runs of a Python function: calls sent in frames to a process that stays warm, and what became of each.
//!
//! A frame holds some milliseconds' worth of calls. When the process dies or is ended in the middle, shared memory tells which call was in
//! progress: that one is reported, those before it whose results were on their way and those after it are called again in a new process.
//! No call is ever reported twice.

use std::collections::{HashMap, VecDeque};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use paramo_model::{Attempt, Bytes, Cause, Ended, FromWorker, LeaseId, Micros, OutputFile, Report, Ticket, Timestamp};

use crate::capture::Capture;
use crate::clock;
use crate::command::{Grant, Outcome, failed, memory_failure, not_started, run_directory, time_limit};
use crate::directory::RunDirectory;
use crate::dispatch::{Job, Pace};
use crate::frame::{self, CallResult, Failure, Line};
use crate::outputs::Evidence;
use crate::prepared::{Point, Prepared, Recipe, Start};
use crate::process::Exit;
use crate::slot::SlotState;
use crate::warm::Warm;
use crate::watch::{GRACE, Intervention, read, resident_peak};

/// A frame fits a pipe, so that sending one never waits.
const FRAME_BYTES: usize = 60_000;

/// After this long in one call, the others of its frame are handed to other slots.
const STUCK: Duration = Duration::from_millis(50);

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
        reason.as_ref().filter(|reason| Instant::now() < reason.until).map(|r| (r.message.clone(), r.traceback.clone()))
    }

    /// Notes a failure; the next attempt to start waits longer each time.
    fn set(&self, message: &str, traceback: &[u8]) {
        let mut reason = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = reason.as_ref().map_or(Duration::from_secs(1), |r| (r.wait * 2).min(Duration::from_secs(60)));
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
        if frame.calls.is_empty() {
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
                let outcome = not_started(slot, &study, &ticket, message.to_owned());
                slot.report(job, lease, ticket.index, outcome);
            }
            deaths = 0;
        }
    }
    pace
}

/// Reports all tickets of a job as not started.
fn refuse(slot: &SlotState<'_>, job: &mut Job, message: &str, traceback: &[u8]) {
    for (lease, ticket) in std::mem::take(&mut job.tickets) {
        let mut outcome = not_started(slot, &job.study, &ticket, message.to_owned());
        if let Outcome::Reported { attempt, .. } = &mut outcome {
            let mut stderr = Capture::new(PathBuf::new());
            stderr.push(traceback);
            attempt.stderr = stderr.finish();
        }
        slot.report(job, lease, ticket.index, outcome);
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
    let Start::Function { python, arguments, broken } = &recipe.start else {
        return Err(fail("this is a command, not a function".to_owned(), Vec::new()));
    };
    if let Some((message, traceback)) = broken.now() {
        return Err(fail(message, traceback));
    }
    let granted = (job.need.memory, job.gpus.as_slice());
    let warm = Warm::start(slot, &job.study, recipe, (python, arguments), granted).map_err(|message| {
        broken.set(&message, &[]);
        fail(message, Vec::new())
    })?;
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
        let state = state.map_err(|error| NoProcess::Failed { message: error.to_string(), traceback: Vec::new() })?;
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
                let last = String::from_utf8_lossy(&said).lines().rfind(|line| !line.trim().is_empty()).map(str::to_owned);
                let limit = job.need.memory.map_or(String::new(), |limit| format!(", under a memory limit of {limit}"));
                let last = last.map_or(String::new(), |line| format!(": {line}"));
                let message = format!("Python ended while it imported the function ({how}{limit}){last}");
                return Err(NoProcess::Failed { message, traceback: said });
            }
            _ => {}
        }
    }
}

/// How a frame ended.
enum End {
    Complete,
    Halted,
    /// The process is gone; `guilty`: in the middle of a call, which has been reported.
    Died { guilty: bool },
}

/// The calls of one frame, in order.
struct Frame<'a> {
    recipe: &'a Recipe,
    study: &'a Prepared,
    calls: VecDeque<Call>,
    /// Calls of the frame that have been reported.
    reported: usize,
    /// The number of the frame's first call, as the process counts.
    first: u64,
    /// Calls that the process may begin.
    allowed: u64,
    /// What was written past Python's streams, by the number of the call in progress.
    texts: HashMap<u64, (Capture, Capture)>,
    peak: Bytes,
    pid: i32,
    told: Option<u64>,
}

struct Call {
    lease: LeaseId,
    ticket: Ticket,
    directory: Option<RunDirectory>,
}

impl<'a> Frame<'a> {
    fn new(recipe: &'a Recipe, study: &'a Prepared, job: &Job, warm: &Warm) -> Frame<'a> {
        Frame {
            recipe,
            study,
            calls: VecDeque::with_capacity(job.tickets.len()),
            reported: 0,
            first: warm.sent + 1,
            allowed: warm.sent,
            texts: HashMap::new(),
            peak: Bytes(0),
            pid: warm.pid(),
            told: None,
        }
    }

    /// Takes as many tickets as fit into `slot.frame`. Those that cannot be called are reported.
    fn fill(&mut self, slot: &mut SlotState<'_>, job: &mut Job, warm: &Warm) {
        let mut text = std::mem::take(&mut slot.frame);
        frame::begin(&mut text);
        let most = if warm.noisy { 1 } else { usize::MAX };
        while text.len() < FRAME_BYTES && self.calls.len() < most {
            let Some((lease, ticket)) = job.tickets.pop_front() else { break };
            let mut values = std::mem::take(&mut slot.values);
            let made = self
                .recipe
                .values(ticket.index, &mut values)
                .and_then(|()| run_directory(self.study, self.recipe, &ticket, &values));
            match made {
                Ok(directory) => {
                    let path = directory.as_ref().map(RunDirectory::path);
                    let point = Point { study: &self.study.study, recipe: self.recipe, values: &values, ticket: &ticket, directory: path };
                    let variables: Vec<(&str, String)> = self.recipe.environment.filled(&point).collect();
                    let path = path.map(|path| path.to_string_lossy());
                    let around = (path.is_some() || !variables.is_empty()).then_some((path.as_deref(), variables.as_slice()));
                    let names = self.study.application().parameters.iter().map(|parameter| parameter.name.as_str());
                    frame::push_call(&mut text, names.zip(&values), around);
                    self.calls.push_back(Call { lease, ticket, directory });
                }
                Err(message) => {
                    let outcome = not_started(slot, self.study, &ticket, message);
                    slot.report(job, lease, ticket.index, outcome);
                }
            }
            slot.values = values;
        }
        frame::end(&mut text);
        slot.frame = text;
        self.allowed += self.calls.len() as u64;
    }

    /// Sends the frame and follows it to its end. The process goes back to the slot, unless it is gone; tickets that were not reported go
    /// back to the job.
    fn follow(&mut self, slot: &mut SlotState<'_>, job: &mut Job, mut warm: Warm) -> End {
        warm.words.allow(self.allowed);
        warm.sent += self.calls.len() as u64;
        let frame = std::mem::take(&mut slot.frame);
        warm.send(frame.as_bytes());
        slot.frame = frame;
        if job.long {
            self.announce(slot, 0);
        }
        let mut intervention: Option<Intervention> = None;
        let mut deadline: Option<Instant> = None;
        let mut killed = false;
        let mut open = (true, true);
        let mut fault = None;
        let timed = self.calls.iter().any(|call| time_limit(self.study, &call.ticket).is_some());
        let complete = 'frame: loop {
            let alone = self.calls.len() <= 1;
            // Before a call has begun its time cannot be known: look again soon.
            let left = timed.then(|| self.time_left(&warm).unwrap_or(STUCK));
            let look = (!alone || self.told.is_none()).then_some(STUCK);
            let timeout = match deadline {
                Some(at) => Some(at.saturating_duration_since(Instant::now())),
                None => [left, look].into_iter().flatten().min(),
            };
            let order = (!killed).then(|| slot.halt.file(intervention.is_some()));
            let state = match warm.wait(order, open, timeout) {
                Ok(state) => state,
                Err(error) => {
                    fault = Some(error.to_string());
                    break false;
                }
            };
            if state.stdout {
                open.0 = self.overhear(slot, &mut warm, false);
            }
            if state.stderr {
                open.1 = self.overhear(slot, &mut warm, true);
            }
            let mut more = true;
            if state.results || state.ended {
                while more && warm.has_results() {
                    more = warm.read(&mut slot.scratch);
                    while let Some(line) = warm.line() {
                        match frame::parse(&line) {
                            Ok(Line::Results(results)) => {
                                // What a call wrote before its result is in the pipes by now.
                                self.drain(slot, &mut warm, open);
                                self.results(slot, job, results);
                            }
                            Ok(Line::Text { stderr, bytes }) => self.text(self.reported as u64, stderr, &bytes),
                            Ok(Line::End) => break 'frame true,
                            Ok(Line::Ready | Line::Broken { .. }) => {}
                            Err(error) => {
                                fault = Some(format!("the Python process said what cannot be read: {error}"));
                                break 'frame false;
                            }
                        }
                    }
                    if !state.ended {
                        break;
                    }
                }
            }
            if state.ended || !more {
                break false;
            }
            let late = match deadline {
                Some(at) => Instant::now() >= at,
                None => self.time_left(&warm).is_some_and(|left| left.is_zero()),
            };
            if state.halted || late {
                killed = intervention.is_some();
                intervention = intervention.or_else(|| match self.limit(&warm) {
                    Some(limit) if late => Some(Intervention::TimeOut(limit)),
                    _ => Some(Intervention::Halted),
                });
                warm.signal(if killed { libc::SIGKILL } else { libc::SIGTERM });
                deadline = if killed { None } else { Some(Instant::now() + GRACE) };
            } else if !state.results && intervention.is_none() {
                self.share(slot, job, &warm);
            }
        };
        if complete {
            self.drain(slot, &mut warm, open);
            // What was taken from the frame on its way was not called.
            self.give_back(job);
            slot.warm = Some(warm);
            return End::Complete;
        }
        self.drain(slot, &mut warm, open);
        let current = warm.words.current();
        let wall = clock::monotonic().saturating_sub(warm.words.began()) / 1000;
        let ended = warm.finish(slot);
        let reached = current.checked_sub(self.first).map(|offset| offset as usize);
        let guilty = reached.filter(|reached| *reached >= self.reported && *reached < self.reported + self.calls.len());
        if intervention == Some(Intervention::Halted) {
            self.give_back(job);
            return End::Halted;
        }
        if let Some(guilty) = guilty {
            let mut at = guilty - self.reported;
            let Some(call) = self.calls.remove(at) else { return End::Died { guilty: false } };
            // Those before it are called again, with those after it.
            at += self.reported;
            let (stdout, stderr) = self.texts.remove(&(at as u64)).unwrap_or_else(|| self.captures(&call.ticket));
            let grant = Grant { memory: job.need.memory, gpus: &job.gpus };
            let (cause, exit_code, cpu, peak) = match (&intervention, ended) {
                (Some(Intervention::TimeOut(limit)), ended) => {
                    (Cause::TimeOut { limit: *limit }, None, Micros(0), ended.map_or(Bytes(0), |e| e.peak))
                }
                (_, Ok(ended)) => {
                    let cause = memory_failure(slot, &grant, ended.exit, &stderr, ended.peak).unwrap_or(match ended.exit {
                        _ if fault.is_some() => Cause::BadOutput { message: fault.unwrap_or_default() },
                        Exit::Code(0) => Cause::Exception { message: "the function ended its Python process (exit code 0)".to_owned() },
                        Exit::Code(code) => Cause::Exit { code },
                        Exit::Signal(signal) => Cause::Signal { signal },
                    });
                    let code = match ended.exit {
                        Exit::Code(code) => Some(code),
                        Exit::Signal(_) => None,
                    };
                    (cause, code, Micros(0), ended.peak)
                }
                (_, Err(error)) => (Cause::NotStarted { message: error.to_string() }, None, Micros(0), Bytes(0)),
            };
            let started = Timestamp(clock::now().0 - wall as i64);
            let mut outcome = failed(slot, self.study, &call.ticket, started, cause);
            if let Outcome::Reported { attempt, .. } = &mut outcome {
                attempt.wall = Micros(wall);
                attempt.cpu = cpu;
                attempt.peak_memory = peak;
                attempt.exit_code = exit_code;
                attempt.stdout = stdout.finish();
                attempt.stderr = stderr.finish();
            }
            slot.report(job, call.lease, call.ticket.index, outcome);
            self.reported += 1;
        }
        self.give_back(job);
        End::Died { guilty: guilty.is_some() }
    }

    fn give_back(&mut self, job: &mut Job) {
        for call in self.calls.drain(..).rev() {
            job.tickets.push_front((call.lease, call.ticket));
        }
    }

    /// The position of the call in progress among those not reported.
    fn current(&self, warm: &Warm) -> Option<usize> {
        let offset = warm.words.current().checked_sub(self.first)? as usize;
        offset.checked_sub(self.reported).filter(|at| *at < self.calls.len())
    }

    /// The time limit of the call in progress.
    fn limit(&self, warm: &Warm) -> Option<paramo_model::Seconds> {
        time_limit(self.study, &self.calls.get(self.current(warm)?)?.ticket)
    }

    /// What is left of the time of the call in progress; `None` where there is no limit, or no call.
    fn time_left(&self, warm: &Warm) -> Option<Duration> {
        let limit = self.limit(warm)?.duration();
        let spent = Duration::from_nanos(clock::monotonic().saturating_sub(warm.words.began()));
        Some(limit.saturating_sub(spent))
    }

    /// Hands the calls behind one that takes long to other slots.
    fn share(&mut self, slot: &SlotState<'_>, job: &Job, warm: &Warm) {
        let Some(at) = self.current(warm) else { return };
        let spent = Duration::from_nanos(clock::monotonic().saturating_sub(warm.words.began()));
        if spent < STUCK {
            return;
        }
        self.announce(slot, at);
        let last = self.first + (self.reported + at) as u64;
        if last >= self.allowed {
            return;
        }
        warm.words.allow(last);
        // The process writes which call it begins and then reads up to where it may: after this long, one of the two has seen the other.
        std::thread::sleep(Duration::from_millis(1));
        let begun = self.current(warm).unwrap_or(at).max(at);
        let last = self.first + (self.reported + begun) as u64;
        self.allowed = last;
        let rest = self.calls.split_off(begun + 1);
        let rest = rest.into_iter().map(|call| (call.lease, call.ticket)).collect();
        slot.worker.put_back(job.study.id, rest);
    }

    /// Tells people that a call takes long, once.
    fn announce(&mut self, slot: &SlotState<'_>, at: usize) {
        let number = (self.reported + at) as u64;
        if let Some(call) = self.calls.get(at).filter(|_| self.told != Some(number)) {
            self.told = Some(number);
            slot.worker.started(self.study.id, &call.ticket, slot.number);
        }
    }

    fn captures(&self, ticket: &Ticket) -> (Capture, Capture) {
        (Capture::new(self.recipe.spill(ticket, "stdout")), Capture::new(self.recipe.spill(ticket, "stderr")))
    }

    /// Adds to what a call has written, by its number within the frame.
    fn text(&mut self, number: u64, stderr: bool, bytes: &[u8]) {
        let at = (number as usize).saturating_sub(self.reported);
        let Some(call) = self.calls.get(at).or(self.calls.back()) else { return };
        let fresh = self.captures(&call.ticket);
        let (out, err) = self.texts.entry(number).or_insert(fresh);
        if stderr { err.push(bytes) } else { out.push(bytes) }
    }

    /// Reads what was written past Python's streams. It is the call's that is in progress now, as far as can be known; from then on
    /// calls are sent one by one, so that it is known.
    fn overhear(&mut self, slot: &mut SlotState<'_>, warm: &mut Warm, stderr: bool) -> bool {
        let file = if stderr { warm.stderr.as_fd() } else { warm.stdout.as_fd() };
        let count = read(file, &mut slot.scratch);
        warm.noisy |= count > 0;
        let number = (self.reported + self.current(warm).unwrap_or(0)) as u64;
        let bytes = std::mem::take(&mut slot.scratch);
        self.text(number, stderr, &bytes);
        slot.scratch = bytes;
        count > 0
    }

    /// Takes what is left in the pipes, after the end of a frame or of the process.
    fn drain(&mut self, slot: &mut SlotState<'_>, warm: &mut Warm, open: (bool, bool)) {
        for (stderr, open) in [(false, open.0), (true, open.1)] {
            let mut left = 64;
            while open && left > 0 && crate::watch::readable(if stderr { warm.stderr.as_fd() } else { warm.stdout.as_fd() }) {
                left -= 1;
                if !self.overhear(slot, warm, stderr) {
                    break;
                }
            }
        }
    }

    /// Reports calls that have ended.
    fn results(&mut self, slot: &SlotState<'_>, job: &Job, results: Vec<Result<CallResult, String>>) {
        self.peak = resident_peak(self.pid);
        let now = (clock::now().0, clock::monotonic());
        let mut messages = Vec::with_capacity(results.len());
        for result in results {
            let Some(call) = self.calls.pop_front() else { break };
            let texts = self.texts.remove(&(self.reported as u64));
            self.reported += 1;
            let (mut attempt, outputs) = self.settle(slot, job, &call, result, texts, now);
            attempt.number = call.ticket.attempt;
            let report = Report { study: self.study.id, lease: call.lease, index: call.ticket.index, attempt, outputs };
            messages.push(FromWorker::Report(Box::new(report)));
        }
        slot.worker.outbox.push(messages, false);
    }

    /// Makes the report of a call from its result.
    fn settle(
        &self,
        slot: &SlotState<'_>,
        job: &Job,
        call: &Call,
        result: Result<CallResult, String>,
        texts: Option<(Capture, Capture)>,
        (now, monotonic): (i64, u64),
    ) -> (Attempt, Vec<paramo_model::Value>) {
        let mut attempt = Attempt {
            number: call.ticket.attempt,
            ended: Ended::Succeeded,
            started: Timestamp(now),
            wall: Micros(0),
            cpu: Micros(0),
            peak_memory: self.peak,
            exit_code: None,
            slot: slot.number,
            stdout: OutputFile::default(),
            stderr: OutputFile::default(),
        };
        let result = match result {
            Ok(result) => result,
            Err(error) => {
                let message = format!("what the function returned cannot be read: {error}");
                attempt.ended = Ended::Failed(Cause::BadOutput { message });
                let outputs = self.recipe.outputs.of_failure(&attempt);
                return (attempt, outputs);
            }
        };
        attempt.started = Timestamp(now - (monotonic.saturating_sub(result.start) / 1000) as i64);
        attempt.wall = Micros(result.wall / 1000);
        attempt.cpu = Micros(result.cpu / 1000);
        let quiet = texts.is_none() && result.stdout.is_empty() && result.stderr.is_empty();
        let (mut stdout, mut stderr) = match texts {
            Some(texts) => texts,
            None if quiet => (Capture::new(PathBuf::new()), Capture::new(PathBuf::new())),
            None => self.captures(&call.ticket),
        };
        stdout.push(&result.stdout);
        stderr.push(&result.stderr);
        let path = call.directory.as_ref().map(RunDirectory::path);
        let read = match result.failure {
            Some(Failure::Raised(message)) => Err(match job.need.memory {
                Some(limit) if message.starts_with("MemoryError") => Cause::OutOfMemory { limit: Some(limit) },
                _ => Cause::Exception { message },
            }),
            Some(Failure::Unwritable(message)) => Err(Cause::BadOutput { message }),
            None => {
                let evidence = Evidence { stdout: &stdout, stderr: &stderr, directory: path, returned: Some(&result.value) };
                let error = stdout.error().or(stderr.error()).map(str::to_owned);
                let read = error.map_or_else(|| self.recipe.outputs.read(&evidence, &attempt), Err);
                read.map_err(|message| Cause::BadOutput { message })
            }
        };
        let kept = call.directory.as_ref().map_or(Ok(()), |d| d.keep(&self.recipe.keep, &self.recipe.kept(call.ticket.index)));
        let outputs = match read.and_then(|outputs| kept.map(|()| outputs).map_err(|message| Cause::BadOutput { message })) {
            Ok(outputs) => outputs,
            Err(cause) => {
                attempt.ended = Ended::Failed(cause);
                self.recipe.outputs.of_failure(&attempt)
            }
        };
        attempt.stdout = stdout.finish();
        attempt.stderr = stderr.finish();
        (attempt, outputs)
    }
}
