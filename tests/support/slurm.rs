//! A Slurm of four nodes on this host, with slurmrestd and an SSH server, which ends with the process of the test.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::{Desk, repository};

/// What `tests/rigs/slurm` has started.
pub struct Slurm {
    /// What it printed.
    pub report: Value,
}

impl Slurm {
    /// `shared` is the one of all tests, and `accounting` another of all of them, with accounting, and `memory` one that limits memory; else one of its own is started, whose
    /// parts may be ended.
    #[track_caller]
    pub fn start(name: &str) -> Slurm {
        let pid = std::process::id().to_string();
        let report = match name {
            "shared" | "accounting" | "memory" => rig(&[name, &pid]),
            _ => rig(&["private", &format!("{name}-{pid}"), &pid]),
        };
        Slurm {
            report: serde_json::from_str(&report).unwrap_or_else(|error| panic!("{error} in {report:?}")),
        }
    }

    /// A text of the report, by its path: `/ssh/config`.
    #[track_caller]
    pub fn word(&self, path: &str) -> &str {
        self.report
            .pointer(path)
            .and_then(Value::as_str)
            .unwrap_or_else(|| panic!("no {path} in {}", self.report))
    }

    /// The file that tells Slurm's commands where it is (`SLURM_CONF`).
    pub fn conf(&self) -> PathBuf {
        self.word("/environment/SLURM_CONF").into()
    }

    /// Ends a part: `controller`, `rest`, `ssh`, or a node.
    #[track_caller]
    pub fn down(&self, part: &str) {
        rig(&["down", self.word("/home"), part]);
    }

    /// Starts it again, at the same address.
    #[track_caller]
    pub fn up(&self, part: &str) {
        rig(&["up", self.word("/home"), part]);
    }

    /// A command of ours, typed on a host of this cluster.
    pub fn paramo(&self, desk: &Desk, words: &[&str]) -> Command {
        let mut command = desk.command(words);
        command.env("SLURM_CONF", self.conf());
        command
    }

    /// The numbers of the jobs that wait or run.
    #[track_caller]
    pub fn jobs(&self) -> Vec<String> {
        self.type_in(&["squeue", "-h", "-o", "%A"]).lines().map(str::to_owned).collect()
    }

    /// Has one of Slurm's commands carried out, and gives what it printed.
    #[track_caller]
    pub fn type_in(&self, words: &[&str]) -> String {
        let output = Command::new(words[0]).args(&words[1..]).env("SLURM_CONF", self.conf()).output();
        let output = output.unwrap_or_else(|error| panic!("{}: {error}", words[0]));
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

#[track_caller]
fn rig(words: &[&str]) -> String {
    let output = Command::new(repository().join("tests/rigs/slurm")).args(words).output();
    let output = output.unwrap_or_else(|error| panic!("tests/rigs/slurm does not start: {error}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
