//! The files that runs leave beside the store: what they take up, and that they go with their study.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use paramo_model::{Bytes, StudyId};
use roaring::RoaringTreemap;

/// What is known of the files of studies.
pub(super) struct Kept {
    directory: PathBuf,
    known: Mutex<HashMap<StudyId, Known>>,
}

/// The runs of a study whose files have been counted: they are written once, before the run is reported.
#[derive(Default)]
struct Known {
    runs: RoaringTreemap,
    bytes: u64,
}

impl Kept {
    /// `directory` is that of the store.
    pub fn new(directory: &str) -> Kept {
        Kept { directory: PathBuf::from(directory), known: Mutex::default() }
    }

    /// What the files of these studies take up. Reads directories: of runs that have not been counted, all of them.
    pub fn size(&self, studies: &[StudyId]) -> Bytes {
        let mut known = self.known();
        let sizes = studies.iter().map(|id| {
            let known = known.entry(*id).or_default();
            // A study without files has no directory.
            let runs = fs::read_dir(self.of("files", *id)).into_iter().flatten().flatten();
            for run in runs {
                let index = run.file_name().to_str().and_then(|name| name.parse().ok());
                if index.is_some_and(|index| known.runs.insert(index)) {
                    known.bytes = known.bytes.saturating_add(below(&run.path()));
                }
            }
            known.bytes
        });
        Bytes(sizes.fold(0, u64::saturating_add))
    }

    /// Counts a study anew from now on: its runs are made again.
    pub fn forget(&self, study: StudyId) {
        self.known().remove(&study);
    }

    /// Removes the files of a study.
    pub fn remove(&self, study: StudyId) -> io::Result<()> {
        self.forget(study);
        for kind in ["runs", "files"] {
            match fs::remove_dir_all(self.of(kind, study)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    fn of(&self, kind: &str, study: StudyId) -> PathBuf {
        self.directory.join(kind).join(study.0.to_string())
    }

    fn known(&self) -> MutexGuard<'_, HashMap<StudyId, Known>> {
        // Each entry is whole between two statements.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The bytes of the regular files below a directory; links are not followed. What is gone by now takes up nothing.
fn below(directory: &Path) -> u64 {
    let mut bytes = 0u64;
    let mut folders = vec![directory.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => {
                    bytes = bytes.saturating_add(entry.metadata().map_or(0, |data| data.len()));
                }
                _ => {}
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_counted_once_and_go_with_their_study() {
        let directory = tempfile::tempdir().unwrap();
        let kept = Kept::new(&directory.path().to_string_lossy());
        let (one, two) = (StudyId(1), StudyId(2));
        let put = |path: &str, bytes: usize| {
            let path = directory.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, vec![0; bytes]).unwrap();
        };
        assert_eq!(kept.size(&[one, two]), Bytes(0));
        put("files/1/0/out/a.dat", 100);
        put("files/1/0/stdout", 10);
        put("files/1/7/b", 1);
        put("files/2/0/c", 1000);
        std::os::unix::fs::symlink("/proc/self/exe", directory.path().join("files/1/7/link")).unwrap();
        assert_eq!(kept.size(&[one]), Bytes(111));
        put("files/1/8/d", 5);
        assert_eq!(kept.size(&[one, two]), Bytes(1116));
        put("files/1/8/d", 50);
        kept.forget(one);
        assert_eq!(kept.size(&[one]), Bytes(161));
        kept.remove(one).unwrap();
        kept.remove(one).unwrap();
        assert_eq!(kept.size(&[one, two]), Bytes(1000));
    }
}
