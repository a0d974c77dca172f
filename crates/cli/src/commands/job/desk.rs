//! Where jobs are asked about: the store of this machine, or a server. Both answer with the same shapes.

use std::collections::BTreeMap;
use std::path::Path;

use paramo_client::{ClientError, Server};
use paramo_model::Name;
use paramo_server::jobs::{
    JobDetail, JobError, JobFiles, JobView, Jobs, NewScript, OWNER, ScheduleView, Submission, Terms,
};
use paramo_sites::is_below;
use paramo_store::{DEFAULT_PROJECT, Job as Row};

use super::{failed, of_field};
use crate::exit;
use crate::failure::{Failure, Result};

pub(super) enum Desk {
    Here(Jobs),
    There(Server),
}

impl Desk {
    pub(super) fn is_there(&self) -> bool {
        matches!(self, Desk::There(_))
    }

    /// What is submitted in this process.
    pub(super) fn script(title: String, site: String, terms: Terms) -> Result<NewScript> {
        let project = Name::new(DEFAULT_PROJECT).map_err(|error| Failure::unavailable(error.to_string()))?;
        Ok(NewScript { project, by: OWNER.to_owned(), title, site, terms })
    }

    pub(super) async fn list(&self, all: bool) -> Result<Vec<JobView>> {
        match self {
            Desk::Here(jobs) => {
                let mut rows = jobs.list(all).await.map_err(failed)?;
                jobs.views(&mut rows, ToString::to_string).await.map_err(failed)
            }
            Desk::There(server) => server.jobs(all).await.map_err(refused),
        }
    }

    /// The job of a number, or the last of a name.
    pub(super) async fn find(&self, word: &str) -> Result<JobView> {
        match self {
            Desk::Here(jobs) => Ok(JobView::of(&jobs.find(word).await.map_err(failed)?)),
            Desk::There(server) => Ok(asked(server, word).await?.job),
        }
    }

    pub(super) async fn find_all(&self, words: &[String]) -> Result<Vec<JobView>> {
        let mut found: Vec<JobView> = Vec::new();
        for word in words {
            let job = self.find(word).await?;
            if !found.iter().any(|known| known.job == job.job) {
                found.push(job);
            }
        }
        Ok(found)
    }

    pub(super) async fn show(&self, word: &str) -> Result<JobDetail> {
        match self {
            Desk::Here(jobs) => {
                let mut row = jobs.find(word).await.map_err(failed)?;
                jobs.detail(&mut row).await.map_err(failed)
            }
            Desk::There(server) => {
                let detail = asked(server, word).await?;
                present(&detail.job)?;
                Ok(detail)
            }
        }
    }

    /// How a job is by now.
    pub(super) async fn refresh(&self, job: &mut JobView) -> Result<()> {
        match self {
            Desk::Here(jobs) => {
                let mut row = self.row(jobs, job).await?;
                jobs.refresh(&mut row).await.map_err(failed)?;
                *job = JobView::of(&row);
            }
            Desk::There(server) => {
                *job = asked(server, &job.job.to_string()).await?.job;
                present(job)?;
            }
        }
        Ok(())
    }

    /// The same of many. Gives the sites, or the server, that do not answer.
    pub(super) async fn refresh_all(&self, all: &mut [JobView]) -> Result<BTreeMap<String, Failure>> {
        match self {
            Desk::Here(jobs) => {
                let mut rows = Vec::new();
                for job in all.iter() {
                    rows.push(self.row(jobs, job).await?);
                }
                let silent = jobs.refresh_all(&mut rows).await.map_err(failed)?;
                for (job, row) in all.iter_mut().zip(&rows) {
                    *job = JobView::of(row);
                }
                Ok(silent.into_iter().map(|(site, error)| (site, failed(error))).collect())
            }
            Desk::There(server) => {
                let mut silent = BTreeMap::new();
                for job in all {
                    match server.job::<JobDetail>(&job.job.to_string()).await {
                        Ok(detail) => *job = detail.job,
                        Err(error) if error.passes() => {
                            silent.insert(server.address().to_string(), refused(error));
                            // The others are of the same server.
                            break;
                        }
                        Err(error) => return Err(not_found(error, &job.job.to_string())),
                    }
                    if let Some(why) = &job.away {
                        silent.insert(job.site.clone(), Failure::unavailable(why.clone()));
                    }
                }
                Ok(silent)
            }
        }
    }

