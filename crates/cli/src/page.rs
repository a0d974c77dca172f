//! The page beside a study that this process works on (`run --ui`): the same server as `paramo ui`, around the same engine.

use std::io::IsTerminal;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use paramo_model::StopReason;
use paramo_server::Door;
use paramo_store::StudyRow;

use crate::args::Making;
use crate::commands::server::{Open, listen, told_to_stop};
use crate::commands::ui::{browse, link};
use crate::failure::{Failure, Result};
use crate::open_engine::OpenEngine;

/// Any free port of this machine.
const HERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// The page, and the engine that it shows.
pub struct Page {
    open: Open,
    link: String,
}

impl Page {
    /// Opens it at a study and says where it is.
    pub async fn open(engine: &OpenEngine, row: &StudyRow, making: &Making) -> Result<Page> {
        let service = &engine.service;
        let door = Door::new(listen(HERE).await?, None, service.base(), service.patience())
            .map_err(Failure::input)?;
        let link = link(&door, Some(row.id), &engine.token);
        if !making.quiet {
            anstream::eprintln!("the page: {link}");
        }
        if making.open {
            browse(&link);
        }
        Ok(Page { open: Open::new(engine.host.clone(), service.clone(), door), link })
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
