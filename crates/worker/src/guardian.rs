//! A small process that outlives this one for a moment, so that nothing of a run is left when this one is killed.
//!
//! What a run is made of, and who ends it when this process is killed with SIGKILL:
//! - the program itself dies by its parent death signal, which costs one system call a run;
//! - what it has started, in its process group or out of it (`setsid`), carries the run's mark in its environment. The guardian holds one
//!   end of a pipe; when the other closes without a word, it looks through `/proc` for the mark of this worker and kills until it finds
//!   nothing. That costs nothing while all is well.
//!
//! A program that wipes its environment and also leaves its parent is out of reach, except under a memory limit with cgroups.
//!
//! The guardian is forked and not executed, because this crate does not know what program it is part of. Other threads may hold any lock
//! at that moment, so it makes system calls only and allocates nothing.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use crate::environment::MARK;

/// The guardian of one worker. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Guardian {
    pid: libc::pid_t,
    word: OwnedFd,
}

impl Guardian {
    /// Starts the guardian of the worker of this name.
    #[expect(unsafe_code, reason = "forking has no safe way")]
    pub fn start(name: &str) -> io::Result<Guardian> {
        let (listen, word) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
        let needle = format!("{MARK}={name}-").into_bytes();
        // SAFETY: the child only runs `watch`, which makes system calls on memory that was there before the fork.
        match unsafe { libc::fork() } {
            -1 => Err(io::Error::last_os_error()),
            0 => watch(listen.as_raw_fd(), &needle),
            pid => Ok(Guardian { pid, word }),
        }
    }

    pub fn pid(&self) -> i32 {
        self.pid
    }
}

impl Drop for Guardian {
    #[expect(unsafe_code, reason = "one plain wait")]
    fn drop(&mut self) {
        // The pipe breaks if somebody has killed the guardian; then there is nobody to tell.
        let _ = rustix::io::write(&self.word, b"q");
        // SAFETY: the guardian is our child and nobody else waits for it.
        unsafe { libc::waitpid(self.pid, std::ptr::null_mut(), 0) };
    }
}

/// The guardian's life. No allocation, no lock, no panic: indexing goes through `get`.
#[expect(unsafe_code, reason = "system calls without the standard library, which may allocate")]
fn watch(listen: i32, needle: &[u8]) -> ! {
    // SAFETY: plain system calls on numbers, on literals and on buffers of this function.
    unsafe {
        // A session of its own: neither the terminal's Ctrl-C nor its end is meant for it.
        libc::setsid();
        libc::prctl(libc::PR_SET_NAME, c"paramo-guardian".as_ptr());
        for signal in 1..=libc::SIGRTMAX() {
            libc::signal(signal, libc::SIG_IGN);
        }
        // Nobody who waits for the end of our output, or for a lock, waits for the guardian.
        libc::dup2(listen, 0);
        if libc::syscall(libc::SYS_close_range, 1u32, u32::MAX, 0u32) != 0 {
            for file in 1..16_384 {
                libc::close(file);
            }
        }
        let mut byte = 0u8;
        loop {
            match libc::read(0, (&raw mut byte).cast(), 1) {
                1 => libc::_exit(0),
                0 => break,
                _ if *libc::__errno_location() == libc::EINTR => {}
                _ => break,
            }
        }
        // What is killed may have forked just before: look until twice nothing was found.
        let mut quiet = 0;
        for _ in 0..1000 {
            quiet = if kill_marked(needle) == 0 { quiet + 1 } else { 0 };
            if quiet == 2 {
                break;
            }
            let pause = libc::timespec { tv_sec: 0, tv_nsec: 2_000_000 };
            libc::nanosleep(&pause, std::ptr::null_mut());
        }
        libc::_exit(0)
    }
}

/// Kills every process whose environment has the mark. Returns how many there were.
#[expect(unsafe_code, reason = "system calls without the standard library, which may allocate")]
fn kill_marked(needle: &[u8]) -> usize {
    let mut found = 0;
    let mut entries = [0u64; 1024];
    // SAFETY: plain system calls on literals and on buffers of this function, whose sizes they are told.
    unsafe {
        let folder = libc::open(c"/proc".as_ptr(), libc::O_RDONLY | libc::O_DIRECTORY | libc::O_CLOEXEC);
        if folder < 0 {
            return 0;
        }
        let own = libc::getpid();
        loop {
            let size = size_of_val(&entries);
            let filled = libc::syscall(libc::SYS_getdents64, folder, entries.as_mut_ptr(), size);
            if filled <= 0 {
                break;
            }
            let bytes = std::slice::from_raw_parts(entries.as_ptr().cast::<u8>(), filled as usize);
            let mut at = 0;
            // A record: inode and offset of 8 bytes each, its length in 2, a type in 1, the name up to a zero.
            while let Some(&[low, high]) = bytes.get(at + 16..at + 18) {
                let length = u16::from_ne_bytes([low, high]) as usize;
                if length == 0 {
                    break;
                }
                if let Some(pid) = bytes.get(at + 19..at + length).and_then(number)
                    && pid != own
                    && is_marked(folder, pid, needle)
                {
                    libc::kill(pid, libc::SIGKILL);
                    found += 1;
                }
                at += length;
            }
        }
        libc::close(folder);
    }
    found
}

/// A process id at the start of a name that ends with a zero.
fn number(name: &[u8]) -> Option<i32> {
    let mut pid = 0i32;
    for byte in name {
        match byte {
            b'0'..=b'9' => pid = pid.checked_mul(10)?.checked_add(i32::from(byte - b'0'))?,
            0 => return (pid > 1).then_some(pid),
            _ => return None,
        }
    }
    None
}

/// Whether the environment of a process has the mark.
#[expect(unsafe_code, reason = "system calls without the standard library, which may allocate")]
fn is_marked(folder: i32, pid: i32, needle: &[u8]) -> bool {
    // `{pid}/environ` without an allocation.
    let mut path = [0u8; 24];
    let mut digits = [0u8; 10];
    let (mut rest, mut count) = (pid, 0);
    while rest > 0 {
        if let Some(digit) = digits.get_mut(count) {
            *digit = b'0' + (rest % 10) as u8;
        }
        rest /= 10;
        count += 1;
    }
    let name = digits.iter().take(count).rev().chain(b"/environ");
    for (to, from) in path.iter_mut().zip(name) {
        *to = *from;
    }
    let mut buffer = [0u8; 32 * 1024];
    let mut kept = 0;
    // SAFETY: plain system calls on buffers of this function, whose sizes they are told.
    unsafe {
        let file = libc::openat(folder, path.as_ptr().cast(), libc::O_RDONLY | libc::O_CLOEXEC);
        if file < 0 {
            return false;
        }
        let marked = loop {
            let Some(room) = buffer.get_mut(kept..) else { break false };
            let read = libc::read(file, room.as_mut_ptr().cast(), room.len());
            if read <= 0 {
                break false;
            }
            let filled = kept + read as usize;
            let Some(text) = buffer.get(..filled) else { break false };
            if text.windows(needle.len()).any(|window| window == needle) {
                break true;
            }
            // The mark may lie across the end of what was read.
            let overlap = needle.len().min(filled);
            buffer.copy_within(filled - overlap..filled, 0);
            kept = overlap;
        };
        libc::close(file);
        marked
    }
}
