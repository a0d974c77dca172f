//! The worker in this process: slots, what they share, and the link to them.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use async_trait::async_trait;
use paramo_model::{Assignment, Capacity, FromWorker, LeaseId, StudyId, Ticket, ToWorker};

use crate::dispatch::{Dispatch, Job, Pace};
use crate::guardian::Guardian;
use crate::halt::Halt;
use crate::launcher::Launcher;
use crate::limits::{Groups, MemoryLimits, limits_report};
use crate::link::Link;
use crate::orphans::Orphans;
use crate::outbox::Outbox;
use crate::prepared::Prepared;
use crate::slot::serve;

/// How a worker works; the defaults are right on one machine.
#[derive(Clone, Debug)]
pub struct WorkerOptions {
    /// Runs at once at the most, whatever they need. Open files may allow fewer.
    pub slots: u32,
    /// How memory limits are enforced; `None`: as well as the machine allows.
    pub memory_limits: Option<MemoryLimits>,
    /// When what runs here is ended from outside: no run is begun that does not fit before.
    pub ends: Option<Instant>,
    /// What starts runs that use MPI.
    pub launcher: Launcher,
}

impl Default for WorkerOptions {
    fn default() -> WorkerOptions {
        WorkerOptions { slots: 1000, memory_limits: None, ends: None, launcher: Launcher::default() }
    }
}

/// Why a worker cannot start.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    #[error("failed to {step}: {source}")]
    System { step: &'static str, source: io::Error },
}

/// Starts workers in this process.
pub struct LocalWorker;

/// The link to a worker in this process. Dropping it kills what runs.
pub struct LocalLink {
    worker: Arc<Worker>,
    gone: bool,
}

/// What the slots of a worker share.
pub(crate) struct Worker {
    /// Tells this worker's processes from those of others.
    pub name: String,
    /// Raised when everything is to be ended.
    pub halt: Arc<Halt>,
    pub outbox: Outbox,
    pub null: OwnedFd,
    /// The limit on open files that this process had, where it was raised.
    pub open_files: Option<libc::rlimit>,
    cpus: f64,
    launcher: Launcher,
    inner: Mutex<Inner>,
    work: Condvar,
    groups: Mutex<Groups>,
    orphans: Orphans,
    address_space_told: AtomicBool,
    machine_kills: AtomicU64,
    /// Kept for its end: it watches this process until then.
    _guardian: Guardian,
}

struct Inner {
    dispatch: Dispatch,
    threads: Vec<JoinHandle<()>>,
    /// Threads that wait for work.
    idle: usize,
    /// Threads at the most.
    most: usize,
    gone: bool,
}

impl LocalWorker {
    /// Starts a worker that may use this much. No thread is made before there is something to run.
    ///
    /// From then on this process adopts what its runs leave behind (`PR_SET_CHILD_SUBREAPER`), so that nothing outlives its run.
    pub fn start(capacity: Capacity, options: WorkerOptions) -> Result<LocalLink, WorkerError> {
        let failed = |step| move |source| WorkerError::System { step, source };
        let (open_files, files) = raise_open_files();
        // A run has two pipes, a process file and, at times, a file or a cgroup.
        let most = (files.saturating_sub(64) / 6).clamp(1, u64::from(options.slots.max(1))) as usize;
        let name = format!("{:x}-{:x}", std::process::id(), crate::clock::monotonic());
        let guardian =
            Guardian::start(&name).map_err(failed("start the process that watches over this one"))?;
        let worker = Worker {
            halt: Arc::new(Halt::new().map_err(failed("make an event file"))?),
            outbox: Outbox::default(),
            null: OpenOptions::new().read(true).open("/dev/null").map_err(failed("open /dev/null"))?.into(),
            open_files,
            cpus: capacity.cpus,
            launcher: options.launcher,
            inner: Mutex::new(Inner {
                dispatch: Dispatch::new(capacity, most, options.ends),
                threads: Vec::new(),
                idle: 0,
                most,
                gone: false,
            }),
            work: Condvar::new(),
            groups: Mutex::new(Groups::new(options.memory_limits.unwrap_or_else(limits_report))),
            orphans: Orphans::adopt(&name, guardian.pid()),
            _guardian: guardian,
            address_space_told: AtomicBool::new(false),
            machine_kills: AtomicU64::new(machine_kills()),
            name,
        };
        Ok(LocalLink { worker: Arc::new(worker), gone: false })
    }
}

