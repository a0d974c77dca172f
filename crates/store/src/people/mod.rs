//! What is remembered about people: users, how they come in, projects and roles, and what they did.
//!
//! Everything is asked through [`People`], which both engines answer alike. Secrets are not kept: credentials are hashes, and what
//! has to be read again is sealed before it comes here. What changes several things at once is one transaction.

pub(crate) mod bodies;
mod contract;
pub(crate) mod engine;
mod sql;
mod types;

#[cfg(test)]
pub(crate) mod tests;

pub use contract::People;
pub use types::*;
