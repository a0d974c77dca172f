//! `paramo ui`: the page of a store for whoever types it, on this machine only.

use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use paramo_model::StudyId;
use paramo_server::{Door, Patience, Service, Token};

use super::server::{Setting, listen, read_token, run};
use crate::args::Ui;
use crate::failure::{Failure, Result};
use crate::output::print_line;
use crate::store::{Place, open};

pub async fn ui(store: &Path, args: Ui) -> Result<u8> {
    check(args.listen)?;
    let place = open(store, true).await?;
    // A name that is not there is said before anything begins.
    let study = match &args.study {
        Some(name) => Some(place.study(name).await?.id),
        None => None,
    };
    let (service, token) = embedded(&place)?;
    let setting = Setting {
        listener: listen(args.listen).await?,
        tls: None,
        workers: args.workers,
        patience: Patience::default(),
        private: Vec::new(),
        sites: Vec::new(),
        sites_file: None,
        while_stdin: args.while_stdin,
    };
    run(&place, service, setting, |door| {
        let link = link(door, study, &token);
        anstream::eprintln!("open this link, or send the token as `Authorization: Bearer`; Ctrl-C ends it:");
        print_line(&link)?;
        if args.open {
            browse(&link);
        }
        Ok(())
    })
    .await
}

/// What opens the page, at a study.
pub fn link(door: &Door, study: Option<StudyId>, token: &Token) -> String {
    let page = study.map(|id| format!("studies/{}", id.0)).unwrap_or_default();
    format!("http://{}/{page}?token={}", door.address(), token.reveal())
}

/// A service for whoever started this process, and the token that opens it.
pub fn embedded(place: &Place) -> Result<(Service, Token)> {
    let directory = PathBuf::from(&place.directory);
    let token = kept_token(&directory.join("server-token"))?;
    Ok((Service::embedded(place.people()?, token.clone(), directory.join("secrets-key")), token))
}

/// The token opens everything and goes over plain HTTP, so nobody else may read along.
fn check(address: SocketAddr) -> Result<()> {
    match address.ip().is_loopback() {
        true => Ok(()),
        false => Err(Failure::input(format!(
            "{address} can be reached by others: `paramo ui` is for this machine, as on 127.0.0.1; `paramo server` is for a group"
        ))),
    }
}

/// Opens a link in the browser. A machine without one is no reason to end.
pub fn browse(link: &str) {
    let nothing = Stdio::null;
    let opened =
        Command::new("xdg-open").arg(link).stdin(nothing()).stdout(nothing()).stderr(nothing()).spawn();
    match opened {
        // It ends by itself, and is waited for so that it leaves nothing behind.
        Ok(mut child) => drop(std::thread::spawn(move || child.wait())),
        Err(error) => anstream::eprintln!("warning: cannot start a browser (xdg-open: {error})"),
    }
}

/// The token of this store: made once, readable by its owner only, so that links stay good when it is started again.
fn kept_token(path: &Path) -> Result<Token> {
    if path.exists() {
        return read_token(path);
    }
    let failed =
        |error: std::io::Error| Failure::unavailable(format!("cannot make {}: {error}", path.display()));
    let token = Token::random().map_err(failed)?;
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    std::io::Write::write_all(&mut file, token.reveal().as_bytes()).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_let_in() {
        for (address, fits) in
            [("127.0.0.1:0", true), ("[::1]:80", true), ("0.0.0.0:80", false), ("[::]:80", false)]
        {
            assert_eq!(check(address.parse().unwrap()).is_ok(), fits, "{address}");
        }
    }
}
