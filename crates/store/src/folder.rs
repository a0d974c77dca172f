//! The directory of a store: `.paramo/` with the database, its mark, and the locks.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::mark::Mark;
use crate::{Result, StoreError};

/// The names of a store's files.
#[derive(Clone, Debug)]
pub struct Folder {
    pub directory: PathBuf,
    pub database: PathBuf,
    pub log: PathBuf,
    pub mark: PathBuf,
}

/// What the database file looks like before SQLite has touched it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// No file, or one that never got its first byte.
    Nothing,
    Database,
}

impl Folder {
    pub fn new(directory: &Path) -> Folder {
        Folder {
            directory: directory.to_owned(),
            database: directory.join("store.db"),
            log: directory.join("store.db-wal"),
            mark: directory.join("mark"),
        }
    }

    /// Makes the directory, with a `.gitignore` that keeps all of it out of version control.
    pub fn make(&self) -> Result<()> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |error| StoreError::io(&path, error)
        };
        std::fs::create_dir_all(&self.directory).map_err(failed(&self.directory))?;
        let ignore = self.directory.join(".gitignore");
        if !ignore.exists() {
            std::fs::write(&ignore, "*\n").map_err(failed(&ignore))?;
        }
        Ok(())
    }

    /// Makes the names of new files durable, the directory's own included.
    pub fn sync(&self) -> Result<()> {
        for directory in [Some(self.directory.as_path()), self.directory.parent()].into_iter().flatten() {
            let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
            let synced = File::open(directory).and_then(|file| file.sync_all());
            synced.map_err(|error| StoreError::io(directory, error))?;
        }
        Ok(())
    }

    /// Looks at the database before SQLite does: SQLite takes an empty file for a new database, whatever log lies beside
    /// it, and would remove that log.
    pub fn inspect(&self) -> Result<Found> {
        let damaged = |what: String| Err(StoreError::damaged(&self.database, what));
        let log = std::fs::metadata(&self.log).map_or(0, |metadata| metadata.len());
        let (length, header) = match header(&self.database) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => (0, Vec::new()),
            Err(error) => return Err(StoreError::io(&self.database, error)),
        };
        if length == 0 {
            let commits = Mark::read(&self.mark).map_or(0, |totals| totals.commits);
            return match (commits, log) {
                (0, 0) => Ok(Found::Nothing),
                (0, _) => damaged("it is missing or empty, but its log is not".to_owned()),
                _ => damaged(format!(
                    "it is missing or empty, though {commits} commits were made to it (remove {} to start afresh)",
                    self.directory.display()
                )),
            };
        }
        if header.len() < 100 {
            return damaged(format!("it ends after {length} bytes, within its header"));
        }
        if header.iter().all(|byte| *byte == 0) {
            return damaged("it begins with zeros".to_owned());
        }
        if !header.starts_with(b"SQLite format 3\0") {
            let found = "it does not begin as a database does".to_owned();
            return Err(StoreError::NotAStore { file: self.database.clone(), found });
        }
        let number = |at: usize| header[at..at + 4].iter().fold(0u64, |n, byte| n << 8 | u64::from(*byte));
        let page = match u64::from(header[16]) << 8 | u64::from(header[17]) {
            1 => 65_536,
            page => page,
        };
        // The count of pages is right when it was written with the newest change; with a log the newest count is in there.
        let (pages, counted) = (number(28), number(24) == number(92));
        if log == 0 && counted && length < pages * page {
            return damaged(format!("it ends after {length} bytes and should have {}", pages * page));
        }
        Ok(Found::Database)
    }
}

/// The length of a file and its first 100 bytes.
fn header(path: &Path) -> io::Result<(u64, Vec<u8>)> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut header = Vec::with_capacity(100);
    file.take(100).read_to_end(&mut header)?;
    Ok((length, header))
}
