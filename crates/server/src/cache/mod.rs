//! The results that are being looked at, in memory: each study is read once, grown by what is committed, and shared by all who ask.
//!
//! What was made of them is kept as well ([`answers`]), by study, batch and question: many who ask the same wait for one answer.

mod answers;

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use paramo_model::{StudyId, StudyState, Timestamp};
use paramo_store::{Counts, Store, StudyRow};
use paramo_table::{Frame, Growing};
use tokio::sync::Semaphore;

pub use answers::Answer;

use crate::problem::{Problem, Result};
use answers::Answers;

/// Memory for results, in bytes, about.
const KEPT: usize = 1 << 30;
/// Batches read at a time.
const BATCHES: usize = 16;

/// Rows from which on a study that grows is read once a second at the most: to grow what others still look at copies it.
const LARGE: usize = 100_000;
const AGE: Duration = Duration::from_secs(1);
/// Nobody is told what is older than so many ages.
const AGES: u32 = 5;

/// The results that are kept.
#[derive(Clone, Debug)]
pub struct Cache(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    limit: usize,
    large: usize,
    age: Duration,
    studies: Mutex<HashMap<StudyId, Arc<Kept>>>,
    answers: Answers,
    /// Numbers what is read from the start, so that answers about something older are not taken for its own.
    next: AtomicU64,
    clock: AtomicU64,
    /// As many answers are made at once as there are cores: more would only wait for one another with all that they hold.
    turns: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct Kept {
    growing: Arc<tokio::sync::Mutex<Option<(u64, Growing)>>>,
    recent: Mutex<Option<Recent>>,
    /// Somebody reads what is newer than the recent.
    renewing: AtomicBool,
    bytes: AtomicU64,
    used: AtomicU64,
}

/// What was read last.
#[derive(Clone, Debug)]
struct Recent {
    reading: Reading,
    created: Timestamp,
    /// Of the study as it was just before.
    changed: Timestamp,
    counts: Counts,
    /// Blocks of its space.
    blocks: usize,
    /// When it was begun to be read.
    began: Instant,
    /// When it was as the study is.
    at: Instant,
}

/// The results of a study as they are now.
#[derive(Clone, Debug)]
pub struct Reading {
    pub frame: Arc<Frame>,
    number: u64,
}

impl Default for Cache {
    fn default() -> Cache {
        Cache::new(KEPT, LARGE, AGE)
    }
}

impl Cache {
    /// A cache of about so many bytes, in which studies that grow are of an age from so many rows on.
    fn new(limit: usize, large: usize, age: Duration) -> Cache {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Cache(Arc::new(Shared {
            limit,
            large,
            age,
            studies: Mutex::default(),
            answers: Answers::default(),
            next: AtomicU64::default(),
            clock: AtomicU64::default(),
            turns: Arc::new(Semaphore::new(cores)),
        }))
    }

    /// The results of a study as they were when its row was looked up, or later. Reads what has been committed since they were asked
    /// for last.
    pub async fn read(&self, store: &Arc<dyn Store>, row: &StudyRow) -> Result<Reading> {
        self.0.read(store, row).await
    }

    /// The same for those who look on: of a large study that is open it may be about a second old, so that many who look do not
    /// wait for every group of results that comes.
    pub async fn lately(&self, store: &Arc<dyn Store>, row: &StudyRow) -> Result<Reading> {
        let kept = self.0.kept(row.id);
        let Some(recent) = self.0.recent(&kept, row) else { return self.read(store, row).await };
        let age = recent.at.elapsed();
        if age >= self.0.age * AGES {
            return self.read(store, row).await;
        }
        if age >= self.0.age && !kept.renewing.swap(true, Ordering::AcqRel) {
            let (shared, store, row) = (self.0.clone(), store.clone(), row.clone());
            tokio::spawn(async move {
                // Who asks when it is too old gets to know what is wrong.
                let _ = shared.read(&store, &row).await;
                kept.renewing.store(false, Ordering::Release);
            });
        }
        Ok(recent.reading)
    }

    /// The answer to a question about results: made once for all who ask it of the same results, and kept for a while.
    pub async fn answer<F>(&self, of: &Reading, question: String, make: F) -> Result<Answer>
    where
        F: Future<Output = Result<Answer>> + Send,
    {
        self.0.answers.of((of.number, of.frame.seq, question), make).await
    }

    /// Runs what computes for a while on a thread of its own, when there is a core for it.
    pub async fn work<T: Send + 'static>(
        &self,
        make: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let closed = || Problem::unavailable("the answer could not be made; try again");
        let turn = self.0.turns.clone().acquire_owned().await.map_err(|_| closed())?;
        let made = tokio::task::spawn_blocking(move || {
            let made = make();
            // Who asked may have left, and the core is still taken.
            drop(turn);
            made
        });
        made.await.map_err(|_| closed())?
    }
}

