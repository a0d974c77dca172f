//! What sites were asked for.

use paramo_model::{Bytes, Micros, StudyId, Timestamp};

use super::word;
use crate::Result;
use crate::people::sql;
use crate::people::types::{Allocation, AllocationState};
use crate::session::{Session, cells};

/// name, site, pool, token, job, state, detail, asked, began, ended, seat, study, at_once, cpu, memory.
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
    Option<i64>,
    Option<i64>,
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
        allocation.at_once.map(i64::from),
        allocation.cpu.map(|cpu| i64::try_from(cpu.0).unwrap_or(i64::MAX)),
        allocation.memory.map(|memory| i64::try_from(memory.0).unwrap_or(i64::MAX)),
    ];
    session.execute(sql::PUT_ALLOCATION, cells).await.map(|_| ())
}

pub async fn list(session: &mut Session<'_>, ended: u32) -> Result<Vec<Allocation>> {
    let rows: Vec<Cells> = session.all(sql::ALLOCATIONS, cells![i64::from(ended)]).await?;
    let read = |row: Cells| {
        let (
            name,
            site,
            pool,
            token,
            job,
            state,
            detail,
            asked,
            began,
            ended,
            seat,
            study,
            at_once,
            cpu,
            memory,
        ) = row;
        let state = word(session, AllocationState::of_word(&state), "state of an allocation", &state)?;
        let (asked, began, ended) = (Timestamp(asked), began.map(Timestamp), ended.map(Timestamp));
        let (seat, study) = (u32::try_from(seat).unwrap_or(1), study.map(StudyId));
        Ok(Allocation {
            name,
            site,
            pool,
            token,
            job,
            state,
            detail,
            asked,
            began,
            ended,
            seat,
            study,
            at_once: at_once.and_then(|most| u32::try_from(most).ok()),
            cpu: cpu.and_then(|cpu| u64::try_from(cpu).ok()).map(Micros),
            memory: memory.and_then(|memory| u64::try_from(memory).ok()).map(Bytes),
        })
    };
    rows.into_iter().map(read).collect()
}
