//! Tokens of the API, each of one user.

use std::time::Duration;

use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use paramo_model::Name;
use paramo_store::{NewToken, Scope};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use crate::access::extract::By;
use crate::access::{self, Caller, Credential, Noted, Person};
use crate::problem::{Problem, Result};
use crate::shape::moment;

/// Days for which a token is good, unless it is said, and at the most.
const DAYS: u32 = 90;
const MOST_DAYS: u32 = 3660;

/// A token, without what it is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Token {
    id: i64,
    name: String,
    /// Of `read`, `write` and `admin`; each includes those before it.
    scopes: Vec<&'static str>,
    /// The only project that it is good for.
    project: Option<String>,
    created: String,
    expires: Option<String>,
    /// When it was used last, to the minute.
    used: Option<String>,
}

impl From<paramo_store::Token> for Token {
    fn from(token: paramo_store::Token) -> Token {
        Token {
            id: token.id,
            name: token.name,
            scopes: token.scopes.iter().map(|scope| scope.word()).collect(),
            project: token.project.map(|project| project.to_string()),
            created: moment(token.created),
            expires: token.expires.map(moment),
            used: token.used.map(moment),
        }
    }
}

/// A token that was made, with what it is: this is not shown again.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MadeToken {
    #[serde(flatten)]
    about: Token,
    /// To be sent as `Authorization: Bearer`.
    token: String,
}

/// A token to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedToken {
    name: String,
    /// Of `read`, `write` and `admin`.
    scopes: Vec<String>,
    project: Option<String>,
    /// 90 unless given.
    expires_days: Option<u32>,
}

fn person(caller: &Caller) -> Result<&Person> {
    caller.person().ok_or_else(|| {
        Problem::conflict(
            "tokens are of people with accounts; whoever started the server has its token already",
        )
    })
}

/// Days as a length of time.
pub(super) fn days(given: Option<u32>, unless: Option<u32>) -> Result<Option<Duration>> {
    match given.or(unless) {
        Some(days) if !(1..=MOST_DAYS).contains(&days) => {
            Err(Problem::bad_input(format!("`expires_days` is from 1 to {MOST_DAYS}")))
        }
        days => Ok(days.map(|days| Duration::from_secs(u64::from(days) * 24 * 3600))),
    }
}

/// One's own tokens
#[utoipa::path(get, path = "/tokens", tag = "people", responses((status = 200, body = Vec<Token>), (status = 409, description = "Who asks has no account", body = Problem)))]
pub(super) async fn list(State(app): State<App>, By(caller): By) -> Result<Json<Vec<Token>>> {
    let person = person(&caller)?;
    Ok(Json(app.people.store().tokens(person.user.id).await?.into_iter().map(Token::from).collect()))
}

/// Makes a token
#[utoipa::path(post, path = "/tokens", tag = "people", request_body = WantedToken,
    responses((status = 201, body = MadeToken), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, description = "There is no such project", body = Problem), (status = 409, description = "Who asks has no account", body = Problem)))]
pub(super) async fn create(
    State(app): State<App>,
    By(caller): By,
    body: std::result::Result<Json<WantedToken>, JsonRejection>,
) -> Result<Response> {
    let Json(wanted) = body?;
    let person = person(&caller)?;
    super::users::check_texts(Some(&wanted.name), None)
        .map_err(|problem| problem.with_detail("`name` is one line of at most 256 bytes"))?;
    let scopes = wanted.scopes.iter().map(|word| {
        Scope::of_word(word).ok_or_else(|| {
            Problem::bad_input(format!("there is no scope `{word}`; the scopes are read, write and admin"))
        })
    });
    let scopes: Vec<Scope> = scopes.collect::<Result<_>>()?;
    let Some(most) = scopes.iter().max() else {
        return Err(Problem::bad_input("`scopes` names at least one of read, write and admin"));
    };
    if !caller.scoped(*most) {
        return Err(Problem::forbidden("a token cannot make one that is good for more than itself"));
    }
    let project = match &wanted.project {
        None => None,
        Some(word) => match Name::new(word.as_str()).ok().filter(|name| caller.role(name).is_some()) {
            Some(name) => {
                app.people.store().project(word).await?;
                Some(name)
            }
            None => return Err(access::no_project(word)),
        },
    };
    let mut lasts = days(wanted.expires_days, Some(DAYS))?;
    if let Credential::Token(token) = &person.by
        && let Some(ends) = token.expires
    {
        let left = ends.0.saturating_sub(crate::clock::now().0).max(0);
        lasts = lasts.map(|lasts| lasts.min(Duration::from_micros(left.unsigned_abs())));
    }
    let (code, fresh) = app.people.fresh(access::TOKEN, lasts)?;
    let token = NewToken { user: person.user.id, name: wanted.name, scopes, project, fresh };
    let token = app.people.store().create_token(&token).await?;
    let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.word()).collect();
    let noted = Noted {
        target: Some(format!("token {}", token.id)),
        detail: Some(format!("scopes {}", scopes.join(" "))),
        project: token.project.as_ref().map(ToString::to_string),
        ..Noted::default()
    };
    let made = MadeToken { about: token.into(), token: code };
    Ok((StatusCode::CREATED, Extension(noted), Json(made)).into_response())
}

/// Withdraws a token of one's own; it is no longer good at once
#[utoipa::path(delete, path = "/tokens/{id}", tag = "people", params(("id" = i64, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, description = "Who asks has no account", body = Problem)))]
pub(super) async fn delete(
    State(app): State<App>,
    By(caller): By,
    id: std::result::Result<Path<i64>, PathRejection>,
) -> Result<StatusCode> {
    let Path(id) = id?;
    app.people.store().delete_token(person(&caller)?.user.id, id).await?;
    app.people.rights_changed();
    Ok(StatusCode::NO_CONTENT)
}
