//! `paramo retry`: open failed runs again.

use std::path::Path;

use paramo_model::{CauseKind, Value};
use paramo_store::StudyRow;
use paramo_table::{Options, ResultTable, Role};
use roaring::RoaringTreemap;

use crate::args::Retry;
use crate::exit;
use crate::failure::{Failure, Result};
use crate::remote::{self, Since};
use crate::session::take_up;
use crate::store::{Place, open, parse_run, title};
use crate::view::plural;
use crate::wishes;

pub async fn retry(directory: &Path, args: Retry) -> Result<u8> {
    let place = open(directory, false).await?;
    if place.server().is_some() {
        remote::not_later(args.later)?;
    }
    let mut wanted = args.studies.clone();
    if args.all {
        let failed = place.store.summaries().await?.into_iter().filter(|study| study.counts.failed > 0);
        wanted = failed.map(|study| study.title()).collect();
    }
    let mut code = exit::OK;
    for study in &wanted {
        code = code.max(retry_one(&place, study, &args).await?);
    }
    Ok(code)
}

async fn retry_one(place: &Place, wanted: &str, args: &Retry) -> Result<u8> {
    let (study, index) = match wanted.contains('/') {
        true => parse_run(wanted).map(|(study, index)| (study, Some(index)))?,
        false => (wanted, None),
    };
    let row = place.study(study).await?;
    let name = title(&row);
    let failed = place.store.ended(row.id).await?.failed;
    let chosen = match index {
        Some(index) if failed.contains(index) => RoaringTreemap::from_iter([index]),
        Some(index) => {
            return Err(Failure::input(format!(
                "{name}/{index} has not failed; `paramo explain {name}/{index}` says how it is"
            )));
        }
        None => with_cause(place, &row, failed, &args.cause).await?,
    };
    let mut since = Since::of(place, &row, &args.making).await?;
    let opened = wishes::reopen(place, &row, &chosen).await?;
    if opened == 0 {
        anstream::eprintln!("{name} has no failed run to run again");
        return Ok(exit::OK);
    }
    if !args.making.quiet {
        anstream::eprintln!("{name}: {} opened again", plural(opened, "run"));
    }
    if let Some(since) = &mut since {
        since.reopened(opened);
    }
    take_up(place, &row, since, args.later, &args.making).await
}

/// The failed runs, or those of them that failed for one of the causes.
async fn with_cause(
    place: &Place,
    row: &StudyRow,
    failed: RoaringTreemap,
    causes: &[CauseKind],
) -> Result<RoaringTreemap> {
    if causes.is_empty() {
        return Ok(failed);
    }
    let table = ResultTable::load(place.store.as_ref(), row, &Options::default()).await?;
    let column = |role| table.columns.iter().find(|column| column.role == role);
    let (Some(index), Some(cause)) = (column(Role::Index), column(Role::Cause)) else {
        return Ok(RoaringTreemap::new());
    };
    let chosen = (0..table.rows).filter_map(|at| match (index.value(at), cause.value(at)) {
        (Value::Integer(index), Value::String(word)) if causes.iter().any(|kind| *word == *kind.word()) => {
            u64::try_from(index).ok()
        }
        _ => None,
    });
    Ok(chosen.collect())
}
