//! Sign-ins that were begun and not finished: kept for minutes, and so many at most.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// What must be remembered until the browser comes back.
#[derive(Debug, Clone)]
pub struct Begun {
    /// What the browser was given, so that it finishes only what it has begun itself.
    pub cookie: String,
    pub nonce: String,
    pub verifier: String,
    pub callback: String,
    pub path: String,
}

/// The sign-ins by their `state`.
#[derive(Debug)]
pub struct Pending {
    most: usize,
    longest: Duration,
    begun: HashMap<String, Begun>,
    /// The oldest first; some may be finished.
    order: VecDeque<(Instant, String)>,
}

impl Pending {
    pub fn new(most: usize, longest: Duration) -> Pending {
        Pending { most, longest, begun: HashMap::new(), order: VecDeque::new() }
    }

    /// Adds one. When there are too many, the oldest is forgotten.
    pub fn add(&mut self, state: String, begun: Begun, now: Instant) {
        self.forget(now);
        while self.order.len() >= self.most {
            let Some((_, oldest)) = self.order.pop_front() else { break };
            self.begun.remove(&oldest);
        }
        self.begun.insert(state.clone(), begun);
        self.order.push_back((now, state));
    }

    /// Takes one out, once, for the browser that began it.
    pub fn take(&mut self, state: &str, cookie: &str, now: Instant) -> Option<Begun> {
        self.forget(now);
        // Somebody else's answer must not end a sign-in that goes on.
        if !same(&self.begun.get(state)?.cookie, cookie) {
            return None;
        }
        self.begun.remove(state)
    }

    /// Whether a browser has begun others, as in another tab: then it keeps its cookie.
    pub fn knows(&self, cookie: &str) -> bool {
        self.begun.values().any(|begun| same(&begun.cookie, cookie))
    }

    fn forget(&mut self, now: Instant) {
        while let Some((since, _)) = self.order.front() {
            if now.duration_since(*since) <= self.longest {
                break;
            }
            if let Some((_, state)) = self.order.pop_front() {
                self.begun.remove(&state);
            }
        }
    }
}

/// Compares two secrets in a time that says nothing about them.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(cookie: &str) -> Begun {
        let empty = String::new;
        Begun {
            cookie: cookie.to_owned(),
            nonce: empty(),
            verifier: empty(),
            callback: empty(),
            path: empty(),
        }
    }

    #[test]
    fn a_sign_in_is_finished_once_by_the_browser_that_began_it() {
        let (mut pending, now) = (Pending::new(10, Duration::from_secs(600)), Instant::now());
        pending.add("state".into(), begun("mine"), now);
        assert!(pending.take("state", "other", now).is_none());
        assert!(pending.take("other", "mine", now).is_none());
        assert!(pending.knows("mine") && !pending.knows("other"));
        assert!(pending.take("state", "mine", now).is_some());
        assert!(pending.take("state", "mine", now).is_none());
    }

    #[test]
    fn what_is_old_or_too_much_is_forgotten() {
        let (mut pending, start) = (Pending::new(2, Duration::from_secs(600)), Instant::now());
        for (number, state) in ["a", "b", "c"].into_iter().enumerate() {
            pending.add(state.into(), begun("mine"), start + Duration::from_secs(number as u64));
        }
        assert!(pending.take("a", "mine", start + Duration::from_secs(3)).is_none());
        assert!(pending.take("b", "mine", start + Duration::from_secs(3)).is_some());
        assert!(pending.take("c", "mine", start + Duration::from_secs(603)).is_none());
        assert!(pending.begun.is_empty() && pending.order.is_empty());
    }
}
