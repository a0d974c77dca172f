//! Plain batch scripts on sites. What was submitted is in the store; how it is, is asked of its site when somebody looks.
//!
//! The command line asks [`Jobs`] in its own process, and the API asks it for those who are elsewhere.

mod end;
mod error;
mod files;
mod schedules;
mod sites;
mod submission;
mod submit;
mod terms;
mod view;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use paramo_sites::{Connection, How, JobId, JobState, Progress};
use paramo_store::{AllocationState, Job as Row, People};

use crate::access::Sight;
use crate::clock::now;
use sites::Sites;

pub use crate::access::OWNER;
pub use error::{JobError, Result};
pub use submission::{Submission, file_name, title};
pub use submit::NewScript;
pub use terms::{Sent, Terms};
pub use view::{JobDetail, JobFiles, JobTask, JobUsage, JobView, ScheduleView};

/// A job that the site does not know so long after it was written down never got there, in microseconds.
const NEVER_CAME: i64 = 60_000_000;
/// Jobs that have ended and are listed nevertheless.
const ENDED: usize = 10;

/// The store, and the sites that are spoken with.
pub struct Jobs {
    people: Arc<dyn People>,
    sites: Sites,
    /// How long a site may take to say how a job is; without it, as long as it takes.
    patience: Option<Duration>,
}

impl Jobs {
    /// `sites`: the file with the sites, where that is said.
    pub fn new(people: Arc<dyn People>, sites: Option<PathBuf>) -> Jobs {
        Jobs { people, sites: Sites::of(sites), patience: None }
    }

    /// The same for somebody who waits at the other end of a connection.
    pub(crate) fn within(self, patience: Duration) -> Jobs {
        Jobs { patience: Some(patience), ..self }
    }

    /// A site of `sites.toml`.
    ///
    /// # Errors
    ///
    /// When there is none of that name.
    pub fn site(&self, name: &str) -> Result<Arc<Connection>> {
        self.sites.reach(name)
    }

    /// The job of a number, or the last of a name.
    pub async fn find(&self, word: &str) -> Result<Row> {
        self.find_in(word, &Sight::All).await
    }

    /// The same among those of projects that somebody sees; `project:` may come before the word.
    pub(crate) async fn find_in(&self, word: &str, sight: &Sight) -> Result<Row> {
        let (project, name) = match word.split_once(':') {
            Some((project, name)) => (Some(project), name),
            None => (None, word),
        };
        let mut jobs = self.people.jobs().await?;
        jobs.retain(|job| {
            sight.has_project(&job.project) && project.is_none_or(|project| job.project.as_str() == project)
        });
        let number = name.parse::<i64>().ok();
        let found = jobs.iter().rfind(|job| Some(job.number) == number);
        let found = found.or_else(|| jobs.iter().rfind(|job| job.title == name || job.name == name));
        found.cloned().ok_or_else(|| JobError::NoJob(word.to_owned()))
    }

    /// The jobs that have not ended and the last of those that have, or all; as they are remembered.
    pub async fn list(&self, all: bool) -> Result<Vec<Row>> {
        self.list_in(all, &Sight::All).await
    }

    pub(crate) async fn list_in(&self, all: bool, sight: &Sight) -> Result<Vec<Row>> {
        let mut jobs = self.people.jobs().await?;
        jobs.retain(|job| sight.has_project(&job.project));
        let is_open = |job: &Row| job.state != AllocationState::Ended;
        let mut over = jobs.iter().filter(|job| !is_open(job)).count();
        jobs.retain(|job| {
            let ended = !is_open(job);
            let keep = all || !ended || over <= ENDED;
            over -= usize::from(ended);
            keep
        });
        Ok(jobs)
    }

    /// Asks its site how a job is that has not ended, and writes it down.
    pub async fn refresh(&self, job: &mut Row) -> Result<Option<Progress>> {
        if job.state == AllocationState::Ended {
            return Ok(None);
        }
        let before = job.clone();
        let site = job.site.clone();
        let progress = self.in_time(&site, self.ask(job)).await?;
        if *job != before {
            self.people.put_job(job).await?;
        }
        Ok(progress)
    }

    /// The same for many, all sites at once; of those that are no arrays each site is asked at once. Gives the sites that do not answer.
    pub async fn refresh_all(&self, jobs: &mut [Row]) -> Result<BTreeMap<String, JobError>> {
        let mut of_site: BTreeMap<String, Vec<&mut Row>> = BTreeMap::new();
        for job in jobs.iter_mut().filter(|job| job.state != AllocationState::Ended) {
            of_site.entry(job.site.clone()).or_default().push(job);
        }
        let asked = of_site.into_iter().map(|(site, jobs)| async move {
            let refreshed = self.refresh_site(&site, jobs).await;
            (site, refreshed)
        });
        let mut silent = BTreeMap::new();
        for (site, refreshed) in join_all(asked).await {
            match refreshed {
                Ok(()) => {}
                Err(error @ JobError::Store(_)) => return Err(error),
                Err(error) => {
                    silent.insert(site, error);
                }
            }
        }
        Ok(silent)
    }

