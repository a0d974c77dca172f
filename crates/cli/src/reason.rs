//! Why a study of this store does not go on, as the commands say it.

use std::path::Path;
use std::time::Duration;

use paramo_engine::{Driver, Follow, Standing, Why, why};
use paramo_model::Moment;
use paramo_store::StudyRow;
use serde_json::{Value, json};

use crate::store::Place;

/// How long a process that works on a study is given to say how it goes: it speaks five times a second.
const PATIENCE: Duration = Duration::from_secs(2);

/// How it goes, from the process that works on the study. `None` when there is none, or when it does not speak on this machine.
pub async fn moment(place: &Place, row: &StudyRow) -> Option<Moment> {
    place.holder(row.id)?;
    let heard = async { Follow::reach(Path::new(&place.directory), row.id).await.ok()?.next().await.ok()? };
    tokio::time::timeout(PATIENCE, heard).await.ok()?
}

/// The first thing in the way of a study; `None` while it goes on. The workers of another process are not known here.
pub fn reason(place: &Place, row: &StudyRow, now: Option<&Moment>) -> Option<Why> {
    let driver = match place.holder(row.id) {
        Some(_) => Driver::Working,
        None => Driver::Nobody,
    };
    why(&Standing { row, driver, project: None, workers: None, now })
}

/// `what → change`.
pub fn words(why: &Why) -> String {
    format!("{} → {}", why.what, why.change)
}

/// As programs read it: null while nothing is in the way.
pub fn reason_json(why: Option<&Why>) -> Value {
    why.map_or(Value::Null, |why| json!({ "code": why.code.word(), "what": why.what, "change": why.change }))
}
