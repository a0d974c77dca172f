//! `paramo pause` and `paramo resume`: start nothing new for a while, wherever the study is being worked on.

use std::path::Path;

use paramo_model::StudyState;

use crate::args::{Pause, Resume};
use crate::exit;
use crate::failure::{Failure, Result};
use crate::store::{open, title};
use crate::wishes;

pub async fn pause(directory: &Path, args: Pause) -> Result<u8> {
    let place = open(directory, false).await?;
    let row = place.study(&args.study).await?;
    let name = title(&row);
    if matches!(row.state, StudyState::Finished | StudyState::Cancelled) {
        return Err(Failure::input(format!("{name} is {}; there is nothing to pause", row.state.word())));
    }
    match wishes::pause(&place, &row).await? {
        Some(who) => {
            anstream::eprintln!("{name}: paused; {who} lets its running runs end");
            anstream::eprintln!("`paramo resume {name}` goes on");
        }
        None => anstream::eprintln!("{name}: paused; no process works on it, `paramo run {name}` goes on"),
    }
    Ok(exit::OK)
}

pub async fn resume(directory: &Path, args: Resume) -> Result<u8> {
    let place = open(directory, false).await?;
    let row = place.study(&args.study).await?;
    let name = title(&row);
    if row.state != StudyState::Paused {
        anstream::eprintln!("{name} is not paused");
        return Ok(exit::OK);
    }
    match wishes::resume(&place, &row).await? {
        Some(who) => anstream::eprintln!("{name}: {who} goes on"),
        None => anstream::eprintln!("{name}: no process works on it; `paramo run {name}` goes on"),
    }
    Ok(exit::OK)
}
