//! `paramo suggest`: what the next runs should be given, from what those before them have used.

use std::path::Path;

use paramo_engine::suggest::{ENOUGH, Measured, Short, Suggestion, Used, suggest as suggested};
use paramo_model::{Bytes, CauseKind, Resources, Seconds, Value};
use paramo_table::{Column, Options, ResultTable, Role};
use serde_json::{Value as Json, json};

use crate::args::Suggest;
use crate::exit;
use crate::failure::{Failure, Result};
use crate::output::print_line;
use crate::store::{open, title};
use crate::view::{Align, plural, table};

pub async fn suggest(directory: &Path, args: Suggest) -> Result<u8> {
    let place = open(directory, false).await?;
    let row = place.study(&args.study).await?;
    let results = ResultTable::load(place.store.as_ref(), &row, &Options::default()).await?;
    let (used, short) = measured(&results);
    if used.is_empty() && short == Short::default() {
        let name = title(&row);
        return Err(Failure::input(format!(
            "no run of {name} has ended that tells what runs need; `paramo status {name}` says how it goes"
        )));
    }
    let asked = &row.study.application.resources;
    let found = suggested(asked, &used, short);
    if args.json {
        print_line(&as_json(asked, used.len(), short, &found).to_string())?;
        return Ok(exit::OK);
    }
    print_line(&format!("{}: {} measured", title(&row), plural(used.len() as u64, "run")))?;
    print_line(&comparison(asked, &found))?;
    print_line(&format!("\n{}", lines(&found.resources)))?;
    for (count, what) in [(short.of_time, "time"), (short.of_memory, "memory")] {
        if count > 0 {
            anstream::eprintln!("{} ended for want of {what}: it is at least doubled", plural(count, "run"));
        }
    }
    if used.len() < ENOUGH {
        anstream::eprintln!("fewer than {ENOUGH} runs were measured: later ones may need more");
    }
    Ok(exit::OK)
}

/// What the runs of a table have used, and how many were given too little.
fn measured(results: &ResultTable) -> (Vec<Used>, Short) {
    let column = |role: Role| results.columns.iter().find(|column| column.role == role);
    let (state, cause) = (column(Role::State), column(Role::Cause));
    let (wall, cpu, memory) = (column(Role::Wall), column(Role::Cpu), column(Role::PeakMemory));
    let number = |column: Option<&Column>, at: usize| match column.map(|column| column.value(at)) {
        Some(Value::Float(x)) => x,
        Some(Value::Integer(n)) => n as f64,
        _ => 0.0,
    };
    let is = |column: Option<&Column>, at: usize, word: &str| matches!(column.map(|column| column.value(at)), Some(Value::String(text)) if *text == *word);
    let (mut used, mut short) = (Vec::new(), Short::default());
    for at in 0..results.rows {
        if is(state, at, "succeeded") {
            used.push(Used {
                wall: Seconds(number(wall, at)),
                cpu: Seconds(number(cpu, at)),
                memory: Bytes(number(memory, at) as u64),
            });
        }
        short.of_time += u64::from(is(cause, at, CauseKind::TimeOut.word()));
        short.of_memory += u64::from(is(cause, at, CauseKind::OutOfMemory.word()));
    }
    (used, short)
}

fn comparison(asked: &Resources, found: &Suggestion) -> String {
    let time = |seconds: f64| Seconds(seconds).to_string();
    let memory = |bytes: f64| Bytes(bytes as u64).to_string();
    let cpus = |cpus: f64| format!("{cpus:.2}");
    let line = |name: &str,
                asked: Option<String>,
                of: Option<Measured>,
                show: &dyn Fn(f64) -> String,
                next: Option<String>| {
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        vec![
            name.to_owned(),
            or_none(asked),
            or_none(of.map(|of| show(of.median))),
            or_none(of.map(|of| show(of.most_of_them))),
            or_none(of.map(|of| show(of.largest))),
            or_none(next),
        ]
    };
    let next = &found.resources;
    let shown = |time: Option<Seconds>| time.map(|time| time.to_string());
    let bytes = |memory: Option<Bytes>| memory.map(|memory| memory.to_string());
    let columns = [
        ("", Align::Left),
        ("ASKED", Align::Right),
        ("MEDIAN", Align::Right),
        ("99 %", Align::Right),
        ("MOST", Align::Right),
        ("SUGGESTED", Align::Right),
    ];
    let rows = [
        line("cpus", Some(asked.cpus.to_string()), found.cpus, &cpus, Some(next.cpus.to_string())),
        line("memory", bytes(asked.memory), found.memory, &memory, bytes(next.memory)),
        line("time", shown(asked.time), found.time, &time, shown(next.time)),
    ];
    table(&columns, rows)
}

/// As they stand in a study file.
fn lines(resources: &Resources) -> String {
    let mut text = format!("[application.resources]\ncpus = {}", resources.cpus);
    if let Some(memory) = resources.memory {
        text += &format!("\nmemory = \"{} MiB\"", memory.0.div_ceil(1 << 20));
    }
    if let Some(time) = resources.time {
        text += &format!("\ntime = \"{} s\"", time.0);
    }
    if resources.gpus > 0 {
        text += &format!("\ngpus = {}", resources.gpus);
    }
    text
}

fn as_json(asked: &Resources, runs: usize, short: Short, found: &Suggestion) -> Json {
    let of = |measured: Option<Measured>| {
        measured.map(|it| json!({ "median": it.median, "p99": it.most_of_them, "maximum": it.largest }))
    };
    let resources = |it: &Resources| {
        json!({
            "cpus": it.cpus,
            "memory_bytes": it.memory.map(|memory| memory.0),
            "time_seconds": it.time.map(|time| time.0),
            "gpus": it.gpus,
        })
    };
    json!({
        "runs": runs,
        "short_of_time": short.of_time,
        "short_of_memory": short.of_memory,
        "cpus": of(found.cpus),
        "memory_bytes": of(found.memory),
        "time_seconds": of(found.time),
        "asked": resources(asked),
        "suggested": resources(&found.resources),
    })
}
