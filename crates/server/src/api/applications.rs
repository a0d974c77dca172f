//! The registry of applications: published once under a name and a version, and run by many studies.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use paramo_model::Name;
use paramo_model::document::{self, Origin};
use paramo_store::NewApplication;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::plots::blocking;
use crate::access::extract::{Among, By, InProject};
use crate::access::{Caller, Verdict};
use crate::ordered::Ordered;
use crate::people::roles::Action;
use crate::problem::{Problem, Result};
use crate::shape::{self, Output, Parameter};

/// A published application.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Application {
    project: String,
    name: String,
    version: u32,
    /// How many versions there are.
    versions: u32,
    description: Option<String>,
    /// Why it should not be used any more.
    deprecated: Option<String>,
    created: String,
    by: String,
    parameters: Vec<Parameter>,
    outputs: Vec<Output>,
    /// Only where one version was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    definition: Option<serde_json::Value>,
    /// The file as it was published; only where one version was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
}

/// The newest version of every application that one may see, by project and name
#[utoipa::path(get, path = "/applications", tag = "applications", params(("project" = Option<String>, Query, description = "only those of this project")),
    responses((status = 200, body = Vec<Application>), (status = 404, body = Problem)))]
pub(super) async fn list(State(app): State<App>, among: Among) -> Result<Json<Vec<Application>>> {
    let sight = among.sight(Action::ApplicationRead);
    let all = app.people.store().applications(among.project.as_ref().map(|name| name.as_str())).await?;
    let seen = all.into_iter().filter(|row| sight.has_project(&row.project));
    seen.map(|row| shaped(row, false)).collect::<Result<_>>().map(Json)
}

/// An application to publish.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "file": "name = \"squarer\"\n[application]\ncommand = [\"sh\", \"-c\", \"echo $(({x} * {x}))\"]\n[application.parameters]\nx = { type = \"integer\", unit = \"m\" }\n[application.outputs]\ny = { regex = \"(.+)\" }\n" }))]
pub(super) struct Publish {
    /// The project that it is to belong to; `default` unless given.
    #[expect(dead_code, reason = "read where the request is let through")]
    project: Option<String>,
    /// `name`, `description` and `[application]` of a study file; every parameter that is used is declared.
    file: String,
}

/// Publishes an application, as the first or the next version of its name
#[utoipa::path(post, path = "/applications", tag = "applications", request_body = Publish,
    responses((status = 201, body = Application), (status = 400, body = Problem), (status = 404, body = Problem),
        (status = 422, description = "The file has errors", body = Problem)))]
pub(super) async fn publish(
    State(app): State<App>,
    InProject(project): InProject,
    By(caller): By,
    body: std::result::Result<Json<Publish>, JsonRejection>,
) -> Result<Response> {
    let Json(Publish { file, .. }) = body?;
    let read = move || {
        // Whatever it needs is in it: it is run where nobody knows the files of whoever published it.
        let load = |name: &str| Err(format!("{name} cannot be read: an application is one file"));
        let parquet = |_: Vec<u8>, _: &str| Err("an application has no points".to_owned());
        let (label, directory) = ("the application".to_owned(), String::new());
        let origin = Origin { file: label, directory, load: &load, parquet: &parquet };
        let read = document::read_application(&file, &origin).map_err(|found| Problem::document(&found));
        read.map(|published| (published, file))
    };
    let (published, file) = blocking(read).await?;
    let definition = serde_json::to_string(&published.application)
        .map_err(|error| Problem::internal(format!("the application cannot be kept: {error}")))?;
    let new = NewApplication {
        project,
        name: published.name,
        definition,
        file,
        description: published.description.or(published.application.description),
        by: caller.name().unwrap_or_default().to_owned(),
    };
    let row = app.people.store().publish(&new).await?;
    let place = format!("/api/v1/applications/{}/{}/{}", row.project, row.name, row.version);
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], Json(shaped(row, true)?)).into_response())
}

/// Every version of an application, the newest first
#[utoipa::path(get, path = "/applications/{project}/{name}", tag = "applications",
    params(("project" = String, Path), ("name" = String, Path)),
    responses((status = 200, body = Vec<Application>), (status = 404, body = Problem)))]
pub(super) async fn versions(
    State(app): State<App>,
    InProject(project): InProject,
    path: std::result::Result<Path<(String, String)>, PathRejection>,
) -> Result<Json<Vec<Application>>> {
    let Path((_, name)) = path?;
    let rows = app.people.store().application_versions(project.as_str(), &name).await?;
    if rows.is_empty() {
        return Err(missing(&project, &name, None));
    }
    rows.into_iter().map(|row| shaped(row, false)).collect::<Result<_>>().map(Json)
}

/// One version of an application
#[utoipa::path(get, path = "/applications/{project}/{name}/{version}", tag = "applications",
    params(("project" = String, Path), ("name" = String, Path), ("version" = u32, Path)),
    responses((status = 200, body = Application), (status = 404, body = Problem)))]
