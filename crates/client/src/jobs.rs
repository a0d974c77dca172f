//! Batch scripts that a server submits to its sites. Their shapes are those of the API, and of whoever asks.

use std::io::Write;
use std::path::Path;

use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::address::segment;
use crate::{ClientError, Result, Server};

impl Server {
    /// Submits a script, once, however often the connection breaks.
    pub async fn submit_job<T: DeserializeOwned>(&self, submission: &impl Serialize) -> Result<T> {
        self.http().send_once("/jobs", submission).await
    }

    /// Has a script submitted again and again.
    pub async fn schedule_job<T: DeserializeOwned>(&self, submission: &impl Serialize) -> Result<T> {
        self.http().send(Method::POST, "/schedules", submission).await
    }

    pub async fn jobs<T: DeserializeOwned>(&self, all: bool) -> Result<T> {
        self.http().get(&format!("/jobs?all={all}{}", self.of_project("&"))).await
    }

    /// By its number, or by its name in the project that is spoken of.
    pub async fn job<T: DeserializeOwned>(&self, word: &str) -> Result<T> {
        self.http().get(&format!("/jobs/{}", segment(&self.word_of(word)))).await
    }

    pub async fn cancel_job(&self, number: i64) -> Result<()> {
        self.http().act(Method::POST, &format!("/jobs/{number}/cancel")).await
    }

    pub async fn remove_job(&self, number: i64) -> Result<()> {
        self.http().act(Method::DELETE, &format!("/jobs/{number}")).await
    }

    /// A piece of what it has printed beyond an offset; nothing where there is no more now.
    pub async fn job_output(
        &self,
        number: i64,
        error: bool,
        index: Option<u32>,
        offset: u64,
    ) -> Result<Vec<u8>> {
        let index = index.map(|index| format!("&index={index}")).unwrap_or_default();
        self.http().octets(&format!("/jobs/{number}/output?error={error}&offset={offset}{index}")).await
    }

    pub async fn job_files<T: DeserializeOwned>(&self, number: i64, patterns: &[String]) -> Result<T> {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(patterns.iter().map(|pattern| ("pattern", pattern)));
        self.http().get(&format!("/jobs/{number}/files?{}", query.finish())).await
    }

    /// Fetches a file as a whole; what was at `to` is replaced only when all of it is here.
    pub async fn fetch_job_file(&self, number: i64, name: &str, to: &Path) -> Result<()> {
        let local = |error: std::io::Error| ClientError::Local(format!("{}: {error}", to.display()));
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(local)?;
        let mut part = tempfile::Builder::new();
        let mut part = part.prefix(".paramo-").suffix(".part").tempfile_in(folder).map_err(local)?;
        let path = format!("/jobs/{number}/files/{}", segment(name));
        let mut response = self.http().stream(&path, &[]).await?;
        while let Some(piece) = response.chunk().await.map_err(|error| self.http().unreachable(&error))? {
            part.write_all(&piece).map_err(local)?;
        }
        part.persist(to).map_err(|error| local(error.error)).map(drop)
    }

    pub async fn schedules<T: DeserializeOwned>(&self) -> Result<T> {
        self.http().get(&format!("/schedules{}", self.of_project("?"))).await
    }

    pub async fn stop_schedule(&self, name: &str) -> Result<()> {
        self.http().act(Method::DELETE, &format!("/schedules/{}", segment(&self.word_of(name)))).await
    }

    /// `?project=`, where one is spoken of.
    fn of_project(&self, before: &str) -> String {
        let project = self.address().project.as_deref();
        project.map(|project| format!("{before}project={}", segment(project))).unwrap_or_default()
    }

    fn word_of(&self, word: &str) -> String {
        match &self.address().project {
            Some(project) if !word.contains(':') => format!("{project}:{word}"),
            _ => word.to_owned(),
        }
    }
}
