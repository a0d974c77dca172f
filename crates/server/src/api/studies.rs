//! Studies: what there is, how far it is, and what people ask of it.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use paramo_design::Space;
use paramo_engine::Changed;
use paramo_model::document::{self, Origin};
use paramo_model::{Moment, StudyState};
use paramo_store::StudyRow;
use roaring::RoaringTreemap;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::App;
use crate::access::extract::{Among, InProject, OfStudy};
use crate::people::roles::Action;
use crate::problem::{Problem, Result};
use crate::shape::{self, RunningRun, Study, StudyDetail};

/// Studies on one page at the most.
const PAGE: usize = 1000;

/// Which studies.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    /// Only those in this state: `open`, `paused`, `finished` or `cancelled`.
    state: Option<String>,
    /// Only those of this project.
    #[expect(dead_code, reason = "read where the request is let through")]
    project: Option<String>,
    /// Only those whose names contain this.
    name: Option<String>,
    /// Only those with smaller numbers: the last of the page before.
    before: Option<i64>,
    /// At the most; 100 unless given, and no more than 1,000.
    limit: Option<usize>,
}

/// The studies, the newest first
#[utoipa::path(get, path = "/studies", tag = "studies", params(Which),
    responses((status = 200, body = Vec<Study>), (status = 400, body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    among: Among,
    which: std::result::Result<Query<Which>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Vec<Study>>> {
    let Query(which) = which?;
    if let Some(state) = &which.state
        && !StudyState::ALL.iter().any(|known| known.word() == state)
    {
        let known: Vec<&str> = StudyState::ALL.iter().map(|state| state.word()).collect();
        return Err(Problem::bad_input(format!(
            "there is no state `{state}`; the states are {}",
            known.join(", ")
        )));
    }
    let sight = among.sight(Action::StudyRead);
    let wanted = |summary: &paramo_store::StudySummary| {
        sight.has(summary.id, &summary.project)
            && which.state.as_ref().is_none_or(|state| summary.state.word() == state)
            && which.name.as_ref().is_none_or(|name| summary.name.as_str().contains(name.as_str()))
            && which.before.is_none_or(|before| summary.id.0 < before)
    };
    let summaries = app.host.store().summaries().await?;
    let newest = summaries.iter().rev().filter(|summary| wanted(summary));
    let studies = newest.take(which.limit.unwrap_or(100).min(PAGE)).map(|summary| {
        let (working, now) = app.host.now(summary.id);
        Study::new(summary, working, now.as_deref())
    });
    Ok(Json(studies.collect()))
}

/// A study to begin.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewStudy {
    /// The project that it is to belong to; `default` unless given.
    #[expect(dead_code, reason = "read where the request is let through")]
    project: Option<String>,
    /// A study file, as `paramo run` takes it.
    file: String,
    /// The directory in which commands run and relative paths start, on the server; where the store is unless given.
    directory: Option<String>,
    /// What to do with a stored study of the same name that differs: `refuse`, `new-version` or `continue`.
    #[serde(default)]
    changed: Option<String>,
    /// Whether to begin at once.
    #[serde(default = "yes")]
    start: bool,
}

fn yes() -> bool {
    true
}

/// Begins a study, or goes on with the one that it is
#[utoipa::path(post, path = "/studies", tag = "studies", request_body = NewStudy,
    responses(
        (status = 201, description = "It is new", body = StudyDetail),
        (status = 200, description = "It was there and goes on", body = StudyDetail),
        (status = 409, description = "It differs from the stored one, or cannot start", body = Problem),
        (status = 422, description = "The file has errors", body = Problem)
    ))]
