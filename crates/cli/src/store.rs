//! Finding the store and the studies in it.

use std::path::Path;
use std::sync::Arc;

use paramo_model::StudyId;
use paramo_store::{OpenMode, SqliteStore, Store, StudyLock, StudyRow};

use crate::failure::{Failure, Result};

/// An open store, with where it is.
pub struct Place {
    pub store: Arc<dyn Store>,
    /// The directory, absolute: workers get paths below it.
    pub directory: String,
}

/// Opens the store of this directory; `create` makes it when it is not there.
pub async fn open(directory: &Path, create: bool) -> Result<Place> {
    let mode = if create { OpenMode::Create } else { OpenMode::Existing };
    let opened = SqliteStore::open(directory, mode).await?;
    if let Some(damage) = &opened.damage {
        anstream::eprintln!("warning: {damage}");
        opened.store.acknowledge_damage().await?;
    }
    let absolute = std::path::absolute(directory)
        .map_err(|error| Failure::unavailable(format!("cannot find {}: {error}", directory.display())))?;
    let directory = absolute.into_os_string().into_string().map_err(|path| {
        Failure::input(format!(
            "the store's directory {} is not valid UTF-8; choose another with --store",
            path.display()
        ))
    })?;
    Ok(Place { store: Arc::new(opened.store), directory })
}

/// Whether there is a store in this directory.
pub fn exists(directory: &Path) -> bool {
    directory.join("store.db").exists()
}

/// A study as people name it: `hes1`, `hes1@2` for a version.
pub fn parse_study(text: &str) -> Result<(&str, Option<u32>)> {
    match text.split_once('@') {
        None => Ok((text, None)),
        Some((name, version)) => match version.parse() {
            Ok(version) => Ok((name, Some(version))),
            Err(_) => Err(Failure::input(format!(
                "`{text}` does not name a study: after `@` comes a version, such as {name}@2"
            ))),
        },
    }
}

/// A run as people name it: `hes1/17`, `hes1@2/17`.
pub fn parse_run(text: &str) -> Result<(&str, u64)> {
    text.rsplit_once('/').and_then(|(study, index)| Some((study, index.parse().ok()?))).ok_or_else(|| {
        Failure::input(format!("`{text}` does not name a run: write STUDY/INDEX, such as hes1/17"))
    })
}

impl Place {
    pub async fn study(&self, text: &str) -> Result<StudyRow> {
        let (name, version) = parse_study(text)?;
        Ok(self.store.require(name, version).await?)
    }

    /// The process that works on a study now.
    pub fn holder(&self, id: StudyId) -> Option<u32> {
        StudyLock::holder(Path::new(&self.directory), id).ok().flatten()
    }

    /// Takes the study for this process.
    pub fn lock(&self, row: &StudyRow) -> Result<StudyLock> {
        StudyLock::acquire(Path::new(&self.directory), row.id)
            .map_err(|error| Failure::unavailable(error.to_string()))
    }
}

/// How a study is called: with its version when it is not the first.
pub fn title(row: &StudyRow) -> String {
    if row.version > 1 { format!("{}@{}", row.name, row.version) } else { row.name.to_string() }
}
