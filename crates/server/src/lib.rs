//! Paramo for a group: the engine behind one API, with a stream of what happens and a page.
//!
//! [`Host`] works on many studies at once and is all that changes anything; [`router`] puts it on HTTP. Everything under
//! `/api/v1` is described by the OpenAPI document that is made from the code ([`openapi`]).

mod access;
mod api;
mod cache;
mod chart;
mod clock;
mod config;
mod host;
mod hub;
pub mod jobs;
mod login;
mod ordered;
mod own_certificate;
mod people;
mod pools;
mod portal;
mod problem;
mod serve;
mod shape;
mod workers;

pub use access::Token;
pub use api::{App, openapi, router, worker_router};
pub use config::{Config, PublicUrl, Tls};
pub use host::{Host, HostError};
pub use own_certificate::OwnCertificate;
pub use people::Service;
pub use people::roles::page as roles_page;
pub use pools::{Choice, Kept, Place, PoolView, Pools, Queue};
pub use serve::{Door, serve};
pub use workers::Patience;
