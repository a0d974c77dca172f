//! Single runs: where a run stands, and what it wrote.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use paramo_design::Space;

use super::App;
use crate::access::extract::OfStudy;
use crate::problem::{Problem, Result};
use crate::shape::Run;

/// A run that has ended
#[utoipa::path(get, path = "/studies/{study}/runs/{index}", tag = "runs",
    params(("study" = String, Path), ("index" = u64, Path)),
    responses((status = 200, body = Run), (status = 404, body = Problem)))]
pub(super) async fn show(
    State(app): State<App>,
    OfStudy(row): OfStudy,
    path: std::result::Result<Path<(String, u64)>, axum::extract::rejection::PathRejection>,
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

/// The end of what a run wrote to `stdout` or `stderr`, as it came
#[utoipa::path(get, path = "/studies/{study}/runs/{index}/{stream}", tag = "runs",
    params(("study" = String, Path), ("index" = u64, Path), ("stream" = String, Path, description = "`stdout` or `stderr`")),
    responses((status = 200, body = String, content_type = "text/plain"), (status = 404, body = Problem)))]
pub(super) async fn stream(
    State(app): State<App>,
    OfStudy(row): OfStudy,
    path: std::result::Result<Path<(String, u64, String)>, axum::extract::rejection::PathRejection>,
) -> Result<Response> {
    let Path((_, index, stream)) = path?;
    let Some(record) = app.host.store().run(row.id, index).await? else {
        return Err(Problem::not_found(format!("run {index} of {} has not ended", row.name)));
    };
    let output = match stream.as_str() {
        "stdout" => record.last.stdout,
        "stderr" => record.last.stderr,
        _ => return Err(Problem::not_found(format!("a run has stdout and stderr, not `{stream}`"))),
    };
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], output.tail).into_response())
}
