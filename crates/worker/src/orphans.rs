//! Finding what a run has left behind although it was in no group that could be killed.
//!
//! This process is a *subreaper*: a process whose parents have all ended becomes a child of it. After each run the list of children that
//! came that way is read, which is one system call while it is empty. Those that carry the mark of a run that has ended are killed.
//!
//! The kernel gives orphans to the main thread, while slots start their runs from threads of their own; so the main thread's list holds
//! orphans, and what the main thread itself has started, which carries no mark and is left alone.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::environment::MARK;

/// A dead child that nobody has waited for after this long is an orphan: whoever starts a process waits for it.
const UNCLAIMED: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(crate) struct Orphans {
    mark: String,
    guardian: i32,
    /// The children of the main thread; kernels without `CONFIG_PROC_CHILDREN` have no such file.
    children: Option<File>,
    looked: Mutex<Looked>,
}

#[derive(Debug)]
struct Looked {
    dead: HashMap<i32, Instant>,
    at: Instant,
}

impl Orphans {
    /// Makes this process the parent of orphans. `worker` is the first part of its runs' marks.
    pub fn adopt(worker: &str, guardian: i32) -> Orphans {
        // Refused by kernels before 3.4 only; then orphans go to init, as ever.
        let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
        Orphans {
            mark: format!("{MARK}={worker}-"),
            guardian,
            children: File::open(format!("/proc/self/task/{}/children", std::process::id())).ok(),
            looked: Mutex::new(Looked { dead: HashMap::new(), at: Instant::now() }),
        }
    }

    /// Kills and collects what the runs of a slot up to this serial number have left behind.
    pub fn sweep(&self, slot: u32, serial: u64) {
        let mut first = [0u8; 32];
        match &self.children {
            // Nearly always nothing but the guardian, or not even that.
            Some(children) => {
                let length = children.read_at(&mut first, 0).unwrap_or(0);
                let mut pids = std::str::from_utf8(&first[..length]).unwrap_or("0").split_whitespace();
                if length < first.len() && pids.all(|pid| pid.parse() == Ok(self.guardian)) {
                    return;
                }
            }
            None if self.looked().at.elapsed() < Duration::from_secs(1) => return,
            None => {}
        }
        self.kill(|of_slot, run| of_slot == slot && run <= serial);
    }

    /// Kills and collects what all runs have left behind.
    pub fn end(&self) {
        self.kill(|_, _| true);
    }

    fn kill(&self, ended: impl Fn(u32, u64) -> bool) {
        let mut looked = self.looked();
        looked.at = Instant::now();
        // What is killed may leave children of its own, which are then ours.
        for _ in 0..1000 {
            let mut found = false;
            for pid in self.list() {
                let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
                match self.run(&environment) {
                    Some((slot, serial)) if ended(slot, serial) => {
                        end_and_collect(pid);
                        found = true;
                    }
                    None if environment.is_empty() => looked.collect_dead(pid),
                    _ => {}
                }
            }
            if !found {
                return;
            }
        }
    }

    /// The slot and the serial number in a mark of this worker.
    fn run(&self, environment: &[u8]) -> Option<(u32, u64)> {
        let lines = environment.split(|byte| *byte == 0);
        let mark = lines
            .filter_map(|line| std::str::from_utf8(line).ok())
            .find_map(|line| line.strip_prefix(&self.mark))?;
        let (slot, serial) = mark.split_once('-')?;
        Some((slot.parse().ok()?, serial.parse().ok()?))
    }

    /// The children that may be orphans.
    fn list(&self) -> Vec<i32> {
        let text = match &self.children {
            Some(_) => std::fs::read_to_string(format!("/proc/self/task/{}/children", std::process::id()))
                .unwrap_or_default(),
            None => children_by_search(),
        };
        text.split_whitespace()
            .filter_map(|pid| pid.parse().ok())
            .filter(|pid| *pid != self.guardian)
            .collect()
    }

    fn looked(&self) -> std::sync::MutexGuard<'_, Looked> {
        self.looked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Looked {
    /// Collects a dead child that nobody claims.
    #[expect(unsafe_code, reason = "one plain wait")]
    fn collect_dead(&mut self, pid: i32) {
        if state(pid) != Some('Z') {
            self.dead.remove(&pid);
            return;
        }
        if self.dead.entry(pid).or_insert_with(Instant::now).elapsed() >= UNCLAIMED {
            self.dead.remove(&pid);
            // SAFETY: a plain system call that does not block; the process is a dead child of ours.
            unsafe { libc::waitpid(pid, std::ptr::null_mut(), libc::WNOHANG) };
        }
    }
}

#[expect(unsafe_code, reason = "plain calls to kill and wait")]
fn end_and_collect(pid: i32) {
    // SAFETY: the process is a child of ours that has not been waited for, so its number is nobody else's.
    unsafe {
        libc::kill(pid, libc::SIGKILL);
        libc::waitpid(pid, std::ptr::null_mut(), 0);
    }
}

/// The state letter of a process, from the text after its name, which may contain anything.
fn state(pid: i32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

/// Our children by a search through all processes.
fn children_by_search() -> String {
    let own = std::process::id().to_string();
    let mut found = String::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        if stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)) == Some(&own) {
            found.push_str(&name);
            found.push(' ');
        }
    }
    found
}
