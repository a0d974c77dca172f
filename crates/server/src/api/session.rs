//! Signing in and out, and what the portal has to know about who looks at it.

use std::collections::BTreeMap;

use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use paramo_model::Name;
use paramo_store::{Outcome, Role, Via};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::App;
use crate::access::extract::{By, Client, Perhaps};
use crate::access::{Caller, Credential, Noted, Person, Verdict, browser};
use crate::login::{self, Answer};
use crate::people::roles::{RULES, Reach};
use crate::people::sign_in::{CameIn, NotIn, wrong};
use crate::people::{Service, code};
use crate::problem::{Problem, Result};

/// Who looks on, and what they may do.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Session {
    /// `null` for somebody who has not signed in.
    user: Option<SessionUser>,
    /// Whether the server is of the person who started it, without accounts.
    embedded: bool,
    /// The study that a link shows to somebody who has not signed in.
    shared: Option<i64>,
    login: Logins,
    /// The projects that they see.
    projects: Vec<SessionProject>,
    /// What they may do, by project.
    #[schema(value_type = Object)]
    actions: BTreeMap<String, Vec<&'static str>>,
    /// What they may do that is of no project.
    server: Vec<&'static str>,
    version: &'static str,
}

/// Somebody who has signed in.
#[derive(Debug, Serialize, ToSchema)]
struct SessionUser {
    name: String,
    display_name: String,
    email: Option<String>,
    administrator: bool,
    /// `local`, `oidc` or `ldap`.
    source: &'static str,
}

/// How people come in here.
#[derive(Debug, Serialize, ToSchema)]
struct Logins {
    /// By a password that is kept here.
    local: bool,
    /// By the password of a directory.
    ldap: bool,
    /// Through a provider.
    oidc: Option<Provider>,
}

/// A provider of OpenID Connect.
#[derive(Debug, Serialize, ToSchema)]
struct Provider {
    /// What the button says.
    name: String,
}

/// A project that somebody sees.
#[derive(Debug, Serialize, ToSchema)]
struct SessionProject {
    name: String,
    title: String,
    role: &'static str,
}

/// The session, as somebody sees it.
pub(super) async fn body(app: &App, caller: Option<&Caller>) -> Result<Session> {
    let mut projects = Vec::new();
    let mut actions = BTreeMap::new();
    let mut server = Vec::new();
    if let Some(caller) = caller.filter(|caller| !matches!(caller, Caller::Share { .. })) {
        for project in app.people.store().projects().await? {
            let Some(role) = caller.role(&project.name) else { continue };
            actions.insert(project.name.to_string(), allowed(caller, Some(&project.name)));
            projects.push(SessionProject {
                name: project.name.to_string(),
                title: project.title,
                role: role.word(),
            });
        }
        server = allowed(caller, None);
    }
    let accounts = app.people.accounts().ok();
    let login = Logins {
        local: accounts.is_some_and(|accounts| accounts.local),
        ldap: accounts.is_some_and(|accounts| accounts.ldap.is_some()),
        oidc: accounts
            .and_then(|accounts| accounts.oidc.as_ref())
            .map(|oidc| Provider { name: oidc.label().to_owned() }),
    };
    let shared = match caller {
        Some(Caller::Share { study }) => Some(study.0),
        _ => None,
    };
    let user = caller.and_then(Caller::person).map(|person| SessionUser {
        name: person.user.name.clone(),
        display_name: person.user.display_name.clone(),
        email: person.user.email.clone(),
        administrator: person.user.administrator,
        source: person.user.source.word(),
    });
    let embedded = app.people.is_embedded();
    Ok(Session {
        user,
        embedded,
        shared,
        login,
        projects,
        actions,
        server,
        version: env!("CARGO_PKG_VERSION"),
    })
}

/// The actions of a project, or of the server, that somebody may do.
fn allowed(caller: &Caller, project: Option<&Name>) -> Vec<&'static str> {
    let reach = if project.is_some() { Reach::Project } else { Reach::Server };
    let rules = RULES.iter().filter(|rule| rule.reach == reach);
    rules.filter(|rule| caller.may(rule.action, project) == Verdict::Yes).map(|rule| rule.name).collect()
}

