//! The server itself.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use crate::problem::Result;

/// What runs here.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Version {
    name: &'static str,
    version: &'static str,
    /// Of the API.
    api: u32,
}

/// Which version this is
#[utoipa::path(get, path = "/version", tag = "system", responses((status = 200, body = Version)))]
pub(super) async fn version() -> Json<Version> {
    Json(Version { name: "paramo", version: env!("CARGO_PKG_VERSION"), api: 1 })
}

/// How it is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Health {
    studies: usize,
    workers: usize,
}

/// Whether the store and the workers answer
#[utoipa::path(get, path = "/health", tag = "system",
    responses((status = 200, body = Health), (status = 503, body = crate::problem::Problem)))]
pub(super) async fn health(State(app): State<App>) -> Result<Json<Health>> {
    let studies = app.host.store().summaries().await?.len();
    Ok(Json(Health { studies, workers: app.host.board().workers().await.len() }))
}
