//! Slurm by its commands. Every question is one command, however many jobs it is about.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use paramo_model::Seconds;
use tokio::sync::OnceCell;

use super::{SLURM, nodes, options, states, tasks};
use crate::access::Access;
use crate::commands::Commands;
use crate::{Array, BatchJob, Check, Engine, EngineError, How, JobId, JobState, Usage};

/// What Slurm's commands say when it is not there now.
const AWAY: [&str; 7] = [
    "Unable to contact slurm controller",
    "Socket timed out",
    "Zero Bytes were transmitted",
    "Connection refused",
    "Connection timed out",
    "temporarily unable",
    "slurm_persist_conn_open",
];
/// What it says of a job that it does not know.
const UNKNOWN: &str = "Invalid job id";
/// What it says of a job for which there are no nodes that could take it, now or ever.
const NO_NODES: &str = "Requested node configuration is not available";

pub(super) struct ByCommands {
    commands: Commands,
    accounting: OnceCell<bool>,
}

impl ByCommands {
    pub(super) fn new(access: Arc<Access>) -> ByCommands {
        ByCommands { commands: Commands::new(SLURM, &AWAY, access), accounting: OnceCell::new() }
    }

    /// Whether ended jobs are remembered by `sacct`.
    async fn accounting(&self) -> Result<bool, EngineError> {
        let found = self.accounting.get_or_try_init(|| async {
            let text =
                self.commands.run("say how it is set up", &["scontrol", "show", "config"], &[]).await?;
            Ok::<bool, EngineError>(has_accounting(&text))
        });
        found.await.copied()
    }

    /// How jobs ended of which the queue does not tell it: what is not known at all is left out.
    async fn ended(&self, jobs: &[&JobId]) -> Result<BTreeMap<JobId, JobState>, EngineError> {
        let what = "tell of ended jobs";
        let mut found = BTreeMap::new();
        let words: Vec<&str> = jobs.iter().map(|job| job.as_str()).collect();
        if self.accounting().await? {
            let list = words.join(",");
            let fields = "JobID,State,ExitCode,NodeList";
            let command =
                ["sacct", "--noheader", "--parsable2", "--allocations", "--format", fields, "--jobs", &list];
            found = self.lines(&self.commands.run(what, &command, &[]).await?, what, |line| {
                let mut parts = line.split('|');
                let mut next = || parts.next().unwrap_or_default();
                let (id, state, exit, nodes) = (next(), next(), next(), next());
                (id.to_owned(), states::read(state, exit, "", nodes))
            })?;
            // The account is written a little after the end.
            found.retain(|_, state| matches!(state, JobState::Ended(_)));
        }
        let missing: Vec<&str> =
            words.into_iter().filter(|id| !found.keys().any(|known| known.as_str() == *id)).collect();
        if !missing.is_empty() {
            let script = "for id in \"$@\"; do scontrol show job --oneliner \"$id\" || echo; done";
            let mut all = vec!["/bin/sh", "-c", script, "sh"];
            all.extend(missing);
            let finished = self.commands.finish(&all).await?;
            if self.commands.is_away(&finished.complaint()) {
                return Err(self.commands.failed(what, &finished));
            }
            found.extend(self.lines(&finished.text(), what, |line| {
                let field = |name| tasks::field(line, name);
                let id = match (field("ArrayJobId"), field("ArrayTaskId")) {
                    ("", _) => field("JobId").to_owned(),
                    (array, index) => format!("{array}_{index}"),
                };
                let state =
                    states::read(field("JobState"), field("ExitCode"), field("Reason"), field("NodeList"));
                (id, state)
            })?);
        }
        // Of those of an array that were cancelled together before they began there is one line for all of them.
        let missing: Vec<&JobId> = jobs.iter().copied().filter(|job| !found.contains_key(*job)).collect();
        for (array, indices) in tasks::of_arrays(missing.into_iter()) {
            let mut told = self.tasks(&array, tasks::up_to(&indices)).await?;
            found.extend(
                indices.into_iter().filter_map(|(index, job)| Some((job.clone(), told.remove(&index)?))),
            );
        }
        Ok(found)
    }

    /// Reads lines that begin with the number of a job. Empty ones are passed over, those of several jobs of an array at once (they wait), and those
    /// of unknown ones.
    fn lines<'a>(
        &self,
        text: &'a str,
        what: &'static str,
        read: impl Fn(&'a str) -> (String, Result<JobState, String>),
    ) -> Result<BTreeMap<JobId, JobState>, EngineError> {
        let mut found = BTreeMap::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (id, state) = read(line);
            let is_of_several = id.contains('[');
            // Of a job of an array that it does not know, `scontrol` says so where it prints the others.
            let is_unknown = line.starts_with("Job ") && line.ends_with(" not found");
            if is_of_several || is_unknown {
                continue;
            }
            let id = JobId::new(&id).ok_or_else(|| self.commands.strange(what, line.to_owned()))?;
            let strange = |word| self.commands.strange(what, format!("the job state `{word}`"));
            found.insert(id, state.map_err(strange)?);
        }
        Ok(found)
    }
}

