//! PBS: OpenPBS, PBS Professional and Torque, by their commands, on a host that has them.
//!
//! This has not been tried on a real PBS. Its tests read an output from the manual of Torque 3.0.5, shortened, and lines written after what manuals
//! describe.

mod options;
mod status;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::sync::OnceCell;

use crate::access::Access;
use crate::commands::Commands;
use crate::engine::cannot;
use crate::{BatchJob, Check, Description, Engine, EngineError, EngineKind, How, JobId, JobState};

const ENGINE: &str = "PBS";
/// What its commands say when it is not there now.
const AWAY: [&str; 5] = [
    "cannot connect to server",
    "Cannot connect to",
    "Connection refused",
    "Communication failure",
    "No Permission to connect",
];
/// What it says of a job that it does not know.
const UNKNOWN: [&str; 2] = ["Unknown Job Id", "Job has finished"];

/// The kind of engine that PBS is.
pub struct Pbs;

impl EngineKind for Pbs {
    fn name(&self) -> &'static str {
        "pbs"
    }

    fn help(&self) -> &'static str {
        "a cluster with OpenPBS, PBS Professional or Torque, by its commands, on this host or over SSH"
    }

    fn connect(&self, site: &Description, access: Arc<Access>) -> Result<Box<dyn Engine>, EngineError> {
        let commands = Commands::only(ENGINE, &AWAY, site, access)?;
        Ok(Box::new(ByCommands { commands, maker: OnceCell::new(), cancelled: Mutex::default() }))
    }
}

/// Torque and the others parted twenty years ago; some words differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Maker {
    Torque,
    Pbs,
}

struct ByCommands {
    commands: Commands,
    maker: OnceCell<Maker>,
    /// Jobs that were ended from here: PBS tells only by which signal they ended.
    cancelled: Mutex<BTreeSet<JobId>>,
}

impl ByCommands {
    async fn maker(&self) -> Result<Maker, EngineError> {
        let found = self.maker.get_or_try_init(|| async {
            // `pbs_version = 22.05.11`, or `Version: 6.1.3` and `Commit: …`, on either output.
            let finished = self.commands.finish(&["qstat", "--version"]).await?;
            let text = format!("{}{}", finished.text(), String::from_utf8_lossy(&finished.err));
            Ok::<Maker, EngineError>(if text.contains("pbs_version") { Maker::Pbs } else { Maker::Torque })
        });
        found.await.copied()
    }

    /// What `qstat` tells in full of these jobs; of all that are one's own, when none is named.
    async fn full(&self, what: &'static str, jobs: &[JobId]) -> Result<Vec<status::Told>, EngineError> {
        let mut words = vec!["qstat"];
        if self.maker().await? == Maker::Pbs {
            // Those that have ended as well.
            words.push("-x");
        }
        words.push("-f");
        words.extend(jobs.iter().map(JobId::as_str));
        let finished = self.commands.finish(&words).await?;
        let complaint = String::from_utf8_lossy(&finished.err).into_owned();
        // It complains of those that it has forgotten and tells of the others all the same.
        let forgotten = complaint
            .lines()
            .all(|line| line.trim().is_empty() || UNKNOWN.iter().any(|words| line.contains(words)));
        if !finished.ok() && (!forgotten || complaint.is_empty()) {
            return Err(self.commands.failed(what, &finished));
        }
        status::read(&finished.text()).map_err(|why| self.commands.strange(what, why))
    }
}

#[async_trait]
impl Engine for ByCommands {
    async fn check(&self) -> Vec<Check> {
        let advice =
            "choose a login node, or make them known to shells that are not interactive (PATH in ~/.bashrc)";
        let mut checks = match self.commands.present(&["qsub", "qstat", "qdel"], advice).await {
            Ok(there) => vec![there],
            Err(missing) => return vec![missing],
        };
        match self.maker().await {
            Ok(Maker::Torque) => checks.push(Check::note(
                "version",
                "Torque, which this program has not been tried with; how a job ended is known only as long as Torque remembers it (keep_completed)",
            )),
            Ok(Maker::Pbs) => checks.push(Check::note(
                "version",
                "OpenPBS or PBS Professional, which this program has not been tried with; ended jobs need job_history_enable",
            )),
            Err(error) => checks.push(Check::bad("version", error.to_string())),
        }
        match self.commands.run("list its queues", &["qstat", "-Q", "-f"], &[]).await {
            Ok(text) => checks.extend(status::queues(&text)),
            Err(error) => checks.push(Check::bad("queues", format!("{error}; is pbs_server running?"))),
        }
        checks
    }

    async fn submit(&self, job: &BatchJob) -> Result<JobId, EngineError> {
        if job.array.is_some() {
            return Err(cannot(
                ENGINE,
                "arrays are not submitted to it from here; submit the jobs one by one",
            ));
        }
        let words = options::arguments(job, self.maker().await?);
        self.commands.submit(&words, &options::script(job)).await
    }

    async fn find(&self, name: &str) -> Result<Option<JobId>, EngineError> {
        let name = options::name(name);
        let all = self.full("look for the job", &[]).await?;
        Ok(all.into_iter().rev().find(|job| job.name == name).map(|job| job.id))
    }

    async fn states(&self, jobs: &[JobId]) -> Result<BTreeMap<JobId, JobState>, EngineError> {
        if jobs.is_empty() {
            return Ok(BTreeMap::new());
        }
        let told = self.full("tell how jobs are", jobs).await?;
        let mut found: BTreeMap<JobId, JobState> = told.into_iter().map(|job| (job.id, job.state)).collect();
        let cancelled = self.cancelled.lock().unwrap_or_else(PoisonError::into_inner);
        for job in jobs {
            let state = found.entry(job.clone()).or_insert(JobState::Vanished);
            let by_us = cancelled.contains(job);
            if by_us
                && matches!(
                    state,
                    JobState::Vanished | JobState::Ended(How::Signalled { .. } | How::Failed { .. })
                )
            {
                *state = JobState::Ended(How::Cancelled);
            }
        }
        found.retain(|id, _| jobs.contains(id));
        Ok(found)
    }

    async fn cancel(&self, jobs: &[JobId]) -> Result<(), EngineError> {
        if jobs.is_empty() {
            return Ok(());
        }
        let mut words = vec!["qdel"];
        words.extend(jobs.iter().map(JobId::as_str));
        let finished = self.commands.finish(&words).await?;
        let complaint = finished.complaint();
        let over =
            |text: &str| text.contains("invalid state") || UNKNOWN.iter().any(|words| text.contains(words));
        if !finished.ok() && !complaint.split("; ").all(over) {
            return Err(self.commands.failed("cancel", &finished));
        }
        // What it complained of had ended before.
        let ended = |id: &&JobId| !complaint.contains(id.as_str());
        self.cancelled
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(jobs.iter().filter(ended).cloned());
        Ok(())
    }
}
