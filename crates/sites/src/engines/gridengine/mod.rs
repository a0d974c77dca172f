//! Grid Engine, of any of its makers: by its commands, on a host that has them.
//!
//! Its queue forgets a job as soon as it has ended, and its accounting hears of the end a little later. So a job that neither knows is
//! taken for one that is just ending, for a while.

mod account;
mod options;
mod queue;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;

use crate::access::Access;
use crate::commands::Commands;
use crate::engine::cannot;
use crate::{
    Array, BatchJob, Check, Description, Engine, EngineError, EngineKind, How, JobId, JobState, Usage, When,
};

use self::account::Account;

const ENGINE: &str = "Grid Engine";
/// What its commands say when it is not there now.
const AWAY: [&str; 4] = [
    "unable to send message to qmaster",
    "unable to contact qmaster",
    "can't connect to service",
    "got no response",
];
/// How long the end of a job may take to get into the accounting. It is written every 15 s where nobody has changed that.
const ACCOUNTED: Duration = Duration::from_secs(60);

/// The kind of engine that Grid Engine is.
pub struct GridEngine;

impl EngineKind for GridEngine {
    fn name(&self) -> &'static str {
        "gridengine"
    }

    fn help(&self) -> &'static str {
        "a cluster with Grid Engine (Son of, Open, Altair), by its commands, on this host or over SSH"
    }

    fn connect(&self, site: &Description, access: Arc<Access>) -> Result<Box<dyn Engine>, EngineError> {
        let commands = Commands::only(ENGINE, &AWAY, site, access)?;
        Ok(Box::new(ByCommands { commands, memory: Mutex::default() }))
    }
}

struct ByCommands {
    commands: Commands,
    memory: Mutex<Memory>,
}

/// What neither the queue nor the accounting tells.
#[derive(Default)]
struct Memory {
    /// Jobs that were ended from here. The accounting knows only that something killed them.
    cancelled: BTreeSet<JobId>,
    /// Since when neither knows a job.
    missing: BTreeMap<JobId, Instant>,
}

impl Memory {
    /// Whether its end may not have got into the accounting yet.
    fn is_just_missing(&mut self, job: &JobId) -> bool {
        self.missing.entry(job.clone()).or_insert_with(Instant::now).elapsed() < ACCOUNTED
    }
}

