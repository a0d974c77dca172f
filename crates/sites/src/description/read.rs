//! From a table of `sites.toml` to a [`Description`], field by field, so that everything wrong is said with its place.

use std::path::{Path, PathBuf};

use paramo_model::Seconds;
use paramo_model::document::{Field, Table};
use paramo_worker::Launcher;

use super::{Description, Login, Placement, Pool, Rest, Size, TokenSource};
use crate::ENGINES;

/// How long an allocation without work is kept when nobody says it.
const IDLE: Seconds = Seconds(300.0);

/// Where relative paths of this host start.
pub(super) struct Base<'a> {
    pub directory: &'a Path,
    pub home: Option<&'a Path>,
}

impl Base<'_> {
    fn path(&self, field: &Field, what: &str) -> Option<PathBuf> {
        let text = field.text(what)?;
        Some(match (text.strip_prefix("~/"), self.home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => self.directory.join(text),
        })
    }
}

/// The sites of a whole file, by name.
pub(super) fn sites(mut root: Table, base: &Base) -> Option<Vec<Description>> {
    // A file may be begun with its comments.
    let table = match root.get("sites") {
        Some(field) => field.table("a table for each site, such as [sites.hpc]")?,
        None => {
            root.finish();
            return Some(Vec::new());
        }
    };
    root.finish();
    let read: Vec<Option<Description>> = table.fields().map(|field| named(&field, base)).collect();
    read.into_iter().collect()
}

fn named(field: &Field, base: &Base) -> Option<Description> {
    let name = field.key_name()?;
    if name.as_str() == "local" {
        field
            .report(field.wrong_key("`local` is this machine and needs no description; choose another name"));
    }
    site(name.as_str(), field.table("a table that describes a site")?, base)
}

/// One site.
pub(super) fn site(name: &str, mut table: Table, base: &Base) -> Option<Description> {
    let kinds: Vec<(&str, _)> = ENGINES.iter().map(|kind| (kind.name(), *kind)).collect();
    let kind = table
        .require("kind", "what places its jobs, such as kind = \"slurm\"")
        .and_then(|field| field.word("a kind of site", &kinds));
    let (login, rest) = match table.get("access") {
        Some(field) => access(field.table("a table that says how the site is reached")?, base)?,
        None => (None, None),
    };
    let directory = table
        .require(
            "directory",
            "a directory on the site for everything of ours, such as \"/scratch/me/paramo\"",
        )
        .and_then(|field| absolute(&field));
    let back = table.get("back").and_then(|field| way_back(&field));
    let shared = texts(&mut table, "shared", "a list of paths that are the same here and on the site");
    let placement = placement(&mut table);
    let prologue = table.get("prologue").and_then(|f| f.text("lines of shell")).map(str::to_owned);
    let launcher = table.get("launcher").and_then(|field| {
        let text = field.text("the words that start a program with MPI, such as \"srun\"")?;
        match Launcher::new(text) {
            Ok(_) => Some(text.to_owned()),
            Err(problem) => field.reject(problem),
        }
    });
    let cost = cost(&mut table).unwrap_or(0.0);
    let mut pools = Vec::new();
    if let Some(all) = table.get("pools").and_then(|field| field.table("a table for each pool")) {
        for field in all.fields() {
            let name = field.key_name();
            let read =
                field.table("a table that describes a pool").map(|table| pool(table, &placement, cost));
            pools.push((name?.to_string(), read?));
        }
    }
    table.finish();
    let kind = kind?;
    Some(Description {
        name: name.to_owned(),
        launcher: launcher.unwrap_or_else(|| kind.launcher().to_owned()),
        kind,
        login,
        rest,
        directory: directory?,
        back,
        shared,
        placement,
        prologue,
        pools: pools.into_iter().collect(),
    })
}

