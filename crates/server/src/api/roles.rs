//! The table of roles, for pages that explain it.

use axum::Json;
use paramo_store::Role;
use serde::Serialize;
use utoipa::ToSchema;

use crate::people::roles::{RULES, Reach};

/// Who may do what.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Roles {
    /// The least first.
    roles: Vec<&'static str>,
    actions: Vec<Action>,
}

/// Something that requests do.
#[derive(Debug, Serialize, ToSchema)]
struct Action {
    name: &'static str,
    help: &'static str,
    /// Whether it is of a project, or of the server.
    of: &'static str,
    /// What a token needs: `read`, `write` or `admin`.
    scope: &'static str,
    /// The roles that may.
    roles: Vec<&'static str>,
}

/// The roles, and what each of them may do
#[utoipa::path(get, path = "/roles", tag = "people", responses((status = 200, body = Roles)))]
pub(super) async fn show() -> Json<Roles> {
    let actions = RULES.iter().map(|rule| Action {
        name: rule.name,
        help: rule.help,
        of: if rule.reach == Reach::Project { "project" } else { "server" },
        scope: rule.scope.word(),
        roles: Role::ALL.iter().filter(|role| rule.action.allowed(**role)).map(|role| role.word()).collect(),
    });
    Json(Roles { roles: Role::ALL.iter().map(|role| role.word()).collect(), actions: actions.collect() })
}
