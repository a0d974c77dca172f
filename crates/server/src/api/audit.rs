//! What was done, by whom.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use paramo_store::AuditQuery;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::App;
use crate::access::Sight;
use crate::access::extract::Among;
use crate::people::roles::Action;
use crate::problem::{Problem, Result};
use crate::shape::moment;

/// Entries on one page, unless it is said, and at the most.
const PAGE: usize = 100;
const LARGEST_PAGE: usize = 1000;

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Only those of this project.
    #[expect(dead_code, reason = "read where the request is let through")]
    project: Option<String>,
    /// Only those of this user.
    user: Option<String>,
    /// Only those of this action, such as `study.delete`.
    action: Option<String>,
    /// Only those with smaller numbers: the last of the page before.
    before: Option<i64>,
    /// At the most; 100 unless given, and no more than 1,000.
    limit: Option<usize>,
}

/// Something that was done or tried.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Entry {
    id: i64,
    at: String,
    /// `null` for somebody who was not known.
    user: Option<String>,
    /// `session`, `token`, `owner` or `share`.
    via: &'static str,
    action: String,
    project: Option<String>,
    target: String,
    /// `done`, `refused` or `failed`.
    outcome: &'static str,
    detail: String,
}

/// What was done or tried, the newest first
///
/// Of the projects that one manages; an administrator of the server sees what is of no project as well. Entries are never changed nor
/// removed.
#[utoipa::path(get, path = "/audit", tag = "people", params(Which),
    responses((status = 200, body = Vec<Entry>), (status = 403, body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    among: Among,
    which: std::result::Result<Query<Which>, QueryRejection>,
) -> Result<Json<Vec<Entry>>> {
    let Query(which) = which?;
    let within = match among.sight(Action::AuditRead) {
        Sight::All => None,
        Sight::Of(projects) => Some(projects.iter().map(ToString::to_string).collect()),
        Sight::Study(_) => Some(Vec::new()),
    };
    let query = AuditQuery {
        project: among.project.map(|project| project.to_string()),
        user: which.user,
        action: which.action,
        before: which.before,
        within,
        limit: which.limit.unwrap_or(PAGE).min(LARGEST_PAGE),
    };
    let rows = app.people.store().audit(&query).await?.into_iter().map(|row| Entry {
        id: row.id,
        at: moment(row.at),
        user: row.entry.user,
        via: row.entry.via.word(),
        action: row.entry.action,
        project: row.entry.project,
        target: row.entry.target,
        outcome: row.entry.outcome.word(),
        detail: row.entry.detail,
    });
    Ok(Json(rows.collect()))
}
