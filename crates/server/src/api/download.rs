//! What people keep: files and tables, whole or in parts, with a tag by which a reader sees whether they are as before (RFC 9110, 13 and
//! 14). A download that was cut off goes on where it was (`Range` with `If-Range`), and what has not changed is not sent again.

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::time::UNIX_EPOCH;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;

use crate::problem::{Problem, Result};

/// Bytes that are read at a time.
const PIECE: usize = 256 * 1024;

/// What of something is to be sent.
#[derive(Debug, PartialEq)]
enum Wanted {
    /// The reader has it as it is.
    Nothing,
    All,
    /// The first and the last byte.
    Part(u64, u64),
}

/// Something of which all is in memory.
pub(super) fn bytes(headers: &HeaderMap, whole: Bytes, media_type: &'static str) -> Result<Response> {
    let digest = ring::digest::digest(&ring::digest::SHA256, &whole);
    let tag: String = digest.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let length = whole.len() as u64;
    let wanted = wanted(headers, &tag, length)?;
    let body = match wanted {
        Wanted::Nothing => Body::empty(),
        Wanted::All => whole.into(),
        // They lie within what is in memory.
        Wanted::Part(from, to) => whole.slice(from as usize..=to as usize).into(),
    };
    answer(body, &wanted, &tag, length, media_type)
}

/// An open file. It is read as it is sent.
pub(super) fn file(headers: &HeaderMap, mut file: fs::File, media_type: &'static str) -> Result<Response> {
    let unreadable = |error| Problem::unavailable(format!("the file cannot be read: {error}"));
    let about = file.metadata().map_err(unreadable)?;
    let changed = about.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let tag = format!("{:x}-{:x}", changed.map_or(0, |at| at.as_nanos()), about.len());
    let wanted = wanted(headers, &tag, about.len())?;
    let (from, left) = match wanted {
        Wanted::Nothing => (0, 0),
        Wanted::All => (0, about.len()),
        Wanted::Part(from, to) => (from, to - from + 1),
    };
    file.seek(SeekFrom::Start(from)).map_err(unreadable)?;
    let pieces = stream::unfold(Some((file, left)), |rest| async move {
        let (file, left) = rest.filter(|(_, left)| *left > 0)?;
        let read = tokio::task::spawn_blocking(move || piece(file, left)).await;
        match read.unwrap_or_else(|_| Err(std::io::Error::other("the file could not be read"))) {
            Ok((piece, file)) => {
                let left = left - piece.len() as u64;
                Some((Ok(piece), Some((file, left))))
            }
            // This cuts the connection off, so that who reads sees that not all has come.
            Err(error) => Some((Err(error), None)),
        }
    });
    let mut response = answer(Body::from_stream(pieces), &wanted, &tag, about.len(), media_type)?;
    if wanted != Wanted::Nothing {
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(left));
    }
    Ok(response)
}

/// The next bytes of a file of which so many are still to be sent.
fn piece(mut file: fs::File, left: u64) -> std::io::Result<(Bytes, fs::File)> {
    let mut piece = vec![0; PIECE.min(usize::try_from(left).unwrap_or(PIECE))];
    let read = file.read(&mut piece)?;
    if read == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    piece.truncate(read);
    Ok((Bytes::from(piece), file))
}

fn answer(body: Body, wanted: &Wanted, tag: &str, whole: u64, media_type: &'static str) -> Result<Response> {
    let header = |text: String| {
        HeaderValue::from_str(&text).map_err(|error| Problem::internal(format!("a header: {error}")))
    };
    let status = match wanted {
        Wanted::Nothing => StatusCode::NOT_MODIFIED,
        Wanted::All => StatusCode::OK,
        Wanted::Part(..) => StatusCode::PARTIAL_CONTENT,
    };
    let mut response = (status, body).into_response();
    let out = response.headers_mut();
    out.insert(header::ETAG, header(format!("\"{tag}\""))?);
    out.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    // It may be kept by whoever has got it, and is asked about before it is used again.
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    match wanted {
        Wanted::Nothing => {
            out.remove(header::CONTENT_TYPE);
            return Ok(response);
        }
        Wanted::Part(from, to) => {
            out.insert(header::CONTENT_RANGE, header(format!("bytes {from}-{to}/{whole}"))?);
        }
        Wanted::All => {}
    }
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    Ok(response)
}

