//! A slot: the thread that makes one run at a time, and what it keeps from one to the next.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Instant;

use paramo_model::{Bytes, FromWorker, Program, Report, Value};

use crate::command;
use crate::dispatch::{Job, Pace};
use crate::halt::Halt;
use crate::limits::Group;
use crate::spawn::Stack;
use crate::verdict::{Grant, Outcome, Turn};
use crate::warm::Warm;
use crate::worker::Worker;

/// What a slot keeps.
pub(crate) struct SlotState<'a> {
    pub number: u32,
    /// Counts the starts of this slot.
    pub serial: u64,
    pub worker: &'a Arc<Worker>,
    /// Raised when the present runs are to be ended.
    pub halt: Arc<Halt>,
    pub null: BorrowedFd<'a>,
    pub open_files: Option<libc::rlimit>,
    pub memory: MemoryGuard<'a>,
    pub stack: Stack,
    pub scratch: Vec<u8>,
    pub values: Vec<Value>,
    /// The last frame of calls, for its room.
    pub frame: String,
    /// The process in which the last function waits for more.
    pub warm: Option<Warm>,
}

/// The memory limit of a slot's runs.
pub(crate) struct MemoryGuard<'a> {
    worker: &'a Worker,
    number: u32,
    group: Option<Group>,
}

/// Makes runs until there will be no more.
pub(crate) fn serve(worker: &Arc<Worker>, number: u32) {
    let mut slot = SlotState {
        number,
        serial: 0,
        worker,
        halt: Arc::clone(&worker.halt),
        null: worker.null.as_fd(),
        open_files: worker.open_files,
        memory: MemoryGuard { worker, number, group: None },
        stack: Stack::new(),
        scratch: Vec::with_capacity(64 * 1024),
        values: Vec::new(),
        frame: String::new(),
        warm: None,
    };
    let mut done = None;
    while let Some(mut job) = worker.next(done.take()) {
        let pace = slot.work(&mut job);
        done = Some((job, pace));
    }
    if let Some(warm) = slot.warm.take() {
        warm.dismiss(&slot);
    }
}

impl SlotState<'_> {
    /// Makes the runs of a job, and leaves those in it that were not made.
    fn work(&mut self, job: &mut Job) -> Pace {
        self.halt = Arc::clone(&job.halt);
        if let Some(reason) = job.refused.take() {
            for (lease, ticket) in std::mem::take(&mut job.tickets) {
                let turn = Turn { study: &job.study, lease, ticket: &ticket };
                self.report(Box::new(turn.not_started(self.number, reason.clone())));
            }
            return Pace::default();
        }
        if matches!(job.study.application().program, Program::Function { .. }) {
            return crate::function::run(self, job);
        }
        if let Some(warm) = self.warm.take() {
            warm.dismiss(self);
        }
        let began = Instant::now();
        let mut runs = 0;
        while let Some((lease, ticket)) = job.tickets.pop_front() {
            if job.long {
                self.worker.started(job.study.id, &ticket, self.number);
            }
            let memory = job.need.memory.filter(|_| job.study.is_ours);
            let grant = Grant { memory, gpus: &job.gpus };
            let outcome =
                command::run(self, Turn { study: &job.study, lease, ticket: &ticket }, &grant, job.long);
            self.worker.orphans().sweep(self.number, self.serial);
            match outcome {
                Outcome::Reported(report) => self.report(report),
                Outcome::GivenBack => {
                    job.tickets.push_front((lease, ticket));
                    break;
                }
            }
            runs += 1;
        }
        Pace { runs, seconds: began.elapsed().as_secs_f64() }
    }

    /// Reports a run.
    pub fn report(&self, report: Box<Report>) {
        self.worker.outbox.push([FromWorker::Report(report)], false);
    }

    /// What the environment of the next run says it is.
    pub fn mark(&self) -> String {
        format!("{}-{}-{}", self.worker.name, self.number, self.serial)
    }
}

impl MemoryGuard<'_> {
    /// Gets ready for a run with this limit. The error says why it cannot be had.
    pub fn prepare(&mut self, limit: Option<Bytes>) -> Result<(), String> {
        let Some(limit) = limit else { return Ok(()) };
        if self.group.is_none() {
            let mut groups = self.worker.groups();
            match groups.slot(self.number) {
                Ok(group) => self.group = group,
                Err(error) => {
                    let notice = groups.give_up(&format!("no cgroup could be made: {error}"));
                    drop(groups);
                    self.worker.notice(notice);
                }
            }
        }
        match &mut self.group {
            Some(group) => group
                .prepare(limit)
                .map_err(|error| format!("failed to limit memory to {limit} by a cgroup: {error}")),
            None => {
                self.worker.tell_address_space();
                Ok(())
            }
        }
    }

    /// The way into the slot's cgroup, for runs with a limit.
    pub fn entrance(&self, limit: Option<Bytes>) -> Option<BorrowedFd<'_>> {
        limit.and(self.group.as_ref()).map(Group::entrance)
    }

    /// The limit on the address space, where there is no cgroup.
    pub fn address_space(&self, limit: Option<Bytes>) -> Option<u64> {
        if self.group.is_some() { None } else { limit.map(|limit| limit.0) }
    }

    pub fn kill(&self) {
        if let Some(group) = &self.group {
            group.kill();
        }
    }

    /// Whether the limit has killed something since `prepare`; `None` where the limit is one of address space.
    pub fn out_of_memory(&self) -> Option<bool> {
        self.group.as_ref().map(Group::out_of_memory)
    }
}
