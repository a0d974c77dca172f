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
