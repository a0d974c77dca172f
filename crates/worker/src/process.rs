//! A started process group, from its start to the moment when nothing of it is left.
//!
//! Only a group whose leader has not been waited for is ever signalled: until then its number cannot be given to anybody else.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use paramo_model::{Bytes, Cause, Micros};

use crate::spawn::Started;

/// The leader of a process group that we started.
pub(crate) struct Process {
    pid: libc::pid_t,
    pidfd: Option<OwnedFd>,
    reaped: bool,
}

/// How the leader ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Code(i32),
    Signal(i32),
}

impl From<Exit> for Cause {
    /// The cause where nothing is known but how it ended.
    fn from(exit: Exit) -> Cause {
        match exit {
            Exit::Code(code) => Cause::Exit { code },
            Exit::Signal(signal) => Cause::Signal { signal },
        }
    }
}

/// What is known of a process that has ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    pub exit: Exit,
    /// User and system time of the leader, of what it waited for, and of what was left of its group.
    pub cpu: Micros,
    pub peak: Bytes,
}

impl Process {
    pub fn new(started: Started) -> Process {
        Process { pid: started.pid, pidfd: started.pidfd, reaped: false }
    }

    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Readable once the leader has ended; `None` on kernels without such files.
    pub fn pidfd(&self) -> Option<BorrowedFd<'_>> {
        self.pidfd.as_ref().map(AsFd::as_fd)
    }

    /// Whether the leader has ended, without taking its status.
    #[expect(unsafe_code, reason = "rustix does not offer WNOWAIT with a plain process id on all targets")]
    pub fn has_ended(&self) -> bool {
        // SAFETY: `info` is a plain structure that the call fills; the process is our child and has not been waited for.
        unsafe {
            let mut info: libc::siginfo_t = std::mem::zeroed();
            let options = libc::WEXITED | libc::WNOWAIT | libc::WNOHANG;
            libc::waitid(libc::P_PID, self.pid as libc::id_t, &mut info, options) == 0
                && info.si_pid() == self.pid
        }
    }

    /// Sends a signal to the whole group.
    #[expect(unsafe_code, reason = "one plain call, for symmetry with the waits")]
    pub fn signal(&self, signal: i32) {
        if !self.reaped {
            // SAFETY: the group is ours: its leader has not been waited for.
            unsafe { libc::kill(-self.pid, signal) };
        }
    }

    /// Kills what is left of the group and collects it. Blocks until the leader has ended.
    pub fn finish(mut self) -> io::Result<Ended> {
        self.signal(libc::SIGKILL);
        self.collect()
    }

    fn collect(&mut self) -> io::Result<Ended> {
        let (status, usage) = loop {
            match wait(self.pid, 0) {
                Ok((_, status, usage)) => break (status, usage),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        };
        self.reaped = true;
        let exit = match libc::WIFSIGNALED(status) {
            true => Exit::Signal(libc::WTERMSIG(status)),
            false => Exit::Code(libc::WEXITSTATUS(status)),
        };
        let mut ended =
            Ended { exit, cpu: Micros(cpu(&usage)), peak: Bytes(usage.ru_maxrss.max(0) as u64 * 1024) };
        // What the leader left behind in its group was given to this process as its own, and has been killed.
        let patience = Instant::now() + Duration::from_secs(2);
        loop {
            match wait(-self.pid, libc::WNOHANG) {
                Ok((0, ..)) if Instant::now() > patience => break,
                Ok((0, ..)) => std::thread::sleep(Duration::from_micros(200)),
                Ok((_, _, usage)) => {
                    ended.cpu.0 += cpu(&usage);
                    ended.peak = ended.peak.max(Bytes(usage.ru_maxrss.max(0) as u64 * 1024));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        Ok(ended)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.reaped {
            self.signal(libc::SIGKILL);
            // A child that cannot be waited for is not ours any more.
            let _ = self.collect();
        }
    }
}

fn cpu(usage: &libc::rusage) -> u64 {
    [usage.ru_utime, usage.ru_stime].iter().map(|t| t.tv_sec as u64 * 1_000_000 + t.tv_usec as u64).sum()
}

/// The largest resident set of this process so far, by the same measure as that of an ended one.
#[expect(
    unsafe_code,
    reason = "a file of /proc would cost more than all else that is done after a short run"
)]
pub(crate) fn own_peak() -> Bytes {
    // SAFETY: the structure is plain and filled by the call.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    };
    Bytes(usage.ru_maxrss.max(0) as u64 * 1024)
}

#[expect(unsafe_code, reason = "wait4 is the only call that gives the resources used")]
fn wait(pid: libc::pid_t, options: i32) -> io::Result<(libc::pid_t, i32, libc::rusage)> {
    // SAFETY: both structures are plain and filled by the call.
    unsafe {
        let mut status = 0;
        let mut usage: libc::rusage = std::mem::zeroed();
        match libc::wait4(pid, &mut status, options, &mut usage) {
            -1 => Err(io::Error::last_os_error()),
            ended => Ok((ended, status, usage)),
        }
    }
}
