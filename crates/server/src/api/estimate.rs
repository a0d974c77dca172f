//! What a study would take, before it is begun.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use paramo_design::Space;
use paramo_model::{Name, Study, StudyId};
use serde::Serialize;

use utoipa::ToSchema;

use super::App;
use super::plots::blocking;
use super::submitted::{NewStudy, definition};
use crate::access::extract::{By, InProject};
use crate::problem::{Problem, Result};
use crate::shape::{self, Reason};

/// Points of which the condition is tried on each.
const TRIED: u64 = 200_000;
/// Points that are shown.
const SAMPLE: u64 = 5;
/// Studies that are looked at for runs of the same application, the newest first.
const LOOKED: usize = 50;

/// What a study would take.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Estimate {
    /// Points of the space, those that a condition leaves out included.
    points: u64,
    /// `null` where there are too many to try the condition on each.
    left_out: Option<u64>,
    /// `measured` on earlier runs of the same application, `declared` by its time limit, or `unknown`.
    basis: &'static str,
    seconds: Option<f64>,
    cpu_hours: Option<f64>,
    /// Runs at once.
    slots: u64,
    /// The first points, by the names of the parameters.
    #[schema(value_type = Vec<Object>)]
    sample: Vec<serde_json::Map<String, serde_json::Value>>,
    /// What would keep it from starting.
    why: Option<Reason>,
}

/// What a study would take: points, time, and what would keep it from starting
#[utoipa::path(post, path = "/studies/estimate", tag = "studies", request_body = NewStudy,
    responses((status = 200, body = Estimate), (status = 400, body = Problem), (status = 422, description = "It has errors", body = Problem)))]
pub(super) async fn make(
    State(app): State<App>,
    InProject(project): InProject,
    By(caller): By,
    body: std::result::Result<Json<NewStudy>, JsonRejection>,
) -> Result<Json<Estimate>> {
    let Json(mut new) = body?;
    let (study, space) = definition(&app, &mut new, &project, &caller).await?;
    let cpus: f64 = app.host.board().workers().await.iter().map(|worker| worker.capacity.cpus).sum();
    let at_once = (cpus / study.application.resources.cores().max(0.01)).floor().max(1.0) as u64;
    let slots = study.run.slots_now().map_or(at_once, |slots| at_once.min(u64::from(slots.max(1))));
    let measured = measured(&app, &study, &project).await?;
    let (basis, each) = match (measured, study.application.resources.time) {
        (Some(each), _) => ("measured", Some(each)),
        (None, Some(time)) => ("declared", Some((time.0, time.0 * study.application.resources.cores()))),
        (None, None) => ("unknown", None),
    };
    let why = app.host.unfit(&study);
    blocking(move || {
        let left_out = left_out(&space);
        let runs = (space.len() - left_out.unwrap_or(0)) as f64;
        let (rounds, points) = ((runs / slots as f64).ceil(), space.len());
        let names = |index: u64| {
            let point = space.point(index).unwrap_or_default();
            let named = study.application.parameters.iter().zip(&point);
            named.map(|(parameter, x)| (parameter.name.to_string(), shape::value(x))).collect()
        };
        Ok(Json(Estimate {
            points,
            left_out,
            basis,
            seconds: each.map(|(wall, _)| rounds * wall),
            cpu_hours: each.map(|(_, cpu)| runs * cpu / 3600.0),
            slots,
            sample: (0..points.min(SAMPLE)).map(names).collect(),
            why,
        }))
    })
    .await
}

/// The mean wall and CPU time of a run of the same program, in seconds, in the newest study
/// of the project that has some.
async fn measured(app: &App, study: &Study, project: &Name) -> Result<Option<(f64, f64)>> {
    let store = app.host.store();
    let summaries = store.summaries().await?;
    let with_runs =
        summaries.iter().rev().filter(|summary| summary.project == *project && summary.counts.done() > 0);
    let candidates: Vec<StudyId> = with_runs.take(LOOKED).map(|summary| summary.id).collect();
    for id in candidates {
        let row = store.study(id).await?;
        if row.study.application.program == study.application.program {
            let attempts = (row.counts.done() + row.counts.retried) as f64;
            return Ok(Some((row.counts.wall.seconds() / attempts, row.counts.cpu.seconds() / attempts)));
        }
    }
    Ok(None)
}

fn left_out(space: &Space) -> Option<u64> {
    if !space.has_conditions() {
        return Some(0);
    }
    let out = |index: &u64| !space.included(*index).unwrap_or(true);
    (space.len() <= TRIED).then(|| (0..space.len()).filter(out).count() as u64)
}
