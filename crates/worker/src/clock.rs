//! The one place that reads clocks.
//!
//! Lengths are measured by the monotonic clock, which nobody sets; the wall clock only says when a run began.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use paramo_model::{Micros, Timestamp};

/// The wall clock, in microseconds since 1970.
pub(crate) fn now() -> Timestamp {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => Timestamp(since.as_micros() as i64),
        Err(before) => Timestamp(-(before.duration().as_micros() as i64)),
    }
}

/// The monotonic clock in nanoseconds, as Python's `perf_counter_ns` gives it.
pub(crate) fn monotonic() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// The time since an instant.
pub(crate) fn since(start: Instant) -> Micros {
    Micros(start.elapsed().as_micros() as u64)
}
