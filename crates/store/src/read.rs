//! Questions. Whatever is read of one study is held against its counts and its number of batches.

use std::collections::BTreeMap;
use std::path::Path;

use paramo_model::{CauseKind, RunRecord, Study, StudyId, StudyState, Timestamp};
use roaring::RoaringTreemap;

use crate::batch::{Head, Row};
use crate::session::{Session, cells};
use crate::{
    Batch, BatchId, Content, Counts, Ended, Result, Seq, StoreError, StudyRow, StudySummary, project, sql,
};

/// Rows read at a time where there may be very many.
const PAGE: i64 = 4096;
/// Batches decoded at a time.
const DECODED: usize = 64;

/// id, name, version, state, created, changed, counts.
type SummaryCells = (i64, String, i64, String, i64, i64, String);
/// The same, and the definition.
type StudyCells = (i64, String, i64, String, i64, i64, String, String);
/// seq, kind, first, last, runs, head.
type HeadCells = (i64, i64, i64, i64, i64, Vec<u8>);
/// The same, and the data.
type BatchCells = (i64, i64, i64, i64, i64, Vec<u8>, Vec<u8>);

pub async fn studies(session: &mut Session<'_>) -> Result<Vec<StudyRow>> {
    let rows = session.all(sql::STUDIES, cells![]).await?;
    rows.into_iter().map(|row| study_row(row, session.at())).collect()
}

pub async fn summaries(session: &mut Session<'_>) -> Result<Vec<StudySummary>> {
    let rows = session.all(sql::SUMMARIES, cells![]).await?;
    rows.into_iter().map(|row| summary(row, session.at())).collect()
}

pub async fn study(session: &mut Session<'_>, id: StudyId) -> Result<StudyRow> {
    match session.optional(sql::STUDY, cells![id.0]).await? {
        Some(row) => study_row(row, session.at()),
        None => Err(gone(id)),
    }
}

pub async fn find(
    session: &mut Session<'_>,
    project: &str,
    name: &str,
    version: Option<u32>,
) -> Result<Option<StudyRow>> {
    let Some(name) = project::qualified(project, name) else { return Ok(None) };
    let row = match version {
        Some(version) => session.optional(sql::VERSION, cells![name, i64::from(version)]).await?,
        None => session.optional(sql::NEWEST, cells![name]).await?,
    };
    row.map(|row| study_row(row, session.at())).transpose()
}

fn summary(cells: SummaryCells, file: &Path) -> Result<StudySummary> {
    let (id, name, version, state, created, changed, counts) = cells;
    let id = StudyId(id);
    let damaged = |what: &str| StoreError::damaged_study(file, id, what);
    let (project, name) = project::parts(&name).ok_or_else(|| damaged("its name is not a name"))?;
    Ok(StudySummary {
        id,
        project,
        name,
        version: u32::try_from(version).map_err(|_| damaged("its version is not a number"))?,
        state: StudyState::ALL
            .into_iter()
            .find(|known| known.word() == state)
            .ok_or_else(|| damaged("its state is unknown"))?,
        created: Timestamp(created),
        changed: Timestamp(changed),
        counts: self::counts(&counts, file, id)?,
    })
}

fn study_row(cells: StudyCells, file: &Path) -> Result<StudyRow> {
    let (id, name, version, state, created, changed, counts, definition) = cells;
    let summary = summary((id, name, version, state, created, changed, counts), file)?;
    let study = read_definition(&definition, file, summary.id)?;
    let StudySummary { id, project, name, version, state, created, changed, counts } = summary;
    Ok(StudyRow { id, project, name, version, state, created, changed, study, counts })
}

fn read_definition(definition: &str, file: &Path, id: StudyId) -> Result<Study> {
    serde_json::from_str(definition).map_err(|error| {
        StoreError::damaged_study(file, id, format!("its definition cannot be read: {error}"))
    })
}

pub fn counts(text: &str, file: &Path, id: StudyId) -> Result<Counts> {
    serde_json::from_str(text)
        .map_err(|error| StoreError::damaged_study(file, id, format!("its counts cannot be read: {error}")))
}

pub fn gone(id: StudyId) -> StoreError {
    StoreError::NoSuchStudy { wanted: format!("number {}", id.0), nearest: None }
}

/// The number of the last batch and what all add up to.
pub async fn progress(session: &mut Session<'_>, id: StudyId) -> Result<(Seq, Counts)> {
    let row: Option<(i64, String)> = session.optional(sql::PROGRESS, cells![id.0]).await?;
    let (seq, text) = row.ok_or_else(|| gone(id))?;
    Ok((Seq(seq as u64), counts(&text, session.at(), id)?))
}

