//! The calls of one frame, followed to the end of each.
//!
//! The process reports results in the order of the calls, some milliseconds' worth at a time. Shared memory says which call is in progress
//! and since when, so that time limits hold for each call, a long one does not hold up those behind it, and the end of the process is
//! charged to the call that caused it.

use std::collections::{HashMap, VecDeque};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use paramo_model::{Bytes, Cause, FromWorker, LeaseId, Micros, Report, Seconds, Ticket, Timestamp};

use crate::capture::Capture;
use crate::clock;
use crate::command::run_directory;
use crate::directory::RunDirectory;
use crate::dispatch::Job;
use crate::frame::{self, Around, CallResult, Failure, Line};
use crate::outputs::Evidence;
use crate::prepared::{Point, Prepared, Recipe};
use crate::process::{Ended, Exit};
use crate::slot::SlotState;
use crate::verdict::{Turn, memory_failure, time_limit};
use crate::warm::Warm;
use crate::watch::{GRACE, Intervention, read, readable, resident_peak};

/// A frame fits a pipe, so that sending one never waits.
const FRAME_BYTES: usize = 60_000;

/// After this long in one call, the others of its frame are handed to other slots.
const STUCK: Duration = Duration::from_millis(50);

/// How a frame ended.
pub(crate) enum End {
    Complete,
    Halted,
    /// The process is gone; `guilty`: in the middle of a call, which has been reported.
    Died {
        guilty: bool,
    },
}

/// What the process said.
enum Heard {
    More,
    End,
    Closed,
    Fault(String),
}

