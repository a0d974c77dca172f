//! Slows down those who guess: after some failures each next try has to wait, twice as long as the one before.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Names or addresses that are remembered. Beyond them the one that failed longest ago is forgotten.
const REMEMBERED: usize = 20_000;
/// A wait is never longer, so that nobody can lock somebody out for good.
const LONGEST: Duration = Duration::from_secs(300);
/// After so long without a failure all is forgiven.
const FORGIVEN: Duration = Duration::from_secs(3600);

/// What failed, by name or address.
#[derive(Debug)]
pub struct Delay {
    /// Failures that cost nothing: people mistype.
    free: u32,
    failures: Mutex<HashMap<String, Failures>>,
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Instant,
}

impl Failures {
    fn until(self, free: u32) -> Instant {
        let over = self.count.saturating_sub(free);
        let wait = match over {
            0 => Duration::ZERO,
            over => Duration::from_secs(1 << (over - 1).min(16)),
        };
        self.last + wait.min(LONGEST)
    }
}

impl Delay {
    pub fn new(free: u32) -> Delay {
        Delay { free, failures: Mutex::default() }
    }

    /// How long this one still has to wait, if it has to. A try that may be made counts as a failure until [`Delay::forgive`] takes
    /// it back, so that tries made at the same time are counted too.
    pub fn attempt(&self, who: &str, now: Instant) -> Result<(), Duration> {
        // The map is whole between two statements.
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= REMEMBERED && !failures.contains_key(who) {
            failures.retain(|_, failed| now.duration_since(failed.last) < FORGIVEN);
            let oldest = failures.iter().min_by_key(|(_, failed)| failed.last).map(|(who, _)| who.clone());
            if let Some(oldest) = oldest.filter(|_| failures.len() >= REMEMBERED) {
                failures.remove(&oldest);
            }
        }
        let entry = failures.entry(who.to_owned()).or_insert(Failures { count: 0, last: now });
        if now.duration_since(entry.last) >= FORGIVEN {
            entry.count = 0;
        }
        let until = entry.until(self.free);
        if until > now {
            return Err(until - now);
        }
        *entry = Failures { count: entry.count.saturating_add(1), last: now };
        Ok(())
    }

    /// The try was good, and only it is taken back: for addresses, behind which there may be many people.
    pub fn take_back(&self, who: &str) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = failures.get_mut(who) {
            entry.count = entry.count.saturating_sub(1);
        }
    }

    /// The try was good: nothing is held against this one any more.
    pub fn forgive(&self, who: &str) {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).remove(who);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_with_failures_and_end_with_a_success() {
        let delay = Delay::new(3);
        let mut now = Instant::now();
        for _ in 0..4 {
            assert_eq!(delay.attempt("ada", now), Ok(()));
        }
        assert_eq!(delay.attempt("ada", now), Err(Duration::from_secs(1)));
        assert_eq!(delay.attempt("bob", now), Ok(()), "others do not wait");
        now += Duration::from_secs(1);
        assert_eq!(delay.attempt("ada", now), Ok(()));
        assert_eq!(delay.attempt("ada", now), Err(Duration::from_secs(2)));
        for _ in 0..30 {
            now += LONGEST;
            assert_eq!(delay.attempt("ada", now), Ok(()), "no wait is longer than the longest");
        }
        assert_eq!(delay.attempt("ada", now), Err(LONGEST));
        delay.take_back("ada");
        assert!(delay.attempt("ada", now).is_err());
        delay.forgive("ada");
        assert_eq!(delay.attempt("ada", now), Ok(()));
    }

    #[test]
    fn an_old_failure_is_forgiven_and_memory_is_bounded() {
        let delay = Delay::new(0);
        let now = Instant::now();
        assert_eq!(delay.attempt("ada", now), Ok(()));
        assert!(delay.attempt("ada", now).is_err());
        assert_eq!(delay.attempt("ada", now + FORGIVEN), Ok(()));
        assert_eq!(delay.failures.lock().unwrap()["ada"].count, 1);
        for number in 0..REMEMBERED + 10 {
            let _ = delay.attempt(&number.to_string(), now + FORGIVEN);
        }
        assert_eq!(delay.failures.lock().unwrap().len(), REMEMBERED);
    }
}
