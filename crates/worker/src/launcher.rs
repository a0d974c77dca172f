//! What starts the tasks of a run that is more than one process, as ranks of MPI: `srun`, `mpirun`, or whatever a site has.

use std::ffi::CString;

use paramo_model::{Bytes, Cause, Resources};

use crate::capture::Capture;
use crate::prepared::{Prepared, c_string, cpus};
use crate::process::Exit;

/// Where nothing else is said. Every implementation of MPI has it.
const USUAL: &str = "mpirun -n {tasks}";

/// The words before a command, with places for how much it is: `{nodes}`, `{tasks}`, `{tasks_per_node}` (rounded up) and `{cpus}` (of each
/// task).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launcher {
    words: Vec<String>,
    /// The tasks may be started by somebody else's processes, and on other machines.
    pub(crate) is_of_site: bool,
}

impl Default for Launcher {
    fn default() -> Launcher {
        Launcher { words: USUAL.split(' ').map(str::to_owned).collect(), is_of_site: false }
    }
}

impl Launcher {
    /// The program that starts tasks.
    pub fn program(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// Reads that of a site from its words, divided by white space.
    ///
    /// # Errors
    ///
    /// A sentence, when there is no word, or a place that is not known.
    pub fn new(text: &str) -> Result<Launcher, String> {
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        if words.is_empty() {
            return Err("the words that start a program with MPI are missing, such as `srun`".to_owned());
        }
        let any = Resources::default();
        match words.iter().find(|word| fill(word, &any).contains(['{', '}'])) {
            Some(word) => Err(format!(
                "`{word}` has a place that is not known; there are {{nodes}}, {{tasks}}, {{tasks_per_node}} and {{cpus}}"
            )),
            None => Ok(Launcher { words, is_of_site: true }),
        }
    }

    /// The words for a run of these resources, of which the first is the program.
    pub(crate) fn words(&self, resources: &Resources) -> Result<Vec<CString>, String> {
        self.words.iter().map(|word| c_string(fill(word, resources))).collect()
    }
}

fn fill(word: &str, resources: &Resources) -> String {
    let per_node = resources.tasks.div_ceil(resources.nodes.max(1));
    word.replace("{nodes}", &resources.nodes.to_string())
        .replace("{tasks}", &resources.tasks.to_string())
        .replace("{tasks_per_node}", &per_node.to_string())
        .replace("{cpus}", &cpus(resources).to_string())
}

/// What Slurm says of a step that it ended, on the standard error of its `srun`: the exit code alone would be blamed on the program.
pub(crate) fn word_of_site(study: &Prepared, stderr: &Capture) -> Option<Cause> {
    if study.is_ours {
        return None;
    }
    let text = stderr.whole().ok()?;
    said_by_slurm(&String::from_utf8_lossy(&text), study.resources().memory)
}

/// How a run ended whose tasks `srun` started. When one fails it ends the others, and its own exit code is that of the worst of them: what
/// it ended itself would hide the one that failed.
pub(crate) fn of_first_task(study: &Prepared, stderr: &Capture, exit: Exit) -> Exit {
    match exit {
        Exit::Code(code) if !study.is_ours && code > 128 => stderr
            .whole()
            .ok()
            .and_then(|text| first_code(&String::from_utf8_lossy(&text)))
            .map_or(exit, Exit::Code),
        exit => exit,
    }
}

/// The exit code of the first task that `srun` names, if it ended the others for that.
fn first_code(text: &str) -> Option<i32> {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("srun: "));
    let code = lines.find_map(|line| line.split_once(": Exited with exit code ")?.1.trim().parse().ok())?;
    lines.any(|line| line.contains("Terminating StepId=")).then_some(code)
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
    fn the_task_that_failed_is_told_from_those_that_were_ended_for_it() {
        let text = "loss: 3\nsrun: error: node2: task 2: Exited with exit code 7\nsrun: launch/slurm: _step_signal: Terminating StepId=1.0\n\
            slurmstepd-node1: error: *** STEP 1.0 ON node1 CANCELLED AT 2026-11-24T03:32:00 ***\nsrun: error: node1: tasks 0-1: Terminated\n";
        assert_eq!(first_code(text), Some(7));
        assert_eq!(
            first_code("srun: error: node1: task 0: Exited with exit code 7\n"),
            None,
            "no other was ended"
        );
        assert_eq!(
            first_code("srun: error: node1: task 0: Terminated\nsrun: launch/slurm: Terminating StepId=1.0"),
            None
        );
    }

    #[test]
    fn places_are_filled_and_unknown_ones_refused() {
        let resources = Resources { cpus: 2.0, nodes: 2, tasks: 5, mpi: true, ..Resources::default() };
        let launcher =
            Launcher::new("mpiexec -n {tasks} -ppn {tasks_per_node} --nodes={nodes} --bind={cpus}").unwrap();
        let words: Vec<String> =
            launcher.words(&resources).unwrap().into_iter().map(|word| word.into_string().unwrap()).collect();
        assert_eq!(words, ["mpiexec", "-n", "5", "-ppn", "3", "--nodes=2", "--bind=2"]);
        assert!(Launcher::new("srun {ranks}").unwrap_err().contains("`{ranks}`"));
        assert!(Launcher::new("  ").is_err());
        assert_eq!(Launcher::default().program(), "mpirun");
    }
}
