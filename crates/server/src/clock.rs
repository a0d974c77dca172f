//! What time it is, for what others have dated: answers of login providers, and how old a request may be.

use std::time::{SystemTime, UNIX_EPOCH};

use paramo_model::Timestamp;

pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