#[async_trait]
impl Engine for ByCommands {
    async fn check(&self) -> Vec<Check> {
        let advice = "choose the login node of the cluster, or make them known to shells that are not interactive (PATH in ~/.bashrc)";
        let mut checks = match self
            .commands
            .present(&["sbatch", "squeue", "scontrol", "scancel", "sinfo"], advice)
            .await
        {
            Ok(there) => vec![there],
            Err(missing) => return vec![missing],
        };
        match self.commands.run("say its version", &["sinfo", "--version"], &[]).await {
            Ok(text) => checks.push(version(text.trim())),
            Err(error) => checks.push(Check::bad("version", error.to_string())),
        }
        let words = ["sinfo", "--noheader", "--format", "%P|%a|%l|%D|%T|%c|%m|%G"];
        match self.commands.run("list its partitions", &words, &[]).await {
            Ok(text) => checks.extend(nodes::partitions(&text)),
            Err(error) => {
                let text = format!("{error}; is slurmctld running, and is SLURM_CONF the right one there?");
                checks.push(Check::bad("partitions", text));
            }
        }
        match self.accounting().await {
            Ok(true) => checks.push(Check::good("accounting", "ended jobs are asked of sacct")),
            Ok(false) => checks.push(Check::note(
                "accounting",
                "none: how a job ended is known only as long as Slurm remembers it (MinJobAge)",
            )),
            Err(error) => checks.push(Check::note("accounting", error.to_string())),
        }
        checks
    }

    async fn submit(&self, job: &BatchJob) -> Result<JobId, EngineError> {
        self.commands.submit(&options::arguments(job), &job.script).await
    }

    fn has_arrays(&self) -> bool {
        true
    }

    async fn begins(&self, job: &BatchJob) -> Result<Option<Seconds>, EngineError> {
        let what = "say when a job would begin";
        // Its clock may be another one than ours, and so may its time zone.
        let script = "date -u +%Y-%m-%dT%H:%M:%S; exec env TZ=UTC0 SLURM_TIME_FORMAT=standard \"$@\" 2>&1";
        let arguments = options::arguments(job);
        let mut words = vec!["/bin/sh", "-c", script, "sh"];
        words.extend(arguments.iter().map(String::as_str));
        words.push("--test-only");
        match self.commands.run(what, &words, job.script.as_bytes()).await {
            Ok(text) => Ok(tasks::begins(&text)),
            // Nodes that are drained or down come back; a job for them is taken, and waits.
            Err(EngineError::Refused { why, .. }) if why.contains(NO_NODES) => {
                Ok(Some(Seconds(f64::INFINITY)))
            }
            Err(error) => Err(error),
        }
    }

    async fn find(&self, name: &str) -> Result<Option<JobId>, EngineError> {
        let words = ["squeue", "--noheader", "--states=all", "--format=%F", "--name", name];
        let text = self.commands.run("look for the job", &words, &[]).await?;
        Ok(text.lines().find_map(|line| JobId::new(line.trim())))
    }

    async fn states(&self, jobs: &[JobId]) -> Result<BTreeMap<JobId, JobState>, EngineError> {
        let what = "tell how jobs are";
        if jobs.is_empty() {
            return Ok(BTreeMap::new());
        }
        let list = jobs.iter().map(JobId::as_str).collect::<Vec<_>>().join(",");
        let words =
            ["squeue", "--noheader", "--states=all", "--array", "--format=%i|%T|%N|%r", "--jobs", &list];
        let finished = self.commands.finish(&words).await?;
        let text = match finished.ok() {
            true => finished.text(),
            // It says so only when it knows none of them.
            false if finished.complaint().contains(UNKNOWN) => String::new(),
            false => return Err(self.commands.failed(what, &finished)),
        };
        let mut found = self.lines(&text, what, |line| {
            let mut parts = line.splitn(4, '|');
            let mut next = || parts.next().unwrap_or_default();
            let (id, state, nodes, reason) = (next(), next(), next(), next());
            (id.to_owned(), states::read(state, "", reason, nodes))
        })?;
        found.retain(|id, _| jobs.contains(id));
        // The queue has no exit codes.
        let asked: Vec<&JobId> = jobs
            .iter()
            .filter(|id| matches!(found.get(*id), None | Some(JobState::Ended(How::Failed { .. }))))
            .collect();
        if !asked.is_empty() {
            found.extend(self.ended(&asked).await?);
        }
        for job in jobs {
            found.entry(job.clone()).or_insert(JobState::Vanished);
        }
        found.retain(|id, _| jobs.contains(id));
        Ok(found)
    }

