//! Applications that were published.

use super::{made, met, missing};
use crate::clock::now;
use crate::people::sql;
use crate::people::types::{Application, NewApplication};
use crate::session::{Session, cells};
use crate::{Result, StoreError, project};
use paramo_model::Timestamp;

/// project, name, version, versions, definition, file, description, deprecated, created, by.
type Cells = (String, String, i64, i64, String, String, Option<String>, Option<String>, i64, String);

fn row(session: &Session<'_>, cells: Cells) -> Result<Application> {
    let (project, name, version, versions, definition, file, description, deprecated, created, by) = cells;
    let number = |value: i64| {
        let damaged =
            |_| StoreError::damaged(session.at(), format!("{value} is not the version of an application"));
        u32::try_from(value).map_err(damaged)
    };
    Ok(Application {
        project: project::read_name(&project, session.at())?,
        name: project::read_name(&name, session.at())?,
        version: number(version)?,
        versions: number(versions)?,
        definition,
        file,
        description,
        deprecated,
        created: Timestamp(created),
        by,
    })
}

pub async fn publish(session: &mut Session<'_>, new: &NewApplication) -> Result<Application> {
    // Two that publish at once get one version each.
    session.claim(project::key(new.project.as_str())).await?;
    if !project::exists(session, new.project.as_str()).await? {
        return Err(missing("project", &new.project));
    }
    let cells = cells![
        new.project.as_str(),
        new.name.as_str(),
        new.definition.as_str(),
        new.file.as_str(),
        new.description.clone(),
        now().0,
        new.by.as_str(),
    ];
    let version = session.optional(sql::PUBLISH, cells).await?;
    let version = made(session, version)?;
    one(session, new.project.as_str(), new.name.as_str(), version).await
}

async fn one(session: &mut Session<'_>, project: &str, name: &str, version: i64) -> Result<Application> {
    let cells: Option<Cells> = session.optional(sql::APPLICATION, cells![project, name, version]).await?;
    row(session, cells.ok_or_else(|| missing("application", format!("{project}/{name}@{version}")))?)
}

pub async fn newest(session: &mut Session<'_>, project: Option<&str>) -> Result<Vec<Application>> {
    let rows: Vec<Cells> = session.all(sql::APPLICATIONS, cells![project.map(str::to_owned)]).await?;
    let found = rows.into_iter().map(|cells| row(session, cells)).collect::<Result<Vec<Application>>>();
    let mut found = found?;
    found.sort_by(|a, b| (&a.project, &a.name).cmp(&(&b.project, &b.name)));
    Ok(found)
}

pub async fn versions(session: &mut Session<'_>, project: &str, name: &str) -> Result<Vec<Application>> {
    let rows: Vec<Cells> = session.all(sql::APPLICATION_VERSIONS, cells![project, name]).await?;
    rows.into_iter().map(|cells| row(session, cells)).collect()
}

pub async fn get(
    session: &mut Session<'_>,
    project: &str,
    name: &str,
    version: Option<u32>,
) -> Result<Option<Application>> {
    let cells: Option<Cells> = match version {
        Some(version) => {
            session.optional(sql::APPLICATION, cells![project, name, i64::from(version)]).await?
        }
        None => session.optional(sql::NEWEST_APPLICATION, cells![project, name]).await?,
    };
    cells.map(|cells| row(session, cells)).transpose()
}

pub async fn deprecate(
    session: &mut Session<'_>,
    project: &str,
    name: &str,
    version: u32,
    reason: Option<&str>,
) -> Result<Application> {
    let cells = cells![project, name, i64::from(version), reason.map(str::to_owned)];
    let rows = session.execute(sql::DEPRECATE, cells).await?;
    met(rows, || missing("application", format!("{project}/{name}@{version}")))?;
    one(session, project, name, i64::from(version)).await
}
