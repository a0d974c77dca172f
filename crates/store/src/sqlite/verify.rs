//! The check of `paramo doctor`: is everything there, and as it was written?

use std::path::Path;

use paramo_model::StudyId;
use sqlx::{SqliteConnection, SqlitePool};

use super::{lost, read, totals};
use crate::folder::Folder;
use crate::mark::Mark;
use crate::{Content, Finding, Result, StoreError, sql};

/// Batches decoded at a time.
const PAGE: usize = 64;

pub async fn check(readers: &SqlitePool, folder: &Folder, deep: bool) -> Result<Vec<Finding>> {
    let file = folder.database.as_path();
    let marked = Mark::read(&folder.mark);
    let mut findings = Vec::new();
    if let Err(error) = folder.inspect() {
        findings.push(damage(error)?);
    }
    let mut connection = readers.begin().await.map_err(|error| StoreError::sqlite(file, error))?;
    match totals(&mut connection, file).await {
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
    drop(connection);
    let studies = match read::summaries(readers, file).await {
        Ok(studies) => studies,
        Err(error) => {
            findings.push(damage(error)?);
            Vec::new()
        }
    };
    for study in studies {
        let mut connection = readers.begin().await.map_err(|error| StoreError::sqlite(file, error))?;
        if let Err(error) = check_study(&mut connection, file, study.id, deep).await {
            findings.push(damage(error)?);
        }
    }
    Ok(findings)
}

/// A finding where the error is damage; other errors keep the check from being made.
fn damage(error: StoreError) -> Result<Finding> {
    if error.is_damage() { Ok(Finding::damage(error)) } else { Err(error) }
}

async fn check_study(connection: &mut SqliteConnection, file: &Path, id: StudyId, deep: bool) -> Result<()> {
    read::heads(connection, file, id).await?.check(file, id)?;
    if !deep {
        return Ok(());
    }
    let definition: (String,) = sqlx::query_as(sql::DEFINITION)
        .bind(id.0)
        .fetch_one(&mut *connection)
        .await
        .map_err(|error| StoreError::sqlite(file, error))?;
    serde_json::from_str::<paramo_model::Study>(&definition.0).map_err(|error| {
        StoreError::damaged_study(file, id, format!("its definition cannot be read: {error}"))
    })?;
    let mut after = None;
    loop {
        let page = read::batches(connection, file, id, after, PAGE).await?;
        for batch in &page {
            let Content::Runs(columns) = batch.decode()? else { continue };
            let output = read::output(connection, file, batch.id()).await?;
            // Reading one run reads the tails of all.
            batch.run(columns.index[0], output.as_deref())?;
        }
        match page.last() {
            Some(last) if page.len() == PAGE => after = Some(last.seq),
            _ => return Ok(()),
        }
    }
}
