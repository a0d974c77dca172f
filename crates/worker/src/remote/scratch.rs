//! The directory of a worker on its machine. Several workers may share one: each takes a part that no other has, together with the results
//! that an earlier worker has left there.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use paramo_model::StudyId;
use rustix::fs::{FlockOperation, flock};

/// Workers that share a directory, at the most.
const MOST: u32 = 10_000;

/// A part of a directory, which is this worker's as long as this is there.
pub(super) struct Scratch {
    path: PathBuf,
    /// Of the store, so that what is of one is not taken for another's.
    store: String,
    _lock: File,
}

impl Scratch {
    /// Takes the first part that nobody has.
    pub fn take(directory: &Path) -> Result<Scratch, String> {
        let failed = |path: &Path, error: &dyn std::fmt::Display| {
            format!("cannot use {}: {error}; choose another directory with --scratch", path.display())
        };
        // Paths in it are compared with those that runs are given, which are absolute.
        let directory = std::path::absolute(directory).map_err(|error| failed(directory, &error))?;
        for number in 0..MOST {
            let path = directory.join(number.to_string());
            fs::create_dir_all(&path).map_err(|error| failed(&path, &error))?;
            let file = path.join("lock");
            let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&file);
            let lock = lock.map_err(|error| failed(&file, &error))?;
            match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {
                    // Directories of runs that ended with an earlier worker.
                    let _ = fs::remove_dir_all(path.join("runs"));
                    return Ok(Scratch { path, store: String::new(), _lock: lock });
                }
                Err(rustix::io::Errno::WOULDBLOCK) => {}
                Err(error) => return Err(failed(&file, &error)),
            }
        }
        Err(failed(&directory, &format!("{MOST} workers use it already")))
    }

    /// What is kept from now on is of this store.
    pub fn of_store(&mut self, store: &str) {
        self.store = store.chars().filter(char::is_ascii_alphanumeric).collect();
    }

    pub fn results(&self) -> PathBuf {
        self.path.join(format!("results-{}", self.store))
    }

    /// Where the runs of a study have their directories.
    pub fn runs(&self, study: StudyId) -> PathBuf {
        self.path.join("runs").join(&self.store).join(study.0.to_string())
    }

    /// Where the files of a study's runs are until they are sent.
    pub fn files(&self, study: StudyId) -> PathBuf {
        self.path.join("files").join(&self.store).join(study.0.to_string())
    }

    /// Where the files of a study's directory are, by what they are together.
    pub fn source(&self, sum: &str) -> PathBuf {
        self.path.join("source").join(sum)
    }

    /// Where a file is, by its content.
    pub fn content(&self, sum: &str) -> PathBuf {
        self.path.join("content").join(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_worker_has_a_part_of_its_own_and_the_next_one_takes_it_over() {
        let home = tempfile::tempdir().unwrap();
        let (one, two) = (Scratch::take(home.path()).unwrap(), Scratch::take(home.path()).unwrap());
        assert_ne!(one.path, two.path);
        fs::write(one.results(), "left").unwrap();
        let before = one.results();
        drop(one);
        let again = Scratch::take(home.path()).unwrap();
        assert_eq!(again.results(), before);
        assert_eq!(fs::read_to_string(again.results()).unwrap(), "left");
    }

    #[test]
    fn a_directory_that_cannot_be_used_is_named() {
        let error = Scratch::take(Path::new("/proc/nowhere")).err().unwrap();
        assert!(error.starts_with("cannot use /proc/nowhere/0: "), "{error}");
    }
}
