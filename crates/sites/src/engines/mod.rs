//! The engines, one folder each.

pub(crate) mod slurm;
