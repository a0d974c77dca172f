//! A store over HTTP: read as any other, so that tables, pictures and explanations are made by the code that makes them here.
//!
//! What changes a study is not asked for in the words of a store but in those of people ([`Server`]): the server decides and drives.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use paramo_model::{Micros, RunRecord, Study, StudyId, StudyState};
use paramo_store::{
    Batch, BatchId, Ended, Finding, Held, Holder, Result, Seq, Shipment, Store, StoreError, StudyLock,
    StudyRow, StudySummary,
};
use roaring::RoaringTreemap;

use crate::address::{segment, value};
use crate::calls::word;
use crate::shape::StudyShape;
use crate::{ClientError, Server};

/// Studies asked for at a time.
const PAGE: usize = 1000;

/// The studies of a server.
#[derive(Debug)]
pub struct RemoteStore {
    server: Arc<Server>,
    /// Which studies the server was working on when they were read last.
    working: Mutex<HashMap<StudyId, bool>>,
}

impl RemoteStore {
    pub fn new(server: Arc<Server>) -> RemoteStore {
        RemoteStore { server, working: Mutex::default() }
    }

    pub fn server(&self) -> &Arc<Server> {
        &self.server
    }

    /// Whether the server worked on a study when it was read last.
    pub fn is_worked_on(&self, id: StudyId) -> bool {
        self.working.lock().unwrap_or_else(PoisonError::into_inner).get(&id).copied().unwrap_or_default()
    }

    fn saw(&self, shape: &StudyShape) {
        self.working.lock().unwrap_or_else(PoisonError::into_inner).insert(StudyId(shape.id), shape.working);
    }

    /// What a server is to go on with it takes up at once.
    fn takes_up(&self, id: StudyId) {
        self.working.lock().unwrap_or_else(PoisonError::into_inner).insert(id, true);
    }

    async fn row(&self, word: &str) -> std::result::Result<StudyRow, ClientError> {
        let http = self.server.http();
        let shape: StudyShape = http.get(&format!("/studies/{}", segment(word))).await?;
        let study: Study = http.get(&format!("/studies/{}/definition", shape.id)).await?;
        self.saw(&shape);
        match shape.row(study) {
            Ok(row) => Ok(row),
            Err(what) => Err(http.not_understood(&what).await),
        }
    }

    /// The study of a name in whichever project has it, of those that are seen. An error when several have it.
    pub async fn anywhere(&self, name: &str, version: Option<u32>) -> Result<Option<StudyRow>> {
        self.look_for(None, name, version).await
    }

