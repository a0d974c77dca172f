//! Charts: the numbers behind each, and the pictures that `paramo plot` draws.

use axum::body::Bytes;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use paramo_model::Study;
use paramo_plot::{Format, Request, choose};
use paramo_store::StudyRow;
use paramo_table::{Frame, Which, picture_data, timing};
use serde::Deserialize;
use utoipa::IntoParams;

use super::App;
use crate::access::extract::OfStudy;
use crate::cache::{Answer, Reading};
use crate::chart::{self, Asked, Chart, Failures};
use crate::problem::{Problem, Result};

/// Bins of an axis at the most.
const BINS: usize = 1000;

/// What is drawn. Columns that are not named are chosen.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Drawn {
    /// The column along x.
    x: Option<String>,
    /// The column along y.
    y: Option<String>,
    /// The column whose values are shown: the colours of a heat map, the height of a line.
    value: Option<String>,
    /// The column that colours points, or makes a line for each of its values.
    colour: Option<String>,
    /// Of runs that fall together: `count`, `mean`, `median`, `min`, `max`, `sum`, `sd`, `sem` or `quantile:0.9`; the mean unless given.
    statistic: Option<String>,
    /// Only runs for which this holds, over parameters and outputs.
    #[serde(rename = "where")]
    condition: Option<String>,
    /// Bins of an axis, from 1 to 1,000.
    #[param(minimum = 1, maximum = 1000)]
    bins: Option<usize>,
    /// The columns of parallel coordinates, separated by commas.
    columns: Option<String>,
    /// Of a picture, in pixels: 200 to 4,000.
    #[param(minimum = 200, maximum = 4000)]
    width: Option<u32>,
    /// Of a picture, in pixels: 150 to 4,000.
    #[param(minimum = 150, maximum = 4000)]
    height: Option<u32>,
    /// Of a picture, instead of the study's description.
    title: Option<String>,
}

/// The numbers behind a chart, or with `.svg` or `.png` the picture that `paramo plot` draws
///
/// Charts are `heatmap`, `line`, `scatter`, `histogram`, `parallel`, `gantt`, `throughput`, `efficiency` and `failures`. Pictures are what
/// `paramo plot --list` names. Runs that failed are left out of all but those that show time and failures.
#[utoipa::path(get, path = "/studies/{study}/plot/{kind}", tag = "results",
    params(("study" = String, Path), ("kind" = String, Path, description = "a chart, `heatmap`, or a picture, `heatmap.svg`"), Drawn),
    responses(
        (status = 200, description = "the numbers, or the picture", content((Chart = "application/json"), (String = "image/svg+xml"), (Vec<u8> = "image/png"))),
        (status = 400, body = Problem),
        (status = 404, body = Problem),
        (status = 409, description = "There is nothing to draw yet", body = Problem),
        (status = 422, description = "The study is too large to be kept in memory", body = Problem)
    ))]
pub(super) async fn show(
    State(app): State<App>,
    OfStudy(row): OfStudy,
    path: std::result::Result<Path<(String, String)>, PathRejection>,
    drawn: std::result::Result<Query<Drawn>, QueryRejection>,
) -> Result<Response> {
    let Path((_, name)) = path?;
    let Query(drawn) = drawn?;
    let (kind, format) = match name.rsplit_once('.') {
        Some((kind, "svg")) => (kind.to_owned(), Some(Format::Svg)),
        Some((kind, "png")) => (kind.to_owned(), Some(Format::Png)),
        _ => (name, None),
    };
    if let Some(bins) = drawn.bins.filter(|bins| !(1..=BINS).contains(bins)) {
        return Err(Problem::bad_input(format!("`bins` is from 1 to {BINS}, not {bins}")));
    }
    match format {
        None if !chart::KINDS.contains(&kind.as_str()) => return Err(chart::unknown(&kind)),
        None => {}
        Some(_) => paramo_plot::kind(&kind).map(|_| ()).map_err(Problem::not_found)?,
    }
    let asked = asked(&drawn)?;
    let reading = app.host.cache().lately(app.host.store(), &row).await?;
    let question = format!("plot {kind} {format:?} {drawn:?} {:?}", row.study.description);
    let (host, of) = (app.host.clone(), reading.clone());
    let make = async move {
        match format {
            None => numbers(&app, row, of, kind, asked).await,
            Some(format) => {
                app.host.cache().work(move || picture(&of.frame, &row, &kind, format, &drawn)).await
            }
        }
    };
    let answer = host.cache().answer(&reading, question, make).await?;
    Ok(respond(answer))
}

