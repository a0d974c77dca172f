//! The check of `paramo doctor`: is everything there, and as it was written?

use std::path::Path;
use std::sync::Arc;

use sqlx::SqlitePool;

use super::{lost, totals};
use crate::check::{check_studies, damage};
use crate::folder::Folder;
use crate::mark::Mark;
use crate::session::Session;
use crate::{Finding, Result, StoreError, sql};

pub async fn check(
    readers: &SqlitePool,
    folder: &Folder,
    file: &Arc<Path>,
    deep: bool,
) -> Result<Vec<Finding>> {
    let marked = Mark::read(&folder.mark);
    let mut findings = Vec::new();
    if let Err(error) = folder.inspect() {
        findings.push(damage(error)?);
    }
    let mut connection = readers.begin().await.map_err(|error| StoreError::sqlite(file, error))?;
    match totals(&mut Session::sqlite(&mut connection, file)).await {
        Ok(now) => findings.extend(lost(folder, marked, now).map(Finding::damage)),
        Err(error) => findings.push(damage(error)?),
    }
    if deep {
        let problems: sqlx::Result<Vec<String>> =
            sqlx::query_scalar(sql::INTEGRITY).fetch_all(&mut *connection).await;
        match problems.map_err(|error| StoreError::sqlite(file, error)) {
            Ok(problems) => findings.extend(
                problems
                    .into_iter()
                    .filter(|problem| problem != "ok")
                    .map(|problem| Finding::damage(format!("{}: {}", file.display(), problem.trim()))),
            ),
            Err(error) => findings.push(damage(error)?),
        }
    }
    check_studies(&mut Session::sqlite(&mut connection, file), deep, &mut findings).await?;
    Ok(findings)
}
