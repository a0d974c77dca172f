//! Changes. Each is made within one transaction, which the engine begins and ends.

use std::path::Path;

use paramo_model::{Micros, RunRecord, Study, StudyId, StudyState};
use roaring::RoaringTreemap;

use crate::batch::{Parts, cut};
use crate::clock::now;
use crate::session::{Session, cells};
use crate::{BatchId, Counts, Result, Seq, StoreError, read, sql};

/// Makes a version of a name that was claimed.
pub async fn create(session: &mut Session<'_>, qualified: &str, study: &Study) -> Result<StudyId> {
    let (counts, definition) = (json(&Counts::default(), session.at())?, json(study, session.at())?);
    let cells = cells![qualified, StudyState::Open.word(), now().0, counts, definition];
    let id: Option<(i64,)> = session.optional(sql::CREATE, cells).await?;
    id.map(|id| StudyId(id.0)).ok_or_else(|| StoreError::damaged(session.at(), "it takes no new study"))
}

pub async fn set_state(session: &mut Session<'_>, id: StudyId, state: StudyState) -> Result<()> {
    let met = session.execute(sql::SET_STATE, cells![id.0, state.word(), now().0]).await?;
    only(session, id, met).await
}

pub async fn replace(session: &mut Session<'_>, id: StudyId, study: &Study) -> Result<()> {
    let definition = json(study, session.at())?;
    let met = session.execute(sql::REPLACE, cells![id.0, definition, now().0]).await?;
    only(session, id, met).await
}

pub async fn delete(session: &mut Session<'_>, id: StudyId) -> Result<()> {
    match session.execute(sql::DELETE, cells![id.0]).await? {
        0 => Err(read::gone(id)),
        _ => Ok(()),
    }
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

/// Appends batches, which are signed for their places here.
pub async fn commit(
    session: &mut Session<'_>,
    id: StudyId,
    runs: &[RunRecord],
    batches: &mut [Parts],
) -> Result<BatchId> {
    let (mut seq, mut counts) = read::progress(session, id).await?;
    let mut size = 0;
    for parts in batches {
        seq = Seq(seq.0 + 1);
        size += parts.size();
        parts.sign(BatchId { study: id, seq });
        insert(session, BatchId { study: id, seq }, parts).await?;
    }
    runs.iter().for_each(|run| counts.add(run));
    set_progress(session, id, seq, &counts, size).await?;
    Ok(BatchId { study: id, seq })
}

pub async fn reopen(session: &mut Session<'_>, id: StudyId, indices: &RoaringTreemap) -> Result<u64> {
    let (seq, mut counts) = read::progress(session, id).await?;
    let found = read::heads(session, id).await?;
    let opened = &found.ended.failed & indices;
    if !opened.is_empty() {
        let seq = Seq(seq.0 + 1);
        let mut parts = Parts::of_reopened(&opened);
        parts.sign(BatchId { study: id, seq });
        insert(session, BatchId { study: id, seq }, &parts).await?;
        for (kind, failed) in &found.by_cause {
            counts.reopen(*kind, failed.intersection_len(&opened));
        }
        set_progress(session, id, seq, &counts, parts.size()).await?;
    }
    set_state(session, id, StudyState::Open).await?;
    Ok(opened.len())
}

pub async fn worked(session: &mut Session<'_>, id: StudyId, in_all: Micros) -> Result<()> {
    let (seq, mut counts) = read::progress(session, id).await?;
    if counts.worked >= in_all {
        return Ok(());
    }
    counts.worked = in_all;
    set_progress(session, id, seq, &counts, 0).await
}

/// Puts a batch that was signed for it into its place.
pub async fn insert(session: &mut Session<'_>, id: BatchId, parts: &Parts) -> Result<()> {
    let row = &parts.row;
    let place = cells![id.study.0, id.seq.0 as i64, row.kind, row.first, row.last, row.runs];
    let blobs = cells![row.head.clone(), row.data.clone(), parts.output.clone()];
    session.execute(sql::INSERT_BATCH, [place, blobs].concat()).await.map(|_| ())
}

/// `size` is that of the batches that were added.
async fn set_progress(
    session: &mut Session<'_>,
    id: StudyId,
    seq: Seq,
    counts: &Counts,
    size: usize,
) -> Result<()> {
    let cpu = cpu(counts);
    let counts = json(counts, session.at())?;
    let cells = cells![id.0, seq.0 as i64, counts, now().0, cpu, size as i64];
    let met = session.execute(sql::SET_PROGRESS, cells).await?;
    only(session, id, met).await
}

/// Processor time as it stands in the row of a study.
pub fn cpu(counts: &Counts) -> i64 {
    i64::try_from(counts.cpu.0).unwrap_or(i64::MAX)
}

/// A change of one study must have met that study.
pub async fn only(session: &mut Session<'_>, id: StudyId, met: u64) -> Result<()> {
    if met > 0 {
        return Ok(());
    }
    stays(session, id).await?;
    Err(read::gone(id))
}

/// [`StoreError::Moving`] when a study is on its way to another store, [`StoreError::NoSuchStudy`] when it is not there.
pub async fn stays(session: &mut Session<'_>, id: StudyId) -> Result<()> {
    let row: Option<(Option<String>,)> = session.optional(sql::MOVING, cells![id.0]).await?;
    match row {
        Some((Some(moving),)) => Err(StoreError::moving(&moving)),
        Some((None,)) => Ok(()),
        None => Err(read::gone(id)),
    }
}

pub fn json<T: serde::Serialize>(value: &T, file: &Path) -> Result<String> {
    let failed = |error| StoreError::Sql {
        file: file.to_owned(),
        source: Box::new(sqlx::Error::Encode(Box::new(error))),
    };
    serde_json::to_string(value).map_err(failed)
}
