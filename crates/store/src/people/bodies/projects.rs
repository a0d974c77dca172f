//! Projects, and what they use.

use std::collections::BTreeMap;

use super::{exists, met, missing, refuses};
use crate::clock::now;
use crate::people::sql;
use crate::people::types::{Project, Quota, Usage};
use crate::session::{Session, cells};
use crate::{DEFAULT_PROJECT, Result, StoreError, project};
use paramo_model::{Bytes, Micros, Name, Timestamp};

/// name, title, created, quotas of runs, processor time and size, share, members.
type Cells = (String, String, i64, Option<i64>, Option<i64>, Option<i64>, i64, i64);

fn row(session: &Session<'_>, cells: Cells) -> Result<Project> {
    let (name, title, created, runs, cpu, size, share, members) = cells;
    let number = |value: Option<i64>| value.map(i64::unsigned_abs);
    Ok(Project {
        name: project::read_name(&name, session.at())?,
        title,
        created: Timestamp(created),
        quota: Quota { runs: number(runs), cpu: number(cpu).map(Micros), storage: number(size).map(Bytes) },
        share: u32::try_from(share).unwrap_or(u32::MAX),
        members: members.unsigned_abs(),
    })
}

pub async fn create(session: &mut Session<'_>, name: &Name, title: &str) -> Result<Project> {
    let cells = cells![name.as_str(), title, now().0];
    match session.execute(sql::INSERT_PROJECT, cells).await? {
        0 => Err(exists("project", name)),
        _ => get(session, name.as_str()).await,
    }
}

pub async fn all(session: &mut Session<'_>) -> Result<Vec<Project>> {
    let rows = session.all(sql::PROJECTS, cells![]).await?;
    let mut projects = rows.into_iter().map(|cells| row(session, cells)).collect::<Result<Vec<Project>>>()?;
    projects.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(projects)
}

pub async fn get(session: &mut Session<'_>, name: &str) -> Result<Project> {
    let cells: Option<Cells> = session.optional(sql::PROJECT, cells![name]).await?;
    row(session, cells.ok_or_else(|| missing("project", name))?)
}

pub async fn set_title(session: &mut Session<'_>, name: &str, title: &str) -> Result<()> {
    let rows = session.execute(sql::SET_TITLE, cells![name, title]).await?;
    met(rows, || missing("project", name))
}

pub async fn set_quota(session: &mut Session<'_>, name: &str, quota: &Quota, share: u32) -> Result<()> {
    if share == 0 {
        return Err(refuses("the share of a project is at least 1"));
    }
    let number = |value: Option<u64>| value.map(|value| i64::try_from(value).unwrap_or(i64::MAX));
    let cells = cells![
        name,
        number(quota.runs),
        number(quota.cpu.map(|cpu| cpu.0)),
        number(quota.storage.map(|storage| storage.0)),
        i64::from(share),
    ];
    let rows = session.execute(sql::SET_QUOTA, cells).await?;
    met(rows, || missing("project", name))
}

pub async fn delete(session: &mut Session<'_>, name: &str) -> Result<()> {
    if name == DEFAULT_PROJECT {
        return Err(refuses("the project `default` is always there"));
    }
    // Whoever puts a study or an application into it waits for this, and then finds no project.
    session.claim(project::key(name)).await?;
    let study: Option<(i64,)> = session.optional(sql::ANY_STUDY_OF, cells![project::key(name)]).await?;
    let application: Option<(i64,)> = session.optional(sql::ANY_APPLICATION_OF, cells![name]).await?;
    let job: Option<(i64,)> = session.optional(sql::ANY_JOB_OF, cells![name]).await?;
    let schedule: Option<(i64,)> = session.optional(sql::ANY_SCHEDULE_OF, cells![name]).await?;
    let what = match (study, application, job, schedule) {
        (Some(_), ..) => "studies",
        (_, Some(_), ..) => "applications",
        (_, _, Some(_), _) => "jobs",
        (.., Some(_)) => "schedules",
        (None, None, None, None) => {
            let rows = session.execute(sql::DELETE_PROJECT, cells![name]).await?;
            return met(rows, || missing("project", name));
        }
    };
    Err(refuses(format!("the project `{name}` has {what}; only an empty project is removed")))
}

pub async fn usages(session: &mut Session<'_>) -> Result<Vec<(Name, Usage)>> {
    let rows: Vec<(String, i64, i64, i64)> = session.all(sql::USAGES, cells![]).await?;
    let mut usages: BTreeMap<Name, Usage> = BTreeMap::new();
    for (name, studies, cpu, size) in rows {
        let parts = project::parts(&name);
        let damaged = || StoreError::damaged(session.at(), format!("`{name}` is not the name of a study"));
        let (project, _) = parts.ok_or_else(damaged)?;
        let found = usage((studies, cpu, size));
        let sum = usages.entry(project).or_default();
        sum.studies += found.studies;
        sum.cpu = Micros(sum.cpu.0.saturating_add(found.cpu.0));
        sum.storage = Bytes(sum.storage.0.saturating_add(found.storage.0));
    }
    Ok(usages.into_iter().collect())
}

pub async fn usage_of(session: &mut Session<'_>, name: &str) -> Result<Usage> {
    if !project::exists(session, name).await? {
        return Err(missing("project", name));
    }
    let row = match name {
        DEFAULT_PROJECT => session.optional(sql::USAGE_OF_DEFAULT, cells![]).await?,
        _ => session.optional(sql::USAGE, cells![project::key(name)]).await?,
    };
    Ok(row.map(usage).unwrap_or_default())
}

fn usage((studies, cpu, size): (i64, i64, i64)) -> Usage {
    Usage {
        studies: studies.unsigned_abs(),
        cpu: Micros(cpu.unsigned_abs()),
        storage: Bytes(size.unsigned_abs()),
    }
}
