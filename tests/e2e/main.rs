//! The binary end to end: what is typed, what is answered, what is left behind. One test binary, one file a subject.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod accounting;
mod api_results;
mod api_studies;
mod architecture;
mod auto;
mod crash;
mod designs;
mod designs_classical;
mod docs;
mod faults;
mod gridengine;
mod hostile;
mod job;
mod limits;
mod local_ssh;
mod login;
mod memory;
mod messages;
mod mirror;
mod mpi;
mod people;
mod people_door;
mod people_roles;
mod plots;
mod pool_faults;
mod pool_time;
mod pools;
mod portal;
mod portal_faults;
mod postgres;
mod relay;
mod remote;
mod remote_door;
mod results;
mod run_ui;
mod schemathesis;
mod server;
mod server_crash;
mod sites;
mod staging;
mod study;
mod watch;
mod whole;
mod workers;
