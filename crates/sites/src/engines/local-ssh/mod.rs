//! A machine without an engine, reached by SSH (or this one): jobs begin at once and run beside each other. Only the shell of every Unix
//! and `setsid` and `timeout` are needed there.
//!
//! Each job has a directory below that of the site with its script, the number of its process, and its exit code once it has ended. So its
//! end is known however long nobody asked, and a job whose machine was started anew is told from one that ended.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use paramo_model::Seconds;

use crate::access::Access;
use crate::commands::Commands;
use crate::engine::cannot;
use crate::{BatchJob, Check, Description, Engine, EngineError, EngineKind, How, JobId, JobState};

const ENGINE: &str = "the machine";

/// The kind of engine that is none.
pub struct LocalSsh;

impl EngineKind for LocalSsh {
    fn name(&self) -> &'static str {
        "local-ssh"
    }

    fn help(&self) -> &'static str {
        "a machine without an engine, reached by SSH: jobs begin at once, and nobody shares it out"
    }

    fn connect(&self, site: &Description, access: Arc<Access>) -> Result<Box<dyn Engine>, EngineError> {
        let commands = Commands::only(ENGINE, &[], site, access.clone())?;
        Ok(Box::new(Machine { commands, access, directory: format!("{}/.running", site.directory) }))
    }
}

struct Machine {
    commands: Commands,
    access: Arc<Access>,
    /// Where the directories of jobs are, each under the job's name.
    directory: String,
}

/// `$1` the job's directory, `$2` its working directory, `$3` and `$4` the files of its output, `$5` its time in seconds, 0 for none; the
/// script is the input. A job that is there already is not begun again. The process that waits for the script has a group of its own; it
/// hears the word to end as the script does, and stays to write down how that ended.
const SUBMIT: &str = r#"
[ -e "$1/pid" ] && exit 0
umask 077
mkdir -p -- "$1" "$2" && cat > "$1/script" && chmod 700 "$1/script" || exit 1
cat /proc/sys/kernel/random/boot_id > "$1/boot" 2>/dev/null
setsid /bin/sh -c '
    trap : TERM INT
    echo $$ > "$1/pid"
    cd -- "$2" || { echo 126 > "$1/exit"; exit; }
    since=$(date +%s)
    if [ "$5" = 0 ]; then "$1/script"; else timeout --kill-after=10 "$5" "$1/script"; fi
    code=$?
    # `timeout` gives one of these when it ends a script, but a script may as well.
    case $code in 124|137) [ "$5" = 0 ] || [ $(($(date +%s) - since)) -lt "$5" ] || code=limit ;; esac
    echo $code > "$1/exit.part"
    mv -f -- "$1/exit.part" "$1/exit"
' sh "$@" < /dev/null >> "$3" 2>> "$4" &
n=0
until [ -s "$1/pid" ]; do
    n=$((n + 1)); [ $n -lt 200 ] || { echo "it does not begin" >&2; exit 1; }
    sleep 0.05
done
"#;

/// `$1` the directory of all jobs; the others are their names. A line for each: the name, a word, and a number.
const STATES: &str = r#"
cd -- "$1" 2>/dev/null || { shift; for j do echo "$j gone 0"; done; exit 0; }
shift
boot=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)
for j do
    pid=$(cat "$j/pid" 2>/dev/null)
    alive=no
    [ -n "$pid" ] && [ "$(cat "$j/boot" 2>/dev/null)" = "$boot" ] && kill -0 "$pid" 2>/dev/null && alive=yes
    # Looked at last: it is written before the process ends.
    if [ -e "$j/exit" ]; then
        if [ -e "$j/cancelled" ]; then echo "$j cancelled 0"
        else echo "$j exit $(cat "$j/exit")"; fi
    elif [ $alive = yes ]; then echo "$j runs 0"
    elif [ -z "$pid" ]; then echo "$j gone 0"
    elif [ -e "$j/cancelled" ]; then echo "$j cancelled 0"
    else echo "$j lost 0"; fi
done
"#;

/// `$1` the directory of all jobs; the others are their names. What does not end by itself within a while is killed.
const CANCEL: &str = r#"
cd -- "$1" 2>/dev/null || exit 0
shift
for j do
    [ -e "$j/exit" ] && continue
    pid=$(cat "$j/pid" 2>/dev/null) || continue
    [ "$(cat "$j/boot" 2>/dev/null)" = "$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)" ] || continue
    : > "$j/cancelled"
    kill -TERM "-$pid" 2>/dev/null
    setsid /bin/sh -c 'sleep 30; [ -e "$1/exit" ] || kill -KILL "-$2"' sh "$PWD/$j" "$pid" </dev/null >/dev/null 2>&1 &
done
:
"#;

