//! What goes on in a study of a server, moment by moment, for the view on the terminal.

use std::sync::Arc;
use std::time::Duration;

use paramo_client::{Events, Happening, Heard, Server};
use paramo_model::{Moment, Progress, StudyId, Timestamp};
use tokio::sync::watch;

/// What is worked on is heard of several times a second; a server that says nothing for so long is asked.
pub const QUIET: Duration = Duration::from_secs(5);

/// The moments of a study, until it ends or nobody listens.
pub fn moments(server: &Server, study: StudyId) -> watch::Receiver<Option<Arc<Moment>>> {
    let (to, moments) = watch::channel(None);
    let server = server.clone();
    tokio::spawn(async move {
        let mut events = Events::new(&server, study);
        let mut notice = None;
        loop {
            let heard = tokio::select! {
                heard = events.next() => heard,
                () = to.closed() => return,
                // It may have ended at the very moment from which on it was listened to.
                () = tokio::time::sleep(QUIET) => Ok(Heard::Connected),
            };
            let progress = match heard {
                Ok(Heard::Connected) => match server.now(study).await {
                    Ok((true, progress)) => progress,
                    Ok((false, _)) => return,
                    Err(error) if error.passes() => None,
                    Err(_) => return,
                },
                Ok(Heard::Lost { why }) => {
                    notice = Some(why);
                    None
                }
                Ok(Heard::Happened(Happening::Progress(progress) | Happening::Started { progress, .. })) => {
                    Some(progress)
                }
                Ok(Heard::Happened(Happening::Notice { message })) => {
                    notice = Some(message);
                    None
                }
                Ok(Heard::Happened(Happening::Changed)) => None,
                Ok(Heard::Happened(
                    Happening::Stopped { .. } | Happening::Failed { .. } | Happening::Deleted,
                ))
                | Err(_) => return,
            };
            if let Some(progress) = progress {
                to.send_replace(Some(Arc::new(moment(&server, study, progress, notice.clone()).await)));
            }
        }
    });
    moments
}

/// A moment: how far it is, and what runs. What runs is left out when the server does not say it.
pub async fn moment(server: &Server, study: StudyId, progress: Progress, notice: Option<String>) -> Moment {
    let now = match progress.running {
        0 => Default::default(),
        _ => server.running(study).await.unwrap_or_default(),
    };
    let newest = now.runs.iter().map(|run| run.since).max().unwrap_or_default();
    // To the second, so that a run may seem to begin after it.
    let at: Timestamp = now.at.unwrap_or(newest).max(newest);
    Moment { at, progress, notice, running: now.runs, ..Moment::default() }
}
