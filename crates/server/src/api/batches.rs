//! A study as the store keeps it, for those who read it with the store's own words: the command line from afar.

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use paramo_store::{BatchId, Seq, Shipment};
use serde::Deserialize;
use utoipa::IntoParams;

use super::App;
use crate::access::extract::OfStudy;
use crate::problem::{Problem, Result};

/// Batches in one answer at the most.
const PAGE: usize = 1024;

/// Which batches.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Only those with greater numbers.
    after: Option<u64>,
    /// At the most; 64 unless given, and no more than 1,024. With 0 only the number of the newest is said.
    limit: Option<usize>,
    /// With the tails of what the runs wrote.
    #[serde(default)]
    output: bool,
}

/// The definition of a study as the store keeps it: all of it, in the words of the model
#[utoipa::path(get, path = "/studies/{study}/definition", tag = "studies", params(("study" = String, Path)),
    responses((status = 200, body = Object), (status = 404, body = Problem)))]
pub(super) async fn definition(OfStudy(row): OfStudy) -> Result<Response> {
    let text = serde_json::to_string(&row.study)
        .map_err(|error| Problem::internal(format!("the definition cannot be written: {error}")))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
}

/// The results of a study as the store keeps them, batch by batch
#[utoipa::path(get, path = "/studies/{study}/batches", tag = "results", params(("study" = String, Path), Which),
    responses((status = 200, description = "batches, sealed", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn batches(
    State(app): State<App>,
    OfStudy(row): OfStudy,
    which: std::result::Result<Query<Which>, QueryRejection>,
) -> Result<Response> {
    let Query(which) = which?;
    let id = row.id;
    let store = app.host.store();
    // Nothing is committed by this: it says which batch is the newest.
    let newest = store.commit(id, &[]).await?.seq;
    let limit = which.limit.unwrap_or(64).min(PAGE);
    let mut shipment = Shipment { newest, batches: Vec::new() };
    if limit > 0 {
        for batch in store.batches(id, which.after.map(Seq), limit).await? {
            let output = match which.output {
                true => store.output(BatchId { study: id, seq: batch.seq }).await?,
                false => None,
            };
            shipment.batches.push((batch, output));
        }
    }
    Ok(octets(shipment.write()))
}

/// Which runs of a study have ended, as two sets of indices
#[utoipa::path(get, path = "/studies/{study}/ended", tag = "results", params(("study" = String, Path)),
    responses((status = 200, description = "those that succeeded, and those that failed", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 404, body = Problem)))]
pub(super) async fn ended(State(app): State<App>, OfStudy(row): OfStudy) -> Result<Response> {
    Ok(octets(app.host.store().ended(row.id).await?.write()))
}

/// A run that has ended as the store keeps it, with the tails of what it wrote
#[utoipa::path(get, path = "/studies/{study}/runs/{index}/record", tag = "runs",
    params(("study" = String, Path), ("index" = u64, Path)),
    responses((status = 200, description = "a batch of one run", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 404, body = Problem)))]
pub(super) async fn record(
    State(app): State<App>,
    OfStudy(row): OfStudy,
    path: std::result::Result<Path<(String, u64)>, PathRejection>,
) -> Result<Response> {
    let Path((_, index)) = path?;
    match app.host.store().run(row.id, index).await? {
        Some(record) => Ok(octets(Shipment::of_run(row.id, &record).write())),
        None => Err(Problem::not_found(format!("run {index} of {} has not ended", row.name))),
    }
}

fn octets(bytes: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "application/octet-stream")], bytes).into_response()
}
