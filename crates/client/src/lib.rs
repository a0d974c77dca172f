//! A server as the command line sees it: its API, what it tells of what happens, and a [`Store`](paramo_store::Store) over them.
//!
//! [`RemoteStore`] reads the store's own batches over HTTP, so whatever reads a store reads a server. [`Server`] carries what people ask for;
//! [`Events`] goes on after the connection was lost. [`Credentials`] keeps a token for each server.

mod address;
mod calls;
mod credentials;
mod error;
mod events;
mod http;
mod jobs;
mod people;
mod shape;
mod sse;
mod store;
mod tls;

pub use address::ServerAddress;
pub use calls::{Begun, NewStudy, Server, file_text};
pub use credentials::{Credentials, Known, Secret};
pub use error::{ClientError, Fault, Problem, Result};
pub use events::{Events, Happening, Heard};
pub use people::{Device, NewToken, Polled, Session, SessionProject, SessionUser, TokenRow, WorkerTokenRow};
pub use shape::{GrantedShape, PoolShape, RunningNow};
pub use store::RemoteStore;