pub(super) async fn show(
    State(app): State<App>,
    InProject(project): InProject,
    path: std::result::Result<Path<(String, String, u32)>, PathRejection>,
) -> Result<Json<Application>> {
    let Path((_, name, version)) = path?;
    let row = app.people.store().application(project.as_str(), &name, Some(version)).await?;
    Ok(Json(shaped(row.ok_or_else(|| missing(&project, &name, Some(version)))?, true)?))
}

/// Why a version should not be used any more.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Deprecation)]
pub(super) struct Reason {
    reason: String,
}

/// Says why a version should not be used any more; studies still may
#[utoipa::path(post, path = "/applications/{project}/{name}/{version}/deprecate", tag = "applications", request_body = Reason,
    params(("project" = String, Path), ("name" = String, Path), ("version" = u32, Path)),
    responses((status = 200, body = Application), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn deprecate(
    State(app): State<App>,
    InProject(project): InProject,
    path: std::result::Result<Path<(String, String, u32)>, PathRejection>,
    body: std::result::Result<Json<Reason>, JsonRejection>,
) -> Result<Json<Application>> {
    let (Path((_, name, version)), Json(Reason { reason })) = (path?, body?);
    if reason.trim().is_empty() || reason.len() > 10_000 {
        return Err(Problem::bad_input(
            "`reason` says in 1 to 10,000 bytes why it should not be used any more",
        ));
    }
    let row = app.people.store().deprecate(project.as_str(), &name, version, Some(&reason)).await?;
    Ok(Json(shaped(row, true)?))
}

/// Takes back that a version should not be used
#[utoipa::path(delete, path = "/applications/{project}/{name}/{version}/deprecate", tag = "applications",
    params(("project" = String, Path), ("name" = String, Path), ("version" = u32, Path)),
    responses((status = 200, body = Application), (status = 404, body = Problem)))]
pub(super) async fn restore(
    State(app): State<App>,
    InProject(project): InProject,
    path: std::result::Result<Path<(String, String, u32)>, PathRejection>,
) -> Result<Json<Application>> {
    let Path((_, name, version)) = path?;
    let row = app.people.store().deprecate(project.as_str(), &name, version, None).await?;
    Ok(Json(shaped(row, true)?))
}

/// The application that `project/name@version` names, as the fields of a file; without a project that of `own`, without a version the
/// newest.
pub(super) async fn of(app: &App, word: &str, own: &Name, caller: &Caller) -> Result<Ordered> {
    let (place, version) = match word.split_once('@') {
        None => (word, None),
        Some((place, version)) => match version.parse() {
            Ok(version) => (place, Some(version)),
            Err(_) => {
                return Err(Problem::bad_input(format!(
                    "`{word}`: after `@` comes a version, as in {place}@2"
                )));
            }
        },
    };
    let (project, name) = match place.split_once('/') {
        Some((project, name)) => {
            (Name::new(project).map_err(|error| Problem::bad_input(format!("`{word}`: {error}")))?, name)
        }
        None => (own.clone(), place),
    };
    // Who may not see it hears what those hear who ask for what is not there.
    if caller.may(Action::ApplicationRead, Some(&project)) != Verdict::Yes {
        return Err(missing(&project, name, version));
    }
    let row = app.people.store().application(project.as_str(), name, version).await?;
    let row = row.ok_or_else(|| missing(&project, name, version))?;
    let broken = |error: String| Problem::internal(format!("{word} cannot be read: {error}"));
    let table: toml::Table = row.file.parse().map_err(|error: toml::de::Error| broken(error.to_string()))?;
    let application = table.get("application").ok_or_else(|| broken("it has no [application]".to_owned()))?;
    Ok(Ordered::from(application))
}

fn missing(project: &Name, name: &str, version: Option<u32>) -> Problem {
    let version = version.map(|version| format!("@{version}")).unwrap_or_default();
    Problem::not_found(format!("there is no application `{project}/{name}{version}`"))
}

fn shaped(row: paramo_store::Application, whole: bool) -> Result<Application> {
    let broken = |error: serde_json::Error| Problem::internal(format!("{} is damaged: {error}", row.name));
    let model: paramo_model::Application = serde_json::from_str(&row.definition).map_err(broken)?;
    let definition = serde_json::from_str(&row.definition).map_err(broken)?;
    Ok(Application {
        parameters: model.parameters.iter().map(Parameter::from).collect(),
        outputs: model.outputs.iter().map(Output::from).collect(),
        project: row.project.to_string(),
        name: row.name.to_string(),
        version: row.version,
        versions: row.versions,
        description: row.description,
        deprecated: row.deprecated,
        created: shape::moment(row.created),
        by: row.by,
        definition: whole.then_some(definition),
        file: whole.then_some(row.file),
    })
}
