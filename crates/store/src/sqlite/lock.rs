//! The lock of a study in a directory.
//!
//! It is a record lock of POSIX (`fcntl`) on the file `locks/<study>`. The kernel gives it up when the process ends, however
//! it ends, and tells others who holds it. Such a lock belongs to the process, not
//! to a file descriptor: closing any descriptor of the file drops it. A list of the locks of this process keeps a
//! second one from being taken, and the file from being opened for a look while it is held.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use paramo_model::StudyId;
use rustix::fs::FlockOperation;
use rustix::process::{Flock, FlockType};

use crate::{Held, Holder, Result, StoreError};

static HELD: Mutex<Option<HashSet<PathBuf>>> = Mutex::new(None);

/// An exclusive lock, given up when dropped.
#[derive(Debug)]
pub struct RecordLock {
    path: PathBuf,
    /// The one descriptor of the file in this process.
    file: Option<File>,
}

impl RecordLock {
    /// Takes the lock of a study in the store of a directory, or says who has it. Never waits.
    pub fn acquire(directory: &Path, study: StudyId) -> std::result::Result<RecordLock, Held> {
        let mut held = held();
        let path = path(directory, study, true)?;
        let held = held.get_or_insert_default();
        if held.contains(&path) {
            return Err(Held::By(Holder::here(std::process::id())));
        }
        let failed = |error: io::Error| Held::Failed(StoreError::io(&path, error));
        loop {
            let file = File::options()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)
                .map_err(failed)?;
            match rustix::fs::fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {
                    held.insert(path.clone());
                    return Ok(RecordLock { path, file: Some(file) });
                }
                Err(rustix::io::Errno::ACCESS | rustix::io::Errno::AGAIN) => {
                    if let Some(pid) = holder_of(&file).map_err(failed)? {
                        return Err(Held::By(Holder::here(pid)));
                    }
                    // It was given up between the two questions.
                }
                Err(error) => return Err(failed(error.into())),
            }
        }
    }

    /// The process that holds the lock of a study, if any does.
    pub fn holder(directory: &Path, study: StudyId) -> Result<Option<u32>> {
        let mut held = held();
        let path = path(directory, study, false)?;
        if held.get_or_insert_default().contains(&path) {
            return Ok(Some(std::process::id()));
        }
        match File::open(&path) {
            Ok(file) => holder_of(&file).map_err(|error| StoreError::io(&path, error)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::io(&path, error)),
        }
    }
}

impl Drop for RecordLock {
    fn drop(&mut self) {
        let mut held = held();
        // The descriptor is closed while the list is locked, so that nobody opens the file anew in between and loses by it.
        self.file = None;
        if let Some(held) = held.as_mut() {
            held.remove(&self.path);
        }
    }
}

fn held() -> MutexGuard<'static, Option<HashSet<PathBuf>>> {
    // The list is whole after every statement, so a panic elsewhere does not spoil it.
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The one name of the lock's file, by whatever way the directory was reached.
fn path(directory: &Path, study: StudyId, make: bool) -> Result<PathBuf> {
    let locks = directory.join("locks");
    if make {
        std::fs::create_dir_all(&locks).map_err(|error| StoreError::io(&locks, error))?;
    }
    match locks.canonicalize() {
        Ok(locks) => Ok(locks.join(study.0.to_string())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(locks.join(study.0.to_string())),
        Err(error) => Err(StoreError::io(&locks, error)),
    }
}

fn holder_of(file: &File) -> io::Result<Option<u32>> {
    let lock = rustix::process::fcntl_getlk(file, &Flock::from(FlockType::WriteLock))?;
    // A holder on another machine of a shared file system has no number here.
    Ok(lock.map(|lock| lock.pid.map_or(0, |pid| pid.as_raw_nonzero().get() as u32)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn a_process_has_a_lock_once() {
        let directory = tempfile::tempdir().unwrap();
        let here = std::process::id();
        assert_eq!(RecordLock::holder(directory.path(), StudyId(1)).unwrap(), None);
        let lock = RecordLock::acquire(directory.path(), StudyId(1)).unwrap();
        let other_way = directory.path().join("locks/..");
        assert!(
            matches!(RecordLock::acquire(&other_way, StudyId(1)), Err(Held::By(holder)) if holder.pid == here)
        );
        assert_eq!(RecordLock::holder(&other_way, StudyId(1)).unwrap(), Some(here));
        let other = RecordLock::acquire(directory.path(), StudyId(2)).unwrap();
        drop(lock);
        assert_eq!(RecordLock::holder(directory.path(), StudyId(1)).unwrap(), None);
        assert_eq!(RecordLock::holder(directory.path(), StudyId(2)).unwrap(), Some(here));
        RecordLock::acquire(directory.path(), StudyId(1)).unwrap();
        drop(other);
    }

    #[test]
    fn another_process_is_named_and_leaves_no_lock_behind() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("locks/5");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, "").unwrap();
        // The same kind of lock, taken by a program that is not ours.
        let script = "import fcntl,sys\nf=open(sys.argv[1],'r+')\nfcntl.lockf(f,fcntl.LOCK_EX)\nprint('held',flush=True)\nsys.stdin.read()";
        let started = Command::new("python3")
            .args(["-c", script])
            .arg(&file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let Ok(mut child) = started else {
            println!("python3 was not found: locks between processes were not tested");
            return;
        };
        let mut line = String::new();
        let mut output = io::BufReader::new(child.stdout.take().unwrap());
        io::BufRead::read_line(&mut output, &mut line).unwrap();
        assert_eq!(line, "held\n");
        assert_eq!(RecordLock::holder(directory.path(), StudyId(5)).unwrap(), Some(child.id()));
        let refused = RecordLock::acquire(directory.path(), StudyId(5)).unwrap_err();
        assert!(matches!(refused, Held::By(holder) if holder.pid == child.id()));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(RecordLock::acquire(directory.path(), StudyId(5)).is_ok());
    }
}
