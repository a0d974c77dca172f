//! The routes, one file for each group; the OpenAPI document is made from them.

mod aggregate;
mod applications;
mod audit;
mod batches;
mod described;
mod device;
mod docs_page;
mod download;
mod estimate;
mod events;
mod files;
mod job_files;
mod jobs;
mod once;
mod page;
mod plots;
mod projects;
mod results;
mod roles;
mod runs;
mod schedules;
mod secrets;
mod session;
mod shares;
mod studies;
mod study_file;
mod submitted;
mod system;
mod tokens;
mod users;
mod welcome;
mod workers;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderName, HeaderValue, Request, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{self, Flood, Lookups};
use crate::host::Host;
use crate::jobs::Jobs;
use crate::people::Service;
use crate::portal;

/// How long a request waits for a site: shorter than clients wait for an answer.
const SITES_PATIENCE: Duration = Duration::from_secs(20);

/// What the routes work on.
#[derive(Clone)]
pub struct App {
    pub(crate) host: Arc<Host>,
    pub(crate) people: Arc<Service>,
    pub(crate) jobs: Arc<Jobs>,
    pub(crate) flood: Arc<Flood>,
    pub(crate) projects: Arc<events::Projects>,
    pub(crate) lookups: Arc<Lookups>,
}

impl App {
    pub fn new(host: Arc<Host>, people: Arc<Service>) -> App {
        let jobs = Jobs::new(people.shared_store(), host.sites_file().map(PathBuf::from));
        let jobs = Arc::new(jobs.within(SITES_PATIENCE));
        App { host, people, jobs, flood: Arc::default(), projects: Arc::default(), lookups: Arc::default() }
    }
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
        (name = "applications", description = "What studies run, by name and version"),
        (name = "runs", description = "Single points and what came of them"),
        (name = "results", description = "The result table, whole or summarised, and pictures of it"),
        (name = "projects", description = "To whom studies belong, and who may do what with them"),
        (name = "people", description = "Who comes in, and how"),
        (name = "jobs", description = "Plain batch scripts on sites"),
        (name = "workers", description = "Where runs are made"),
        (name = "system", description = "The server itself"),
    )
)]
struct Document;

fn routes() -> OpenApiRouter<App> {
    let v1 = OpenApiRouter::new()
        .routes(routes!(applications::list, applications::publish))
        .routes(routes!(applications::versions))
        .routes(routes!(applications::show))
        .routes(routes!(applications::deprecate, applications::restore))
        .routes(routes!(studies::list, studies::create))
        .routes(routes!(studies::show, studies::delete))
        .routes(routes!(studies::start))
        .routes(routes!(studies::pause))
        .routes(routes!(studies::resume))
        .routes(routes!(studies::cancel))
        .routes(routes!(studies::retry))
        .routes(routes!(studies::slots))
        .routes(routes!(studies::limits))
        .routes(routes!(studies::extend))
        .routes(routes!(studies::why))
        .routes(routes!(estimate::make))
        .routes(routes!(studies::running))
        .routes(routes!(page::list))
        .routes(routes!(study_file::show))
        .routes(routes!(batches::definition))
        .routes(routes!(batches::batches))
        .routes(routes!(batches::ended))
        .routes(routes!(batches::record))
        .routes(routes!(runs::show))
        .routes(routes!(runs::stream))
        .routes(routes!(files::list))
        .routes(routes!(files::show))
        .routes(routes!(results::table))
        .routes(routes!(aggregate::show))
        .routes(routes!(plots::show))
        .routes(routes!(jobs::list, jobs::create))
        .routes(routes!(jobs::show, jobs::delete))
        .routes(routes!(jobs::cancel))
        .routes(routes!(job_files::output))
        .routes(routes!(job_files::list))
        .routes(routes!(job_files::show))
        .routes(routes!(schedules::list, schedules::create))
        .routes(routes!(schedules::delete))
        .routes(routes!(workers::list))
        .routes(routes!(workers::connect))
        .routes(routes!(workers::tokens, workers::create_token))
        .routes(routes!(workers::delete_token))
        .routes(routes!(workers::sites))
        .routes(routes!(workers::pools))
        .routes(routes!(events::stream))
        .routes(routes!(session::show, session::open, session::close))
        .routes(routes!(session::oidc))
        .routes(routes!(session::callback))
        .routes(routes!(session::password))
        .routes(routes!(welcome::show, welcome::take))
        .routes(routes!(device::ask))
        .routes(routes!(device::take))
        .routes(routes!(device::show, device::answer))
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::show, users::change, users::delete))
        .routes(routes!(users::invite))
        .routes(routes!(tokens::list, tokens::create))
        .routes(routes!(tokens::delete))
        .routes(routes!(projects::list, projects::create))
        .routes(routes!(projects::show, projects::change, projects::delete))
        .routes(routes!(projects::quota))
        .routes(routes!(projects::members))
        .routes(routes!(projects::set_member, projects::remove_member))
        .routes(routes!(projects::set_group, projects::remove_group))
        .routes(routes!(secrets::list))
        .routes(routes!(secrets::set, secrets::delete))
        .routes(routes!(shares::list, shares::create))
        .routes(routes!(shares::delete))
        .routes(routes!(audit::list))
        .routes(routes!(roles::show))
        .routes(routes!(system::version))
        .routes(routes!(system::health));
    OpenApiRouter::with_openapi(Document::openapi()).nest("/api/v1", v1)
}

/// The OpenAPI 3.1 document, as JSON.
pub fn openapi() -> String {
    let (_, mut document) = routes().split_for_parts();
    described::complete(&mut document);
    // It is made of our own types, which all have a JSON form.
    document.to_pretty_json().unwrap_or_default()
}

/// Everything on HTTP.
pub fn router(app: App) -> Router {
    let (api, _) = routes().split_for_parts();
    let document = openapi();
    let secure = app.people.secure();
    let open = Router::new().route(
        "/api/v1/openapi.json",
        axum::routing::get(move || async move { ([(header::CONTENT_TYPE, "application/json")], document) }),
    );
    let guarded = api
        .merge(open)
        .route("/api/docs", axum::routing::get(docs_page::enter))
        .route("/api/docs/", axum::routing::get(docs_page::page))
        .route("/api/docs/{file}", axum::routing::get(docs_page::part))
        .route("/share/{token}", axum::routing::get(shares::follow))
        .fallback(portal::page)
        .layer(middleware::from_fn_with_state(app.clone(), access::guard));
    guarded
        // Bodies are read, and limited, where requests are let through.
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state(secure, headers))
        .with_state(app)
}

/// What workers need, and nothing else.
pub fn worker_router(app: App) -> Router {
    Router::new()
        .route("/api/v1/workers/connect", axum::routing::get(workers::connect))
        .layer(middleware::from_fn_with_state(app.clone(), access::guard))
        .layer(DefaultBodyLimit::disable())
        .with_state(app)
}

/// What every answer carries: nobody frames it, guesses its type, or keeps it in a shared cache. Scripts and styles are files of ours.
async fn headers(State(secure): State<bool>, request: Request<axum::body::Body>, next: Next) -> Response {
    let mut response = next.run(request).await;
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        // A page that needs a policy of its own has said so.
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    if secure {
        let year = HeaderValue::from_static("max-age=31536000");
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

const POLICY: &str = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";
