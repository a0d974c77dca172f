//! `paramo site`: the sites that are written down, and whether they work.

use std::io::Write;
use std::path::{Path, PathBuf};

use paramo_sites::{Connection, Description, SITES, SitesFile, find_sites, parse_sites, read_sites};
use serde_json::{Value, json};

use super::doctor::tell;
use crate::args::{Site, SiteAdd, SiteTest};
use crate::exit;
use crate::failure::{Failure, Result, cannot_write};
use crate::output::print_line;
use crate::view::{Align, table};

pub async fn site(store: &Path, sites: Option<PathBuf>, args: Site) -> Result<u8> {
    let found = find_sites(sites.as_deref());
    match args {
        Site::List { json } => list(found.as_deref(), json),
        Site::Show { name, json } => show(found.as_deref(), &name, json),
        Site::Add(args) => add(found.unwrap_or_else(|| PathBuf::from("sites.toml")), &args),
        Site::Test(args) => test(found.as_deref(), args).await,
        Site::Choose(args) => super::choose::choose(found.as_deref(), store, args).await,
    }
}

/// The sites of the file; none when there is no file.
fn all(file: Option<&Path>) -> Result<Option<SitesFile>> {
    Ok(file.map(read_sites).transpose()?)
}

fn named(file: Option<&Path>, name: &str) -> Result<Description> {
    match all(file)? {
        Some(sites) => Ok(sites.site(name)?.clone()),
        None => Err(Failure::input(format!(
            "there is no site `{name}`, as there is no sites.toml here or in ~/.config/paramo; `paramo site add {name}` writes one, --sites FILE names another"
        ))),
    }
}

fn list(file: Option<&Path>, json: bool) -> Result<u8> {
    let sites = all(file)?;
    let described = sites.iter().flat_map(|file| &file.sites);
    if json {
        for kind in SITES {
            print_line(
                &json!({ "name": kind.name(), "kind": kind.name(), "help": kind.help() }).to_string(),
            )?;
        }
        for site in described {
            print_line(&document(site).to_string())?;
        }
        return Ok(exit::OK);
    }
    let columns =
        [("NAME", Align::Left), ("KIND", Align::Left), ("ACCESS", Align::Left), ("POOLS", Align::Left)];
    let own =
        SITES.iter().map(|kind| [kind.name(), kind.name(), "this process", "-"].map(str::to_owned).to_vec());
    let rows = described.map(|site| {
        let pools: Vec<&str> = site.pools.keys().map(String::as_str).collect();
        let pools = if pools.is_empty() { "-".to_owned() } else { pools.join(", ") };
        vec![site.name.clone(), site.kind.name().to_owned(), site.reached(), pools]
    });
    print_line(&table(&columns, own.chain(rows)))?;
    Ok(exit::OK)
}

fn show(file: Option<&Path>, name: &str, json: bool) -> Result<u8> {
    let site = named(file, name)?;
    let document = document(&site);
    if json {
        print_line(&document.to_string())?;
        return Ok(exit::OK);
    }
    if let Value::Object(fields) = &document {
        for (field, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
            print_line(&format!(
                "{field:<10} {}",
                value.as_str().map_or_else(|| value.to_string(), str::to_owned)
            ))?;
        }
    }
    Ok(exit::OK)
}

/// A site as JSON. There is no secret in a description.
fn document(site: &Description) -> Value {
    let place = &site.placement;
    let pools = site.pools.iter().map(|(name, pool)| {
        let size = &pool.size;
        let of_pool = json!({
            "minimum": pool.minimum,
            "maximum": pool.maximum,
            "nodes": pool.nodes,
            "cpus": size.cpus,
            "memory_bytes": size.memory.map(|memory| memory.0),
            "gpus": size.gpus,
            "walltime_seconds": size.walltime.map(|time| time.0),
            "idle_seconds": pool.idle.0,
            "cost": pool.cost,
            "partition": pool.placement.partition,
        });
        (name.clone(), of_pool)
    });
    json!({
        "name": site.name,
        "kind": site.kind.name(),
        "access": site.reached(),
        "user": site.login.as_ref().and_then(|login| login.user.clone()).or_else(|| site.rest.as_ref().map(|rest| rest.user.clone())),
        "directory": site.directory,
        "shared": site.shared,
        "partition": place.partition,
        "account": place.account,
        "qos": place.qos,
        "constraint": place.constraint,
        "arguments": place.arguments,
        "back": site.back,
        "prologue": site.prologue,
        "launcher": site.launcher,
        "pools": pools.collect::<serde_json::Map<String, Value>>(),
    })
}

/// Writes a site at the end of the file. What stands there stays as it is, comments included; a file that would be wrong is not written.
fn add(file: PathBuf, args: &SiteAdd) -> Result<u8> {
    let before = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(Failure::input(format!("{}: {error}", file.display()))),
    };
    if !before.is_empty() && read_sites(&file)?.site(&args.name).is_ok() {
        return Err(Failure::input(format!(
            "{} describes {} already; change it there",
            file.display(),
            args.name
        )));
    }
    let text = |value: &str| toml::Value::String(value.to_owned()).to_string();
    let mut lines = format!("[sites.{}]\nkind = {}\n", text(&args.name), text(&args.kind));
    let access: Vec<String> = [
        ("host", &args.host),
        ("user", &args.user),
        ("key", &args.key),
        ("jump", &args.jump),
        ("inside", &args.inside),
        ("config", &args.ssh_config),
        ("url", &args.url),
        ("token_file", &args.token_file),
        ("token_command", &args.token_command),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some(format!("{name} = {}", text(value.as_deref()?))))
    .chain(args.port.map(|port| format!("port = {port}")))
    .collect();
    if !access.is_empty() {
        lines += &format!("access = {{ {} }}\n", access.join(", "));
    }
    lines += &format!("directory = {}\n", text(&args.directory));
    for (name, value) in [("back", &args.back), ("partition", &args.partition), ("account", &args.account)] {
        lines += &value.as_deref().map_or(String::new(), |value| format!("{name} = {}\n", text(value)));
    }
    if let (Some(maximum), Some(walltime)) = (args.maximum, args.walltime) {
        lines += &format!(
            "\n[sites.{}.pools.main]\nmaximum = {maximum}\ncpus = {}\nwalltime = {}\n",
            text(&args.name),
            args.cpus.unwrap_or(1),
            text(&walltime.to_string())
        );
    }
    let gap = if before.is_empty() || before.ends_with("\n\n") { "" } else { "\n" };
    let text = format!("{before}{gap}{lines}");
    // Read as it will be read later: what is wrong is said with its place, and nothing is written.
    parse_sites(&file, &text)?;
    let name = file.display().to_string();
    paramo_table::replace_file(&file, |file| file.write_all(text.as_bytes())).map_err(cannot_write(&name))?;
    anstream::eprintln!("{name} describes {0} now; `paramo site test {0}` tries it", args.name);
    Ok(exit::OK)
}

async fn test(file: Option<&Path>, args: SiteTest) -> Result<u8> {
    let site = named(file, &args.name)?;
    let connection = Connection::to(site).map_err(|error| Failure::unavailable(error.to_string()))?;
    let checks = connection.check(args.back.as_deref()).await;
    tell(&checks, args.json)
}
