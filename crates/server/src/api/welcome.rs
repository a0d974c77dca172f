//! One-time links: the first administrator, invitations, and passwords that were forgotten.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use paramo_store::{Purpose, Welcome as Chosen};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{App, session};
use crate::people::code;
use crate::people::sign_in::{CameIn, check_user_name};
use crate::problem::{Problem, Result};

/// What a link is for.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Purposed {
    /// `first-administrator`, `invitation` or `reset`.
    purpose: &'static str,
    /// Whose it is; `null` for the first administrator, who chooses a name.
    name: Option<String>,
}

/// What somebody chooses.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Choice {
    /// For the first administrator.
    name: Option<String>,
    display_name: Option<String>,
    password: String,
}

async fn link(app: &App, code: &str) -> Result<paramo_store::Link> {
    app.people.accounts()?;
    let link = app.people.store().link(&code::hash(code)).await?;
    link.ok_or_else(|| {
        Problem::not_found("this link is not good (any more); ask an administrator for a new one")
    })
}

/// What a one-time link is for
#[utoipa::path(get, path = "/welcome/{code}", tag = "people", params(("code" = String, Path)),
    responses((status = 200, body = Purposed), (status = 404, body = Problem)))]
pub(super) async fn show(State(app): State<App>, Path(code): Path<String>) -> Result<Json<Purposed>> {
    let link = link(&app, &code).await?;
    Ok(Json(Purposed { purpose: link.purpose.word(), name: link.user.map(|user| user.name) }))
}

/// Chooses a password, and a name for the first administrator, and signs in
#[utoipa::path(post, path = "/welcome/{code}", tag = "people", params(("code" = String, Path)), request_body = Choice,
    responses((status = 200, description = "The session; its cookie is set", body = session::Session), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn take(
    State(app): State<App>,
    Path(code): Path<String>,
    body: std::result::Result<Json<Choice>, JsonRejection>,
) -> Result<Response> {
    let Json(Choice { name, display_name, password }) = body?;
    let link = link(&app, &code).await?;
    let owner = match (&link.user, &name) {
        (Some(user), _) => user.name.clone(),
        (None, Some(name)) => {
            check_user_name(name)?;
            name.clone()
        }
        (None, None) => return Err(Problem::bad_input("`name`: the first administrator chooses a name")),
    };
    super::users::check_texts(display_name.as_deref(), None)?;
    let password = app.people.hash(&owner, password).await?;
    let name = (link.purpose == Purpose::FirstAdministrator).then(|| owner.clone());
    let chosen = Chosen { name, display_name, password };
    let (session, fresh) = app.people.fresh_session()?;
    let user = app.people.store().use_link(&code::hash(&code), &chosen, &fresh).await?;
    app.people.rights_changed();
    session::welcome(&app, CameIn { user, code: session }).await
}
