//! The wall clock, which says whether a token has expired; nothing else asks it.

use std::time::SystemTime;

pub(super) fn now() -> SystemTime {
    SystemTime::now()
}
