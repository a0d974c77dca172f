//! Allocations on sites, as many as there is work for: what is wanted is compared with what there is, again and again.
//!
//! One [`keeper`] looks after each site. What it has asked for is in the store before it asks, so a server that dies in between, or is
//! started again, finds all of it. [`asking`] and [`whole`] are how it asks for more, [`demand`] says what waits, [`registry`] what there is, and [`tally`] counts it.
//! [`auto`] and [`choosing`] decide for studies that may go anywhere.

mod asking;
mod auto;
mod choosing;
mod demand;
mod keeper;
mod registry;
mod seat;
mod tally;
mod way;
mod whole;

use std::sync::Arc;

use paramo_sites::{Connection, Description, EngineError};
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use auto::{Choice, Place, Queue};
pub(crate) use demand::{Waiting, Wants};
use way::Way;

pub use registry::PoolView;
pub(crate) use registry::Registry;

use crate::host::Host;
use crate::people::Service;

/// A site whose pools are kept, and how its workers reach this server.
pub struct Kept {
    pub site: Description,
    /// The address of the server, as a worker there is told it: `https://HOST:PORT/BASE`.
    pub server: String,
    /// The certificate of the server, where it is its own (PEM).
    pub authority: Option<String>,
    /// The port of this host to which the site's workers come through its login node; without it they come by themselves.
    pub relayed: Option<u16>,
    /// This program, for the site to run.
    pub program: std::path::PathBuf,
}

/// What looks after the sites, until it is told to end.
pub struct Pools {
    registry: Arc<Registry>,
    stop: watch::Sender<Ending>,
    keepers: Vec<JoinHandle<()>>,
}

/// How much longer the sites are looked after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Ending {
    Go,
    /// Until everything that was asked for has ended.
    Close,
    Now,
}

impl Pools {
    /// Looks after the pools of these sites from now on. What was asked for by a server before this one is taken up.
    ///
    /// # Errors
    ///
    /// A sentence when the store does not answer, or a site cannot be spoken with from here.
    pub async fn start(host: &Arc<Host>, people: &Arc<Service>, sites: Vec<Kept>) -> Result<Pools, String> {
        let seat = Arc::new(seat::Seat::take(Arc::clone(people)).await?);
        let mut known = Vec::new();
        for kept in &sites {
            known.extend(seat.sorted(&kept.site.name).await?.0);
        }
        let registry = Arc::new(Registry::new(sites.iter().map(|kept| &kept.site), known));
        let (stop, stopped) = watch::channel(Ending::Go);
        let mut reached = Vec::new();
        let key = people.store().identity().await.map_err(|error| error.to_string())?;
        for kept in sites {
            let name = kept.site.name.clone();
            if kept.site.login.is_none() {
                // Tokens of workers are in there, and the study's directory may be above it.
                let _ = std::fs::create_dir_all(&kept.site.directory);
                host.keep_private(&[(&kept.site.directory).into()]);
            }
            let failed = |error: EngineError| format!("site {name}: {error}");
            let connection = Connection::to(kept.site).map_err(failed)?;
            let way = Way {
                server: kept.server,
                authority: kept.authority,
                relayed: kept.relayed,
                key: key.clone(),
            };
            reached.push((connection, way, kept.program));
        }
        host.set_pools(Arc::clone(&registry));
        let keepers = reached.into_iter().map(|(connection, way, program)| {
            let keeper = keeper::Keeper::new(
                connection,
                (way, program),
                Arc::downgrade(host),
                Arc::clone(people),
                (Arc::clone(&registry), Arc::clone(&seat)),
            );
            tokio::spawn(keeper.keep(stopped.clone()))
        });
        Ok(Pools { keepers: keepers.collect(), registry, stop })
    }

    /// Ends what was asked for: what waits is cancelled, and workers are sent away. Returns when all of it has ended, or after a while
    /// without the site's word.
    pub async fn close(self) {
        self.stop.send_replace(Ending::Close);
        for keeper in self.keepers {
            // It does not panic by itself, and nobody aborts it.
            let _ = keeper.await;
        }
    }

    /// Leaves everything to the next server.
    pub async fn leave(self) {
        self.stop.send_replace(Ending::Now);
        for keeper in self.keepers {
            let _ = keeper.await;
        }
    }

    /// The pools as they are.
    pub fn views(&self) -> Vec<PoolView> {
        self.registry.views()
    }
}
