//! `paramo job`: plain batch scripts on sites. What was submitted is in the store; how it is, is asked of its site when somebody looks.

mod end;
pub mod every;
mod follow;
mod look;
mod submit;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use paramo_model::{Bytes, Seconds, Timestamp};
use paramo_sites::{Array, Connection, EngineError, How, JobId, JobState, Progress, find_sites, read_sites};
use paramo_store::{AllocationState, Job as Row, People};
use serde::{Deserialize, Serialize};

use crate::args::Job;
use crate::failure::{Failure, Result};
use crate::store::open;

/// A job that the site does not know so long after it was written down never got there, in microseconds.
const NEVER_CAME: i64 = 60_000_000;

pub async fn job(store: &Path, sites: Option<PathBuf>, command: Job) -> Result<u8> {
    let desk =
        |create| async move { Ok::<_, Failure>(Desk::new(open(store, create).await?.people()?, sites)) };
    match command {
        Job::Submit(args) => submit::submit(&mut desk(true).await?, *args).await,
        Job::List { all, json } => look::list(&mut desk(false).await?, all, json).await,
        Job::Show { job, json } => look::show(&mut desk(false).await?, &job, json).await,
        Job::Output(args) => follow::output(&mut desk(false).await?, args).await,
        Job::Schedules { json } => every::list(&mut desk(false).await?, json).await,
        Job::Stop { name } => every::stop(&mut desk(false).await?, &name).await,
        Job::Wait { jobs } => follow::wait(&mut desk(false).await?, &jobs).await,
        Job::Cancel { jobs } => end::cancel(&mut desk(false).await?, &jobs).await,
        Job::Fetch(args) => end::fetch(&mut desk(false).await?, args).await,
        Job::Rm { jobs } => end::remove(&mut desk(false).await?, &jobs).await,
    }
}

/// What was asked for, as the store keeps it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Terms {
    /// The file that the script came from.
    script: String,
    /// The script itself.
    text: String,
    arguments: Vec<String>,
    array: Option<String>,
    inputs: Vec<(String, PathBuf)>,
    outputs: Vec<String>,
    after: Vec<String>,
    partition: Option<String>,
    account: Option<String>,
    qos: Option<String>,
    constraint: Option<String>,
    nodes: Option<u32>,
    tasks: Option<u32>,
    cpus: Option<u32>,
    memory: Option<Bytes>,
    gpus: Option<u32>,
    time: Option<Seconds>,
}

impl Terms {
    fn of(job: &Row) -> Terms {
        // What an older version did not write is nothing.
        serde_json::from_str(&job.terms).unwrap_or_default()
    }

    fn array(&self) -> Option<Array> {
        self.array.as_ref()?.parse().ok()
    }
}

/// The store, and the sites that were spoken with.
struct Desk {
    people: Arc<dyn People>,
    sites: Option<PathBuf>,
    connections: HashMap<String, Connection>,
}

impl Desk {
    fn new(people: Arc<dyn People>, sites: Option<PathBuf>) -> Desk {
        Desk { people, sites, connections: HashMap::new() }
    }

    /// A site of `sites.toml`.
    fn site(&mut self, name: &str) -> Result<&Connection> {
        if !self.connections.contains_key(name) {
            let Some(file) = find_sites(self.sites.as_deref()) else {
                return Err(Failure::input(format!(
                    "there is no site `{name}`, as there is no sites.toml here or in ~/.config/paramo; `paramo site add {name}` writes one, --sites FILE names another"
                )));
            };
            let site = read_sites(&file)?.site(name)?.clone();
            let connection = Connection::to(site).map_err(away)?;
            self.connections.insert(name.to_owned(), connection);
        }
        Ok(&self.connections[name])
    }

    /// The job of a number, or the last of a name.
    async fn find(&self, word: &str) -> Result<Row> {
        let jobs = self.people.jobs().await?;
        let number = word.parse::<i64>().ok();
        let found = jobs.iter().rfind(|job| Some(job.number) == number);
        let found = found.or_else(|| jobs.iter().rfind(|job| job.title == word || job.name == word));
        found.cloned().ok_or_else(|| {
            Failure::input(format!("there is no job `{word}`; `paramo job list --all` lists them"))
        })
    }

