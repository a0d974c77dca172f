//! Batch scripts that are submitted again and again.

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};

use super::App;
use crate::access::Noted;
use crate::access::extract::{Among, By, InProject, OfSchedule};
use crate::jobs::{ScheduleView, Submission};
use crate::people::roles::Action;
use crate::problem::{Problem, Result};

/// What is submitted again and again, by project and name
#[utoipa::path(get, path = "/schedules", tag = "jobs",
    params(("project" = Option<String>, Query, description = "only those of this project")),
    responses((status = 200, body = Vec<ScheduleView>)))]
pub(super) async fn list(State(app): State<App>, among: Among) -> Result<Json<Vec<ScheduleView>>> {
    let all = app.jobs.schedules_in(&among.sight(Action::JobRead)).await?;
    Ok(Json(all.iter().map(ScheduleView::of).collect()))
}

/// Has a batch script submitted whenever `every` says so, in the place of what had its name in the project
#[utoipa::path(post, path = "/schedules", tag = "jobs", request_body = Submission,
    responses((status = 201, description = "A server of this store submits it from now on", body = ScheduleView),
        (status = 422, description = "A field of it is wrong", body = Problem)))]
pub(super) async fn create(
    State(app): State<App>,
    InProject(project): InProject,
    By(caller): By,
    body: std::result::Result<Json<Submission>, JsonRejection>,
) -> Result<Response> {
    let Json(mut new) = body?;
    let cron = new
        .every
        .take()
        .ok_or_else(|| Problem::unprocessable("`every`: expected a cron expression, such as '0 3 * * *'"))?;
    if !new.after.is_empty() {
        return Err(Problem::unprocessable(
            "`after`: expected none, as what is submitted again and again waits for no job",
        ));
    }
    let new = new.read(project, caller.name().unwrap_or_default().to_owned())?;
    let schedule = app.jobs.schedule(new, &cron).await?;
    let noted = Noted { target: Some(format!("schedule {}", schedule.name)), ..Noted::default() };
    Ok((StatusCode::CREATED, Extension(noted), Json(ScheduleView::of(&schedule))).into_response())
}

/// Submits something no more; what was submitted goes on
#[utoipa::path(delete, path = "/schedules/{schedule}", tag = "jobs",
    params(("schedule" = String, Path, description = "its name, perhaps with its project: `cells:nightly`")),
    responses((status = 204), (status = 404, body = Problem), (status = 409, description = "The name is in several projects", body = Problem)))]
pub(super) async fn delete(State(app): State<App>, OfSchedule(schedule): OfSchedule) -> Result<StatusCode> {
    // Somebody else may have been faster, which comes to the same.
    app.jobs.stop(&schedule.project, &schedule.name).await?;
    Ok(StatusCode::NO_CONTENT)
}
