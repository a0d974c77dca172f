//! Where runs are made, and the door for workers elsewhere.

use std::time::Duration;

use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use paramo_model::Name;
use paramo_worker::remote::wire::LARGEST;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use crate::access::extract::By;
use crate::access::{self, Caller, Noted};
use crate::pools::PoolView;
use crate::problem::{Problem, Result};
use crate::shape::{Pool, Site, Worker, moment};
use crate::workers::{self, Pass};

/// Hours for which a worker's token is good, unless it is said, and at the most.
const HOURS: u32 = 168;
const MOST_HOURS: u32 = 24 * 3660;

/// The workers
#[utoipa::path(get, path = "/workers", tag = "workers", responses((status = 200, body = Vec<Worker>)))]
pub(super) async fn list(State(app): State<App>) -> Json<Vec<Worker>> {
    Json(app.host.board().workers().await.iter().map(Worker::new).collect())
}

/// Comes in as a worker: a WebSocket with frames in MessagePack, which `paramo worker` opens
#[utoipa::path(get, path = "/workers/connect", tag = "workers",
    responses((status = 101, description = "It is a WebSocket from now on"), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 426, description = "It was not asked for as a WebSocket", body = Problem)))]
pub(super) async fn connect(
    State(app): State<App>,
    By(caller): By,
    socket: std::result::Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Result<Response> {
    let socket = socket.map_err(|error| {
        let problem = Problem::bad_input(format!("workers open a WebSocket here: {error}"));
        problem.with_status(StatusCode::UPGRADE_REQUIRED)
    })?;
    let pass = match caller {
        Caller::Worker(token, hash) => Pass {
            allocation: app.host.pools().and_then(|pools| pools.of_token(token.id)),
            project: token.project,
            token: Some(hash),
        },
        _ => Pass::default(),
    };
    let socket = socket.max_message_size(LARGEST).max_frame_size(LARGEST);
    Ok(socket.on_upgrade(move |socket| workers::receive(app.host, app.people, socket, pass)))
}

/// A token with which a worker comes in, without what it is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WorkerToken {
    id: i64,
    name: String,
    /// The only project whose studies the worker may have.
    project: Option<String>,
    by: String,
    created: String,
    expires: Option<String>,
    /// When it was used last, to the minute.
    used: Option<String>,
}

impl From<paramo_store::WorkerToken> for WorkerToken {
    fn from(token: paramo_store::WorkerToken) -> WorkerToken {
        WorkerToken {
            id: token.id,
            name: token.name,
            project: token.project.map(|project| project.to_string()),
            by: token.by,
            created: moment(token.created),
            expires: token.expires.map(moment),
            used: token.used.map(moment),
        }
    }
}

/// A worker's token that was made, with what it is: this is not shown again.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MadeWorkerToken {
    #[serde(flatten)]
    about: WorkerToken,
    /// For `paramo worker --token-file`.
    token: String,
}

/// A worker's token to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedWorkerToken {
    /// What it is for: an allocation, say.
    name: String,
    /// The only project whose studies the worker may have; all unless given.
    project: Option<String>,
    /// 168 unless given.
    expires_hours: Option<u32>,
}

/// The tokens of workers
#[utoipa::path(get, path = "/workers/tokens", tag = "workers", responses((status = 200, body = Vec<WorkerToken>)))]
pub(super) async fn tokens(State(app): State<App>) -> Result<Json<Vec<WorkerToken>>> {
    Ok(Json(app.people.store().worker_tokens().await?.into_iter().map(WorkerToken::from).collect()))
}

/// Makes a token with which workers come in, and which is good for nothing else
#[utoipa::path(post, path = "/workers/tokens", tag = "workers", request_body = WantedWorkerToken,
    responses((status = 201, body = MadeWorkerToken), (status = 400, body = Problem), (status = 404, description = "There is no such project", body = Problem)))]
pub(super) async fn create_token(
    State(app): State<App>,
    By(caller): By,
    body: std::result::Result<Json<WantedWorkerToken>, JsonRejection>,
) -> Result<Response> {
    let Json(wanted) = body?;
    super::users::check_texts(Some(&wanted.name), None)
        .map_err(|problem| problem.with_detail("`name` is one line of at most 256 bytes"))?;
    let hours = wanted.expires_hours.unwrap_or(HOURS);
    if !(1..=MOST_HOURS).contains(&hours) {
        return Err(Problem::bad_input(format!("`expires_hours` is from 1 to {MOST_HOURS}")));
    }
    let project = match wanted.project {
        None => None,
        Some(word) => Some(Name::new(word.as_str()).map_err(|_| access::no_project(&word))?),
    };
    let lasts = Duration::from_secs(u64::from(hours) * 3600);
    let by = caller.name().unwrap_or_default().to_owned();
    let (token, code) = app.people.worker_token(wanted.name, project, by, lasts).await?;
    let noted = Noted {
        target: Some(format!("worker token {}", token.id)),
        detail: Some(token.name.clone()),
        project: token.project.as_ref().map(ToString::to_string),
        ..Noted::default()
    };
    let made = MadeWorkerToken { about: token.into(), token: code };
    Ok((StatusCode::CREATED, Extension(noted), Json(made)).into_response())
}

/// Withdraws a token of workers: those who came with it are let go at once, and the runs that they held are made by others
#[utoipa::path(delete, path = "/workers/tokens/{id}", tag = "workers", params(("id" = i64, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
pub(super) async fn delete_token(
    State(app): State<App>,
    id: std::result::Result<Path<i64>, PathRejection>,
) -> Result<StatusCode> {
    let Path(id) = id?;
    app.people.withdraw_worker_token(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The places that runs can be made at
#[utoipa::path(get, path = "/sites", tag = "workers", responses((status = 200, body = Vec<Site>)))]
pub(super) async fn sites(State(app): State<App>) -> Json<Vec<Site>> {
    let here = paramo_sites::SITES.iter();
    let here = here.map(|site| Site { name: site.name().to_owned(), help: site.help().to_owned() });
    let described = app.host.pools().map(|pools| pools.sites()).unwrap_or_default().into_iter();
    Json(here.chain(described.map(|(name, help)| Site { name, help })).collect())
}

/// Workers of one kind at one site
#[utoipa::path(get, path = "/pools", tag = "workers", responses((status = 200, body = Vec<Pool>)))]
pub(super) async fn pools(State(app): State<App>) -> Json<Vec<Pool>> {
    let views = app.host.pools().map(|pools| pools.views()).unwrap_or_default();
    let kept = views.len();
    let mut pools: Vec<Pool> = views.iter().map(Pool::new).collect();
    for worker in app.host.board().workers().await {
        let granted = worker.remote.as_ref().and_then(|remote| remote.about.allocation.as_ref());
        let of = |view: &PoolView| view.allocations.iter().any(|it| granted == Some(&it.name));
        // Who has come in from elsewhere by hand is of no site that is known here.
        let name = if worker.remote.is_some() { "elsewhere" } else { "local" };
        let known = views.iter().position(of);
        let by_hand = || Some(kept + pools[kept..].iter().position(|pool| pool.name == name)?);
        let place = known.or_else(by_hand).unwrap_or_else(|| {
            pools.push(Pool { name: name.to_owned(), site: name.to_owned(), ..Pool::default() });
            pools.len() - 1
        });
        pools[place].workers += 1;
        pools[place].running += worker.leased;
        pools[place].cpus += worker.capacity.cpus;
    }
    Json(pools)
}
