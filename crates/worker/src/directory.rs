//! A run's own directory: made afresh, filled from templates, emptied of what is kept, removed.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use globset::{Glob, GlobSet, GlobSetBuilder};

/// The directory of one attempt. It is removed when this is dropped.
pub(crate) struct RunDirectory {
    path: PathBuf,
}

impl RunDirectory {
    /// Makes the directory, empty: what an earlier attempt left is removed. The error is a sentence with the path.
    pub fn make(path: PathBuf) -> Result<RunDirectory, String> {
        let made = match fs::create_dir(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                fs::remove_dir_all(&path).and_then(|()| fs::create_dir(&path))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => fs::create_dir_all(&path),
            other => other,
        };
        match made {
            Ok(()) => Ok(RunDirectory { path }),
            Err(error) => Err(format!("failed to make the run's directory {}: {error}", path.display())),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file below the directory.
    pub fn write(&self, name: &str, content: &str) -> Result<(), String> {
        let path = self.path.join(inside(name)?);
        let parent = path.parent().unwrap_or(&self.path);
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&path, content))
            .map_err(|error| format!("failed to write {}: {error}", path.display()))
    }

    /// Moves the files that match to a directory where they stay.
    pub fn keep(&self, globs: &GlobSet, to: &Path) -> Result<(), String> {
        if globs.is_empty() {
            return Ok(());
        }
        let mut folders = vec![PathBuf::new()];
        while let Some(folder) = folders.pop() {
            let here = self.path.join(&folder);
            let failed = |error: io::Error| format!("failed to read {}: {error}", here.display());
            for entry in fs::read_dir(&here).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                let name = folder.join(entry.file_name());
                let kind = entry.file_type().map_err(failed)?;
                if kind.is_dir() {
                    folders.push(name);
                } else if (kind.is_file() || kind.is_symlink()) && globs.is_match(&name) {
                    let target = to.join(&name);
                    move_file(&entry.path(), &target).map_err(|error| {
                        format!("failed to keep {} as {}: {error}", name.display(), target.display())
                    })?;
                }
            }
        }
        Ok(())
    }
}

impl Drop for RunDirectory {
    fn drop(&mut self) {
        // A run may have taken away the permissions that removing needs; then the directory stays, which harms nobody: the next
        // attempt makes its own afresh, or says why it cannot.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// A rename, or a copy where the two are on different file systems.
fn move_file(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            fs::copy(from, to)?;
            fs::remove_file(from)
        }
        other => other,
    }
}

/// A path that stays inside the directory it is relative to.
pub(crate) fn inside(name: &str) -> Result<&Path, String> {
    let path = Path::new(name);
    let stays = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let names_a_file = path.file_name().is_some() && !name.ends_with('/');
    match stays && names_a_file {
        true => Ok(path),
        false => Err(format!(
            "`{name}` is not a file inside the run's directory; write a relative path without `..`"
        )),
    }
}

/// Compiles the globs of kept files: `*` stays within a directory, `**` does not.
pub(crate) fn globs(patterns: &[String]) -> Result<GlobSet, String> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let glob =
            globset::GlobBuilder::new(pattern.trim_start_matches("./")).literal_separator(true).build();
        set.add(glob.or_else(|_| Glob::new(pattern)).map_err(|error| format!("keep: {error}"))?);
    }
    set.build().map_err(|error| format!("keep: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_fresh_filled_kept_from_and_removed() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("runs ü/7");
        fs::create_dir_all(path.join("stale")).unwrap();
        let directory = RunDirectory::make(path.clone()).unwrap();
        assert!(!path.join("stale").exists());
        directory.write("in/deep/α.txt", "x = 1").unwrap();
        directory.write("a.dat", "a").unwrap();
        directory.write("b.log", "b").unwrap();
        let kept = home.path().join("files/7");
        directory.keep(&globs(&["*.dat".into(), "in/**".into()]).unwrap(), &kept).unwrap();
        assert_eq!(fs::read_to_string(kept.join("in/deep/α.txt")).unwrap(), "x = 1");
        assert!(kept.join("a.dat").exists() && !kept.join("b.log").exists());
        drop(directory);
        assert!(!path.exists());
    }

    #[test]
    fn files_stay_inside() {
        for bad in ["../x", "/etc/x", "a/../../x", "", "a/", ".", ".."] {
            assert!(inside(bad).is_err(), "{bad}");
        }
        for good in ["x", "./x", "a/b.txt", "..x", "a b/ü"] {
            assert!(inside(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn errors_name_the_path() {
        assert!(
            RunDirectory::make("/proc/nowhere/1".into())
                .err()
                .unwrap()
                .starts_with("failed to make the run's directory /proc/nowhere/1: ")
        );
    }
}
