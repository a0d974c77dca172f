//! How a study stood before the server was asked for anything, and whether somebody wants to leave.

use paramo_store::{Seq, StudyRow};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::args::Making;
use crate::failure::{Failure, Result};
use crate::store::Place;

/// What is told later begins here.
pub struct Since {
    /// The newest batch, where every run is to be told.
    pub after: Seq,
    /// Runs that had ended, and those of them that had failed.
    pub done: u64,
    pub failed: u64,
    pub leave: Leave,
}

/// Ctrl-C and its like, from the moment on at which there is something to leave.
pub struct Leave([Signal; 3]);

impl Since {
    /// Of a study that is not there yet.
    pub fn nothing() -> Result<Since> {
        Ok(Since { after: Seq(0), done: 0, failed: 0, leave: Leave::listen()? })
    }

    /// Of a study of a server; `None` where a store is at hand.
    pub async fn of(place: &Place, row: &StudyRow, making: &Making) -> Result<Option<Since>> {
        let Some(store) = place.served() else { return Ok(None) };
        let leave = Leave::listen()?;
        let after = match making.json && !making.detach {
            true => store.newest(row.id).await?,
            false => Seq(0),
        };
        Ok(Some(Since { after, done: row.counts.done(), failed: row.counts.failed, leave }))
    }

    /// So many of the failed runs are open again.
    pub fn reopened(&mut self, runs: u64) {
        self.done = self.done.saturating_sub(runs);
        self.failed = self.failed.saturating_sub(runs);
    }
}

impl Leave {
    fn listen() -> Result<Leave> {
        let listen = |kind| {
            signal(kind).map_err(|error| Failure::unavailable(format!("cannot listen to signals: {error}")))
        };
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let [interrupt, terminate, hangup] = kinds.map(listen);
        Ok(Leave([interrupt?, terminate?, hangup?]))
    }

    /// Returns when somebody wants to leave.
    pub async fn asked(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}