    async fn find_all(&self, words: &[String]) -> Result<Vec<Row>> {
        let mut found: Vec<Row> = Vec::new();
        for word in words {
            let job = self.find(word).await?;
            if !found.iter().any(|known| known.number == job.number) {
                found.push(job);
            }
        }
        Ok(found)
    }

    /// Asks its site how a job is that has not ended, and writes it down.
    async fn refresh(&mut self, job: &mut Row) -> Result<Option<Progress>> {
        if job.state == AllocationState::Ended {
            return Ok(None);
        }
        let before = job.clone();
        let progress = self.ask(job).await?;
        if *job != before {
            self.people.put_job(job).await?;
        }
        Ok(progress)
    }

    /// The same for many: of those that are no arrays each site is asked at once. Gives the sites that do not answer.
    async fn refresh_all(&mut self, jobs: &mut [Row]) -> Result<BTreeMap<String, Failure>> {
        let mut silent = BTreeMap::new();
        let is_plain = |job: &Row| job.job.is_some() && Terms::of(job).array.is_none();
        let (plain, others): (Vec<&mut Row>, Vec<&mut Row>) =
            jobs.iter_mut().filter(|job| job.state != AllocationState::Ended).partition(|job| is_plain(job));
        let mut of_site: BTreeMap<String, Vec<&mut Row>> = BTreeMap::new();
        for job in plain {
            of_site.entry(job.site.clone()).or_default().push(job);
        }
        for (site, jobs) in of_site {
            let asked: Vec<(&str, JobId)> = jobs
                .iter()
                .filter_map(|job| Some((job.name.as_str(), JobId::new(job.job.as_deref()?)?)))
                .collect();
            let states = match self.site(&site) {
                Ok(connection) => connection.script_states(&asked).await.map_err(away),
                Err(failure) => Err(failure),
            };
            let mut states = match states {
                Ok(states) => states,
                Err(failure) => {
                    silent.insert(site, failure);
                    continue;
                }
            };
            for job in jobs {
                let Some(state) = states.remove(&job.name) else { continue };
                let before = job.clone();
                take(job, &Progress { state, tasks: BTreeMap::new() });
                if *job != before {
                    self.people.put_job(job).await?;
                }
            }
        }
        for job in others {
            if silent.contains_key(&job.site) {
                continue;
            }
            if let Err(failure) = self.refresh(job).await {
                silent.insert(job.site.clone(), failure);
            }
        }
        Ok(silent)
    }

    async fn ask(&mut self, job: &mut Row) -> Result<Option<Progress>> {
        let connection = self.site(&job.site)?;
        let id = match job.job.as_deref().and_then(JobId::new) {
            Some(id) => id,
            // Whoever submitted it was ended before the answer came.
            None => match connection.engine.find(&job.name).await.map_err(away)? {
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
        let progress = connection.script_progress(&job.name, &id, array).await.map_err(away)?;
        take(job, &progress);
        Ok(Some(progress))
    }
}

/// Notes how a job is.
fn take(job: &mut Row, progress: &Progress) {
    let ended = |job: &mut Row, outcome: Option<String>, detail: String| {
        job.state = AllocationState::Ended;
        job.outcome = outcome;
        job.detail = detail;
        job.ended = Some(now());
    };
    match &progress.state {
        JobState::Waiting { reason } => {
            job.state = AllocationState::Waiting;
            job.detail = reason.clone();
        }
        JobState::Running { nodes } => {
            job.state = AllocationState::Running;
            job.detail =
                if progress.tasks.is_empty() { nodes.clone() } else { look::counts(&progress.tasks) };
            job.began.get_or_insert_with(now);
        }
        state @ JobState::Ended(how) => {
            let detail = match progress.tasks.is_empty() {
                true => state.to_string(),
                false => look::counts(&progress.tasks),
            };
            ended(job, Some(how.word()), detail);
        }
        JobState::Vanished => ended(job, None, JobState::Vanished.to_string()),
    }
}

/// The exit code of a process that stands for a job that has ended.
fn exit_code(job: &Row) -> u8 {
    // EX_TEMPFAIL: of one that nobody knows any more, the same again may work.
    job.outcome.as_deref().and_then(How::of_word).map_or(75, How::exit_code)
}

fn now() -> Timestamp {
    Timestamp(chrono::Utc::now().timestamp_micros())
}

fn away(error: EngineError) -> Failure {
    Failure::unavailable(error.to_string())
}
