//! One end of the conversation with a worker, as the engine holds it.

use async_trait::async_trait;
use paramo_model::{FromWorker, ToWorker};

/// A worker at the other end of something: a queue in this process, or a connection.
#[async_trait]
pub trait Link: Send {
    /// Hands over an order. Never blocks on the worker; an order to a worker that is gone is dropped.
    fn send(&mut self, order: ToWorker);

    /// The next messages, at least one, in the order in which they were said; `None` after [`FromWorker::Gone`]. Nothing is lost when the
    /// future is dropped before it is ready.
    async fn receive(&mut self) -> Option<Vec<FromWorker>>;
}
