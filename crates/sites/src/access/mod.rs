//! A host on which commands are run and files are put: this one, or one behind OpenSSH.
//!
//! Everything is a command with an input and an output, also the transfer of files, so that a further way to a host (another SSH, a
//! container) has to say only how a command is started there.

mod here;
mod output;
mod ssh;

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

pub(crate) use ssh::quoted;

use crate::Login;

/// A command that says nothing for so long has no answer.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// The most that is kept of what a command prints.
const MOST: usize = 64 << 20;
/// What is read of a growing file at a time.
pub const PIECE: usize = 1 << 20;

/// How a command is started on a host.
trait Way: Send + Sync {
    /// The process of this host by which the command is run there.
    fn command(&self, words: &[&str]) -> Command;
    /// The same with a connection of its own, which no other command shares, and further options of it. `None`: there are no connections.
    fn apart(&self, options: &[&str], words: &[&str]) -> Option<Command>;
    /// The host, as messages name it.
    fn place(&self) -> &str;
    /// Why the host could not be reached, when that is what an ended process tells.
    fn unreachable(&self, finished: &Finished) -> Option<String>;
}

/// A host.
pub struct Access {
    way: Box<dyn Way>,
}

/// How a command has ended.
#[derive(Debug, Default)]
pub struct Finished {
    /// `None`: by a signal.
    pub code: Option<i32>,
    pub out: Vec<u8>,
    pub err: Vec<u8>,
}

impl Finished {
    pub fn ok(&self) -> bool {
        self.code == Some(0)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.out).into_owned()
    }

    /// What it complained of, in one line.
    pub fn complaint(&self) -> String {
        let text = String::from_utf8_lossy(&self.err);
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        match (lines.is_empty(), self.code) {
            (false, _) => lines.join("; "),
            (true, Some(code)) => format!("exit code {code}"),
            (true, None) => "ended by a signal".to_owned(),
        }
    }
}

/// Why nothing came of a command.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    #[error("{place} cannot be reached: {why}")]
    Unreachable { place: String, why: String },
    #[error("{place} does not answer within {seconds} s")]
    Silent { place: String, seconds: u64 },
    #[error("`{program}` cannot be started on {place}: {why}")]
    Start { program: String, place: String, why: String },
    #[error("cannot {what} on {place}: {why}")]
    Refused { what: String, place: String, why: String },
    #[error("{file}: {why}")]
    Local { file: String, why: String },
}

impl AccessError {
    /// Whether it may go away by itself.
    pub fn is_passing(&self) -> bool {
        matches!(self, AccessError::Unreachable { .. } | AccessError::Silent { .. })
    }
}

impl Access {
    /// The host of a site.
    ///
    /// # Errors
    ///
    /// When there is no safe place for the sockets of connections.
    pub fn to(login: Option<&Login>) -> Result<Access, AccessError> {
        Ok(Access {
            way: match login {
                Some(login) => Box::new(ssh::Ssh::new(login)?),
                None => Box::new(here::Here),
            },
        })
    }

    pub fn place(&self) -> &str {
        self.way.place()
    }

    /// A process with a connection of its own; see [`Way::apart`].
    pub(crate) fn apart(&self, options: &[&str], words: &[&str]) -> Option<Command> {
        self.way.apart(options, words)
    }

    /// Runs a command to its end.
    ///
    /// # Errors
    ///
    /// When it could not be started, or did not end in time. A command that failed is no error.
    pub async fn run(&self, words: &[&str], input: &[u8]) -> Result<Finished, AccessError> {
        self.run_within(PATIENCE, words, input).await
    }

