//! Plain batch scripts on sites: submitted, looked at, ended.

use axum::Extension;
use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use paramo_model::Name;
use serde::Deserialize;
use utoipa::IntoParams;

use super::App;
use super::once::once;
use crate::access::extract::{Among, By, InProject, OfJob};
use crate::access::{Caller, Noted};
use crate::jobs::{JobDetail, JobError, JobView, Submission};
use crate::people::roles::Action;
use crate::problem::{Problem, Result};

/// Which jobs.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WhichJobs {
    /// Only those of this project.
    #[expect(dead_code, reason = "read where the request is let through")]
    project: Option<String>,
    /// Only those at this site.
    site: Option<String>,
    /// Also those that ended longer ago than the last ten.
    #[serde(default)]
    all: bool,
}

/// The batch jobs that have not ended, and the last of those that have, by their numbers
#[utoipa::path(get, path = "/jobs", tag = "jobs", params(WhichJobs),
    responses((status = 200, body = Vec<JobView>), (status = 400, body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    among: Among,
    which: std::result::Result<Query<WhichJobs>, QueryRejection>,
) -> Result<Json<Vec<JobView>>> {
    let Query(which) = which?;
    let mut jobs = app.jobs.list_in(which.all, &among.sight(Action::JobRead)).await?;
    jobs.retain(|job| which.site.as_ref().is_none_or(|site| job.site == *site));
    Ok(Json(app.jobs.views(&mut jobs, JobError::told).await?))
}

/// Submits a batch script to a site. It runs there as whoever the server is there
#[utoipa::path(post, path = "/jobs", tag = "jobs", request_body = Submission,
    params(("Idempotency-Key" = Option<String>, Header, description = "the same key and body within a day: the same answer")),
    responses((status = 201, description = "The site has it", body = JobView),
        (status = 409, description = "The same request is being carried out", body = Problem),
        (status = 422, description = "A field of it is wrong", body = Problem),
        (status = 502, description = "The site refuses it", body = Problem)))]
pub(super) async fn create(
    State(app): State<App>,
    InProject(project): InProject,
    By(caller): By,
    headers: HeaderMap,
    body: std::result::Result<Json<Submission>, JsonRejection>,
) -> Result<Response> {
    let Json(new) = body?;
    if new.every.is_some() {
        return Err(Problem::unprocessable(
            "`every`: expected none, as a job is submitted once; POST /api/v1/schedules takes it",
        ));
    }
    let what = format!("submit {project} {new:?}");
    let make = submit(&app, new, project, &caller);
    once(&app, &caller, &headers, &what, make).await
}

async fn submit(app: &App, new: Submission, project: Name, caller: &Caller) -> Result<Response> {
    let new = new.read(project, caller.name().unwrap_or_default().to_owned())?;
    let jobs = app.jobs.clone();
    // It goes on when whoever asked for it hangs up: what the site was given is written down.
    let sent = tokio::spawn(async move { jobs.send(&new).await }).await;
    let job = sent.map_err(|_| Problem::internal("the job could not be submitted"))??;
    let noted = Noted { target: Some(format!("job {} ({})", job.number, job.title)), ..Noted::default() };
    let place = format!("/api/v1/jobs/{}", job.number);
    let answer =
        (StatusCode::CREATED, [(header::LOCATION, place)], Extension(noted), Json(JobView::of(&job)));
    Ok(answer.into_response())
}

/// A batch job: how it is, each of an array, and what it has used
#[utoipa::path(get, path = "/jobs/{job}", tag = "jobs",
    params(("job" = String, Path, description = "its number, or a name: then the last of that name; perhaps with its project, `cells:fit`")),
    responses((status = 200, body = JobDetail), (status = 404, body = Problem)))]
pub(super) async fn show(State(app): State<App>, OfJob(mut job): OfJob) -> Result<Json<JobDetail>> {
    Ok(Json(app.jobs.shown(&mut job).await?))
}

/// Ends a batch job
#[utoipa::path(post, path = "/jobs/{job}/cancel", tag = "jobs", params(("job" = String, Path)),
    responses((status = 200, description = "Its site was told", body = JobView), (status = 404, body = Problem),
        (status = 409, description = "It has ended already", body = Problem), (status = 502, body = Problem)))]
pub(super) async fn cancel(State(app): State<App>, OfJob(mut job): OfJob) -> Result<Json<JobView>> {
    app.jobs.cancel(&mut job).await?;
    Ok(Json(JobView::of(&job)))
}

/// Removes a batch job that has ended, with its directory at the site
#[utoipa::path(delete, path = "/jobs/{job}", tag = "jobs", params(("job" = String, Path)),
    responses((status = 204), (status = 404, body = Problem),
        (status = 409, description = "It has not ended", body = Problem), (status = 502, body = Problem)))]
pub(super) async fn delete(State(app): State<App>, OfJob(mut job): OfJob) -> Result<StatusCode> {
    app.jobs.remove(&mut job).await?;
    Ok(StatusCode::NO_CONTENT)
}
