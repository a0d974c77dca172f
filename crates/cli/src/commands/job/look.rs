//! `paramo job list` and `paramo job show`.

use std::collections::BTreeMap;

use chrono::DateTime;
use paramo_model::{Bytes, Seconds, Timestamp};
use serde_json::json;

use super::Desk;
use crate::exit;
use crate::failure::Result;
use crate::output::print_line;
use crate::view::{Align, local_time, table};

/// Jobs of an array that are shown one by one.
const SHOWN: usize = 20;

pub(super) async fn list(desk: &Desk, all: bool, json: bool) -> Result<u8> {
    let mut jobs = desk.list(all).await?;
    // What is remembered is still worth showing.
    let away: BTreeMap<String, String> =
        jobs.iter_mut().filter_map(|job| Some((job.site.clone(), job.away.take()?))).collect();
    for (site, why) in away {
        anstream::eprintln!("{site}: {why}");
    }
    if json {
        for job in &jobs {
            print_line(&json!(job).to_string())?;
        }
        return Ok(exit::OK);
    }
    if jobs.is_empty() {
        anstream::eprintln!("no job was submitted; `paramo job submit SCRIPT --site SITE` submits one");
        return Ok(exit::OK);
    }
    let columns = [
        ("JOB", Align::Right),
        ("NAME", Align::Left),
        ("SITE", Align::Left),
        ("ITS NUMBER", Align::Left),
        ("STATE", Align::Left),
        ("SINCE", Align::Left),
        ("DETAIL", Align::Left),
    ];
    let rows = jobs.into_iter().map(|job| {
        let since = local(job.ended.as_ref().or(job.begun.as_ref()).unwrap_or(&job.submitted));
        let number = job.job.to_string();
        vec![number, job.name, job.site, job.id.unwrap_or_default(), job.state, since, job.detail]
    });
    print_line(&table(&columns, rows))?;
    Ok(exit::OK)
}

pub(super) async fn show(desk: &Desk, word: &str, json: bool) -> Result<u8> {
    let detail = desk.show(word).await?;
    if json {
        print_line(&json!(detail).to_string())?;
        return Ok(exit::OK);
    }
    let job = detail.job;
    let line = |name: &str, text: &str| match text.is_empty() {
        true => Ok(()),
        false => print_line(&format!("{name:<10} {text}")),
    };
    line("job", &job.job.to_string())?;
    line("name", &job.name)?;
    line("script", &[&[job.script][..], &job.arguments].concat().join(" "))?;
    line("site", &job.site)?;
    line("its number", &job.id.unwrap_or_default())?;
    line("array", &job.array.unwrap_or_default())?;
    line("after", &job.after.join(", "))?;
    line("state", &job.state)?;
    line("detail", &job.detail)?;
    line("submitted", &local(&job.submitted))?;
    line("begun", &job.begun.as_deref().map(local).unwrap_or_default())?;
    line("ended", &job.ended.as_deref().map(local).unwrap_or_default())?;
    line("directory", &detail.directory)?;
    if let Some(usage) = detail.usage {
        let (wall, cpu) = (Seconds(usage.wall_seconds), Seconds(usage.cpu_seconds));
        let memory = usage.memory_bytes.map(|memory| format!(", {} of memory at the most", Bytes(memory)));
        let memory = memory.unwrap_or_default();
        line("used", &format!("{wall} from begin to end, {cpu} of CPU time{memory}"))?;
    }
    let tasks: Vec<_> = detail.tasks.iter().filter(|task| !task.has_succeeded()).collect();
    for task in tasks.iter().take(SHOWN) {
        line(&format!("  {}", task.index), &task.detail)?;
    }
    if tasks.len() > SHOWN {
        line("  …", &format!("{} more; --json has all", tasks.len() - SHOWN))?;
    }
    Ok(exit::OK)
}

/// A moment of the API, by the clock of this machine.
pub(super) fn local(moment: &str) -> String {
    match DateTime::parse_from_rfc3339(moment) {
        Ok(at) => local_time(Timestamp(at.timestamp_micros())),
        Err(_) => moment.to_owned(),
    }
}
