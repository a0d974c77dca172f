//! The result table: rows, or what groups of them come to.

use std::io::Write;

use axum::body::Bytes;
use axum::extract::{Query, State, rejection::QueryRejection};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use paramo_table::{Options, ResultTable};
use serde::Deserialize;
use utoipa::IntoParams;

use super::plots::blocking;
use super::{App, download};
use crate::access::extract::OfStudy;
use crate::problem::{Problem, Result};

/// Which rows and columns, and in which format.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Rows {
    /// `json`, `jsonl`, `csv` or `parquet`; `json` unless given.
    format: Option<String>,
    /// Only rows for which this holds, over parameters and outputs: `period > 2 and k1 < 1e-9`.
    #[serde(rename = "where")]
    condition: Option<String>,
    /// The column to sort by; with a leading `-` from high to low.
    sort: Option<String>,
    /// Only these columns, separated by commas.
    columns: Option<String>,
    /// Rows at the most.
    limit: Option<usize>,
    /// Leave out the runs that failed.
    #[serde(default)]
    succeeded: bool,
}

/// The result table of the runs that have ended
#[utoipa::path(get, path = "/studies/{study}/results", tag = "results",
    params(("study" = String, Path), Rows, ("Range" = Option<String>, Header, description = "a part of the file: `bytes=0-999`")),
    responses(
        (status = 200, description = "the table"),
        (status = 206, description = "a part of it"),
        (status = 304, description = "as it was"),
        (status = 400, body = Problem),
        (status = 404, body = Problem),
        (status = 416, body = Problem)
    ))]
pub(super) async fn table(
    State(app): State<App>,
    OfStudy(row): OfStudy,
    rows: std::result::Result<Query<Rows>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response> {
    let Query(rows) = rows?;
    let format = paramo_table::format(rows.format.as_deref().unwrap_or("json"))?;
    let columns = rows.columns.as_deref().unwrap_or_default().split(',').filter(|name| !name.is_empty());
    let options = Options {
        succeeded_only: rows.succeeded,
        condition: rows.condition,
        sort: rows.sort,
        limit: rows.limit,
        columns: columns.map(str::to_owned).collect(),
        summary: None,
    };
    let store = app.host.store().clone();
    let name = format!("{}.{}", row.name, format.endings()[0]);
    let reading = match app.host.cache().read(&store, &row).await {
        Ok(reading) => Some(reading),
        // What is too large to be kept is read for this table alone.
        Err(problem) if problem.kind == Problem::TOO_LARGE => None,
        Err(problem) => return Err(problem),
    };
    // A million rows take some tenths of a second: not on the threads that answer everybody.
    let bytes = blocking(move || {
        let table = match reading {
            Some(reading) => reading.frame.select(&options)?,
            None => tokio::runtime::Handle::current().block_on(ResultTable::load(
                store.as_ref(),
                &row,
                &options,
            ))?,
        };
        let mut bytes = Vec::new();
        format.write(&table, &mut bytes)?;
        bytes.flush().map_err(paramo_table::TableError::from)?;
        Ok(bytes)
    });
    let bytes = bytes.await?;
    let mut response = download::bytes(&headers, Bytes::from(bytes), media_type(format.name()))?;
    if format.name() != "json"
        && let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""))
    {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

fn media_type(format: &str) -> &'static str {
    match format {
        "json" => "application/json",
        "jsonl" => "application/jsonl",
        "csv" => "text/csv; charset=utf-8",
        _ => "application/vnd.apache.parquet",
    }
}