impl Shared {
    async fn read(&self, store: &Arc<dyn Store>, row: &StudyRow) -> Result<Reading> {
        let kept = self.kept(row.id);
        if let Some(reading) = kept.as_now(row) {
            return Ok(reading);
        }
        let came = Instant::now();
        let mut place = kept.growing.clone().lock_owned().await;
        // Of many who waited one reads: to read again at once would copy what the others were given.
        if let Some(recent) = kept.recent().filter(|recent| recent.began >= came && recent.has_space_of(row))
        {
            return Ok(recent.reading);
        }
        let began = Instant::now();
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
            let reading = Reading { frame: growing.frame(), number };
            kept.note(&reading, row, began);
            return Ok(reading);
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
            let settle = move || {
                growing.settle();
                growing
            };
            let growing = tokio::task::spawn_blocking(settle).await.map_err(|_| lost())?;
            let frame = growing.frame();
            *place = Some((number, growing));
            Ok(frame)
        });
        let frame = grown.await.map_err(|_| lost())??;
        kept.bytes.store(frame.bytes() as u64, Ordering::Relaxed);
        self.shrink(row.id);
        let reading = Reading { frame, number };
        kept.note(&reading, row, began);
        Ok(reading)
    }

    /// What was read last, of a large study that is open.
    fn recent(&self, kept: &Kept, row: &StudyRow) -> Option<Recent> {
        let recent = kept.recent()?;
        (recent.is_of(row) && row.state == StudyState::Open && recent.reading.frame.len() >= self.large)
            .then_some(recent)
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

impl Kept {
    fn note(&self, reading: &Reading, row: &StudyRow, began: Instant) {
        let recent = Recent {
            reading: reading.clone(),
            created: row.created,
            changed: row.changed,
            counts: row.counts.clone(),
            blocks: row.study.space.blocks.len(),
            began,
            at: Instant::now(),
        };
        *self.recent.lock().unwrap_or_else(PoisonError::into_inner) = Some(recent);
    }

    fn recent(&self) -> Option<Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was read last, if nothing has come since.
    fn as_now(&self, row: &StudyRow) -> Option<Reading> {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = recent.as_mut().filter(|recent| recent.is_as_now(row))?;
        recent.at = Instant::now();
        Some(recent.reading.clone())
    }
}

impl Recent {
    fn is_of(&self, row: &StudyRow) -> bool {
        self.created == row.created && self.reading.frame.study == row.name
    }

    fn has_space_of(&self, row: &StudyRow) -> bool {
        self.is_of(row) && self.blocks == row.study.space.blocks.len()
    }

    /// Whether nothing has come since: whatever is committed changes the counts, in the same transaction.
    fn is_as_now(&self, row: &StudyRow) -> bool {
        self.is_of(row) && self.changed == row.changed && self.counts == row.counts
    }
}

fn lost() -> Problem {
    Problem::unavailable("the results could not be read; try again")
}

#[cfg(test)]
mod tests;
