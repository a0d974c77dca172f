//! `paramo server`: the engine as a service, with its API.

use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use paramo_model::Capacity;
use paramo_server::{App, Host, Token, router};
use paramo_sites::Request;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::args::Server;
use crate::exit;
use crate::failure::{Failure, Result};
use crate::output::print_line;
use crate::store::open;

/// How long answers that are being sent may take once the server is to end.
const GOODBYE: Duration = Duration::from_secs(5);

pub async fn server(store: &Path, args: Server) -> Result<u8> {
    let place = open(store, true).await?;
    let directory = PathBuf::from(&place.directory);
    let token = match &args.token_file {
        Some(path) => read_token(path)?,
        None => kept_token(&directory.join("server-token"))?,
    };
    let site = paramo_sites::site("local")?;
    let capacity = Capacity { cpus: args.cpus.unwrap_or(site.capacity().cpus), ..site.capacity() };
    let host = Host::new(place.store.clone(), place.directory.clone(), capacity)
        .map_err(|error| Failure::unavailable(format!("cannot start: {error}")))?;
    let listener = TcpListener::bind(args.listen).await.map_err(|error| {
        Failure::unavailable(match error.kind() {
            ErrorKind::AddrInUse => {
                format!("something listens on {} already; choose another address with --listen", args.listen)
            }
            _ => format!("cannot listen on {}: {error}", args.listen),
        })
    })?;
    let address = listener.local_addr().map_err(|error| Failure::unavailable(error.to_string()))?;
    if !address.ip().is_loopback() {
        anstream::eprintln!(
            "warning: others on the network can read what goes over {address}, the token included; use a proxy with TLS"
        );
    }
    listen_to_commands(&host)?;
    let allocation = site.submit(Request { cpus: args.cpus }).await?;
    host.board().attach("local".to_owned(), allocation.capacity, allocation.link).await;
    for (name, error) in host.take_up_all().await.map_err(|error| Failure::unavailable(error.to_string()))? {
        anstream::eprintln!("warning: {name} is not taken up: {error}");
    }
    anstream::eprintln!("the server listens; open this link, or send the token as `Authorization: Bearer`:");
    print_line(&format!("http://{address}/?token={}", token.reveal()))?;
    let app = App { host: Arc::clone(&host), token };
    let (stop, mut stopped) = tokio::sync::watch::channel(false);
    let mut serving = tokio::spawn(async move {
        let until = async move {
            let _ = stopped.wait_for(|stop| *stop).await;
        };
        axum::serve(listener, router(app)).with_graceful_shutdown(until).await
    });
    tokio::select! {
        word = told_to_stop() => word?,
        ended = &mut serving => {
            let why = match ended {
                Ok(Ok(())) => "it ended by itself".to_owned(),
                Ok(Err(error)) => error.to_string(),
                Err(error) => error.to_string(),
            };
            return Err(Failure::unavailable(format!("the server has stopped: {why}")));
        }
    }
    anstream::eprintln!("ending what runs; the studies stay open, and the next server goes on with them");
    host.stop().await;
    let _ = stop.send(true);
    // Readers of events never end by themselves.
    let _ = tokio::time::timeout(GOODBYE, serving).await;
    Ok(exit::OK)
}

/// Other commands change the store and send this signal to whoever holds a study's lock, which is this process from now on.
fn listen_to_commands(host: &Arc<Host>) -> Result<()> {
    let mut changed = signal(SignalKind::user_defined1())
        .map_err(|error| Failure::unavailable(format!("cannot listen to signals: {error}")))?;
    let host = Arc::downgrade(host);
    tokio::spawn(async move {
        while changed.recv().await.is_some() {
            let Some(host) = host.upgrade() else { return };
            host.reload();
        }
    });
    Ok(())
}

/// Returns when somebody wants the server to end.
async fn told_to_stop() -> Result<()> {
    let open = |kind| {
        signal(kind).map_err(|error| Failure::unavailable(format!("cannot listen to signals: {error}")))
    };
    let (mut interrupt, mut terminate) = (open(SignalKind::interrupt())?, open(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

fn read_token(path: &Path) -> Result<Token> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::input(format!("cannot read the token file {}: {error}", path.display())))?;
    Token::new(text.trim()).map_err(|why| Failure::input(format!("{}: {why}", path.display())))
}

/// The token of this store: made once, readable by its owner only, so that links stay good when the server is started again.
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
