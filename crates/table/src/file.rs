//! Files that are there as a whole or not at all.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Writes a file through another one beside it that takes its place when it is complete and on disk. When anything fails,
/// what was there before stays. A path that is no regular file (a pipe, `/dev/stdout`) is written as it is.
pub fn replace_file<E: From<io::Error>>(
    path: &Path,
    write: impl FnOnce(&mut File) -> Result<(), E>,
) -> Result<(), E> {
    // A link stays a link: what it leads to is replaced.
    let target = match path.canonicalize() {
        Ok(target) => target,
        Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
        Err(error) => return Err(error.into()),
    };
    let before = fs::metadata(&target).ok();
    if before.as_ref().is_some_and(|before| !before.is_file()) {
        return write(&mut File::options().write(true).open(&target)?);
    }
    let mut draft = Draft::beside(&target)?;
    write(&mut draft.file)?;
    if let Some(before) = before {
        draft.file.set_permissions(before.permissions())?;
    }
    draft.file.sync_all()?;
    fs::rename(&draft.path, &target)?;
    draft.kept = true;
    Ok(())
}

/// The file in the making; removed unless it was kept.
struct Draft {
    path: PathBuf,
    file: File,
    kept: bool,
}

impl Draft {
    fn beside(target: &Path) -> io::Result<Draft> {
        let name = target.file_name().ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, format!("{} does not name a file", target.display()))
        })?;
        for number in 0.. {
            let mut draft = std::ffi::OsString::from(".");
            draft.push(name);
            draft.push(format!(".{}-{number}.part", std::process::id()));
            let path = target.with_file_name(draft);
            match File::options().read(true).write(true).create_new(true).open(&path) {
                Ok(file) => return Ok(Draft { path, file, kept: false }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 1000 => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept {
            // Nobody is left to be told.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_file_is_replaced_as_a_whole_or_stays() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ä b.csv");
        replace_file(&path, |file| file.write_all(b"one")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let failed = replace_file(&path, |file| {
            file.write_all(b"half")?;
            Err::<(), _>(io::Error::other("no more"))
        });
        assert_eq!(failed.unwrap_err().to_string(), "no more");
        assert_eq!(fs::read(&path).unwrap(), b"one");
        let link = directory.path().join("link");
        symlink(&path, &link).unwrap();
        replace_file(&link, |file| file.write_all(b"two")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2, "nothing is left behind");
        replace_file(Path::new("/dev/null"), |file| file.write_all(b"gone")).unwrap();
        assert!(replace_file(&directory.path().join("no/where"), |file| file.write_all(b"")).is_err());
        assert!(replace_file(directory.path(), |file| file.write_all(b"")).is_err());
    }
}
