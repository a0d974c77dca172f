//! Working through a server (`--server`): it makes the runs, and what happens is told here as if they were made here.
//!
//! Studies are read as from any store ([`RemoteStore`](paramo_client::RemoteStore)); here is only what differs: a study is sent instead of
//! driven, and followed by the server's events instead of the engine's.

mod begin;
mod follow;
mod moments;
mod since;

use std::path::PathBuf;

use paramo_client::{Credentials, Secret, Server, ServerAddress};

use crate::args::Making;
use crate::failure::{Failure, Result};

pub use begin::{Sent, begin, extend, go_on, take_up};
pub use moments::moments;
pub use since::Since;

/// A file with certificates that servers are trusted by, beside those of this machine.
const AUTHORITY: &str = "PARAMO_CA_FILE";
/// A token, instead of the one that is kept.
const TOKEN: &str = "PARAMO_TOKEN";

/// A server with the token that is kept for it, if there is one.
pub fn connect(address: ServerAddress) -> Result<Server> {
    let token = match std::env::var(TOKEN) {
        Ok(text) => Some(Secret::new(&text).map_err(|_| Failure::input(format!("{TOKEN} holds no token")))?),
        Err(_) => Credentials::read(&Credentials::place()?)?.of(&address).map(|known| known.token.clone()),
    };
    connect_with(address, token)
}

pub fn connect_with(address: ServerAddress, token: Option<Secret>) -> Result<Server> {
    let authority = std::env::var_os(AUTHORITY).map(PathBuf::from);
    Ok(Server::new(address, token, authority.as_deref())?)
}

/// A server goes on at once with what it is given.
pub fn not_later(later: bool) -> Result<()> {
    match later {
        false => Ok(()),
        true => Err(Failure::input(
            "--later is for a store: a server goes on at once; `paramo pause` first keeps it from that",
        )),
    }
}

/// What of the command line is for this machine only.
pub fn check(making: &Making) -> Result<()> {
    if making.cpus.is_some() {
        let text =
            "--cpus is of this machine, and the server makes the runs on its own; -j says how many at once";
        return Err(Failure::input(text));
    }
    if making.ui {
        return Err(Failure::input("--ui is of runs that this process makes; the server has the page"));
    }
    if making.detach && making.watch {
        return Err(Failure::input("--detach returns at once, and --watch stays: leave one of them out"));
    }
    Ok(())
}
