//! `paramo server`: the engine as a service for a group, with its API; and what it has in common with `paramo ui`.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use paramo_model::Capacity;
use paramo_server::jobs::Jobs;
use paramo_server::{
    App, Config, Door, Host, Patience, PublicUrl, Service, Tls, Token, router, serve, worker_router,
};
use paramo_sites::{Description, Request, find_sites, read_sites};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::args::{Server, Workers};
use crate::elsewhere::{Elsewhere, with_pools};
use crate::exit;
use crate::failure::{Failure, Result};
use crate::output::print_line;
use crate::store::{Place, open};

/// How long answers that are being sent may take once the server is to end.
const GOODBYE: Duration = Duration::from_secs(5);
/// Where it listens when nobody says it.
const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8090);

/// Where and with what a server is started.
pub struct Setting {
    pub listener: TcpListener,
    pub tls: Option<Tls>,
    pub workers: Workers,
    pub patience: Patience,
    /// Files that go to no worker.
    pub private: Vec<PathBuf>,
    /// Those whose pools are used.
    pub sites: Vec<Description>,
    /// The file with the sites, where that is said.
    pub sites_file: Option<PathBuf>,
    /// End when standard input does.
    pub while_stdin: bool,
}

pub async fn server(store: &Path, args: Server) -> Result<u8> {
    let mut config = match &args.config {
        Some(path) => Config::read(path).map_err(Failure::input)?,
        None => Config::default(),
    };
    if let Some(url) = &args.public_url {
        config.public_url = Some(PublicUrl::parse(url).map_err(Failure::input)?);
    }
    let machine = args.token_file.as_deref().map(read_token).transpose()?;
    let place = open(store, true).await?;
    let listener = listen(args.listen.or(config.listen).unwrap_or(LISTEN)).await?;
    let setting = Setting {
        listener,
        tls: config.tls.clone(),
        workers: args.workers,
        patience: config.workers,
        private: config.private.iter().chain(&args.token_file).cloned().collect(),
        sites: match find_sites(args.sites.as_deref()) {
            Some(path) => with_pools(read_sites(&path)?),
            None => Vec::new(),
        },
        sites_file: args.sites.clone(),
        while_stdin: false,
    };
    let key_file = PathBuf::from(&place.directory).join("secrets-key");
    let service = Service::group(place.people()?, machine, config, key_file).map_err(Failure::unavailable)?;
    let welcome =
        service.first_administrator().await.map_err(|problem| Failure::unavailable(problem.detail))?;
    let url = service.public_url().cloned();
    run(&place, service, setting, |door| {
        let address = door.address();
        let here = format!("{}://{address}", if door.secure() { "https" } else { "http" });
        let link = |path: &str| match &url {
            Some(url) => url.link(path),
            None => format!("{here}{path}"),
        };
        if !door.secure() && !address.ip().is_loopback() && url.as_ref().is_none_or(|url| !url.secure()) {
            anstream::eprintln!(
                "warning: others on the network can read what goes over {address}, passwords included; give a certificate ([tls] in server.toml), or use a proxy with TLS"
            );
        }
        anstream::eprintln!("the server listens on {address}");
        match &welcome {
            Some(code) => {
                anstream::eprintln!("nobody has an account yet; the first administrator chooses a password here:");
                print_line(&link(&format!("/welcome/{code}")))
            }
            None => print_line(&link("/")),
        }
    })
    .await
}

/// Takes an address.
pub async fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        Failure::unavailable(match error.kind() {
            ErrorKind::AddrInUse => {
                format!("something listens on {address} already; choose another address with --listen")
            }
            _ => format!("cannot listen on {address}: {error}"),
        })
    })
}