#[async_trait]
impl Link for LocalLink {
    fn send(&mut self, order: ToWorker) {
        self.worker.order(order);
    }

    async fn receive(&mut self) -> Option<Vec<FromWorker>> {
        if self.gone {
            return None;
        }
        let messages = self.worker.outbox.receive().await;
        self.gone = messages.iter().any(|message| matches!(message, FromWorker::Gone));
        Some(messages)
    }
}

impl Drop for LocalLink {
    fn drop(&mut self) {
        self.worker.order(ToWorker::Stop);
        lock(&self.worker.inner).dispatch.kill();
        self.worker.halt.kill();
        let threads = std::mem::take(&mut lock(&self.worker.inner).threads);
        for thread in threads {
            // A slot that panicked has nothing to tell that its panic has not told.
            let _ = thread.join();
        }
        self.worker.orphans.end();
    }
}

impl Worker {
    fn order(self: &Arc<Worker>, order: ToWorker) {
        // Working out a study may read directories: not under the lock.
        let order = match order {
            ToWorker::Assign(assignment) => return self.assign(assignment),
            other => other,
        };
        let mut inner = lock(&self.inner);
        let mut messages = match order {
            ToWorker::Assign(_) => Vec::new(),
            ToWorker::Lease { study, lease, tickets } => {
                inner.dispatch.lease(study, lease, tickets).into_iter().collect()
            }
            ToWorker::Release { study, now } => inner.dispatch.release(study, now),
            ToWorker::Pause { study } => inner.dispatch.pause(study, true),
            ToWorker::Resume { study } => inner.dispatch.pause(study, false),
            // Whoever is in this process keeps what it hears.
            ToWorker::Kept { .. } | ToWorker::Repeat { .. } => return,
            ToWorker::Drain => inner.dispatch.end(),
            ToWorker::Stop => {
                self.halt.end();
                inner.dispatch.stop()
            }
        };
        self.wake(&mut inner);
        let urgent = self.remark(&mut inner, &mut messages);
        // Still under the lock: what a slot says of the same study must not come before it.
        self.outbox.push(messages, urgent);
    }

    fn assign(self: &Arc<Worker>, assignment: Assignment) {
        let study = Arc::new(Prepared::new(assignment, &self.launcher));
        let (asked, there) = (study.resources().cores(), self.cpus);
        let mut messages = Vec::new();
        if asked > there {
            let notice = format!(
                "a run asks for {asked} CPUs, and there are {there} here: it gets those, and runs alone"
            );
            messages.push(FromWorker::Notice(notice));
        }
        // Without a file of its own a study can only be ended with all others.
        let halt = Halt::new().map_or_else(|_| Arc::clone(&self.halt), Arc::new);
        let mut inner = lock(&self.inner);
        inner.dispatch.assign(study, halt);
        // With more slots than before, runs that wait can start.
        self.wake(&mut inner);
        let urgent = self.remark(&mut inner, &mut messages);
        // Still under the lock: what a slot says of the same study must not come before it.
        self.outbox.push(messages, urgent);
    }

    /// What a slot does next; `None` when there will be nothing more.
    pub fn next(self: &Arc<Worker>, done: Option<(Job, Pace)>) -> Option<Job> {
        let mut inner = lock(&self.inner);
        let mut messages = match done {
            Some((job, pace)) => inner.dispatch.done(job, pace),
            None => Vec::new(),
        };
        loop {
            inner.dispatch.expire(&mut messages);
            let job = inner.dispatch.take();
            if job.is_some() {
                self.wake(&mut inner);
            }
            let urgent = self.remark(&mut inner, &mut messages);
            if !messages.is_empty() {
                // As in `order`.
                self.outbox.push(messages.drain(..), urgent);
            }
            if job.is_some() || inner.gone {
                return job;
            }
            inner.idle += 1;
            inner = self.work.wait(inner).unwrap_or_else(PoisonError::into_inner);
            inner.idle -= 1;
        }
    }

