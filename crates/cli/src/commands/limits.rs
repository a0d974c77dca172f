//! `paramo limits`: what a study may use before nothing more of it is started.

use std::path::Path;

use paramo_engine::cap;
use paramo_model::{Limits, Seconds, StudyState};
use paramo_store::StudyRow;
use serde_json::json;

use crate::args::Limits as Args;
use crate::exit;
use crate::failure::Result;
use crate::output::print_line;
use crate::store::{Place, Who, open, title};
use crate::view::count;
use crate::wishes;

pub async fn limits(directory: &Path, args: Args) -> Result<u8> {
    let place = open(directory, false).await?;
    let row = place.study(&args.study).await?;
    let asked = args.cpu.is_some() || args.time.is_some() || args.max_failures.is_some();
    if !asked && !args.reset {
        return show(&row, args.json);
    }
    let now = row.study.run.limits_now();
    let wished = asked.then(|| Limits {
        cpu: args.cpu.map_or(now.cpu, |limit| limit.0),
        time: args.time.map_or(now.time, |limit| limit.0),
        failures: args.max_failures.map_or(now.failures, |limit| limit.0),
    });
    let process = wishes::limits(&place, &row, wished).await?;
    let row = place.study(&args.study).await?;
    show(&row, args.json)?;
    say_what_next(&place, &row, process);
    Ok(exit::OK)
}

fn show(row: &StudyRow, json: bool) -> Result<u8> {
    let (limits, counts, name) = (row.study.run.limits_now(), &row.counts, title(row));
    if json {
        let json = json!({
            "study": row.name,
            "version": row.version,
            "cpu_seconds": { "used": counts.cpu.seconds(), "limit": limits.cpu.map(|limit| limit.0) },
            "wall_seconds": { "used": counts.worked.seconds(), "limit": limits.time.map(|limit| limit.0) },
            "failures": { "used": counts.failed, "limit": limits.failures },
            "reached": cap(row),
        });
        print_line(&json.to_string())?;
        return Ok(exit::OK);
    }
    let of =
        |limit: Option<String>| limit.map_or("no limit".to_owned(), |limit| format!("at the most {limit}"));
    let time = |limit: Option<Seconds>| of(limit.map(|limit| limit.to_string()));
    let used = |seconds: f64| if seconds > 0.0 { Seconds(seconds).to_string() } else { "none".to_owned() };
    print_line(&format!(
        "{name}\n  CPU time   {} used, {}\n  time       {} used, {}\n  failures   {}, {}",
        used(counts.cpu.seconds()),
        time(limits.cpu),
        used(counts.worked.seconds()),
        time(limits.time),
        count(counts.failed),
        of(limits.failures.map(|limit| limit.to_string())),
    ))?;
    Ok(exit::OK)
}

/// A limit that is raised lets nothing start by itself: the study was paused when it was reached.
fn say_what_next(place: &Place, row: &StudyRow, process: Option<Who>) {
    let name = title(row);
    match (process, row.state) {
        _ if cap(row).is_some() => anstream::eprintln!("a limit is reached already: nothing more starts"),
        (_, StudyState::Paused) if place.holder(row.id).is_some() => {
            anstream::eprintln!("it is paused; `paramo resume {name}` goes on");
        }
        (_, StudyState::Paused) => anstream::eprintln!("it is paused; `paramo run {name}` goes on"),
        (Some(who), _) => anstream::eprintln!("{who} keeps to it from now on"),
        (None, _) => {}
    }
}
