//! The order to end what is running, as a file that every slot waits on beside its run.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{EventfdFlags, eventfd};

/// Two flags, readable for good once raised: end politely, and end now.
#[derive(Debug)]
pub(crate) struct Halt {
    end: OwnedFd,
    kill: OwnedFd,
}

impl Halt {
    pub fn new() -> io::Result<Halt> {
        let flag = || eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK);
        Ok(Halt { end: flag()?, kill: flag()? })
    }

    /// What a run waits on: the polite order first, the other once it has been told.
    pub fn file(&self, told: bool) -> BorrowedFd<'_> {
        if told { self.kill.as_fd() } else { self.end.as_fd() }
    }

    pub fn end(&self) {
        raise(&self.end);
    }

    pub fn kill(&self) {
        raise(&self.end);
        raise(&self.kill);
    }
}

fn raise(flag: &OwnedFd) {
    // Adding one to a counter fails only at its far end, where it is raised already.
    let _ = rustix::io::write(flag, &1u64.to_ne_bytes());
}
