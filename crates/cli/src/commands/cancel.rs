//! `paramo cancel`: stop a study, wherever it is being worked on.

use std::path::Path;

use paramo_model::StudyState;

use crate::args::Cancel;
use crate::exit;
use crate::failure::Result;
use crate::session::notify;
use crate::store::{open, title};

pub async fn cancel(directory: &Path, args: Cancel) -> Result<u8> {
    let place = open(directory, false).await?;
    let row = place.study(&args.study).await?;
    let name = title(&row);
    if row.state == StudyState::Finished {
        anstream::eprintln!("{name} has finished; there is nothing to cancel");
        return Ok(exit::OK);
    }
    place.store.set_state(row.id, StudyState::Cancelled).await?;
    match notify(&place, &row) {
        Some(pid) => anstream::eprintln!("{name}: cancelled; process {pid} ends its running runs"),
        None => anstream::eprintln!("{name}: cancelled"),
    }
    anstream::eprintln!("what has ended stays; `paramo run {name}` goes on");
    Ok(exit::OK)
}
