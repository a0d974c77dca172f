//! `paramo watch`: the terminal view of a study, whoever works on it.

use std::path::Path;
use std::time::Duration;

use paramo_model::StudyState;
use paramo_store::StudyRow;

use crate::args::Watch;
use crate::exit;
use crate::failure::{Failure, Result};
use crate::store::{Place, open};
use crate::watch::{Source, Watcher, can_show, lines, look, pace};

/// Where lines stay, one of them this often.
const SELDOM: Duration = Duration::from_secs(10);

pub async fn watch(directory: &Path, args: Watch) -> Result<u8> {
    let place = open(directory, false).await?;
    let row = match &args.study {
        Some(name) => place.study(name).await?,
        None => only_one(&place).await?,
    };
    if !can_show() {
        let every = args.every.map_or(SELDOM, |every| every.duration());
        lines(&place, &row, every).await?;
        return Ok(exit::OK);
    }
    let every = pace(args.every);
    look(Watcher { place, row, source: Source::Nobody, every, until: None }).await?;
    Ok(exit::OK)
}

/// The study that somebody works on, or else the one that changed last.
async fn only_one(place: &Place) -> Result<StudyRow> {
    let summaries = place.store.summaries().await?;
    let worked_on = |summary: &&paramo_store::StudySummary| {
        summary.state != StudyState::Finished && place.holder(summary.id).is_some()
    };
    let chosen = (summaries.iter().filter(worked_on).max_by_key(|summary| summary.changed))
        .or_else(|| summaries.iter().max_by_key(|summary| summary.changed));
    match chosen {
        Some(summary) => Ok(place.store.study(summary.id).await?),
        None => Err(Failure::input("there are no studies yet; `paramo run` and `paramo sweep` make them")),
    }
}
