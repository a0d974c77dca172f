//! Where runs are made.

use axum::Json;
use axum::extract::State;

use super::App;
use crate::shape::{Site, Worker};

/// The workers
#[utoipa::path(get, path = "/workers", tag = "workers", responses((status = 200, body = Vec<Worker>)))]
pub(super) async fn list(State(app): State<App>) -> Json<Vec<Worker>> {
    Json(app.host.board().workers().await.iter().map(Worker::new).collect())
}

/// The kinds of places that runs can be made at
#[utoipa::path(get, path = "/sites", tag = "workers", responses((status = 200, body = Vec<Site>)))]
pub(super) async fn sites() -> Json<Vec<Site>> {
    Json(paramo_sites::SITES.iter().map(|site| Site { name: site.name(), help: site.help() }).collect())
}