/// What a request wants of something with this tag and so many bytes. The error is a range beyond the end.
fn wanted(headers: &HeaderMap, tag: &str, whole: u64) -> Result<Wanted> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(known) = text(header::IF_NONE_MATCH)
        && known.split(',').any(|known| known.trim() == "*" || is(known.trim().trim_start_matches("W/"), tag))
    {
        return Ok(Wanted::Nothing);
    }
    // A part of something else than the reader has the beginning of is of no use; neither is a moment a tag.
    let still = text(header::IF_RANGE).is_none_or(|seen| is(seen.trim(), tag));
    match text(header::RANGE).filter(|_| still).map(|range| part(range, whole)) {
        None | Some(Ok(None)) => Ok(Wanted::All),
        Some(Ok(Some((from, to)))) => Ok(Wanted::Part(from, to)),
        Some(Err(())) => Err(Problem::beyond(whole)),
    }
}

fn is(quoted: &str, tag: &str) -> bool {
    quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) == Some(tag)
}

/// The first and last byte that a `Range` asks for (RFC 9110, 14.1.2). `Ok(None)` for what is to be answered with the whole file:
/// other units, several ranges, what is no range. The error is a range beyond the end.
fn part(range: &str, whole: u64) -> std::result::Result<Option<(u64, u64)>, ()> {
    let Some(bytes) = range.strip_prefix("bytes=").filter(|bytes| !bytes.contains(',')) else {
        return Ok(None);
    };
    let Some((from, to)) = bytes.trim().split_once('-') else { return Ok(None) };
    match (from.parse::<u64>(), to.parse::<u64>()) {
        (Ok(from), _) if from >= whole => Err(()),
        (Ok(from), Ok(to)) if to >= from => Ok(Some((from, to.min(whole - 1)))),
        (Ok(from), Err(_)) if to.is_empty() => Ok(Some((from, whole - 1))),
        (Err(_), Ok(0)) if from.is_empty() => Err(()),
        (Err(_), Ok(last)) if from.is_empty() && whole > 0 => {
            Ok(Some((whole.saturating_sub(last), whole - 1)))
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_as_the_standard_says() {
        for (range, found) in [
            ("bytes=0-9", Ok(Some((0, 9)))),
            ("bytes=90-", Ok(Some((90, 99)))),
            ("bytes=-5", Ok(Some((95, 99)))),
            ("bytes=-500", Ok(Some((0, 99)))),
            ("bytes=50-1000", Ok(Some((50, 99)))),
            ("bytes=100-", Err(())),
            ("bytes=-0", Err(())),
            ("bytes=9-5", Ok(None)),
            ("bytes=1-2,4-5", Ok(None)),
            ("lines=1-2", Ok(None)),
            ("bytes=x", Ok(None)),
        ] {
            assert_eq!(part(range, 100), found, "{range}");
        }
        assert_eq!(part("bytes=0-", 0), Err(()));
    }

    #[test]
    fn what_is_known_is_not_sent_again_and_parts_are_of_what_was_begun() {
        let of = |given: &[(HeaderName, &'static str)]| {
            let headers = given.iter().map(|(name, text)| (name.clone(), HeaderValue::from_static(text)));
            wanted(&headers.collect(), "abc", 100).map_err(|problem| problem.status)
        };
        for known in ["\"abc\"", "W/\"abc\"", "\"x\", \"abc\"", "*"] {
            assert_eq!(of(&[(header::IF_NONE_MATCH, known)]), Ok(Wanted::Nothing), "{known}");
        }
        for known in ["\"x\"", "abc", "\"ab\"", ""] {
            assert_eq!(of(&[(header::IF_NONE_MATCH, known)]), Ok(Wanted::All), "{known}");
        }
        let range = (header::RANGE, "bytes=10-19");
        assert_eq!(of(std::slice::from_ref(&range)), Ok(Wanted::Part(10, 19)));
        assert_eq!(of(&[range.clone(), (header::IF_RANGE, "\"abc\"")]), Ok(Wanted::Part(10, 19)));
        for other in ["\"x\"", "W/\"abc\"", "Sun, 22 Nov 2026 10:00:00 GMT"] {
            assert_eq!(of(&[range.clone(), (header::IF_RANGE, other)]), Ok(Wanted::All), "{other}");
        }
        assert_eq!(of(&[(header::RANGE, "bytes=100-")]), Err(416));
    }
}
