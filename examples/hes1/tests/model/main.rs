//! The model against what is known exactly, against an independent solver, and at the command line.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as the tests do")]

mod command;
mod physics;
mod reference;
mod rhythm;
