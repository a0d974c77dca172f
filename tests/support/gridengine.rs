//! A Grid Engine on this host, which ends with the process of the test.

use std::process::Command;

use serde_json::Value;

use crate::repository;

/// What `tests/rigs/gridengine` has started: the one of all tests.
pub struct GridEngine {
    /// What its commands need to find it.
    pub environment: Vec<(String, String)>,
}

impl GridEngine {
    #[track_caller]
    pub fn start() -> GridEngine {
        let pid = std::process::id().to_string();
        let output = Command::new(repository().join("tests/rigs/gridengine")).args(["shared", &pid]).output();
        let output = output.unwrap_or_else(|error| panic!("tests/rigs/gridengine does not start: {error}"));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}"));
        let variables = report["environment"].as_object().into_iter().flatten();
        GridEngine {
            environment: variables
                .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
                .collect(),
        }
    }

    /// Has one of its commands carried out, and gives what it printed.
    #[track_caller]
    pub fn type_in(&self, words: &[&str]) -> String {
        let variables = self.environment.iter().map(|(name, value)| (name, value));
        let output = Command::new(words[0]).args(&words[1..]).envs(variables).output();
        let output = output.unwrap_or_else(|error| panic!("{}: {error}", words[0]));
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}
