//! Plain batch scripts on a site: brought there with their files, submitted as they are, and looked at later by whoever asks.
//!
//! Each has a directory of its own. In it is the script, unchanged; what the engine gets has the script's own lines for the engine at its
//! top, calls it, and writes down its exit code. So how a job ended is known when the engine has long forgotten it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::access::{AccessError, quoted};
use crate::job::with_prologue;
use crate::mirror::{self, files};
use crate::{After, Array, BatchJob, Connection, EngineError, How, JobId, JobState, Placement, Size, Usage};

/// A script that is to run on a site.
#[derive(Clone, Debug)]
pub struct Script {
    /// Nobody else's.
    pub name: String,
    /// It begins with `#!`.
    pub text: String,
    pub arguments: Vec<String>,
    /// Files of this host that it wants: their names in its directory, and where they are.
    pub inputs: Vec<(String, PathBuf)>,
    /// Files that came along with it.
    pub sent: Vec<SentFile>,
    pub placement: Placement,
    pub size: Size,
    pub array: Option<Array>,
    pub after: Vec<After>,
}

/// A file that is in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentFile {
    /// In the directory of the script.
    pub name: String,
    pub bytes: Vec<u8>,
    /// Whether it is a program.
    pub executable: bool,
}

/// How a script is getting on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Of all of it: an array has ended when each of its jobs has.
    pub state: JobState,
    /// Of an array, by index.
    pub tasks: BTreeMap<u32, JobState>,
}

impl Script {
    /// A name that nobody else's job has.
    ///
    /// # Errors
    ///
    /// When this host gives no random numbers.
    pub fn name_for(title: &str) -> Result<String, AccessError> {
        Ok(format!("{title}-{}", mirror::mark()?))
    }
}

/// What is not a name of the user's.
const SCRIPT: &str = ".script";
const EXIT: &str = ".exit";

impl Connection {
    /// The directory of a script.
    pub fn script_directory(&self, name: &str) -> String {
        format!("{}/jobs/{name}", self.site.directory)
    }

    /// The file with what a script, or one job of its array, has printed.
    pub fn script_output(&self, name: &str, error: bool, index: Option<u32>) -> String {
        let file = if error { ".stderr" } else { ".stdout" };
        let index = index.map(|index| format!("-{index}")).unwrap_or_default();
        format!("{}/{file}{index}", self.script_directory(name))
    }

    /// Brings a script and its files to the site.
    ///
    /// # Errors
    ///
    /// When a file cannot be read here or written there.
    pub async fn bring_script(&self, script: &Script) -> Result<(), AccessError> {
        let directory = self.script_directory(&script.name);
        files::bring(&self.access, &script.inputs, &directory).await?;
        for file in &script.sent {
            let mode = if file.executable { "700" } else { "600" };
            self.access.put(&file.bytes, &format!("{directory}/{}", file.name), mode).await?;
        }
        self.access.put(script.text.as_bytes(), &format!("{directory}/{SCRIPT}"), "700").await
    }

    /// Submits a script that was brought. When the answer was lost on the way, the engine's `find` tells by its name whether it arrived.
    ///
    /// # Errors
    ///
    /// When the site refuses, or does not answer.
    pub async fn submit_script(&self, script: &Script) -> Result<JobId, EngineError> {
        let job = BatchJob {
            name: script.name.clone(),
            script: with_prologue(&wrapped(script, self.engine.array_index()), self.site.prologue.as_deref()),
            directory: self.script_directory(&script.name),
            output: self.script_output(&script.name, false, None),
            error: self.script_output(&script.name, true, None),
            placement: script.placement.clone().or(&self.site.placement),
            size: script.size.clone(),
            again: true,
            array: script.array,
            after: script.after.clone(),
        };
        self.engine.submit(&job).await
    }

