//! What groups of runs come to.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use paramo_table::{Asked, Frame, ResultTable, Summary, Which, statistic};
use serde::{Deserialize, Serialize, Serializer};
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::plots::{json, names, respond};
use crate::access::extract::OfStudy;
use crate::cache::Answer;
use crate::problem::{Problem, Result};
use crate::shape;

/// Groups at the most, unless fewer are asked for.
const MOST: usize = 100_000;
const GROUPS: usize = 10_000;

/// Which groups, and what of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Groups {
    /// The columns whose values make the groups, separated by commas: `k1,k2`. Without them all runs are one group.
    by: Option<String>,
    /// Statistics, separated by commas: `mean:period,max:amp,quantile:0.9:wall`.
    of: Option<String>,
    /// Only runs for which this holds, over parameters and outputs.
    #[serde(rename = "where")]
    condition: Option<String>,
    /// A column of the summary to sort by; with a leading `-` from high to low.
    sort: Option<String>,
    /// Groups at the most; 10,000 unless given, and no more than 100,000.
    limit: Option<usize>,
}

/// A summary: a row for each group.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Aggregate {
    /// The columns of the groups, `n` and `failed`, the statistics, and for each column how many values were missing.
    columns: Vec<Heading>,
    #[schema(value_type = Vec<Vec<serde_json::Value>>)]
    rows: Rows,
    /// Groups there are.
    total: usize,
}

/// The rows of a table, written as they stand there: there may be very many.
#[derive(Debug)]
struct Rows(ResultTable);

struct Row<'a>(&'a ResultTable, usize);

impl Serialize for Rows {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_seq((0..self.0.rows).map(|row| Row(&self.0, row)))
    }
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.columns.iter().map(|column| shape::Cell(column, self.1)))
    }
}

/// A column.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Heading {
    pub name: String,
    pub unit: Option<String>,
}

/// What groups of runs come to
#[utoipa::path(get, path = "/studies/{study}/aggregate", tag = "results", params(("study" = String, Path), Groups),
    responses(
        (status = 200, body = Aggregate), (status = 400, body = Problem), (status = 404, body = Problem),
        (status = 422, description = "The study is too large to be kept in memory", body = Problem)
    ))]
pub(super) async fn show(
    State(app): State<App>,
    OfStudy(row): OfStudy,
    groups: std::result::Result<Query<Groups>, QueryRejection>,
) -> Result<Response> {
    let Query(groups) = groups?;
    let summary = summary(&groups)?;
    let reading = app.host.cache().lately(app.host.store(), &row).await?;
    let (frame, question) = (reading.frame.clone(), format!("aggregate {groups:?}"));
    let make = app.host.cache().work(move || made(&frame, &groups, &summary));
    Ok(respond(app.host.cache().answer(&reading, question, make).await?))
}

fn summary(groups: &Groups) -> Result<Summary> {
    let asked = |text: &String| {
        let (name, column) = text.split_once(':').ok_or_else(|| {
            Problem::bad_input(format!(
                "`of` takes statistics and columns, such as mean:{text}, not `{text}`"
            ))
        })?;
        let statistic = statistic(name).ok_or_else(|| {
            let names: Vec<&str> = paramo_table::STATISTICS.iter().map(|statistic| statistic.name).collect();
            Problem::bad_input(format!(
                "there is no statistic `{name}`; the statistics are {}",
                names.join(", ")
            ))
        })?;
        Asked::parse(statistic, column).map_err(Problem::bad_input)
    };
    let statistics = names(groups.of.as_deref()).iter().map(asked).collect::<Result<_>>()?;
    Ok(Summary { by: names(groups.by.as_deref()), statistics })
}

fn made(frame: &Frame, groups: &Groups, summary: &Summary) -> Result<Answer> {
    let which = Which { condition: groups.condition.clone(), ..Which::default() };
    let mut table = frame.summary(&frame.rows(&which)?, summary)?;
    if let Some(sort) = &groups.sort {
        table.sort(&summary.sort_by(sort, &table)?)?;
    }
    let total = table.rows;
    table.truncate(groups.limit.unwrap_or(GROUPS).min(MOST));
    let columns = table.columns.iter();
    json(&Aggregate {
        columns: columns.map(|c| Heading { name: c.name.clone(), unit: c.unit.clone() }).collect(),
        rows: Rows(table),
        total,
    })
}
