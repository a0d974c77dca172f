//! Lets a program in that has no browser: it shows a code, which somebody who has signed in types and approves (RFC 8628, in JSON).

use std::time::Duration;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use paramo_store::{Device, DeviceAnswer, DeviceState, NewDevice, Scope, StoreError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::users::check_texts;
use crate::access::extract::{By, Client};
use crate::access::{self, Caller, Credential, Noted, Person};
use crate::people::code;
use crate::problem::{Problem, Result};
use crate::shape::moment;

/// How long somebody has to type the code, and how often the program asks.
const LASTS: Duration = Duration::from_secs(900);
const INTERVAL: u64 = 2;
/// How long the token is good.
const TOKEN: Duration = Duration::from_secs(90 * 24 * 3600);
/// What the token is good for.
const SCOPES: [Scope; 2] = [Scope::Read, Scope::Write];

/// A program that wants to be let in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Asking {
    /// How it calls itself: the name of the machine, and of the program.
    name: String,
}

/// What the program shows and keeps.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Codes {
    /// For the program, to ask for its token with.
    device_code: String,
    /// For the person, who types it.
    user_code: String,
    /// Where they type it.
    verification_uri: String,
    /// The same with the code in it.
    verification_uri_complete: String,
    /// Seconds between two questions.
    interval: u64,
    expires_in: u64,
}

/// Begins to let a program in
#[utoipa::path(post, path = "/device", tag = "people", request_body = Asking,
    responses((status = 200, body = Codes), (status = 400, body = Problem), (status = 429, body = Problem)))]
pub(super) async fn ask(
    State(app): State<App>,
    client: Client,
    body: std::result::Result<Json<Asking>, JsonRejection>,
) -> Result<(Extension<Noted>, Json<Codes>)> {
    let Json(Asking { name }) = body?;
    let accounts = app.people.accounts()?;
    check_texts(Some(&name), None)
        .map_err(|problem| problem.with_detail("`name` is one line of at most 256 bytes"))?;
    accounts.attempt_device(client.address)?;
    let (device_code, fresh) = app.people.fresh("", Some(LASTS))?;
    let user_code = loop {
        let user_code = code::typed()
            .map_err(|error| Problem::unavailable(format!("no random numbers to be had: {error}")))?;
        let device = NewDevice { fresh, user_code: user_code.clone(), name: name.clone() };
        match app.people.store().create_device(&device).await {
            Ok(_) => break user_code,
            Err(StoreError::Exists { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    };
    let link = |path: &str| app.people.link(client.host.as_deref(), path);
    let noted = Noted { target: Some(format!("device {name}")), ..Noted::default() };
    Ok((
        Extension(noted),
        Json(Codes {
            verification_uri: link("/device"),
            verification_uri_complete: link(&format!("/device?code={user_code}")),
            device_code,
            user_code,
            interval: INTERVAL,
            expires_in: LASTS.as_secs(),
        }),
    ))
}

/// What the program has kept.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    device_code: String,
}

/// What a program gets that was let in.
#[derive(Serialize, ToSchema)]
pub(super) struct LetIn {
    /// To be sent as `Authorization: Bearer`; it is shown once.
    token: String,
    /// Who let it in.
    user: String,
}

/// Asks whether the program was let in
///
/// The type of the problem tells what to do: `/problems/authorization-pending`, ask again after the interval; `/problems/expired`, begin
/// anew.
#[utoipa::path(post, path = "/device/token", tag = "people", request_body = Asked,
    responses((status = 200, body = LetIn), (status = 400, body = Problem)))]
pub(super) async fn take(
    State(app): State<App>,
    body: std::result::Result<Json<Asked>, JsonRejection>,
) -> Result<Response> {
    let Json(Asked { device_code }) = body?;
    app.people.accounts()?;
    let (token, fresh) = app.people.fresh(access::TOKEN, Some(TOKEN))?;
    let silent = Extension(Noted { silent: true, ..Noted::default() });
    match app.people.store().take_device(&code::hash(&device_code), &SCOPES, &fresh).await? {
        DeviceAnswer::Granted(granted) => {
            let user = granted.user.name;
            let noted = Noted {
                user: Some(user.clone()),
                target: Some(format!("device {}, token {}", granted.token.name, granted.token.id)),
                ..Noted::default()
            };
            Ok((Extension(noted), Json(LetIn { token, user })).into_response())
        }
        DeviceAnswer::Pending => {
            let problem = Problem::bad_input("nobody has answered yet; ask again after the interval");
            Ok((silent, problem.with_kind("/problems/authorization-pending")).into_response())
        }
        DeviceAnswer::Over => {
            let problem = Problem::bad_input("it was refused, or took too long; begin anew");
            Ok((silent, problem.with_kind("/problems/expired")).into_response())
        }
    }
}

/// A program that waits to be let in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Waiting {
    name: String,
    created: String,
}

/// A program lets in another only as somebody who looks at it.
fn signed_in(caller: &Caller) -> Result<&Person> {
    let person = caller.person().filter(|person| matches!(person.by, Credential::Session(_)));
    person.ok_or_else(|| Problem::forbidden("only somebody who has signed in lets a device in"))
}

/// The device of a code as people type it.
async fn waiting(app: &App, typed: &str) -> Result<Device> {
    let device = app.people.store().device(&plain(typed)).await?;
    let device = device.filter(|device| device.state == DeviceState::Waiting);
    device
        .ok_or_else(|| Problem::not_found("no device waits with this code; look at it again, or begin anew"))
}

fn plain(typed: &str) -> String {
    let letters: String =
        typed.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_uppercase()).collect();
    match letters.len() {
        8 => format!("{}-{}", &letters[..4], &letters[4..]),
        _ => letters,
    }
}

/// The program that waits with a code
#[utoipa::path(get, path = "/device/{user_code}", tag = "people", params(("user_code" = String, Path)),
    responses((status = 200, body = Waiting), (status = 404, body = Problem)))]
pub(super) async fn show(
    State(app): State<App>,
    By(caller): By,
    Path(typed): Path<String>,
) -> Result<Json<Waiting>> {
    signed_in(&caller)?;
    let device = waiting(&app, &typed).await?;
    Ok(Json(Waiting { name: device.name, created: moment(device.created) }))
}

/// Whether it is let in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Verdict {
    approve: bool,
}

/// Lets a program in, in one's own name, or refuses it
#[utoipa::path(post, path = "/device/{user_code}", tag = "people", params(("user_code" = String, Path)), request_body = Verdict,
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn answer(
    State(app): State<App>,
    By(caller): By,
    Path(typed): Path<String>,
    body: std::result::Result<Json<Verdict>, JsonRejection>,
) -> Result<(StatusCode, Extension<Noted>)> {
    let Json(Verdict { approve }) = body?;
    let person = signed_in(&caller)?;
    let device = waiting(&app, &typed).await?;
    app.people.store().answer_device(&device.user_code, person.user.id, approve).await?;
    let noted = Noted {
        target: Some(format!("device {}", device.name)),
        detail: Some(if approve { "let in" } else { "refused" }.to_owned()),
        ..Noted::default()
    };
    Ok((StatusCode::NO_CONTENT, Extension(noted)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_however_it_is_typed() {
        for typed in ["BCDF-GHJK", "bcdfghjk", " bcdf ghjk ", "BCDF–GHJK"] {
            assert_eq!(plain(typed), "BCDF-GHJK");
        }
        assert_eq!(plain("abc"), "ABC");
    }
}
