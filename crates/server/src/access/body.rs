//! Reads the body of a request, as a whole and within bounds of size and time: a sender that trickles does not hold anything up.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use http_body_util::BodyExt;
use hyper::body::Body as _;
use serde::de::IgnoredAny;
use tokio::time::Instant;

use crate::problem::{Problem, Result};

/// The largest body of somebody who is known, in bytes, and of anybody else.
pub const LARGEST: usize = 16 * 1024 * 1024;
pub const LARGEST_OF_STRANGERS: usize = 64 * 1024;

/// Bytes a second, below which a body has to come within the grace.
const PACE: u64 = 16 * 1024;
/// How long more is taken in, and thrown away, of a body that was refused: whoever sends it would else find the connection broken before
/// the answer.
const LINGER: Duration = Duration::from_secs(1);

/// The whole body, which may take `grace`, and longer the more of it has come. The error is 413 for one that is too large, 408 for one that
/// comes too slowly, 400 for one that was cut off.
pub async fn read(mut body: Body, largest: usize, grace: Duration) -> Result<Bytes> {
    let begun = Instant::now();
    let mut read = Vec::new();
    // What is announced need not be waited for.
    if body.size_hint().lower() > largest as u64 {
        return Err(refused(body, largest));
    }
    loop {
        let late = begun + grace + Duration::from_secs(read.len() as u64 / PACE);
        let frame = match tokio::time::timeout_at(late, body.frame()).await {
            Ok(Some(Ok(frame))) => frame,
            Ok(Some(Err(error))) => {
                return Err(Problem::bad_input(format!("the body was cut off: {error}")));
            }
            Ok(None) => return Ok(read.into()),
            Err(_) => {
                let detail = "the body comes too slowly; send it anew over a better connection";
                return Err(Problem::bad_input(detail).with_status(StatusCode::REQUEST_TIMEOUT));
            }
        };
        let Ok(data) = frame.into_data() else { continue };
        if read.len() + data.len() > largest {
            return Err(refused(body, largest));
        }
        read.extend_from_slice(&data);
    }
}

fn refused(mut body: Body, largest: usize) -> Problem {
    tokio::spawn(tokio::time::timeout(LINGER, async move { while let Some(Ok(_)) = body.frame().await {} }));
    let detail = format!("the body is too large: at most {largest} bytes are taken");
    Problem::bad_input(detail).with_status(StatusCode::PAYLOAD_TOO_LARGE)
}

/// No text of a body holds the character U+0000, which PostgreSQL takes in none. In JSON it can only be escaped.
pub fn text(body: &[u8]) -> Result<()> {
    let escape = b"\\u0000";
    let mut from = 0;
    while let Some(at) = body[from..].windows(escape.len()).position(|part| part == escape) {
        let at = from + at;
        let backslashes = body[..at].iter().rev().take_while(|byte| **byte == b'\\').count();
        if backslashes % 2 == 0 {
            return Err(Problem::unprocessable("no text holds the character U+0000"));
        }
        from = at + escape.len();
    }
    Ok(())
}

/// Every body of the API is an object; a list would be taken for one whose fields come without their names. What is no JSON at all is for
/// the handler to say.
pub fn object(body: &[u8]) -> Result<()> {
    let is_object = body.trim_ascii_start().first().is_none_or(|first| *first == b'{');
    if is_object || serde_json::from_slice::<IgnoredAny>(body).is_err() {
        return Ok(());
    }
    let detail = "the body: expected an object, as in {\"name\": …}";
    Err(Problem::bad_input(detail).with_status(StatusCode::UNPROCESSABLE_ENTITY))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream;

    use super::*;

    #[test]
    fn a_text_without_an_end_is_refused_however_it_is_written() {
        for (body, fits) in [
            (r#"{"a": "\u0000"}"#, false),
            (r#"{"a": "\\\u0000"}"#, false),
            (r#"{"a": "\\u0000", "b": "\u0001"}"#, true),
            ("{}", true),
        ] {
            assert_eq!(text(body.as_bytes()).is_ok(), fits, "{body}");
        }
    }

    const GRACE: Duration = Duration::from_secs(20);

    /// A body of pieces, each so long after the one before.
    fn slow(pieces: usize, size: usize, every: Duration) -> Body {
        Body::from_stream(stream::unfold(0, move |sent| async move {
            tokio::time::sleep(every).await;
            (sent < pieces).then(|| (Ok::<_, Infallible>(Bytes::from(vec![b'x'; size])), sent + 1))
        }))
    }

    async fn status(body: Body, grace: Duration) -> u16 {
        read(body, 1 << 20, grace).await.map_or_else(|problem| problem.status, |_| 200)
    }

    #[tokio::test]
    async fn a_body_that_trickles_is_given_up() {
        let grace = Duration::from_millis(100);
        assert_eq!(status(slow(usize::MAX, 1, Duration::from_millis(5)), grace).await, 408);
        assert_eq!(status(slow(1, 1, Duration::from_secs(3600)), grace).await, 408);
        assert_eq!(status(slow(3, 1, Duration::from_millis(5)), GRACE).await, 200);
    }

    #[tokio::test]
    async fn a_body_that_is_too_large_is_refused_before_it_is_read() {
        assert_eq!(status(Body::from(vec![0; 1 << 20]), GRACE).await, 200);
        assert_eq!(status(Body::from(vec![0; (1 << 20) + 1]), GRACE).await, 413);
        assert_eq!(status(slow(usize::MAX, 1 << 16, Duration::ZERO), GRACE).await, 413);
    }
}