    async fn look_for(
        &self,
        project: Option<&str>,
        name: &str,
        version: Option<u32>,
    ) -> Result<Option<StudyRow>> {
        match self.row(&word(project, name, version)).await {
            Ok(row) => Ok(Some(row)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The batches after one, with the tails of their output.
    pub async fn with_output(&self, id: StudyId, after: Seq, limit: usize) -> Result<Shipment> {
        self.shipment(id, &format!("after={}&limit={limit}&output=true", after.0)).await
    }

    /// The newest batch there is; number 0 when there is none.
    pub async fn newest(&self, id: StudyId) -> Result<Seq> {
        Ok(self.shipment(id, "limit=0").await?.newest)
    }

    async fn shipment(&self, id: StudyId, query: &str) -> Result<Shipment> {
        let http = self.server.http();
        let bytes = http
            .octets(&format!("/studies/{}/batches?{query}", id.0))
            .await
            .map_err(|error| gone(error, id))?;
        match Shipment::read(&bytes, id, Path::new(http.address().base())) {
            Ok(shipment) => Ok(shipment),
            Err(what) => Err(http.not_understood(&format!("the answer {what}")).await.into()),
        }
    }

    /// In the words of a store this cannot be done from afar.
    fn not_from_afar(&self) -> StoreError {
        let why = format!("this is done by {} itself, not from afar", self.server.http().address());
        StoreError::Elsewhere { why, refused: true }
    }
}

/// A study that is not there has an error of its own in a store.
fn gone(error: ClientError, id: StudyId) -> StoreError {
    match error.is_not_found() {
        true => StoreError::NoSuchStudy { wanted: format!("number {}", id.0), nearest: None },
        false => error.into(),
    }
}

#[async_trait]
impl Store for RemoteStore {
    async fn create(&self, _: &str, _: &Study) -> Result<StudyRow> {
        Err(self.not_from_afar())
    }

    async fn studies(&self) -> Result<Vec<StudyRow>> {
        let mut rows = Vec::new();
        for summary in self.summaries().await? {
            rows.push(self.study(summary.id).await?);
        }
        Ok(rows)
    }

    async fn summaries(&self) -> Result<Vec<StudySummary>> {
        let http = self.server.http();
        let project = http
            .address()
            .project
            .as_deref()
            .map(|project| format!("&project={}", value(project)))
            .unwrap_or_default();
        let (mut found, mut before) = (Vec::new(), String::new());
        loop {
            let page: Vec<StudyShape> = http.get(&format!("/studies?limit={PAGE}{project}{before}")).await?;
            for shape in &page {
                self.saw(shape);
                match shape.summary() {
                    Ok(summary) => found.push(summary),
                    Err(what) => return Err(http.not_understood(&what).await.into()),
                }
            }
            match page.last() {
                Some(last) if page.len() == PAGE => before = format!("&before={}", last.id),
                _ => break,
            }
        }
        found.reverse();
        Ok(found)
    }

    async fn study(&self, id: StudyId) -> Result<StudyRow> {
        self.row(&id.0.to_string()).await.map_err(|error| gone(error, id))
    }

    async fn find(&self, project: &str, name: &str, version: Option<u32>) -> Result<Option<StudyRow>> {
        self.look_for(Some(project), name, version).await
    }

    async fn set_state(&self, id: StudyId, state: StudyState) -> Result<()> {
        let done = match state {
            StudyState::Paused => self.server.pause(id).await,
            StudyState::Cancelled => self.server.cancel(id).await,
            StudyState::Open => self.server.resume(id).await,
            StudyState::Finished => return Err(self.not_from_afar()),
        };
        done.map_err(|error| gone(error, id))?;
        if state == StudyState::Open {
            self.takes_up(id);
        }
        Ok(())
    }

    async fn replace(&self, _: StudyId, _: &Study) -> Result<()> {
        Err(self.not_from_afar())
    }

    async fn commit(&self, id: StudyId, runs: &[RunRecord]) -> Result<BatchId> {
        match runs.is_empty() {
            true => Ok(BatchId { study: id, seq: self.newest(id).await? }),
            false => Err(self.not_from_afar()),
        }
    }

    async fn reopen(&self, id: StudyId, indices: &RoaringTreemap) -> Result<u64> {
        let opened = self.server.retry(id, Some(indices)).await.map_err(|error| gone(error, id))?;
        self.takes_up(id);
        Ok(opened)
    }

    async fn worked(&self, _: StudyId, _: Micros) -> Result<()> {
        Err(self.not_from_afar())
    }

    async fn ended(&self, id: StudyId) -> Result<Ended> {
        let http = self.server.http();
        let bytes =
            http.octets(&format!("/studies/{}/ended", id.0)).await.map_err(|error| gone(error, id))?;
        match Ended::read(&bytes) {
            Ok(ended) => Ok(ended),
            Err(what) => Err(http.not_understood(&format!("the answer {what}")).await.into()),
        }
    }

    async fn batches(&self, id: StudyId, after: Option<Seq>, limit: usize) -> Result<Vec<Batch>> {
        let mut found: Vec<Batch> = Vec::new();
        let mut seq = after.unwrap_or(Seq(0));
        // The server gives fewer at a time than may be asked for; that there are fewer means more here.
        while found.len() < limit {
            let query = format!("after={}&limit={}", seq.0, (limit - found.len()).min(PAGE));
            let shipment = self.shipment(id, &query).await?;
            let Some((last, _)) = shipment.batches.last() else { break };
            seq = last.seq;
            let newest = shipment.newest;
            found.extend(shipment.batches.into_iter().map(|(batch, _)| batch));
            if seq >= newest {
                break;
            }
        }
        Ok(found)
    }

    async fn output(&self, id: BatchId) -> Result<Option<Vec<u8>>> {
        let shipment = self.with_output(id.study, Seq(id.seq.0.saturating_sub(1)), 1).await?;
        Ok(shipment.batches.into_iter().next().and_then(|(_, output)| output))
    }

    async fn run(&self, id: StudyId, index: u64) -> Result<Option<RunRecord>> {
        let http = self.server.http();
        let bytes = match http.octets(&format!("/studies/{}/runs/{index}/record", id.0)).await {
            Ok(bytes) => bytes,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        match Shipment::read(&bytes, id, Path::new(http.address().base())) {
            Ok(shipment) => shipment.run(),
            Err(what) => Err(http.not_understood(&format!("the answer {what}")).await.into()),
        }
    }

    async fn delete(&self, id: StudyId) -> Result<()> {
        self.server.delete(id).await.map_err(|error| gone(error, id))
    }

    async fn check(&self, _: bool) -> Result<Vec<Finding>> {
        Err(self.not_from_afar())
    }

    async fn lock(&self, _: StudyId) -> std::result::Result<StudyLock, Held> {
        Err(Held::Failed(self.not_from_afar()))
    }

    async fn holder(&self, _: StudyId) -> Result<Option<Holder>> {
        // Which process of the server's machine works on a study is of no use here.
        Ok(None)
    }
}