impl ByCommands {
    fn memory<T>(&self, with: impl FnOnce(&mut Memory) -> T) -> T {
        with(&mut self.memory.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What the accounting says of these jobs; those that it does not know are left out.
    async fn accounts(&self, jobs: &[&str]) -> Result<Vec<Account>, EngineError> {
        let script = "for id in \"$@\"; do qacct -j \"$id\" 2>/dev/null; done; :";
        let mut words = vec!["/bin/sh", "-c", script, "sh"];
        words.extend(jobs);
        Ok(account::read(&self.commands.run("tell how jobs ended", &words, &[]).await?))
    }
}

#[async_trait]
impl Engine for ByCommands {
    async fn check(&self) -> Vec<Check> {
        let advice = "choose a submit host, or make them known to shells that are not interactive (its settings.sh, in ~/.bashrc)";
        let mut checks =
            match self.commands.present(&["qsub", "qstat", "qdel", "qacct", "qconf"], advice).await {
                Ok(there) => vec![there],
                Err(missing) => return vec![missing],
            };
        // It prints its version above its help.
        match self.commands.finish(&["qstat", "-help"]).await {
            Ok(finished) => {
                let text = finished.text();
                checks.push(Check::good("version", text.lines().next().unwrap_or("it does not say").trim()));
            }
            Err(error) => checks.push(Check::bad("version", error.to_string())),
        }
        match self.commands.run("list its queues", &["qstat", "-g", "c", "-xml"], &[]).await {
            Ok(text) => checks.extend(queue::queues(&text)),
            Err(error) => {
                checks.push(Check::bad(
                    "queues",
                    format!("{error}; is sge_qmaster running, and is SGE_ROOT the right one there?"),
                ));
            }
        }
        match self.commands.run("list its parallel environments", &["qconf", "-spl"], &[]).await {
            Ok(text) if text.split_whitespace().any(|name| name == options::ENVIRONMENT) => checks.push(Check::good(
                "parallel environment",
                format!("jobs of several CPUs use `{}`", options::ENVIRONMENT),
            )),
            Ok(text) => checks.push(Check::note(
                "parallel environment",
                format!(
                    "there is no `{}`; for jobs of several CPUs name one of these in `arguments`, as in [\"-pe\", \"NAME\", \"4\"]: {}",
                    options::ENVIRONMENT,
                    text.split_whitespace().collect::<Vec<_>>().join(", ")
                ),
            )),
            Err(error) => checks.push(Check::note("parallel environment", error.to_string())),
        }
        checks
    }

    async fn submit(&self, job: &BatchJob) -> Result<JobId, EngineError> {
        if job.array.is_some_and(|array| array.first == 0) {
            return Err(cannot(ENGINE, "it counts the jobs of an array from 1, as in 1-10"));
        }
        if job.after.iter().any(|after| after.when != When::Ended) {
            return Err(cannot(
                ENGINE,
                "a job can only wait for the end of another (`:any`), whatever it is",
            ));
        }
        let words = options::arguments(job);
        if job.array.is_none() {
            return self.commands.submit(&words, &job.script).await;
        }
        // Its indices follow the number of an array.
        let what = "submit the job";
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let text = self.commands.run(what, &words, job.script.as_bytes()).await?;
        let last = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
        let number = last.split('.').next().unwrap_or_default().trim();
        JobId::new(number).ok_or_else(|| self.commands.strange(what, text.trim().to_owned()))
    }

    fn array_index(&self) -> &'static str {
        "SGE_TASK_ID"
    }

    async fn tasks(&self, job: &JobId, array: Array) -> Result<BTreeMap<u32, JobState>, EngineError> {
        let what = "tell how the jobs of an array are";
        let text = self.commands.run(what, &["qstat", "-xml"], &[]).await?;
        let queued = queue::jobs(&text).map_err(|why| self.commands.strange(what, why))?;
        let accounts = self.accounts(&[job.as_str()]).await?;
        let mut found: BTreeMap<u32, JobState> =
            accounts.into_iter().filter_map(|account| Some((account.task?, account.state))).collect();
        self.memory(|memory| {
            let cancelled = memory.cancelled.contains(job);
            for state in found.values_mut() {
                if let JobState::Ended(how @ (How::Signalled { .. } | How::Failed { .. })) = state
                    && cancelled
                {
                    *how = How::Cancelled;
                }
            }
            for queued in queued.into_iter().filter(|queued| queued.id == *job) {
                let indices = queued.tasks.iter().copied().flat_map(Array::indices);
                // What was started again has an account, and is in the queue.
                found.extend(indices.map(|index| (index, queued.state.clone())));
            }
            for index in array.indices().filter(|index| !found.contains_key(index)).collect::<Vec<_>>() {
                match (cancelled, JobId::new(&format!("{job}.{index}"))) {
                    (true, _) => drop(found.insert(index, JobState::Ended(How::Cancelled))),
                    (false, Some(task)) if memory.is_just_missing(&task) => {
                        found.insert(index, JobState::Running { nodes: String::new() });
                    }
                    (false, _) => {}
                }
            }
        });
        Ok(found)
    }

    async fn has_account(&self) -> bool {
        true
    }

    async fn usage(&self, job: &JobId) -> Result<Option<Usage>, EngineError> {
        Ok(account::usage(&self.accounts(&[job.as_str()]).await?))
    }

    async fn find(&self, name: &str) -> Result<Option<JobId>, EngineError> {
        let what = "look for the job";
        let name = options::name(name);
        let text = self.commands.run(what, &["qstat", "-xml"], &[]).await?;
        let waiting = queue::jobs(&text).map_err(|why| self.commands.strange(what, why))?;
        if let Some(job) = waiting.into_iter().find(|job| job.name == name) {
            return Ok(Some(job.id));
        }
        Ok(self.accounts(&[&name]).await?.pop().map(|account| account.job))
    }

    async fn states(&self, jobs: &[JobId]) -> Result<BTreeMap<JobId, JobState>, EngineError> {
        if jobs.is_empty() {
            return Ok(BTreeMap::new());
        }
        let what = "tell how jobs are";
        let text = self.commands.run(what, &["qstat", "-xml"], &[]).await?;
        let queued = queue::jobs(&text).map_err(|why| self.commands.strange(what, why))?;
        let mut found: BTreeMap<JobId, JobState> =
            queued.into_iter().filter(|job| jobs.contains(&job.id)).map(|job| (job.id, job.state)).collect();
        let gone: Vec<&str> = jobs.iter().filter(|id| !found.contains_key(id)).map(JobId::as_str).collect();
        if !gone.is_empty() {
            let ended = self.accounts(&gone).await?;
            let ended = ended.into_iter().filter(|account| jobs.contains(&account.job));
            found.extend(ended.map(|account| (account.job, account.state)));
        }
        self.memory(|memory| {
            for job in jobs {
                match found.get_mut(job) {
                    Some(state) => {
                        memory.missing.remove(job);
                        if let JobState::Ended(how @ (How::Signalled { .. } | How::Failed { .. })) = state
                            && memory.cancelled.contains(job)
                        {
                            *how = How::Cancelled;
                        }
                    }
                    // One that never began leaves no account.
                    None if memory.cancelled.contains(job) => {
                        found.insert(job.clone(), JobState::Ended(How::Cancelled));
                    }
                    None => {
                        let state = match memory.is_just_missing(job) {
                            true => JobState::Running { nodes: String::new() },
                            false => JobState::Vanished,
                        };
                        found.insert(job.clone(), state);
                    }
                }
            }
        });
        Ok(found)
    }

    async fn cancel(&self, jobs: &[JobId]) -> Result<(), EngineError> {
        if jobs.is_empty() {
            return Ok(());
        }
        let mut words = vec!["qdel"];
        words.extend(jobs.iter().map(JobId::as_str));
        let finished = self.commands.finish(&words).await?;
        let text = format!("{}{}", finished.text(), finished.complaint());
        if !finished.ok() && !text.contains("does not exist") {
            return Err(self.commands.failed("cancel", &finished));
        }
        // Only what it took for its own was ended by us.
        let known = |id: &&JobId| !text.contains(&format!("job \"{id}\" does not exist"));
        self.memory(|memory| memory.cancelled.extend(jobs.iter().filter(known).cloned()));
        Ok(())
    }
}