/// How nodes reach the server.
fn way_back(field: &Field) -> Option<String> {
    let text = field.text("how nodes reach the server: HOST, HOST:PORT or a URL")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._:/[]".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => Some(text.to_owned()),
        false => field.reject(format!("expected HOST, HOST:PORT or a URL, found \"{text}\"")),
    }
}

fn absolute(field: &Field) -> Option<String> {
    let text = field.text("an absolute path on the site")?;
    if !text.starts_with('/') || text.chars().any(char::is_control) {
        return field.reject(format!(
            "expected an absolute path on the site, such as \"/scratch/me/paramo\", found \"{text}\""
        ));
    }
    Some(text.trim_end_matches('/').to_owned())
}

type Ways = (Option<Login>, Option<Rest>);

fn access(mut table: Table, base: &Base) -> Option<Ways> {
    for word in ["password", "token", "passphrase"] {
        if let Some(field) = table.has(word).then(|| table.get(word)).flatten() {
            let wrong = field.wrong_key("secrets do not belong into this file");
            field.report(
                wrong.help(
                    "use a key or an agent for SSH, and `token_file` or `token_command` for slurmrestd",
                ),
            );
        }
    }
    let whole = table.field.clone();
    let text = |field: Option<Field>, what: &str| field.and_then(|f| f.text(what)).map(str::to_owned);
    let name = |field: Field| {
        let host = field.text("the name of a host")?;
        match host.starts_with('-') || host.chars().any(|c| c.is_whitespace() || c.is_control()) {
            true => field.reject(format!("expected the name of a host, found \"{host}\"")),
            false => Some(host.to_owned()),
        }
    };
    let host = table.get("host").and_then(name);
    let inside = table.get("inside").and_then(name);
    let url = table.get("url").and_then(|field| address(&field));
    let user = text(table.get("user"), "the name of a user");
    let port = table.get("port").and_then(|f| f.integer::<u16>(1, "a port, from 1 to 65535"));
    let key = table.get("key").and_then(|f| base.path(&f, "the file of a private key"));
    let jump = text(table.get("jump"), "hosts to go through, as `ssh -J` takes them");
    let config = table.get("config").and_then(|f| base.path(&f, "a configuration file of OpenSSH"));
    let known_hosts = table.get("known_hosts").and_then(|f| base.path(&f, "a file of known hosts"));
    let file = table.get("token_file").and_then(|f| base.path(&f, "a file that holds a token"));
    let command = text(table.get("token_command"), "a line of shell that prints a token");
    let has_token = table.has("token_file") || table.has("token_command");
    let (has_host, has_url) = (table.has("host"), table.has("url"));
    table.finish();
    let rest = match (url, &user) {
        (Some(url), Some(user)) => {
            let token = match (file, command) {
                (Some(file), None) => TokenSource::File(file),
                (None, Some(command)) => TokenSource::Command(command),
                _ => {
                    return whole.reject(
                        "a `url` needs either `token_file` or `token_command`, from which its token is read",
                    );
                }
            };
            Some(Rest { url, user: user.clone(), token })
        }
        (Some(_), None) => return whole.reject("a `url` needs the `user` in whose name jobs are submitted"),
        (None, _) if has_token && !has_url => {
            return whole
                .reject("a token is for a `url`: give the address of slurmrestd, or leave the token out");
        }
        (None, _) => None,
    };
    let for_ssh =
        [port.is_some(), key.is_some(), jump.is_some(), config.is_some(), inside.is_some()].contains(&true);
    if !has_host && for_ssh {
        return whole
            .reject("`port`, `key`, `jump`, `config` and `inside` are for SSH: give the `host` as well");
    }
    if !has_host && !has_url {
        return whole.reject(
            "say where the site is: `host` for SSH, `url` for slurmrestd; leave `access` out when it is this host",
        );
    }
    let login = host.map(|host| Login { host, user, port, key, jump, config, known_hosts, inside });
    Some((login, rest))
}

