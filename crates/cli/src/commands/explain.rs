//! `paramo explain`: why a run waits, failed or was left out.

use std::path::Path;

use paramo_design::Space;
use paramo_engine::ahead;
use paramo_model::{Ended, RunRecord, StudyState, Value};
use paramo_store::StudyRow;
use serde_json::json;

use super::list::summary_json;
use crate::args::Explain;
use crate::exit;
use crate::failure::{Failure, Result};
use crate::output::print_line;
use crate::reason::{look, reason_json, words};
use crate::store::{Place, open, parse_run, title};
use crate::view::{attempt_json, attempt_line, count, local_time, plural};

pub async fn explain(directory: &Path, args: Explain) -> Result<u8> {
    let place = open(directory, false).await?;
    if !args.run.contains('/') {
        return explain_study(&place, &args).await;
    }
    let (study, index) = parse_run(&args.run)?;
    let row = place.study(study).await?;
    let space = compile(&row)?;
    let Some(point) = space.point(index) else {
        return Err(outside(&row, &space));
    };
    let record = place.store.run(row.id, index).await?;
    let state = match &record {
        Some(record) if record.succeeded() => "succeeded",
        Some(_) => "failed",
        None if !space.included(index).unwrap_or(true) => "left-out",
        None => "open",
    };
    if args.json {
        print_line(&as_json(&row, index, state, &point, record.as_ref()).to_string())?;
        return Ok(exit::OK);
    }
    let values: Vec<String> = row
        .study
        .application
        .parameters
        .iter()
        .zip(&point)
        .map(|(p, value)| format!("{} = {value}", p.name))
        .collect();
    print_line(&format!("{}/{index}  {}", title(&row), values.join(", ")))?;
    match record {
        Some(record) => explain_record(&row, &record)?,
        None => print_line(&why_open(&place, &row, &space, index, state).await?)?,
    }
    Ok(exit::OK)
}

/// Why there is nothing to show of a run.
pub fn not_ended(row: &StudyRow, index: u64) -> Failure {
    let name = title(row);
    match compile(row) {
        Err(failure) => failure,
        Ok(space) if index >= space.len() => outside(row, &space),
        Ok(space) if !space.included(index).unwrap_or(true) => {
            Failure::input(format!("{name}/{index} is left out by the condition and never runs"))
        }
        Ok(_) => {
            Failure::input(format!("{name}/{index} has not ended; `paramo explain {name}/{index}` says why"))
        }
    }
}

fn outside(row: &StudyRow, space: &Space) -> Failure {
    Failure::input(format!(
        "{} has {}, from 0 to {}",
        title(row),
        plural(space.len(), "point"),
        space.len().saturating_sub(1)
    ))
}

fn compile(row: &StudyRow) -> Result<Space> {
    Space::new(&row.study.space, &row.study.application.parameters)
        .map_err(|found| Failure::input(found.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))
}

fn explain_record(row: &StudyRow, record: &RunRecord) -> Result<()> {
    let name = format!("{}/{}", title(row), record.index);
    for attempt in record.earlier.iter().chain([&record.last]) {
        print_line(&format!("attempt {}: {}", attempt.number, attempt_line(attempt)))?;
        if let Ended::Failed(_) = attempt.ended {
            print_tail("standard error", &attempt.stderr.tail)?;
            if attempt.stderr.tail.is_empty() {
                print_tail("standard output", &attempt.stdout.tail)?;
            }
        }
    }
    if !record.succeeded() {
        print_line(&format!("next: paramo logs {name} shows its output, paramo retry {name} runs it again"))?;
    }
    Ok(())
}

fn print_tail(what: &str, tail: &[u8]) -> Result<()> {
    let text = String::from_utf8_lossy(tail);
    let lines: Vec<&str> = text.lines().collect();
    if lines.is_empty() {
        return Ok(());
    }
    let from = lines.len().saturating_sub(10);
    print_line(&format!("  the end of its {what}:"))?;
    for line in &lines[from..] {
        print_line(&format!("  | {line}"))?;
    }
    Ok(())
}

