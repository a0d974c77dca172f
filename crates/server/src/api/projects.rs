//! Projects: who belongs to them, and what they may use.

use std::collections::BTreeMap;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use paramo_model::{Bytes, Micros, Name};
use paramo_store::{Role, Who};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::users::named;
use crate::access::extract::{Among, By, InProject};
use crate::access::{Caller, Noted};
use crate::people::roles::Action;
use crate::problem::{Problem, Result};
use crate::shape::moment;

const MICROS_AN_HOUR: f64 = 3.6e9;
/// The longest title, and the longest name of a group, in bytes.
const LONGEST: usize = 256;
/// The largest share: it is a weight against those of other projects.
const LARGEST_SHARE: u32 = 1000;

/// A project.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Project {
    /// It never changes.
    name: String,
    title: String,
    /// The role of whoever asks.
    role: Option<&'static str>,
    /// Its weight when projects compete for slots.
    share: u32,
    quota: Quota,
    usage: Usage,
    /// Users and groups with a role in it.
    members: u64,
    created: String,
}

/// What a project may use; `null` is without limit.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
struct Quota {
    /// At once.
    runs: Option<u64>,
    cpu_hours: Option<f64>,
    storage_bytes: Option<u64>,
}

/// What a project uses.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
struct Usage {
    studies: u64,
    /// Runs that run now.
    running: u64,
    cpu_hours: f64,
    /// Of the store, and of the files that runs have left.
    storage_bytes: u64,
}

/// What the store and the host know of the use of projects.
struct Uses {
    stored: BTreeMap<Name, paramo_store::Usage>,
    running: BTreeMap<Name, u64>,
}

impl Uses {
    async fn read(app: &App) -> Result<Uses> {
        let mut stored: BTreeMap<Name, paramo_store::Usage> =
            app.people.store().usages().await?.into_iter().collect();
        for (project, files) in app.host.files(None).await? {
            let storage = &mut stored.entry(project).or_default().storage;
            storage.0 = storage.0.saturating_add(files.0);
        }
        let mut running: BTreeMap<Name, u64> = BTreeMap::new();
        for summary in app.host.store().summaries().await? {
            if let (_, Some(now)) = app.host.now(summary.id) {
                *running.entry(summary.project).or_default() += now.progress.running;
            }
        }
        Ok(Uses { stored, running })
    }

    fn of(&self, project: &Name) -> Usage {
        let stored = self.stored.get(project).copied().unwrap_or_default();
        Usage {
            studies: stored.studies,
            running: self.running.get(project).copied().unwrap_or_default(),
            cpu_hours: hours(stored.cpu),
            storage_bytes: stored.storage.0,
        }
    }
}

fn hours(time: Micros) -> f64 {
    time.seconds() / 3600.0
}

fn shape(project: paramo_store::Project, caller: &Caller, uses: &Uses) -> Project {
    Project {
        role: caller.role(&project.name).map(Role::word),
        usage: uses.of(&project.name),
        name: project.name.to_string(),
        title: project.title,
        share: project.share,
        quota: Quota {
            runs: project.quota.runs,
            cpu_hours: project.quota.cpu.map(hours),
            storage_bytes: project.quota.storage.map(|bytes| bytes.0),
        },
        members: project.members,
        created: moment(project.created),
    }
}

fn check_title(title: &str) -> Result<()> {
    let odd = title.trim().is_empty() || title.len() > LONGEST || title.contains(char::is_control);
    match odd {
        true => Err(Problem::bad_input(format!("`title` is one line of at most {LONGEST} bytes"))),
        false => Ok(()),
    }
}

/// The projects that one sees
#[utoipa::path(get, path = "/projects", tag = "projects", responses((status = 200, body = Vec<Project>)))]
pub(super) async fn list(State(app): State<App>, among: Among) -> Result<Json<Vec<Project>>> {
    let sight = among.sight(Action::ProjectRead);
    let uses = Uses::read(&app).await?;
    let projects = app.people.store().projects().await?.into_iter();
    let seen = projects.filter(|project| sight.has_project(&project.name));
    Ok(Json(seen.map(|project| shape(project, &among.caller, &uses)).collect()))
}

/// A project to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "membranes", "title": "Membranes" }))]
pub(super) struct NewProject {
    /// Lower-case letters, digits, `-` and `_`; it never changes.
    name: String,
    title: String,
}

/// Makes a project
#[utoipa::path(post, path = "/projects", tag = "projects", request_body = NewProject,
    responses((status = 201, body = Project), (status = 400, body = Problem), (status = 409, description = "There is one of this name", body = Problem)))]
pub(super) async fn create(
    State(app): State<App>,
    By(caller): By,
    body: std::result::Result<Json<NewProject>, JsonRejection>,
) -> Result<Response> {
    let Json(new) = body?;
    let name = Name::new(&new.name).map_err(|error| Problem::bad_input(format!("`name`: {error}")))?;
    check_title(&new.title)?;
    let project = app.people.store().create_project(&name, &new.title).await?;
    app.people.rights_changed();
    let noted = Noted {
        project: Some(name.to_string()),
        target: Some(format!("project {name}")),
        ..Noted::default()
    };
    let project = shape(project, &caller, &Uses::read(&app).await?);
    Ok((StatusCode::CREATED, Extension(noted), Json(project)).into_response())
}

