//! What people ask a server to do with studies.

use std::collections::BTreeMap;
use std::path::Path;

use paramo_model::StudyId;
use reqwest::Method;
use reqwest::header::DATE;
use roaring::RoaringTreemap;
use serde::{Deserialize, Serialize};

use crate::address::segment;
use crate::http::Http;
use crate::shape::{RunningNow, RunningShape, StudyShape};
use crate::{ClientError, Result, Secret, ServerAddress};

/// A server, spoken to with one token.
#[derive(Clone, Debug)]
pub struct Server {
    http: Http,
}

/// A study to begin.
#[derive(Clone, Debug, Serialize)]
pub struct NewStudy<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<&'a str>,
    /// The text of a study file.
    pub file: &'a str,
    /// The files that it names, by name; see [`file_text`].
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attachments: BTreeMap<&'a str, String>,
    /// Where its commands run, on the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<&'a str>,
    /// Where its runs are made, instead of what the file says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// `refuse`, `new-version` or `continue`.
    pub changed: &'a str,
    /// Whether to begin at once.
    pub start: bool,
}

/// A study that was begun, or goes on.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Begun {
    pub id: i64,
}

/// TOML as JSON, its fields in their order: that of the axes of a space means something.
struct Ordered<'a>(&'a toml::Value);

impl Serialize for Ordered<'_> {
    fn serialize<S: serde::Serializer>(&self, out: S) -> std::result::Result<S::Ok, S::Error> {
        match self.0 {
            toml::Value::Table(table) => {
                out.collect_map(table.iter().map(|(key, value)| (key, Ordered(value))))
            }
            toml::Value::Array(values) => out.collect_seq(values.iter().map(Ordered)),
            plain => plain.serialize(out),
        }
    }
}

