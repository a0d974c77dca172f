//! What a request is about: the study that its path names, or the project. What somebody does not see is answered as what is not there.

use paramo_model::{Name, StudyId};
use paramo_store::{People, Store, StoreError, StudyRow};

use super::caller::Sight;
use super::together::Lookups;
use crate::problem::{Problem, Result};

/// The study that a word names, among those that are seen: by number, or by name with or without its project and version (`7`, `hes1`,
/// `hes1@2`, `cells:hes1@2`).
pub async fn study(
    lookups: &Lookups,
    (store, people): (&dyn Store, &dyn People),
    sight: &Sight,
    word: &str,
) -> Result<StudyRow> {
    let none = || {
        Problem::not_found(format!(
            "there is no study {word}; GET /api/v1/studies lists those that there are"
        ))
    };
    if let Ok(id) = word.parse() {
        return match lookups.study(store, StudyId(id)).await {
            Ok(row) if sight.has(row.id, &row.project) => Ok(row),
            Ok(_) | Err(StoreError::NoSuchStudy { .. }) => Err(none()),
            Err(error) => Err(error.into()),
        };
    }
    let (project, rest) = match word.split_once(':') {
        Some((project, rest)) => (Some(project), rest),
        None => (None, word),
    };
    let (name, version) = match rest.split_once('@') {
        None => (rest, None),
        Some((name, version)) => match version.parse() {
            Ok(version) => (name, Some(version)),
            Err(_) => {
                return Err(Problem::bad_input(format!(
                    "`{word}` does not name a study: after `@` comes a version, as in {name}@2"
                )));
            }
        },
    };
    let mut found = Vec::new();
    for candidate in candidates(lookups, (store, people), sight, project).await? {
        found.extend(lookups.find(store, candidate.as_str(), name, version).await?);
    }
    found.retain(|row| sight.has(row.id, &row.project));
    if found.len() > 1 {
        let titles: Vec<String> = found.iter().map(|row| format!("{}:{rest}", row.project)).collect();
        return Err(Problem::conflict(format!(
            "{word} is in several projects; say which: {}",
            titles.join(", ")
        )));
    }
    found.pop().ok_or_else(none)
}

/// The projects in which a study is looked for.
async fn candidates(
    lookups: &Lookups,
    (store, people): (&dyn Store, &dyn People),
    sight: &Sight,
    project: Option<&str>,
) -> Result<Vec<Name>> {
    let named = |name: &Name| project.is_none_or(|project| name.as_str() == project);
    Ok(match (sight, project.map(Name::new)) {
        (_, Some(Err(_))) => Vec::new(),
        (Sight::All, Some(Ok(name))) => vec![name],
        (Sight::All, None) => lookups.projects(people).await?.to_vec(),
        (Sight::Of(projects), _) => projects.iter().filter(|name| named(name)).cloned().collect(),
        (Sight::Study(id), _) => match lookups.study(store, *id).await {
            Ok(row) if named(&row.project) => vec![row.project],
            Ok(_) | Err(StoreError::NoSuchStudy { .. }) => Vec::new(),
            Err(error) => return Err(error.into()),
        },
    })
}

/// What is said of a project that is not there, or not seen.
pub fn no_project(name: &str) -> Problem {
    Problem::not_found(format!("there is no project {name}; GET /api/v1/projects lists those that there are"))
}
