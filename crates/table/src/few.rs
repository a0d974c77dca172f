//! A few things that are kept because they are asked for again.

use std::sync::{Arc, Mutex, PoisonError};

/// Things that are kept of each kind; of a million rows each takes some megabytes.
const KEPT: usize = 4;

/// What was asked for last stands first.
#[derive(Debug)]
pub struct Few<K, V>(Mutex<Vec<(K, Arc<V>)>>);

impl<K, V> Default for Few<K, V> {
    fn default() -> Few<K, V> {
        Few(Mutex::default())
    }
}

impl<K: PartialEq, V> Few<K, V> {
    /// What is kept under a key, or is made now; who asks meanwhile waits. What cannot be made is not kept.
    pub fn of(&self, key: K, make: impl FnOnce() -> Option<V>) -> Option<Arc<V>> {
        // A list is whole between two statements.
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = match kept.iter().position(|(known, _)| *known == key) {
            Some(at) => kept.remove(at).1,
            None => Arc::new(make()?),
        };
        kept.insert(0, (key, found.clone()));
        kept.truncate(KEPT);
        Some(found)
    }

    /// About the memory that they take.
    pub fn bytes(&self, of: impl Fn(&V) -> usize) -> usize {
        // A list is whole between two statements.
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().map(|(_, thing)| of(thing)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_longest_ago_goes_first() {
        let few = Few::<usize, usize>::default();
        for key in 0..KEPT {
            assert_eq!(few.of(key, || Some(key)).as_deref(), Some(&key));
        }
        assert_eq!(few.of(0, || None).as_deref(), Some(&0), "it is kept");
        assert_eq!(few.of(9, || None), None);
        assert!(few.of(KEPT, || Some(KEPT)).is_some());
        assert_eq!(few.of(1, || None), None, "it had to go");
        assert_eq!(few.of(0, || None).as_deref(), Some(&0));
        assert_eq!(few.bytes(|_| 2), 2 * KEPT);
    }
}
