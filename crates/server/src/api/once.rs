//! Requests that may come twice: one that carries an `Idempotency-Key` is carried out once, and its answer given again.

use std::future::Future;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use paramo_store::{Begun, Hashed};

use super::App;
use crate::access::Caller;
use crate::problem::{Problem, Result};

/// The largest answer that is kept: one with a large definition is made anew by asking for what it is about.
const LARGEST: usize = 16 << 20;

/// Carries a request out, unless one with the same key has been. `what` is all that the request says.
pub(super) async fn once<F>(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    what: &str,
    make: F,
) -> Result<Response>
where
    F: Future<Output = Result<Response>>,
{
    let Some(key) = headers.get("idempotency-key") else { return make.await };
    let key = key.to_str().ok().filter(|key| (1..=255).contains(&key.len()));
    let key = key.ok_or_else(|| Problem::bad_input("`Idempotency-Key` has 1 to 255 visible characters"))?;
    let caller = format!("{:?} {}", caller.via(), caller.name().unwrap_or_default());
    let digest = ring::digest::digest(&ring::digest::SHA256, what.as_bytes());
    let mut hash = [0; 32];
    hash.copy_from_slice(digest.as_ref());
    let store = app.people.store();
    match store.begin_request(&caller, key, &Hashed(hash)).await? {
        Begun::New => {}
        Begun::Running => {
            return Err(Problem::conflict("the same request is being carried out; ask again in a moment"));
        }
        Begun::Different => {
            return Err(Problem::unprocessable("this `Idempotency-Key` was used for another request"));
        }
        Begun::Answered { status, body } => return Ok(again(status, body)),
    }
    let made = match make.await {
        Ok(response) => response,
        // Nothing has been done: it may be tried again.
        Err(problem) => {
            store.forget_request(&caller, key).await?;
            return Err(problem);
        }
    };
    let (parts, body) = made.into_parts();
    let bytes = to_bytes(body, LARGEST).await;
    let bytes = bytes.map_err(|error| Problem::internal(format!("the answer could not be kept: {error}")))?;
    store.finish_request(&caller, key, parts.status.as_u16(), &bytes).await?;
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

fn again(status: u16, body: Vec<u8>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let mut response = (status, body).into_response();
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
