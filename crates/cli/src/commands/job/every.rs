//! Batch scripts that are submitted again and again: `--every`, `paramo job schedules` and `paramo job stop`.

use paramo_server::jobs::ScheduleView;
use serde_json::json;

use super::Desk;
use super::look::local;
use crate::exit;
use crate::failure::{Failure, Result};
use crate::output::print_line;
use crate::view::{Align, table};

/// Says that something is submitted from now on.
pub(super) fn added(desk: &Desk, schedule: &ScheduleView) -> Result<u8> {
    let ScheduleView { name, site, next, .. } = schedule;
    print_line(&format!("{name} is submitted to {site} next at {}", local(next)))?;
    let who = if desk.is_there() { "the server" } else { "a `paramo server` with this store" };
    anstream::eprintln!("{who} submits it; `paramo job stop {name}` ends it");
    Ok(exit::OK)
}

pub(super) async fn list(desk: &Desk, json: bool) -> Result<u8> {
    let all = desk.schedules().await?;
    if json {
        for schedule in &all {
            print_line(&json!(schedule).to_string())?;
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
        vec![it.name, it.cron, it.site, local(&it.next), job, it.told]
    });
    print_line(&table(&columns, rows))?;
    Ok(exit::OK)
}

pub(super) async fn stop(desk: &Desk, name: &str) -> Result<u8> {
    match desk.stop(name).await? {
        true => print_line(&format!("{name} is submitted no more"))?,
        false => {
            return Err(Failure::input(format!(
                "there is no schedule `{name}`; `paramo job schedules` lists them"
            )));
        }
    }
    Ok(exit::OK)
}
