//! Questions. Whatever is read of one study is held against its counts and its number of batches.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use paramo_model::{CauseKind, Name, RunRecord, Study, StudyId, StudyState, Timestamp};
use roaring::RoaringTreemap;
use sqlx::{SqliteConnection, SqlitePool};

use crate::batch::{Head, Row};
use crate::{Batch, BatchId, Counts, Ended, Result, Seq, StoreError, StudyRow, StudySummary, sql};

/// Rows read at a time where there may be very many.
const PAGE: i64 = 4096;

/// id, name, version, state, created, changed, counts.
type SummaryCells = (i64, String, i64, String, i64, i64, String);
/// The same, and the definition.
type StudyCells = (i64, String, i64, String, i64, i64, String, String);
/// seq, kind, first, last, runs, head.
type HeadCells = (i64, i64, i64, i64, i64, Vec<u8>);
/// The same, and the data.
type BatchCells = (i64, i64, i64, i64, i64, Vec<u8>, Vec<u8>);

pub async fn studies(readers: &SqlitePool, file: &Path) -> Result<Vec<StudyRow>> {
    let rows: Vec<StudyCells> = sqlx::query_as(sql::STUDIES)
        .fetch_all(readers)
        .await
        .map_err(|error| StoreError::sqlite(file, error))?;
    rows.into_iter().map(|row| study_row(row, file)).collect()
}

pub async fn summaries(readers: &SqlitePool, file: &Path) -> Result<Vec<StudySummary>> {
    let rows: Vec<SummaryCells> = sqlx::query_as(sql::SUMMARIES)
        .fetch_all(readers)
        .await
        .map_err(|error| StoreError::sqlite(file, error))?;
    rows.into_iter().map(|row| summary(row, file)).collect()
}

fn summary(cells: SummaryCells, file: &Path) -> Result<StudySummary> {
    let (id, name, version, state, created, changed, counts) = cells;
    let id = StudyId(id);
    let damaged = |what: &str| StoreError::damaged_study(file, id, what);
    let known = [StudyState::Open, StudyState::Cancelled, StudyState::Finished];
    Ok(StudySummary {
        id,
        name: Name::new(&name).map_err(|_| damaged("its name is not a name"))?,
        version: u32::try_from(version).map_err(|_| damaged("its version is not a number"))?,
        state: known
            .into_iter()
            .find(|known| known.word() == state)
            .ok_or_else(|| damaged("its state is unknown"))?,
        created: Timestamp(created),
        changed: Timestamp(changed),
        counts: serde_json::from_str(&counts)
            .map_err(|error| damaged(&format!("its counts cannot be read: {error}")))?,
    })
}

pub fn study_row(cells: StudyCells, file: &Path) -> Result<StudyRow> {
    let (id, name, version, state, created, changed, counts, definition) = cells;
    let summary = summary((id, name, version, state, created, changed, counts), file)?;
    let study: Study = serde_json::from_str(&definition).map_err(|error| {
        StoreError::damaged_study(file, summary.id, format!("its definition cannot be read: {error}"))
    })?;
    let StudySummary { id, name, version, state, created, changed, counts } = summary;
    Ok(StudyRow { id, name, version, state, created, changed, study, counts })
}

pub fn gone(id: StudyId) -> StoreError {
    StoreError::NoSuchStudy { wanted: format!("number {}", id.0), nearest: None }
}

/// The number of the last batch and what all add up to.
pub async fn progress(connection: &mut SqliteConnection, file: &Path, id: StudyId) -> Result<(Seq, Counts)> {
    let row: Option<(i64, String)> = sqlx::query_as(sql::PROGRESS)
        .bind(id.0)
        .fetch_optional(connection)
        .await
        .map_err(|error| StoreError::sqlite(file, error))?;
    let (seq, counts) = row.ok_or_else(|| gone(id))?;
    let counts = serde_json::from_str(&counts).map_err(|error| {
        StoreError::damaged_study(file, id, format!("its counts cannot be read: {error}"))
    })?;
    Ok((Seq(seq as u64), counts))
}

pub async fn newest(readers: &SqlitePool, file: &Path, id: StudyId) -> Result<BatchId> {
    let mut connection = readers.acquire().await.map_err(|error| StoreError::sqlite(file, error))?;
    let (seq, _) = progress(&mut connection, file, id).await?;
    Ok(BatchId { study: id, seq })
}

/// What the heads of a study's batches add up to.
#[derive(Debug, Default)]
pub struct Found {
    pub ended: Ended,
    pub by_cause: BTreeMap<CauseKind, RoaringTreemap>,
    succeeded: u64,
    failed: u64,
    reopened: u64,
    counts: Counts,
}

impl Found {
    /// Adds a batch that comes after those before.
    pub fn add(&mut self, head: Head) {
        match head {
            Head::Reopened(indices) => {
                self.reopened += indices.len();
                self.ended.failed -= &indices;
                self.by_cause.values_mut().for_each(|failed| *failed -= &indices);
            }
            Head::Runs(indices, kinds) => {
                let mut runs: Vec<(u64, Option<CauseKind>)> = indices.into_iter().zip(kinds).collect();
                runs.sort_unstable_by_key(|run| run.0);
                for range in runs.chunk_by(|a, b| b.0 == a.0.wrapping_add(1) && a.1 == b.1) {
                    self.add_range(range[0].0, range.len() as u64, range[0].1);
                }
            }
        }
    }

