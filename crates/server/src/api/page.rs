//! The runs of a study, a page at a time: those that have ended from the results in memory, those that run or wait from the engine
//! and the space.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use paramo_design::Space;
use paramo_model::{CauseKind, Timestamp, Value};
use paramo_store::StudyRow;
use paramo_table::{Column, Frame, Role, Which};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::aggregate::Heading;
use super::plots::{json, respond};
use crate::access::extract::OfStudy;
use crate::cache::Answer;
use crate::problem::{Problem, Result};
use crate::shape;

/// Rows of a page, unless fewer are asked for.
const ROWS: usize = 100;
const MOST: usize = 1000;
/// Points whose condition is looked at to fill a page of waiting runs.
const LOOKS: u64 = 1_000_000;

/// Which runs.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Runs {
    /// `succeeded`, `failed`, `running` or `waiting`; those that have ended unless given.
    state: Option<String>,
    /// Those that failed for this cause: `exit`, `time-out`, …
    cause: Option<String>,
    /// Only those for which this holds, over parameters and outputs: `period > 2 and k1 < 1e-9`. Of runs that have ended.
    #[serde(rename = "where")]
    condition: Option<String>,
    /// The column to sort by; with a leading `-` from high to low. By index unless given. Of runs that have ended.
    sort: Option<String>,
    /// Rows that are passed over.
    offset: Option<u64>,
    /// Rows at the most; 100 unless given, and no more than 1,000.
    limit: Option<usize>,
}

/// A page of runs.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Page {
    /// Runs there are, on all pages; `null` where a condition would have to be tried on very many points to know.
    total: Option<u64>,
    columns: Columns,
    rows: Vec<Row>,
}

/// The columns of the application, in their order.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Columns {
    parameters: Vec<Heading>,
    outputs: Vec<Heading>,
}

/// A run in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Row {
    index: u64,
    /// `succeeded`, `failed`, `running` or `waiting`.
    state: &'static str,
    cause: Option<String>,
    attempts: Option<u32>,
    /// By name.
    #[schema(value_type = Object)]
    parameters: Map<String, Json>,
    #[schema(value_type = Object)]
    outputs: Map<String, Json>,
    wall_seconds: Option<f64>,
    cpu_seconds: Option<f64>,
    started: Option<String>,
    worker: Option<u32>,
    slot: Option<u32>,
}

/// The runs of a study, a page at a time
#[utoipa::path(get, path = "/studies/{study}/runs", tag = "runs", params(("study" = String, Path), Runs),
    responses(
        (status = 200, body = Page), (status = 400, body = Problem), (status = 404, body = Problem),
        (status = 422, description = "The study is too large to be kept in memory", body = Problem)
    ))]
pub(super) async fn list(
    State(app): State<App>,
    OfStudy(row): OfStudy,
    runs: std::result::Result<Query<Runs>, QueryRejection>,
) -> Result<Response> {
    let Query(runs) = runs?;
    if let Some(cause) = &runs.cause
        && !CauseKind::ALL.iter().any(|known| known.word() == cause)
    {
        let known: Vec<&str> = CauseKind::ALL.iter().map(|cause| cause.word()).collect();
        return Err(Problem::bad_input(format!(
            "there is no cause `{cause}`; the causes are {}",
            known.join(", ")
        )));
    }
    let succeeded = match runs.state.as_deref() {
        None => None,
        Some("succeeded") => Some(true),
        Some("failed") => Some(false),
        Some("running" | "waiting")
            if runs.condition.is_some() || runs.sort.is_some() || runs.cause.is_some() =>
        {
            return Err(Problem::bad_input(
                "runs that have not ended have no results: leave out `where`, `sort` and `cause`",
            ));
        }
        Some("running" | "waiting") => None,
        Some(other) => {
            return Err(Problem::bad_input(format!(
                "there is no state `{other}` of a run; the states are succeeded, failed, running, waiting"
            )));
        }
    };
    let reading = app.host.cache().lately(app.host.store(), &row).await?;
    let frame = reading.frame.clone();
    if let Some(state @ ("running" | "waiting")) = runs.state.as_deref() {
        let now = app.host.now(row.id).1;
        let running = now.as_ref().map(|now| now.running.clone()).unwrap_or_default();
        let all = now.map_or(0, |now| now.progress.running);
        let waiting = state == "waiting";
        let made = move || unended(&row, &frame, waiting, &running, all, &runs);
        return Ok(respond(app.host.cache().work(made).await?));
    }
    let question = format!("runs {runs:?}");
    let make = app.host.cache().work(move || {
        let which = Which { succeeded, cause: runs.cause.clone(), condition: runs.condition.clone() };
        ended(&frame, &which, &runs)
    });
    Ok(respond(app.host.cache().answer(&reading, question, make).await?))
}

impl Runs {
    fn window(&self) -> (usize, usize) {
        let offset = usize::try_from(self.offset.unwrap_or(0)).unwrap_or(usize::MAX);
        (offset, self.limit.unwrap_or(ROWS).min(MOST))
    }
}