async fn again(app: &App, name: &Name, caller: &Caller) -> Result<Json<Project>> {
    let project = app.people.store().project(name.as_str()).await?;
    Ok(Json(shape(project, caller, &Uses::read(app).await?)))
}

/// A project
#[utoipa::path(get, path = "/projects/{project}", tag = "projects", params(("project" = String, Path)),
    responses((status = 200, body = Project), (status = 404, body = Problem)))]
pub(super) async fn show(
    State(app): State<App>,
    InProject(project): InProject,
    By(caller): By,
) -> Result<Json<Project>> {
    again(&app, &project, &caller).await
}

/// What is to be different.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTitle {
    title: String,
}

/// Changes the title of a project
#[utoipa::path(patch, path = "/projects/{project}", tag = "projects", params(("project" = String, Path)), request_body = NewTitle,
    responses((status = 200, body = Project), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn change(
    State(app): State<App>,
    InProject(project): InProject,
    By(caller): By,
    body: std::result::Result<Json<NewTitle>, JsonRejection>,
) -> Result<Json<Project>> {
    let Json(change) = body?;
    check_title(&change.title)?;
    app.people.store().set_title(project.as_str(), &change.title).await?;
    again(&app, &project, &caller).await
}

/// Removes a project that has no studies and no applications, with its secrets and the tokens for it alone
#[utoipa::path(delete, path = "/projects/{project}", tag = "projects", params(("project" = String, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn delete(State(app): State<App>, InProject(project): InProject) -> Result<StatusCode> {
    app.people.store().delete_project(project.as_str()).await?;
    app.people.rights_changed();
    Ok(StatusCode::NO_CONTENT)
}

/// What a project may use; what is not said is without limit.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewQuota {
    /// Runs at once.
    runs: Option<u64>,
    cpu_hours: Option<f64>,
    storage_bytes: Option<u64>,
    /// Its weight when projects compete for slots; 1 unless given.
    share: Option<u32>,
}

/// Sets the quotas and the share of a project
#[utoipa::path(put, path = "/projects/{project}/quota", tag = "projects", params(("project" = String, Path)), request_body = NewQuota,
    responses((status = 200, body = Project), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn quota(
    State(app): State<App>,
    InProject(project): InProject,
    By(caller): By,
    body: std::result::Result<Json<NewQuota>, JsonRejection>,
) -> Result<Response> {
    let Json(new) = body?;
    // Numbers of a database end here.
    let largest = i64::MAX as u64;
    let share = new.share.unwrap_or(1);
    if !(1..=LARGEST_SHARE).contains(&share) {
        return Err(Problem::bad_input(format!("`share` is from 1 to {LARGEST_SHARE}")));
    }
    if new.cpu_hours.is_some_and(|hours| !(0.0..=1e9).contains(&hours)) {
        return Err(Problem::bad_input("`cpu_hours` is from 0 to 1e9, or null for no limit"));
    }
    if [new.runs, new.storage_bytes].into_iter().flatten().any(|n| n > largest) {
        return Err(Problem::bad_input(format!(
            "`runs` and `storage_bytes` are at most {largest}, or null for no limit"
        )));
    }
    let quota = paramo_store::Quota {
        runs: new.runs,
        cpu: new.cpu_hours.map(|hours| Micros((hours * MICROS_AN_HOUR) as u64)),
        storage: new.storage_bytes.map(Bytes),
    };
    app.people.store().set_quota(project.as_str(), &quota, share).await?;
    app.host.project_changed(&project).await?;
    let said = |what: &str, amount: Option<String>| {
        format!("{what} {}", amount.as_deref().unwrap_or("without limit"))
    };
    let detail = [
        said("runs", new.runs.map(|runs| runs.to_string())),
        said("cpu_hours", new.cpu_hours.map(|hours| hours.to_string())),
        said("storage_bytes", new.storage_bytes.map(|bytes| bytes.to_string())),
        format!("share {share}"),
    ];
    let noted = Noted { detail: Some(detail.join(", ")), ..Noted::default() };
    Ok((Extension(noted), again(&app, &project, &caller).await?).into_response())
}

/// Somebody with a role in a project.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Member {
    /// `user` or `group`.
    kind: &'static str,
    name: String,
    display_name: String,
    role: &'static str,
}

impl From<paramo_store::Member> for Member {
    fn from(member: paramo_store::Member) -> Member {
        let role = member.role.word();
        match member.who {
            Who::User { name, display_name } => Member { kind: "user", name, display_name, role },
            Who::Group { name } => Member { kind: "group", display_name: name.clone(), name, role },
        }
    }
}

