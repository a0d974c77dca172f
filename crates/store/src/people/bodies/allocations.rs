//! What sites were asked for.

use paramo_model::{StudyId, Timestamp};

use super::word;
use crate::Result;
use crate::people::sql;
use crate::people::types::{Allocation, AllocationState};
use crate::session::{Session, cells};

/// name, site, pool, token, job, state, detail, asked, began, ended, seat, study.
type Cells = (
    String,
    String,
    String,
    i64,
    Option<String>,
    String,
    String,
    i64,
    Option<i64>,
    Option<i64>,
    i64,
    Option<i64>,
);

pub async fn put(session: &mut Session<'_>, allocation: &Allocation) -> Result<()> {
    let cells = cells![
        allocation.name.as_str(),
        allocation.site.as_str(),
        allocation.pool.as_str(),
        allocation.token,
        allocation.job.clone(),
        allocation.state.word(),
        allocation.detail.as_str(),
        allocation.asked.0,
        allocation.began.map(|at| at.0),
        allocation.ended.map(|at| at.0),
        i64::from(allocation.seat),
        allocation.study.map(|study| study.0),
    ];
    session.execute(sql::PUT_ALLOCATION, cells).await.map(|_| ())
}

pub async fn list(session: &mut Session<'_>, ended: u32) -> Result<Vec<Allocation>> {
    let rows: Vec<Cells> = session.all(sql::ALLOCATIONS, cells![i64::from(ended)]).await?;
    let read = |(name, site, pool, token, job, state, detail, asked, began, ended, seat, study): Cells| {
        let state = word(session, AllocationState::of_word(&state), "state of an allocation", &state)?;
        let (asked, began, ended) = (Timestamp(asked), began.map(Timestamp), ended.map(Timestamp));
        let (seat, study) = (u32::try_from(seat).unwrap_or(1), study.map(StudyId));
        Ok(Allocation { name, site, pool, token, job, state, detail, asked, began, ended, seat, study })
    };
    rows.into_iter().map(read).collect()
}
