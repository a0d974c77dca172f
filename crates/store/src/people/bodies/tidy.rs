//! Removing what has expired.

use std::time::Duration;

use super::{micros, requests};
use crate::Result;
use crate::clock::now;
use crate::people::sql;
use crate::session::{Session, cells};

pub async fn tidy(session: &mut Session<'_>, keep: Duration) -> Result<u64> {
    let now = now().0;
    let mut rows = 0;
    for statement in sql::TIDY {
        rows += session.execute(statement, cells![now]).await?;
    }
    for statement in sql::TIDY_KEPT {
        rows += session.execute(statement, cells![now.saturating_sub(micros(keep))]).await?;
    }
    rows += session.execute(sql::TIDY_REQUESTS, cells![now - micros(requests::KEPT)]).await?;
    Ok(rows)
}
