//! Who may ask: a token that is made when the server starts, as a header, or once in a link and then as a cookie.

use std::fmt;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use crate::problem::Problem;

/// The cookie that a browser keeps.
const COOKIE: &str = "paramo";

/// A secret. It is never printed by `Debug`.
#[derive(Clone)]
pub struct Token(Arc<str>);

impl Token {
    /// A token of one's own making: at least 32 characters, from a source of real randomness.
    pub fn new(text: &str) -> Result<Token, String> {
        let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
        match plain && (32..=256).contains(&text.len()) {
            true => Ok(Token(text.into())),
            false => Err("a token has 32 to 256 letters, digits, `-` and `_`".to_owned()),
        }
    }

    /// A new token of 256 bits.
    pub fn random() -> std::io::Result<Token> {
        let mut bytes = [0u8; 32];
        rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())?;
        Ok(Token(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()))
    }

    /// For the link that is printed once.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether this is the token. The time it takes says nothing about how much of it is right.
    fn is(&self, other: &str) -> bool {
        let (a, b) = (self.0.as_bytes(), other.as_bytes());
        a.len() == b.len() && a.iter().zip(b).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Lets a request through that carries the token. A link with `?token=` is answered by a cookie and the page without it, so that the
/// token stays in no history and no log.
pub(crate) async fn require(State(token): State<Token>, request: Request, next: Next) -> Response {
    let query = request.uri().query().unwrap_or_default();
    if let Some(given) = query.split('&').find_map(|pair| pair.strip_prefix("token=")) {
        if !token.is(given) {
            return Problem::unauthorized().into_response();
        }
        let mut response = Redirect::to(request.uri().path()).into_response();
        let cookie = format!("{COOKIE}={given}; Path=/; HttpOnly; SameSite=Strict");
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().insert(header::SET_COOKIE, cookie);
        }
        return response;
    }
    let headers = request.headers();
    if bearer(headers).is_some_and(|given| token.is(given)) {
        return next.run(request).await;
    }
    match cookie(headers) {
        Some(given) if token.is(given) => {
            // A cookie goes along with whatever a page of somebody else sends: what changes something must come from our own.
            if request.method() != Method::GET && request.method() != Method::HEAD && !same_origin(headers) {
                return Problem::forbidden("the request comes from another page").into_response();
            }
            next.run(request).await
        }
        _ => Problem::unauthorized().into_response(),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split("; ")).find_map(|pair| pair.strip_prefix(COOKIE)?.strip_prefix('='))
}

/// Browsers say where a request comes from; a request with a cookie that does not say is not trusted.
fn same_origin(headers: &HeaderMap) -> bool {
    match headers.get("sec-fetch-site").and_then(|value| value.to_str().ok()) {
        Some(site) => site == "same-origin",
        None => {
            let origin = headers.get(header::ORIGIN).and_then(|value| value.to_str().ok());
            let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
            origin.and_then(|origin| origin.split_once("://")).is_some_and(|(_, from)| Some(from) == host)
        }
    }
}
