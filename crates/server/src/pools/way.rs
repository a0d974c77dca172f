//! How the workers of a site reach this server: by themselves, or through a relay on its login node that is started here and kept.

use std::time::{Duration, Instant};

use paramo_sites::{AccessError, Connection, Relay};

/// The wait after a relay has ended or did not start doubles from the first to the last.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LAST_WAIT: Duration = Duration::from_secs(60);

pub(super) struct Way {
    /// As a worker is told it.
    pub server: String,
    /// The certificate of the server, where it is its own (PEM).
    pub authority: Option<String>,
    /// The port of this host that a relay leads to.
    pub relayed: Option<u16>,
    /// Tells the relays of this server from those of others.
    pub key: String,
}

/// The relay of a site, when it is there.
#[derive(Default)]
pub(super) struct Kept {
    relay: Option<Relay>,
    /// The next attempt to start one, and the wait after it.
    again: Option<(Instant, Duration)>,
}

/// What has become of a relay.
pub(super) enum Change {
    Ended(String),
    Failed(AccessError),
}

impl Kept {
    /// Starts it if it is not there, and gives the file in which workers find it. Nothing while it is waited for.
    pub async fn keep(
        &mut self,
        connection: &Connection,
        way: &Way,
        port: u16,
        program: &str,
    ) -> Result<Option<String>, Change> {
        if let Some(relay) = &mut self.relay {
            match tokio::time::timeout(Duration::ZERO, relay.ended()).await {
                Err(_) => return Ok(Some(relay.file.clone())),
                Ok(why) => {
                    self.relay = None;
                    self.later();
                    return Err(Change::Ended(why));
                }
            }
        }
        if self.again.is_some_and(|(at, _)| Instant::now() < at) {
            return Ok(None);
        }
        match connection.relay(program, &way.key, port).await {
            Ok(relay) => {
                self.again = None;
                Ok(Some(self.relay.insert(relay).file.clone()))
            }
            Err(error) => {
                self.later();
                Err(Change::Failed(error))
            }
        }
    }

    fn later(&mut self) {
        let wait = self.again.map_or(FIRST_WAIT, |(_, wait)| wait.saturating_mul(2).min(LAST_WAIT));
        self.again = Some((Instant::now() + wait, wait));
    }
}
