//! Workers elsewhere: what comes and goes over their connections, and what is remembered of them.
//!
//! To the [`Switchboard`](paramo_engine::Switchboard) a connection is a [`Link`](paramo_worker::Link) like that of a worker in this process.

mod connection;
mod files;
mod notes;
mod sight;
mod sources;

use std::time::Duration;

use paramo_model::Name;
use paramo_store::{Allocation, Hashed};

pub(crate) use connection::receive;
pub(crate) use notes::listen;
pub(crate) use sources::Sources;

/// How patient a server is with workers elsewhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Patience {
    /// Something is said over each connection at least this often; three times that without a word is a broken connection.
    pub heartbeat: Duration,
    /// A worker that is not heard of for so long loses its runs to others.
    pub grace: Duration,
    /// How long a server that starts waits for the workers of the one before it: until they are back, nothing of their studies is begun.
    pub returning: Duration,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience {
            heartbeat: Duration::from_secs(5),
            grace: Duration::from_secs(120),
            returning: Duration::from_secs(15),
        }
    }
}

/// What a worker has shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pass {
    /// The only project whose studies it may have.
    pub project: Option<Name>,
    /// The allocation that its token is of.
    pub allocation: Option<Allocation>,
    /// Its token, to be looked at again; none with that of whoever started the server.
    pub token: Option<Hashed>,
}

#[cfg(test)]
mod tests;
