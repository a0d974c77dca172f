//! What happens, as server-sent events: each with a number, after which a reader that was cut off goes on.

use std::convert::Infallible;
use std::fmt::Write;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use paramo_model::StudyId;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{App, study};
use crate::hub::News;
use crate::problem::Result;

/// Changes are sent together when they come faster: a thousand readers cost a thousand writes for each of these, not for each change.
const TOGETHER: Duration = Duration::from_millis(100);
/// A quiet connection is kept open by a comment, so that proxies let it be and a lost reader is noticed.
const QUIET: Duration = Duration::from_secs(15);

/// Of what.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
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
    of: std::result::Result<Query<Of>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
) -> Result<Response> {
    let Query(of) = of?;
    let only = match of.study {
        Some(word) => Some(study(&app, &word).await?.id),
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
    let reader = Reader { app, only, seen: first.seen, bell };
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
}

impl Reader {
    /// The next bytes; `None` when the server ends.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            match tokio::time::timeout(QUIET, self.bell.changed()).await {
                Err(_) => return Some(Bytes::from_static(b":\n\n")),
                Ok(Err(_)) => return None,
                Ok(Ok(())) => {}
            }
            tokio::time::sleep(TOGETHER).await;
            self.bell.mark_unchanged();
            let hub = self.app.host.hub();
            let news = hub.after(Some(self.seen), self.only);
            self.seen = news.seen;
            if news.missed || !news.changes.is_empty() {
                return Some(Bytes::from(text(hub.epoch(), &news)));
            }
        }
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
