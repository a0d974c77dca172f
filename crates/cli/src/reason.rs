//! Why a study of this store does not go on, as the commands say it.

use std::time::Duration;

use paramo_engine::{Driver, Standing, Why, why};
use paramo_model::Moment;
use paramo_store::StudyRow;
use serde_json::{Value, json};

use crate::failure::Result;
use crate::store::Place;
use crate::watch::Source;

/// How long a process that works on a study is given to say how it goes: it speaks five times a second.
const PATIENCE: Duration = Duration::from_secs(2);

/// How a study goes, and the first thing in its way.
pub struct Look {
    /// `None` where nobody works on it, or nobody speaks.
    pub now: Option<Moment>,
    /// `None` while it goes on.
    pub why: Option<Why>,
}

/// Looks at a study. A server knows its workers and projects and says itself what is in the way.
pub async fn look(place: &Place, row: &StudyRow) -> Result<Look> {
    let now = moment(place, row).await;
    let why = match place.server() {
        Some(server) => serde_json::from_value(server.why(row.id).await?).unwrap_or_default(),
        None => reason(place, row, now.as_ref()),
    };
    Ok(Look { now, why })
}

async fn moment(place: &Place, row: &StudyRow) -> Option<Moment> {
    place.holder(row.id)?;
    let heard = async { Source::find(place, row.id).await.next().await };
    tokio::time::timeout(PATIENCE, heard).await.ok()?.map(|moment| (*moment).clone())
}

/// The first thing in the way of a study, as far as the store and the process that works on it tell.
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
