//! A mirror job: a process here that stands for a job there. It submits the job, shows what it prints while it prints it, fetches what
//! it leaves, and ends as it ends.

pub(crate) mod files;
mod follow;
mod job;

pub(crate) use follow::mark;
pub use follow::{Mirror, MirrorError, Mirrored, Voice};
pub use job::{MirrorJob, is_below, read_job};
