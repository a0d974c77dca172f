//! The words of the way between a server and workers that cannot reach it: `paramo relay`, and those of `paramo worker` for it.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use paramo_worker::remote::{HostPort, Via};

/// Hand connections of compute nodes to a Unix socket; Paramo starts this on a login node
///
/// It is started over SSH, by a connection that carries the socket to the server, and ends with its standard input: with that connection. It prints
/// HOST:PORT once it listens. What it hands on is encrypted, and it holds no key and no token.
#[derive(Args, Debug)]
#[command(
    hide = true,
    after_long_help = "Examples:
  paramo relay --to /scratch/ada/lab.sock --listen 0.0.0.0:0 --address-file /scratch/ada/lab.address
  paramo relay --to lab.sock --listen 10.1.0.2:0 --address-file lab.address --name login1-ib"
)]
pub struct Relay {
    /// The Unix socket that leads to the server
    #[arg(long, value_name = "SOCKET", value_hint = ValueHint::FilePath)]
    pub to: PathBuf,

    /// Where to listen, as in 10.0.0.1:0; port 0 takes the one of the relay before this one when it is free, else any
    #[arg(long, value_name = "HOST:PORT")]
    pub listen: HostPort,

    /// The file that says HOST:PORT as long as this relay is there; FILE.last keeps it for the next one
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub address_file: PathBuf,

    /// How compute nodes name this host [default: the host of --listen, and what the host calls itself when that is every address]
    #[arg(long, value_name = "HOST")]
    pub name: Option<String>,
}

/// How a worker gets to a server that it cannot reach.
#[derive(Args, Debug)]
pub struct ByRelay {
    /// Go through the relay at this place; --server still says whom its certificate must name
    ///
    /// The server must have TLS (https://). A proxy of the environment is not used then.
    #[arg(long, value_name = "HOST:PORT", value_parser = reachable)]
    pub via: Option<HostPort>,

    /// The same, from a file that is read before every attempt to connect: the relay may come back elsewhere
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "via")]
    pub via_file: Option<PathBuf>,
}

impl ByRelay {
    pub fn way(&self) -> Option<Via> {
        self.via.clone().map(Via::At).or_else(|| self.via_file.clone().map(Via::File))
    }
}

fn reachable(text: &str) -> Result<HostPort, String> {
    let place: HostPort = text.parse()?;
    match place.port {
        0 => Err(format!("expected a port above 0, found `{text}`")),
        _ => Ok(place),
    }
}
