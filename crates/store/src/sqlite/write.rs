//! Changes, each one transaction. Every one moves the store's count of commits on, and returns it.

use std::path::Path;

use paramo_model::{RunRecord, Study, StudyId, StudyState};
use roaring::RoaringTreemap;
use sqlx::{Connection, Sqlite, SqliteConnection, Transaction};

use super::{now, read};
use crate::batch::{Parts, cut};
use crate::mark::Totals;
use crate::{BatchId, Counts, Result, Seq, StoreError, sql};

type Changed<T> = Result<(T, Totals)>;

pub async fn create(connection: &mut SqliteConnection, file: &Path, study: &Study) -> Changed<StudyId> {
    let failed = |error| StoreError::sqlite(file, error);
    let (counts, definition) = (json(&Counts::default(), file)?, json(study, file)?);
    let mut change = connection.begin_with(sql::BEGIN).await.map_err(failed)?;
    let id = sqlx::query_scalar(sql::CREATE)
        .bind(study.name.as_str())
        .bind(StudyState::Open.word())
        .bind(now().0)
        .bind(counts)
        .bind(definition)
        .fetch_one(&mut *change)
        .await
        .map_err(failed)?;
    finish(change, file, 0, StudyId(id)).await
}

pub async fn set_state(
    connection: &mut SqliteConnection,
    file: &Path,
    id: StudyId,
    state: StudyState,
) -> Changed<()> {
    let mut change =
        connection.begin_with(sql::BEGIN).await.map_err(|error| StoreError::sqlite(file, error))?;
    let query = sqlx::query(sql::SET_STATE).bind(id.0).bind(state.word()).bind(now().0);
    only(query.execute(&mut *change).await, file, id)?;
    finish(change, file, 0, ()).await
}

pub async fn replace(
    connection: &mut SqliteConnection,
    file: &Path,
    id: StudyId,
    study: &Study,
) -> Changed<()> {
    let definition = json(study, file)?;
    let mut change =
        connection.begin_with(sql::BEGIN).await.map_err(|error| StoreError::sqlite(file, error))?;
    let query = sqlx::query(sql::REPLACE).bind(id.0).bind(definition).bind(now().0);
    only(query.execute(&mut *change).await, file, id)?;
    finish(change, file, 0, ()).await
}

pub async fn delete(connection: &mut SqliteConnection, file: &Path, id: StudyId) -> Changed<()> {
    let mut change =
        connection.begin_with(sql::BEGIN).await.map_err(|error| StoreError::sqlite(file, error))?;
    only(sqlx::query(sql::DELETE).bind(id.0).execute(&mut *change).await, file, id)?;
    finish(change, file, 0, ()).await
}

/// Makes batches of runs, which must differ in their indices.
pub fn encode(runs: &[RunRecord]) -> Result<Vec<Parts>> {
    let mut indices: Vec<u64> = runs.iter().map(|run| run.index).collect();
    indices.sort_unstable();
    if let Some(twice) = indices.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(StoreError::Duplicate { index: twice[0] });
    }
    Ok(cut(runs)?.into_iter().map(Parts::of_runs).collect())
}

pub async fn commit(
    connection: &mut SqliteConnection,
    file: &Path,
    id: StudyId,
    runs: &[RunRecord],
    batches: Vec<Parts>,
) -> Changed<BatchId> {
    let mut change =
        connection.begin_with(sql::BEGIN).await.map_err(|error| StoreError::sqlite(file, error))?;
    let (mut seq, mut counts) = read::progress(&mut change, file, id).await?;
    for parts in batches {
        seq = Seq(seq.0 + 1);
        insert(&mut change, file, BatchId { study: id, seq }, parts).await?;
    }
    runs.iter().for_each(|run| counts.add(run));
    set_progress(&mut change, file, id, seq, &counts).await?;
    finish(change, file, runs.len() as u64, BatchId { study: id, seq }).await
}

pub async fn reopen(
    connection: &mut SqliteConnection,
    file: &Path,
    id: StudyId,
    indices: &RoaringTreemap,
) -> Changed<u64> {
    let failed = |error| StoreError::sqlite(file, error);
    let mut change = connection.begin_with(sql::BEGIN).await.map_err(failed)?;
    let (seq, mut counts) = read::progress(&mut change, file, id).await?;
    let found = read::heads(&mut change, file, id).await?;
    found.check(file, id)?;
    let opened = &found.ended.failed & indices;
    if !opened.is_empty() {
        let seq = Seq(seq.0 + 1);
        insert(&mut change, file, BatchId { study: id, seq }, Parts::of_reopened(&opened)).await?;
        for (kind, failed) in &found.by_cause {
            counts.reopen(*kind, failed.intersection_len(&opened));
        }
        set_progress(&mut change, file, id, seq, &counts).await?;
    }
    let query = sqlx::query(sql::SET_STATE).bind(id.0).bind(StudyState::Open.word()).bind(now().0);
    only(query.execute(&mut *change).await, file, id)?;
    finish(change, file, 0, opened.len()).await
}

async fn insert(change: &mut SqliteConnection, file: &Path, id: BatchId, mut parts: Parts) -> Result<()> {
    parts.sign(id);
    let inserted = sqlx::query(sql::INSERT_BATCH)
        .bind(id.study.0)
        .bind(id.seq.0 as i64)
        .bind(parts.row.kind)
        .bind(parts.row.first)
        .bind(parts.row.last)
        .bind(parts.row.runs)
        .bind(parts.row.head)
        .bind(parts.row.data)
        .bind(parts.output)
        .execute(change)
        .await;
    inserted.map(|_| ()).map_err(|error| StoreError::sqlite(file, error))
}

async fn set_progress(
    change: &mut SqliteConnection,
    file: &Path,
    id: StudyId,
    seq: Seq,
    counts: &Counts,
) -> Result<()> {
    let counts = json(counts, file)?;
    let query = sqlx::query(sql::SET_PROGRESS).bind(id.0).bind(seq.0 as i64).bind(counts).bind(now().0);
    only(query.execute(change).await, file, id)
}

/// Counts the commit and makes it durable.
async fn finish<T>(mut change: Transaction<'_, Sqlite>, file: &Path, runs: u64, value: T) -> Changed<T> {
    let failed = |error| StoreError::sqlite(file, error);
    let (token, commits, runs): (i64, i64, i64) =
        sqlx::query_as(sql::ADVANCE).bind(runs as i64).fetch_one(&mut *change).await.map_err(failed)?;
    change.commit().await.map_err(failed)?;
    Ok((value, Totals { token, commits: commits as u64, runs: runs as u64 }))
}

/// A change of one study must have met that study.
fn only(result: sqlx::Result<sqlx::sqlite::SqliteQueryResult>, file: &Path, id: StudyId) -> Result<()> {
    match result.map_err(|error| StoreError::sqlite(file, error))?.rows_affected() {
        0 => Err(read::gone(id)),
        _ => Ok(()),
    }
}

fn json<T: serde::Serialize>(value: &T, file: &Path) -> Result<String> {
    let failed = |error| StoreError::Sql {
        file: file.to_owned(),
        source: Box::new(sqlx::Error::Encode(Box::new(error))),
    };
    serde_json::to_string(value).map_err(failed)
}
