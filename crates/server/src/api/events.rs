//! What happens, as server-sent events: each with a number, after which a reader that was cut off goes on. A reader hears of the studies
//! that they see; they are looked at again while they listen, for rights are taken away.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use paramo_model::{Name, StudyId};
use serde::Deserialize;
use utoipa::IntoParams;

use super::App;
use crate::access::extract::By;
use crate::access::{self, Known, Sight};
use crate::hub::{Change, News};
use crate::people::roles::Action;
use crate::problem::Result;

/// Changes are sent together when they come faster: a thousand readers cost a thousand writes for each of these, not for each change.
const TOGETHER: Duration = Duration::from_millis(100);
/// A quiet connection is kept open by a comment, so that proxies let it be and a lost reader is noticed.
const QUIET: Duration = Duration::from_secs(15);

/// Rights are looked at again after so long, whatever this server knows of them: another one of the same store may have changed them.
const RIGHTS: Duration = Duration::from_secs(15);

/// The projects of studies, which never change: what an event is about may be gone from the store when it is told.
#[derive(Debug, Default)]
pub struct Projects(Mutex<HashMap<StudyId, Name>>);

impl Projects {
    /// The project of a study, from the store when it is not known yet.
    async fn of(&self, app: &App, id: StudyId) -> Option<Name> {
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(name) = known().get(&id) {
            return Some(name.clone());
        }
        let summaries = app.host.store().summaries().await.ok()?;
        let mut projects = known();
        projects.extend(summaries.into_iter().map(|summary| (summary.id, summary.project)));
        projects.get(&id).cloned()
    }
}

/// Of what.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Of {
    /// Only what concerns this study.
    study: Option<String>,
}

/// What happens from now on, or after the event whose id is sent as `Last-Event-ID`
///
/// Events are `progress`, `notice`, `study-created`, `study-changed`, `study-taken-up`, `study-started`, `study-stopped`, `study-failed` and
/// `study-deleted`, with a JSON document each; `missed` says that more has happened than is still known, and everything is to be read anew.
#[utoipa::path(get, path = "/events", tag = "system",
    params(Of, ("Last-Event-ID" = Option<String>, Header, description = "the last event seen")),
    responses((status = 200, description = "server-sent events", content_type = "text/event-stream", body = String)))]
pub(super) async fn stream(
    State(app): State<App>,
    By(caller): By,
    of: std::result::Result<Query<Of>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
) -> Result<Response> {
    let Query(of) = of?;
    let only = match of.study {
        Some(word) => Some(access::study(&app, &caller, &word).await?.id),
        None => None,
    };
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let epoch = app.host.hub().epoch();
    let (seen, stranger) = match last.and_then(|last| last.split_once('-')) {
        Some((of, number)) if of.parse() == Ok(epoch) => (number.parse().ok(), false),
        Some(_) => (None, true),
        None => (None, last.is_some()),
    };
    let mut first = app.host.hub().after(seen, only);
    first.missed |= stranger;
    let bell = app.host.hub().bell();
    let rights = app.people.rights();
    let sight = caller.sight(Action::StudyRead);
    let reader = Reader { app, only, seen: first.seen, bell, rights, looked: Instant::now(), headers, sight };
    reader.leave_out(&mut first).await;
    let begin = Bytes::from(format!("retry: 1000\n\n{}", text(epoch, &first)));
    let body = stream::unfold((Some(begin), reader), |(begin, mut reader)| async move {
        let bytes = match begin {
            Some(begin) => begin,
            None => reader.next().await?,
        };
        Some((Ok::<_, Infallible>(bytes), (None, reader)))
    });
    let mut response = Body::from_stream(body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    // A proxy that gathers would hold it back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

struct Reader {
    app: App,
    only: Option<StudyId>,
    seen: u64,
    bell: tokio::sync::watch::Receiver<u64>,
    /// Rings when somebody's rights may have changed.
    rights: tokio::sync::watch::Receiver<u64>,
    looked: Instant,
    /// What the reader showed when they came.
    headers: HeaderMap,
    sight: Sight,
}

impl Reader {
    /// The next bytes; `None` when the server ends, or the reader may not listen any more.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            match tokio::time::timeout(QUIET, self.bell.changed()).await {
                Err(_) => {
                    self.look().await?;
                    return Some(Bytes::from_static(b":\n\n"));
                }
                Ok(Err(_)) => return None,
                Ok(Ok(())) => {}
            }
            tokio::time::sleep(TOGETHER).await;
            self.bell.mark_unchanged();
            if self.rights.has_changed().unwrap_or(false) || self.looked.elapsed() > RIGHTS {
                self.look().await?;
            }
            let mut news = self.app.host.hub().after(Some(self.seen), self.only);
            self.seen = news.seen;
            self.leave_out(&mut news).await;
            if news.missed || !news.changes.is_empty() {
                return Some(Bytes::from(text(self.app.host.hub().epoch(), &news)));
            }
        }
    }

    /// Looks at the rights again; `None` when the reader is not known any more.
    async fn look(&mut self) -> Option<()> {
        self.rights.mark_unchanged();
        self.looked = Instant::now();
        match access::known(&self.app.people, &self.headers, false).await {
            Ok(Known::Yes(caller) | Known::Forged(caller)) => {
                self.sight = caller.sight(Action::StudyRead);
                Some(())
            }
            Ok(Known::No) | Err(_) => None,
        }
    }

    /// Leaves out what the reader does not see.
    async fn leave_out(&self, news: &mut News) {
        if self.sight == Sight::All {
            return;
        }
        let mut seen: Vec<Arc<Change>> = Vec::with_capacity(news.changes.len());
        for change in news.changes.drain(..) {
            let shown = match change.study {
                None => !matches!(self.sight, Sight::Study(_)),
                Some(id) => match self.app.projects.of(&self.app, id).await {
                    Some(project) => self.sight.has(id, &project),
                    None => false,
                },
            };
            if shown {
                seen.push(change);
            }
        }
        news.changes = seen;
    }
}

fn text(epoch: u64, news: &News) -> String {
    let mut text = String::new();
    if news.missed {
        text.push_str("event: missed\ndata: {}\n\n");
    }
    for change in &news.changes {
        // Writing to a string cannot fail.
        let _ =
            write!(text, "id: {epoch}-{}\nevent: {}\ndata: {}\n\n", change.number, change.kind, change.json);
    }
    text
}
