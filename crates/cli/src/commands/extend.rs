//! `paramo extend`: add points to a study.

use std::path::Path;

use paramo_design::Space;
use paramo_model::{SpaceSpec, StudyState, document};

use crate::args::Extend;
use crate::failure::{Failure, Result};
use crate::remote::{self, Sent, Since};
use crate::session::take_up;
use crate::store::{open, title};
use crate::study_file::read_space;
use crate::view::{count, plural};

pub async fn extend(directory: &Path, args: Extend) -> Result<u8> {
    let place = open(directory, false).await?;
    if place.server().is_some() {
        remote::not_later(args.later)?;
    }
    let row = place.study(&args.study).await?;
    let name = title(&row);
    let mut study = row.study.clone();
    let (added, sent) = match (&args.space, args.count) {
        (Some(path), _) => read_space(path, &study.application.parameters)?,
        (None, Some(count)) => {
            (paramo_engine::goes_on(&study.space, count).map_err(Failure::input)?, Sent::default())
        }
        (None, None) => {
            let added = document::read_axes(&args.params, &study.application.parameters)
                .map_err(|found| Failure::input(lines(&found)))?;
            let text = document::write_space(&added).map_err(Failure::input)?;
            (added, Sent { text, ..Sent::default() })
        }
    };
    let before = size(&study.space, &study.application.parameters)?;
    study.space.blocks.extend(added.blocks);
    let after = size(&study.space, &study.application.parameters)?;
    let since = Since::of(&place, &row, &args.making).await?;
    if let Some(server) = place.server() {
        remote::extend(server, &row, &sent, args.count).await?;
    } else {
        place.store.replace(row.id, &study).await?;
        if row.state == StudyState::Finished {
            place.store.set_state(row.id, StudyState::Open).await?;
        }
    }
    if !args.making.quiet {
        anstream::eprintln!("{name}: {} added, {} in all", plural(after - before, "point"), count(after));
    }
    take_up(&place, &row, since, args.later, &args.making).await
}

fn lines(found: &[paramo_model::Diagnostic]) -> String {
    found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\nerror: ")
}

fn size(space: &SpaceSpec, parameters: &[paramo_model::Parameter]) -> Result<u64> {
    Space::new(space, parameters).map(|space| space.len()).map_err(|found| Failure::input(lines(&found)))
}
