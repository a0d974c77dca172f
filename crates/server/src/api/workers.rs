//! Where runs are made.

use axum::Json;
use axum::extract::State;

use super::App;
use crate::shape::{Pool, Site, Worker};

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

/// Workers of one kind at one site
#[utoipa::path(get, path = "/pools", tag = "workers", responses((status = 200, body = Vec<Pool>)))]
pub(super) async fn pools(State(app): State<App>) -> Json<Vec<Pool>> {
    let mut pools: Vec<Pool> = Vec::new();
    for worker in app.host.board().workers().await {
        let place = pools.iter().position(|pool| pool.name == worker.name).unwrap_or_else(|| {
            // A worker is called like the site that it was made at.
            pools.push(Pool { name: worker.name.clone(), site: worker.name.clone(), ..Pool::default() });
            pools.len() - 1
        });
        pools[place].workers += 1;
        pools[place].running += worker.leased;
        pools[place].cpus += worker.capacity.cpus;
    }
    Json(pools)
}
