//! The engines, one folder each.

pub(crate) mod gridengine;
pub(crate) mod pbs;
pub(crate) mod slurm;