/// An answer that was kept, as it goes out.
pub(super) fn respond(answer: Answer) -> Response {
    ([(header::CONTENT_TYPE, answer.media_type)], answer.body).into_response()
}

/// Runs what takes longer than others should wait for on a thread of its own.
pub(super) async fn blocking<T: Send + 'static>(
    make: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let made = tokio::task::spawn_blocking(make).await;
    made.map_err(|_| Problem::unavailable("the answer could not be made; try again"))?
}

/// A JSON document as an answer.
pub(super) fn json<T: serde::Serialize>(value: &T) -> Result<Answer> {
    let bytes = serde_json::to_vec(value)
        .map_err(|error| Problem::unavailable(format!("the answer could not be written: {error}")))?;
    Ok(Answer { body: Bytes::from(bytes), media_type: "application/json" })
}

fn asked(drawn: &Drawn) -> Result<Asked> {
    let (statistic, fraction) = chart::read_statistic(drawn.statistic.as_deref().unwrap_or("mean"))?;
    Ok(Asked {
        x: drawn.x.clone(),
        y: drawn.y.clone(),
        value: drawn.value.clone(),
        colour: drawn.colour.clone(),
        statistic,
        fraction,
        condition: drawn.condition.clone(),
        bins: drawn.bins,
        columns: names(drawn.columns.as_deref()),
    })
}

/// Names that are separated by commas.
pub(super) fn names(text: Option<&str>) -> Vec<String> {
    let names = text.unwrap_or_default().split(',').map(str::trim);
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

async fn numbers(app: &App, row: StudyRow, of: Reading, kind: String, asked: Asked) -> Result<Answer> {
    let id = row.id;
    let mut made = app.host.cache().work(move || chart::chart(&kind, &of.frame, &row.study, &asked)).await?;
    if let Chart::Failures(Failures { causes, .. }) = &mut made {
        for failed in causes {
            let Some(first) = failed.examples.first() else { continue };
            let record = app.host.store().run(id, *first).await?;
            failed.message = record.and_then(|record| match record.last.ended {
                paramo_model::Ended::Failed(cause) => Some(cause.to_string()),
                paramo_model::Ended::Succeeded => None,
            });
        }
    }
    json(&made)
}

fn picture(frame: &Frame, row: &StudyRow, kind: &str, format: Format, drawn: &Drawn) -> Result<Answer> {
    let found = paramo_plot::kind(kind).map_err(Problem::not_found)?;
    let all = found.shows_times() || found.compares();
    let which = Which { succeeded: (!all).then_some(true), condition: drawn.condition.clone(), cause: None };
    let rows = frame.rows(&which)?;
    if rows.is_empty() {
        let what = if all { "ended" } else { "succeeded" };
        return Err(Problem::conflict(format!(
            "no such run of {} has {what} yet, so there is nothing to draw",
            row.name
        )));
    }
    let table = frame.table(&rows, &[])?;
    let data = match found.compares() {
        true => paramo_plot::Data {
            timings: vec![timing(&table, row.name.to_string())],
            ..paramo_plot::Data::default()
        },
        false => picture_data(&table, &row.study, found.shows_times()),
    };
    let request = request(kind, &row.study, drawn);
    let choice = choose(&data, &request).map_err(Problem::bad_input)?;
    let picture = choice.draw(format).map_err(Problem::bad_input)?;
    let media_type = if format == Format::Png { "image/png" } else { "image/svg+xml" };
    Ok(Answer { body: Bytes::from(picture.bytes), media_type })
}

/// The same words mean what they mean in the chart of the page; pictures call what is coloured by another name.
fn request(kind: &str, study: &Study, drawn: &Drawn) -> Request {
    let mut request = Request {
        kind: Some(kind.to_owned()),
        x: drawn.x.clone(),
        y: drawn.y.clone(),
        columns: names(drawn.columns.as_deref()),
        title: drawn
            .title
            .clone()
            .or_else(|| study.description.clone())
            .or_else(|| Some(study.name.to_string())),
        width: drawn.width,
        height: drawn.height,
        ..Request::default()
    };
    let (value, colour) = (drawn.value.clone(), drawn.colour.clone());
    match kind {
        "heatmap" | "contour" => request.color = value.or(colour),
        "histogram" => request.x = request.x.or(value),
        _ => {
            request.y = request.y.or(value);
            request.color = colour;
        }
    }
    request
}
