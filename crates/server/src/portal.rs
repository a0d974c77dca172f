//! The portal: the pages that `make portal` builds, inside the binary. They hold nothing by themselves, so everybody gets them; what
//! they show comes over the API.
//!
//! Files with a hash in their name never change and are kept for a year; the page itself is asked for each time. Files were
//! compressed when they were built.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hasher};

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use crate::api::App;
use crate::problem::Problem;

/// What was built; nothing when it was not.
#[derive(RustEmbed)]
#[folder = "../../portal/dist/"]
#[allow_missing = true]
struct Built;

type Bytes = Cow<'static, [u8]>;

const INDEX: &str = "index.html";
/// Below it every name has a hash.
const HASHED: &str = "assets/";
/// How the build says where relative addresses start.
const BASE: &str = "<base href=\"/\"";

/// Compressed forms, the smaller first: as `Accept-Encoding` calls them, and what their names end in.
const ENCODINGS: &[(&str, &str)] = &[("br", ".br"), ("gzip", ".gz")];

/// What stands there until the portal is built. It needs nothing that is not in it.
const UNBUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Paramo</title>\
    <body><h1>Paramo</h1><p>This binary was built without the portal. In the source, type <code>make portal</code> \
    (it needs Node 18 or newer) and build again.</p>\
    <p>The API works: <a href=\"api/v1/openapi.json\">api/v1/openapi.json</a> describes it.</p></body></html>";

/// Answers every path that is not the API's: a file of the portal, or its page, which finds out by itself what to show.
pub async fn page(State(app): State<App>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if method != Method::GET && method != Method::HEAD {
        let problem = Problem::bad_input("this is a page: it takes GET and HEAD; the API is under /api/v1");
        return problem.with_status(StatusCode::METHOD_NOT_ALLOWED).into_response();
    }
    let built = |name: &str| Built::get(name).map(|file| file.data);
    answer(&built, uri.path(), app.people.base(), &headers)
}

fn answer(built: &dyn Fn(&str) -> Option<Bytes>, path: &str, base: &str, headers: &HeaderMap) -> Response {
    let name = path.trim_start_matches('/');
    let Some(index) = built(INDEX) else {
        return if name.starts_with(HASHED) { gone() } else { html(UNBUILT.into(), headers) };
    };
    let compressed = ENCODINGS.iter().any(|(_, end)| name.ends_with(end));
    if !name.is_empty()
        && name != INDEX
        && !compressed
        && let Some(plain) = built(name)
    {
        return file(built, name, plain, headers);
    }
    if name.starts_with(HASHED) {
        return gone();
    }
    let text = String::from_utf8_lossy(&index);
    html(text.replacen(BASE, &format!("<base href=\"{}/\"", escaped(base)), 1), headers)
}

/// A file that an older page asks for after the server was renewed.
fn gone() -> Response {
    Problem::not_found("the portal has no such file: it was renewed; load the page anew").into_response()
}

fn file(built: &dyn Fn(&str) -> Option<Bytes>, name: &str, plain: Bytes, headers: &HeaderMap) -> Response {
    let smaller = ENCODINGS
        .iter()
        .filter(|(word, _)| accepts(headers, word))
        .find_map(|(word, end)| Some((*word, built(&format!("{name}{end}"))?)));
    let (encoding, bytes) = match smaller {
        Some((word, bytes)) => (Some(word), bytes),
        None => (None, plain),
    };
    let kept = if name.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = tagged(bytes, kind(name), headers);
    let answer = response.headers_mut();
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
    answer.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(word) = encoding {
        answer.insert(header::CONTENT_ENCODING, HeaderValue::from_static(word));
    }
    response
}

fn html(text: String, headers: &HeaderMap) -> Response {
    let mut response = tagged(Cow::Owned(text.into_bytes()), "text/html; charset=utf-8", headers);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// The bytes with a tag; nothing of them when the browser has them.
fn tagged(bytes: Bytes, kind: &'static str, headers: &HeaderMap) -> Response {
    let mut hasher = DefaultHasher::new();
    hasher.write(&bytes);
    let tag = format!("\"{:016x}\"", hasher.finish());
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let mut response = match known.is_some_and(|known| known.split(',').any(|one| one.trim() == tag)) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => Body::from(bytes.into_owned()).into_response(),
    };
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// Whether the browser reads this encoding: it names it, and not with a weight of nought.
fn accepts(headers: &HeaderMap, encoding: &str) -> bool {
    let all = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(',')).any(|one| {
        let (word, weight) = one.split_once(';').unwrap_or((one, ""));
        let refused = weight.trim().strip_prefix("q=").is_some_and(|q| q.trim().parse() == Ok(0.0));
        word.trim().eq_ignore_ascii_case(encoding) && !refused
    })
}

fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, end)| end) {
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "json" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// For an attribute in quotes.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(name: &str) -> Option<Bytes> {
        let text: &[u8] = match name {
            "index.html" => b"<head><base href=\"/\" /></head>",
            "icon.svg" => b"<svg/>",
            "assets/a-1.js" => b"plain",
            "assets/a-1.js.br" => b"br",
            "assets/a-1.js.gz" => b"gz",
            _ => return None,
        };
        Some(Cow::Borrowed(text))
    }

    async fn ask(path: &str, base: &str, sent: &[(&'static str, &str)]) -> (u16, String, HeaderMap) {
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            headers.append(*name, value.parse().unwrap());
        }
        let response = answer(&built, path, base, &headers);
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        (parts.status.as_u16(), String::from_utf8(body.to_vec()).unwrap(), parts.headers)
    }

    #[tokio::test]
    async fn every_address_of_the_portal_is_its_page_and_knows_its_base_path() {
        for path in ["/", "/studies/5", "/index.html", "/applications/default/a.b", "/icon.svg.br"] {
            let (status, body, headers) = ask(path, "/lab", &[]).await;
            assert_eq!((status, body.as_str()), (200, "<head><base href=\"/lab/\" /></head>"), "{path}");
            assert_eq!(headers["cache-control"], "no-cache");
            assert_eq!(headers["content-type"], "text/html; charset=utf-8");
        }
        assert_eq!(ask("/", "", &[]).await.1, "<head><base href=\"/\" /></head>");
        assert_eq!(ask("/", "/\"><", &[]).await.1, "<head><base href=\"/&quot;>&lt;/\" /></head>");
    }

    #[tokio::test]
    async fn files_with_a_hash_are_kept_and_come_in_the_smallest_form_that_is_read() {
        for (accepted, expected, encoding) in [
            ("gzip, deflate, br", "br", Some("br")),
            ("gzip;q=1.0, br;q=0", "gz", Some("gzip")),
            ("identity", "plain", None),
            ("brotli", "plain", None),
        ] {
            let (status, body, headers) = ask("/assets/a-1.js", "", &[("accept-encoding", accepted)]).await;
            assert_eq!((status, body.as_str()), (200, expected), "{accepted}");
            assert_eq!(headers.get("content-encoding").map(|word| word.to_str().unwrap()), encoding);
            assert_eq!(headers["cache-control"], "public, max-age=31536000, immutable");
            assert_eq!(headers["content-type"], "text/javascript; charset=utf-8");
            assert_eq!(headers["vary"], "accept-encoding");
        }
        let (status, _, headers) = ask("/assets/a-0.js", "", &[]).await;
        assert_eq!(status, 404);
        assert_eq!(headers.get("cache-control"), None);
    }

    #[tokio::test]
    async fn what_the_browser_has_is_not_sent_again() {
        let (_, _, headers) = ask("/icon.svg", "", &[]).await;
        assert_eq!(
            (&headers["cache-control"], &headers["content-type"]),
            (&"no-cache".parse().unwrap(), &"image/svg+xml".parse().unwrap())
        );
        let tag = headers["etag"].to_str().unwrap();
        let (status, body, _) = ask("/icon.svg", "", &[("if-none-match", tag)]).await;
        assert_eq!((status, body.as_str()), (304, ""));
        assert_eq!(ask("/icon.svg", "", &[("if-none-match", "\"0\"")]).await.0, 200);
    }

    #[tokio::test]
    async fn without_the_portal_the_page_says_how_to_build_it() {
        let response = answer(&|_| None, "/studies", "", &HeaderMap::new());
        assert_eq!(response.status(), 200);
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        assert!(String::from_utf8(body.to_vec()).unwrap().contains("make portal"));
        assert_eq!(answer(&|_| None, "/assets/a.js", "", &HeaderMap::new()).status(), 404);
    }
}