    fn add_range(&mut self, first: u64, length: u64, kind: Option<CauseKind>) {
        let range = first..=first.saturating_add(length - 1);
        // Empty for nearly every study, and then there is nothing to take out.
        for failed in self.by_cause.values_mut() {
            failed.remove_range(range.clone());
        }
        match kind {
            None => {
                self.succeeded += length;
                self.ended.failed.remove_range(range.clone());
                self.ended.succeeded.insert_range(range);
            }
            Some(kind) => {
                self.failed += length;
                self.ended.succeeded.remove_range(range.clone());
                self.ended.failed.insert_range(range.clone());
                self.by_cause.entry(kind).or_default().insert_range(range);
            }
        }
    }

    /// The counts are kept apart from the batches; where they differ, one of them is not what was committed.
    pub fn check(&self, file: &Path, id: StudyId) -> Result<()> {
        let expected = (self.counts.succeeded, self.counts.failed + self.reopened);
        if expected == (self.succeeded, self.failed) {
            return Ok(());
        }
        let what = format!(
            "its batches hold {} runs that succeeded and {} that failed, its counts say {} and {}",
            self.succeeded, self.failed, expected.0, expected.1
        );
        Err(StoreError::damaged_study(file, id, what))
    }
}

/// Reads the heads of all batches of a study, in one transaction.
pub async fn heads(connection: &mut SqliteConnection, file: &Path, id: StudyId) -> Result<Found> {
    let (newest, counts) = progress(connection, file, id).await?;
    let mut found = Found { counts, ..Found::default() };
    let path: Arc<Path> = file.into();
    let mut seq = Seq(0);
    while seq < newest {
        let page = head_page(connection, &path, id, seq).await?;
        if page.is_empty() {
            return Err(StoreError::damaged_batch(file, id, Seq(seq.0 + 1), "it is missing"));
        }
        for batch in page {
            expect_next(&mut seq, &batch)?;
            found.add(batch.head()?);
        }
    }
    Ok(found)
}

/// Up to a page of batches after one, without their data.
async fn head_page(
    connection: &mut SqliteConnection,
    file: &Arc<Path>,
    id: StudyId,
    after: Seq,
) -> Result<Vec<Batch>> {
    let rows: Vec<HeadCells> = sqlx::query_as(sql::HEADS)
        .bind(id.0)
        .bind(after.0 as i64)
        .bind(PAGE)
        .fetch_all(connection)
        .await
        .map_err(|error| StoreError::sqlite(file, error))?;
    let batch = |(seq, kind, first, last, runs, head)| Batch {
        study: id,
        seq: Seq(seq as u64),
        row: Row { kind, first, last, runs, head, data: Vec::new() },
        file: file.clone(),
    };
    Ok(rows.into_iter().map(batch).collect())
}

/// Batches are numbered without gaps.
fn expect_next(seq: &mut Seq, batch: &Batch) -> Result<()> {
    *seq = Seq(seq.0 + 1);
    if batch.seq == *seq {
        return Ok(());
    }
    Err(StoreError::damaged_batch(&batch.file, batch.study, *seq, "it is missing"))
}

pub async fn batches(
    connection: &mut SqliteConnection,
    file: &Path,
    id: StudyId,
    after: Option<Seq>,
    limit: usize,
) -> Result<Vec<Batch>> {
    let (newest, _) = progress(connection, file, id).await?;
    let mut seq = after.unwrap_or(Seq(0));
    let rows: Vec<BatchCells> = sqlx::query_as(sql::BATCHES)
        .bind(id.0)
        .bind(seq.0 as i64)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(connection)
        .await
        .map_err(|error| StoreError::sqlite(file, error))?;
    let file: Arc<Path> = file.into();
    let short = rows.len() < limit;
    let mut batches = Vec::with_capacity(rows.len());
    for (number, kind, first, last, runs, head, data) in rows {
        let row = Row { kind, first, last, runs, head, data };
        let batch = Batch { study: id, seq: Seq(number as u64), row, file: file.clone() };
        expect_next(&mut seq, &batch)?;
        batches.push(batch);
    }
    if short && seq < newest {
        return Err(StoreError::damaged_batch(&file, id, Seq(seq.0 + 1), "it is missing"));
    }
    Ok(batches)
}

pub async fn run(
    connection: &mut SqliteConnection,
    file: &Path,
    id: StudyId,
    index: u64,
) -> Result<Option<RunRecord>> {
    let (newest, _) = progress(connection, file, id).await?;
    let path: Arc<Path> = file.into();
    // The newest batch that speaks of the run decides.
    let mut latest = None;
    let mut seq = Seq(0);
    while seq < newest {
        let page = head_page(connection, &path, id, seq).await?;
        if page.is_empty() {
            return Err(StoreError::damaged_batch(file, id, Seq(seq.0 + 1), "it is missing"));
        }
        for batch in page {
            expect_next(&mut seq, &batch)?;
            if batch.row.first <= index as i64 && index as i64 <= batch.row.last {
                match batch.head()? {
                    Head::Runs(indices, _) if indices.contains(&index) => latest = Some(batch.seq),
                    Head::Reopened(indices) if indices.contains(index) => latest = None,
                    _ => {}
                }
            }
        }
    }
    let Some(latest) = latest else { return Ok(None) };
    let output = output(connection, file, BatchId { study: id, seq: latest }).await?;
    match batches(connection, file, id, Some(Seq(latest.0 - 1)), 1).await?.first() {
        Some(batch) => batch.run(index, output.as_deref()),
        None => Ok(None),
    }
}

/// The tails of a batch's output, wrapped; `None` when nothing was written.
pub async fn output(connection: &mut SqliteConnection, file: &Path, id: BatchId) -> Result<Option<Vec<u8>>> {
    let output: Option<Option<Vec<u8>>> = sqlx::query_scalar(sql::OUTPUT)
        .bind(id.study.0)
        .bind(id.seq.0 as i64)
        .fetch_optional(connection)
        .await
        .map_err(|error| StoreError::sqlite(file, error))?;
    Ok(output.flatten())
}
