//! Every state that Slurm gives a job, and what each means here. `docs/slurm.md` prints this table.

use crate::{How, JobState};

/// What a state means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    Waiting,
    Running,
    Succeeded,
    /// With an exit code or by a signal, as the job's `ExitCode` says.
    Failed,
    OutOfMemory,
    TimeLimit,
    NodeFailure,
    Preempted,
    Cancelled,
}

impl Meaning {
    /// The word in the documentation.
    pub fn word(self) -> &'static str {
        match self {
            Meaning::Waiting => "waiting",
            Meaning::Running => "running",
            Meaning::Succeeded => "succeeded",
            Meaning::Failed => "failed, with exit code or signal",
            Meaning::OutOfMemory => "out of memory",
            Meaning::TimeLimit => "time limit",
            Meaning::NodeFailure => "node failure",
            Meaning::Preempted => "preempted",
            Meaning::Cancelled => "cancelled",
        }
    }
}

/// A state of Slurm.
#[derive(Debug)]
pub struct SlurmState {
    /// As `squeue`, `sacct`, `scontrol` and slurmrestd write it.
    pub name: &'static str,
    pub meaning: Meaning,
    pub why: &'static str,
}

const fn state(name: &'static str, meaning: Meaning, why: &'static str) -> SlurmState {
    SlurmState { name, meaning, why }
}

/// All of them, up to Slurm 25.05.
pub static STATES: [SlurmState; 29] = [
    state("BOOT_FAIL", Meaning::NodeFailure, "its node did not boot"),
    state("CANCELLED", Meaning::Cancelled, "by its owner or an administrator"),
    state("COMPLETED", Meaning::Succeeded, "every process ended with exit code 0"),
    state("COMPLETING", Meaning::Running, "it is being cleaned up; how it ended is said afterwards"),
    state("CONFIGURING", Meaning::Waiting, "it has its nodes, and they are being made ready"),
    state("DEADLINE", Meaning::TimeLimit, "it could not have ended before its deadline"),
    state("EXPEDITING", Meaning::Waiting, "it was requeued and is to begin before others"),
    state("FAILED", Meaning::Failed, "the script ended with another exit code than 0, or by a signal"),
    state("LAUNCH_FAILED", Meaning::NodeFailure, "it could not be started on its node"),
    state("NODE_FAIL", Meaning::NodeFailure, "a node of it was lost"),
    state("OUT_OF_MEMORY", Meaning::OutOfMemory, "it used more than its memory"),
    state("PENDING", Meaning::Waiting, "for its turn, for its begin time, or held"),
    state("POWER_UP_NODE", Meaning::Waiting, "its nodes are being switched on"),
    state("PREEMPTED", Meaning::Preempted, "for a job of more weight"),
    state("RECONFIG_FAIL", Meaning::NodeFailure, "its node could not be set up for it"),
    state("REQUEUED", Meaning::Waiting, "it is put back into the queue and begins anew"),
    state("REQUEUE_FED", Meaning::Waiting, "it is put back into the queue of a federation"),
    state("REQUEUE_HOLD", Meaning::Waiting, "it was put back and is held until somebody releases it"),
    state("RESIZING", Meaning::Running, "its size is being changed"),
    state("RESV_DEL_HOLD", Meaning::Waiting, "held, as its reservation was removed"),
    state("REVOKED", Meaning::Cancelled, "another cluster of a federation has begun it"),
    state("RUNNING", Meaning::Running, "on its nodes"),
    state("SIGNALING", Meaning::Running, "it is being sent a signal"),
    state(
        "SPECIAL_EXIT",
        Meaning::Waiting,
        "it was put back with a mark and is held until somebody releases it",
    ),
    state("STAGE_OUT", Meaning::Running, "its files are being brought out"),
    state("STOPPED", Meaning::Running, "its processes are stopped and keep their CPUs"),
    state("SUSPENDED", Meaning::Running, "its processes are stopped and have given their CPUs to others"),
    state("TIMEOUT", Meaning::TimeLimit, "it reached its walltime"),
    state("UPDATE_DB", Meaning::Running, "its account is being written"),
];

