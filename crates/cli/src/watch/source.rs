//! Where the view hears what runs now: from this process, from another one, or from nobody for the time being.

use std::path::Path;
use std::sync::Arc;

use paramo_engine::Follow;
use paramo_model::{Moment, StudyId};
use tokio::sync::watch;

use crate::remote;
use crate::store::Place;

/// Somebody who says what goes on.
pub enum Source {
    /// This process works on the study, or hears of it from a server.
    Here(watch::Receiver<Option<Arc<Moment>>>),
    /// Another does.
    There(Follow),
    Nobody,
}

impl Source {
    /// Looks for who works on a study. One that has just begun, or that cannot be reached, is nobody.
    pub async fn find(place: &Place, study: StudyId) -> Source {
        if let Some(server) = place.server() {
            // Reading it says whether the server works on it.
            let read = place.store.study(study).await;
            return match read.is_ok() && place.holder(study).is_some() {
                true => Source::Here(remote::moments(server, study)),
                false => Source::Nobody,
            };
        }
        Follow::reach(Path::new(&place.directory), study).await.map_or(Source::Nobody, Source::There)
    }

    pub fn is_nobody(&self) -> bool {
        matches!(self, Source::Nobody)
    }

    /// The next moment; `None` once nobody speaks any more. Waits for good while there is nobody.
    pub async fn next(&mut self) -> Option<Arc<Moment>> {
        match self {
            Source::Here(moments) => loop {
                moments.changed().await.ok()?;
                if let Some(moment) = moments.borrow_and_update().clone() {
                    return Some(moment);
                }
            },
            Source::There(follow) => follow.next().await.ok().flatten().map(Arc::new),
            Source::Nobody => std::future::pending().await,
        }
    }
}