    /// A piece of what it has printed beyond an offset.
    pub(super) async fn output(
        &self,
        job: &JobView,
        error: bool,
        index: Option<u32>,
        offset: u64,
    ) -> Result<Vec<u8>> {
        match self {
            Desk::Here(jobs) => {
                let row = self.row(jobs, job).await?;
                jobs.output(&row, error, index, offset).await.map_err(failed)
            }
            Desk::There(server) => server.job_output(job.job, error, index, offset).await.map_err(refused),
        }
    }

    pub(super) async fn cancel(&self, job: &JobView) -> Result<()> {
        match self {
            Desk::Here(jobs) => jobs.cancel(&mut self.row(jobs, job).await?).await.map_err(failed),
            Desk::There(server) => server.cancel_job(job.job).await.map_err(refused),
        }
    }

    pub(super) async fn remove(&self, job: &JobView) -> Result<()> {
        match self {
            Desk::Here(jobs) => jobs.remove(&mut self.row(jobs, job).await?).await.map_err(failed),
            Desk::There(server) => server.remove_job(job.job).await.map_err(refused),
        }
    }

    /// Fetches files. Gives their number, and the patterns that matched none.
    pub(super) async fn fetch(
        &self,
        job: &JobView,
        patterns: &[String],
        into: &Path,
    ) -> Result<(usize, Vec<String>)> {
        let server = match self {
            Desk::Here(jobs) => {
                let row = self.row(jobs, job).await?;
                return jobs.fetch(&row, patterns, into).await.map_err(failed);
            }
            Desk::There(server) => server,
        };
        let JobFiles { files, without } = server.job_files(job.job, patterns).await.map_err(refused)?;
        for name in &files {
            // What the server says is not taken on trust: nothing is written outside of the place for it.
            if !is_below(name) {
                let text = format!("{} names a file {name:?}, which is not below its directory", job.site);
                return Err(Failure::unavailable(text));
            }
            server.fetch_job_file(job.job, name, &into.join(name)).await.map_err(refused)?;
        }
        Ok((files.len(), without))
    }

    pub(super) async fn schedules(&self) -> Result<Vec<ScheduleView>> {
        match self {
            Desk::Here(jobs) => {
                Ok(jobs.schedules().await.map_err(failed)?.iter().map(ScheduleView::of).collect())
            }
            Desk::There(server) => server.schedules().await.map_err(refused),
        }
    }

    /// Submits something no more. Whether it was.
    pub(super) async fn stop(&self, name: &str) -> Result<bool> {
        match self {
            Desk::Here(jobs) => {
                let found = jobs.schedules().await.map_err(failed)?;
                let mut stopped = false;
                for schedule in found.iter().filter(|schedule| schedule.name == name) {
                    stopped |= jobs.stop(&schedule.project, name).await.map_err(failed)?;
                }
                Ok(stopped)
            }
            Desk::There(server) => match server.stop_schedule(name).await {
                Ok(()) => Ok(true),
                Err(error) if error.is_not_found() => Ok(false),
                Err(error) => Err(refused(error)),
            },
        }
    }

    /// Through a server: submits a script.
    pub(super) async fn send(server: &Server, submission: &Submission) -> Result<JobView> {
        server.submit_job(submission).await.map_err(refused)
    }

    pub(super) async fn plan(server: &Server, submission: &Submission) -> Result<ScheduleView> {
        server.schedule_job(submission).await.map_err(refused)
    }

    /// What the store remembers of a job.
    async fn row(&self, jobs: &Jobs, job: &JobView) -> Result<Row> {
        jobs.find(&job.job.to_string()).await.map_err(failed)
    }
}

async fn asked(server: &Server, word: &str) -> Result<JobDetail> {
    server.job(word).await.map_err(|error| not_found(error, word))
}

fn not_found(error: ClientError, word: &str) -> Failure {
    match error.is_not_found() {
        true => failed(JobError::NoJob(word.to_owned())),
        false => refused(error),
    }
}

/// That its site was asked.
fn present(job: &JobView) -> Result<()> {
    match &job.away {
        Some(why) => Err(Failure::unavailable(why.clone())),
        None => Ok(()),
    }
}

/// What a server finds wrong, in the words of the command line.
fn refused(error: ClientError) -> Failure {
    match error.problem().map(|problem| problem.errors.as_slice()) {
        Some([fault]) => Failure { code: exit::BAD_INPUT, text: of_field(&fault.field, &fault.message) },
        _ => error.into(),
    }
}
