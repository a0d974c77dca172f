//! Answers that were made, by what they are an answer to. Many who ask the same at once wait for one that is being made.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use paramo_store::Seq;
use tokio::sync::OnceCell;

use crate::problem::Result;

/// Memory for answers, in bytes.
const KEPT: usize = 64 << 20;
/// Answers at the most.
const MOST: usize = 1000;

/// A body and its media type.
#[derive(Clone, Debug)]
pub struct Answer {
    pub body: Bytes,
    pub media_type: &'static str,
}

/// What an answer is about: which reading of a study, up to which batch, and the question.
pub type About = (u64, Option<Seq>, String);

/// The answers that are kept.
#[derive(Debug, Default)]
pub struct Answers(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    answers: HashMap<About, Entry>,
    clock: u64,
}

#[derive(Debug)]
struct Entry {
    cell: Arc<OnceCell<Answer>>,
    used: u64,
}

impl Answers {
    /// The answer that is kept, or that somebody else is making, or that is made now. What went wrong is not kept.
    pub async fn of<F>(&self, about: About, make: F) -> Result<Answer>
    where
        F: Future<Output = Result<Answer>> + Send,
    {
        let cell = self.cell(about);
        if let Some(answer) = cell.get() {
            return Ok(answer.clone());
        }
        let answer = cell.get_or_try_init(|| make).await?.clone();
        self.shrink();
        Ok(answer)
    }

    fn cell(&self, about: About) -> Arc<OnceCell<Answer>> {
        // The map is whole between two statements.
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clock += 1;
        let used = kept.clock;
        let entry = kept.answers.entry(about).or_insert_with(|| Entry { cell: Arc::default(), used });
        entry.used = used;
        entry.cell.clone()
    }

    fn shrink(&self) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let size = |entry: &Entry| entry.cell.get().map_or(0, |answer| answer.body.len() + 256);
        let mut total: usize = kept.answers.values().map(size).sum();
        let newest = kept.clock;
        while total > KEPT || kept.answers.len() > MOST {
            let others = kept.answers.iter().filter(|(_, entry)| entry.used < newest);
            let Some(oldest) = others.min_by_key(|(_, entry)| entry.used).map(|(about, _)| about.clone())
            else {
                return;
            };
            if let Some(entry) = kept.answers.remove(&oldest) {
                total -= size(&entry);
            }
        }
    }
}
