//! What browsers send and keep: cookies, and where a request comes from.

use axum::http::{HeaderMap, HeaderValue, header};

/// The cookie of the owner of an embedded server.
pub const OWNER: &str = "paramo";
/// The cookie of somebody who has signed in.
pub const SESSION: &str = "paramo_session";
/// The cookie of somebody who was shown a study.
pub const SHARE: &str = "paramo_share";

/// The token of `Authorization: Bearer`.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The value of a cookie.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim_start().strip_prefix(name)?.strip_prefix('='))
}

/// How a cookie is kept.
#[derive(Clone, Copy, Debug)]
pub struct Keeping<'a> {
    /// Below which path it is sent.
    pub path: &'a str,
    /// Only over TLS.
    pub secure: bool,
    /// Also when a link on another page leads here.
    pub lax: bool,
    /// Until the browser is closed when it is not said.
    pub seconds: Option<u64>,
}

/// A `Set-Cookie`. `None` for a value that no header can hold.
pub fn set_cookie(name: &str, value: &str, keeping: Keeping<'_>) -> Option<HeaderValue> {
    let path = if keeping.path.is_empty() { "/" } else { keeping.path };
    let site = if keeping.lax { "Lax" } else { "Strict" };
    let mut text = format!("{name}={value}; Path={path}; HttpOnly; SameSite={site}");
    if keeping.secure {
        text.push_str("; Secure");
    }
    if let Some(seconds) = keeping.seconds {
        text.push_str(&format!("; Max-Age={seconds}"));
    }
    HeaderValue::from_str(&text).ok()
}

/// What a request says about where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// A page of ours.
    Ours,
    /// A page of somebody else.
    Elsewhere,
    /// It does not say, as programs do.
    Unsaid,
}

/// Where a request comes from. `origin` is what people type to come here, if it is not what the request was sent to.
pub fn from(headers: &HeaderMap, origin: Option<&str>) -> From {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    // What people typed themselves comes from nowhere.
    if let Some(site) = text("sec-fetch-site") {
        return if site == "same-origin" { From::Ours } else { From::Elsewhere };
    }
    let Some(sent) = text("origin") else { return From::Unsaid };
    let host = text("host");
    let ours = origin.is_some_and(|origin| origin.eq_ignore_ascii_case(sent))
        || sent.split_once("://").is_some_and(|(_, from)| Some(from) == host);
    if ours { From::Ours } else { From::Elsewhere }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn a_request_says_where_it_comes_from() {
        let here = ("host", "127.0.0.1:80");
        for (sent, expected) in [
            (headers(&[here]), From::Unsaid),
            (headers(&[here, ("origin", "http://127.0.0.1:80")]), From::Ours),
            (headers(&[here, ("origin", "https://Paramo.example")]), From::Ours),
            (headers(&[here, ("origin", "https://elsewhere.example")]), From::Elsewhere),
            (headers(&[here, ("origin", "null")]), From::Elsewhere),
            (headers(&[here, ("sec-fetch-site", "same-origin")]), From::Ours),
            (
                headers(&[here, ("sec-fetch-site", "same-site"), ("origin", "http://127.0.0.1:80")]),
                From::Elsewhere,
            ),
            (headers(&[here, ("sec-fetch-site", "none")]), From::Elsewhere),
        ] {
            assert_eq!(from(&sent, Some("https://paramo.example")), expected, "{sent:?}");
        }
    }

    #[test]
    fn cookies_are_found_among_others_and_told_from_longer_names() {
        let sent = headers(&[("cookie", "a=1; paramo_session=s"), ("cookie", "paramo=t")]);
        assert_eq!((cookie(&sent, OWNER), cookie(&sent, SESSION)), (Some("t"), Some("s")));
        assert_eq!(cookie(&sent, SHARE), None);
        let sent = headers(&[("authorization", "bearer  prm_x")]);
        assert_eq!(bearer(&sent), Some("prm_x"));
        assert_eq!(bearer(&headers(&[("authorization", "Basic eA==")])), None);
    }

    #[test]
    fn a_cookie_says_how_it_is_kept() {
        let keeping = Keeping { path: "/lab", secure: true, lax: true, seconds: Some(60) };
        let set = set_cookie(SESSION, "s", keeping).unwrap();
        assert_eq!(set, "paramo_session=s; Path=/lab; HttpOnly; SameSite=Lax; Secure; Max-Age=60");
        let keeping = Keeping { path: "", secure: false, lax: false, seconds: None };
        assert_eq!(set_cookie(OWNER, "t", keeping).unwrap(), "paramo=t; Path=/; HttpOnly; SameSite=Strict");
        assert_eq!(set_cookie(OWNER, "t\n", keeping), None);
    }
}