/// What Slurm's words for a job mean. `state` may be more than a word (`CANCELLED by 1000`, `COMPLETED+`); `exit` is `code:signal`.
///
/// # Errors
///
/// With the word when it is none of Slurm's.
pub(super) fn read(state: &str, exit: &str, reason: &str, nodes: &str) -> Result<JobState, String> {
    let word = state.split([' ', '+', ',']).next().unwrap_or_default();
    let known = STATES.iter().find(|known| known.name == word).ok_or_else(|| word.to_owned())?;
    let ended = JobState::Ended;
    Ok(match known.meaning {
        Meaning::Waiting => JobState::Waiting { reason: told(reason) },
        Meaning::Running => JobState::Running { nodes: told(nodes) },
        Meaning::Succeeded => ended(How::Succeeded),
        Meaning::Failed => ended(failed(exit)),
        Meaning::OutOfMemory => ended(How::OutOfMemory),
        Meaning::TimeLimit => ended(How::TimeLimit),
        Meaning::NodeFailure => ended(How::NodeFailure),
        Meaning::Preempted => ended(How::Preempted),
        Meaning::Cancelled => ended(How::Cancelled),
    })
}

/// Slurm's words for nothing are left out.
fn told(text: &str) -> String {
    let nothing = ["None", "(null)", "N/A", "(None)", "None assigned"];
    if nothing.contains(&text.trim()) { String::new() } else { text.trim().to_owned() }
}

fn failed(exit: &str) -> How {
    let (code, signal) = exit.split_once(':').unwrap_or((exit, "0"));
    match (code.trim().parse::<u8>(), signal.trim().parse::<u8>()) {
        (_, Ok(signal)) if signal > 0 => How::Signalled { signal },
        (Ok(code), _) if code > 0 => How::Failed { code },
        // It failed, and Slurm does not say with what.
        _ => How::Failed { code: 1 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_whole() {
        assert!(STATES.is_sorted_by(|a, b| a.name < b.name));
        let words = "BOOT_FAIL CANCELLED COMPLETED COMPLETING CONFIGURING DEADLINE FAILED NODE_FAIL OUT_OF_MEMORY PENDING \
            PREEMPTED REQUEUED REQUEUE_FED REQUEUE_HOLD RESIZING RESV_DEL_HOLD REVOKED RUNNING SIGNALING SPECIAL_EXIT STAGE_OUT \
            STOPPED SUSPENDED TIMEOUT";
        for word in words.split_whitespace() {
            assert!(STATES.iter().any(|state| state.name == word), "squeue(1) knows {word}");
        }
    }

    #[test]
    fn ends_are_told_apart() {
        let how = |state, exit| read(state, exit, "None", "node1");
        assert_eq!(how("COMPLETED", "0:0"), Ok(JobState::Ended(How::Succeeded)));
        assert_eq!(how("FAILED", "7:0"), Ok(JobState::Ended(How::Failed { code: 7 })));
        assert_eq!(how("FAILED", "0:9"), Ok(JobState::Ended(How::Signalled { signal: 9 })));
        assert_eq!(how("FAILED", "(null)"), Ok(JobState::Ended(How::Failed { code: 1 })));
        assert_eq!(how("OUT_OF_MEMORY", "0:125"), Ok(JobState::Ended(How::OutOfMemory)));
        assert_eq!(how("TIMEOUT", "0:15"), Ok(JobState::Ended(How::TimeLimit)));
        assert_eq!(how("CANCELLED by 1000", "0:15"), Ok(JobState::Ended(How::Cancelled)));
        assert_eq!(how("RUNNING", "0:0"), Ok(JobState::Running { nodes: "node1".to_owned() }));
        assert_eq!(how("PENDING", "0:0"), Ok(JobState::Waiting { reason: String::new() }));
        assert_eq!(how("MARS", ""), Err("MARS".to_owned()));
    }

    #[test]
    fn the_page_shows_the_table() {
        let mut table =
            "<!-- states -->\n| Slurm says | here | what happened |\n| --- | --- | --- |\n".to_owned();
        for SlurmState { name, meaning, why } in &STATES {
            table += &format!("| `{name}` | {} | {why} |\n", meaning.word());
        }
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/slurm.md");
        let page = std::fs::read_to_string(path).unwrap();
        let (before, rest) = page.split_once("<!-- states -->\n").unwrap();
        let (_, after) = rest.split_once("<!-- end of states -->").unwrap();
        let made = format!("{before}{table}<!-- end of states -->{after}");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, &made).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), made, "make it anew with UPDATE_DOCS=1");
    }
}