/// Works on the open studies of a store and answers, until somebody wants it to end. `greet` says where it is, once it is there.
pub async fn run(
    place: &Place,
    service: Service,
    setting: Setting,
    greet: impl FnOnce(&Door) -> Result<()>,
) -> Result<u8> {
    let site = paramo_sites::site("local")?;
    let Workers { cpus, workers } = setting.workers;
    let capacity = Capacity { cpus: cpus.unwrap_or(site.capacity().cpus), ..site.capacity() };
    let here = (workers > 0).then_some(capacity);
    let host = Host::patient(place.store.clone(), place.directory.clone(), here, setting.patience)
        .map_err(|error| Failure::unavailable(format!("cannot start: {error}")))?;
    let door = Door::new(setting.listener, setting.tls.as_ref(), service.base(), service.patience())
        .map_err(Failure::input)?;
    host.keep_private(&setting.private);
    if let Some(file) = &setting.sites_file {
        host.set_sites_file(file.clone());
    }
    listen_to_commands(&host)?;
    for number in 1..=workers {
        let allocation = site.submit(Request { cpus }).await?;
        let name = if workers == 1 { "local".to_owned() } else { format!("local-{number}") };
        host.board().attach(name, allocation.capacity, allocation.link).await;
    }
    let failed = |error: paramo_server::HostError| Failure::unavailable(error.to_string());
    host.govern(place.people()?).await.map_err(failed)?;
    let service = Arc::new(service);
    let pools = match setting.sites.is_empty() {
        true => None,
        false => {
            let address = format!("{}://{}", if door.secure() { "https" } else { "http" }, door.address());
            let public = service.public_url().map(|url| url.link(""));
            let (directory, public) = (Path::new(&place.directory), public.unwrap_or(address));
            Some(Elsewhere::open(&host, &service, directory, setting.sites, Some(public)).await?)
        }
    };
    for (name, error) in host.take_up_all().await.map_err(failed)? {
        anstream::eprintln!("warning: {name} is not taken up: {error}");
    }
    greet(&door)?;
    let schedules = tokio::spawn(Arc::new(Jobs::new(place.people()?, setting.sites_file)).keep());
    let mut open = Open::new(host, service, door);
    tokio::select! {
        word = told_to_stop() => word?,
        () = input_ended(), if setting.while_stdin => {}
        why = open.broken() => return Err(why),
    }
    schedules.abort();
    anstream::eprintln!("ending what runs; the studies stay open, and the next server goes on with them");
    if let Some(pools) = pools {
        pools.leave().await;
    }
    open.close().await;
    Ok(exit::OK)
}

/// A door that requests come through.
pub struct Open {
    pub host: Arc<Host>,
    stop: tokio::sync::watch::Sender<bool>,
    serving: tokio::task::JoinHandle<()>,
}

impl Open {
    /// Answers from now on.
    pub fn new(host: Arc<Host>, service: Arc<Service>, door: Door) -> Open {
        service.keep_tidy();
        let router = router(App::new(Arc::clone(&host), service));
        Open::serve(host, router, door)
    }

    /// A door that workers come through, and nobody else.
    pub fn for_workers(host: Arc<Host>, service: Arc<Service>, door: Door) -> Open {
        let router = worker_router(App::new(Arc::clone(&host), service));
        Open::serve(host, router, door)
    }

    fn serve(host: Arc<Host>, router: Router, door: Door) -> Open {
        let (stop, stopped) = tokio::sync::watch::channel(false);
        Open { host, stop, serving: tokio::spawn(serve(door, router, stopped)) }
    }

    /// Why nobody is answered any more, once that is so.
    pub async fn broken(&mut self) -> Failure {
        let ended = (&mut self.serving).await;
        let why = ended.err().map_or("it ended by itself".to_owned(), |error| error.to_string());
        Failure::unavailable(format!("the server has stopped: {why}"))
    }

    /// Ends what runs, and then the answers.
    pub async fn close(self) {
        self.host.stop().await;
        let _ = self.stop.send(true);
        // Readers of events never end by themselves.
        let _ = tokio::time::timeout(GOODBYE, self.serving).await;
    }
}

/// Other commands change the store and send this signal to whoever holds a study's lock, which is this process from now on.
pub fn listen_to_commands(host: &Arc<Host>) -> Result<()> {
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

/// Returns when there is no more standard input: the program at its other end is gone, or does not want us any more.
pub async fn input_ended() {
    let (say, ended) = tokio::sync::oneshot::channel::<()>();
    // A thread of its own: one of the runtime's would be waited for at the end.
    std::thread::spawn(move || {
        // What cannot be read has ended as well.
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        drop(say);
    });
    let _ = ended.await;
}

/// Returns when somebody wants the server to end.
pub async fn told_to_stop() -> Result<()> {
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

pub fn read_token(path: &Path) -> Result<Token> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::input(format!("cannot read the token file {}: {error}", path.display())))?;
    Token::new(text.trim()).map_err(|why| Failure::input(format!("{}: {why}", path.display())))
}
