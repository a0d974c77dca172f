//! Studies: what there is, how far it is, and what people ask of it.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use paramo_design::Space;
use paramo_engine::Changed;
use paramo_model::{FailureLimit, Limits, Moment, Name, Seconds, SpaceSpec, StudyState};
use paramo_store::StudyRow;
use roaring::RoaringTreemap;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::once::once;
use super::plots::blocking;
use super::submitted::{Attachments, Files, NewStudy, definition, directory, read_space};
use crate::access::Caller;
use crate::access::extract::{Among, By, InProject, OfStudy};
use crate::ordered::Ordered;
use crate::people::roles::Action;
use crate::problem::{Problem, Result};
use crate::shape::{self, Reason, RunningRun, Study, StudyDetail};

/// Studies on one page at the most.
const PAGE: usize = 1000;

/// Which studies.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
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

/// Begins a study, or goes on with the one that it is
#[utoipa::path(post, path = "/studies", tag = "studies", request_body = NewStudy,
    params(("Idempotency-Key" = Option<String>, Header, description = "the same key and body within a day: the same answer")),
    responses(
        (status = 201, description = "It is new", body = StudyDetail),
        (status = 200, description = "It was there and goes on", body = StudyDetail),
        (status = 409, description = "It differs from the stored one, or cannot start", body = Problem),
        (status = 422, description = "The file has errors", body = Problem)
    ))]
pub(super) async fn create(
    State(app): State<App>,
    InProject(project): InProject,
    By(caller): By,
    headers: HeaderMap,
    body: std::result::Result<Json<NewStudy>, axum::extract::rejection::JsonRejection>,
) -> Result<Response> {
    let Json(new) = body?;
    let what = format!("create {project} {new:?}");
    let make = begin(&app, new, &project, &caller);
    once(&app, &caller, &headers, &what, make).await
}

async fn begin(app: &App, mut new: NewStudy, project: &Name, caller: &Caller) -> Result<Response> {
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
    let (definition, _) = definition(app, &mut new, project, caller).await?;
    let (row, is_new) = app.host.submit(project, &definition, changed).await?;
    if new.start && row.state != StudyState::Finished {
        app.host.drive(row.id).await?;
    }
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    let place = format!("/api/v1/studies/{}", row.id.0);
    Ok((status, [(header::LOCATION, place)], detail(app, row).await?).into_response())
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
    Ok(([(header::ETAG, tag)], detail(&app, row).await?).into_response())
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

/// What a study may use.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewLimits {
    /// CPU time of all attempts together; `null`: as much as it takes.
    cpu_hours: Option<f64>,
    /// Time during which it is worked on.
    wall_seconds: Option<f64>,
    /// Runs that may fail: a number, or a part of all points as in `"5 %"`.
    #[schema(value_type = Option<serde_json::Value>)]
    max_failures: Option<FailureLimit>,
}

/// Sets what a study may use before nothing more of it is started
#[utoipa::path(put, path = "/studies/{study}/limits", tag = "studies", params(("study" = String, Path)), request_body = NewLimits,
    responses((status = 200, body = StudyDetail), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn limits(
    State(app): State<App>,
    OfStudy(row): OfStudy,
    body: std::result::Result<Json<NewLimits>, axum::extract::rejection::JsonRejection>,
) -> Result<Json<StudyDetail>> {
    let Json(NewLimits { cpu_hours, wall_seconds, max_failures }) = body?;
    for (name, limit) in [("cpu_hours", cpu_hours), ("wall_seconds", wall_seconds)] {
        if let Some(limit) = limit.filter(|limit| !(*limit > 0.0 && *limit < 1e12)) {
            return Err(Problem::bad_input(format!(
                "`{name}` is more than 0, not {limit}; null for no limit"
            )));
        }
    }
    let limits = Limits {
        cpu: cpu_hours.map(|hours| Seconds(hours * 3600.0)),
        time: wall_seconds.map(Seconds),
        failures: max_failures,
    };
    app.host.limits(row.id, Some(limits)).await?;
    again(&app, row).await
}

/// What is added to a study: one of the two.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "space": { "x": [11, 12] } }))]
pub(super) struct More {
    /// Axes, as in the `space` of a study file; they make points of their own.
    #[schema(value_type = Option<Object>)]
    space: Option<Ordered>,
    /// So many more points of the sample in the last block.
    count: Option<u64>,
    /// Files of points that the space names.
    #[serde(default)]
    attachments: Attachments,
    /// Whether to work on it at once.
    #[serde(default = "yes")]
    start: bool,
}

fn yes() -> bool {
    true
}

/// Adds points to a study; those that it has keep their numbers
#[utoipa::path(post, path = "/studies/{study}/extend", tag = "studies", params(("study" = String, Path)), request_body = More,
    responses((status = 200, body = StudyDetail), (status = 400, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 412, body = Problem), (status = 422, description = "The space has errors", body = Problem)))]
pub(super) async fn extend(
    State(app): State<App>,
    OfStudy(row): OfStudy,
    By(caller): By,
    headers: HeaderMap,
    body: std::result::Result<Json<More>, axum::extract::rejection::JsonRejection>,
) -> Result<Json<StudyDetail>> {
    let Json(more) = body?;
    unchanged(&row, &headers)?;
    let start = more.start;
    let study = widened(&row, more, &caller).await?;
    app.host.extend(row.id, &study, start).await?;
    again(&app, row).await
}

/// The study with its new points.
async fn widened(row: &StudyRow, more: More, caller: &Caller) -> Result<paramo_model::Study> {
    let study = row.study.clone();
    let directory = directory(Some(study.source.clone()), std::path::Path::new("/"))?;
    let More { space, count, attachments, .. } = more;
    let files = Files { attachments, from_server: matches!(caller, Caller::Owner), directory };
    blocking(move || {
        let added: SpaceSpec = match (space, count) {
            (Some(space), None) => read_space(space, &study.application.parameters, &files)?,
            (None, Some(count)) => {
                paramo_engine::goes_on(&study.space, count).map_err(Problem::unprocessable)?
            }
            _ => return Err(Problem::unprocessable("send either `space` or `count`")),
        };
        let mut study = study;
        study.space.blocks.extend(added.blocks);
        let fits = Space::new(&study.space, &study.application.parameters);
        fits.map_err(|found| Problem::document(&found))?;
        Ok(study)
    })
    .await
}

/// The first thing in the way of a study, or `null` while it goes on
#[utoipa::path(get, path = "/studies/{study}/why", tag = "studies", params(("study" = String, Path)),
    responses((status = 200, body = Option<Reason>), (status = 404, body = Problem)))]
pub(super) async fn why(State(app): State<App>, OfStudy(row): OfStudy) -> Result<Json<Option<Reason>>> {
    Ok(Json(app.host.why(&row).await?.map(Reason::from)))
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
    detail(app, app.host.store().study(row.id).await?).await
}

async fn detail(app: &App, row: StudyRow) -> Result<Json<StudyDetail>> {
    let why = app.host.why(&row).await?.map(Reason::from);
    let (working, now) = app.host.now(row.id);
    let now: Option<&Moment> = now.as_deref();
    let points =
        Space::new(&row.study.space, &row.study.application.parameters).map(|space| space.len()).ok();
    Ok(Json(StudyDetail { why, ..StudyDetail::new(&row, points, working, now) }))
}
