//! What the worker has to say, gathered so that thousands of reports cost the engine a few wake-ups.
//!
//! A message waits a few milliseconds for others to join it. Messages that somebody waits for do not.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use paramo_model::FromWorker;
use tokio::sync::Notify;

/// How long a message waits for others.
const LINGER: Duration = Duration::from_millis(8);

/// So many messages wait for no more.
const FULL: usize = 4096;

#[derive(Debug, Default)]
pub(crate) struct Outbox {
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    messages: Vec<FromWorker>,
    since: Option<Instant>,
    urgent: bool,
}

impl Outbox {
    /// Adds messages; urgent ones are delivered at once, with all that came before them.
    pub fn push(&self, messages: impl IntoIterator<Item = FromWorker>, urgent: bool) {
        let mut waiting = self.lock();
        let before = waiting.messages.len();
        waiting.messages.extend(messages);
        let after = waiting.messages.len();
        if after == before {
            return;
        }
        let hurry = (urgent || after >= FULL) && !waiting.urgent;
        waiting.urgent |= hurry;
        if before == 0 {
            waiting.since = Some(Instant::now());
        }
        drop(waiting);
        if before == 0 || hurry {
            self.arrived.notify_one();
        }
    }

    /// The next messages, at least one. Nothing is lost when the future is dropped.
    pub async fn receive(&self) -> Vec<FromWorker> {
        loop {
            let ready_at = {
                let mut waiting = self.lock();
                match waiting.since {
                    None => None,
                    Some(since) if waiting.urgent || since.elapsed() >= LINGER => {
                        waiting.since = None;
                        waiting.urgent = false;
                        // The next batch is likely to be as large.
                        let room = waiting.messages.len();
                        return std::mem::replace(&mut waiting.messages, Vec::with_capacity(room));
                    }
                    Some(since) => Some(since + LINGER),
                }
            };
            match ready_at {
                None => self.arrived.notified().await,
                // Only something urgent cuts the wait short; either way the loop looks again.
                Some(at) => _ = tokio::time::timeout_at(at.into(), self.arrived.notified()).await,
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // A list of messages is whole whatever happened to a thread that held it.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(text: &str) -> FromWorker {
        FromWorker::Notice(text.to_owned())
    }

    #[tokio::test]
    async fn messages_are_gathered_in_order_and_none_is_lost() {
        let outbox = Outbox::default();
        outbox.push([notice("a")], false);
        // A receiver that gives up while messages wait must not take them along.
        assert!(tokio::time::timeout(Duration::ZERO, outbox.receive()).await.is_err());
        outbox.push([notice("b")], true);
        let got: Vec<String> = outbox.receive().await.into_iter().map(|m| format!("{m:?}")).collect();
        assert_eq!(got, [r#"Notice("a")"#, r#"Notice("b")"#]);
        assert!(tokio::time::timeout(Duration::ZERO, outbox.receive()).await.is_err());
    }
}