impl Machine {
    fn place(&self, job: &str) -> String {
        format!("{}/{job}", self.directory)
    }

    async fn about(&self, script: &str, jobs: &[JobId], what: &str) -> Result<String, EngineError> {
        let words: Vec<&str> =
            std::iter::once(self.directory.as_str()).chain(jobs.iter().map(JobId::as_str)).collect();
        let text = self.access.shell(what, script, &words, &[]).await?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}

#[async_trait]
impl Engine for Machine {
    async fn check(&self) -> Vec<Check> {
        let advice = "install util-linux and coreutils there";
        let mut checks = match self.commands.present(&["setsid", "timeout", "cat", "mkdir"], advice).await {
            Ok(there) => vec![there],
            Err(missing) => return vec![missing],
        };
        let script = "getconf _NPROCESSORS_ONLN; cat /proc/loadavg 2>/dev/null | cut -d' ' -f1";
        match self.access.shell("look at it", script, &[], &[]).await {
            Ok(text) => {
                let text = String::from_utf8_lossy(&text).into_owned();
                let mut lines = text.lines();
                let (cpus, load) = (lines.next().unwrap_or("?"), lines.next().unwrap_or("?"));
                checks.push(Check::good("machine", format!("{cpus} CPUs, of which {load} are busy")));
            }
            Err(error) => checks.push(Check::note("machine", error.to_string())),
        }
        checks
    }

    async fn begins(&self, _job: &BatchJob) -> Result<Option<Seconds>, EngineError> {
        // Nothing queues there.
        Ok(Some(Seconds(0.0)))
    }

    async fn submit(&self, job: &BatchJob) -> Result<JobId, EngineError> {
        if job.array.is_some() || !job.after.is_empty() {
            return Err(cannot(
                ENGINE,
                "without an engine there are no arrays, and nothing waits for another job",
            ));
        }
        if job.size.nodes.is_some_and(|nodes| nodes > 1) {
            return Err(cannot(ENGINE, "it is one node"));
        }
        if !job.placement.arguments.is_empty() || job.placement.partition.is_some() {
            return Err(cannot(ENGINE, "without an engine there are no partitions and no `arguments`"));
        }
        let id = JobId::new(&job.name).ok_or_else(|| {
            cannot(ENGINE, "its name has other letters than a-z, A-Z, 0-9, `_`, `.` and `-`")
        })?;
        let place = self.place(id.as_str());
        let time = job.size.walltime.map_or(0, |time| time.0.ceil().max(1.0) as u64).to_string();
        let words = [place.as_str(), &job.directory, &job.output, &job.error, &time];
        self.access.shell("begin the job", SUBMIT, &words, job.script.as_bytes()).await?;
        Ok(id)
    }

    async fn find(&self, name: &str) -> Result<Option<JobId>, EngineError> {
        let script = "[ -e \"$1/pid\" ] && echo there; :";
        let found = self.access.shell("look for the job", script, &[&self.place(name)], &[]).await?;
        Ok(if found.is_empty() { None } else { JobId::new(name) })
    }

    async fn states(&self, jobs: &[JobId]) -> Result<BTreeMap<JobId, JobState>, EngineError> {
        if jobs.is_empty() {
            return Ok(BTreeMap::new());
        }
        let what = "tell how jobs are";
        let text = self.about(STATES, jobs, what).await?;
        let node = self.access.place().to_owned();
        let mut found = BTreeMap::new();
        for line in text.lines() {
            let mut words = line.split_whitespace();
            let id = words.next().and_then(JobId::new);
            let (word, number) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            let state = state(word, number, &node).zip(id);
            let (state, id) = state.ok_or_else(|| self.commands.strange(what, line.to_owned()))?;
            found.insert(id, state);
        }
        for job in jobs {
            found.entry(job.clone()).or_insert(JobState::Vanished);
        }
        Ok(found)
    }

    async fn cancel(&self, jobs: &[JobId]) -> Result<(), EngineError> {
        if jobs.is_empty() {
            return Ok(());
        }
        self.about(CANCEL, jobs, "end jobs").await.map(drop)
    }
}

fn state(word: &str, number: &str, node: &str) -> Option<JobState> {
    Some(match word {
        "runs" => JobState::Running { nodes: node.to_owned() },
        "exit" if number == "limit" => JobState::Ended(How::TimeLimit),
        "exit" => JobState::Ended(match number.parse::<u8>().ok()? {
            0 => How::Succeeded,
            // As shells tell of signals.
            code if code > 128 && code <= 128 + 64 => How::Signalled { signal: code - 128 },
            code => How::Failed { code },
        }),
        "cancelled" => JobState::Ended(How::Cancelled),
        "lost" => JobState::Ended(How::NodeFailure),
        "gone" => JobState::Vanished,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
