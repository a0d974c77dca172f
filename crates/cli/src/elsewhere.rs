//! Sites beyond this machine, for a process that works on studies: which there are, how their workers reach this process, and the pools.

use std::io::{ErrorKind, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use paramo_model::SiteList;
use paramo_server::{Door, Host, Kept, OwnCertificate, Pools, Service};
use paramo_sites::{Description, SitesFile, find_sites, read_sites};
use tokio::net::TcpListener;

use crate::commands::server::Open;
use crate::failure::{Failure, Result, cannot_write};

/// The sites whose pools may be used for a study: those that it names, or all for `auto`.
pub fn sites_of(named: Option<&Path>, wanted: &SiteList) -> Result<Vec<Description>> {
    let Some(path) = find_sites(named) else {
        return match wanted.elsewhere().next() {
            Some(name) => Err(Failure::input(format!(
                "there is no site `{name}`, as there is no sites.toml here or in ~/.config/paramo; `paramo site add {name}` writes one, --sites FILE names another"
            ))),
            None => Ok(Vec::new()),
        };
    };
    let file = read_sites(&path)?;
    if wanted.is_auto() {
        return Ok(with_pools(file));
    }
    let sites = wanted.elsewhere().map(|name| {
        let site = file.site(name)?;
        match site.pools.is_empty() {
            true => Err(no_pools(&path, site)),
            false => Ok(site.clone()),
        }
    });
    sites.collect()
}

/// The sites of a file that have pools.
pub fn with_pools(file: SitesFile) -> Vec<Description> {
    file.sites.into_iter().filter(|site| !site.pools.is_empty()).collect()
}

fn no_pools(path: &Path, site: &Description) -> Failure {
    let name = &site.name;
    Failure::input(format!(
        "{}: site {name} has no pool of allocations, in which workers could live; add one:\n\n  [sites.{name}.pools.main]\n  maximum = 4          # allocations at once\n  cpus = 8             # of each\n  walltime = \"2 h\"",
        path.display()
    ))
}

/// The pools of some sites, and a door for the workers who do not come through that of the server.
pub struct Elsewhere {
    open: Option<Open>,
    pools: Pools,
}

impl Elsewhere {
    /// Looks after the pools. `public` is the address of the server, where it has one that workers can use.
    pub async fn open(
        host: &Arc<Host>,
        service: &Arc<Service>,
        directory: &Path,
        sites: Vec<Description>,
        public: Option<String>,
    ) -> Result<Elsewhere> {
        let own = sites.iter().any(is_relayed) || public.is_none();
        let door = match own {
            true => Some(own_door(service, directory, &sites, public.is_some()).await?),
            false => None,
        };
        let (port, authority) = match &door {
            Some((door, authority)) => (door.address().port(), Some(authority.clone())),
            None => (0, None),
        };
        let program = std::env::current_exe()
            .map_err(|error| Failure::unavailable(format!("this program cannot be found: {error}")))?;
        let kept = sites.into_iter().map(|site| {
            let relayed = is_relayed(&site).then_some(port);
            let server = match (&public, relayed) {
                (_, Some(port)) => format!("https://{INSIDE}:{port}"),
                (Some(public), None) => back(site.back.as_deref(), public),
                (None, None) => back(site.back.as_deref(), &format!("https://{}:{port}", host_name())),
            };
            // Beside those that its node trusts: it does no harm where the server has another.
            Kept { site, server, relayed, authority: authority.clone(), program: program.clone() }
        });
        let open = door.map(|(door, _)| Open::for_workers(host.clone(), service.clone(), door));
        let pools = Pools::start(host, service, kept.collect()).await.map_err(Failure::unavailable)?;
        Ok(Elsewhere { open, pools })
    }

    /// Ends every allocation, and closes the door.
    pub async fn close(self) {
        self.pools.close().await;
        if let Some(open) = self.open {
            open.close().await;
        }
    }

    /// Leaves the allocations to the next server.
    pub async fn leave(self) {
        self.pools.leave().await;
    }
}

/// The server by the name that its own certificate has for those who come through a relay.
const INSIDE: &str = "paramo.internal";

/// Behind SSH nothing is known to reach this machine but the connection itself, unless the site says so.
fn is_relayed(site: &Description) -> bool {
    site.login.is_some() && site.back.is_none()
}

/// A door with a certificate of our own, for workers alone; with the certificate.
async fn own_door(
    service: &Arc<Service>,
    directory: &Path,
    sites: &[Description],
    relays_alone: bool,
) -> Result<(Door, String)> {
    let listener = worker_port(sites, directory, relays_alone).await?;
    let mut names = vec![INSIDE.to_owned(), "localhost".to_owned(), "127.0.0.1".to_owned(), host_name()];
    names.extend(sites.iter().filter_map(|site| host_of(site.back.as_deref()?)).map(str::to_owned));
    names.sort();
    names.dedup();
    let own = OwnCertificate::at(directory, &names).map_err(Failure::unavailable)?;
    let door =
        Door::new(listener, Some(own.tls()), service.base(), service.patience()).map_err(Failure::input)?;
    Ok((door, own.pem().to_owned()))
}

/// The host of `back`.
fn host_of(back: &str) -> Option<&str> {
    let rest = back.split_once("://").map_or(back, |(_, rest)| rest);
    let place = rest.split('/').next()?;
    let host = match place.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() => host,
        _ => place,
    };
    Some(host.trim_matches(['[', ']'])).filter(|host| !host.is_empty())
}