/// The users, and then the groups, with a role in a project
#[utoipa::path(get, path = "/projects/{project}/members", tag = "projects", params(("project" = String, Path)),
    responses((status = 200, body = Vec<Member>), (status = 404, body = Problem)))]
pub(super) async fn members(
    State(app): State<App>,
    InProject(project): InProject,
) -> Result<Json<Vec<Member>>> {
    Ok(Json(app.people.store().members(project.as_str()).await?.into_iter().map(Member::from).collect()))
}

/// A role.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Given {
    /// `viewer`, `member`, `manager` or `administrator`.
    role: String,
}

impl Given {
    fn role(&self) -> Result<Role> {
        Role::of_word(&self.role).ok_or_else(|| {
            let known: Vec<&str> = Role::ALL.iter().map(|role| role.word()).collect();
            Problem::bad_input(format!(
                "there is no role `{}`; the roles are {}",
                self.role,
                known.join(", ")
            ))
        })
    }

    fn noted(&self) -> Extension<Noted> {
        Extension(Noted { detail: Some(format!("role {}", self.role)), ..Noted::default() })
    }
}

/// Nobody gives or takes away a role above their own.
async fn within(app: &App, project: &Name, caller: &Caller, which: &Who, new: Option<Role>) -> Result<()> {
    let own = caller.role(project);
    let members = app.people.store().members(project.as_str()).await?;
    let same = |who: &Who| match (who, which) {
        (Who::User { name, .. }, Who::User { name: other, .. }) => name == other,
        (Who::Group { name }, Who::Group { name: other }) => name == other,
        _ => false,
    };
    let old = members.iter().find(|member| same(&member.who)).map(|member| member.role);
    match old.max(new) > own {
        true => Err(Problem::forbidden("nobody gives or takes away a role above their own")),
        false => Ok(()),
    }
}

/// Gives a user a role in a project
#[utoipa::path(put, path = "/projects/{project}/members/{user}", tag = "projects", params(("project" = String, Path), ("user" = String, Path)), request_body = Given,
    responses((status = 204), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn set_member(
    State(app): State<App>,
    InProject(project): InProject,
    By(caller): By,
    Path((_, name)): Path<(String, String)>,
    body: std::result::Result<Json<Given>, JsonRejection>,
) -> Result<(StatusCode, Extension<Noted>)> {
    let Json(given) = body?;
    let role = given.role()?;
    let user = named(&app, &name).await?;
    let who = Who::User { name: user.name, display_name: user.display_name };
    within(&app, &project, &caller, &who, Some(role)).await?;
    app.people.store().set_member(project.as_str(), user.id, role).await?;
    app.people.rights_changed();
    Ok((StatusCode::NO_CONTENT, given.noted()))
}

/// Takes away the role of a user in a project
#[utoipa::path(delete, path = "/projects/{project}/members/{user}", tag = "projects", params(("project" = String, Path), ("user" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn remove_member(
    State(app): State<App>,
    InProject(project): InProject,
    By(caller): By,
    Path((_, name)): Path<(String, String)>,
) -> Result<StatusCode> {
    let user = named(&app, &name).await?;
    let who = Who::User { name: user.name, display_name: user.display_name };
    within(&app, &project, &caller, &who, None).await?;
    app.people.store().remove_member(project.as_str(), user.id).await?;
    app.people.rights_changed();
    Ok(StatusCode::NO_CONTENT)
}

/// Gives everybody of a group of the provider or directory a role in a project
#[utoipa::path(put, path = "/projects/{project}/groups/{group}", tag = "projects", params(("project" = String, Path), ("group" = String, Path)), request_body = Given,
    responses((status = 204), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn set_group(
    State(app): State<App>,
    InProject(project): InProject,
    By(caller): By,
    Path((_, group)): Path<(String, String)>,
    body: std::result::Result<Json<Given>, JsonRejection>,
) -> Result<(StatusCode, Extension<Noted>)> {
    let Json(given) = body?;
    let role = given.role()?;
    if group.trim().is_empty() || group.len() > LONGEST || group.contains(char::is_control) {
        return Err(Problem::bad_input(format!(
            "a group has a name of one line and at most {LONGEST} bytes"
        )));
    }
    within(&app, &project, &caller, &Who::Group { name: group.clone() }, Some(role)).await?;
    app.people.store().set_group(project.as_str(), &group, role).await?;
    app.people.rights_changed();
    Ok((StatusCode::NO_CONTENT, given.noted()))
}

/// Takes away the role of a group in a project
#[utoipa::path(delete, path = "/projects/{project}/groups/{group}", tag = "projects", params(("project" = String, Path), ("group" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn remove_group(
    State(app): State<App>,
    InProject(project): InProject,
    By(caller): By,
    Path((_, group)): Path<(String, String)>,
) -> Result<StatusCode> {
    within(&app, &project, &caller, &Who::Group { name: group.clone() }, None).await?;
    app.people.store().remove_group(project.as_str(), &group).await?;
    app.people.rights_changed();
    Ok(StatusCode::NO_CONTENT)
}
