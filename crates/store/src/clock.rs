//! What time it is: for people to read; nothing is ordered by it.

use std::time::{SystemTime, UNIX_EPOCH};

use paramo_model::Timestamp;

pub fn now() -> Timestamp {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX)),
        Err(before) => {
            Timestamp(i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |micros| -micros))
        }
    }
}
