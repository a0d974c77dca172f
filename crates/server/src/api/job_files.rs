//! What batch jobs print, while they print it, and the files that they have left.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, RawQuery, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Deserialize;
use utoipa::IntoParams;

use super::App;
use crate::access::extract::OfJob;
use crate::jobs::JobFiles;
use crate::problem::{Problem, Result};

/// What of the output.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WhichOutput {
    /// Standard error instead of standard output.
    #[serde(default)]
    error: bool,
    /// Of an array: which of its jobs.
    index: Option<u32>,
    /// What comes after so many bytes; from the beginning unless given.
    #[serde(default)]
    offset: u64,
}

/// What a batch job has printed beyond an offset: a piece, after which to ask for more, or nothing where there is no more now
#[utoipa::path(get, path = "/jobs/{job}/output", tag = "jobs", params(("job" = String, Path), WhichOutput),
    responses((status = 200, description = "a piece of it", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 400, body = Problem), (status = 404, body = Problem),
        (status = 422, description = "It is an array and `index` is none of it, or it is none", body = Problem),
        (status = 502, body = Problem)))]
pub(super) async fn output(
    State(app): State<App>,
    OfJob(job): OfJob,
    which: std::result::Result<Query<WhichOutput>, QueryRejection>,
) -> Result<Response> {
    let Query(WhichOutput { error, index, offset }) = which?;
    // No file is so long, and the commands of the site count in 64 bits with a sign.
    if offset > i64::MAX as u64 - 1 {
        return Err(Problem::bad_input("`offset`: expected a number of bytes, found one beyond every file"));
    }
    let bytes = app.jobs.output(&job, error, index, offset).await?;
    Ok(as_octets(Body::from(bytes)))
}

/// The files of a batch job that patterns name, or what it was submitted with
#[utoipa::path(get, path = "/jobs/{job}/files", tag = "jobs",
    params(("job" = String, Path), ("pattern" = Option<Vec<String>>, Query, description = "may come several times: `out/*.csv`")),
    responses((status = 200, body = JobFiles), (status = 404, body = Problem),
        (status = 422, description = "A pattern leads out of its directory", body = Problem), (status = 502, body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    OfJob(job): OfJob,
    RawQuery(query): RawQuery,
) -> Result<Json<JobFiles>> {
    let pairs = url::form_urlencoded::parse(query.as_deref().unwrap_or_default().as_bytes());
    let patterns = pairs.filter(|(name, _)| name == "pattern").map(|(_, value)| value.into_owned());
    Ok(Json(app.jobs.files(&job, patterns.collect()).await?))
}

/// A file that a batch job has left
#[utoipa::path(get, path = "/jobs/{job}/files/{name}", tag = "jobs",
    params(("job" = String, Path), ("name" = String, Path, description = "as it is listed; a `/` in it is sent as `%2F`")),
    responses((status = 200, description = "the file", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 404, body = Problem), (status = 502, body = Problem)))]
pub(super) async fn show(
    State(app): State<App>,
    OfJob(job): OfJob,
    path: std::result::Result<Path<(String, String)>, PathRejection>,
) -> Result<Response> {
    let Path((_, name)) = path?;
    let connection = app.jobs.site(&job.site)?;
    let found = connection.script_file(&job.name, &name).await.map_err(crate::jobs::JobError::from)?;
    let path =
        found.ok_or_else(|| Problem::not_found(format!("job {} has left no file `{name}`", job.number)))?;
    let pieces = stream::unfold(Some(0), move |offset| {
        let (connection, path) = (connection.clone(), path.clone());
        async move {
            let offset: u64 = offset?;
            match connection.access.read_beyond(&path, offset).await {
                Ok(bytes) if bytes.is_empty() => None,
                Ok(bytes) => {
                    let next = offset + bytes.len() as u64;
                    Some((Ok(Bytes::from(bytes)), Some(next)))
                }
                // This cuts the connection off, so that who reads sees that not all has come.
                Err(error) => Some((Err(std::io::Error::other(error.to_string())), None)),
            }
        }
    });
    Ok(as_octets(Body::from_stream(pieces)))
}

/// Whatever a job wrote is never shown as a page of ours.
fn as_octets(body: Body) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    response
}
