//! Every request comes through here: who sends it, what it is about, whether the table lets it through, and what is written down of it.
//!
//! A handler gets from the extractors of [`extract`] what was found out here, and looks nothing up again; so there is no way past the
//! table. A route that the table does not list is refused.

mod body;
pub mod browser;
pub mod caller;
mod come_in;
pub mod extract;
mod owner;
mod target;
mod together;
mod trail;

use std::time::Instant;

use axum::body::Body;
use axum::extract::{FromRequestParts, MatchedPath, RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use paramo_model::Name;
use paramo_store::{DEFAULT_PROJECT, Role};
use serde::Deserialize;

pub use self::browser::{From, Keeping};
pub use self::caller::{Caller, Credential, OWNER, Person, Sight, Verdict};
pub use self::come_in::{Known, SHARED, TOKEN, WORKER, known};
use self::come_in::{has_lapsed, shared};
use self::extract::Asked;
pub use self::owner::Token;
pub use self::target::no_project;
pub use self::together::Lookups;
use self::trail::Trail;
pub use self::trail::{Flood, Noted};
use crate::api::App;
use crate::people::roles::Action;
use crate::people::routes::{self, Found, Guard, Of};
use crate::problem::{Problem, Result};

/// Lets a request through, or not.
pub async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    if let Some(response) = owner_link(&app, &request) {
        return response;
    }
    let Some(path) = request.extensions().get::<MatchedPath>().cloned() else {
        return outside(&app, request, next).await;
    };
    let method = request.method().clone();
    let guard = match routes::find(&method, path.as_str()) {
        Found::Guard(guard) => guard,
        Found::Method(methods) => return not_so(&methods),
        Found::Nothing => return refuse(&app, request.headers()).await,
    };
    let action = match guard {
        Guard::Needs(action, _) => action.name(),
        Guard::Open(word) | Guard::Known(word) | Guard::Work(word) => word,
    };
    let recorded = routes::is_recorded(&method, path.as_str());
    let mut trail = Trail::new(action, method.as_str(), path.as_str());
    let mut response = match admit(&app, guard, request, &mut trail).await {
        Ok(request) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    let noted = response.extensions_mut().remove::<Noted>();
    let silent = noted.as_ref().is_some_and(|noted| noted.silent);
    if (recorded || noted.is_some())
        && !silent
        && let Err(problem) = write_down(&app, trail, response.status(), noted).await
    {
        return problem.into_response();
    }
    response
}

/// What is needed of a request so that it may go on.
async fn admit(app: &App, guard: Guard, request: Request, trail: &mut Trail) -> Result<Request> {
    let (mut parts, body) = request.into_parts();
    let changes = routes::changes(&parts.method);
    let parameters = parameters(&mut parts).await;
    let named = |name: &str| parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    trail.path(parameters.iter().map(|(key, value)| (key.as_str(), value.as_str())));
    let caller = match (known(&app.people, &parts.headers, changes).await?, guard) {
        (Known::Yes(caller), _) => Some(caller),
        (Known::Forged(caller), _) => {
            trail.by(&caller);
            return Err(Problem::forbidden("the request comes from another page"));
        }
        (Known::No, Guard::Open(_)) => None,
        (Known::No, _) => return Err(stranger(app, &parts.headers).await),
    };
    if let Some(caller) = &caller {
        trail.by(caller);
    }
    match (guard, &caller) {
        (Guard::Work(_), Some(Caller::Worker(..) | Caller::Owner)) => {}
        (Guard::Work(_), _) => {
            return Err(Problem::forbidden(
                "workers come in with a token of their own; an administrator makes one: paramo token worker NAME",
            ));
        }
        (_, Some(Caller::Worker(..))) => {
            return Err(Problem::forbidden(
                "the token of a worker is good for its connection and nothing else",
            ));
        }
        _ => {}
    }
    // Somebody else's page must not sign a browser in under another name either.
    let origin = app.people.public_url().map(|url| url.origin.as_str());
    let bearer = browser::bearer(&parts.headers).is_some();
    if changes && !bearer && browser::from(&parts.headers, origin) == From::Elsewhere {
        return Err(Problem::forbidden("the request comes from another page"));
    }
    let body = match changes {
        true => {
            let known = caller.as_ref().is_some_and(|caller| !matches!(caller, Caller::Share { .. }));
            let largest = if known { body::LARGEST } else { body::LARGEST_OF_STRANGERS };
            let body = body::read(body, largest, 2 * app.people.patience()).await?;
            body::object(&body)?;
            body::text(&body)?;
            body
        }
        false => axum::body::Bytes::new(),
    };
    // No name holds it, and PostgreSQL takes no text that does.
    if parameters.iter().any(|(_, value)| value.contains('\0')) {
        return Err(Problem::not_found("nothing has a name with the character U+0000"));
    }
    if parts.uri.query().is_some_and(|query| query.contains("%00")) {
        return Err(Problem::bad_input("no value of a query holds the character U+0000"));
    }
    let mut asked = Asked { caller, ..Asked::default() };
    if let (Guard::Needs(action, of), Some(caller)) = (guard, &asked.caller) {
        match of {
            Of::Server => yes(caller.may(action, None), action)?,
            Of::Study => {
                let word = named("study").unwrap_or_default();
                let mut caller = caller.clone();
                let row = match study(app, &caller, word).await {
                    // Somebody who has an account may have been shown what it does not see.
                    Err(problem) if problem.status == 404 && action == Action::StudyRead => {
                        caller = shared(&app.people, &parts.headers).await?.ok_or(problem)?;
                        study(app, &caller, word).await?
                    }
                    found => found?,
                };
                trail.project = Some(row.project.to_string());
                trail.target = format!("study {} ({})", row.id.0, row.title());
                if !matches!(caller, Caller::Share { .. }) || action != Action::StudyRead {
                    // It was seen, so it is not hidden.
                    let verdict = caller.may(action, Some(&row.project));
                    yes(if verdict == Verdict::Hidden { Verdict::No } else { verdict }, action)?;
                }
                asked.project = Some(row.project.clone());
                asked.study = Some(row);
            }
            Of::Job => {
                let word = named("job").unwrap_or_default();
                let row = app.jobs.find_in(word, &caller.sight(Action::JobRead)).await?;
                trail.project = Some(row.project.to_string());
                trail.target = format!("job {} ({})", row.number, row.title);
                yes(caller.may(action, Some(&row.project)), action)?;
                asked.project = Some(row.project.clone());
                asked.job = Some(row);
            }
            Of::Schedule => {
                let word = named("schedule").unwrap_or_default();
                let found = app.jobs.schedule_in(word, &caller.sight(Action::JobRead)).await?;
                trail.project = Some(found.project.to_string());
                trail.target = format!("schedule {}", found.name);
                yes(caller.may(action, Some(&found.project)), action)?;
                asked.project = Some(found.project.clone());
                asked.schedule = Some(found);
            }
            Of::Project | Of::Body => {
                let word = match of {
                    Of::Project => named("project").unwrap_or_default().to_owned(),
                    _ => project_of(&body)?,
                };
                asked.project = Some(project(app, caller, action, &word, trail).await?);
            }
            Of::Query => match query(&parts, "project") {
                Some(word) => asked.project = Some(project(app, caller, action, &word, trail).await?),
                None => {
                    let nowhere = caller.sight(action) == Sight::Of([].into());
                    let sees_lists =
                        !matches!(caller, Caller::Share { .. }) && caller.scoped(action.rule().scope);
                    if nowhere && !(sees_lists && action.rule().from == Role::Viewer) {
                        return Err(forbidden(action));
                    }
                }
            },
        }
    }
    parts.extensions.insert(asked);
    Ok(Request::from_parts(parts, Body::from(body)))
}

/// The study that a word names, among those that somebody sees.
pub async fn study(app: &App, caller: &Caller, word: &str) -> Result<paramo_store::StudyRow> {
    let sight = caller.sight(Action::StudyRead);
    let stores = (app.host.store().as_ref(), app.people.store());
    target::study(&app.lookups, stores, &sight, word).await
}

/// The project that a word names, if somebody may do this there.
async fn project(app: &App, caller: &Caller, action: Action, word: &str, trail: &mut Trail) -> Result<Name> {
    let Ok(name) = Name::new(word) else { return Err(no_project(word)) };
    match caller.may(action, Some(&name)) {
        Verdict::Hidden => return Err(no_project(word)),
        verdict => {
            trail.project = Some(word.to_owned());
            yes(verdict, action)?;
        }
    }
    // Whoever has a role in a project by name needs no proof that it is there.
    if word != DEFAULT_PROJECT && caller.person().is_none_or(|person| !person.roles.contains_key(&name)) {
        match app.people.store().project(word).await {
            Ok(_) => {}
            Err(paramo_store::StoreError::Missing { .. }) => return Err(no_project(word)),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(name)
}

fn yes(verdict: Verdict, action: Action) -> Result<()> {
    match verdict {
        Verdict::Yes => Ok(()),
        Verdict::Hidden | Verdict::No => Err(forbidden(action)),
    }
}

pub fn forbidden(action: Action) -> Problem {
    let rule = action.rule();
    Problem::forbidden(format!(
        "you may not {}: `{}` needs the role {} and, with a token, the scope {}",
        rule.help,
        rule.name,
        rule.from.word(),
        rule.scope.word()
    ))
}

/// `project` of a body, or `default`. Other fields are the handler's.
fn project_of(body: &[u8]) -> Result<String> {
    #[derive(Deserialize)]
    struct Body {
        project: Option<String>,
    }
    match serde_json::from_slice::<Body>(body) {
        Ok(body) => Ok(body.project.unwrap_or_else(|| DEFAULT_PROJECT.to_owned())),
        Err(error) if error.is_data() => {
            Err(Problem::json(&error).with_detail(format!("the body: project: {error}")))
        }
        Err(error) => Err(Problem::json(&error)),
    }
}

/// The parameters of the path, by name.
async fn parameters(parts: &mut Parts) -> Vec<(String, String)> {
    match RawPathParams::from_request_parts(parts, &()).await {
        Ok(found) => found.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        Err(_) => Vec::new(),
    }
}

/// A parameter of the query.
fn query(parts: &Parts, name: &str) -> Option<String> {
    let query = parts.uri.query().unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// Paths at which there is nothing below `/api`, and the pages of the portal, which hold nothing by themselves.
async fn outside(app: &App, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    match path == "/api" || path.starts_with("/api/") {
        true => refuse(app, request.headers()).await,
        false => next.run(request).await,
    }
}

/// What is said to somebody who is not known: perhaps they were, until what they show expired.
async fn stranger(app: &App, headers: &HeaderMap) -> Problem {
    match has_lapsed(&app.people, headers).await {
        Ok(true) => Problem::lapsed(),
        Ok(false) => Problem::unauthorized(app.people.is_embedded()),
        Err(error) => error.into(),
    }
}

/// There is nothing here, which strangers are not told.
async fn refuse(app: &App, headers: &HeaderMap) -> Response {
    match known(&app.people, headers, false).await {
        Ok(Known::No) => stranger(app, headers).await.into_response(),
        Ok(_) => {
            Problem::not_found("there is nothing at this path; /api/v1/openapi.json lists what there is")
                .into_response()
        }
        Err(error) => Problem::from(error).into_response(),
    }
}

fn not_so(methods: &[&str]) -> Response {
    let detail = format!("this path takes {}", methods.join(", "));
    let mut response = Problem::bad_input(detail).with_status(StatusCode::METHOD_NOT_ALLOWED).into_response();
    if let Ok(allow) = HeaderValue::from_str(&methods.join(", ")) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

/// A link with `?token=` is answered by a cookie and the page without it, so that the token stays in no history and no log.
fn owner_link(app: &App, request: &Request) -> Option<Response> {
    if !app.people.is_embedded() || request.method() != Method::GET {
        return None;
    }
    let given = request.uri().query()?.split('&').find_map(|pair| pair.strip_prefix("token="))?;
    if !app.people.owner()?.is(given) {
        return Some(Problem::unauthorized(true).into_response());
    }
    let mut response = Redirect::to(request.uri().path()).into_response();
    let keeping = Keeping { path: "/", secure: false, lax: false, seconds: None };
    if let Some(cookie) = browser::set_cookie(browser::OWNER, given, keeping) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Some(response)
}

/// Writes into the audit trail. What cannot be written down is answered as an error, so that nobody does things unseen.
async fn write_down(app: &App, trail: Trail, status: StatusCode, noted: Option<Noted>) -> Result<()> {
    let mut left_out = 0;
    if trail.who.is_none() && noted.as_ref().is_none_or(|noted| noted.user.is_none()) {
        match app.flood.passes(Instant::now()) {
            Some(before) => left_out = before,
            None => return Ok(()),
        }
    }
    let mut entry = trail.entry(status, noted);
    if left_out > 0 {
        entry.detail.push_str(&format!("; {left_out} more of strangers were not written down"));
    }
    app.people.store().record(&entry).await.map(drop).map_err(|error| {
        Problem::unavailable(format!(
            "it may have been done, but could not be written into the audit trail: {error}"
        ))
    })
}
