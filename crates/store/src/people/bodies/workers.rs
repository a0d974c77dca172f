//! Workers elsewhere: their tokens, and which of them have runs.

use paramo_model::{StudyId, Timestamp};

use super::{ends, made, met, missing};
use crate::clock::now;
use crate::people::sql;
use crate::people::types::{Hashed, KnownWorker, NewWorkerToken, WorkerToken};
use crate::session::{Session, cells};
use crate::{Result, StoreError, project};

/// id, name, project, made by, created, expires, used.
type Cells = (i64, String, Option<String>, String, i64, Option<i64>, Option<i64>);

fn token(session: &Session<'_>, cells: Cells) -> Result<WorkerToken> {
    let (id, name, project, by, created, expires, used) = cells;
    Ok(WorkerToken {
        id,
        name,
        project: project.map(|name| project::read_name(&name, session.at())).transpose()?,
        by,
        created: Timestamp(created),
        expires: expires.map(Timestamp),
        used: used.map(Timestamp),
    })
}

pub async fn create_token(session: &mut Session<'_>, new: &NewWorkerToken) -> Result<WorkerToken> {
    if let Some(name) = &new.project
        && !project::exists(session, name.as_str()).await?
    {
        return Err(missing("project", name));
    }
    let now = now();
    let expires = ends(&new.fresh, now);
    let cells = cells![
        &new.fresh.hash,
        new.name.as_str(),
        new.project.as_ref().map(ToString::to_string),
        new.by.as_str(),
        now.0,
        expires,
    ];
    let row = session.optional(sql::INSERT_WORKER_TOKEN, cells).await?;
    Ok(WorkerToken {
        id: made(session, row)?,
        name: new.name.clone(),
        project: new.project.clone(),
        by: new.by.clone(),
        created: now,
        expires: expires.map(Timestamp),
        used: None,
    })
}

pub async fn tokens(session: &mut Session<'_>) -> Result<Vec<WorkerToken>> {
    let rows: Vec<Cells> = session.all(sql::WORKER_TOKENS, cells![]).await?;
    rows.into_iter().map(|row| token(session, row)).collect()
}

pub async fn get_token(session: &mut Session<'_>, hash: &Hashed) -> Result<Option<WorkerToken>> {
    let row: Option<Cells> = session.optional(sql::WORKER_TOKEN, cells![hash, now().0]).await?;
    row.map(|row| token(session, row)).transpose()
}

pub async fn touch_token(session: &mut Session<'_>, id: i64) -> Result<()> {
    session.execute(sql::TOUCH_WORKER_TOKEN, cells![id, now().0]).await.map(|_| ())
}

pub async fn delete_token(session: &mut Session<'_>, id: i64) -> Result<()> {
    let rows = session.execute(sql::DELETE_WORKER_TOKEN, cells![id]).await?;
    met(rows, || missing("token", id))
}

pub async fn identity(session: &mut Session<'_>) -> Result<String> {
    let row: Option<(String,)> = session.optional(sql::IDENTITY, cells![]).await?;
    row.map(|row| row.0)
        .ok_or_else(|| StoreError::damaged(session.at(), "it does not know which store it is"))
}

pub async fn known(session: &mut Session<'_>) -> Result<Vec<KnownWorker>> {
    let rows: Vec<(String, String, i64)> = session.all(sql::WORKERS, cells![]).await?;
    let worker = |(key, studies, seen): (String, String, i64)| {
        let numbers = studies.split_ascii_whitespace().map(|number| number.parse().map(StudyId));
        let damaged = |_| StoreError::damaged(session.at(), format!("`{studies}` are no numbers of studies"));
        let studies = numbers.collect::<std::result::Result<Vec<_>, _>>().map_err(damaged)?;
        Ok(KnownWorker { key, studies, seen: Timestamp(seen) })
    };
    rows.into_iter().map(worker).collect()
}

pub async fn set(session: &mut Session<'_>, key: &str, studies: &[StudyId]) -> Result<()> {
    if studies.is_empty() {
        return session.execute(sql::DELETE_WORKER, cells![key]).await.map(|_| ());
    }
    let numbers: Vec<String> = studies.iter().map(|study| study.0.to_string()).collect();
    session.execute(sql::SET_WORKER, cells![key, numbers.join(" "), now().0]).await.map(|_| ())
}