/// The content of a file as it goes along in JSON.
pub fn file_text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.starts_with("base64:") && !text.contains('\0') => text.to_owned(),
        _ => format!("base64:{}", base64(bytes)),
    }
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let bits =
            three.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place) & 63) as usize];
            out.push(if place <= three.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

/// How the API names a study. Without a project it is looked for in all that are seen.
pub(crate) fn word(project: Option<&str>, name: &str, version: Option<u32>) -> String {
    let project = project.map(|project| format!("{project}:")).unwrap_or_default();
    let version = version.map(|version| format!("@{version}")).unwrap_or_default();
    format!("{project}{name}{version}")
}

impl Server {
    /// `authority`: a file with certificates that are trusted beside those of this machine.
    pub fn new(address: ServerAddress, token: Option<Secret>, authority: Option<&Path>) -> Result<Server> {
        Ok(Server { http: Http::new(address, token, authority)? })
    }

    pub fn address(&self) -> &ServerAddress {
        self.http.address()
    }

    pub(crate) fn http(&self) -> &Http {
        &self.http
    }

    /// Begins a study, once, however often the connection breaks.
    pub async fn begin(&self, study: &NewStudy<'_>) -> Result<Begun> {
        self.http.send_once("/studies", study).await
    }

    pub async fn start(&self, id: StudyId) -> Result<()> {
        self.act(id, "start").await
    }

    pub async fn pause(&self, id: StudyId) -> Result<()> {
        self.act(id, "pause").await
    }

    /// Ends a pause, or goes on with a cancelled study.
    pub async fn resume(&self, id: StudyId) -> Result<()> {
        self.act(id, "resume").await
    }

    pub async fn cancel(&self, id: StudyId) -> Result<()> {
        self.act(id, "cancel").await
    }

    /// Makes failed runs again, all or these; says how many.
    pub async fn retry(&self, id: StudyId, runs: Option<&RoaringTreemap>) -> Result<u64> {
        #[derive(Serialize)]
        struct Retry {
            #[serde(skip_serializing_if = "Option::is_none")]
            runs: Option<Vec<u64>>,
        }
        #[derive(Deserialize)]
        struct Opened {
            opened: u64,
        }
        let body = Retry { runs: runs.map(|runs| runs.iter().collect()) };
        let opened: Opened = self.http.send(Method::POST, &format!("/studies/{}/retry", id.0), &body).await?;
        Ok(opened.opened)
    }

    /// So many runs at once, or as many as the study says.
    pub async fn slots(&self, id: StudyId, slots: Option<u32>) -> Result<()> {
        let body = BTreeMap::from([("slots", slots)]);
        let _: serde_json::Value =
            self.http.send(Method::PUT, &format!("/studies/{}/slots", id.0), &body).await?;
        Ok(())
    }

    /// Adds points: the text of a file with a `[space]` and the files that it names.
    pub async fn extend(&self, id: StudyId, file: &str, attachments: BTreeMap<&str, String>) -> Result<()> {
        #[derive(Serialize)]
        struct Extend<'a> {
            space: Ordered<'a>,
            #[serde(skip_serializing_if = "BTreeMap::is_empty")]
            attachments: BTreeMap<&'a str, String>,
        }
        let wrong = |what: &str| ClientError::Input(format!("the points to add cannot be sent: {what}"));
        let table: toml::Table = toml::from_str(file).map_err(|error| wrong(error.message()))?;
        let space = table.get("space").ok_or_else(|| wrong("there is no [space]"))?;
        self.add(id, &Extend { space: Ordered(space), attachments }).await
    }

    /// So many further points of the last block's sample.
    pub async fn extend_by(&self, id: StudyId, count: u64) -> Result<()> {
        self.add(id, &BTreeMap::from([("count", count)])).await
    }

    async fn add(&self, id: StudyId, body: &impl Serialize) -> Result<()> {
        let _: serde_json::Value = self.http.send_once(&format!("/studies/{}/extend", id.0), body).await?;
        Ok(())
    }

    pub async fn delete(&self, id: StudyId) -> Result<()> {
        self.http.act(Method::DELETE, &format!("/studies/{}", id.0)).await
    }

    /// What runs of a study now.
    pub async fn running(&self, id: StudyId) -> Result<RunningNow> {
        let response = self.http.stream(&format!("/studies/{}/running", id.0), &[]).await?;
        let date = response.headers().get(DATE).and_then(|date| date.to_str().ok());
        let at = date.and_then(|date| chrono::DateTime::parse_from_rfc2822(date).ok());
        let body = response.bytes().await.map_err(|error| self.http.unreachable(&error))?;
        let runs = serde_json::from_slice::<Vec<RunningShape>>(&body)
            .map_err(|error| error.to_string())
            .and_then(|runs| runs.iter().map(RunningShape::running).collect());
        match runs {
            Ok(runs) => {
                Ok(RunningNow { at: at.map(|at| paramo_model::Timestamp(at.timestamp_micros())), runs })
            }
            Err(what) => Err(self.http.not_understood(&what).await),
        }
    }

    /// Whether the server works on a study now, and how it goes.
    pub async fn now(&self, id: StudyId) -> Result<(bool, Option<paramo_model::Progress>)> {
        let shape: StudyShape = self.http.get(&format!("/studies/{}", id.0)).await?;
        Ok((shape.working, shape.progress.map(Into::into)))
    }

    /// All that an attempt of a run wrote to `stdout` or `stderr`, as far as it is kept.
    pub async fn output(&self, id: StudyId, index: u64, stream: &str, attempt: u32) -> Result<Vec<u8>> {
        self.http
            .octets(&format!("/studies/{}/runs/{index}/{}?attempt={attempt}", id.0, segment(stream)))
            .await
    }

    /// What stands in the way of a study, as `GET /studies/{study}/why` answers; null while it goes on.
    pub async fn why(&self, id: StudyId) -> Result<serde_json::Value> {
        self.http.get(&format!("/studies/{}/why", id.0)).await
    }

    /// Changes the limits of a study; what is not named stays.
    pub async fn limits(&self, id: StudyId, limits: &impl Serialize) -> Result<()> {
        let _: serde_json::Value =
            self.http.send(Method::PUT, &format!("/studies/{}/limits", id.0), limits).await?;
        Ok(())
    }

    async fn act(&self, id: StudyId, what: &str) -> Result<()> {
        self.http.act(Method::POST, &format!("/studies/{}/{what}", id.0)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_go_along_as_text_where_they_are_text() {
        for (bytes, text) in [
            (&b"x\n1\n"[..], "x\n1\n"),
            (b"", ""),
            (b"\xff", "base64:/w=="),
            (b"\xff\x00", "base64:/wA="),
            (b"\xff\x00\x10", "base64:/wAQ"),
            (b"a\0", "base64:YQA="),
            (b"base64:a", "base64:YmFzZTY0OmE="),
        ] {
            assert_eq!(file_text(bytes), text);
        }
    }

    #[test]
    fn axes_keep_their_order() {
        let table: toml::Table =
            toml::from_str("[space]\nz = { from = 1, to = 2 }\nb = [1, 2.5]\na = 7\n").unwrap();
        let json = serde_json::to_string(&Ordered(&table["space"])).unwrap();
        assert_eq!(json, r#"{"z":{"from":1,"to":2},"b":[1,2.5],"a":7}"#);
    }
}
