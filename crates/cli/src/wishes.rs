//! What people ask of a study while it runs: pause, resume, slots, cancel, retry. The same words from commands and from the view.
//!
//! A wish is written to the store and then told to the process that works on the study, if there is one. So it also holds when that
//! process dies in between, or when there is none yet.

use paramo_model::{Limits, StudyState};
use paramo_store::StudyRow;
use roaring::RoaringTreemap;
use serde_json::json;

use crate::failure::Result;
use crate::session::notify;
use crate::store::{Place, Who};

/// Starts nothing more of a study until it is resumed; what runs may end. The process that was told, if there is one.
pub async fn pause(place: &Place, row: &StudyRow) -> Result<Option<Who>> {
    place.store.set_state(row.id, StudyState::Paused).await?;
    Ok(notify(place, row))
}

/// Ends a pause. The process that goes on, if there is one.
pub async fn resume(place: &Place, row: &StudyRow) -> Result<Option<Who>> {
    place.store.set_state(row.id, StudyState::Open).await?;
    Ok(notify(place, row))
}

/// Has so many runs made at once, or with `None` as many as the study file says. The process that was told, if there is one.
pub async fn slots(place: &Place, row: &StudyRow, slots: Option<u32>) -> Result<Option<Who>> {
    if let Some(server) = place.server() {
        server.slots(row.id, slots).await?;
        return Ok(place.holder(row.id));
    }
    // As it is now: what others asked for in the meantime is kept.
    let mut study = place.store.study(row.id).await?.study;
    study.run.wished_slots = slots;
    place.store.replace(row.id, &study).await?;
    Ok(notify(place, row))
}

/// Gives a study other limits, or with `None` those of the study file. The process that was told, if there is one.
pub async fn limits(place: &Place, row: &StudyRow, limits: Option<Limits>) -> Result<Option<Who>> {
    if let Some(server) = place.server() {
        let limits = limits.unwrap_or(row.study.run.limits());
        let wished = json!({
            "cpu_hours": limits.cpu.map(|limit| limit.0 / 3600.0),
            "wall_seconds": limits.time.map(|limit| limit.0),
            "max_failures": limits.failures,
        });
        server.limits(row.id, &wished).await?;
        return Ok(place.holder(row.id));
    }
    let mut study = place.store.study(row.id).await?.study;
    study.run.wished_limits = limits;
    place.store.replace(row.id, &study).await?;
    Ok(notify(place, row))
}

/// Ends the running runs of a study; what has ended stays. The process that was told, if there is one.
pub async fn cancel(place: &Place, row: &StudyRow) -> Result<Option<Who>> {
    place.store.set_state(row.id, StudyState::Cancelled).await?;
    Ok(notify(place, row))
}

/// Opens failed runs again and returns how many. Nobody is told: that is for the caller, who may want to make them itself.
pub async fn reopen(place: &Place, row: &StudyRow, runs: &RoaringTreemap) -> Result<u64> {
    if runs.is_empty() {
        return Ok(0);
    }
    let before = place.store.study(row.id).await?.state;
    let opened = place.store.reopen(row.id, runs).await?;
    // Opening runs is no word to go on.
    if before == StudyState::Paused {
        place.store.set_state(row.id, StudyState::Paused).await?;
    }
    Ok(opened)
}
