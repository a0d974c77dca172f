//! The files that a run has left.

use std::fs;
use std::path::{Component, Path as FilePath, PathBuf};

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::plots::blocking;
use super::{App, download};
use crate::access::extract::OfStudy;
use crate::problem::{Problem, Result};

/// Files that are listed at the most.
const MOST: usize = 10_000;

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
        (status = 304, description = "as it was"),
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
    let file = blocking(move || open(&folder, &name).ok_or_else(|| Problem::not_found(missing))).await?;
    // Whatever a run wrote is never shown as a page of ours.
    let mut response = download::file(&headers, file, "application/octet-stream")?;
    response.headers_mut().insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    Ok(response)
}

pub(super) fn folder(app: &App, study: i64, index: u64) -> PathBuf {
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

/// Opens a file below a folder. Neither the name nor a link leads out of the folder.
pub(super) fn open(folder: &FilePath, name: &str) -> Option<fs::File> {
    let plain = FilePath::new(name).components().all(|part| matches!(part, Component::Normal(_)));
    if !plain || name.is_empty() || name.contains('\0') {
        return None;
    }
    let base = folder.canonicalize().ok()?;
    let path = folder.join(name).canonicalize().ok()?;
    if !path.starts_with(&base) || !fs::metadata(&path).ok()?.is_file() {
        return None;
    }
    fs::File::open(path).ok()
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
        assert_eq!(open(&folder, "in/a.txt").unwrap().metadata().unwrap().len(), 3);
        for name in
            ["../secret", "/etc/passwd", "link", "up/secret", "in", "", "in/../../secret", "a\0b", "."]
        {
            assert!(open(&folder, name).is_none(), "{name:?}");
        }
    }
}
