//! Slurm: by its commands, on a host that has them, or by slurmrestd.

mod clock;
mod commands;
mod nodes;
mod options;
mod rest;
mod restdb;
mod sbatch;
mod states;
mod tasks;
mod token;

use std::sync::Arc;

use crate::access::Access;
use crate::{Description, Engine, EngineError, EngineKind};

pub use states::{Meaning, STATES, SlurmState};

/// The word for it in messages.
const SLURM: &str = "Slurm";
/// Slurm by HTTP, in messages.
const RESTD: &str = "slurmrestd";

/// The kind of engine that Slurm is.
pub struct Slurm;

impl EngineKind for Slurm {
    fn name(&self) -> &'static str {
        "slurm"
    }

    fn help(&self) -> &'static str {
        "a cluster with Slurm, by its commands (on this host or over SSH) or by slurmrestd"
    }

    fn launcher(&self) -> &'static str {
        "srun --nodes={nodes} --ntasks={tasks} --cpus-per-task={cpus} --kill-on-bad-exit=1"
    }

    fn connect(&self, site: &Description, access: Arc<Access>) -> Result<Box<dyn Engine>, EngineError> {
        Ok(match &site.rest {
            Some(rest) => Box::new(rest::ByRest::new(rest)?),
            None => Box::new(commands::ByCommands::new(access)),
        })
    }
}
