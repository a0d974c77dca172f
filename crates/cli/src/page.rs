//! The page beside a study that this process works on (`run --ui`): the same server as `paramo ui`, around the same engine.

use std::io::IsTerminal;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use paramo_engine::{Command, Observer, Outcome};
use paramo_model::{Capacity, StopReason};
use paramo_server::{Door, Host};
use paramo_sites::Allocation;
use paramo_store::StudyRow;
use tokio::sync::mpsc;

use crate::args::Making;
use crate::commands::server::{Open, listen, listen_to_commands, told_to_stop};
use crate::commands::ui::{browse, embedded, link};
use crate::failure::{Failure, Result};
use crate::store::Place;

/// Any free port of this machine.
const HERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// The page, and the engine that it shows.
pub struct Page {
    open: Open,
    link: String,
}

impl Page {
    /// Opens it at a study and says where it is.
    pub async fn open(place: &Place, row: &StudyRow, capacity: &Capacity, making: &Making) -> Result<Page> {
        let host = Host::new(place.store.clone(), place.directory.clone(), capacity.clone())
            .map_err(|error| Failure::unavailable(format!("cannot open the page: {error}")))?;
        host.govern(place.people()?).await.map_err(|error| Failure::unavailable(error.to_string()))?;
        listen_to_commands(&host)?;
        let (service, token) = embedded(place)?;
        let door = Door::new(listen(HERE).await?, None, service.base(), service.patience())
            .map_err(Failure::input)?;
        let link = link(&door, Some(row.id), &token);
        if !making.quiet {
            anstream::eprintln!("the page: {link}");
        }
        if making.open {
            browse(&link);
        }
        Ok(Page { open: Open::new(host, service, door), link })
    }

    /// Works on the study until it ends.
    pub async fn work(
        &self,
        row: &StudyRow,
        allocation: Allocation,
        orders: (mpsc::UnboundedSender<Command>, mpsc::UnboundedReceiver<Command>),
        view: &mut (dyn Observer + Send),
    ) -> Result<Outcome> {
        let host = &self.open.host;
        host.board().attach("local".to_owned(), allocation.capacity, allocation.link).await;
        Ok(host.work_for(row.clone(), orders, view).await?)
    }

    /// Closes it: now, or once nobody needs it any more. Whoever has interrupted the study has had enough.
    pub async fn end(mut self, reason: StopReason, making: &Making) -> Result<()> {
        let stays = making.stay || std::io::stderr().is_terminal();
        if stays && reason != StopReason::Interrupted {
            if !making.quiet {
                anstream::eprintln!("the page stays until Ctrl-C: {}", self.link);
            }
            tokio::select! {
                word = told_to_stop() => word?,
                why = self.open.broken() => return Err(why),
            }
        }
        self.open.close().await;
        Ok(())
    }
}
