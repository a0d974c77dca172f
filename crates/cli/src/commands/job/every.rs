//! Batch scripts that are submitted again and again: `--every`, `paramo job schedules`, `paramo job stop`, and the loop of a server that
//! submits them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{Local, TimeZone};
use croner::Cron;
use paramo_model::Timestamp;
use paramo_store::{AllocationState, People, Schedule};
use serde_json::json;

use super::{Desk, Terms, now, submit};
use crate::exit;
use crate::failure::{Failure, Result};
use crate::output::print_line;
use crate::view::{Align, local_time, table, timestamp_json};

/// Between two looks at the clock.
const LOOK: Duration = Duration::from_secs(1);
/// After a store that does not answer.
const LATER: Duration = Duration::from_secs(15);

/// The first time after a moment at which an expression holds, by the clock of this machine.
fn after(cron: &str, moment: Timestamp) -> std::result::Result<Timestamp, String> {
    let parsed: Cron = cron.parse().map_err(|error| format!("`{cron}`: {error}"))?;
    let moment = Local.timestamp_micros(moment.0).earliest().ok_or("there is no such time")?;
    let next = parsed.find_next_occurrence(&moment, false);
    next.map(|at| Timestamp(at.timestamp_micros())).map_err(|_| format!("`{cron}`: that never comes"))
}

pub(super) async fn add(desk: &mut Desk, name: String, cron: &str, site: &str, terms: &Terms) -> Result<u8> {
    let next = after(cron, now()).map_err(|problem| {
        Failure::input(format!(
            "--every {problem}; expected minute, hour, day of the month, month and day of the week, such as '0 3 * * *'"
        ))
    })?;
    let schedule = Schedule {
        name,
        cron: cron.to_owned(),
        site: site.to_owned(),
        terms: serde_json::to_string(terms).unwrap_or_default(),
        next,
        job: None,
        told: String::new(),
    };
    desk.people.put_schedule(&schedule).await?;
    print_line(&format!("{} is submitted to {site} next at {}", schedule.name, local_time(next)))?;
    anstream::eprintln!(
        "a `paramo server` with this store submits it; `paramo job stop {}` ends it",
        schedule.name
    );
    Ok(exit::OK)
}

pub(super) async fn list(desk: &mut Desk, json: bool) -> Result<u8> {
    let all = desk.people.schedules().await?;
    if json {
        for schedule in &all {
            let line = json!({
                "name": schedule.name,
                "cron": schedule.cron,
                "site": schedule.site,
                "next": timestamp_json(schedule.next),
                "job": schedule.job,
                "told": schedule.told,
            });
            print_line(&line.to_string())?;
        }
        return Ok(exit::OK);
    }
    if all.is_empty() {
        anstream::eprintln!(
            "nothing is submitted again and again; `paramo job submit … --every CRON` says it"
        );
        return Ok(exit::OK);
    }
    let columns = [
        ("NAME", Align::Left),
        ("CRON", Align::Left),
        ("SITE", Align::Left),
        ("NEXT", Align::Left),
        ("LAST JOB", Align::Right),
        ("LAST TIME", Align::Left),
    ];
    let rows = all.into_iter().map(|it| {
        let job = it.job.map(|job| job.to_string()).unwrap_or_default();
        vec![it.name, it.cron, it.site, local_time(it.next), job, it.told]
    });
    print_line(&table(&columns, rows))?;
    Ok(exit::OK)
}

pub(super) async fn stop(desk: &mut Desk, name: &str) -> Result<u8> {
    match desk.people.delete_schedule(name).await? {
        true => print_line(&format!("{name} is submitted no more"))?,
        false => {
            return Err(Failure::input(format!(
                "there is no schedule `{name}`; `paramo job schedules` lists them"
            )));
        }
    }
    Ok(exit::OK)
}

/// Submits what is due, for as long as the process is there. Of several servers with one store each turn is one's.
pub async fn keep(people: Arc<dyn People>, sites: Option<PathBuf>) {
    let mut desk = Desk::new(people, sites);
    loop {
        tokio::time::sleep(match look(&mut desk).await {
            Ok(()) => LOOK,
            // It is asked again; whoever looks at the server is told of its store elsewhere.
            Err(_) => LATER,
        })
        .await;
    }
}

async fn look(desk: &mut Desk) -> Result<()> {
    for schedule in desk.people.schedules().await? {
        if schedule.next > now() {
            continue;
        }
        // An expression was read before it was written down; one of a newer version may be none here.
        let Ok(next) = after(&schedule.cron, now()) else { continue };
        if !desk.people.take_turn(&schedule.name, schedule.next, next).await? {
            continue;
        }
        let (job, told) = match turn(desk, &schedule).await {
            Ok((job, told)) => (job, told),
            Err(failure) => (None, failure.text),
        };
        desk.people.note_turn(&schedule.name, job, &told).await?;
    }
    Ok(())
}

/// Submits a script whose turn it is, unless its last job has not ended.
async fn turn(desk: &mut Desk, schedule: &Schedule) -> Result<(Option<i64>, String)> {
    if let Some(number) = schedule.job
        && let Ok(mut last) = desk.find(&number.to_string()).await
        && last.title == schedule.name
    {
        desk.refresh(&mut last).await?;
        if last.state != AllocationState::Ended {
            return Ok((None, format!("left out: job {number} has not ended")));
        }
    }
    // Sites may be described otherwise by now.
    desk.connections.clear();
    let terms: Terms = serde_json::from_str(&schedule.terms).unwrap_or_default();
    let job = submit::send(desk, &schedule.name, &schedule.site, &terms).await?;
    Ok((Some(job.number), format!("job {} was submitted", job.number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_time_is_found_and_what_is_none_is_said() {
        let start = now();
        let next = after("*/5 * * * *", start).unwrap();
        assert!(next > start && next.0 - start.0 <= 300_000_000 && next.0 % 60_000_000 == 0);
        assert!(after("@daily", start).unwrap().0 - start.0 <= 25 * 3_600_000_000);
        for bad in ["", "61 * * * *", "* * *", "soon", "0 0 30 2 *"] {
            assert!(after(bad, start).unwrap_err().starts_with(&format!("`{bad}`: ")), "{bad}");
        }
    }
}
