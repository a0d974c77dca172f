//! `paramo move`: a study with its results and files to another store.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use paramo_model::StudyId;
use paramo_store::{Held, Move as Moving, StudyRow};
use tokio::signal::unix::{SignalKind, signal};

use crate::args::Move;
use crate::exit;
use crate::failure::{Failure, Result};
use crate::store::{Place, open, parse_study, title};
use crate::view::{count, plural};

pub async fn move_study(store: &Path, args: Move) -> Result<u8> {
    let from = open(args.from.as_deref().unwrap_or(store), false).await?;
    let (project, name, version) = parse_study(&args.study)?;
    let mut rows = Vec::new();
    for summary in from.store.summaries().await? {
        if summary.project == *project
            && summary.name == *name
            && version.is_none_or(|version| version == summary.version)
        {
            rows.push(from.store.study(summary.id).await?);
        }
    }
    if rows.is_empty() {
        // Says what there is instead.
        from.store.require(project, name, version).await?;
    }
    let to = open(&args.to, true).await?;
    if from.transfer()?.token().await? == to.transfer()?.token().await? {
        return Err(Failure::input(format!(
            "{} is where {name} is already; --to names another store",
            to.transfer()?.shown()
        )));
    }
    // Whoever changes the study meanwhile sends a signal to the holder of its lock; here it is noticed by looking.
    let _changed = signal(SignalKind::user_defined1())
        .map_err(|error| Failure::unavailable(format!("cannot listen to signals: {error}")))?;
    for row in rows {
        move_one(&from, &to, row, &args).await?;
    }
    Ok(exit::OK)
}

async fn move_one(from: &Place, to: &Place, row: StudyRow, args: &Move) -> Result<()> {
    let (name, id) = (title(&row), row.id);
    let begun = Moving::begin(from.transfer()?, to.transfer()?, row).await;
    let mut moving = begun.map_err(|error| match error {
        Held::Failed(error) => error.into(),
        held => Failure::unavailable(format!("{name}: {held}")),
    })?;
    let mut runs = 0;
    loop {
        let mut told = |more| {
            runs += more;
            if !args.quiet && more > 0 {
                anstream::eprintln!("{name}: {} copied", plural(runs, "result"));
            }
        };
        moving.copy(&mut told).await?;
        copy_files(from, to, id, moving.arrived_as)?;
        if moving.hand_over(args.keep).await? {
            break;
        }
    }
    let there = to.transfer()?.shown();
    let new = to.store.study(moving.arrived_as).await?;
    if args.keep {
        if !args.quiet {
            anstream::eprintln!("{name}: copied to {there} with {}", plural(new.counts.done(), "result"));
        }
        return Ok(());
    }
    // The row goes last: as long as it is there, the same command typed again ends the move.
    for kind in ["runs", "files"] {
        remove(&below(from, kind, id))?;
    }
    let counts = moving.finish().await?;
    if !args.quiet {
        anstream::eprintln!("{name}: moved to {there} with {}", plural(counts.done(), "result"));
        if counts.failed > 0 {
            anstream::eprintln!("  {} of them failed", count(counts.failed));
        }
    }
    Ok(())
}

fn below(place: &Place, kind: &str, id: StudyId) -> PathBuf {
    Path::new(&place.directory).join(kind).join(id.0.to_string())
}

/// Copies the kept files of a study. They are all there, or none under their name.
fn copy_files(from: &Place, to: &Place, old: StudyId, new: StudyId) -> Result<()> {
    let (source, target) = (below(from, "files", old), below(to, "files", new));
    if !source.exists() || target.exists() {
        return Ok(());
    }
    let arriving = target.with_extension("arriving");
    remove(&arriving)?;
    copy_tree(&source, &arriving)
        .and_then(|()| fs::rename(&arriving, &target))
        .and_then(|()| fs::File::open(target.parent().unwrap_or(&target))?.sync_all())
        .map_err(|error| {
            Failure::unavailable(format!("cannot copy {} to {}: {error}", source.display(), target.display()))
        })
}

fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy_tree(&source, &target)?;
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&source)?, &target)?;
        } else {
            fs::copy(&source, &target)?;
            // What it replaces is removed afterwards, so it has to last.
            fs::File::open(&target)?.sync_all()?;
        }
    }
    fs::File::open(to)?.sync_all()
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Failure::unavailable(format!("cannot remove {}: {error}", path.display())))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_copied_with_its_links() {
        let home = std::env::temp_dir().join(format!("paramo-copy-{}", std::process::id()));
        fs::create_dir_all(home.join("a/deep")).unwrap();
        fs::write(home.join("a/deep/x"), "1").unwrap();
        std::os::unix::fs::symlink("deep/x", home.join("a/link")).unwrap();
        copy_tree(&home.join("a"), &home.join("b")).unwrap();
        assert_eq!(fs::read_to_string(home.join("b/link")).unwrap(), "1");
        assert_eq!(fs::read_link(home.join("b/link")).unwrap(), Path::new("deep/x"));
        fs::remove_dir_all(&home).unwrap();
    }
}