    async fn tasks(&self, job: &JobId, array: Array) -> Result<BTreeMap<u32, JobState>, EngineError> {
        let what = "tell how the jobs of an array are";
        let strange = |word| self.commands.strange(what, format!("the job state `{word}`"));
        let mut found = BTreeMap::new();
        let is_accounted = self.accounting().await?;
        if is_accounted {
            let fields = "JobID,State,ExitCode,NodeList";
            let id = job.as_str();
            let command =
                ["sacct", "--noheader", "--parsable2", "--allocations", "--format", fields, "--jobs", id];
            found =
                tasks::of_account(&self.commands.run(what, &command, &[]).await?, array).map_err(strange)?;
        }
        let words = ["scontrol", "show", "job", "--oneliner", job.as_str()];
        let finished = self.commands.finish(&words).await?;
        match finished.ok() {
            // What the queue says is newer.
            true => found = tasks::of_queue(&finished.text(), array, found).map_err(strange)?,
            false if finished.complaint().contains(UNKNOWN) => {}
            false => return Err(self.commands.failed(what, &finished)),
        }
        Ok(if is_accounted { tasks::with_dropped(found, array) } else { found })
    }

    async fn has_account(&self) -> bool {
        self.accounting().await.unwrap_or(false)
    }

    async fn usage(&self, job: &JobId) -> Result<Option<Usage>, EngineError> {
        if !self.accounting().await? {
            return Ok(None);
        }
        let fields = "JobID,ElapsedRaw,TotalCPU,MaxRSS,End";
        let command = ["sacct", "--noheader", "--parsable2", "--format", fields, "--jobs", job.as_str()];
        Ok(tasks::usage(&self.commands.run("tell what the job has used", &command, &[]).await?))
    }

    async fn cancel(&self, jobs: &[JobId]) -> Result<(), EngineError> {
        if jobs.is_empty() {
            return Ok(());
        }
        let mut words = vec!["scancel", "--quiet"];
        words.extend(jobs.iter().map(JobId::as_str));
        let finished = self.commands.finish(&words).await?;
        match finished.ok() || finished.complaint().contains(UNKNOWN) {
            true => Ok(()),
            false => Err(self.commands.failed("cancel", &finished)),
        }
    }
}

fn has_accounting(config: &str) -> bool {
    let line = config.lines().find_map(|line| line.trim().strip_prefix("AccountingStorageType"));
    let value = line.and_then(|rest| rest.split('=').nth(1)).map_or("", str::trim);
    !value.is_empty() && !value.ends_with("/none") && value != "(null)"
}

/// What is used here is there since 20.11.
fn version(text: &str) -> Check {
    let number = text.rsplit(' ').next().unwrap_or_default();
    let mut parts = number.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    match (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) {
        (0, _) => Check::note("version", format!("`{text}` is no version that is understood")),
        found if found < (20, 11) => {
            Check::note("version", format!("{text}; older than 20.11, with which nothing was tried"))
        }
        _ => Check::good("version", text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounting_is_read_from_the_configuration() {
        assert!(has_accounting("X = 1\nAccountingStorageType   = accounting_storage/slurmdbd\n"));
        assert!(!has_accounting("AccountingStorageType = accounting_storage/none\n"));
        assert!(!has_accounting("AccountingStorageType = (null)\n"));
        assert!(!has_accounting(""));
    }

    #[test]
    fn a_controller_that_is_away_is_told_from_one_that_refuses() {
        let slurm = ByCommands::new(Arc::new(Access::to(None).unwrap()));
        assert!(
            slurm
                .commands
                .is_away("slurm_load_jobs error: Unable to contact slurm controller (connect failure)")
        );
        assert!(!slurm.commands.is_away("sbatch: error: invalid partition specified: none"));
    }

    #[test]
    fn odd_lines_are_named() {
        let slurm = ByCommands::new(Arc::new(Access::to(None).unwrap()));
        let read = |line: &str| (line.to_owned(), Ok(JobState::Vanished));
        assert_eq!(slurm.lines("\n1\n\n2\n", "x", read).unwrap().len(), 2);
        assert_eq!(slurm.lines("1_4\n1_[5-9]\nJob 1_4 not found\n", "x", read).unwrap().len(), 1);
        assert!(slurm.lines("what is this", "x", read).unwrap_err().to_string().contains("what is this"));
    }

    #[test]
    fn old_versions_are_noted() {
        assert_eq!(version("slurm-wlm 22.05.8"), Check::good("version", "slurm-wlm 22.05.8"));
        assert_eq!(version("slurm 19.05.5").verdict, crate::Verdict::Note);
        assert_eq!(version("?").verdict, crate::Verdict::Note);
    }
}