pub async fn newest(session: &mut Session<'_>, id: StudyId) -> Result<BatchId> {
    let (seq, _) = progress(session, id).await?;
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
    fn add(&mut self, head: Head) {
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
    fn check(&self, file: &Path, id: StudyId) -> Result<()> {
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

/// Reads the heads of all batches of a study, in one transaction, and holds them against its counts.
pub async fn heads(session: &mut Session<'_>, id: StudyId) -> Result<Found> {
    let (newest, counts) = progress(session, id).await?;
    let mut found = Found { counts, ..Found::default() };
    let mut seq = Seq(0);
    while seq < newest {
        for batch in head_page(session, id, &mut seq).await? {
            found.add(batch.head()?);
        }
    }
    found.check(session.at(), id)?;
    Ok(found)
}

/// Up to a page of batches after one, without their data; there is at least one.
async fn head_page(session: &mut Session<'_>, id: StudyId, seq: &mut Seq) -> Result<Vec<Batch>> {
    let rows: Vec<HeadCells> = session.all(sql::HEADS, cells![id.0, seq.0 as i64, PAGE]).await?;
    if rows.is_empty() {
        return Err(missing(session.at(), id, *seq));
    }
    let mut page = Vec::with_capacity(rows.len());
    for (number, kind, first, last, runs, head) in rows {
        let row = Row { kind, first, last, runs, head, data: Vec::new() };
        let batch = Batch { study: id, seq: Seq(number as u64), row, file: session.at().clone() };
        expect_next(seq, &batch)?;
        page.push(batch);
    }
    Ok(page)
}

/// That the batch after one is missing.
fn missing(file: &Path, id: StudyId, after: Seq) -> StoreError {
    StoreError::damaged_batch(file, id, Seq(after.0 + 1), "it is missing")
}

/// Batches are numbered without gaps.
fn expect_next(seq: &mut Seq, batch: &Batch) -> Result<()> {
    let next = Seq(seq.0 + 1);
    if batch.seq != next {
        return Err(missing(&batch.file, batch.study, *seq));
    }
    *seq = next;
    Ok(())
}

pub async fn batches(
    session: &mut Session<'_>,
    id: StudyId,
    after: Option<Seq>,
    limit: usize,
) -> Result<Vec<Batch>> {
    let (newest, _) = progress(session, id).await?;
    let mut seq = after.unwrap_or(Seq(0));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows: Vec<BatchCells> = session.all(sql::BATCHES, cells![id.0, seq.0 as i64, limit]).await?;
    let short = (rows.len() as i64) < limit;
    let mut batches = Vec::with_capacity(rows.len());
    for (number, kind, first, last, runs, head, data) in rows {
        let row = Row { kind, first, last, runs, head, data };
        let batch = Batch { study: id, seq: Seq(number as u64), row, file: session.at().clone() };
        expect_next(&mut seq, &batch)?;
        batches.push(batch);
    }
    if short && seq < newest {
        return Err(missing(session.at(), id, seq));
    }
    Ok(batches)
}

pub async fn run(session: &mut Session<'_>, id: StudyId, index: u64) -> Result<Option<RunRecord>> {
    let (newest, _) = progress(session, id).await?;
    // The newest batch that speaks of the run decides.
    let mut latest = None;
    let mut seq = Seq(0);
    while seq < newest {
        for batch in head_page(session, id, &mut seq).await? {
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
    let output = output(session, BatchId { study: id, seq: latest }).await?;
    match batches(session, id, Some(Seq(latest.0 - 1)), 1).await?.first() {
        Some(batch) => batch.run(index, output.as_deref()),
        None => Ok(None),
    }
}

/// The tails of a batch's output, wrapped; `None` when nothing was written.
pub async fn output(session: &mut Session<'_>, id: BatchId) -> Result<Option<Vec<u8>>> {
    let row: Option<(Option<Vec<u8>>,)> =
        session.optional(sql::OUTPUT, cells![id.study.0, id.seq.0 as i64]).await?;
    Ok(row.and_then(|row| row.0))
}

/// Reads what `paramo doctor` reads of one study: the heads, and with `deep` everything. Damage is an error.
pub async fn check_study(session: &mut Session<'_>, id: StudyId, deep: bool) -> Result<()> {
    heads(session, id).await?;
    if !deep {
        return Ok(());
    }
    let definition: Option<(String,)> = session.optional(sql::DEFINITION, cells![id.0]).await?;
    let (definition,) = definition.ok_or_else(|| gone(id))?;
    read_definition(&definition, session.at(), id)?;
    let mut after = None;
    loop {
        let page = batches(session, id, after, DECODED).await?;
        for batch in &page {
            let Content::Runs(columns) = batch.decode()? else { continue };
            let output = output(session, batch.id()).await?;
            // Reading one run reads the tails of all.
            batch.run(columns.index[0], output.as_deref())?;
        }
        match page.last() {
            Some(last) if page.len() == DECODED => after = Some(last.seq),
            _ => return Ok(()),
        }
    }
}
