//! Single runs: where a run stands, and what it wrote.

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use paramo_design::Space;
use serde::Deserialize;
use utoipa::IntoParams;

use super::plots::blocking;
use super::{App, download, files};
use crate::access::extract::OfStudy;
use crate::problem::{Problem, Result};
use crate::shape::Run;

const TEXT: &str = "text/plain; charset=utf-8";

/// A run that has ended
#[utoipa::path(get, path = "/studies/{study}/runs/{index}", tag = "runs",
    params(("study" = String, Path), ("index" = u64, Path)),
    responses((status = 200, body = Run), (status = 404, body = Problem)))]
pub(super) async fn show(
    State(app): State<App>,
    OfStudy(row): OfStudy,
    path: std::result::Result<Path<(String, u64)>, PathRejection>,
) -> Result<Json<Run>> {
    let Path((_, index)) = path?;
    let space = Space::new(&row.study.space, &row.study.application.parameters)
        .map_err(|found| Problem::document(&found))?;
    let Some(point) = space.point(index) else {
        return Err(Problem::not_found(format!(
            "{} has no run {index}: it has {} points",
            row.name,
            space.len()
        )));
    };
    match app.host.store().run(row.id, index).await? {
        Some(record) => Ok(Json(Run::new(&row, &record, &point))),
        None => Err(Problem::not_found(format!("run {index} of {} has not ended yet", row.name))),
    }
}

/// Which attempt.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// From 1; the last unless given.
    attempt: Option<u32>,
}

/// What a run wrote to `stdout` or `stderr`, as it came: all of it where it was kept, else the end
#[utoipa::path(get, path = "/studies/{study}/runs/{index}/{stream}", tag = "runs",
    params(("study" = String, Path), ("index" = u64, Path), ("stream" = String, Path, description = "`stdout` or `stderr`"), Which,
        ("Range" = Option<String>, Header, description = "a part of it: `bytes=0-999`")),
    responses((status = 200, body = String, content_type = "text/plain"),
        (status = 206, description = "a part of it", body = String, content_type = "text/plain"),
        (status = 304, description = "as it was"), (status = 404, body = Problem), (status = 416, body = Problem)))]
pub(super) async fn stream(
    State(app): State<App>,
    OfStudy(row): OfStudy,
    path: std::result::Result<Path<(String, u64, String)>, PathRejection>,
    which: std::result::Result<Query<Which>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response> {
    let Path((_, index, stream)) = path?;
    let Query(which) = which?;
    let Some(record) = app.host.store().run(row.id, index).await? else {
        return Err(Problem::not_found(format!("run {index} of {} has not ended", row.name)));
    };
    let last = record.last.number;
    let number = which.attempt.unwrap_or(last);
    let attempt = record.earlier.into_iter().chain([record.last]).find(|attempt| attempt.number == number);
    let Some(attempt) = attempt else {
        return Err(Problem::not_found(format!("run {index} of {} has the attempts 1 to {last}", row.name)));
    };
    let output = match stream.as_str() {
        "stdout" => attempt.stdout,
        "stderr" => attempt.stderr,
        _ => return Err(Problem::not_found(format!("a run has stdout and stderr, not `{stream}`"))),
    };
    // The store may have been moved since it was written: only where it lies below its run counts.
    let folder = files::folder(&app, row.id.0, index);
    let name = output.file.as_deref().and_then(|file| std::path::Path::new(file).file_name());
    let name = name.map(|name| name.to_string_lossy().into_owned());
    let kept = blocking(move || Ok(name.and_then(|name| files::open(&folder, &name)))).await?;
    match kept {
        Some(file) => download::file(&headers, file, TEXT),
        None => download::bytes(&headers, output.tail.into(), TEXT),
    }
}
