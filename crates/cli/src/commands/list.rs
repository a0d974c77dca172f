//! `paramo list`: the studies of the store, the newest first.

use std::path::Path;

use paramo_model::StudyState;
use paramo_store::StudySummary;
use serde_json::json;

use crate::args::List;
use crate::exit;
use crate::failure::Result;
use crate::output::print_line;
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
        ("SUCCEEDED", Align::Right),
        ("FAILED", Align::Right),
        ("CREATED", Align::Left),
    ];
    let rows = studies.iter().map(|study| {
        vec![
            summary_title(study),
            state_words(&place, study),
            count(study.counts.succeeded),
            count(study.counts.failed),
            local_time(study.created),
        ]
    });
    print_line(&table(&columns, rows))?;
    Ok(exit::OK)
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
