//! Secrets of a project. They are set and removed, and never shown.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use paramo_model::Name;
use paramo_store::Sealed;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use crate::access::extract::{By, InProject};
use crate::problem::{Problem, Result};
use crate::shape::moment;

/// The largest secret, in bytes.
const LARGEST: usize = 64 * 1024;

/// A secret, without what it is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Secret {
    name: String,
    /// When it was set last.
    created: String,
    /// Who set it.
    by: String,
}

impl From<paramo_store::SecretRow> for Secret {
    fn from(row: paramo_store::SecretRow) -> Secret {
        Secret { name: row.name, created: moment(row.created), by: row.by }
    }
}

/// What a secret is. It has no `Debug`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "value": "correct horse battery" }))]
pub(super) struct Value {
    value: String,
}

/// The names of the secrets of a project
#[utoipa::path(get, path = "/projects/{project}/secrets", tag = "projects", params(("project" = String, Path)),
    responses((status = 200, body = Vec<Secret>), (status = 404, body = Problem)))]
pub(super) async fn list(State(app): State<App>, InProject(project): InProject) -> Result<Json<Vec<Secret>>> {
    Ok(Json(app.people.store().secrets(project.as_str()).await?.into_iter().map(Secret::from).collect()))
}

/// Sets a secret; nobody can read it again
#[utoipa::path(put, path = "/projects/{project}/secrets/{name}", tag = "projects", params(("project" = String, Path), ("name" = String, Path)), request_body = Value,
    responses((status = 200, body = Secret), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn set(
    State(app): State<App>,
    InProject(project): InProject,
    By(caller): By,
    Path((_, name)): Path<(String, String)>,
    body: std::result::Result<Json<Value>, JsonRejection>,
) -> Result<Json<Secret>> {
    // What the parser says of a body could quote it.
    let Json(Value { value }) = body.map_err(|rejection| {
        let status = rejection.status();
        Problem::bad_input("expected {\"value\": \"…\"}").with_status(status)
    })?;
    let name =
        Name::new(&name).map_err(|error| Problem::bad_input(format!("the name of a secret: {error}")))?;
    if value.is_empty() || value.len() > LARGEST {
        return Err(Problem::bad_input(format!("a secret has 1 to {LARGEST} bytes")));
    }
    let service = app.people.clone();
    let by = caller.name().unwrap_or_default();
    let (place, label) = (project.clone(), name.clone());
    // The key may have to be read, or made, from a file.
    let sealed = tokio::task::spawn_blocking(move || {
        service.seal()?.close(place.as_str(), label.as_str(), &value).map_err(Problem::unavailable)
    });
    let sealed =
        sealed.await.map_err(|_| Problem::unavailable("the secret could not be sealed; try again"))??;
    let row = app.people.store().set_secret(project.as_str(), name.as_str(), &Sealed(sealed), by).await?;
    Ok(Json(row.into()))
}

/// Removes a secret
#[utoipa::path(delete, path = "/projects/{project}/secrets/{name}", tag = "projects", params(("project" = String, Path), ("name" = String, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
pub(super) async fn delete(
    State(app): State<App>,
    InProject(project): InProject,
    Path((_, name)): Path<(String, String)>,
) -> Result<StatusCode> {
    app.people.store().delete_secret(project.as_str(), &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
