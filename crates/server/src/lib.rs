//! Paramo for a group: the engine behind one API, with a stream of what happens and a page.
//!
//! [`Host`] works on many studies at once and is all that changes anything; [`router`] puts it on HTTP. Everything under
//! `/api/v1` is described by the OpenAPI document that is made from the code ([`openapi`]).

mod access;
mod api;
mod cache;
mod chart;
mod host;
mod hub;
mod ordered;
mod problem;
mod shape;

pub use access::Token;
pub use api::{App, openapi, router};
pub use host::{Host, HostError};