    /// Wakes or makes a slot if there is something for it. The slot wakes the next.
    fn wake(self: &Arc<Worker>, inner: &mut Inner) {
        if !inner.dispatch.more() {
            return;
        }
        if inner.idle > 0 {
            self.work.notify_one();
        } else if inner.threads.len() < inner.most {
            let number = inner.threads.len() as u32;
            let worker = Arc::clone(self);
            let thread = std::thread::Builder::new().name(format!("slot-{number}")).stack_size(STACK);
            match thread.spawn(move || serve(&worker, number)) {
                Ok(thread) => inner.threads.push(thread),
                Err(error) => {
                    // Those there are go on; with none nothing would ever run.
                    inner.most = inner.threads.len().max(1);
                    let message = format!(
                        "only {} runs at once: no thread can be made for more: {error}",
                        inner.threads.len()
                    );
                    self.outbox.push([FromWorker::Notice(message)], true);
                }
            }
        }
    }

    /// Adds what the state calls for: a wish for more, or the last word. Returns whether it cannot wait.
    fn remark(&self, inner: &mut Inner, messages: &mut Vec<FromWorker>) -> bool {
        inner.dispatch.settle(messages);
        if inner.dispatch.is_gone() && !inner.gone {
            inner.gone = true;
            messages.push(FromWorker::Gone);
            self.work.notify_all();
            return true;
        }
        inner.dispatch.appetite(messages)
    }

    /// Takes back tickets that another slot may start sooner.
    pub fn put_back(self: &Arc<Worker>, study: StudyId, tickets: Vec<(LeaseId, Ticket)>) {
        let mut inner = lock(&self.inner);
        let messages = inner.dispatch.put_back(study, tickets);
        self.wake(&mut inner);
        drop(inner);
        self.outbox.push(messages, false);
    }

    pub fn notice(&self, message: String) {
        self.outbox.push([FromWorker::Notice(message)], false);
    }

    pub fn started(&self, study: StudyId, ticket: &Ticket, slot: u32) {
        let started = FromWorker::Started { study, index: ticket.index, attempt: ticket.attempt, slot };
        self.outbox.push([started], false);
    }

    /// Says once that memory limits are of the cruder kind.
    pub fn tell_address_space(&self) {
        if !self.address_space_told.swap(true, Ordering::Relaxed) {
            self.notice(format!("memory is limited {}", self.groups().limits()));
        }
    }

    pub fn groups(&self) -> MutexGuard<'_, Groups> {
        lock(&self.groups)
    }

    pub fn orphans(&self) -> &Orphans {
        &self.orphans
    }

    /// Whether the kernel has killed something on this machine for want of memory since this was last asked.
    pub fn machine_ran_out(&self) -> bool {
        let now = machine_kills();
        self.machine_kills.swap(now, Ordering::Relaxed) < now
    }
}

/// The stack of a slot's thread.
const STACK: usize = 256 * 1024;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A slot that panicked loses its run; the lists are whole, and the other slots go on.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn machine_kills() -> u64 {
    let text = std::fs::read_to_string("/proc/vmstat").unwrap_or_default();
    text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.parse().ok()).unwrap_or(0)
}

/// Raises the limit on open files as far as it goes. Returns the limit that runs get, where it was changed, and the new one.
fn raise_open_files() -> (Option<libc::rlimit>, u64) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    // More is of no use to a thousand runs at once.
    const ENOUGH: u64 = 16_384;
    let before = getrlimit(Resource::Nofile);
    let current = before.current.unwrap_or(u64::MAX);
    let maximum = before.maximum.unwrap_or(u64::MAX);
    let wanted = maximum.min(ENOUGH);
    if current >= wanted {
        return (None, current);
    }
    match setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: before.maximum }) {
        // Old programs count on a small limit, so runs get the one we had.
        Ok(()) => (Some(libc::rlimit { rlim_cur: current, rlim_max: maximum }), wanted),
        Err(_) => (None, current),
    }
}

#[cfg(test)]
mod tests;
