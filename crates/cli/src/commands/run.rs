//! `paramo run`: run a study, or go on with it.

use std::path::Path;

use paramo_engine::Observer;
use paramo_engine::{Changed, Plan, plan};
use paramo_model::document::{ChangeKind, Difference, continued, differences};
use paramo_model::{Event, Progress, StopReason, Study, StudyState};
use paramo_store::{DEFAULT_PROJECT, StudyRow};

use crate::args::{Making, Run};
use crate::elsewhere::sites_of;
use crate::exit;
use crate::failure::{Failure, Result};
use crate::remote::{self, Sent};
use crate::session::work;
use crate::store::{Place, open, title};
use crate::study_file::{Named, named};
use crate::view::{JsonLines, plural};

pub async fn run(directory: &Path, args: Run) -> Result<u8> {
    let (study, sent) = match named(&args.study)? {
        Named::File(read) => (read.document.study, Sent { directory: args.directory.clone(), ..read.sent }),
        Named::Name(name) => return run_stored(directory, &name, &args).await,
    };
    let changed = match (args.new_version, args.continue_) {
        (true, _) => Changed::NewVersion,
        (_, true) => Changed::Continue,
        _ => Changed::Refuse,
    };
    if args.dry_run {
        return dry_run(directory, &study, changed).await;
    }
    run_study(directory, study, &sent, changed, &args.making).await
}

/// Goes on with a study by its name.
async fn run_stored(directory: &Path, name: &str, args: &Run) -> Result<u8> {
    if !crate::store::exists(directory) {
        return Err(Failure::input(format!(
            "there is no file `{name}`, and no store in {} to look for a study of that name",
            directory.display()
        )));
    }
    let place = open(directory, false).await?;
    let Some(row) = place.find(name).await? else {
        let detail = place.study(name).await.err().map(|failure| failure.text).unwrap_or_default();
        return Err(Failure::input(format!("there is no file `{name}`, and {detail}")));
    };
    if args.dry_run {
        return dry_run(directory, &row.study, Changed::Refuse).await;
    }
    finished_or_work(&place, row, &args.making).await
}

/// Runs a study that came from a file or from a command line.
pub async fn run_study(
    directory: &Path,
    mut study: Study,
    sent: &Sent,
    changed: Changed,
    making: &Making,
) -> Result<u8> {
    if let Some(site) = &making.site {
        study.run.site = site.clone();
    }
    let place = open(directory, true).await?;
    if sent.directory.is_some() && place.server().is_none() {
        return Err(Failure::input(
            "--directory is of a server (--server): here commands run beside the study file",
        ));
    }
    if place.server().is_none() && !study.run.site.is_local() {
        // A study that could run nowhere is not written down.
        sites_of(making.sites.as_deref(), &study.run.site)?;
    }
    runs_there(&place, &mut study, sent.directory.as_deref()).await?;
    let stored = stored(&place, &study, changed).await?;
    match plan(stored.as_ref(), &study, changed) {
        Plan::Create => {
            if let Some(server) = place.server() {
                return remote::begin(&place, server, None, sent, changed, making).await;
            }
            let row = place.store.create(DEFAULT_PROJECT, &study).await?;
            work(&place, row, making).await
        }
        Plan::Continue | Plan::Finished => match stored {
            Some(row) => finished_or_work(&place, row, making).await,
            None => Err(Failure::unavailable(format!("study {} has just been removed", study.name))),
        },
        Plan::Replace(differences) => {
            let Some(row) = stored else {
                return Err(Failure::unavailable(format!("study {} has just been removed", study.name)));
            };
            if !making.quiet {
                anstream::eprintln!("{} has changed since it ran:\n{}", title(&row), list(&differences));
            }
            if let Some(server) = place.server() {
                return remote::begin(&place, server, Some(&row), sent, changed, making).await;
            }
            {
                let _lock = place.lock(&row).await?;
                place.store.replace(row.id, &continued(&row.study, study)).await?;
                place.store.set_state(row.id, StudyState::Open).await?;
            }
            let row = place.store.study(row.id).await?;
            work(&place, row, making).await
        }
        Plan::Refuse(differences) => {
            let name = stored.as_ref().map_or_else(|| study.name.to_string(), title);
            let done = stored.map_or(0, |row| row.counts.done());
            let continuable = differences.iter().all(|d| d.kind != ChangeKind::SpaceChanged);
            let mut text = format!(
                "{name} has {} of a study other than the file is now:\n{}\n\n  --new-version   starts the changed study beside them",
                plural(done, "result"),
                list(&differences)
            );
            if !continuable {
                text.push_str("\n  paramo extend   adds points to what is there; an index of the old space must not mean another point");
            }
            if continuable {
                text.push_str("\n  --continue      goes on; old and new results share one table");
            }
            Err(Failure::input(text))
        }
    }
}