    /// How a script is.
    ///
    /// # Errors
    ///
    /// When the site does not answer.
    pub async fn script_progress(
        &self,
        name: &str,
        job: &JobId,
        array: Option<Array>,
    ) -> Result<Progress, EngineError> {
        let Some(array) = array else {
            let state = self.script_states(&[(name, job.clone())]).await?.remove(name);
            return Ok(Progress { state: state.unwrap_or(JobState::Vanished), tasks: BTreeMap::new() });
        };
        let mut tasks = self.engine.tasks(job, array).await?;
        // An engine that knows nothing of one may take it for cancelled.
        let is_known =
            |state: Option<&JobState>| !matches!(state, None | Some(JobState::Ended(How::Cancelled)));
        if array.indices().any(|index| !is_known(tasks.get(&index))) {
            let written = self.written(name).await?;
            for index in array.indices() {
                match written.get(&Some(index)) {
                    Some(how) if !is_known(tasks.get(&index)) => {
                        tasks.insert(index, JobState::Ended(*how));
                    }
                    _ => drop(tasks.entry(index).or_insert(JobState::Vanished)),
                }
            }
        }
        Ok(Progress { state: together(&tasks), tasks })
    }

    /// How scripts that are no arrays are, by name, asked at once.
    ///
    /// # Errors
    ///
    /// When the site does not answer.
    pub async fn script_states(
        &self,
        jobs: &[(&str, JobId)],
    ) -> Result<BTreeMap<String, JobState>, EngineError> {
        let ids: Vec<JobId> = jobs.iter().map(|(_, id)| id.clone()).collect();
        let mut states = self.engine.states(&ids).await?;
        let mut found = BTreeMap::new();
        for (name, id) in jobs {
            let mut state = states.remove(id).unwrap_or(JobState::Vanished);
            if state == JobState::Vanished
                && let Some(how) = self.written(name).await?.remove(&None)
            {
                state = JobState::Ended(how);
            }
            found.insert((*name).to_owned(), state);
        }
        Ok(found)
    }

    /// The ends that were written down, by index.
    async fn written(&self, name: &str) -> Result<BTreeMap<Option<u32>, How>, AccessError> {
        let script = "cd -- \"$1\" 2>/dev/null || exit 0; for f in \"$2\"*; do [ -f \"$f\" ] && echo \"$f $(cat -- \"$f\")\"; done; :";
        let directory = self.script_directory(name);
        let text = self.access.shell("read how it ended", script, &[&directory, EXIT], &[]).await?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let read = |line: &str| {
            let (file, code) = line.split_once(' ')?;
            let index = match file.strip_prefix(EXIT)?.strip_prefix('-') {
                Some(index) => Some(index.parse().ok()?),
                None => None,
            };
            let how = match code.trim().parse::<u8>().ok()? {
                0 => How::Succeeded,
                code => How::Failed { code },
            };
            Some((index, how))
        };
        Ok(text.lines().filter_map(read).collect())
    }

    /// What a script has used, where the site keeps an account of it.
    ///
    /// # Errors
    ///
    /// When the site does not answer.
    pub async fn script_usage(&self, job: &JobId) -> Result<Option<Usage>, EngineError> {
        self.engine.usage(job).await
    }

    /// Fetches files of a script's directory into one of this host. Gives their number, and the patterns that matched none.
    ///
    /// # Errors
    ///
    /// When a file cannot be read there or written here.
    pub async fn fetch_from_script(
        &self,
        name: &str,
        patterns: &[String],
        into: &Path,
    ) -> Result<(usize, Vec<String>), AccessError> {
        files::fetch(&self.access, patterns, into, &self.script_directory(name)).await
    }

    /// The files of a script's directory that patterns name, and the patterns that matched none.
    ///
    /// # Errors
    ///
    /// When the site does not answer.
    pub async fn script_files(
        &self,
        name: &str,
        patterns: &[String],
    ) -> Result<(Vec<String>, Vec<String>), AccessError> {
        let (mut found, mut without) = (Vec::new(), Vec::new());
        for pattern in patterns {
            let names = files::matching(&self.access, &self.script_directory(name), pattern).await?;
            if names.is_empty() {
                without.push(pattern.clone());
            }
            found.extend(names);
        }
        found.sort();
        found.dedup();
        Ok((found, without))
    }

