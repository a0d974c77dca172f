//! The results that are being looked at, in memory: each study is read once, grown by what is committed, and shared by all who ask.
//!
//! What was made of them is kept as well ([`answers`]), by study, batch and question: many who ask the same wait for one answer.

mod answers;

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use paramo_model::StudyId;
use paramo_store::{Store, StudyRow};
use paramo_table::{Frame, Growing};

pub use answers::Answer;

use crate::problem::{Problem, Result};
use answers::Answers;

/// Memory for results, in bytes, about.
const KEPT: usize = 1 << 30;
/// Batches read at a time.
const BATCHES: usize = 16;

/// The results that are kept.
#[derive(Debug)]
pub struct Cache {
    limit: usize,
    studies: Mutex<HashMap<StudyId, Arc<Kept>>>,
    answers: Answers,
    /// Numbers what is read from the start, so that answers about something older are not taken for its own.
    next: AtomicU64,
    clock: AtomicU64,
}

#[derive(Debug, Default)]
struct Kept {
    growing: Arc<tokio::sync::Mutex<Option<(u64, Growing)>>>,
    bytes: AtomicU64,
    used: AtomicU64,
}

/// The results of a study as they are now.
#[derive(Clone, Debug)]
pub struct Reading {
    pub frame: Arc<Frame>,
    number: u64,
}

impl Default for Cache {
    fn default() -> Cache {
        Cache::new(KEPT)
    }
}

impl Cache {
    /// A cache of about so many bytes.
    pub fn new(limit: usize) -> Cache {
        Cache {
            limit,
            studies: Mutex::default(),
            answers: Answers::default(),
            next: AtomicU64::default(),
            clock: AtomicU64::default(),
        }
    }

    /// The results of a study as they are now. Reads what has been committed since they were asked for last.
    pub async fn read(&self, store: &Arc<dyn Store>, row: &StudyRow) -> Result<Reading> {
        let kept = self.kept(row.id);
        let mut place = kept.growing.clone().lock_owned().await;
        let fits = match place.as_mut() {
            Some((_, growing)) => growing.fits(row)?,
            None => false,
        };
        if !fits {
            self.fits_memory(row)?;
            let row = row.clone();
            // Some spaces take a while to compute.
            let begun = tokio::task::spawn_blocking(move || Growing::new(&row)).await;
            *place = Some((self.next.fetch_add(1, Ordering::Relaxed), begun.map_err(|_| lost())??));
        }
        let Some((number, growing)) = place.as_ref() else { return Err(lost()) };
        let (number, seq) = (*number, growing.frame().seq);
        let first = store.batches(row.id, seq, BATCHES).await?;
        if first.is_empty() {
            return Ok(Reading { frame: growing.frame(), number });
        }
        // Goes on when who asked has left: the next one would have to begin anew.
        let (store, id) = (store.clone(), row.id);
        let grown = tokio::spawn(async move {
            let mut batches = first;
            let Some((number, mut growing)) = place.take() else { return Err(lost()) };
            loop {
                let count = batches.len();
                let add = move || {
                    batches.iter().try_for_each(|batch| growing.add(batch))?;
                    Ok::<_, paramo_table::TableError>(growing)
                };
                growing = tokio::task::spawn_blocking(add).await.map_err(|_| lost())??;
                if count < BATCHES {
                    break;
                }
                batches = store.batches(id, growing.frame().seq, BATCHES).await?;
            }
            let frame = growing.frame();
            *place = Some((number, growing));
            Ok(frame)
        });
        let frame = grown.await.map_err(|_| lost())??;
        kept.bytes.store(frame.bytes() as u64, Ordering::Relaxed);
        self.shrink(row.id);
        Ok(Reading { frame, number })
    }

    /// The answer to a question about results: made once for all who ask it of the same results, and kept for a while.
    pub async fn answer<F>(&self, of: &Reading, question: String, make: F) -> Result<Answer>
    where
        F: Future<Output = Result<Answer>> + Send,
    {
        self.answers.of((of.number, of.frame.seq, question), make).await
    }

    fn kept(&self, id: StudyId) -> Arc<Kept> {
        let mut studies = self.studies.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = studies.entry(id).or_default().clone();
        kept.used.store(self.clock.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        kept
    }

    /// Forgets the studies that nobody has looked at for longest, until the others have room.
    fn shrink(&self, newest: StudyId) {
        let mut studies = self.studies.lock().unwrap_or_else(PoisonError::into_inner);
        let size = |kept: &Kept| kept.bytes.load(Ordering::Relaxed) as usize;
        let mut total: usize = studies.values().map(|kept| size(kept)).sum();
        while total > self.limit {
            let others = studies.iter().filter(|(id, kept)| **id != newest && size(kept) > 0);
            let oldest = others.min_by_key(|(_, kept)| kept.used.load(Ordering::Relaxed)).map(|(id, _)| *id);
            let Some(kept) = oldest.and_then(|id| studies.remove(&id)) else { return };
            total -= size(&kept);
        }
    }

    fn fits_memory(&self, row: &StudyRow) -> Result<()> {
        let application = &row.study.application;
        // Eight bytes a cell; twelve columns of our own and the list of rows.
        let a_run = 8 * (application.parameters.len() + application.outputs.len() + 12) as u64;
        let most = self.limit as u64 / a_run;
        match row.counts.done() <= most {
            true => Ok(()),
            false => Err(Problem::too_large(format!(
                "{} has {} runs, and the server keeps at most {most} of such a study in memory; download the table with `results`, or use `paramo results` and `paramo plot` where the store is",
                row.name,
                row.counts.done()
            ))),
        }
    }
}

fn lost() -> Problem {
    Problem::unavailable("the results could not be read; try again")
}

#[cfg(test)]
mod tests;
