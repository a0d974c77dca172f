//! `paramo rm`: remove a study with everything that belongs to it.

use std::io::{BufRead, IsTerminal};
use std::path::Path;

use crate::args::Rm;
use crate::exit;
use crate::failure::{Failure, Result};
use crate::store::{Place, open, title};
use crate::view::plural;

pub async fn rm(directory: &Path, args: Rm) -> Result<u8> {
    let place = open(directory, false).await?;
    // All names are checked before anything is removed.
    let mut rows = Vec::new();
    for study in &args.studies {
        rows.push(place.study(study).await?);
    }
    for row in rows {
        let name = title(&row);
        // Holding the lock keeps everybody else from working on it meanwhile.
        let _lock = match place.server() {
            Some(_) => None,
            None => Some(place.lock(&row).await?),
        };
        let results = plural(row.counts.done(), "result");
        if !args.force && !confirmed(&format!("remove {name} with {results}?"))? {
            anstream::eprintln!("{name}: kept");
            continue;
        }
        place.store.delete(row.id).await?;
        if place.server().is_none() {
            remove_files(&place, row.id.0)?;
        }
        anstream::eprintln!("{name}: removed with {results}");
    }
    Ok(exit::OK)
}

fn confirmed(question: &str) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::input(format!("{question} there is no terminal to ask at; say --force")));
    }
    anstream::eprint!("{question} [y/N] ");
    let mut answer = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(|error| Failure::unavailable(format!("cannot read the answer: {error}")))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn remove_files(place: &Place, id: i64) -> Result<()> {
    for kind in ["runs", "files"] {
        let path = format!("{}/{kind}/{id}", place.directory);
        match std::fs::remove_dir_all(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Failure::unavailable(format!(
                    "cannot remove {path}: {error}; the results are removed"
                )));
            }
            _ => {}
        }
    }
    Ok(())
}
