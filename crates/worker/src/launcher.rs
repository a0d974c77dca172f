//! What starts the tasks of a run that is more than one process, as ranks of MPI: `srun`, `mpirun`, or whatever a site has.

use std::ffi::CString;

use paramo_model::Resources;

use crate::prepared::{c_string, cpus};

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

#[cfg(test)]
mod tests {
    use super::*;

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
