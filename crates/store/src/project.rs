//! How studies are named in the store: by their project as well, so that a name may occur in several.
//!
//! In the database a study of `default` has its own name, as studies had before there were projects; one of another project is
//! `project/name`. No name holds a slash, so the two are told apart.

use std::path::Path;

use paramo_model::Name;

use crate::session::{Session, cells};
use crate::{Result, StoreError, sql};

/// The project that is always there. Studies of a directory are in it.
pub const DEFAULT_PROJECT: &str = "default";

/// The name that a study has in the database; nothing when one of the two cannot be a name, so that nobody reaches into another
/// project by writing a slash.
pub fn qualified(project: &str, name: &str) -> Option<String> {
    match (project.contains('/') || name.contains('/'), project) {
        (true, _) => None,
        (false, DEFAULT_PROJECT) => Some(name.to_owned()),
        (false, _) => Some(format!("{project}/{name}")),
    }
}

/// Project and name from what stands in the database; nothing when it cannot have been written by [`qualified`].
pub fn parts(qualified: &str) -> Option<(Name, Name)> {
    let (project, name) = qualified.split_once('/').unwrap_or((DEFAULT_PROJECT, qualified));
    Some((Name::new(project).ok()?, Name::new(name).ok()?))
}

/// How a study is called: `name`, `name@2`, `project:name`.
pub fn title(project: &str, name: &str, version: u32) -> String {
    let place = if project == DEFAULT_PROJECT { String::new() } else { format!("{project}:") };
    if version > 1 { format!("{place}{name}@{version}") } else { format!("{place}{name}") }
}

/// The name that a new study of a project gets. Holds the project against being removed until the change ends; two that make versions
/// of one name wait for one another.
pub async fn claim(session: &mut Session<'_>, project: &str, name: &str) -> Result<String> {
    let missing = || StoreError::Missing { what: format!("project `{project}`") };
    let qualified = qualified(project, name).ok_or_else(missing)?;
    if project != DEFAULT_PROJECT {
        session.claim(key(project)).await?;
        if !exists(session, project).await? {
            return Err(missing());
        }
    }
    session.claim(qualified.clone()).await?;
    Ok(qualified)
}

/// What those claim who put something into a project or remove it.
pub fn key(project: &str) -> String {
    format!("{project}/")
}

pub async fn exists(session: &mut Session<'_>, project: &str) -> Result<bool> {
    let row: Option<(i64,)> = session.optional(sql::PROJECT_EXISTS, cells![project]).await?;
    Ok(row.is_some())
}

/// A name that stands in the database.
pub fn read_name(name: &str, file: &Path) -> Result<Name> {
    Name::new(name).map_err(|error| StoreError::damaged(file, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_that_of_its_project_only() {
        for (project, name, stored) in
            [("default", "s", "s"), ("bio", "s", "bio/s"), ("a_b", "c.d", "a_b/c.d")]
        {
            assert_eq!(qualified(project, name).as_deref(), Some(stored));
            let (found, its) = parts(stored).unwrap();
            assert_eq!((found.as_str(), its.as_str()), (project, name));
        }
        assert_eq!(qualified("default", "bio/s"), None);
        assert_eq!(qualified("bio/s", "x"), None);
        for wrong in ["", "/", "bio/", "/s", "a/b/c", "1x"] {
            assert_eq!(parts(wrong), None, "{wrong}");
        }
        assert_eq!(title("default", "s", 1), "s");
        assert_eq!(title("bio", "s", 2), "bio:s@2");
    }
}
