//! `paramo pause` and `paramo resume`: start nothing new for a while, wherever the study is being worked on.

use std::path::Path;

use paramo_engine::cap;
use paramo_model::StudyState;

use crate::args::{Pause, Resume};
use crate::exit;
use crate::failure::{Failure, Result};
use crate::reason::{reason, words};
use crate::store::{open, title};
use crate::wishes;

pub async fn pause(directory: &Path, args: Pause) -> Result<u8> {
    let place = open(directory, false).await?;
    let rows = place.chosen(&args.chosen, |state| state == StudyState::Open).await?;
    // All or none: what is wrong is said before anything is done.
    if let Some(row) =
        rows.iter().find(|row| matches!(row.state, StudyState::Finished | StudyState::Cancelled))
    {
        let (name, state) = (title(row), row.state.word());
        return Err(Failure::input(format!("{name} is {state}; there is nothing to pause")));
    }
    for row in rows {
        let name = title(&row);
        match wishes::pause(&place, &row).await? {
            Some(who) => {
                anstream::eprintln!("{name}: paused; {who} lets its running runs end");
                anstream::eprintln!("`paramo resume {name}` goes on");
            }
            None => {
                anstream::eprintln!("{name}: paused; no process works on it, `paramo run {name}` goes on")
            }
        }
    }
    Ok(exit::OK)
}

pub async fn resume(directory: &Path, args: Resume) -> Result<u8> {
    let place = open(directory, false).await?;
    for row in place.chosen(&args.chosen, |state| state == StudyState::Paused).await? {
        let name = title(&row);
        if row.state != StudyState::Paused {
            anstream::eprintln!("{name} is not paused");
            continue;
        }
        if let Some(why) = reason(&place, &row, None).filter(|_| cap(&row).is_some()) {
            // Going on would end at once.
            anstream::eprintln!("{name}: still paused, {}", words(&why));
            continue;
        }
        match wishes::resume(&place, &row).await? {
            Some(who) => anstream::eprintln!("{name}: {who} goes on"),
            None => anstream::eprintln!("{name}: no process works on it; `paramo run {name}` goes on"),
        }
    }
    Ok(exit::OK)
}