/// A page of the runs that have ended.
fn ended(frame: &Frame, which: &Which, runs: &Runs) -> Result<Answer> {
    let (offset, limit) = runs.window();
    let mut rows = frame.rows(which)?;
    let total = rows.len();
    if let Some(sort) = &runs.sort {
        rows = frame.sorted(&rows, sort, Some(offset.saturating_add(limit)))?.into();
    }
    let columns = frame.columns();
    let of = |role: fn(&Role) -> bool| columns.iter().map(|c| &**c).filter(move |c| role(&c.role));
    let parameters: Vec<&Column> = of(|role| matches!(role, Role::Parameter(_))).collect();
    let outputs: Vec<&Column> = of(|role| matches!(role, Role::Output(_))).collect();
    let cells = |columns: &[&Column], row: usize| -> Map<String, Json> {
        columns.iter().map(|column| (column.name.clone(), shape::value(&column.value(row)))).collect()
    };
    let number = |role: Role, row: usize| {
        let number = frame.of_role(role).map(|column| column.number(row));
        number.filter(|x| x.is_finite())
    };
    let text = |role: Role, row: usize| match frame.of_role(role).map(|column| column.value(row)) {
        Some(Value::String(text)) => Some(text.to_string()),
        _ => None,
    };
    let shown = rows.iter().skip(offset).take(limit).map(|row| Row {
        index: number(Role::Index, *row).unwrap_or(0.0) as u64,
        state: if text(Role::State, *row).as_deref() == Some("succeeded") { "succeeded" } else { "failed" },
        cause: text(Role::Cause, *row),
        attempts: number(Role::Attempts, *row).map(|x| x as u32),
        parameters: cells(&parameters, *row),
        outputs: cells(&outputs, *row),
        wall_seconds: number(Role::Wall, *row),
        cpu_seconds: number(Role::Cpu, *row),
        started: number(Role::Started, *row).map(|x| shape::moment(Timestamp((x * 1e6).round() as i64))),
        worker: number(Role::Worker, *row).map(|x| x as u32),
        slot: number(Role::Slot, *row).map(|x| x as u32),
    });
    let rows = shown.collect();
    json(&Page { total: Some(total as u64), columns: headings(frame), rows })
}

fn headings(frame: &Frame) -> Columns {
    let of = |role: fn(&Role) -> bool| {
        let columns = frame.columns().iter().filter(move |column| role(&column.role));
        columns.map(|c| Heading { name: c.name.clone(), unit: c.unit.clone() }).collect()
    };
    Columns {
        parameters: of(|role| matches!(role, Role::Parameter(_))),
        outputs: of(|role| matches!(role, Role::Output(_))),
    }
}

/// A page of the runs that run, or of those that wait: points that have not ended, do not run, and are kept by the condition.
fn unended(
    row: &StudyRow,
    frame: &Frame,
    waiting: bool,
    running: &[paramo_model::Running],
    all_running: u64,
    runs: &Runs,
) -> Result<Answer> {
    let (offset, limit) = runs.window();
    let space = Space::new(&row.study.space, &row.study.application.parameters)
        .map_err(|found| Problem::document(&found))?;
    let application = &row.study.application;
    let blank = |index: u64, state: &'static str| Row {
        index,
        state,
        cause: None,
        attempts: None,
        parameters: {
            let point = space.point(index).unwrap_or_default();
            application
                .parameters
                .iter()
                .zip(&point)
                .map(|(p, x)| (p.name.to_string(), shape::value(x)))
                .collect()
        },
        outputs: Map::new(),
        wall_seconds: None,
        cpu_seconds: None,
        started: None,
        worker: None,
        slot: None,
    };
    if !waiting {
        let shown = running.iter().skip(offset).take(limit).map(|run| Row {
            attempts: Some(run.attempt),
            started: Some(shape::moment(run.since)),
            slot: Some(run.slot),
            ..blank(run.index, "running")
        });
        let rows = shown.collect();
        return json(&Page { total: Some(all_running), columns: headings(frame), rows });
    }
    let rows = frame.rows(&Which::default())?;
    let index = frame.of_role(Role::Index);
    let done = rows.iter().map(|row| index.map_or(0, |column| column.number(*row) as u64));
    let mut taken: Vec<u64> = done.chain(running.iter().map(|run| run.index)).collect();
    taken.sort_unstable();
    let left = space.len().saturating_sub(rows.len() as u64).saturating_sub(all_running);
    let mut next = 0;
    let gaps = taken.into_iter().chain([space.len()]).map(|end| {
        let gap = next..end.min(space.len());
        next = end + 1;
        gap
    });
    let (mut shown, mut pass, mut looks) = (Vec::new(), offset as u64, 0);
    'page: for gap in gaps {
        let mut point = gap.start;
        if !space.has_conditions() {
            let jump = pass.min(gap.end.saturating_sub(point));
            pass -= jump;
            point += jump;
        }
        while point < gap.end && shown.len() < limit {
            looks += 1;
            if looks > LOOKS {
                break 'page;
            }
            match space.included(point).unwrap_or(false) {
                false => {}
                true if pass > 0 => pass -= 1,
                true => shown.push(blank(point, "waiting")),
            }
            point += 1;
        }
    }
    let total = (!space.has_conditions()).then_some(left);
    json(&Page { total, columns: headings(frame), rows: shown })
}
