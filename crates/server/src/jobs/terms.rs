//! What is asked for with a batch script, as the store keeps it.

use std::path::PathBuf;

use paramo_model::{Bytes, Seconds};
use paramo_sites::{Array, Placement, SentFile, Size};
use paramo_store::Job;
use serde::{Deserialize, Serialize};

/// All but the name, the site and whose it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Terms {
    /// The file that the script came from.
    pub script: String,
    /// The script itself.
    pub text: String,
    pub arguments: Vec<String>,
    pub array: Option<String>,
    /// Files of the machine that submits it, by their names in the job's directory.
    pub inputs: Vec<(String, PathBuf)>,
    /// Files that were sent along.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sent: Vec<Sent>,
    pub outputs: Vec<String>,
    pub after: Vec<String>,
    pub partition: Option<String>,
    pub account: Option<String>,
    pub qos: Option<String>,
    pub constraint: Option<String>,
    pub nodes: Option<u32>,
    pub tasks: Option<u32>,
    pub cpus: Option<u32>,
    pub memory: Option<Bytes>,
    pub gpus: Option<u32>,
    pub time: Option<Seconds>,
}

/// A file that was sent along.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    pub name: String,
    /// In base64.
    #[serde(with = "base64_text")]
    pub bytes: Vec<u8>,
    pub executable: bool,
}

mod base64_text {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub fn serialize<S: Serializer>(bytes: &[u8], out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&STANDARD.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        STANDARD.decode(String::deserialize(from)?).map_err(de::Error::custom)
    }
}

impl Terms {
    pub fn of(job: &Job) -> Terms {
        // What an older version did not write is nothing.
        serde_json::from_str(&job.terms).unwrap_or_default()
    }

    pub fn array(&self) -> Option<Array> {
        self.array.as_ref()?.parse().ok()
    }

    /// As they are remembered of a job: its script and the files that came with it are at the site from there on.
    pub(super) fn remembered(&self) -> String {
        let light = Terms { text: String::new(), sent: Vec::new(), ..self.clone() };
        serde_json::to_string(&light).unwrap_or_default()
    }

    pub(super) fn files(&self) -> Vec<SentFile> {
        let file = |sent: &Sent| {
            let Sent { name, bytes, executable } = sent.clone();
            SentFile { name, bytes, executable }
        };
        self.sent.iter().map(file).collect()
    }

    pub(super) fn placement(&self) -> Placement {
        Placement {
            partition: self.partition.clone(),
            account: self.account.clone(),
            qos: self.qos.clone(),
            constraint: self.constraint.clone(),
            arguments: Vec::new(),
        }
    }

    pub(super) fn size(&self) -> Size {
        Size {
            nodes: self.nodes,
            tasks: self.tasks,
            cpus: self.cpus,
            memory: self.memory,
            gpus: self.gpus,
            walltime: self.time,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_before_is_read_and_files_are_kept_by_schedules_alone() {
        let old: Terms =
            serde_json::from_str(r#"{"script":"a.sh","inputs":[["x","/x"]],"time":7200.0}"#).unwrap();
        assert_eq!((old.script.as_str(), old.inputs.len(), old.sent.len()), ("a.sh", 1, 0));
        let sent = vec![Sent { name: "in".to_owned(), bytes: vec![0, 255], executable: true }];
        let terms = Terms { sent, text: "#!/bin/sh\n".to_owned(), ..old };
        let again: Terms = serde_json::from_str(&serde_json::to_string(&terms).unwrap()).unwrap();
        assert_eq!(again, terms);
        let light: Terms = serde_json::from_str(&terms.remembered()).unwrap();
        assert!(light.sent.is_empty() && light.text.is_empty() && light.script == "a.sh");
    }
}