/// The calls of one frame, in order.
pub(crate) struct Frame<'a> {
    recipe: &'a Recipe,
    study: &'a Prepared,
    calls: VecDeque<Call>,
    /// Calls of the frame that have been reported.
    pub reported: usize,
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
    pub fn new(recipe: &'a Recipe, study: &'a Prepared, job: &Job, warm: &Warm) -> Frame<'a> {
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

    /// Whether nothing could be called.
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Takes as many tickets as fit into `slot.frame`. Those that cannot be called are reported.
    pub fn fill(&mut self, slot: &mut SlotState<'_>, job: &mut Job, warm: &Warm) {
        let mut text = std::mem::take(&mut slot.frame);
        frame::begin(&mut text);
        // The first call of a process goes alone, so that one that writes past Python's streams is known for it before others share a frame.
        let most = if warm.noisy || warm.sent == 0 { 1 } else { usize::MAX };
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
                    let point = Point {
                        study: &self.study.study,
                        recipe: self.recipe,
                        values: &values,
                        ticket: &ticket,
                        directory: path,
                    };
                    let variables: Vec<(&str, String)> = self.recipe.environment.filled(&point).collect();
                    let path = path.map(|path| path.to_string_lossy());
                    let around = (path.is_some() || !variables.is_empty())
                        .then_some(Around { directory: path.as_deref(), variables: &variables });
                    let names =
                        self.study.application().parameters.iter().map(|parameter| parameter.name.as_str());
                    frame::push_call(&mut text, names.zip(&values), around);
                    self.calls.push_back(Call { lease, ticket, directory });
                }
                Err(message) => {
                    let turn = Turn { study: self.study, lease, ticket: &ticket };
                    slot.report(Box::new(turn.not_started(slot.number, message)));
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
    pub fn follow(&mut self, slot: &mut SlotState<'_>, job: &mut Job, mut warm: Warm) -> End {
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
        // The call for whose sake it was ended.
        let mut accused = 0;
        let mut killed = false;
        let mut open = (true, true);
        let mut fault = None;
        let timed = self.calls.iter().any(|call| time_limit(self.study, &call.ticket).is_some());
        let complete = loop {
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
            if state.results || state.ended {
                match self.hear(slot, job, &mut warm, open, state.ended) {
                    Heard::More => {}
                    Heard::End => break true,
                    Heard::Closed => break false,
                    Heard::Fault(message) => {
                        fault = Some(message);
                        break false;
                    }
                }
            }
            let late = match deadline {
                Some(at) => Instant::now() >= at,
                None => self.time_left(&warm).is_some_and(|left| left.is_zero()),
            };
            if state.halted || late {
                killed = intervention.is_some();
                if intervention.is_none() {
                    accused = warm.words.current();
                    intervention = Some(match self.limit(&warm) {
                        Some(limit) if late => Intervention::TimeOut(limit),
                        _ => Intervention::Halted,
                    });
                }
                warm.signal(if killed { libc::SIGKILL } else { libc::SIGTERM });
                deadline = if killed { None } else { Some(Instant::now() + GRACE) };
            } else if !state.results && intervention.is_none() {
                self.share(slot, job, &warm);
            }
        };
        self.drain(slot, &mut warm, open);
        if complete && intervention.is_none() {
            // What was taken from the frame on its way was not called.
            self.give_back(job);
            slot.warm = Some(warm);
            return End::Complete;
        }
        let current = warm.words.current();
        let wall = Micros(clock::monotonic().saturating_sub(warm.words.began()) / 1000);
        let ended = warm.finish(slot);
        let guilty = match intervention {
            Some(Intervention::Halted) => {
                self.give_back(job);
                return End::Halted;
            }
            // It had just returned: the call after it has done nothing wrong.
            Some(Intervention::TimeOut(_)) if current != accused => None,
            _ => self.position(current),
        };
        // Calls before it, whose results were lost, are made again, with those after it.
        let charged = guilty.and_then(|at| Some((self.reported + at, self.calls.remove(at)?)));
        if let Some((number, call)) = &charged {
            let texts = self.texts.remove(&(*number as u64)).unwrap_or_else(|| self.captures(&call.ticket));
            let report = self.charge(slot, job, call, (intervention, fault, ended), wall, texts);
            slot.report(Box::new(report));
            self.reported += 1;
        }
        self.give_back(job);
        End::Died { guilty: charged.is_some() }
    }

    /// Reads what the process says, once, or all of it when it has ended.
    fn hear(
        &mut self,
        slot: &mut SlotState<'_>,
        job: &Job,
        warm: &mut Warm,
        open: (bool, bool),
        ended: bool,
    ) -> Heard {
        while warm.has_results() {
            let more = warm.read(&mut slot.scratch);
            while let Some(line) = warm.line() {
                match frame::parse(&line) {
                    Ok(Line::Results(results)) => {
                        // What a call wrote before its result is in the pipes by now.
                        self.drain(slot, warm, open);
                        self.results(slot, job, results);
                    }
                    Ok(Line::Text { stderr, bytes }) => self.text(self.reported as u64, stderr, &bytes),
                    Ok(Line::End) => return Heard::End,
                    Ok(Line::Ready | Line::Broken { .. }) => {}
                    Err(error) => {
                        return Heard::Fault(format!("the Python process said what cannot be read: {error}"));
                    }
                }
            }
            if !more {
                return Heard::Closed;
            }
            if !ended {
                return Heard::More;
            }
        }
        if ended { Heard::Closed } else { Heard::More }
    }

    /// The report of the call in which the process ended.
    fn charge(
        &self,
        slot: &SlotState<'_>,
        job: &Job,
        call: &Call,
        (intervention, fault, ended): (Option<Intervention>, Option<String>, std::io::Result<Ended>),
        wall: Micros,
        (stdout, stderr): (Capture, Capture),
    ) -> Report {
        let turn = Turn { study: self.study, lease: call.lease, ticket: &call.ticket };
        let mut attempt = turn.attempt(slot.number, Timestamp(clock::now().0 - wall.0 as i64));
        attempt.wall = wall;
        let cause = match (intervention, ended) {
            (Some(Intervention::TimeOut(limit)), _) => Cause::TimeOut { limit },
            (_, Ok(ended)) => {
                attempt.peak_memory = ended.peak;
                if let Exit::Code(code) = ended.exit {
                    attempt.exit_code = Some(code);
                }
                let out = memory_failure(slot, job.need.memory, ended.exit, &stderr, ended.peak);
                out.unwrap_or_else(|| match (fault, ended.exit) {
                    (Some(message), _) => Cause::BadOutput { message },
                    (None, Exit::Code(0)) => {
                        let message = "the function ended its Python process (exit code 0)".to_owned();
                        Cause::Exception { message }
                    }
                    (None, exit) => exit.into(),
                })
            }
            (_, Err(error)) => {
                Cause::NotStarted { message: format!("the Python process could not be followed: {error}") }
            }
        };
        attempt.stdout = stdout.finish();
        attempt.stderr = stderr.finish();
        turn.failed(attempt, cause)
    }

    fn give_back(&mut self, job: &mut Job) {
        for call in self.calls.drain(..).rev() {
            job.tickets.push_front((call.lease, call.ticket));
        }
    }

    /// The position of the call in progress among those not reported.
    fn current(&self, warm: &Warm) -> Option<usize> {
        self.position(warm.words.current())
    }

    /// The position of a call among those not reported, by its number since the start of the process.
    fn position(&self, number: u64) -> Option<usize> {
        let offset = number.checked_sub(self.first)? as usize;
        offset.checked_sub(self.reported).filter(|at| *at < self.calls.len())
    }

    /// The time limit of the call in progress.
    fn limit(&self, warm: &Warm) -> Option<Seconds> {
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
            while open && left > 0 && readable(if stderr { warm.stderr.as_fd() } else { warm.stdout.as_fd() })
            {
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
            messages.push(FromWorker::Report(Box::new(self.settle(slot, job, &call, result, texts, now))));
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
    ) -> Report {
        let turn = Turn { study: self.study, lease: call.lease, ticket: &call.ticket };
        let mut attempt = turn.attempt(slot.number, Timestamp(now));
        attempt.peak_memory = self.peak;
        let result = match result {
            Ok(result) => result,
            Err(error) => {
                let message = format!("what the function returned cannot be read: {error}");
                return turn.failed(attempt, Cause::BadOutput { message });
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
        let bad = |message| Cause::BadOutput { message };
        let read = match result.failure {
            Some(Failure::Raised(message)) => Err(match job.need.memory {
                Some(limit) if message.starts_with("MemoryError") => {
                    Cause::OutOfMemory { limit: Some(limit) }
                }
                _ => Cause::Exception { message },
            }),
            Some(Failure::Unwritable(message)) => Err(bad(message)),
            None => match stdout.error().or(stderr.error()) {
                Some(error) => Err(bad(error.to_owned())),
                None => {
                    let evidence = Evidence {
                        stdout: &stdout,
                        stderr: &stderr,
                        directory: path,
                        returned: Some(&result.value),
                    };
                    self.recipe.outputs.read(&evidence, &attempt).map_err(bad)
                }
            },
        };
        let kept = match &call.directory {
            Some(directory) => {
                directory.keep(&self.recipe.keep, &self.recipe.kept(call.ticket.index)).map_err(bad)
            }
            None => Ok(()),
        };
        attempt.stdout = stdout.finish();
        attempt.stderr = stderr.finish();
        match read.and_then(|outputs| kept.map(|()| outputs)) {
            Ok(outputs) => turn.report(attempt, outputs),
            Err(cause) => turn.failed(attempt, cause),
        }
    }
}