pub(super) async fn create(
    State(app): State<App>,
    InProject(project): InProject,
    body: std::result::Result<Json<NewStudy>, axum::extract::rejection::JsonRejection>,
) -> Result<Response> {
    let Json(new) = body?;
    let changed = match new.changed.as_deref() {
        None | Some("refuse") => Changed::Refuse,
        Some("new-version") => Changed::NewVersion,
        Some("continue") => Changed::Continue,
        Some(other) => {
            return Err(Problem::bad_input(format!(
                "`changed` is refuse, new-version or continue, not `{other}`"
            )));
        }
    };
    let directory = match new.directory {
        Some(directory) if std::path::Path::new(&directory).is_absolute() => directory,
        Some(directory) => {
            return Err(Problem::bad_input(format!("`directory` is an absolute path, not `{directory}`")));
        }
        None => app.host.directory().parent().unwrap_or(app.host.directory()).to_string_lossy().into_owned(),
    };
    let read = move || read(&new.file, directory);
    let parsed = tokio::task::spawn_blocking(read).await;
    let definition = parsed.map_err(|_| Problem::unavailable("the file could not be read; try again"))??;
    let (row, is_new) = app.host.submit(&project, &definition, changed).await?;
    if new.start && row.state != StudyState::Finished {
        app.host.drive(row.id).await?;
    }
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    let place = format!("/api/v1/studies/{}", row.id.0);
    Ok((status, [(header::LOCATION, place)], detail(&app, row)?).into_response())
}

/// A study from the text of a study file.
fn read(text: &str, directory: String) -> Result<paramo_model::Study> {
    let base = std::path::PathBuf::from(&directory);
    let load =
        |name: &str| std::fs::read(base.join(name)).map_err(|error| format!("cannot read {name}: {error}"));
    let parquet = |bytes: Vec<u8>, file: &str| paramo_table::read_points(bytes.into(), file);
    let origin = Origin { file: "the study".to_owned(), directory, load: &load, parquet: &parquet };
    let read = document::read_study(text, &origin).map_err(|found| Problem::document(&found))?;
    Space::new(&read.study.space, &read.study.application.parameters).map_err(|found| {
        let placed: Vec<_> = found.into_iter().map(|diagnostic| read.place(diagnostic)).collect();
        Problem::document(&placed)
    })?;
    Ok(read.study)
}

/// A study
#[utoipa::path(get, path = "/studies/{study}", tag = "studies",
    params(("study" = String, Path, description = "its number, or its name with or without a version: `hes1@2`")),
    responses((status = 200, body = StudyDetail), (status = 304, description = "as it was"), (status = 404, body = Problem)))]
pub(super) async fn show(
    State(app): State<App>,
    OfStudy(row): OfStudy,
    headers: HeaderMap,
) -> Result<Response> {
    let tag = tag(&row);
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    // What is being worked on changes all the time.
    if known == Some(tag.as_str()) && !app.host.now(row.id).0 {
        return Ok(StatusCode::NOT_MODIFIED.into_response());
    }
    Ok(([(header::ETAG, tag)], detail(&app, row)?).into_response())
}