async fn why_open(place: &Place, row: &StudyRow, space: &Space, index: u64, state: &str) -> Result<String> {
    if state == "left-out" {
        let condition = space
            .blocks()
            .iter()
            .rfind(|block| block.start <= index)
            .and_then(|block| block.condition.clone())
            .unwrap_or_default();
        return Ok(format!("left out: the condition `{condition}` does not hold for it"));
    }
    let look = look(place, row).await?;
    if let Some(run) = look.now.iter().flat_map(|now| &now.running).find(|run| run.index == index) {
        return Ok(format!(
            "running: attempt {} in slot {} since {}",
            run.attempt,
            run.slot,
            local_time(run.since)
        ));
    }
    let ended = place.store.ended(row.id).await?;
    let before = ahead(space, row.study.run.order, &(&ended.succeeded | &ended.failed), index);
    let turn = match before {
        Some(0) => "it is the next".to_owned(),
        Some(others) => {
            format!("its turn comes after {} {}", count(others), if others == 1 { "other" } else { "others" })
        }
        None => "its turn comes after more than a million others".to_owned(),
    };
    Ok(match look.why {
        Some(why) => format!("waiting: {}; {turn}", words(&why)),
        None => format!("waiting or running: {turn}"),
    })
}

async fn explain_study(place: &Place, args: &Explain) -> Result<u8> {
    let row = place.study(&args.run).await?;
    let space = compile(&row)?;
    let ended = place.store.ended(row.id).await?;
    let name = title(&row);
    if args.json {
        let mut json = summary_json(place, &row.summary());
        json["points"] = space.len().into();
        json["first_failed"] = ended.failed.min().into();
        json["why"] = reason_json(look(place, &row).await?.why.as_ref());
        print_line(&json.to_string())?;
        return Ok(exit::OK);
    }
    let left_out = match row.state {
        StudyState::Finished => space.len() - row.counts.done(),
        _ => 0,
    };
    print_line(&format!("{name}: {} of {} ended", count(row.counts.done()), plural(space.len(), "point")))?;
    if left_out > 0 {
        print_line(&format!("  {} left out by the condition", count(left_out)))?;
    }
    for (cause, n) in &row.counts.by_cause {
        print_line(&format!("  {cause}: {}", plural(*n, "run")))?;
    }
    if let Some(first) = ended.failed.min() {
        print_line(&format!("  the first that failed: paramo explain {name}/{first}"))?;
    }
    let why = match (look(place, &row).await?.why, place.holder(row.id)) {
        (Some(why), _) => words(&why),
        (None, Some(who)) => format!("{who} works on it"),
        (None, None) => "nothing is in its way".to_owned(),
    };
    print_line(&format!("  {why}"))?;
    Ok(exit::OK)
}

fn as_json(
    row: &StudyRow,
    index: u64,
    state: &str,
    point: &[Value],
    record: Option<&RunRecord>,
) -> serde_json::Value {
    let parameters: serde_json::Map<String, serde_json::Value> = row
        .study
        .application
        .parameters
        .iter()
        .zip(point)
        .map(|(parameter, value)| (parameter.name.to_string(), value.to_json()))
        .collect();
    let mut json = json!({ "study": row.name, "version": row.version, "index": index, "state": state, "parameters": parameters });
    if let Some(record) = record {
        let outputs: serde_json::Map<String, serde_json::Value> = row
            .study
            .application
            .outputs
            .iter()
            .zip(&record.outputs)
            .map(|(output, value)| (output.name.to_string(), value.to_json()))
            .collect();
        json["outputs"] = outputs.into();
        json["attempts"] = record.earlier.iter().chain([&record.last]).map(attempt_json).collect();
    }
    json
}
