//! The view in the process that works on the study: on a thread of its own, with a store of its own, so that the engine never waits for it.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use paramo_model::Moment;
use paramo_store::StudyRow;
use tokio::sync::{oneshot, watch};

use super::look::{Watcher, look};
use super::source::Source;
use crate::failure::{Failure, Result};
use crate::store::Place;

/// A view that is shown. Closed when dropped.
pub struct Seat {
    close: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Result<()>>>,
}

impl Seat {
    /// Opens the view. It is closed by the person, or by [`Seat::close`].
    pub fn open(
        place: &Place,
        row: &StudyRow,
        moments: watch::Receiver<Option<Arc<Moment>>>,
        every: Duration,
    ) -> Result<Seat> {
        let failed = |error| Failure::unavailable(format!("cannot open the view: {error}"));
        let (close, until) = oneshot::channel();
        let (place, row) = (place.again(), row.clone());
        let thread = std::thread::Builder::new().name("view".to_owned()).spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
            runtime.block_on(async {
                let place = place.await?;
                look(Watcher { place, row, source: Source::Here(moments), every, until: Some(until) }).await
            })
        });
        Ok(Seat { close: Some(close), thread: Some(thread.map_err(failed)?) })
    }

    /// Whether the person has left the view, or it could not be shown: then what happens is told in lines.
    pub fn is_left(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Closes the view and waits until the terminal is given back. The error is why it could not be shown.
    pub fn close(&mut self) -> Result<()> {
        // It may have been left before.
        let _ = self.close.take().map(|close| close.send(()));
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(shown)) => shown,
            // Its panic has been told on the terminal.
            Some(Err(_)) | None => Ok(()),
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let _ = self.close();
    }
}