/// Removes a study and its results for good
#[utoipa::path(delete, path = "/studies/{study}", tag = "studies", params(("study" = String, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem), (status = 412, body = Problem)))]
pub(super) async fn delete(
    State(app): State<App>,
    OfStudy(row): OfStudy,
    headers: HeaderMap,
) -> Result<StatusCode> {
    unchanged(&row, &headers)?;
    app.host.delete(row.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Works on a study
#[utoipa::path(post, path = "/studies/{study}/start", tag = "studies", params(("study" = String, Path)),
    responses((status = 200, body = StudyDetail), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn start(State(app): State<App>, OfStudy(row): OfStudy) -> Result<Json<StudyDetail>> {
    app.host.drive(row.id).await?;
    again(&app, row).await
}

/// Starts no more runs of a study; what runs may end
#[utoipa::path(post, path = "/studies/{study}/pause", tag = "studies", params(("study" = String, Path)),
    responses((status = 200, body = StudyDetail), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn pause(State(app): State<App>, OfStudy(row): OfStudy) -> Result<Json<StudyDetail>> {
    if row.state != StudyState::Open && row.state != StudyState::Paused {
        return Err(Problem::conflict(format!(
            "{} is {}; only an open study is paused",
            row.name,
            row.state.word()
        )));
    }
    app.host.pause(row.id).await?;
    again(&app, row).await
}

/// Ends a pause, or goes on with a cancelled study
#[utoipa::path(post, path = "/studies/{study}/resume", tag = "studies", params(("study" = String, Path)),
    responses((status = 200, body = StudyDetail), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn resume(State(app): State<App>, OfStudy(row): OfStudy) -> Result<Json<StudyDetail>> {
    if row.state == StudyState::Finished {
        return Err(Problem::conflict(format!(
            "{} has finished; retry its failed runs, or extend it",
            row.name
        )));
    }
    app.host.resume(row.id).await?;
    again(&app, row).await
}

/// Ends what runs of a study; what has ended stays
#[utoipa::path(post, path = "/studies/{study}/cancel", tag = "studies", params(("study" = String, Path)),
    responses((status = 200, body = StudyDetail), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn cancel(State(app): State<App>, OfStudy(row): OfStudy) -> Result<Json<StudyDetail>> {
    if row.state == StudyState::Finished {
        return Err(Problem::conflict(format!("{} has finished; there is nothing to cancel", row.name)));
    }
    app.host.cancel(row.id).await?;
    again(&app, row).await
}

/// Which failed runs to make again.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Retry {
    /// Only these of the failed runs; all of them unless given.
    runs: Option<Vec<u64>>,
}

/// How many.
#[derive(Debug, serde::Serialize, ToSchema)]
pub(super) struct Opened {
    opened: u64,
}

/// Makes failed runs again
#[utoipa::path(post, path = "/studies/{study}/retry", tag = "studies", params(("study" = String, Path)), request_body = Retry,
    responses((status = 200, body = Opened), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn retry(
    State(app): State<App>,
    OfStudy(row): OfStudy,
    body: std::result::Result<Json<Retry>, axum::extract::rejection::JsonRejection>,
) -> Result<Json<Opened>> {
    let Json(retry) = body?;
    let runs: Option<RoaringTreemap> = retry.runs.map(|runs| runs.into_iter().collect());
    Ok(Json(Opened { opened: app.host.retry(row.id, runs.as_ref()).await? }))
}

/// How many runs at once.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Slots {
    /// `null`: as many as the study says.
    slots: Option<u32>,
}

/// Sets how many runs are made at once, from now on
#[utoipa::path(put, path = "/studies/{study}/slots", tag = "studies", params(("study" = String, Path)), request_body = Slots,
    responses((status = 200, body = StudyDetail), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn slots(
    State(app): State<App>,
    OfStudy(row): OfStudy,
    body: std::result::Result<Json<Slots>, axum::extract::rejection::JsonRejection>,
) -> Result<Json<StudyDetail>> {
    let Json(Slots { slots }) = body?;
    if slots == Some(0) {
        return Err(Problem::bad_input("`slots` is at least 1; pause the study to start nothing"));
    }
    app.host.slots(row.id, slots).await?;
    again(&app, row).await
}

/// What runs now, the longest first; the first 200
#[utoipa::path(get, path = "/studies/{study}/running", tag = "studies", params(("study" = String, Path)),
    responses((status = 200, body = Vec<RunningRun>), (status = 404, body = Problem)))]
pub(super) async fn running(State(app): State<App>, OfStudy(row): OfStudy) -> Result<Json<Vec<RunningRun>>> {
    let (_, Some(now)) = app.host.now(row.id) else { return Ok(Json(Vec::new())) };
    let space = Space::new(&row.study.space, &row.study.application.parameters)
        .map_err(|found| Problem::document(&found))?;
    let runs = now.running.iter().map(|run| RunningRun {
        index: run.index,
        attempt: run.attempt,
        slot: run.slot,
        since: shape::moment(run.since),
        point: space.point(run.index).unwrap_or_default().iter().map(shape::value).collect(),
    });
    Ok(Json(runs.collect()))
}

/// The study, if it is as the caller saw it (`If-Match`).
fn unchanged(row: &StudyRow, headers: &HeaderMap) -> Result<()> {
    match headers.get(header::IF_MATCH).map(|value| value.to_str().unwrap_or_default()) {
        Some("*") | None => Ok(()),
        Some(seen) if seen == tag(row) => Ok(()),
        Some(_) => Err(Problem::changed()),
    }
}

fn tag(row: &StudyRow) -> String {
    format!("\"{}-{}\"", row.id.0, row.changed.0)
}

async fn again(app: &App, row: StudyRow) -> Result<Json<StudyDetail>> {
    detail(app, app.host.store().study(row.id).await?)
}

fn detail(app: &App, row: StudyRow) -> Result<Json<StudyDetail>> {
    let (working, now) = app.host.now(row.id);
    let now: Option<&Moment> = now.as_deref();
    let points =
        Space::new(&row.study.space, &row.study.application.parameters).map(|space| space.len()).ok();
    Ok(Json(StudyDetail::new(&row, points, working, now)))
}
