//! Users, as administrators see them.

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use paramo_store::{NewUser, Purpose, Source, UserChange};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::App;
use crate::access::Noted;
use crate::access::extract::Client;
use crate::people::INVITATION;
use crate::people::sign_in::check_user_name;
use crate::problem::{Problem, Result};
use crate::shape::moment;

/// The longest name for people to read, and the longest address, in bytes.
const LONGEST: usize = 256;

/// Somebody with an account.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct User {
    name: String,
    display_name: String,
    email: Option<String>,
    /// Of the server, and so of every project.
    administrator: bool,
    disabled: bool,
    /// `local`, `oidc` or `ldap`.
    source: &'static str,
    /// False for a local user who has not followed the invitation yet.
    welcomed: bool,
    created: String,
    /// When they signed in last.
    seen: Option<String>,
}

impl From<paramo_store::User> for User {
    fn from(user: paramo_store::User) -> User {
        User {
            welcomed: user.has_password || user.source != Source::Local,
            name: user.name,
            display_name: user.display_name,
            email: user.email,
            administrator: user.administrator,
            disabled: user.disabled,
            source: user.source.word(),
            created: moment(user.created),
            seen: user.seen.map(moment),
        }
    }
}

/// Checks what people write about somebody.
pub(super) fn check_texts(display_name: Option<&str>, email: Option<&str>) -> Result<()> {
    for (field, text) in [("display_name", display_name), ("email", email)] {
        let odd =
            |text: &str| text.trim().is_empty() || text.len() > LONGEST || text.contains(char::is_control);
        if text.is_some_and(odd) {
            return Err(Problem::bad_input(format!("`{field}` is one line of at most {LONGEST} bytes")));
        }
    }
    match email.is_none_or(|email| email.contains('@')) {
        true => Ok(()),
        false => Err(Problem::bad_input("`email` has an `@` in it")),
    }
}

/// The user of a name.
pub(super) async fn named(app: &App, name: &str) -> Result<paramo_store::User> {
    let user = app.people.store().user_named(name).await?;
    user.ok_or_else(|| Problem::not_found(format!("there is no user {name}")))
}

/// Everybody, by name
#[utoipa::path(get, path = "/users", tag = "people", responses((status = 200, body = Vec<User>)))]
pub(super) async fn list(State(app): State<App>) -> Result<Json<Vec<User>>> {
    Ok(Json(app.people.store().users().await?.into_iter().map(User::from).collect()))
}

/// Somebody to invite.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "grace", "display_name": "Grace Hopper", "email": "grace@lab.example" }))]
pub(super) struct Invited {
    name: String,
    display_name: String,
    email: Option<String>,
    #[serde(default)]
    administrator: bool,
}

/// Somebody who was invited.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Invitation {
    user: User,
    /// To be sent to them: it is good for a week, and once.
    link: String,
}

/// Invites somebody
#[utoipa::path(post, path = "/users", tag = "people", request_body = Invited,
    responses((status = 201, body = Invitation), (status = 400, body = Problem), (status = 409, description = "The name is taken", body = Problem)))]
pub(super) async fn create(
    State(app): State<App>,
    client: Client,
    body: std::result::Result<Json<Invited>, JsonRejection>,
) -> Result<Response> {
    let Json(invited) = body?;
    app.people.accounts()?;
    check_user_name(&invited.name)?;
    check_texts(Some(&invited.display_name), invited.email.as_deref())?;
    let user = NewUser {
        name: invited.name,
        display_name: invited.display_name,
        email: invited.email,
        administrator: invited.administrator,
        password: None,
    };
    let (code, fresh) = app.people.fresh("", Some(INVITATION))?;
    let user = app.people.store().create_user(&user, Some(&fresh)).await?;
    let noted = about(&user.name, user.administrator.then(|| "administrator".to_owned()));
    let link = app.people.link(client.host.as_deref(), &format!("/welcome/{code}"));
    Ok((StatusCode::CREATED, Extension(noted), Json(Invitation { user: user.into(), link })).into_response())
}

fn about(name: &str, detail: Option<String>) -> Noted {
    Noted { target: Some(format!("user {name}")), detail, ..Noted::default() }
}

/// Somebody
#[utoipa::path(get, path = "/users/{user}", tag = "people", params(("user" = String, Path)),
    responses((status = 200, body = User), (status = 404, body = Problem)))]
pub(super) async fn show(State(app): State<App>, Path(name): Path<String>) -> Result<Json<User>> {
    Ok(Json(named(&app, &name).await?.into()))
}

/// What is to be different; what is not said stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangedUser {
    display_name: Option<String>,
    /// `null` takes the address away.
    #[serde(default, deserialize_with = "said")]
    email: Option<Option<String>>,
    administrator: Option<bool>,
    /// Ends the sessions and tokens of the user at once.
    disabled: Option<bool>,
}

/// Tells `null` from what is not said.
fn said<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<Option<Option<String>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// Changes a user
#[utoipa::path(patch, path = "/users/{user}", tag = "people", params(("user" = String, Path)), request_body = ChangedUser,
    responses((status = 200, body = User), (status = 404, body = Problem), (status = 409, description = "No administrator would be left", body = Problem)))]
pub(super) async fn change(
    State(app): State<App>,
    Path(name): Path<String>,
    body: std::result::Result<Json<ChangedUser>, JsonRejection>,
) -> Result<(Extension<Noted>, Json<User>)> {
    let Json(change) = body?;
    check_texts(change.display_name.as_deref(), change.email.as_ref().and_then(Option::as_deref))?;
    let user = named(&app, &name).await?;
    let said: Vec<String> = [("administrator", change.administrator), ("disabled", change.disabled)]
        .into_iter()
        .filter_map(|(what, now)| Some(format!("{what} {}", now?)))
        .collect();
    let change = UserChange {
        display_name: change.display_name,
        email: change.email,
        administrator: change.administrator,
        disabled: change.disabled,
    };
    let user = app.people.store().change_user(user.id, &change).await?;
    app.people.rights_changed();
    let detail = (!said.is_empty()).then(|| said.join(", "));
    Ok((Extension(about(&name, detail)), Json(user.into())))
}

/// Removes a user, with their sessions, tokens and roles; what they made stays
#[utoipa::path(delete, path = "/users/{user}", tag = "people", params(("user" = String, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, description = "No administrator would be left", body = Problem)))]
pub(super) async fn delete(State(app): State<App>, Path(name): Path<String>) -> Result<StatusCode> {
    let user = named(&app, &name).await?;
    app.people.store().delete_user(user.id).await?;
    app.people.rights_changed();
    Ok(StatusCode::NO_CONTENT)
}

/// A link.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Linked {
    link: String,
}

/// Makes a new link with which a local user chooses a password; earlier ones are no longer good
#[utoipa::path(post, path = "/users/{user}/invitation", tag = "people", params(("user" = String, Path)),
    responses((status = 200, body = Linked), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn invite(
    State(app): State<App>,
    Path(name): Path<String>,
    client: Client,
) -> Result<Json<Linked>> {
    let user = named(&app, &name).await?;
    if user.source != Source::Local || user.disabled {
        let why = if user.disabled { "is disabled" } else { "has no password here" };
        return Err(Problem::conflict(format!("{name} {why}, so there is none to choose")));
    }
    let purpose = if user.has_password { Purpose::Reset } else { Purpose::Invitation };
    let (code, fresh) = app.people.fresh("", Some(INVITATION))?;
    app.people.store().create_link(user.id, purpose, &fresh).await?;
    Ok(Json(Linked { link: app.people.link(client.host.as_deref(), &format!("/welcome/{code}")) }))
}
