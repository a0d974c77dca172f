//! The engines, one folder each.

pub(crate) mod gridengine;
#[path = "local-ssh/mod.rs"]
pub(crate) mod local_ssh;
pub(crate) mod pbs;
pub(crate) mod slurm;
