//! Secrets of projects, sealed before they come here.

use super::{met, missing};
use crate::clock::now;
use crate::people::sql;
use crate::people::types::{Sealed, SecretRow};
use crate::session::{Session, cells};
use crate::{Result, project};
use paramo_model::Timestamp;

pub async fn set(
    session: &mut Session<'_>,
    project: &str,
    name: &str,
    sealed: &Sealed,
    by: &str,
) -> Result<SecretRow> {
    if !project::exists(session, project).await? {
        return Err(missing("project", project));
    }
    let now = now();
    session.execute(sql::SET_SECRET, cells![project, name, sealed.0.clone(), now.0, by]).await?;
    Ok(SecretRow { name: name.to_owned(), created: now, by: by.to_owned() })
}

pub async fn all(session: &mut Session<'_>, project: &str) -> Result<Vec<SecretRow>> {
    if !project::exists(session, project).await? {
        return Err(missing("project", project));
    }
    let mut rows: Vec<(String, i64, String)> = session.all(sql::SECRETS, cells![project]).await?;
    rows.sort();
    let secret = |(name, created, by)| SecretRow { name, created: Timestamp(created), by };
    Ok(rows.into_iter().map(secret).collect())
}

pub async fn get(session: &mut Session<'_>, project: &str, name: &str) -> Result<Option<Sealed>> {
    let row: Option<(Vec<u8>,)> = session.optional(sql::SECRET, cells![project, name]).await?;
    Ok(row.map(|row| Sealed(row.0)))
}

pub async fn delete(session: &mut Session<'_>, project: &str, name: &str) -> Result<()> {
    let rows = session.execute(sql::DELETE_SECRET, cells![project, name]).await?;
    met(rows, || missing("secret", name))
}
