//! `paramo site choose`: where runs would go that may go anywhere, and why.

use std::path::Path;
use std::time::Duration;

use paramo_engine::pools::Verdict;
use paramo_model::{Bytes, Seconds, Study};
use paramo_server::{Choice, Place, Queue};
use paramo_sites::{Connection, Description, Pool, SITES};
use paramo_worker::remote::content;
use serde_json::json;

use super::space::compile;
use crate::args::SiteChoose;
use crate::elsewhere::with_pools;
use crate::exit;
use crate::failure::Result;
use crate::output::print_line;
use crate::study_file;
use crate::view::{Align, plural, table};

pub async fn choose(file: Option<&Path>, store: &Path, args: SiteChoose) -> Result<u8> {
    let study = study_file::study(store, &args.study).await?;
    let sites = file.map(paramo_sites::read_sites).transpose()?.map(with_pools).unwrap_or_default();
    let runs = compile(&study)?.len();
    let time = args.time.or(study.application.resources.time);
    let mut places = vec![here(&study)?];
    for site in sites {
        places.extend(of_site(&study, site).await);
    }
    let choice = Choice::of(runs, time, places);
    if args.json {
        for (place, verdict) in &choice.0 {
            let document = json!({
                "place": place.name(),
                "chosen": *verdict == Verdict::Chosen,
                "why": choice.why(place, *verdict),
                "at_once": place.at_once,
                "wait_seconds": wait(&place.queue).map(|wait| wait.as_secs_f64()),
                "data_bytes": place.data.0,
                "cost_per_hour": place.cost,
            });
            print_line(&document.to_string())?;
        }
        return Ok(exit::OK);
    }
    let columns = [
        ("PLACE", Align::Left),
        ("RUNS AT ONCE", Align::Right),
        ("QUEUE", Align::Right),
        ("DATA", Align::Right),
        ("COST", Align::Right),
        ("CHOSEN", Align::Left),
        ("WHY", Align::Left),
    ];
    let rows = choice.0.iter().map(|(place, verdict)| {
        vec![
            place.name(),
            place.at_once.to_string(),
            waits(&place.queue),
            if place.data.0 > 0 { place.data.to_string() } else { "-".to_owned() },
            if place.cost > 0.0 { place.cost.to_string() } else { "-".to_owned() },
            if *verdict == Verdict::Chosen { "yes" } else { "no" }.to_owned(),
            choice.why(place, *verdict),
        ]
    });
    print_line(&table(&columns, rows))?;
    let length = time.map_or_else(|| "an unknown time".to_owned(), |time| time.to_string());
    anstream::eprintln!("for {} of {length} each", plural(runs, "run"));
    Ok(exit::OK)
}

/// How long a queue is; nothing where nobody can say.
fn wait(queue: &Queue) -> Option<Duration> {
    queue.wait().filter(|wait| *wait < Duration::MAX)
}

fn waits(queue: &Queue) -> String {
    match wait(queue) {
        Some(Duration::ZERO) => "0".to_owned(),
        Some(wait) => Seconds(wait.as_secs_f64().round()).to_string(),
        None => "-".to_owned(),
    }
}

/// This machine.
fn here(study: &Study) -> Result<Place> {
    let mut at_once = 0;
    for kind in SITES {
        let resources = &study.application.resources;
        let capacity = kind.build()?.capacity();
        let fits = resources.nodes == 1;
        at_once += paramo_worker::room(resources, &capacity).ok().filter(|_| fits).unwrap_or(0) as u64;
    }
    Ok(Place::here(at_once))
}

/// The pools of a site, which is asked how long their queues are.
async fn of_site(study: &Study, site: Description) -> Vec<Place> {
    let is_shared = site.shared.iter().any(|path| Path::new(&study.source).starts_with(path));
    let data = if is_shared { 0 } else { content::length_of(Path::new(&study.source)) };
    let (name, pools) = (site.name.clone(), site.pools.clone());
    let connection = Connection::to(site);
    let mut places = Vec::new();
    for (pool_name, pool) in &pools {
        let queue = match &connection {
            Ok(connection) => queue(connection, study, pool).await,
            Err(error) => Queue::Away(error.to_string()),
        };
        let resources = &study.application.resources;
        places.push(Place::pool((&name, pool_name, pool), resources, queue, Bytes(data)));
    }
    places
}

async fn queue(connection: &Connection, study: &Study, pool: &Pool) -> Queue {
    let size = Place::size(&study.application.resources, pool);
    Queue::of(connection.allocation_begins(&pool.placement, &size).await)
}
