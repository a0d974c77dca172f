//! What can go wrong with a store: which file, what is the matter, and what to do.

use std::io;
use std::path::{Path, PathBuf};

use paramo_model::{StudyId, nearest};

use crate::transfer::Leaving;
use crate::{Seq, StudySummary, title};

pub type Result<T> = std::result::Result<T, StoreError>;

/// Why the store did not do what it was asked. Whatever the error, what was committed before stays committed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("there is no store in {}; `paramo run` and `paramo sweep` make one", .directory.display())]
    NoStore { directory: PathBuf },

    #[error("{} is not a store of Paramo: {found}; move it away, or work in another directory", .file.display())]
    NotAStore { file: PathBuf, found: String },

    #[error("{} is damaged{}: {what}; `paramo doctor` says what can still be read, and a copy of the directory made before is whole", .file.display(), place(.study, .seq))]
    Damaged { file: PathBuf, study: Option<StudyId>, seq: Option<Seq>, what: String },

    #[error("{} was made by a newer paramo (schema {found}, this one knows {known}); update paramo", .file.display())]
    Newer { file: PathBuf, found: i64, known: i64 },

    #[error("{} has an older schema ({found}, this paramo writes {known}) and cannot be changed here; open it once where it can be written", .file.display())]
    Older { file: PathBuf, found: i64, known: i64 },

    #[error("{} is in use by another process that does not let go of it; wait for that process or end it, then try again", .file.display())]
    Busy { file: PathBuf },

    #[error("{} cannot be changed: it, its directory or its file system is read-only; work in a directory that can be written", .file.display())]
    ReadOnly { file: PathBuf },

    #[error("no space is left for {}; nothing that was committed is lost: free some space and try again", .file.display())]
    Full { file: PathBuf },

    #[error("permission to use {} was denied; check who owns it and its mode", .file.display())]
    Permission { file: PathBuf },

    #[error("there is no study {wanted}{}", help(.nearest))]
    NoSuchStudy { wanted: String, nearest: Option<String> },

    #[error("there is no {what}")]
    Missing { what: String },

    #[error("there is already a {what}; choose another name")]
    Exists { what: String },

    #[error("{why}")]
    Refuses { why: String },

    #[error("run {index} was given twice in one commit; a run ends once")]
    Duplicate { index: u64 },

    #[error(
        "the result of run {index} is too large to be kept ({size} bytes, at most {limit}); write large data to a file and keep the file"
    )]
    TooLarge { index: u64, size: u64, limit: u64 },

    #[error("the address of the store is not valid: {why}")]
    Address { why: String },

    #[error("study {study} is being moved to {to}; `paramo move` with the same words ends the move")]
    Moving { study: String, to: String },

    #[error("{to} already has a study {study}; move or remove that one first, nothing was changed")]
    Occupied { to: String, study: String },

    #[error("cannot reach {}: {why}", .file.display())]
    Unreachable { file: PathBuf, why: String },

    #[error("{} does not let paramo in: {why}", .file.display())]
    Refused { file: PathBuf, why: String },

    #[error("another process has taken study {} over while this one could not reach the store; what this one had not stored is run again there", .study.0)]
    Taken { study: StudyId },

    /// A store that another process keeps, and that process says why not.
    #[error("{why}")]
    Elsewhere {
        why: String,
        /// What was asked for cannot be done; else it may be done later.
        refused: bool,
    },

    #[error("{} could not be read or written: {source}", .file.display())]
    Io { file: PathBuf, source: io::Error },

    #[error("{} could not be used: {source}", .file.display())]
    Sql { file: PathBuf, source: Box<sqlx::Error> },
}

fn place(study: &Option<StudyId>, seq: &Option<Seq>) -> String {
    match (study, seq) {
        (Some(study), Some(seq)) => format!(" in batch {} of study {}", seq.0, study.0),
        (Some(study), None) => format!(" in study {}", study.0),
        _ => String::new(),
    }
}

fn help(nearest: &Option<String>) -> String {
    match nearest {
        Some(name) => format!("; did you mean `{name}`?"),
        None => "; `paramo list` shows those there are".to_owned(),
    }
}

impl StoreError {
    /// Whether the same call can succeed later without anything being repaired.
    pub fn passes(&self) -> bool {
        matches!(self, StoreError::Busy { .. } | StoreError::Full { .. } | StoreError::Unreachable { .. })
    }

