//! What is reported of a run that failed, and why it is thought to have failed.

use paramo_model::{
    Attempt, Bytes, Cause, Ended, LeaseId, Micros, OutputFile, Report, Seconds, Ticket, Timestamp, Value,
};

use crate::capture::Capture;
use crate::clock;
use crate::prepared::Prepared;
use crate::process::Exit;
use crate::slot::SlotState;

/// One ticket of a study, about to be made.
#[derive(Clone, Copy)]
pub(crate) struct Turn<'a> {
    pub study: &'a Prepared,
    pub lease: LeaseId,
    pub ticket: &'a Ticket,
}

/// What became of a ticket.
pub(crate) enum Outcome {
    Reported(Box<Report>),
    /// It was ended because everything was: it counts as never started.
    GivenBack,
}

/// What a run may use, as the ledger granted it.
pub(crate) struct Grant<'a> {
    pub memory: Option<Bytes>,
    pub gpus: &'a [String],
}

impl Turn<'_> {
    /// The time that the run may take.
    pub fn time_limit(&self) -> Option<Seconds> {
        time_limit(self.study, self.ticket)
    }

    /// The report of an attempt.
    pub fn report(&self, attempt: Attempt, outputs: Vec<Value>) -> Report {
        Report { study: self.study.id, lease: self.lease, index: self.ticket.index, attempt, outputs }
    }

    /// An attempt of which nothing is known yet.
    pub fn attempt(&self, slot: u32, started: Timestamp) -> Attempt {
        Attempt {
            number: self.ticket.attempt,
            ended: Ended::Succeeded,
            started,
            wall: Micros(0),
            cpu: Micros(0),
            peak_memory: Bytes(0),
            exit_code: None,
            worker: 0,
            slot,
            stdout: OutputFile::default(),
            stderr: OutputFile::default(),
        }
    }

    /// The report of a run that failed, with what is known of the attempt.
    pub fn failed(&self, mut attempt: Attempt, cause: Cause) -> Report {
        attempt.ended = Ended::Failed(cause);
        let outputs = match &self.study.recipe {
            Ok(recipe) => recipe.outputs.of_failure(&attempt),
            Err(_) => vec![Value::Missing; self.study.application().outputs.len()],
        };
        self.report(attempt, outputs)
    }

    /// The report of a run that could not be started.
    pub fn not_started(&self, slot: u32, message: String) -> Report {
        self.failed(self.attempt(slot, clock::now()), Cause::NotStarted { message })
    }
}

/// The time that a run may take.
pub(crate) fn time_limit(study: &Prepared, ticket: &Ticket) -> Option<Seconds> {
    ticket.time.or(study.resources().time)
}

/// What Slurm says of a step that it ended, on the standard error of its `srun`: the exit code alone would be blamed on the program.
pub(crate) fn word_of_site(study: &Prepared, stderr: &Capture) -> Option<Cause> {
    if study.is_ours {
        return None;
    }
    let text = stderr.whole().ok()?;
    said_by_slurm(&String::from_utf8_lossy(&text), study.resources().memory)
}

fn said_by_slurm(text: &str, memory: Option<Bytes>) -> Option<Cause> {
    const SITE: [&str; 4] =
        ["DUE TO NODE FAILURE", "Node failure on ", "DUE TO PREEMPTION", "DUE TO TIME LIMIT"];
    const MEMORY: [&str; 3] = ["oom_kill event in StepId", "oom-kill event(s) in StepId", ": Out Of Memory"];
    let says = |words: &[&str]| {
        let mut lines =
            text.lines().filter(|line| line.starts_with("srun: ") || line.starts_with("slurmstepd: "));
        lines.any(|line| words.iter().any(|word| line.contains(word)))
    };
    if says(&SITE) {
        return Some(Cause::LostWorker);
    }
    says(&MEMORY).then_some(Cause::OutOfMemory { limit: memory })
}

/// Whether a failure was one of memory: the cgroup says so, or, under a limit of address space, the signs are there.
pub(crate) fn memory_failure(
    slot: &SlotState<'_>,
    limit: Option<Bytes>,
    exit: Exit,
    stderr: &Capture,
    peak: Bytes,
) -> Option<Cause> {
    let Some(limit) = limit else {
        // Without a limit of ours only the kernel's own choice of a victim is left, and it kills.
        let killed = exit == Exit::Signal(libc::SIGKILL) && slot.worker.machine_ran_out();
        return killed.then_some(Cause::OutOfMemory { limit: None });
    };
    let out = match slot.memory.out_of_memory() {
        Some(out) => out,
        None => looks_like_memory(exit, stderr, peak, limit),
    };
    out.then_some(Cause::OutOfMemory { limit: Some(limit) })
}

/// Under a limit of address space allocations fail: programs say so in their own words, or crash with most of the memory used.
fn looks_like_memory(exit: Exit, stderr: &Capture, peak: Bytes, limit: Bytes) -> bool {
    const WORDS: [&str; 6] = [
        "MemoryError",
        "bad_alloc",
        "ut of memory",
        "annot allocate memory",
        "memory allocation of",
        "ENOMEM",
    ];
    let said = stderr.whole().is_ok_and(|text| {
        let text = String::from_utf8_lossy(&text);
        WORDS.iter().any(|word| text.contains(word))
    });
    let crashed = matches!(exit, Exit::Signal(libc::SIGSEGV | libc::SIGABRT | libc::SIGKILL | libc::SIGBUS));
    said || (crashed && peak.0 >= limit.0 / 10 * 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_slurm_ended_is_not_blamed_on_the_program() {
        // As Slurm 22.05 says it.
        let of = |text| said_by_slurm(text, Some(Bytes(1)));
        let node = "srun: error: *** JOB 12 ON node1 CANCELLED AT 2026-11-23T12:00:00 DUE TO NODE FAILURE, SEE SLURMCTLD LOG FOR DETAILS ***";
        assert_eq!(of(node), Some(Cause::LostWorker));
        assert_eq!(of("srun: error: Node failure on node2\nsrun: Job step aborted"), Some(Cause::LostWorker));
        let memory = "slurmstepd: error: Detected 1 oom_kill event in StepId=12.0. Some of the step tasks have been OOM Killed.";
        assert_eq!(of(memory), Some(Cause::OutOfMemory { limit: Some(Bytes(1)) }));
        assert_eq!(of("srun: error: node1: task 1: Exited with exit code 7"), None);
        assert_eq!(of("solver: restarted, as the last one ended DUE TO NODE FAILURE"), None);
    }

    #[test]
    fn signs_of_memory_are_read() {
        let limit = Bytes(100 << 20);
        let judge = |exit, said: &str, peak: u64| {
            let mut stderr = Capture::new("/nonexistent".into());
            stderr.push(said.as_bytes());
            looks_like_memory(exit, &stderr, Bytes(peak << 20), limit)
        };
        assert!(judge(Exit::Code(1), "Traceback\nMemoryError\n", 10));
        assert!(judge(Exit::Signal(libc::SIGABRT), "terminate called after throwing 'std::bad_alloc'", 10));
        assert!(judge(Exit::Signal(libc::SIGSEGV), "", 90));
        assert!(!judge(Exit::Signal(libc::SIGSEGV), "", 50));
        assert!(!judge(Exit::Code(1), "", 99));
    }
}
