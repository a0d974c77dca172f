//! An engine as it is spoken with by its commands: what all such engines have in common.

use std::sync::Arc;

use crate::access::{Access, AccessError, Finished};
use crate::{BatchJob, Check, Description, EngineError, JobId};

/// The commands of an engine, on the host that `access` reaches.
pub(crate) struct Commands {
    /// The engine, in messages.
    engine: &'static str,
    /// What its commands say when it is not there now.
    away: &'static [&'static str],
    access: Arc<Access>,
}

impl Commands {
    pub fn new(engine: &'static str, away: &'static [&'static str], access: Arc<Access>) -> Commands {
        Commands { engine, away, access }
    }

    /// The same for an engine that has nothing but commands: a site that names an address is wrong.
    pub fn only(
        engine: &'static str,
        away: &'static [&'static str],
        site: &Description,
        access: Arc<Access>,
    ) -> Result<Commands, EngineError> {
        match &site.rest {
            Some(_) => Err(EngineError::Refused {
                engine,
                what: "be reached by a url",
                why: "only Slurm has such a door; give the `host` of its commands instead".to_owned(),
            }),
            None => Ok(Commands::new(engine, away, access)),
        }
    }

    /// Runs a command, however it ends.
    pub async fn finish(&self, words: &[&str]) -> Result<Finished, AccessError> {
        self.access.run(words, &[]).await
    }

    /// What a command prints when all is well. `what` it does, in messages.
    pub async fn run(&self, what: &'static str, words: &[&str], input: &[u8]) -> Result<String, EngineError> {
        let finished = self.access.run(words, input).await?;
        if finished.ok() { Ok(finished.text()) } else { Err(self.failed(what, &finished)) }
    }

    /// What a command that failed means.
    pub fn failed(&self, what: &'static str, finished: &Finished) -> EngineError {
        // Some complain where others print.
        let why = match finished.err.is_empty() && !finished.out.is_empty() {
            true => finished.text().trim().to_owned(),
            false => finished.complaint(),
        };
        match self.is_away(&why) {
            true => EngineError::Away { engine: self.engine, why },
            false => EngineError::Refused { engine: self.engine, what, why },
        }
    }

    pub fn is_away(&self, complaint: &str) -> bool {
        self.away.iter().any(|words| complaint.contains(words))
    }

    /// An answer that is not understood.
    pub fn strange(&self, what: &'static str, why: String) -> EngineError {
        EngineError::Strange { engine: self.engine, what, why }
    }

    /// Whether the commands are there. The error is a host on which nothing more need be looked at; `advice` says what to do about it.
    pub async fn present(&self, commands: &[&str], advice: &str) -> Result<Check, Check> {
        let what = "commands";
        let script = "for c do command -v \"$c\" >/dev/null || printf '%s ' \"$c\"; done";
        let words = [&["/bin/sh", "-c", script, "sh"], commands].concat();
        let finished = self.finish(&words).await.map_err(|error| Check::bad(what, error.to_string()))?;
        match finished.text().trim() {
            "" => Ok(Check::good(what, commands.join(", "))),
            missing => {
                Err(Check::bad(what, format!("not found on {}: {missing}; {advice}", self.access.place())))
            }
        }
    }

    /// Submits a job by a command that reads `script`, and prints the job's number last: a site's own checks may print lines before.
    pub async fn submit(&self, words: &[String], script: &str) -> Result<JobId, EngineError> {
        let what = "submit the job";
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let text = self.run(what, &words, script.as_bytes()).await?;
        let last = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
        // Of several clusters the name of the one follows a semicolon.
        let id = last.split(';').next().unwrap_or_default().trim();
        JobId::new(id).ok_or_else(|| self.strange(what, text.trim().to_owned()))
    }
}

impl BatchJob {
    /// The program that reads the script, from its first line: some engines have one of their own otherwise.
    pub(crate) fn shell(&self) -> &str {
        let first = self.script.lines().next().and_then(|line| line.strip_prefix("#!"));
        let first = first.map(str::trim).unwrap_or_default();
        // `env` needs the name of a program, and a shell here has no arguments.
        match first.split_whitespace().next() {
            Some(program) if program.starts_with('/') && !program.ends_with("/env") => program,
            _ if first.ends_with("bash") => "/bin/bash",
            _ => "/bin/sh",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_engine_that_is_away_is_told_from_one_that_refuses() {
        let commands = Commands::new("Engine", &["is away"], Arc::new(Access::to(None).unwrap()));
        let finished = |out: &str, err: &str| Finished { code: Some(1), out: out.into(), err: err.into() };
        assert!(commands.failed("x", &finished("", "the server is away")).is_passing());
        assert!(commands.failed("x", &finished("the server is away", "")).is_passing());
        let refused = commands.failed("do it", &finished("", "no such queue"));
        assert_eq!(refused.to_string(), "Engine refused to do it: no such queue");
        let missing = commands.present(&["sh", "no-such-command"], "look elsewhere").await.unwrap_err();
        assert!(missing.text.ends_with(": no-such-command; look elsewhere"), "{}", missing.text);
        assert_eq!(commands.present(&["sh", "cat"], "").await, Ok(Check::good("commands", "sh, cat")));
    }

    #[tokio::test]
    async fn the_last_line_is_the_number_of_the_job() {
        let commands = Commands::new("Engine", &[], Arc::new(Access::to(None).unwrap()));
        let submit = async |text: &str| {
            let words = ["cat".to_owned()];
            commands.submit(&words, text).await
        };
        assert_eq!(submit("welcome\n12.host;other\n\n").await.unwrap().as_str(), "12.host");
        assert!(submit("what is this").await.unwrap_err().to_string().contains("what is this"));
    }
}
