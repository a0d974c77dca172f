//! A batch script as it is sent: its text, the files that it wants, and what it asks the site for.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use paramo_model::{Bytes, Name, Seconds};
use paramo_sites::Array;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::{JobError, Result};
use super::files::pattern_fits;
use super::{NewScript, Sent, Terms};

/// A batch script to submit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "site": "hpc", "script": "fit.sh", "text": "#!/bin/bash\nwc -l data.csv\n", "inputs": { "data.csv": "1,2\n" }, "cpus": 2, "time_seconds": 600 }))]
pub struct Submission {
    /// The project that it is to belong to; `default` unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Where it runs.
    pub site: String,
    /// How it is called; as its file is unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The name of its file, for people.
    #[serde(default)]
    pub script: String,
    /// The script itself; it begins with `#!`.
    pub text: String,
    #[serde(default)]
    pub arguments: Vec<String>,
    /// Files that it wants, by their names in its directory: texts, or `base64:` and bytes.
    #[serde(default)]
    pub inputs: BTreeMap<String, String>,
    /// Those of the files that are programs.
    #[serde(default)]
    pub executables: Vec<String>,
    /// Names or patterns of files that are fetched unless others are named.
    #[serde(default)]
    pub outputs: Vec<String>,
    /// So many equal jobs: `FIRST-LAST[:STEP][%AT_ONCE]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub array: Option<String>,
    /// Jobs of the same project and site that are waited for: `JOB[:ok|failed|any|begun]`.
    #[serde(default)]
    pub after: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qos: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nodes: Option<u32>,
    /// Over all nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tasks: Option<u32>,
    /// Of each task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpus: Option<u32>,
    /// Of each node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// Of each node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpus: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_seconds: Option<f64>,
    /// For a schedule: when it is submitted again and again, as a cron expression in the time of the server's machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<String>,
}

impl Submission {
    /// What is to be submitted, if all of it can be.
    pub(crate) fn read(self, project: Name, by: String) -> Result<NewScript> {
        let title = title(self.name.as_deref(), Path::new(&self.script)).map_err(|text| {
            JobError::wrong("name", format!("{text}; expected letters, digits, `_`, `-` and `.`"))
        })?;
        if !self.text.starts_with("#!") {
            return Err(JobError::wrong(
                "text",
                "line 1: a batch script begins with a line such as #!/bin/bash",
            ));
        }
        if let Some(array) = &self.array {
            array.parse::<Array>().map_err(|text| JobError::wrong("array", text))?;
        }
        self.outputs.iter().try_for_each(|pattern| pattern_fits("outputs", pattern))?;
        for (field, value) in [
            ("partition", &self.partition),
            ("account", &self.account),
            ("qos", &self.qos),
            ("constraint", &self.constraint),
        ] {
            if value.as_ref().is_some_and(|text| text.is_empty() || text.chars().any(char::is_control)) {
                return Err(JobError::wrong(field, "expected one line that is not empty"));
            }
        }
        for (field, number) in [("nodes", self.nodes), ("tasks", self.tasks), ("cpus", self.cpus)] {
            if number == Some(0) {
                return Err(JobError::wrong(field, "expected at least 1, found 0"));
            }
        }
        if let Some(time) = self.time_seconds.filter(|time| !(*time > 0.0 && *time < 1e9)) {
            return Err(JobError::wrong("time_seconds", format!("expected more than 0, found {time}")));
        }
        if let Some(name) = self.executables.iter().find(|name| !self.inputs.contains_key(*name)) {
            return Err(JobError::wrong("executables", format!("`{name}` is not among the inputs")));
        }
        let executables = self.executables;
        let sent = self.inputs.into_iter().map(|(name, text)| {
            if !file_name(&name) {
                let expected = "expected a name in the job's directory that does not begin with `.` or `-`";
                return Err(JobError::wrong("inputs", format!("{name}: {expected}")));
            }
            let bytes = match text.strip_prefix("base64:") {
                None => text.into_bytes(),
                Some(bytes) => STANDARD.decode(bytes.trim()).map_err(|error| {
                    JobError::wrong("inputs", format!("{name}: that is no base64: {error}"))
                })?,
            };
            let executable = executables.contains(&name);
            Ok(Sent { name, bytes, executable })
        });
        let terms = Terms {
            sent: sent.collect::<Result<_>>()?,
            script: self.script,
            text: self.text,
            arguments: self.arguments,
            array: self.array,
            inputs: Vec::new(),
            outputs: self.outputs,
            after: self.after,
            partition: self.partition,
            account: self.account,
            qos: self.qos,
            constraint: self.constraint,
            nodes: self.nodes,
            tasks: self.tasks,
            cpus: self.cpus,
            memory: self.memory_bytes.map(Bytes),
            gpus: self.gpus,
            time: self.time_seconds.map(Seconds),
        };
        Ok(NewScript { project, by, title, site: self.site, terms })
    }
}

