//! Batch scripts that were submitted to sites.

use paramo_model::Timestamp;

use super::word;
use crate::Result;
use crate::clock::now;
use crate::people::sql;
use crate::people::types::{AllocationState, Job, NewJob, Schedule};
use crate::session::{Session, cells};

/// number, name, title, site, job, state, detail, outcome, terms, asked, began, ended.
type Cells = (
    i64,
    String,
    String,
    String,
    Option<String>,
    String,
    String,
    Option<String>,
    String,
    i64,
    Option<i64>,
    Option<i64>,
);

pub async fn add(session: &mut Session<'_>, new: &NewJob) -> Result<Job> {
    // Two at once would count to the same number.
    session.claim("the next number of a job".to_owned()).await?;
    let (number,): (i64,) = session.optional(sql::NEXT_JOB, cells![]).await?.unwrap_or((1,));
    let job = Job {
        number,
        name: new.name.clone(),
        title: new.title.clone(),
        site: new.site.clone(),
        job: None,
        state: AllocationState::Asked,
        detail: String::new(),
        outcome: None,
        terms: new.terms.clone(),
        asked: now(),
        began: None,
        ended: None,
    };
    put(session, &job).await?;
    Ok(job)
}

pub async fn put(session: &mut Session<'_>, job: &Job) -> Result<()> {
    let cells = cells![
        job.number,
        job.name.clone(),
        job.title.clone(),
        job.site.clone(),
        job.job.clone(),
        job.state.word(),
        job.detail.clone(),
        job.outcome.clone(),
        job.terms.clone(),
        job.asked.0,
        job.began.map(|at| at.0),
        job.ended.map(|at| at.0),
    ];
    session.execute(sql::PUT_JOB, cells).await.map(|_| ())
}

pub async fn list(session: &mut Session<'_>) -> Result<Vec<Job>> {
    let rows: Vec<Cells> = session.all(sql::JOBS, cells![]).await?;
    let read =
        |(number, name, title, site, job, state, detail, outcome, terms, asked, began, ended): Cells| {
            let state = word(session, AllocationState::of_word(&state), "state of a job", &state)?;
            let (asked, began, ended) = (Timestamp(asked), began.map(Timestamp), ended.map(Timestamp));
            Ok(Job { number, name, title, site, job, state, detail, outcome, terms, asked, began, ended })
        };
    rows.into_iter().map(read).collect()
}

pub async fn delete(session: &mut Session<'_>, number: i64) -> Result<()> {
    session.execute(sql::DELETE_JOB, cells![number]).await.map(|_| ())
}

/// name, cron, site, terms, next, job, told.
type ScheduleCells = (String, String, String, String, i64, Option<i64>, String);

pub async fn put_schedule(session: &mut Session<'_>, schedule: &Schedule) -> Result<()> {
    let cells = cells![
        schedule.name.clone(),
        schedule.cron.clone(),
        schedule.site.clone(),
        schedule.terms.clone(),
        schedule.next.0,
        schedule.job,
        schedule.told.clone(),
    ];
    session.execute(sql::PUT_SCHEDULE, cells).await.map(|_| ())
}

pub async fn schedules(session: &mut Session<'_>) -> Result<Vec<Schedule>> {
    let rows: Vec<ScheduleCells> = session.all(sql::SCHEDULES, cells![]).await?;
    let read = |(name, cron, site, terms, next, job, told)| {
        let next = Timestamp(next);
        Schedule { name, cron, site, terms, next, job, told }
    };
    let mut all: Vec<Schedule> = rows.into_iter().map(read).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(all)
}

pub async fn take_turn(
    session: &mut Session<'_>,
    name: &str,
    turn: Timestamp,
    next: Timestamp,
) -> Result<bool> {
    session.execute(sql::TAKE_TURN, cells![name, turn.0, next.0]).await.map(|rows| rows > 0)
}

pub async fn note_turn(session: &mut Session<'_>, name: &str, job: Option<i64>, told: &str) -> Result<()> {
    session.execute(sql::NOTE_TURN, cells![name, job, told]).await.map(|_| ())
}

pub async fn delete_schedule(session: &mut Session<'_>, name: &str) -> Result<bool> {
    session.execute(sql::DELETE_SCHEDULE, cells![name]).await.map(|rows| rows > 0)
}
