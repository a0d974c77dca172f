//! Watching one command from its start to its end: its output, its time, and orders to stop.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use paramo_model::{Bytes, Seconds};
use rustix::event::{PollFd, PollFlags, Timespec};

use crate::capture::Capture;
use crate::halt::Halt;
use crate::process::Process;

/// How long a run may take to end after SIGTERM.
pub(crate) const GRACE: Duration = Duration::from_secs(2);

/// What is read after the end from a pipe that something else may still be writing to.
const LATE: usize = 1 << 20;

/// Why we ended a run that did not end by itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Intervention {
    TimeOut(Seconds),
    Halted,
}

/// An output of a run: the pipe and where its bytes go.
pub(crate) struct Pipe<'a> {
    pub file: OwnedFd,
    pub capture: &'a mut Capture,
    pub open: bool,
}

impl<'a> Pipe<'a> {
    pub fn new(file: OwnedFd, capture: &'a mut Capture) -> Pipe<'a> {
        Pipe { file, capture, open: true }
    }

    /// Reads once; the pipe must be readable.
    fn read(&mut self, scratch: &mut Vec<u8>) -> usize {
        match read(self.file.as_fd(), scratch) {
            0 => {
                self.open = false;
                0
            }
            n => {
                self.capture.push(scratch);
                n
            }
        }
    }

    /// Takes what is in the pipe and does not wait for its end, which grandchildren may hold open.
    fn drain(&mut self, scratch: &mut Vec<u8>) {
        let mut taken = 0;
        while self.open && taken < LATE && readable(self.file.as_fd()) {
            taken += self.read(scratch);
        }
    }
}

/// Reads what is there into the emptied buffer; 0 at the end of the file.
pub(crate) fn read(file: BorrowedFd<'_>, scratch: &mut Vec<u8>) -> usize {
    loop {
        scratch.clear();
        match rustix::io::read(file, rustix::buffer::spare_capacity(scratch)) {
            Err(rustix::io::Errno::INTR) => {}
            // A pipe that cannot be read is as good as closed.
            other => return other.unwrap_or(0),
        }
    }
}

pub(crate) fn readable(file: BorrowedFd<'_>) -> bool {
    let mut files = [PollFd::from_borrowed_fd(file, PollFlags::IN)];
    matches!(rustix::event::poll(&mut files, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })), Ok(1..))
}

/// What was seen of a run, beside its output.
pub(crate) struct Seen {
    pub intervention: Option<Intervention>,
    /// The largest resident set at the moments when it was looked at; 0 for a run too short for that.
    pub peak: Bytes,
}

/// Follows a process until its leader has ended, calling `lasts` once if it is not over very soon; then kills what is left of its group (its leader included) and takes the rest of its output.
pub(crate) fn follow(
    process: &Process,
    mut stdout: Pipe<'_>,
    mut stderr: Pipe<'_>,
    halt: &Halt,
    limit: Option<Seconds>,
    scratch: &mut Vec<u8>,
    lasts: impl FnOnce(),
) -> io::Result<Seen> {
    let mut lasts = Some(lasts);
    let start = Instant::now();
    let mut seen = Seen { intervention: None, peak: Bytes(0) };
    let mut deadline = limit.and_then(|limit| start.checked_add(limit.duration()));
    let mut killed = false;
    let mut looks = Looks { next: start + Duration::from_millis(20), every: Duration::from_millis(30) };
    let mut ticks = Duration::from_millis(1);
    loop {
        let mut wake = deadline.map_or(looks.next, |at| at.min(looks.next));
        if process.pidfd().is_none() {
            if process.has_ended() {
                break;
            }
            // Kernels without process files are asked again and again, less and less often.
            wake = wake.min(Instant::now() + ticks);
            ticks = (ticks * 2).min(Duration::from_millis(20));
        }
        let timeout = Some(wake.saturating_duration_since(Instant::now()));
        let order = (!killed).then(|| halt.file(seen.intervention.is_some()));
        let [ended, halted, out, err] =
            wait([process.pidfd(), order, stdout.listen(), stderr.listen()], timeout)?;
        if out {
            stdout.read(scratch);
        }
        if err {
            stderr.read(scratch);
        }
        if ended {
            break;
        }
        let late = deadline.is_some_and(|at| Instant::now() >= at);
        if halted || late {
            match (seen.intervention, limit) {
                (Some(_), _) => killed = true,
                (None, Some(limit)) if late => seen.intervention = Some(Intervention::TimeOut(limit)),
                (None, _) => seen.intervention = Some(Intervention::Halted),
            }
            process.signal(if killed { libc::SIGKILL } else { libc::SIGTERM });
            deadline = if killed { None } else { Some(Instant::now() + GRACE) };
        }
        if Instant::now() >= looks.next {
            looks.advance();
            if let Some(lasts) = lasts.take() {
                lasts();
            }
            seen.peak = seen.peak.max(resident_peak(process.pid()));
        }
    }
    process.signal(libc::SIGKILL);
    stdout.drain(scratch);
    stderr.drain(scratch);
    Ok(seen)
}

impl Pipe<'_> {
    fn listen(&self) -> Option<BorrowedFd<'_>> {
        self.open.then(|| self.file.as_fd())
    }
}

/// When the resident set is looked at: early, then less and less often. The kernel keeps its largest value, so a late look sees what was
/// there before; and hundreds of runs that only wait must not cost a core in looks.
struct Looks {
    next: Instant,
    every: Duration,
}

impl Looks {
    fn advance(&mut self) {
        self.next = Instant::now() + self.every;
        self.every = (self.every * 4).min(Duration::from_secs(30));
    }
}

/// Waits until one of the files is readable (or closed at the other end) or the time has passed.
pub(crate) fn wait<const N: usize>(
    files: [Option<BorrowedFd<'_>>; N],
    timeout: Option<Duration>,
) -> io::Result<[bool; N]> {
    let mut set: Vec<PollFd<'_>> = Vec::with_capacity(N);
    set.extend(files.iter().flatten().map(|file| PollFd::from_borrowed_fd(*file, PollFlags::IN)));
    // A wait too long for the system's type is as good as one without end.
    let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
    match rustix::event::poll(&mut set, timeout.as_ref()) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    let mut ready = [false; N];
    let mut answers = set.iter().map(|file| !file.revents().is_empty());
    for (ready, file) in ready.iter_mut().zip(&files) {
        *ready = file.is_some() && answers.next().unwrap_or(false);
    }
    Ok(ready)
}

/// The largest resident set of a live process so far.
pub(crate) fn resident_peak(pid: i32) -> Bytes {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let kib = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    Bytes(kib.unwrap_or(0) * 1024)
}