/// How a job is called: as it was said, or as the file of its script is. The error says why that is no name.
pub fn title(given: Option<&str>, script: &Path) -> std::result::Result<String, String> {
    let given = match given {
        Some(name) => name.to_owned(),
        None => script.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default(),
    };
    if given.parse::<i64>().is_ok() {
        return Err(format!("`{given}` would be taken for the number of a job"));
    }
    Name::new(&given).map(|name| name.to_string()).map_err(|problem| problem.to_string())
}

/// Whether this can be the name of a file in the directory of a job, and is none of ours.
pub fn file_name(name: &str) -> bool {
    let plain = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
    !name.is_empty() && plain && !name.starts_with(['.', '-']) && !name.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(change: serde_json::Value) -> Result<NewScript> {
        let mut whole = json!({ "site": "hpc", "script": "fit.sh", "text": "#!/bin/sh\n" });
        for (field, value) in change.as_object().unwrap() {
            whole[field] = value.clone();
        }
        let submission: Submission = serde_json::from_value(whole).unwrap();
        submission.read(Name::new("cells").unwrap(), "ada".to_owned())
    }

    #[test]
    fn what_is_sent_is_read_with_its_files() {
        let inputs = json!({ "a/b.txt": "one\n", "c.bin": "base64:AP8=" });
        let new = read(
            json!({ "inputs": inputs, "executables": ["c.bin"], "memory_bytes": 7, "time_seconds": 2.5 }),
        )
        .unwrap();
        assert_eq!((new.title.as_str(), new.by.as_str(), new.site.as_str()), ("fit", "ada", "hpc"));
        let sent: Vec<_> =
            new.terms.sent.iter().map(|it| (it.name.as_str(), it.bytes.as_slice(), it.executable)).collect();
        assert_eq!(sent, [("a/b.txt", &b"one\n"[..], false), ("c.bin", &[0, 255][..], true)]);
        assert_eq!((new.terms.memory, new.terms.time), (Some(Bytes(7)), Some(Seconds(2.5))));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_field() {
        for (change, field, words) in [
            (json!({ "text": "echo" }), "text", "begins with a line such as #!/bin/bash"),
            (json!({ "script": "7.sh" }), "name", "the number of a job"),
            (json!({ "script": "" }), "name", "letters, digits"),
            (json!({ "name": "a b" }), "name", "letters, digits"),
            (json!({ "array": "4-1" }), "array", "such as 0-99%8, found `4-1`"),
            (json!({ "inputs": { "../x": "" } }), "inputs", "does not begin with `.`"),
            (json!({ "inputs": { "/x": "" } }), "inputs", "in the job's directory"),
            (json!({ "inputs": { "x": "base64:!" } }), "inputs", "no base64"),
            (json!({ "executables": ["x"] }), "executables", "not among the inputs"),
            (json!({ "outputs": ["../x"] }), "outputs", "such as out/*.csv"),
            (json!({ "partition": "a\nb" }), "partition", "one line"),
            (json!({ "nodes": 0 }), "nodes", "at least 1"),
            (json!({ "time_seconds": 0 }), "time_seconds", "more than 0"),
        ] {
            let error = read(change.clone()).unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{field}`: ")) && error.contains(words), "{change}: {error}");
        }
    }
}
