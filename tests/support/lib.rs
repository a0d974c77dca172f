//! What the end-to-end tests share: the binary as it was built, a directory to work in, and its answers.

pub mod engines;
pub mod gridengine;
pub mod group;
pub mod http;
pub mod netns;
pub mod proxy;
pub mod server;
pub mod slurm;
pub mod terminal;
pub mod workers;

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

/// The Python in which `scripts/prepare test` installs the packages that designs are compared with: NumPy, SciPy, SALib, pyDOE3.
pub fn python_of_peers() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache"));
    let python = cache.join("paramo/designs-venv/bin/python");
    assert!(python.exists(), "{} is not there; run `scripts/prepare test` first", python.display());
    python
}

/// A server of PostgreSQL, which ends with the process of the test. `name` is `shared` for the one of all tests, else one of its own
/// is started.
pub struct Postgres {
    name: String,
    /// `postgres://USER@HOST:PORT`.
    pub server: String,
}

impl Postgres {
    #[track_caller]
    pub fn start(name: &str) -> Postgres {
        let pid = std::process::id().to_string();
        let own = format!("{name}-{pid}");
        let server = match name {
            "shared" => rig(&["shared", &pid]),
            _ => rig(&["private", &own, &pid]),
        };
        Postgres { name: own, server }
    }

    /// Makes a database, and says its address.
    #[track_caller]
    pub fn database(&self, name: &str) -> String {
        let name = format!("{name}_{}", std::process::id());
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        format!("{}/{name}", self.server)
    }

    /// Has a statement carried out by `psql`.
    #[track_caller]
    pub fn sql(&self, database: &str, statement: &str) -> String {
        let url = format!("{}/{database}", self.server);
        let output =
            Command::new("psql").args(["-X", "-q", "-A", "-t", "-d", &url, "-c", statement]).output();
        let output =
            output.unwrap_or_else(|error| panic!("psql does not start: {error}; run `scripts/prepare test`"));
        assert!(output.status.success(), "{statement}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Ends the server at once, as a power cut would.
    #[track_caller]
    pub fn crash(&self) {
        rig(&["crash", &self.name]);
    }

    /// Starts it again, at the same address.
    #[track_caller]
    pub fn again(&self) {
        rig(&["again", &self.name]);
    }
}

#[track_caller]
fn rig(words: &[&str]) -> String {
    let output = Command::new(repository().join("tests/rigs/postgres")).args(words).output();
    let output = output.unwrap_or_else(|error| panic!("tests/rigs/postgres does not start: {error}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A directory in which somebody types commands.
pub struct Desk {
    directory: TempDir,
    /// The store, when it is not `.paramo`.
    store: Option<String>,
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
        Desk { directory, store: None }
    }

    /// The same desk with another store: a directory, or the address of a database.
    pub fn at(mut self, store: &str) -> Desk {
        self.store = Some(store.to_owned());
        self
    }

    /// The store: a directory, or the address of a database.
    pub fn store(&self) -> &str {
        self.store.as_deref().unwrap_or(".paramo")
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
        command.envs(self.store.iter().map(|store| ("PARAMO_STORE", store)));
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