    /// The same, with a time limit of one's own.
    pub async fn run_within(
        &self,
        limit: Duration,
        words: &[&str],
        input: &[u8],
    ) -> Result<Finished, AccessError> {
        let mut command = self.way.command(words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        // Ctrl-C is for whoever asked: what is under way must be able to end, and the job be cancelled after it.
        command.process_group(0);
        let work = async {
            let mut child = command.spawn().map_err(|error| self.not_started(words, &error.to_string()))?;
            if let Some(mut pipe) = child.stdin.take() {
                // A command that does not read its input to the end is its own affair.
                let _ = pipe.write_all(input).await;
            }
            output::of(child, MOST).await.map_err(|error| self.not_started(words, &error.to_string()))
        };
        let finished = tokio::time::timeout(limit, work).await.map_err(|_| AccessError::Silent {
            place: self.place().to_owned(),
            seconds: limit.as_secs(),
        })??;
        match self.way.unreachable(&finished) {
            Some(why) => Err(AccessError::Unreachable { place: self.place().to_owned(), why }),
            None => Ok(finished),
        }
    }

    fn not_started(&self, words: &[&str], why: &str) -> AccessError {
        AccessError::Start {
            program: words.first().copied().unwrap_or_default().to_owned(),
            place: self.place().to_owned(),
            why: why.to_owned(),
        }
    }

    /// Runs lines of shell; `words` are `$1`, `$2` and so on. Gives what they printed.
    ///
    /// # Errors
    ///
    /// Also when they fail; `what` completes "cannot …".
    pub async fn shell(
        &self,
        what: &str,
        script: &str,
        words: &[&str],
        input: &[u8],
    ) -> Result<Vec<u8>, AccessError> {
        let mut all = vec!["/bin/sh", "-c", script, "sh"];
        all.extend(words);
        let finished = self.run(&all, input).await?;
        match finished.ok() {
            true => Ok(finished.out),
            false => Err(self.refused(what, finished.complaint())),
        }
    }

    fn refused(&self, what: impl Into<String>, why: impl Into<String>) -> AccessError {
        AccessError::Refused { what: what.into(), place: self.place().to_owned(), why: why.into() }
    }

    /// Makes a directory and those above it, for its owner alone.
    pub async fn make_directory(&self, path: &str) -> Result<(), AccessError> {
        let script = "umask 077; mkdir -p -- \"$1\"";
        self.shell(&format!("make the directory {path}"), script, &[path], &[]).await.map(drop)
    }

    /// Writes a file as a whole: who reads it sees the old or the new one. `mode` is as `chmod` takes it.
    pub async fn put(&self, bytes: &[u8], path: &str, mode: &str) -> Result<(), AccessError> {
        let script = "umask 077; mkdir -p -- \"$(dirname -- \"$1\")\" && cat > \"$1.$$.part\" && \
            chmod \"$2\" \"$1.$$.part\" && mv -f -- \"$1.$$.part\" \"$1\" || { rm -f -- \"$1.$$.part\"; exit 1; }";
        self.shell(&format!("write {path}"), script, &[path, mode], bytes).await.map(drop)
    }

    /// Puts a file of this host there. It is streamed, so it may be larger than the memory.
    pub async fn put_file(&self, from: &Path, path: &str, mode: &str) -> Result<(), AccessError> {
        let local = |error: std::io::Error| AccessError::Local {
            file: from.display().to_string(),
            why: error.to_string(),
        };
        let file = std::fs::File::open(from).map_err(local)?;
        let script = "umask 077; mkdir -p -- \"$(dirname -- \"$1\")\" && cat > \"$1.$$.part\" && \
            [ \"$(wc -c < \"$1.$$.part\")\" -eq \"$3\" ] && chmod \"$2\" \"$1.$$.part\" && \
            mv -f -- \"$1.$$.part\" \"$1\" || { rm -f -- \"$1.$$.part\"; echo 'it did not arrive whole' >&2; exit 1; }";
        let length = file.metadata().map_err(local)?.len().to_string();
        let words = ["/bin/sh", "-c", script, "sh", path, mode, &length];
        let mut command = self.way.command(&words);
        command.stdin(file).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command.process_group(0);
        let finished = self.stream(command, None).await?;
        match finished.ok() {
            true => Ok(()),
            false => Err(self.refused(format!("write {path}"), finished.complaint())),
        }
    }

    /// Fetches a file as a whole; what was at `to` is replaced only when all of it is here.
    pub async fn get_file(&self, path: &str, to: &Path) -> Result<(), AccessError> {
        let local = |error: std::io::Error| AccessError::Local {
            file: to.display().to_string(),
            why: error.to_string(),
        };
        let mut part = to.as_os_str().to_owned();
        part.push(".part");
        let file = std::fs::File::create(&part).map_err(local)?;
        let mut command = self.way.command(&["cat", "--", path]);
        command.stdin(Stdio::null()).stdout(file).stderr(Stdio::piped()).kill_on_drop(true);
        command.process_group(0);
        let finished = self.stream(command, Some(Path::new(&part))).await;
        match finished {
            Ok(finished) if finished.ok() => std::fs::rename(&part, to).map_err(local),
            other => {
                // It is of no use, and its name would only be in the way.
                let _ = std::fs::remove_file(&part);
                Err(self.refused(format!("read {path}"), other?.complaint()))
            }
        }
    }

    /// Waits for a transfer, which takes as long as it takes.
    async fn stream(&self, mut command: Command, to: Option<&Path>) -> Result<Finished, AccessError> {
        let name = to.map_or_else(|| "cat".to_owned(), |path| path.display().to_string());
        let start = |error: std::io::Error| self.not_started(&[&name], &error.to_string());
        let child = command.spawn().map_err(start)?;
        let finished = output::of(child, MOST).await.map_err(start)?;
        match self.way.unreachable(&finished) {
            Some(why) => Err(AccessError::Unreachable { place: self.place().to_owned(), why }),
            None => Ok(finished),
        }
    }

    /// What a growing file holds beyond an offset, at the most [`PIECE`] bytes; nothing when it is not there yet.
    pub async fn read_beyond(&self, path: &str, offset: u64) -> Result<Vec<u8>, AccessError> {
        let script = "[ -e \"$1\" ] || exit 0; tail -c \"+$2\" -- \"$1\" | head -c \"$3\"";
        let (from, most) = ((offset + 1).to_string(), PIECE.to_string());
        self.shell(&format!("read {path}"), script, &[path, &from, &most], &[]).await
    }
}

#[cfg(test)]
mod tests;