/// The address of the server for the workers of a site: `back` is what the site says, a URL, `HOST:PORT` or `HOST`.
fn back(back: Option<&str>, server: &str) -> String {
    let Some(back) = back else { return server.to_owned() };
    if back.contains("://") {
        return back.trim_end_matches('/').to_owned();
    }
    let (scheme, rest) = server.split_once("://").unwrap_or(("http", server));
    let (place, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let has_port = back.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    match place.rsplit_once(':').filter(|_| !has_port) {
        Some((_, port)) => format!("{scheme}://{back}:{port}{path}"),
        None => format!("{scheme}://{back}{path}"),
    }
}

/// How other machines call this one.
fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// A port for workers: the one of last time, if it is free, so that those who are still there find it again. It is on this machine alone
/// when nobody comes from elsewhere.
async fn worker_port(sites: &[Description], directory: &Path, relays_alone: bool) -> Result<TcpListener> {
    let local = |site: &Description| {
        let host = site.back.as_deref().and_then(host_of);
        is_relayed(site) || host.is_some_and(|host| host.starts_with("127.") || host == "localhost")
    };
    let address = match relays_alone || sites.iter().all(local) {
        true => IpAddr::V4(Ipv4Addr::LOCALHOST),
        false => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
    };
    let file = directory.join("worker-port");
    let known = std::fs::read_to_string(&file).ok().and_then(|text| text.trim().parse::<u16>().ok());
    for port in known.into_iter().chain([0]) {
        match TcpListener::bind(SocketAddr::new(address, port)).await {
            Ok(listener) => {
                // One that another command has is not forgotten: workers of that command come back to it.
                if port == 0 && known.is_none() {
                    let port = listener.local_addr().map(|address| address.port()).unwrap_or(0);
                    let write = |file: &mut std::fs::File| writeln!(file, "{port}");
                    let name = file.display().to_string();
                    paramo_table::replace_file(&file, write).map_err(cannot_write(&name))?;
                }
                return Ok(listener);
            }
            Err(error) if port != 0 && error.kind() == ErrorKind::AddrInUse => {}
            Err(error) => {
                return Err(Failure::unavailable(format!("cannot listen for workers on {address}: {error}")));
            }
        }
    }
    Err(Failure::unavailable(format!("cannot listen for workers on {address}")))
}

#[cfg(test)]
mod tests {
    use super::{back, host_of};

    #[test]
    fn the_host_of_a_way_back_is_in_the_certificate() {
        for (back, host) in
            [("login", "login"), ("10.0.0.5:99", "10.0.0.5"), ("https://lab.example/x", "lab.example")]
        {
            assert_eq!(host_of(back), Some(host));
        }
    }

    #[test]
    fn a_site_may_say_how_its_workers_reach_the_server() {
        let server = "https://paramo.example:8090/lab";
        for (said, found) in [
            (None, server),
            (Some("10.0.0.5"), "https://10.0.0.5:8090/lab"),
            (Some("10.0.0.5:99"), "https://10.0.0.5:99/lab"),
            (Some("http://login/x/"), "http://login/x"),
        ] {
            assert_eq!(back(said, server), found);
        }
        assert_eq!(back(Some("login"), "https://paramo.example"), "https://login");
    }
}
