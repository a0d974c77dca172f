//! The routes, one file for each group; the OpenAPI document is made from them.

mod batches;
mod events;
mod results;
mod runs;
mod studies;
mod system;
mod workers;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, Request, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use paramo_store::StudyRow;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{self, Token};
use crate::host::Host;
use crate::problem::{Problem, Result};

/// The largest body that is read.
const LARGEST_BODY: usize = 16 * 1024 * 1024;

/// What the routes work on.
#[derive(Clone)]
pub struct App {
    pub host: Arc<Host>,
    pub token: Token,
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Paramo",
        description = "Studies, their runs and their results. Errors are problem details (RFC 9457).",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    tags(
        (name = "studies", description = "What is explored, and how far it is"),
        (name = "runs", description = "Single points and what came of them"),
        (name = "results", description = "The result table, whole or summarised, and pictures of it"),
        (name = "workers", description = "Where runs are made"),
        (name = "system", description = "The server itself"),
    )
)]
struct Document;

fn routes() -> OpenApiRouter<App> {
    let v1 = OpenApiRouter::new()
        .routes(routes!(studies::list, studies::create))
        .routes(routes!(studies::show, studies::delete))
        .routes(routes!(studies::start))
        .routes(routes!(studies::pause))
        .routes(routes!(studies::resume))
        .routes(routes!(studies::cancel))
        .routes(routes!(studies::retry))
        .routes(routes!(studies::slots))
        .routes(routes!(studies::running))
        .routes(routes!(batches::definition))
        .routes(routes!(batches::batches))
        .routes(routes!(batches::ended))
        .routes(routes!(batches::record))
        .routes(routes!(runs::show))
        .routes(routes!(runs::stream))
        .routes(routes!(results::table))
        .routes(routes!(workers::list))
        .routes(routes!(workers::sites))
        .routes(routes!(events::stream))
        .routes(routes!(system::version))
        .routes(routes!(system::health));
    OpenApiRouter::with_openapi(Document::openapi()).nest("/api/v1", v1)
}

/// The OpenAPI 3.1 document, as JSON.
pub fn openapi() -> String {
    let (_, document) = routes().split_for_parts();
    // It is made of our own types, which all have a JSON form.
    document.to_pretty_json().unwrap_or_default()
}

/// Everything on HTTP.
pub fn router(app: App) -> Router {
    let (api, _) = routes().split_for_parts();
    let document = openapi();
    let open = Router::new().route(
        "/api/v1/openapi.json",
        axum::routing::get(move || async move { ([(header::CONTENT_TYPE, "application/json")], document) }),
    );
    let guarded = api
        .merge(open)
        .fallback(|| async {
            Problem::not_found("there is nothing at this path; /api/v1/openapi.json lists what there is")
        })
        .layer(middleware::from_fn_with_state(app.token.clone(), access::require));
    guarded.layer(DefaultBodyLimit::max(LARGEST_BODY)).layer(middleware::from_fn(headers)).with_state(app)
}

/// What every answer carries: nobody frames it, guesses its type, or keeps it in a shared cache.
async fn headers(request: Request<axum::body::Body>, next: Next) -> Response {
    let mut response = next.run(request).await;
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
        ),
    ];
    for (name, value) in fixed {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// The study that a path names: by number, or by name with or without a version (`hes1`, `hes1@2`).
async fn study(app: &App, word: &str) -> Result<StudyRow> {
    let store = app.host.store();
    if let Ok(id) = word.parse() {
        return Ok(store.study(paramo_model::StudyId(id)).await?);
    }
    let (name, version) = match word.split_once('@') {
        None => (word, None),
        Some((name, version)) => match version.parse() {
            Ok(version) => (name, Some(version)),
            Err(_) => {
                return Err(Problem::bad_input(format!(
                    "`{word}` does not name a study: after `@` comes a version, as in {name}@2"
                )));
            }
        },
    };
    Ok(store.require(paramo_store::DEFAULT_PROJECT, name, version).await?)
}
