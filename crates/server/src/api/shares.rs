//! Links that show one study to whoever has them.

use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use paramo_store::Via;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::tokens::days;
use crate::access::extract::{By, Client, OfStudy};
use crate::access::{self, Noted, browser};
use crate::people::code;
use crate::problem::{Problem, Result};
use crate::shape::moment;

/// A link to a study, without what it is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Share {
    id: i64,
    created: String,
    /// Who made it.
    by: String,
    expires: Option<String>,
}

/// A link to make.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedShare {
    /// `null`: until it is withdrawn.
    expires_days: Option<u32>,
}

/// A link that was made: this is not shown again.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Made {
    id: i64,
    link: String,
}

/// The links that show a study
#[utoipa::path(get, path = "/studies/{study}/shares", tag = "studies", params(("study" = String, Path)),
    responses((status = 200, body = Vec<Share>), (status = 404, body = Problem)))]
pub(super) async fn list(State(app): State<App>, OfStudy(row): OfStudy) -> Result<Json<Vec<Share>>> {
    let shares = app.people.store().shares(row.id).await?.into_iter().map(|share| Share {
        id: share.id,
        created: moment(share.created),
        by: share.by,
        expires: share.expires.map(moment),
    });
    Ok(Json(shares.collect()))
}

/// Makes a link that shows this study, and nothing else, to whoever has it
#[utoipa::path(post, path = "/studies/{study}/shares", tag = "studies", params(("study" = String, Path)), request_body = WantedShare,
    responses((status = 201, body = Made), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn create(
    State(app): State<App>,
    OfStudy(row): OfStudy,
    By(caller): By,
    client: Client,
    body: std::result::Result<Json<WantedShare>, JsonRejection>,
) -> Result<Response> {
    let Json(wanted) = body?;
    let (code, fresh) = app.people.fresh(access::SHARED, days(wanted.expires_days, None)?)?;
    let by = caller.name().unwrap_or_default();
    let share = app.people.store().create_share(row.id, by, &fresh).await?;
    let link = app.people.link(client.host.as_deref(), &format!("/share/{code}"));
    Ok((StatusCode::CREATED, Json(Made { id: share.id, link })).into_response())
}

/// Withdraws a link; it shows nothing any more
#[utoipa::path(delete, path = "/studies/{study}/shares/{id}", tag = "studies", params(("study" = String, Path), ("id" = i64, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
pub(super) async fn delete(
    State(app): State<App>,
    OfStudy(row): OfStudy,
    path: std::result::Result<Path<(String, i64)>, PathRejection>,
) -> Result<StatusCode> {
    let Path((_, id)) = path?;
    app.people.store().delete_share(row.id, id).await?;
    app.people.rights_changed();
    Ok(StatusCode::NO_CONTENT)
}

/// Somebody follows a link: a cookie takes the place of the code, which so stays in no history.
pub(super) async fn follow(State(app): State<App>, Path(token): Path<String>) -> Result<Response> {
    let share = app.people.store().share(&code::hash(&token)).await?;
    let Some(share) = share else {
        return Err(Problem::not_found(
            "this link shows nothing (any more); ask whoever sent it for a new one",
        ));
    };
    let noted = Noted {
        target: Some(format!("study {}", share.study.0)),
        detail: Some(format!("{} {}", Via::Share.word(), share.id)),
        ..Noted::default()
    };
    let cookie = app.people.cookie(browser::SHARE, &token, None)?;
    let to = format!("{}/studies/{}", app.people.base(), share.study.0);
    Ok((StatusCode::SEE_OTHER, Extension(noted), [(header::LOCATION, to)], [(header::SET_COOKIE, cookie)])
        .into_response())
}
