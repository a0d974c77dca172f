//! What the end-to-end tests share: the binary as it was built, a directory to work in, and its answers.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The binary that was built with these tests. `make test` builds it first.
pub fn binary(name: &str) -> PathBuf {
    let mut directory =
        std::env::current_exe().unwrap_or_else(|error| panic!("where are the tests? {error}"));
    directory.pop();
    if directory.ends_with("deps") {
        directory.pop();
    }
    let binary = directory.join(name);
    assert!(binary.exists(), "{} is not built; run `cargo build --workspace --bins` first", binary.display());
    binary
}

/// The top of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// A directory in which somebody types commands.
pub struct Desk {
    directory: TempDir,
}

/// What a command answered.
#[derive(Debug)]
pub struct Answer {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// Waits until something holds, and fails the test when it does not within half a minute.
#[track_caller]
pub fn until(what_is_wrong: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "{what_is_wrong}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

impl Default for Desk {
    fn default() -> Desk {
        Desk::new()
    }
}

impl Desk {
    pub fn new() -> Desk {
        Desk::named("")
    }

    /// A directory whose name contains `name`.
    pub fn named(name: &str) -> Desk {
        let directory = tempfile::Builder::new()
            .prefix(&format!("paramo-{name}"))
            .tempdir()
            .unwrap_or_else(|error| panic!("no directory: {error}"));
        Desk { directory }
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Writes a file.
    pub fn file(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).unwrap_or_else(|error| panic!("{}: {error}", parent.display()));
        }
        std::fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        path
    }

    /// The text of a file; empty when it is not there.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).unwrap_or_default()
    }

    /// A command that has not been started: `paramo` with these words.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(binary("paramo"));
        command.args(words).current_dir(self.path()).env_remove("PARAMO_STORE").stdin(Stdio::null());
        // Tables are laid out for this width, whatever the terminal of the tests.
        command.env("COLUMNS", "120").env("TZ", "UTC").env("NO_COLOR", "1");
        command
    }

    /// Types `paramo …` and waits for the answer.
    pub fn paramo(&self, words: &[&str]) -> Answer {
        Answer::from(
            self.command(words).output().unwrap_or_else(|error| panic!("paramo does not start: {error}")),
        )
    }

    /// Starts `paramo …` and goes on.
    pub fn start(&self, words: &[&str]) -> std::process::Child {
        self.command(words)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("paramo does not start: {error}"))
    }
}

impl From<Output> for Answer {
    fn from(output: Output) -> Answer {
        Answer {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Answer {
    /// Fails the test, showing everything, unless the exit code is this one.
    #[track_caller]
    pub fn expect(self, code: i32) -> Answer {
        assert_eq!(
            self.code,
            Some(code),
            "exit code\n--- standard output\n{}\n--- standard error\n{}",
            self.out,
            self.err
        );
        self
    }

    /// The lines of standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> Vec<serde_json::Value> {
        self.out
            .lines()
            .map(|line| {
                serde_json::from_str(line).unwrap_or_else(|error| panic!("not JSON ({error}): {line}"))
            })
            .collect()
    }
}
