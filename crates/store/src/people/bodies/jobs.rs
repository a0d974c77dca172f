//! Batch scripts that were submitted to sites.

use paramo_model::{Name, Timestamp};

use super::{missing, word};
use crate::clock::now;
use crate::people::sql;
use crate::people::types::{AllocationState, Job, NewJob, Schedule};
use crate::session::{Session, cells};
use crate::{Result, project};

/// number, name, title, site, job, state, detail, outcome, terms, asked, began, ended, project, by.
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
    String,
    String,
);

/// Holds a project against being removed until the change ends.
async fn into(session: &mut Session<'_>, project: &Name) -> Result<()> {
    session.claim(project::key(project.as_str())).await?;
    match project::exists(session, project.as_str()).await? {
        true => Ok(()),
        false => Err(missing("project", project)),
    }
}

pub async fn add(session: &mut Session<'_>, new: &NewJob) -> Result<Job> {
    // Two at once would count to the same number.
    session.claim("the next number of a job".to_owned()).await?;
    into(session, &new.project).await?;
    let (number,): (i64,) = session.optional(sql::NEXT_JOB, cells![]).await?.unwrap_or((1,));
    let job = Job {
        number,
        project: new.project.clone(),
        by: new.by.clone(),
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
        job.project.as_str(),
        job.by.clone(),
    ];
    session.execute(sql::PUT_JOB, cells).await.map(|_| ())
}

pub async fn list(session: &mut Session<'_>) -> Result<Vec<Job>> {
    let rows: Vec<Cells> = session.all(sql::JOBS, cells![]).await?;
    let read = |cells: Cells| {
        let (number, name, title, site, job, state, detail, outcome, terms, asked, began, ended, project, by) =
            cells;
        let state = word(session, AllocationState::of_word(&state), "state of a job", &state)?;
        let project = project::read_name(&project, session.at())?;
        let (asked, began, ended) = (Timestamp(asked), began.map(Timestamp), ended.map(Timestamp));
        Ok(Job {
            number,
            project,
            by,
            name,
            title,
            site,
            job,
            state,
            detail,
            outcome,
            terms,
            asked,
            began,
            ended,
        })
    };
    rows.into_iter().map(read).collect()
}

pub async fn delete(session: &mut Session<'_>, number: i64) -> Result<()> {
    session.execute(sql::DELETE_JOB, cells![number]).await.map(|_| ())
}

/// name, cron, site, terms, next, job, told, project, by.
type ScheduleCells = (String, String, String, String, i64, Option<i64>, String, String, String);

pub async fn put_schedule(session: &mut Session<'_>, schedule: &Schedule) -> Result<()> {
    into(session, &schedule.project).await?;
    let cells = cells![
        schedule.name.clone(),
        schedule.cron.clone(),
        schedule.site.clone(),
        schedule.terms.clone(),
        schedule.next.0,
        schedule.job,
        schedule.told.clone(),
        schedule.project.as_str(),
        schedule.by.clone(),
    ];
    session.execute(sql::PUT_SCHEDULE, cells).await.map(|_| ())
}

pub async fn schedules(session: &mut Session<'_>) -> Result<Vec<Schedule>> {
    let rows: Vec<ScheduleCells> = session.all(sql::SCHEDULES, cells![]).await?;
    let read = |(name, cron, site, terms, next, job, told, project, by): ScheduleCells| {
        let project = project::read_name(&project, session.at())?;
        Ok(Schedule { project, name, by, cron, site, terms, next: Timestamp(next), job, told })
    };
    let mut all: Vec<Schedule> = rows.into_iter().map(read).collect::<Result<_>>()?;
    all.sort_by(|a, b| (&a.project, &a.name).cmp(&(&b.project, &b.name)));
    Ok(all)
}

pub async fn take_turn(
    session: &mut Session<'_>,
    project: &Name,
    name: &str,
    turn: Timestamp,
    next: Timestamp,
) -> Result<bool> {
    session.execute(sql::TAKE_TURN, cells![name, turn.0, next.0, project.as_str()]).await.map(|rows| rows > 0)
}

pub async fn note_turn(
    session: &mut Session<'_>,
    project: &Name,
    name: &str,
    job: Option<i64>,
    told: &str,
) -> Result<()> {
    session.execute(sql::NOTE_TURN, cells![name, job, told, project.as_str()]).await.map(|_| ())
}

pub async fn delete_schedule(session: &mut Session<'_>, project: &Name, name: &str) -> Result<bool> {
    session.execute(sql::DELETE_SCHEDULE, cells![name, project.as_str()]).await.map(|rows| rows > 0)
}
