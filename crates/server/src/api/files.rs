//! The files that a run has left.

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path as FilePath, PathBuf};

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::plots::blocking;
use super::results::part;
use crate::access::extract::OfStudy;
use crate::problem::{Problem, Result};

/// Files that are listed at the most.
const MOST: usize = 10_000;
/// Bytes that are read at a time.
const PIECE: usize = 256 * 1024;

/// A file that was kept.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(super) struct Kept {
    /// Its path in the run's directory.
    name: String,
    size_bytes: u64,
}

/// The files that a run has left, as the application's `keep` says
#[utoipa::path(get, path = "/studies/{study}/runs/{index}/files", tag = "runs",
    params(("study" = String, Path), ("index" = u64, Path)),
    responses((status = 200, body = Vec<Kept>), (status = 404, body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    OfStudy(row): OfStudy,
    path: std::result::Result<Path<(String, u64)>, PathRejection>,
) -> Result<Json<Vec<Kept>>> {
    let Path((_, index)) = path?;
    if app.host.store().run(row.id, index).await?.is_none() {
        return Err(Problem::not_found(format!("run {index} of {} has not ended", row.name)));
    }
    let folder = folder(&app, row.id.0, index);
    blocking(move || Ok(Json(kept(&folder)))).await
}

/// A file that a run has left
#[utoipa::path(get, path = "/studies/{study}/runs/{index}/files/{name}", tag = "runs",
    params(("study" = String, Path), ("index" = u64, Path),
        ("name" = String, Path, description = "as it is listed; a `/` in it is sent as `%2F`"),
        ("Range" = Option<String>, Header, description = "a part of the file: `bytes=0-999`")),
    responses((status = 200, description = "the file", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 206, description = "a part of it", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 404, body = Problem), (status = 416, body = Problem)))]
pub(super) async fn show(
    State(app): State<App>,
    OfStudy(row): OfStudy,
    path: std::result::Result<Path<(String, u64, String)>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response> {
    let Path((_, index, name)) = path?;
    let folder = folder(&app, row.id.0, index);
    let missing = format!("run {index} of {} has left no file `{name}`", row.name);
    let (mut file, whole) =
        blocking(move || open(&folder, &name).ok_or_else(|| Problem::not_found(missing))).await?;
    let range = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let length = usize::try_from(whole).unwrap_or(usize::MAX);
    let part = range.map_or(Ok(None), |range| part(range, length)).map_err(|()| Problem::beyond(length))?;
    let (from, left) = part.map_or((0, whole), |(from, to)| (from as u64, (to - from) as u64 + 1));
    file.seek(SeekFrom::Start(from))
        .map_err(|error| Problem::unavailable(format!("the file cannot be read: {error}")))?;
    let body = stream::unfold(Some((file, left)), |rest| async move {
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
    let status = if part.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    let mut response = (status, Body::from_stream(body)).into_response();
    let out = response.headers_mut();
    // Whatever a run wrote is never shown as a page of ours.
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    out.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    out.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    out.insert(header::CONTENT_LENGTH, HeaderValue::from(left));
    if let Some((from, to)) = part
        && let Ok(range) = HeaderValue::from_str(&format!("bytes {from}-{to}/{whole}"))
    {
        out.insert(header::CONTENT_RANGE, range);
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

fn folder(app: &App, study: i64, index: u64) -> PathBuf {
    app.host.directory().join("files").join(study.to_string()).join(index.to_string())
}

/// The regular files below a folder, by name; links are not followed.
fn kept(folder: &FilePath) -> Vec<Kept> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(below) = folders.pop() {
        let Ok(entries) = fs::read_dir(folder.join(&below)) else { continue };
        for entry in entries.flatten() {
            let name = below.join(entry.file_name());
            match entry.metadata() {
                Ok(data) if data.is_dir() => folders.push(name),
                Ok(data) if data.is_file() && found.len() < MOST => {
                    found.push(Kept { name: name.to_string_lossy().into_owned(), size_bytes: data.len() });
                }
                _ => {}
            }
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// Opens a file below a folder, and says how long it is. Neither the name nor a link leads out of the folder.
fn open(folder: &FilePath, name: &str) -> Option<(fs::File, u64)> {
    let plain = FilePath::new(name).components().all(|part| matches!(part, Component::Normal(_)));
    if !plain || name.is_empty() || name.contains('\0') {
        return None;
    }
    let base = folder.canonicalize().ok()?;
    let path = folder.join(name).canonicalize().ok()?;
    if !path.starts_with(&base) || !fs::metadata(&path).ok()?.is_file() {
        return None;
    }
    let file = fs::File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    Some((file, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_and_no_link_leads_out() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("7");
        fs::create_dir_all(folder.join("in")).unwrap();
        fs::write(folder.join("in/a.txt"), "abc").unwrap();
        fs::write(home.path().join("secret"), "no").unwrap();
        std::os::unix::fs::symlink(home.path().join("secret"), folder.join("link")).unwrap();
        std::os::unix::fs::symlink(home.path(), folder.join("up")).unwrap();
        assert_eq!(kept(&folder), [Kept { name: "in/a.txt".into(), size_bytes: 3 }]);
        assert_eq!(open(&folder, "in/a.txt").unwrap().1, 3);
        for name in
            ["../secret", "/etc/passwd", "link", "up/secret", "in", "", "in/../../secret", "a\0b", "."]
        {
            assert!(open(&folder, name).is_none(), "{name:?}");
        }
    }
}