/// The answer to somebody who has just come in: the session, its cookie, and what is written down.
pub(super) async fn welcome(app: &App, came: CameIn) -> Result<Response> {
    let roles: BTreeMap<Name, Role> = app.people.store().roles(came.user.id).await?.into_iter().collect();
    let cookie = app.people.session_cookie(&came.code)?;
    let noted = Noted {
        user: Some(came.user.name.clone()),
        target: Some(format!("user {}", came.user.name)),
        ..Noted::default()
    };
    let by = Credential::Session(code::hash(&came.code));
    let caller = Caller::User(Box::new(Person { user: came.user, roles, by }));
    let session = body(app, Some(&caller)).await?;
    Ok((Extension(noted), [(header::SET_COOKIE, cookie)], Json(session)).into_response())
}

/// Who looks on, and how one comes in
#[utoipa::path(get, path = "/session", tag = "people", responses((status = 200, body = Session)))]
pub(super) async fn show(State(app): State<App>, Perhaps(caller): Perhaps) -> Result<Json<Session>> {
    Ok(Json(body(&app, caller.as_ref()).await?))
}

/// A name and a password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Credentials {
    name: String,
    password: String,
}

/// Signs in with a name and a password
#[utoipa::path(post, path = "/session", tag = "people", request_body = Credentials,
    responses(
        (status = 200, description = "The session; its cookie is set", body = Session),
        (status = 401, description = "The name or the password is wrong", body = Problem),
        (status = 429, description = "There were too many wrong tries", body = Problem)
    ))]
pub(super) async fn open(
    State(app): State<App>,
    client: Client,
    body: std::result::Result<Json<Credentials>, JsonRejection>,
) -> Result<Response> {
    let Json(Credentials { name, password }) = body?;
    match app.people.by_password(&name, password, client.address).await {
        Ok(came) => welcome(&app, came).await,
        Err(not) => Ok(refused(not)),
    }
}

fn refused(not: NotIn) -> Response {
    (Extension(not.noted()), not.problem).into_response()
}

/// Signs out
#[utoipa::path(delete, path = "/session", tag = "people", responses((status = 204)))]
pub(super) async fn close(State(app): State<App>, Perhaps(caller): Perhaps) -> Result<Response> {
    if let Some(Credential::Session(hash)) = caller.as_ref().and_then(Caller::person).map(|person| &person.by)
    {
        app.people.store().end_session(hash).await?;
        app.people.rights_changed();
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    for name in [browser::SESSION, browser::SHARE, browser::OWNER] {
        response.headers_mut().append(header::SET_COOKIE, app.people.cookie(name, "", Some(0))?);
    }
    Ok(response)
}

/// Where to go on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Back {
    /// The path to go to when it is done, such as `/studies/7`.
    #[serde(rename = "return")]
    path: Option<String>,
}

/// Begins to sign in through the provider
#[utoipa::path(get, path = "/session/oidc", tag = "people", params(Back),
    responses((status = 303, description = "to the provider, or back to the sign-in page with `?error=`"), (status = 404, body = Problem)))]
pub(super) async fn oidc(
    State(app): State<App>,
    back: std::result::Result<Query<Back>, QueryRejection>,
    client: Client,
    headers: HeaderMap,
) -> Result<Response> {
    let Query(back) = back?;
    let provider = provider(&app.people)?;
    let callback = app.people.link(client.host.as_deref(), "/api/v1/session/oidc/callback");
    let before = browser::cookie(&headers, login::COOKIE);
    match provider.begin(&callback, back.path.as_deref(), before).await {
        Ok(redirect) => {
            let cookie =
                app.people.cookie(login::COOKIE, &redirect.cookie, Some(login::PENDING.as_secs()))?;
            let to = HeaderValue::from_str(&redirect.location)
                .map_err(|_| Problem::internal("the provider's address cannot stand in a header"))?;
            Ok((StatusCode::SEE_OTHER, [(header::LOCATION, to), (header::SET_COOKIE, cookie)])
                .into_response())
        }
        Err(error) => Ok(to_sign_in(&app.people, error.code(), &error.to_string())),
    }
}

