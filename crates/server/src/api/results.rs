//! The result table: rows, or what groups of them come to.

use std::io::Write;

use axum::body::Bytes;
use axum::extract::{Query, State, rejection::QueryRejection};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use paramo_table::{Format, Options, ResultTable};
use serde::Deserialize;
use utoipa::IntoParams;

use super::App;
use super::plots::blocking;
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
    download(Bytes::from(bytes), format, &name, &headers)
}

/// The whole file, or the part that was asked for.
fn download(bytes: Bytes, format: &dyn Format, name: &str, headers: &HeaderMap) -> Result<Response> {
    let whole = bytes.len();
    let part = match headers.get(header::RANGE).and_then(|value| value.to_str().ok()) {
        Some(range) => part(range, whole),
        None => Ok(None),
    };
    let (status, bytes, range) = match part {
        Ok(None) => (StatusCode::OK, bytes, None),
        Ok(Some((from, to))) => {
            let range = format!("bytes {from}-{to}/{whole}");
            (StatusCode::PARTIAL_CONTENT, bytes.slice(from..=to), Some(range))
        }
        Err(()) => return Err(Problem::beyond(whole)),
    };
    let mut response = (status, bytes).into_response();
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(format.name())));
    out.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Some(range) = range.and_then(|range| HeaderValue::from_str(&range).ok()) {
        out.insert(header::CONTENT_RANGE, range);
    }
    if format.name() != "json"
        && let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""))
    {
        out.insert(header::CONTENT_DISPOSITION, value);
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

/// The first and last byte that a `Range` asks for (RFC 9110, 14.1.2). `Ok(None)` for what is to be answered with the whole file:
/// other units, several ranges, what is no range. The error is a range beyond the end.
pub(super) fn part(range: &str, whole: usize) -> std::result::Result<Option<(usize, usize)>, ()> {
    let Some(bytes) = range.strip_prefix("bytes=").filter(|bytes| !bytes.contains(',')) else {
        return Ok(None);
    };
    let Some((from, to)) = bytes.trim().split_once('-') else { return Ok(None) };
    match (from.parse::<usize>(), to.parse::<usize>()) {
        (Ok(from), _) if from >= whole => Err(()),
        (Ok(from), Ok(to)) if to >= from => Ok(Some((from, to.min(whole - 1)))),
        (Ok(from), Err(_)) if to.is_empty() => Ok(Some((from, whole - 1))),
        (Err(_), Ok(0)) if from.is_empty() => Err(()),
        (Err(_), Ok(last)) if from.is_empty() && whole > 0 => {
            Ok(Some((whole.saturating_sub(last), whole - 1)))
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_as_the_standard_says() {
        for (range, found) in [
            ("bytes=0-9", Ok(Some((0, 9)))),
            ("bytes=90-", Ok(Some((90, 99)))),
            ("bytes=-5", Ok(Some((95, 99)))),
            ("bytes=-500", Ok(Some((0, 99)))),
            ("bytes=50-1000", Ok(Some((50, 99)))),
            ("bytes=100-", Err(())),
            ("bytes=-0", Err(())),
            ("bytes=9-5", Ok(None)),
            ("bytes=1-2,4-5", Ok(None)),
            ("lines=1-2", Ok(None)),
            ("bytes=x", Ok(None)),
        ] {
            assert_eq!(part(range, 100), found, "{range}");
        }
        assert_eq!(part("bytes=0-", 0), Err(()));
    }
}
