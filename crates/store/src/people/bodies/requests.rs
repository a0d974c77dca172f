//! Requests that may come twice, because their answer was lost on the way.

use super::micros;
use crate::Result;
use crate::clock::now;
use crate::people::sql;
use crate::people::types::{Begun, Hashed};
use crate::session::{Session, cells};
use std::time::Duration;

/// How long an answer is kept.
pub const KEPT: Duration = Duration::from_secs(24 * 3600);
/// How long a request may take before it counts as cut off, such as by a server that was ended.
const CUT_OFF: Duration = Duration::from_secs(600);

/// hash, status, body.
type Cells = (Vec<u8>, Option<i64>, Option<Vec<u8>>);

pub async fn begin(session: &mut Session<'_>, caller: &str, key: &str, hash: &Hashed) -> Result<Begun> {
    let now = now().0;
    let cells = cells![caller, key, hash, now, now - micros(KEPT), now - micros(CUT_OFF)];
    let begun: Option<(i64,)> = session.optional(sql::BEGIN_REQUEST, cells).await?;
    if begun.is_some() {
        return Ok(Begun::New);
    }
    let row: Option<Cells> = session.optional(sql::REQUEST, cells![caller, key]).await?;
    Ok(match row {
        Some((known, ..)) if known != hash.0 => Begun::Different,
        Some((_, Some(status), Some(body))) => {
            Begun::Answered { status: u16::try_from(status).unwrap_or(u16::MAX), body }
        }
        // Nothing: it was forgotten in this very moment, and can be tried again.
        _ => Begun::Running,
    })
}

pub async fn finish(
    session: &mut Session<'_>,
    caller: &str,
    key: &str,
    status: u16,
    body: &[u8],
) -> Result<()> {
    let cells = cells![caller, key, i64::from(status), body.to_vec()];
    session.execute(sql::FINISH_REQUEST, cells).await.map(|_| ())
}

pub async fn forget(session: &mut Session<'_>, caller: &str, key: &str) -> Result<()> {
    session.execute(sql::FORGET_REQUEST, cells![caller, key]).await.map(|_| ())
}
