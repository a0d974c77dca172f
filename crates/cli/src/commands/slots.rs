//! `paramo slots`: how many runs of a study are made at once, also while it runs.

use std::path::Path;

use crate::args::Slots;
use crate::exit;
use crate::failure::Result;
use crate::output::print_line;
use crate::store::{open, title};
use crate::view::plural;
use crate::wishes;

pub async fn slots(directory: &Path, args: Slots) -> Result<u8> {
    let place = open(directory, false).await?;
    let row = place.study(&args.study).await?;
    let name = title(&row);
    if args.slots.is_none() && !args.reset {
        let policy = &row.study.run;
        let from = if policy.wished_slots.is_some() { "asked for since" } else { "by the study" };
        print_line(&match policy.slots_now() {
            Some(slots) => format!("{name}: {} at once, {from}", plural(u64::from(slots), "run")),
            None => format!("{name}: as many runs at once as there is room for"),
        })?;
        return Ok(exit::OK);
    }
    let process = wishes::slots(&place, &row, args.slots).await?;
    let words = match args.slots.or(row.study.run.slots) {
        Some(slots) => format!("{} at once", plural(u64::from(slots), "run")),
        None => "as many runs at once as there is room for".to_owned(),
    };
    match process {
        Some(who) => anstream::eprintln!("{name}: {words}; {who} does so from now on"),
        None => anstream::eprintln!("{name}: {words}, when `paramo run {name}` goes on"),
    }
    Ok(exit::OK)
}
