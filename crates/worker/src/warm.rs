//! The process of a warm function: its start, its pipes, its end.

use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use paramo_model::Bytes;
use rustix::pipe::{PipeFlags, pipe_with};

use crate::command::explain;
use crate::environment::Environment;
use crate::memory::SharedWords;
use crate::prepared::{Prepared, Recipe, c_string};
use crate::process::{Ended, Process};
use crate::slot::SlotState;
use crate::spawn::{Launch, Pointers, spawn};
use crate::watch::{GRACE, read, readable, wait};

/// The other side of the conversation. It is passed on the command line, so that nothing has to be installed for it.
const RUNNER: &CStr = match CStr::from_bytes_with_nul(
    concat!(include_str!("../../../python/paramo/_runner.py"), "\0").as_bytes(),
) {
    Ok(source) => source,
    Err(_) => panic!("the runner contains a zero byte"),
};

/// A process that waits for calls of one study's function.
pub(crate) struct Warm {
    study: Arc<Prepared>,
    memory: Option<Bytes>,
    gpus: Vec<String>,
    process: Process,
    calls: Option<OwnedFd>,
    results: OwnedFd,
    /// What it writes without Python's streams: libraries in C, and crashes.
    pub stdout: OwnedFd,
    pub stderr: OwnedFd,
    pub words: SharedWords,
    /// Calls sent since the start.
    pub sent: u64,
    /// Whether it has written past Python's streams.
    pub noisy: bool,
    /// Read from `results`, up to a line that is not yet whole.
    received: Vec<u8>,
    searched: usize,
}

/// What a wait has found.
pub(crate) struct Ready {
    pub ended: bool,
    pub halted: bool,
    pub results: bool,
    pub stdout: bool,
    pub stderr: bool,
}

impl Warm {
    /// Starts the process. The error says why there is none.
    pub fn start(
        slot: &mut SlotState<'_>,
        study: &Arc<Prepared>,
        recipe: &Recipe,
        (python, arguments): (&CStr, &[CString; 4]),
        (memory, gpus): (Option<Bytes>, &[String]),
    ) -> Result<Warm, String> {
        slot.serial += 1;
        let mark = slot.mark();
        slot.memory.prepare(memory)?;
        let failed = |what: &str, error: std::io::Error| format!("failed to make {what}: {error}");
        let words = SharedWords::new().map_err(|error| failed("shared memory", error))?;
        let pipe = || pipe_with(PipeFlags::CLOEXEC).map_err(|error| failed("a pipe", error.into()));
        let ((calls_child, calls), (results, results_child)) = (pipe()?, pipe()?);
        let ((stdout, stdout_child), (stderr, stderr_child)) = (pipe()?, pipe()?);
        let inherit = [calls_child.as_fd(), results_child.as_fd(), words.file()];
        let numbers = inherit.map(|file| std::os::fd::AsRawFd::as_raw_fd(&file).to_string());
        let numbers: Vec<CString> = numbers.into_iter().map(c_string).collect::<Result<_, _>>()?;
        // Variables that are filled from the point are sent with each call.
        let variables = Environment::of_process(&mark, gpus)?;
        let argv =
            [python, c"-c", RUNNER].into_iter().chain(numbers.iter().chain(arguments).map(CString::as_c_str));
        let launch = Launch {
            program: python,
            argv: &Pointers::new(argv),
            environment: &Pointers::new(
                variables.iter().map(CString::as_c_str).chain(recipe.environment.fixed()),
            ),
            directory: &recipe.source_c,
            stdin: slot.null,
            stdout: stdout_child.as_fd(),
            stderr: stderr_child.as_fd(),
            inherit: &inherit,
            cgroup: slot.memory.entrance(memory),
            address_space: slot.memory.address_space(memory),
            open_files: slot.open_files,
        };
        let started = spawn(&mut slot.stack, &launch).map_err(|error| explain(&error, &launch))?;
        Ok(Warm {
            study: Arc::clone(study),
            memory,
            gpus: gpus.to_vec(),
            process: Process::new(started),
            calls: Some(calls),
            results,
            stdout,
            stderr,
            words,
            sent: 0,
            noisy: false,
            received: Vec::new(),
            searched: 0,
        })
    }