/// The provider sends somebody back
#[utoipa::path(get, path = "/session/oidc/callback", tag = "people",
    responses((status = 303, description = "to where they wanted to go, or to the sign-in page with `?error=`"), (status = 404, description = "Nobody signs in this way here", body = Problem)))]
pub(super) async fn callback(
    State(app): State<App>,
    answer: std::result::Result<Query<Answer>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response> {
    let Query(answer) = answer?;
    let provider = provider(&app.people)?;
    let cookie = browser::cookie(&headers, login::COOKIE);
    let (identity, path) = match provider.finish(&answer, cookie, crate::clock::now()).await {
        Ok(done) => done,
        Err(error) => return Ok(to_sign_in(&app.people, error.code(), &error.to_string())),
    };
    let came = match app.people.vouched(identity).await {
        Ok(came) => came,
        Err(problem) if problem.status < 500 => {
            return Ok(to_sign_in(&app.people, "refused", &problem.detail));
        }
        Err(problem) => return Err(problem),
    };
    let cookie = app.people.session_cookie(&came.code)?;
    let noted = Noted {
        user: Some(came.user.name.clone()),
        target: Some(format!("user {}", came.user.name)),
        ..Noted::default()
    };
    let to = format!("{}{path}", app.people.base());
    Ok((StatusCode::SEE_OTHER, Extension(noted), [(header::LOCATION, to)], [(header::SET_COOKIE, cookie)])
        .into_response())
}

fn provider(service: &Service) -> Result<&login::Oidc> {
    let provider = service.accounts()?.oidc.as_ref();
    provider.ok_or_else(|| Problem::not_found("no provider is set up; add [login.oidc] to server.toml"))
}

/// Back to the page for signing in, which has a text for each code. Nobody came in, which is written down with the reason: only there
/// does an administrator see what is wrong with a provider.
fn to_sign_in(service: &Service, code: &'static str, why: &str) -> Response {
    let outcome = if code == "unavailable" { Outcome::Failed } else { Outcome::Refused };
    let detail = Some(format!("nobody came in: {why}"));
    let noted = Noted { detail, outcome: Some(outcome), ..Noted::default() };
    let to = format!("{}/login?error={code}", service.base());
    (StatusCode::SEE_OTHER, Extension(noted), [(header::LOCATION, to)]).into_response()
}

/// A new password, with the one that it takes the place of.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPassword {
    old: String,
    new: String,
}

/// Changes one's password; other sessions end
#[utoipa::path(put, path = "/session/password", tag = "people", request_body = NewPassword,
    responses((status = 204), (status = 400, body = Problem), (status = 401, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn password(
    State(app): State<App>,
    By(caller): By,
    client: Client,
    body: std::result::Result<Json<NewPassword>, JsonRejection>,
) -> Result<StatusCode> {
    let Json(NewPassword { old, new }) = body?;
    let (Some(person), Via::Session) = (caller.person(), caller.via()) else {
        return Err(Problem::conflict("only somebody who has signed in with a password can change it"));
    };
    let Credential::Session(session) = &person.by else { return Err(wrong()) };
    let accounts = app.people.accounts()?;
    let name = &person.user.name;
    if !person.user.has_password {
        return Err(Problem::conflict(format!(
            "{name} has no password here: it is kept where {name} signs in"
        )));
    }
    accounts.attempt(name, client.address)?;
    let stored = app.people.store().password(name).await?.map(|(_, hash)| hash.as_str().to_owned());
    let right = accounts.passwords.verify(stored, old).await;
    if !right.map_err(|error| Problem::unavailable(error.to_string()))? {
        return Err(wrong().with_detail("the old password is not right"));
    }
    accounts.succeeded(name, client.address);
    let hash = app.people.hash(name, new).await?;
    app.people.store().set_password(person.user.id, &hash, Some(session)).await?;
    app.people.rights_changed();
    Ok(StatusCode::NO_CONTENT)
}
