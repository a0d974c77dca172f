//! What would fail every run of a study alike, found before the first one: a program that is not there, resources that nobody has.

use std::path::Path;

use paramo_model::{Capacity, Program, Resources, Study, Ticket};

use crate::launcher::Launcher;
use crate::ledger::Ledger;
use crate::prepared::program;

/// Whether runs of a study can be started within a capacity at all. The error says what is missing and what to do.
pub fn preflight(study: &Study, capacity: &Capacity) -> Result<(), String> {
    let source = Path::new(&study.source);
    match &study.application.program {
        // A program that is itself a parameter is looked up run by run.
        Program::Command(argv) => {
            if let Some(word) = argv.first().filter(|word| word.slots().next().is_none()) {
                program(&word.render(|_, _| {}), source)?;
            }
        }
        Program::Function { python, .. } => {
            program(python.as_deref().unwrap_or("python3"), source)?;
        }
    }
    let resources = &study.application.resources;
    if resources.nodes > 1 {
        return Err(format!(
            "a run is spread over {} nodes, and this machine is one; let it run at a site, as by --site",
            resources.nodes
        ));
    }
    if resources.mpi {
        let launcher = Launcher::default();
        program(launcher.program(), source).map_err(|error| {
            format!("{error}; it starts the tasks of `mpi = true`: install MPI (Debian: openmpi-bin), or let it run at a site")
        })?;
    }
    room(resources, capacity).map(|_| ())
}

/// How many runs of these resources fit a capacity at once. The error says what is missing for even one.
pub fn room(resources: &Resources, capacity: &Capacity) -> Result<usize, String> {
    let any = Ticket::new(0, 1);
    let ledger = Ledger::new(capacity.clone(), usize::MAX);
    Ok(ledger.slots(&ledger.need(resources, &any)?))
}
