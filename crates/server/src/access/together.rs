//! What many ask the store at once is asked once.
//!
//! Whoever comes while an answer is on its way waits for the next one, which is asked for after they came: so nobody is told what is
//! older than their question. Nothing is kept for those who come later, and what may be told to whom is decided for each by itself.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use paramo_model::{Name, StudyId};
use paramo_store::{People, Result, Store, StudyRow};

/// What every request asks about studies, whoever asks.
#[derive(Debug, Default)]
pub struct Lookups {
    studies: Together<StudyId, Arc<StudyRow>>,
    named: Together<(String, String, Option<u32>), Option<Arc<StudyRow>>>,
    projects: Together<(), Arc<[Name]>>,
}

impl Lookups {
    pub async fn study(&self, store: &dyn Store, id: StudyId) -> Result<StudyRow> {
        let found = self.studies.ask(id, async { store.study(id).await.map(Arc::new) });
        found.await.map(Arc::unwrap_or_clone)
    }

    pub async fn find(
        &self,
        store: &dyn Store,
        project: &str,
        name: &str,
        version: Option<u32>,
    ) -> Result<Option<StudyRow>> {
        let found = async { Ok(store.find(project, name, version).await?.map(Arc::new)) };
        let found = self.named.ask((project.to_owned(), name.to_owned(), version), found).await?;
        Ok(found.map(Arc::unwrap_or_clone))
    }

    pub async fn projects(&self, people: &dyn People) -> Result<Arc<[Name]>> {
        let names = async { Ok(people.projects().await?.into_iter().map(|project| project.name).collect()) };
        self.projects.ask((), names).await
    }
}

/// Questions that are being asked, by what tells them apart.
#[derive(Debug)]
struct Together<K, V>(Mutex<HashMap<K, Arc<Line<V>>>>);

/// Those who ask the same.
#[derive(Debug)]
struct Line<V> {
    /// How many have come so far.
    came: AtomicU64,
    /// The last answer, and how many had come when it was asked for.
    last: tokio::sync::Mutex<Option<(u64, V)>>,
}

impl<K, V> Default for Together<K, V> {
    fn default() -> Together<K, V> {
        Together(Mutex::default())
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Together<K, V> {
    /// An answer that was asked for since this was called. `make` is what asks; what went wrong is told to nobody else.
    async fn ask<E>(
        &self,
        key: K,
        make: impl Future<Output = std::result::Result<V, E>>,
    ) -> std::result::Result<V, E> {
        let line = Waiting { of: self, line: self.line(&key), key };
        let own = line.line.came.fetch_add(1, Ordering::AcqRel) + 1;
        let mut last = line.line.last.lock().await;
        if let Some((came, answer)) = last.as_ref()
            && *came >= own
        {
            return Ok(answer.clone());
        }
        let came = line.line.came.load(Ordering::Acquire);
        let answer = make.await?;
        *last = Some((came, answer.clone()));
        Ok(answer)
    }

    fn line(&self, key: &K) -> Arc<Line<V>> {
        // The map is whole between two statements.
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Line { came: AtomicU64::new(0), last: tokio::sync::Mutex::new(None) });
        lines.entry(key.clone()).or_insert_with(new).clone()
    }
}

/// One of those who ask. The last to leave takes the answer away.
struct Waiting<'a, K: Eq + Hash, V> {
    of: &'a Together<K, V>,
    line: Arc<Line<V>>,
    key: K,
}

impl<K: Eq + Hash, V> Drop for Waiting<'_, K, V> {
    fn drop(&mut self) {
        // The map is whole between two statements.
        let mut lines = self.of.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The map has one, and this is one; who comes has to go through the map.
        if Arc::strong_count(&self.line) == 2 {
            lines.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::{Semaphore, oneshot};

    use super::*;

    #[tokio::test]
    async fn whoever_comes_while_an_answer_is_on_its_way_gets_the_next_one() {
        let (together, asked) = (Arc::new(Together::<u8, u64>::default()), Arc::new(AtomicU64::new(0)));
        let go = Arc::new(Semaphore::new(0));
        let ask = |began: Option<oneshot::Sender<()>>| {
            let (together, asked, go) = (together.clone(), asked.clone(), go.clone());
            tokio::spawn(async move {
                let make = async {
                    let number = asked.fetch_add(1, Ordering::AcqRel);
                    began.into_iter().for_each(|began| began.send(()).unwrap());
                    go.acquire().await.unwrap().forget();
                    Ok::<_, ()>(number)
                };
                together.ask(1, make).await
            })
        };
        let (began, begun) = oneshot::channel();
        let first = ask(Some(began));
        begun.await.unwrap();
        let others: Vec<_> = (0..20).map(|_| ask(None)).collect();
        let line = together.line(&1);
        while line.came.load(Ordering::Acquire) < 21 {
            tokio::task::yield_now().await;
        }
        drop(line);
        go.add_permits(2);
        assert_eq!(first.await.unwrap(), Ok(0));
        for other in others {
            assert_eq!(other.await.unwrap(), Ok(1), "asked for after they came");
        }
        assert!(together.0.lock().unwrap().is_empty(), "nothing is kept");
    }

    #[tokio::test]
    async fn who_leaves_or_fails_does_not_answer_for_others() {
        let together = Arc::new(Together::<u8, u64>::default());
        let (began, begun) = oneshot::channel();
        let gone = {
            let together = together.clone();
            tokio::spawn(async move {
                let never = async {
                    let _ = began.send(());
                    std::future::pending::<std::result::Result<u64, ()>>().await
                };
                together.ask(1, never).await
            })
        };
        begun.await.unwrap();
        gone.abort();
        assert!(gone.await.unwrap_err().is_cancelled());
        assert_eq!(together.ask(1, async { Err(7) }).await, Err(7));
        assert_eq!(together.ask(1, async { Ok::<_, ()>(8) }).await, Ok(8));
    }
}
