//! How fast runs end, and when the last one will have.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The rate over a sliding window. Only the monotonic clock is used, so setting the clock back changes nothing.
pub struct Rate {
    samples: VecDeque<(Instant, u64)>,
}

const WINDOW: Duration = Duration::from_secs(30);

impl Rate {
    pub fn new(now: Instant, done: u64) -> Rate {
        Rate { samples: VecDeque::from([(now, done)]) }
    }

    /// Notes how many runs have ended by now.
    pub fn note(&mut self, now: Instant, done: u64) {
        self.samples.push_back((now, done));
        // The oldest sample inside the window stays as the base, and one before it so that slow studies have a rate too.
        while self.samples.len() > 2
            && self.samples.get(1).is_some_and(|(at, _)| now.duration_since(*at) >= WINDOW)
        {
            self.samples.pop_front();
        }
    }

    /// Runs per second.
    pub fn per_second(&self) -> f64 {
        match (self.samples.front(), self.samples.back()) {
            (Some((t0, n0)), Some((t1, n1))) if t1 > t0 => {
                n1.saturating_sub(*n0) as f64 / t1.duration_since(*t0).as_secs_f64()
            }
            _ => 0.0,
        }
    }

    /// Seconds until so many more have ended.
    pub fn remaining(&self, left: u64) -> Option<f64> {
        let rate = self.per_second();
        (rate > 0.0).then(|| left as f64 / rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_half_minute() {
        let start = Instant::now();
        let mut rate = Rate::new(start, 0);
        for second in 1..=100u64 {
            let done = if second <= 50 { second } else { 50 + (second - 50) * 10 };
            rate.note(start + Duration::from_secs(second), done);
        }
        assert!((rate.per_second() - 10.0).abs() < 0.2, "{}", rate.per_second());
        assert_eq!(rate.remaining(100).map(f64::round), Some(10.0));
    }

    #[test]
    fn nothing_is_promised_before_anything_has_ended() {
        let start = Instant::now();
        let mut rate = Rate::new(start, 0);
        rate.note(start + Duration::from_secs(5), 0);
        assert_eq!(rate.remaining(100), None);
    }
}