    /// How many are by now. What is remembered is still worth showing where a site cannot be asked, beside why in the words of `told`.
    pub async fn views(&self, jobs: &mut [Row], told: fn(&JobError) -> String) -> Result<Vec<JobView>> {
        let silent = self.refresh_all(jobs).await?;
        let view = |job: &Row| {
            let view = JobView::of(job);
            let away = if view.has_ended() { None } else { silent.get(&job.site) };
            JobView { away: away.map(told), ..view }
        };
        Ok(jobs.iter().map(view).collect())
    }

    async fn refresh_site(&self, site: &str, jobs: Vec<&mut Row>) -> Result<()> {
        let is_plain = |job: &&mut Row| job.job.is_some() && Terms::of(job).array.is_none();
        let (plain, others): (Vec<&mut Row>, Vec<&mut Row>) = jobs.into_iter().partition(is_plain);
        if !plain.is_empty() {
            let asked: Vec<(&str, JobId)> = plain
                .iter()
                .filter_map(|job| Some((job.name.as_str(), JobId::new(job.job.as_deref()?)?)))
                .collect();
            let connection = self.site(site)?;
            let mut states =
                self.in_time(site, async { Ok(connection.script_states(&asked).await?) }).await?;
            for job in plain {
                let Some(state) = states.remove(&job.name) else { continue };
                let before = job.clone();
                take(job, &Progress { state, tasks: BTreeMap::new() });
                if *job != before {
                    self.people.put_job(job).await?;
                }
            }
        }
        for job in others {
            self.refresh(job).await?;
        }
        Ok(())
    }

    /// What a site answers, if it does so in time.
    async fn in_time<T>(&self, site: &str, answer: impl Future<Output = Result<T>>) -> Result<T> {
        let Some(patience) = self.patience else { return answer.await };
        tokio::time::timeout(patience, answer).await.unwrap_or_else(|_| {
            let text = format!("{site} does not answer within {} s", patience.as_secs());
            Err(JobError::Site { text, passing: true })
        })
    }

    async fn ask(&self, job: &mut Row) -> Result<Option<Progress>> {
        let connection = self.site(&job.site)?;
        let id = match job.job.as_deref().and_then(JobId::new) {
            Some(id) => id,
            // Whoever submitted it was ended before the answer came.
            None => match connection.engine.find(&job.name).await? {
                Some(id) => {
                    job.job = Some(id.to_string());
                    id
                }
                None => {
                    if now().0 - job.asked.0 > NEVER_CAME {
                        job.state = AllocationState::Ended;
                        job.detail = "the site never got it".to_owned();
                        job.ended = Some(now());
                    }
                    return Ok(None);
                }
            },
        };
        let array = Terms::of(job).array();
        let progress = connection.script_progress(&job.name, &id, array).await?;
        take(job, &progress);
        Ok(Some(progress))
    }

    /// How a job is, how each of an array is, and what it has used.
    pub async fn detail(&self, job: &mut Row) -> Result<JobDetail> {
        let mut progress = self.refresh(job).await?;
        let connection = self.site(&job.site)?;
        let mut usage = None;
        if let Some(id) = job.job.as_deref().and_then(JobId::new) {
            let terms = Terms::of(job);
            if progress.is_none() && terms.array.is_some() {
                progress = connection.script_progress(&job.name, &id, terms.array()).await.ok();
            }
            if job.state == AllocationState::Ended {
                // That it cannot be asked now takes nothing from the rest.
                usage = connection.script_usage(&id).await.ok().flatten();
            }
        }
        Ok(JobDetail::new(job, progress.as_ref(), usage, connection.script_directory(&job.name)))
    }

    /// The same, and what is remembered of it where its site cannot be asked now.
    pub(crate) async fn shown(&self, job: &mut Row) -> Result<JobDetail> {
        match self.detail(job).await {
            Err(error @ (JobError::Site { .. } | JobError::Sites(_) | JobError::NoSites(_))) => {
                let directory = self.site(&job.site).map(|site| site.script_directory(&job.name));
                let mut detail = JobDetail::new(job, None, None, directory.unwrap_or_default());
                detail.job.away = Some(error.told());
                Ok(detail)
            }
            found => found,
        }
    }
}

/// Notes how a job is. Of one whose end was asked for some engines know only that something killed it, or nothing if it had not begun.
fn take(job: &mut Row, progress: &Progress) {
    let is_ending = job.state == AllocationState::Ending;
    let ended = |job: &mut Row, outcome: Option<String>, detail: String| {
        job.state = AllocationState::Ended;
        job.outcome = outcome;
        job.detail = detail;
        job.ended = Some(now());
    };
    match &progress.state {
        JobState::Waiting { reason } => {
            job.state = if is_ending { AllocationState::Ending } else { AllocationState::Waiting };
            job.detail = reason.clone();
        }
        JobState::Running { nodes } => {
            job.state = if is_ending { AllocationState::Ending } else { AllocationState::Running };
            job.detail =
                if progress.tasks.is_empty() { nodes.clone() } else { view::counts(&progress.tasks) };
            job.began.get_or_insert_with(now);
        }
        JobState::Ended(How::Signalled { .. }) | JobState::Vanished if is_ending => {
            ended(job, Some(How::Cancelled.word()), How::Cancelled.to_string());
        }
        state @ JobState::Ended(how) => {
            let detail = match progress.tasks.is_empty() {
                true => state.to_string(),
                false => view::counts(&progress.tasks),
            };
            ended(job, Some(how.word()), detail);
        }
        JobState::Vanished => ended(job, None, JobState::Vanished.to_string()),
    }
}