fn address(field: &Field) -> Option<String> {
    let text = field.text("the address of slurmrestd")?;
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    match rest {
        Some(rest) if rest.split('/').next().is_some_and(|host| host.contains('@')) => {
            field.reject("an address holds no user and no password; give `user` and `token_file` beside it")
        }
        Some(rest) if !rest.is_empty() && !rest.starts_with('/') && !rest.contains(['?', '#', ' ']) => {
            Some(text.trim_end_matches('/').to_owned())
        }
        _ => field.reject(format!("expected an address such as \"https://head:6820\", found \"{text}\"")),
    }
}

fn texts(table: &mut Table, key: &'static str, what: &str) -> Vec<String> {
    let list = table.get(key).and_then(|field| field.list(what)).unwrap_or_default();
    list.iter().filter_map(|field| field.text(what)).map(str::to_owned).collect()
}

/// Where jobs go.
pub(crate) fn placement(table: &mut Table) -> Placement {
    let mut text = |key, what: &str| table.get(key).and_then(|f| f.text(what)).map(str::to_owned);
    Placement {
        partition: text("partition", "the name of a partition"),
        account: text("account", "the name of an account"),
        qos: text("qos", "the name of a quality of service"),
        constraint: text("constraint", "features that nodes must have"),
        arguments: texts(table, "arguments", "a list of arguments, such as [\"--exclusive\"]"),
    }
}

/// How much a job or an allocation gets. `time` is what its length is called.
pub(crate) fn size(table: &mut Table, time: &'static str) -> Size {
    Size {
        nodes: table.get("nodes").and_then(|f| f.integer(1, "how many nodes, an integer of at least 1")),
        tasks: table.get("tasks").and_then(|f| f.integer(1, "how many tasks, an integer of at least 1")),
        cpus: table.get("cpus").and_then(|f| f.integer(1, "CPUs of a task, an integer of at least 1")),
        memory: table.get("memory").and_then(|f| f.parsed("an amount of memory, such as \"4 GiB\"")),
        gpus: table.get("gpus").and_then(|f| f.integer(0, "GPUs of a node, an integer of at least 0")),
        walltime: table.get(time).and_then(|f| f.parsed("a length of time, such as \"2 h\"")),
    }
}

/// Of a CPU, an hour.
fn cost(table: &mut Table) -> Option<f64> {
    let what = "what a CPU costs an hour, a number of at least 0";
    let field = table.get("cost")?;
    let cost = field.number(what)?;
    match cost.is_finite() && cost >= 0.0 {
        true => Some(cost),
        false => field.reject(format!("expected {what}, found {cost}")),
    }
}

fn pool(mut table: Table, site: &Placement, of_site: f64) -> Pool {
    let minimum = table.get("minimum").and_then(|f| f.integer(0, "an integer of at least 0")).unwrap_or(0);
    let maximum = table.get("maximum");
    let whole = table.field.clone();
    let most = match &maximum {
        Some(field) => {
            field.integer::<u32>(0, "how many allocations at the most, an integer; 0 drains the pool")
        }
        None => whole.reject("`maximum` is missing: how many allocations there are at the most"),
    };
    if let (Some(field), Some(most)) = (&maximum, most)
        && most < minimum
    {
        field.reject::<()>(format!("the maximum {most} is below the minimum {minimum}"));
    }
    let mut size = size(&mut table, "walltime");
    if size.walltime.is_none() && !table.has("walltime") {
        whole.reject::<()>("`walltime` is missing: how long an allocation lasts, such as \"1 h\"");
    }
    // A worker that runs of many studies share is on one node.
    let nodes = size.nodes.take();
    let idle =
        table.get("idle").and_then(|f| f.parsed("a length of time, such as \"5 min\"")).unwrap_or(IDLE);
    let placement = placement(&mut table).or(site);
    let cost = cost(&mut table).unwrap_or(of_site);
    table.finish();
    Pool { nodes, minimum, maximum: most.unwrap_or(1), size, idle, placement, cost }
}
