//! The engine of this process when others than this process have to do with it: a page that shows it, workers that come from elsewhere.

use std::sync::Arc;

use paramo_engine::{Command, Observer, Outcome};
use paramo_model::Capacity;
use paramo_server::{Host, Patience, Service, Token};
use paramo_sites::Allocation;
use paramo_store::StudyRow;
use tokio::sync::mpsc;

use crate::commands::server::listen_to_commands;
use crate::commands::ui::embedded;
use crate::failure::{Failure, Result};
use crate::store::Place;

/// The engine, and who may speak with it.
pub struct OpenEngine {
    pub host: Arc<Host>,
    pub service: Arc<Service>,
    /// What opens the page.
    pub token: Token,
}

impl OpenEngine {
    /// For studies whose runs fit `here`; without it there are no workers in this process.
    pub async fn new(place: &Place, here: Option<Capacity>) -> Result<OpenEngine> {
        let (store, directory) = (place.store.clone(), place.directory.clone());
        let host = Host::patient(store, directory, here, Patience::default())
            .map_err(|error| Failure::unavailable(format!("the engine does not start: {error}")))?;
        host.govern(place.people()?).await.map_err(|error| Failure::unavailable(error.to_string()))?;
        listen_to_commands(&host)?;
        let (service, token) = embedded(place)?;
        Ok(OpenEngine { host, service: Arc::new(service), token })
    }

    /// Works on a study until it ends.
    pub async fn work(
        &self,
        row: &StudyRow,
        here: Option<Allocation>,
        orders: (mpsc::UnboundedSender<Command>, mpsc::UnboundedReceiver<Command>),
        view: &mut (dyn Observer + Send),
    ) -> Result<Outcome> {
        if let Some(here) = here {
            self.host.board().attach("local".to_owned(), here.capacity, here.link).await;
        }
        Ok(self.host.work_for(row.clone(), orders, view).await?)
    }
}
