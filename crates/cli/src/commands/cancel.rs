//! `paramo cancel`: stop studies, wherever they are being worked on.

use std::path::Path;

use paramo_model::StudyState;

use crate::args::Cancel;
use crate::exit;
use crate::failure::Result;
use crate::store::{open, title};
use crate::wishes;

pub async fn cancel(directory: &Path, args: Cancel) -> Result<u8> {
    let place = open(directory, false).await?;
    let open = |state| matches!(state, StudyState::Open | StudyState::Paused);
    for row in place.chosen(&args.chosen, open).await? {
        let name = title(&row);
        if row.state == StudyState::Finished {
            anstream::eprintln!("{name} has finished; there is nothing to cancel");
            continue;
        }
        match wishes::cancel(&place, &row).await? {
            Some(who) => anstream::eprintln!("{name}: cancelled; {who} ends its running runs"),
            None => anstream::eprintln!("{name}: cancelled"),
        }
        anstream::eprintln!("what has ended stays; `paramo run {name}` goes on");
    }
    Ok(exit::OK)
}
