//! `paramo list`: the studies of the store, the newest first.

use std::path::Path;

use paramo_design::Space;
use paramo_model::StudyState;
use paramo_store::{StoreError, StudySummary};
use serde_json::json;

use crate::args::List;
use crate::exit;
use crate::failure::Result;
use crate::output::print_line;
use crate::reason::reason;
use crate::store::{Place, Who, open};
use crate::view::{Align, count, local_time, table, timestamp_json};

pub async fn list(directory: &Path, args: List) -> Result<u8> {
    let place = open(directory, false).await?;
    let mut studies = place.store.summaries().await?;
    // What somebody looks for is mostly what was made last.
    studies.reverse();
    if args.json {
        for study in &studies {
            print_line(&summary_json(&place, study).to_string())?;
        }
        return Ok(exit::OK);
    }
    if studies.is_empty() {
        anstream::eprintln!("there are no studies yet; `paramo run` and `paramo sweep` make them");
        return Ok(exit::OK);
    }
    let columns = [
        ("STUDY", Align::Left),
        ("STATE", Align::Left),
        ("DONE", Align::Right),
        ("SUCCEEDED", Align::Right),
        ("FAILED", Align::Right),
        ("CREATED", Align::Left),
        ("WAITS", Align::Left),
    ];
    let mut rows = Vec::new();
    for study in &studies {
        let (done, waits) = look(&place, study).await?;
        rows.push(vec![
            summary_title(study),
            state_words(&place, study),
            done,
            count(study.counts.succeeded),
            count(study.counts.failed),
            local_time(study.created),
            waits,
        ]);
    }
    print_line(&table(&columns, rows))?;
    Ok(exit::OK)
}

/// How far a study is, and the word for what it waits for.
async fn look(place: &Place, study: &StudySummary) -> Result<(String, String)> {
    if study.state == StudyState::Finished {
        return Ok((percent(1.0), String::new()));
    }
    let row = match place.store.study(study.id).await {
        Ok(row) => row,
        // Somebody has removed it since the list was made.
        Err(StoreError::NoSuchStudy { .. }) => return Ok(Default::default()),
        Err(error) => return Err(error.into()),
    };
    let space = Space::new(&row.study.space, &row.study.application.parameters);
    let done = space.map_or_else(|_| String::new(), |space| percent(part_done(study, space.len())));
    let why = reason(place, &row, None).filter(|why| !why.code.is_over());
    Ok((done, why.map_or_else(String::new, |why| why.code.to_string())))
}

/// How much of a study of so many points has ended, from 0 to 1.
pub fn part_done(study: &StudySummary, points: u64) -> f64 {
    // Points that a condition leaves out are only known once the study has passed them.
    match (study.state, points) {
        (StudyState::Finished, _) | (_, 0) => 1.0,
        _ => study.counts.done() as f64 / points as f64,
    }
}

/// In whole percent, and 100 only when all is done.
pub fn percent(part: f64) -> String {
    format!("{} %", (part * 100.0).floor())
}

pub fn summary_title(study: &StudySummary) -> String {
    study.title()
}

/// What a study is doing. That a process works on it now is seen by its lock, not remembered.
pub fn state_words(place: &Place, study: &StudySummary) -> String {
    match (study.state, place.holder(study.id)) {
        (StudyState::Open, Some(_)) => "running".to_owned(),
        (StudyState::Open, None) => "stopped".to_owned(),
        (state, _) => state.word().to_owned(),
    }
}

pub fn summary_json(place: &Place, study: &StudySummary) -> serde_json::Value {
    let by_cause: serde_json::Map<String, serde_json::Value> =
        study.counts.by_cause.iter().map(|(kind, n)| (kind.word().to_owned(), (*n).into())).collect();
    json!({
        "study": study.name,
        "project": study.project,
        "version": study.version,
        "state": state_words(place, study),
        "process": place.holder(study.id).and_then(Who::process),
        "created": timestamp_json(study.created),
        "changed": timestamp_json(study.changed),
        "succeeded": study.counts.succeeded,
        "failed": study.counts.failed,
        "retried": study.counts.retried,
        "failed_by_cause": by_cause,
        "cpu_seconds": study.counts.cpu.seconds(),
        "wall_seconds": study.counts.wall.seconds(),
    })
}