    /// Where a file of a script's directory is; nothing when there is none of that name below it.
    ///
    /// # Errors
    ///
    /// When the site does not answer.
    pub async fn script_file(&self, name: &str, file: &str) -> Result<Option<String>, AccessError> {
        if !mirror::is_below(file) {
            return Ok(None);
        }
        let path = format!("{}/{file}", self.script_directory(name));
        let script = "if [ -f \"$1\" ]; then echo yes; fi";
        let there = self.access.shell(&format!("look for {path}"), script, &[&path], &[]).await?;
        Ok((!there.is_empty()).then_some(path))
    }

    /// Removes the directory of a script.
    ///
    /// # Errors
    ///
    /// When the site does not answer, or it cannot be removed.
    pub async fn remove_script(&self, name: &str) -> Result<(), AccessError> {
        let directory = self.script_directory(name);
        self.access.shell("remove it", "rm -rf -- \"$1\"", &[&directory], &[]).await.map(drop)
    }
}

/// The state of an array as a whole.
fn together(tasks: &BTreeMap<u32, JobState>) -> JobState {
    let find = |wanted: fn(&JobState) -> bool| tasks.values().find(|state| wanted(state)).cloned();
    find(|state| matches!(state, JobState::Running { .. }))
        .or_else(|| find(|state| matches!(state, JobState::Waiting { .. })))
        .or_else(|| find(|state| matches!(state, JobState::Ended(how) if *how != How::Succeeded)))
        .or_else(|| find(|state| matches!(state, JobState::Vanished)))
        .unwrap_or(JobState::Ended(How::Succeeded))
}

/// What the engine gets: the script's own lines for it, and the script.
fn wrapped(script: &Script, variable: &str) -> String {
    let is_comment = |line: &&str| line.starts_with('#') || line.trim().is_empty();
    let options = script.text.lines().skip(1).take_while(is_comment).filter(|line| !line.trim().is_empty());
    let options: String = options.map(|line| format!("{line}\n")).collect();
    let words: String = script.arguments.iter().map(|word| format!(" {}", quoted(word))).collect();
    let index = if script.array.is_some() { format!("-${variable}") } else { String::new() };
    format!(
        "#!/bin/bash\n{options}\
         ./{SCRIPT}{words}\n\
         code=$?\n\
         echo \"$code\" > \"{EXIT}{index}\"\n\
         exit \"$code\"\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(text: &str) -> Script {
        Script {
            name: "a-1".to_owned(),
            text: text.to_owned(),
            arguments: vec!["x y".to_owned(), "-n".to_owned()],
            inputs: Vec::new(),
            sent: Vec::new(),
            placement: Placement::default(),
            size: Size::default(),
            array: None,
            after: Vec::new(),
        }
    }

    #[test]
    fn lines_for_the_engine_stay_at_the_top_and_the_exit_code_is_written_down() {
        let text =
            "#!/usr/bin/env python3\n#SBATCH --mem=1G\n\n# why\n#SBATCH -n 2\nprint(1)\n#SBATCH --late\n";
        assert_eq!(
            wrapped(&script(text), "SLURM_ARRAY_TASK_ID"),
            "#!/bin/bash\n#SBATCH --mem=1G\n# why\n#SBATCH -n 2\n./.script 'x y' -n\ncode=$?\necho \"$code\" > \".exit\"\nexit \"$code\"\n"
        );
    }

    #[test]
    fn an_array_is_as_the_busiest_or_the_worst_of_its_jobs() {
        let of = |states: &[JobState]| together(&(0..).zip(states.iter().cloned()).collect());
        let (good, bad) = (JobState::Ended(How::Succeeded), JobState::Ended(How::Failed { code: 3 }));
        let waits = JobState::Waiting { reason: String::new() };
        let runs = JobState::Running { nodes: "n".to_owned() };
        assert_eq!(of(&[good.clone(), waits.clone(), runs.clone()]), runs);
        assert_eq!(of(&[good.clone(), waits.clone(), bad.clone()]), waits);
        assert_eq!(of(&[good.clone(), bad.clone(), JobState::Vanished]), bad);
        assert_eq!(of(&[good.clone(), good.clone()]), good);
    }
}
