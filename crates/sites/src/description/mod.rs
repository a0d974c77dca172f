//! What people say about a site: how it is reached, where on it, and on what terms. Read from a table of `sites.toml`.

mod file;
mod read;

use std::collections::BTreeMap;
use std::path::PathBuf;

use paramo_model::{Bytes, Seconds};

pub use file::{SitesFile, find_sites, parse_sites, read_site, read_sites};
pub(crate) use read::{placement, size};

use crate::EngineKind;

/// A site with an engine that places batch jobs.
#[derive(Clone)]
pub struct Description {
    pub name: String,
    pub kind: &'static dyn EngineKind,
    /// How its host is reached; `None`: it is this host.
    pub login: Option<Login>,
    /// How its engine is reached, when that is not by commands on the host.
    pub rest: Option<Rest>,
    /// Where everything of ours is on the site; an absolute path that all its nodes see.
    pub directory: String,
    /// How its nodes reach the server, where that is not as it calls itself: `HOST`, `HOST:PORT` or a URL.
    pub back: Option<String>,
    /// Paths that are the same here and there.
    pub shared: Vec<String>,
    /// Where jobs go when their pool says nothing else.
    pub placement: Placement,
    /// Lines of shell that come first in every job: modules, variables.
    pub prologue: Option<String>,
    /// What starts the tasks of a run that uses MPI.
    pub launcher: String,
    pub pools: BTreeMap<String, Pool>,
}

impl Description {
    /// How it is reached, in a few words.
    pub fn reached(&self) -> String {
        match (&self.login, &self.rest) {
            (None, None) => "this host".to_owned(),
            (Some(login), None) => format!("ssh {}", login.host),
            (None, Some(rest)) => rest.url.clone(),
            (Some(login), Some(rest)) => format!("{}, files by ssh {}", rest.url, login.host),
        }
    }
}

/// A host that is reached by OpenSSH, with keys or an agent; there are no passwords.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Login {
    /// A name or address, or an alias of `config`.
    pub host: String,
    pub user: Option<String>,
    pub port: Option<u16>,
    /// The private key; without it those of the agent and of `~/.ssh`.
    pub key: Option<PathBuf>,
    /// Hosts to go through, as `ssh -J` takes them.
    pub jump: Option<String>,
    /// A configuration of OpenSSH instead of `~/.ssh/config`.
    pub config: Option<PathBuf>,
    /// The keys of hosts that are known, instead of `~/.ssh/known_hosts`.
    pub known_hosts: Option<PathBuf>,
    /// The name or address by which the nodes of the site know this host; without it the one that it has itself.
    pub inside: Option<String>,
}

/// An engine that is reached by HTTP.
#[derive(Clone, Debug, PartialEq)]
pub struct Rest {
    /// Without a slash at the end.
    pub url: String,
    pub user: String,
    pub token: TokenSource,
}

/// Where tokens come from. They are read anew before they expire.
#[derive(Clone, Debug, PartialEq)]
pub enum TokenSource {
    File(PathBuf),
    /// A line of shell that prints one.
    Command(String),
}

/// Where a job goes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Placement {
    pub partition: Option<String>,
    pub account: Option<String>,
    pub qos: Option<String>,
    pub constraint: Option<String>,
    /// Further arguments of the engine's command.
    pub arguments: Vec<String>,
}

impl Placement {
    /// This one, and what it does not say as `other` says it.
    pub fn or(self, other: &Placement) -> Placement {
        Placement {
            partition: self.partition.or_else(|| other.partition.clone()),
            account: self.account.or_else(|| other.account.clone()),
            qos: self.qos.or_else(|| other.qos.clone()),
            constraint: self.constraint.or_else(|| other.constraint.clone()),
            arguments: if self.arguments.is_empty() { other.arguments.clone() } else { self.arguments },
        }
    }
}

/// How much a job gets. What is not said is for the site to choose.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Size {
    pub nodes: Option<u32>,
    pub tasks: Option<u32>,
    /// For each task.
    pub cpus: Option<u32>,
    /// On each node.
    pub memory: Option<Bytes>,
    /// On each node.
    pub gpus: Option<u32>,
    pub walltime: Option<Seconds>,
}

impl Size {
    /// This one, and what it does not say as `other` says it.
    pub(crate) fn or(self, other: &Size) -> Size {
        Size {
            nodes: self.nodes.or(other.nodes),
            tasks: self.tasks.or(other.tasks),
            cpus: self.cpus.or(other.cpus),
            memory: self.memory.or(other.memory),
            gpus: self.gpus.or(other.gpus),
            walltime: self.walltime.or(other.walltime),
        }
    }
}

/// Allocations of one kind, as many as there is work for.
#[derive(Clone, Debug, PartialEq)]
pub struct Pool {
    /// Nodes that a run with an allocation of its own may have at the most; `None`: as many as it asks for.
    pub nodes: Option<u32>,
    /// Kept even without work.
    pub minimum: u32,
    pub maximum: u32,
    pub size: Size,
    /// Without work for so long, an allocation ends.
    pub idle: Seconds,
    pub placement: Placement,
    /// Of a CPU, an hour, in whatever the sites of a file are counted in.
    pub cost: f64,
}