    /// Whether nobody answers at the store's address, for now.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, StoreError::Unreachable { .. })
    }

    /// Whether data was found that is not as it was written.
    pub fn is_damage(&self) -> bool {
        matches!(self, StoreError::Damaged { .. } | StoreError::NotAStore { .. })
    }

    pub(crate) fn damaged(file: &Path, what: impl Into<String>) -> StoreError {
        StoreError::Damaged { file: file.to_owned(), study: None, seq: None, what: what.into() }
    }

    pub(crate) fn damaged_study(file: &Path, study: StudyId, what: impl Into<String>) -> StoreError {
        StoreError::Damaged { file: file.to_owned(), study: Some(study), seq: None, what: what.into() }
    }

    pub(crate) fn damaged_batch(
        file: &Path,
        study: StudyId,
        seq: Seq,
        what: impl Into<String>,
    ) -> StoreError {
        StoreError::Damaged { file: file.to_owned(), study: Some(study), seq: Some(seq), what: what.into() }
    }

    /// From what the column `moving` says: nothing about a study that is arriving, for nobody sees that.
    pub(crate) fn moving(moving: &str) -> StoreError {
        let (study, to) =
            Leaving::parse(moving).map_or(("?", "another store"), |leaving| (leaving.study, leaving.to));
        StoreError::Moving { study: study.to_owned(), to: to.to_owned() }
    }

    pub(crate) fn no_such_study(
        project: &str,
        name: &str,
        version: Option<u32>,
        all: &[StudySummary],
    ) -> StoreError {
        let beside = || all.iter().filter(|row| row.project == *project);
        let newest = beside().filter(|row| row.name == *name).map(|row| row.version).max();
        let called = title(project, name, 1);
        let wanted = match version {
            Some(version) => format!("`{called}` version {version}"),
            None => format!("`{called}`"),
        };
        let nearest = match newest {
            Some(version) => Some(format!("{called}@{version}")),
            None => nearest(name, beside().map(|row| row.name.as_str())).map(|near| title(project, near, 1)),
        };
        StoreError::NoSuchStudy { wanted, nearest }
    }

    /// What an error of the file system means.
    pub(crate) fn io(file: &Path, source: io::Error) -> StoreError {
        let file = file.to_owned();
        match source.kind() {
            io::ErrorKind::PermissionDenied => StoreError::Permission { file },
            io::ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly { file },
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full { file },
            _ => StoreError::Io { file, source },
        }
    }

    /// What an error of SQLite means; the numbers are those of <https://www.sqlite.org/rescode.html>.
    pub(crate) fn sqlite(file: &Path, source: sqlx::Error) -> StoreError {
        let source = match source {
            sqlx::Error::Io(source) => return StoreError::io(file, source),
            // A column that is not what the schema says was not written by us.
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
                return StoreError::damaged(file, source.to_string());
            }
            source => source,
        };
        let code = match &source {
            sqlx::Error::Database(error) => error.code().and_then(|code| code.parse::<i32>().ok()),
            _ => None,
        };
        let path = file.to_owned();
        if code == Some(522) {
            return StoreError::damaged(file, "it ends too early");
        }
        match code.map(|code| code & 0xff) {
            Some(3 | 23) => StoreError::Permission { file: path },
            Some(5 | 6) => StoreError::Busy { file: path },
            Some(8) => StoreError::ReadOnly { file: path },
            Some(11) => StoreError::damaged(file, "its pages do not fit together"),
            Some(13) => StoreError::Full { file: path },
            Some(14) => cannot_open(file, source),
            Some(26) => StoreError::damaged(file, "it does not begin as a database does"),
            _ => StoreError::Sql { file: path, source: Box::new(source) },
        }
    }
}

/// SQLite says only that it cannot open a file; the system says why.
fn cannot_open(file: &Path, source: sqlx::Error) -> StoreError {
    match std::fs::OpenOptions::new().read(true).write(true).open(file) {
        Err(reason) => StoreError::io(file, reason),
        // The file itself can be written, so it is the files beside it that cannot be made.
        Ok(_) => match source {
            sqlx::Error::Database(_) if directory_is_closed(file) => {
                StoreError::ReadOnly { file: file.to_owned() }
            }
            source => StoreError::Sql { file: file.to_owned(), source: Box::new(source) },
        },
    }
}

fn directory_is_closed(file: &Path) -> bool {
    let directory = file.parent().unwrap_or(Path::new("."));
    rustix::fs::access(directory, rustix::fs::Access::WRITE_OK).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_the_file_and_the_way_out() {
        let file = Path::new("/w/.paramo/store.db");
        let messages = [
            StoreError::NoStore { directory: "/w/.paramo".into() },
            StoreError::damaged_batch(file, StudyId(2), Seq(7), "its checksum is wrong"),
            StoreError::Newer { file: file.into(), found: 9, known: 1 },
            StoreError::Full { file: file.into() },
            StoreError::io(file, io::ErrorKind::PermissionDenied.into()),
            StoreError::no_such_study("default", "hes2", None, &[]),
        ]
        .map(|error| error.to_string())
        .join("\n");
        insta::assert_snapshot!(messages, @"
        there is no store in /w/.paramo; `paramo run` and `paramo sweep` make one
        /w/.paramo/store.db is damaged in batch 7 of study 2: its checksum is wrong; `paramo doctor` says what can still be read, and a copy of the directory made before is whole
        /w/.paramo/store.db was made by a newer paramo (schema 9, this one knows 1); update paramo
        no space is left for /w/.paramo/store.db; nothing that was committed is lost: free some space and try again
        permission to use /w/.paramo/store.db was denied; check who owns it and its mode
        there is no study `hes2`; `paramo list` shows those there are
        ");
    }
}