/// On a server commands run in a directory of its own: the one that was said, or else the one of the study that is there.
pub async fn runs_there(place: &Place, study: &mut Study, directory: Option<&str>) -> Result<()> {
    if place.server().is_none() {
        return Ok(());
    }
    if let Some(directory) = directory {
        study.source = directory.to_owned();
    } else if let Some(row) = place.store.find(place.project(), study.name.as_str(), None).await? {
        study.source = row.study.source;
    }
    Ok(())
}

/// The stored study that this one goes on with: the newest of its name, or an older version that is exactly it.
async fn stored(place: &Place, study: &Study, changed: Changed) -> Result<Option<StudyRow>> {
    let newest = place.store.find(place.project(), study.name.as_str(), None).await?;
    if changed == Changed::NewVersion {
        return Ok(newest);
    }
    Ok(same_version(place, study).await?.or(newest))
}

/// The newest version of a study that is as it is now.
pub async fn same_version(place: &Place, study: &Study) -> Result<Option<StudyRow>> {
    let summaries = place.store.summaries().await?;
    let mut versions: Vec<u32> = summaries
        .iter()
        .filter(|s| s.project == *place.project() && s.name == study.name)
        .map(|s| s.version)
        .collect();
    versions.sort_unstable();
    for version in versions.into_iter().rev() {
        let row = place.store.find(place.project(), study.name.as_str(), Some(version)).await?;
        if let Some(row) = row.filter(|row| differences(&row.study, study).is_empty()) {
            return Ok(Some(row));
        }
    }
    Ok(None)
}

async fn finished_or_work(place: &Place, row: StudyRow, making: &Making) -> Result<u8> {
    if row.state != StudyState::Finished {
        return work(place, row, making).await;
    }
    if place.server().is_some() {
        remote::check(making)?;
    }
    let name = title(&row);
    if !making.quiet {
        anstream::eprintln!(
            "{name} has finished: {} succeeded, {} failed",
            plural(row.counts.succeeded, "run"),
            row.counts.failed
        );
        anstream::eprintln!("  paramo results {name}     the table\n  paramo extend {name}      adds points");
        if row.counts.failed > 0 {
            anstream::eprintln!("  paramo retry {name}       runs the failed ones again");
        }
    }
    if making.json {
        // The same last event as if the study had just ended, for programs that wait for it.
        let progress = Progress {
            total: row.counts.done(),
            succeeded: row.counts.succeeded,
            failed: row.counts.failed,
            ..Progress::default()
        };
        JsonLines.event(Event::StudyStopped { reason: StopReason::Finished, progress, at: row.changed });
    }
    Ok(if row.counts.failed > 0 { exit::RUNS_FAILED } else { exit::OK })
}

fn list(differences: &[Difference]) -> String {
    differences.iter().map(|difference| format!("  {difference}")).collect::<Vec<_>>().join("\n")
}

/// Says what would run; the exit code is that of a study that would be refused.
async fn dry_run(directory: &Path, study: &Study, changed: Changed) -> Result<u8> {
    super::space::describe(study, 5)?;
    let Some(place) = crate::store::there(directory).await? else { return Ok(exit::OK) };
    let mut study = study.clone();
    runs_there(&place, &mut study, None).await?;
    let study = &study;
    let Some(row) = stored(&place, study, changed).await? else { return Ok(exit::OK) };
    let name = title(&row);
    let (words, code) = match plan(Some(&row), study, changed) {
        Plan::Create => (format!("a new version would start beside {name}"), exit::OK),
        Plan::Continue => {
            (format!("{name} would go on: {} ended", plural(row.counts.done(), "run")), exit::OK)
        }
        Plan::Finished => (format!("{name} has finished"), exit::OK),
        Plan::Replace(differences) => {
            (format!("{name} would go on, changed:\n{}", list(&differences)), exit::OK)
        }
        Plan::Refuse(differences) => {
            (format!("{name} would be refused, changed:\n{}", list(&differences)), exit::BAD_INPUT)
        }
    };
    anstream::eprintln!("{words}");
    Ok(code)
}