    /// Whether this process is the one for these calls.
    pub fn fits(&self, study: &Arc<Prepared>, memory: Option<Bytes>, gpus: &[String]) -> bool {
        Arc::ptr_eq(&self.study, study) && self.memory == memory && self.gpus == gpus
    }

    pub fn pid(&self) -> i32 {
        self.process.pid()
    }

    /// Sends a frame. A process that has died is found out when its answers are read.
    pub fn send(&mut self, mut frame: &[u8]) {
        let Some(calls) = &self.calls else { return };
        while !frame.is_empty() {
            match rustix::io::write(calls, frame) {
                Ok(written) => frame = &frame[written..],
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return,
            }
        }
    }

    /// Waits for something to happen.
    pub fn wait(
        &self,
        order: Option<BorrowedFd<'_>>,
        outputs: (bool, bool),
        timeout: Option<Duration>,
    ) -> std::io::Result<Ready> {
        // Kernels without process files: the end of the results is the end, near enough, and otherwise we look now and then.
        let tick = Duration::from_millis(20);
        let timeout = if self.process.pidfd().is_some() {
            timeout
        } else {
            Some(timeout.map_or(tick, |t| t.min(tick)))
        };
        let files = [
            self.process.pidfd(),
            order,
            Some(self.results.as_fd()),
            outputs.0.then(|| self.stdout.as_fd()),
            outputs.1.then(|| self.stderr.as_fd()),
        ];
        let [ended, halted, results, stdout, stderr] = wait(files, timeout)?;
        let ended = ended || (self.process.pidfd().is_none() && self.process.has_ended());
        Ok(Ready { ended, halted, results, stdout, stderr })
    }

    /// Reads results once; they must be readable. Returns whether there was anything.
    pub fn read(&mut self, scratch: &mut Vec<u8>) -> bool {
        let count = read(self.results.as_fd(), scratch);
        self.received.extend_from_slice(scratch);
        count > 0
    }

    /// Whether results can be read now.
    pub fn has_results(&self) -> bool {
        readable(self.results.as_fd())
    }

    /// The next whole line that has been read.
    pub fn line(&mut self) -> Option<Vec<u8>> {
        let end = self.received[self.searched..].iter().position(|byte| *byte == b'\n');
        let Some(end) = end.map(|end| end + self.searched) else {
            self.searched = self.received.len();
            return None;
        };
        self.searched = 0;
        let rest = self.received.split_off(end + 1);
        let mut line = std::mem::replace(&mut self.received, rest);
        line.pop();
        Some(line)
    }

    pub fn signal(&self, signal: i32) {
        self.process.signal(signal);
    }

    /// Kills what is left and collects it.
    pub fn finish(self, slot: &SlotState<'_>) -> std::io::Result<Ended> {
        let ended = self.process.finish();
        slot.memory.kill();
        slot.worker.orphans().sweep(slot.number, slot.serial);
        ended
    }

    /// Lets the process end by itself: without calls it has nothing to do.
    pub fn dismiss(mut self, slot: &SlotState<'_>) {
        self.calls = None;
        let patience = Instant::now() + GRACE;
        let order = Some(slot.halt.file(true));
        loop {
            let left = patience.saturating_duration_since(Instant::now());
            match self.wait(order, (false, false), Some(left)) {
                Ok(ready) if !ready.ended && !ready.halted && !left.is_zero() => {
                    // Results that nobody asked for any more, or the end of them.
                    if ready.results && !self.read(&mut Vec::with_capacity(4096)) {
                        break;
                    }
                }
                _ => break,
            }
        }
        // Its status has nobody to go to.
        let _ = self.finish(slot);
    }
}
