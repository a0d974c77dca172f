//! `paramo why`: the first thing in the way of a study, and what would change it.

use std::path::Path;

use crate::args::Why;
use crate::exit;
use crate::failure::Result;
use crate::output::print_line;
use crate::reason::{look, reason_json};
use crate::store::{open, title};

pub async fn why(directory: &Path, args: Why) -> Result<u8> {
    let place = open(directory, false).await?;
    let row = place.study(&args.study).await?;
    let why = look(&place, &row).await?.why;
    if args.json {
        print_line(&reason_json(why.as_ref()).to_string())?;
        return Ok(exit::OK);
    }
    let name = title(&row);
    print_line(&match why {
        Some(why) => format!("{name}: {} ({})\n  → {}", why.what, why.code, why.change),
        None => format!("{name}: nothing is in its way"),
    })?;
    Ok(exit::OK)
}
