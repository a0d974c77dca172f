//! `paramo pool`: the allocations on sites, as far as they are known to the server or to the store.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::DateTime;
use paramo_client::{GrantedShape, PoolShape};
use paramo_model::{Micros, Timestamp};
use paramo_sites::{find_sites, read_sites};
use paramo_store::Allocation;

use crate::args::{Pool, PoolStatus};
use crate::exit;
use crate::failure::{Failure, Result};
use crate::output::print_line;
use crate::store::{Place, open};
use crate::view::{Align, local_time, table};

/// Allocations that have ended and are shown nevertheless.
const ENDED: u32 = 10;

pub async fn pool(store: &Path, args: Pool) -> Result<u8> {
    match args {
        Pool::Status(args) => status(store, args).await,
    }
}

async fn status(store: &Path, args: PoolStatus) -> Result<u8> {
    let place = open(store, false).await?;
    let mut pools = match place.server() {
        Some(server) => server.pools().await?,
        None => remembered(&place, &args).await?,
    };
    pools.retain(|pool| args.site.as_ref().is_none_or(|site| *site == pool.site));
    if let (Some(site), true) = (&args.site, pools.is_empty()) {
        return Err(Failure::input(format!("there is no pool of a site `{site}`")));
    }
    if args.json {
        for pool in &pools {
            print_line(&serde_json::to_value(pool).unwrap_or_default().to_string())?;
        }
        return Ok(exit::OK);
    }
    if pools.is_empty() {
        anstream::eprintln!("there are no pools; a site has them in sites.toml, as [sites.hpc.pools.main]");
        return Ok(exit::OK);
    }
    print_line(&summary(&pools, place.server().is_some()))?;
    let rows: Vec<Vec<String>> = pools.iter().flat_map(|pool| pool.allocations.iter().map(row)).collect();
    if !rows.is_empty() {
        let columns = [
            ("ALLOCATION", Align::Left),
            ("JOB", Align::Left),
            ("STATE", Align::Left),
            ("SINCE", Align::Left),
            ("DETAIL", Align::Left),
        ];
        print_line("")?;
        print_line(&table(&columns, rows))?;
    }
    for pool in &pools {
        if let Some(trouble) = &pool.trouble {
            anstream::eprintln!("{}/{}: {trouble}", pool.site, pool.name);
        }
    }
    Ok(exit::OK)
}

/// A line for each pool. What a server knows of workers, a store does not.
fn summary(pools: &[PoolShape], live: bool) -> String {
    let mut columns = vec![
        ("SITE", Align::Left),
        ("POOL", Align::Left),
        ("WAITING", Align::Right),
        ("RUNNING", Align::Right),
        ("MOST", Align::Right),
    ];
    if live {
        columns.extend([("WORKERS", Align::Right), ("CPUS", Align::Right), ("RUNS", Align::Right)]);
    }
    let lines = pools.iter().map(|pool| {
        let of = |states: &[&str]| {
            pool.allocations.iter().filter(|it| states.contains(&it.state.as_str())).count().to_string()
        };
        let most = pool.maximum.map(|most| most.to_string()).unwrap_or_default();
        let mut line = vec![
            pool.site.clone(),
            pool.name.clone(),
            of(&["asked", "waiting"]),
            of(&["running", "ending"]),
            most,
        ];
        if live {
            line.extend([pool.workers.to_string(), pool.cpus.to_string(), pool.running.to_string()]);
        }
        line
    });
    table(&columns, lines)
}

fn row(granted: &GrantedShape) -> Vec<String> {
    let since = granted.ended.as_ref().or(granted.began.as_ref()).unwrap_or(&granted.asked);
    let since = DateTime::parse_from_rfc3339(since)
        .map_or_else(|_| since.clone(), |at| local_time(Timestamp(at.timestamp_micros())));
    let job = granted.job.clone().unwrap_or_default();
    vec![granted.name.clone(), job, granted.state.clone(), since, granted.detail.clone()]
}

/// What the store knows, and what the sites say of pools.
async fn remembered(place: &Place, args: &PoolStatus) -> Result<Vec<PoolShape>> {
    let mut pools: BTreeMap<(String, String), PoolShape> = BTreeMap::new();
    if let Some(path) = find_sites(args.sites.as_deref()) {
        for site in read_sites(&path)?.sites {
            for (name, pool) in &site.pools {
                let shape = PoolShape {
                    minimum: Some(pool.minimum),
                    maximum: Some(pool.maximum),
                    ..empty(&site.name, name)
                };
                pools.insert((site.name.clone(), name.clone()), shape);
            }
        }
    }
    for allocation in place.people()?.allocations(ENDED).await? {
        let key = (allocation.site.clone(), allocation.pool.clone());
        let pool = pools.entry(key).or_insert_with(|| empty(&allocation.site, &allocation.pool));
        pool.allocations.push(granted(&allocation));
    }
    Ok(pools.into_values().collect())
}

fn empty(site: &str, name: &str) -> PoolShape {
    PoolShape {
        name: name.to_owned(),
        site: site.to_owned(),
        workers: 0,
        running: 0,
        cpus: 0.0,
        minimum: None,
        maximum: None,
        trouble: None,
        allocations: Vec::new(),
    }
}

fn granted(allocation: &Allocation) -> GrantedShape {
    let moment = |at: Timestamp| DateTime::from_timestamp_micros(at.0).unwrap_or_default().to_rfc3339();
    GrantedShape {
        name: allocation.name.clone(),
        job: allocation.job.clone(),
        state: allocation.state.word().to_owned(),
        detail: allocation.detail.clone(),
        asked: moment(allocation.asked),
        began: allocation.began.map(moment),
        ended: allocation.ended.map(moment),
        cpu_seconds: allocation.cpu.map(Micros::seconds),
        memory_bytes: allocation.memory.map(|memory| memory.0),
    }
}
