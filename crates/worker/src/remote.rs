//! A worker at the far end of a connection: the worker of this process, its orders from and its news to a server elsewhere.
//!
//! There is one WebSocket, opened by the worker, with binary frames ([`wire`]). Whatever breaks (the network, the server, its machine) the
//! worker goes on with what it holds, connects again and says what it has: the runs that it holds and the results that the server has
//! not said are kept. Nothing depends on which messages were on their way when the connection broke.

mod account;
mod client;
mod connection;
pub mod content;
mod post;
mod scratch;
mod shelf;
mod speech;
mod spool;
mod staging;
mod trust;
mod via;
pub mod wire;

pub use client::{Ended, Leave, Progress, RemoteOptions, Told, Why, last_call, serve};
pub use connection::{Address, ConnectError};
pub use trust::trust;
pub use via::{HostPort, Via};
