//! `paramo job list` and `paramo job show`.

use std::collections::BTreeMap;

use paramo_sites::{How, JobId, JobState, Progress, Usage};
use paramo_store::{AllocationState, Job as Row};
use serde_json::{Value, json};

use super::{Desk, Terms};
use crate::exit;
use crate::failure::Result;
use crate::output::print_line;
use crate::view::{Align, local_time, table, timestamp_json};

/// Jobs that have ended and are listed nevertheless.
const ENDED: usize = 10;
/// Jobs of an array that are shown one by one.
const SHOWN: usize = 20;

pub(super) async fn list(desk: &mut Desk, all: bool, json: bool) -> Result<u8> {
    let mut jobs = desk.people.jobs().await?;
    let is_open = |job: &Row| job.state != AllocationState::Ended;
    let mut over = jobs.iter().filter(|job| !is_open(job)).count();
    jobs.retain(|job| {
        let ended = !is_open(job);
        let keep = all || !ended || over <= ENDED;
        over -= usize::from(ended);
        keep
    });
    for (site, failure) in desk.refresh_all(&mut jobs).await? {
        // What is remembered is still worth showing.
        anstream::eprintln!("{site}: {}", failure.text);
    }
    if json {
        for job in &jobs {
            print_line(&as_json(job, None).to_string())?;
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
    let rows = jobs.iter().map(|job| {
        let since = job.ended.or(job.began).unwrap_or(job.asked);
        vec![
            job.number.to_string(),
            job.title.clone(),
            job.site.clone(),
            job.job.clone().unwrap_or_default(),
            job.state.word().to_owned(),
            local_time(since),
            job.detail.clone(),
        ]
    });
    print_line(&table(&columns, rows))?;
    Ok(exit::OK)
}

pub(super) async fn show(desk: &mut Desk, word: &str, json: bool) -> Result<u8> {
    let mut job = desk.find(word).await?;
    let mut progress = desk.refresh(&mut job).await?;
    let id = job.job.as_deref().and_then(JobId::new);
    let terms = Terms::of(&job);
    let connection = desk.site(&job.site)?;
    let mut usage = None;
    if let Some(id) = &id {
        if progress.is_none() && terms.array.is_some() {
            progress = connection.script_progress(&job.name, id, terms.array()).await.ok();
        }
        if job.state == AllocationState::Ended {
            // That it cannot be asked now takes nothing from the rest.
            usage = connection.script_usage(id).await.ok().flatten();
        }
    }
    let directory = connection.script_directory(&job.name);
    if json {
        let mut value = as_json(&job, progress.as_ref());
        value["usage"] = usage.map_or(Value::Null, used_json);
        value["directory"] = directory.into();
        print_line(&value.to_string())?;
        return Ok(exit::OK);
    }
    let line = |name: &str, text: &str| match text.is_empty() {
        true => Ok(()),
        false => print_line(&format!("{name:<10} {text}")),
    };
    line("job", &job.number.to_string())?;
    line("name", &job.title)?;
    line("script", &[&[terms.script][..], &terms.arguments].concat().join(" "))?;
    line("site", &job.site)?;
    line("its number", job.job.as_deref().unwrap_or_default())?;
    line("array", terms.array.as_deref().unwrap_or_default())?;
    line("after", &terms.after.join(", "))?;
    line("state", job.state.word())?;
    line("detail", &job.detail)?;
    line("submitted", &local_time(job.asked))?;
    line("begun", &job.began.map(local_time).unwrap_or_default())?;
    line("ended", &job.ended.map(local_time).unwrap_or_default())?;
    line("directory", &directory)?;
    if let Some(usage) = usage {
        let memory =
            usage.memory.map(|memory| format!(", {memory} of memory at the most")).unwrap_or_default();
        line("used", &format!("{} from begin to end, {} of CPU time{memory}", usage.wall, usage.cpu))?;
    }
    if let Some(progress) = progress.filter(|progress| !progress.tasks.is_empty()) {
        let bad = |state: &&JobState| !matches!(state, JobState::Ended(How::Succeeded));
        let tasks: Vec<_> = progress.tasks.iter().filter(|(_, state)| bad(state)).collect();
        for (index, state) in tasks.iter().take(SHOWN) {
            line(&format!("  {index}"), &state.to_string())?;
        }
        if tasks.len() > SHOWN {
            line("  …", &format!("{} more; --json has all", tasks.len() - SHOWN))?;
        }
    }
    Ok(exit::OK)
}

/// How many jobs of an array are how.
pub(super) fn counts(tasks: &BTreeMap<u32, JobState>) -> String {
    let mut counts: Vec<(String, u64)> = Vec::new();
    for state in tasks.values() {
        let word = match state {
            JobState::Waiting { .. } => "waiting".to_owned(),
            JobState::Running { .. } => "running".to_owned(),
            JobState::Ended(how) => how.to_string(),
            JobState::Vanished => "vanished".to_owned(),
        };
        match counts.iter_mut().find(|(known, _)| *known == word) {
            Some((_, count)) => *count += 1,
            None => counts.push((word, 1)),
        }
    }
    counts.iter().map(|(word, count)| format!("{count} {word}")).collect::<Vec<_>>().join(", ")
}

pub(super) fn as_json(job: &Row, progress: Option<&Progress>) -> Value {
    let terms = Terms::of(job);
    let mut value = json!({
        "job": job.number,
        "name": job.title,
        "site": job.site,
        "id": job.job,
        "state": job.state.word(),
        "detail": job.detail,
        "outcome": job.outcome,
        "script": terms.script,
        "arguments": terms.arguments,
        "array": terms.array,
        "after": terms.after,
        "outputs": terms.outputs,
        "submitted": timestamp_json(job.asked),
        "begun": job.began.map(timestamp_json),
        "ended": job.ended.map(timestamp_json),
    });
    if let Some(progress) = progress.filter(|progress| !progress.tasks.is_empty()) {
        let tasks = progress.tasks.iter().map(|(index, state)| {
            let outcome = match state {
                JobState::Ended(how) => Some(how.word()),
                _ => None,
            };
            json!({ "index": index, "detail": state.to_string(), "outcome": outcome })
        });
        value["tasks"] = tasks.collect();
    }
    value
}

fn used_json(usage: Usage) -> Value {
    json!({
        "wall_seconds": usage.wall.0,
        "cpu_seconds": usage.cpu.0,
        "memory_bytes": usage.memory.map(|memory| memory.0),
    })
}
