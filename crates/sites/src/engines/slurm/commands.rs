//! Slurm by its commands. Every question is one command, however many jobs it is about.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::OnceCell;

use super::{SLURM, nodes, options, states};
use crate::access::{Access, Finished};
use crate::{BatchJob, Check, Engine, EngineError, How, JobId, JobState};

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

pub(super) struct ByCommands {
    access: Arc<Access>,
    accounting: OnceCell<bool>,
}

impl ByCommands {
    pub(super) fn new(access: Arc<Access>) -> ByCommands {
        ByCommands { access, accounting: OnceCell::new() }
    }

    async fn run(&self, what: &'static str, words: &[&str], input: &[u8]) -> Result<String, EngineError> {
        let finished = self.access.run(words, input).await?;
        if finished.ok() { Ok(finished.text()) } else { Err(failed(what, &finished)) }
    }

    /// Whether ended jobs are remembered by `sacct`.
    async fn accounting(&self) -> Result<bool, EngineError> {
        let found = self.accounting.get_or_try_init(|| async {
            let text = self.run("say how it is set up", &["scontrol", "show", "config"], &[]).await?;
            Ok::<bool, EngineError>(has_accounting(&text))
        });
        found.await.copied()
    }

    /// How jobs ended of which the queue does not tell it: what is not known at all is left out.
    async fn ended(&self, jobs: &[&JobId]) -> Result<BTreeMap<JobId, JobState>, EngineError> {
        let mut found = BTreeMap::new();
        let words: Vec<&str> = jobs.iter().map(|job| job.as_str()).collect();
        if self.accounting().await? {
            let list = words.join(",");
            let fields = "JobIDRaw,State,ExitCode,NodeList";
            let command =
                ["sacct", "--noheader", "--parsable2", "--allocations", "--format", fields, "--jobs", &list];
            found =
                lines(&self.run("tell of ended jobs", &command, &[]).await?, "tell of ended jobs", |line| {
                    let mut parts = line.split('|');
                    let mut next = || parts.next().unwrap_or_default();
                    let (id, state, exit, nodes) = (next(), next(), next(), next());
                    (id, states::read(state, exit, "", nodes))
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
            let finished = self.access.run(&all, &[]).await?;
            if is_away(&finished.complaint()) {
                return Err(failed("tell of ended jobs", &finished));
            }
            found.extend(lines(&finished.text(), "tell of ended jobs", |line| {
                let field = |name: &str| {
                    line.split(' ')
                        .find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
                        .unwrap_or_default()
                };
                let state =
                    states::read(field("JobState"), field("ExitCode"), field("Reason"), field("NodeList"));
                (field("JobId"), state)
            })?);
        }
        Ok(found)
    }
}

#[async_trait]
impl Engine for ByCommands {
    async fn check(&self) -> Vec<Check> {
        let mut checks = Vec::new();
        let what = "commands";
        let script = "for c in sbatch squeue scontrol scancel sinfo; do command -v $c >/dev/null || printf '%s ' $c; done";
        match self.access.run(&["/bin/sh", "-c", script], &[]).await {
            Err(error) => {
                checks.push(Check::bad(what, error.to_string()));
                return checks;
            }
            Ok(finished) if !finished.text().trim().is_empty() => {
                let text = format!(
                    "not found on {}: {}; choose the login node of the cluster, or make them known to shells that are not interactive (PATH in ~/.bashrc)",
                    self.access.place(),
                    finished.text().trim()
                );
                checks.push(Check::bad(what, text));
                return checks;
            }
            Ok(_) => checks.push(Check::good(what, "sbatch, squeue, scontrol, scancel, sinfo")),
        }
        match self.run("say its version", &["sinfo", "--version"], &[]).await {
            Ok(text) => checks.push(version(text.trim())),
            Err(error) => checks.push(Check::bad("version", error.to_string())),
        }
        let words = ["sinfo", "--noheader", "--format", "%P|%a|%l|%D|%T|%c|%m|%G"];
        match self.run("list its partitions", &words, &[]).await {
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
        let what = "submit the job";
        let words = options::arguments(job);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let text = self.run(what, &words, job.script.as_bytes()).await?;
        // With several clusters the name of the one follows a semicolon. Plugins of a site may print lines before.
        let last = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
        let id = last.split(';').next().unwrap_or_default().trim();
        JobId::new(id).ok_or_else(|| EngineError::Strange {
            engine: SLURM,
            what,
            why: text.trim().to_owned(),
        })
    }

    async fn find(&self, name: &str) -> Result<Option<JobId>, EngineError> {
        let words = ["squeue", "--noheader", "--states=all", "--format=%i", "--name", name];
        let text = self.run("look for the job", &words, &[]).await?;
        Ok(text.lines().find_map(|line| JobId::new(line.trim())))
    }

    async fn states(&self, jobs: &[JobId]) -> Result<BTreeMap<JobId, JobState>, EngineError> {
        let what = "tell how jobs are";
        if jobs.is_empty() {
            return Ok(BTreeMap::new());
        }
        let list = jobs.iter().map(JobId::as_str).collect::<Vec<_>>().join(",");
        let words = ["squeue", "--noheader", "--states=all", "--format=%i|%T|%N|%r", "--jobs", &list];
        let finished = self.access.run(&words, &[]).await?;
        let text = match finished.ok() {
            true => finished.text(),
            // It says so only when it knows none of them.
            false if finished.complaint().contains(UNKNOWN) => String::new(),
            false => return Err(failed(what, &finished)),
        };
        let mut found = lines(&text, what, |line| {
            let mut parts = line.splitn(4, '|');
            let mut next = || parts.next().unwrap_or_default();
            let (id, state, nodes, reason) = (next(), next(), next(), next());
            (id, states::read(state, "", reason, nodes))
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

    async fn cancel(&self, jobs: &[JobId]) -> Result<(), EngineError> {
        if jobs.is_empty() {
            return Ok(());
        }
        let mut words = vec!["scancel", "--quiet"];
        words.extend(jobs.iter().map(JobId::as_str));
        let finished = self.access.run(&words, &[]).await?;
        match finished.ok() || finished.complaint().contains(UNKNOWN) {
            true => Ok(()),
            false => Err(failed("cancel", &finished)),
        }
    }
}

/// Reads lines that begin with the number of a job; empty ones are passed over.
fn lines<'a>(
    text: &'a str,
    what: &'static str,
    read: impl Fn(&'a str) -> (&'a str, Result<JobState, String>),
) -> Result<BTreeMap<JobId, JobState>, EngineError> {
    let strange = |why: String| EngineError::Strange { engine: SLURM, what, why };
    let mut found = BTreeMap::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (id, state) = read(line);
        let id = JobId::new(id).ok_or_else(|| strange(line.to_owned()))?;
        found.insert(id, state.map_err(|word| strange(format!("the job state `{word}`")))?);
    }
    Ok(found)
}

fn is_away(complaint: &str) -> bool {
    AWAY.iter().any(|words| complaint.contains(words))
}

fn failed(what: &'static str, finished: &Finished) -> EngineError {
    let why = finished.complaint();
    match is_away(&why) {
        true => EngineError::Away { engine: SLURM, why },
        false => EngineError::Refused { engine: SLURM, what, why },
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
        let finished = |err: &str| Finished { code: Some(1), out: vec![], err: err.as_bytes().to_vec() };
        let away = "slurm_load_jobs error: Unable to contact slurm controller (connect failure)";
        assert!(failed("x", &finished(away)).is_passing());
        assert!(!failed("x", &finished("sbatch: error: invalid partition specified: none")).is_passing());
    }

    #[test]
    fn odd_lines_are_named() {
        let read = |line| (line, Ok(JobState::Vanished));
        assert_eq!(lines("\n1\n\n2\n", "x", read).unwrap().len(), 2);
        assert!(lines("what is this", "x", read).unwrap_err().to_string().contains("what is this"));
    }

    #[test]
    fn old_versions_are_noted() {
        assert_eq!(version("slurm-wlm 22.05.8"), Check::good("version", "slurm-wlm 22.05.8"));
        assert_eq!(version("slurm 19.05.5").verdict, crate::Verdict::Note);
        assert_eq!(version("?").verdict, crate::Verdict::Note);
    }
}
