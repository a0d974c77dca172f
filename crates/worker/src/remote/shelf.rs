//! Files by their content that the workers of a site share, in a directory which all its nodes see: what one has fetched, the others take from
//! there.
//!
//! A file gets its name when all of it is there, so nobody finds half of one. Whoever fetches a file says so by a claim beside it; the others
//! wait for as long as the claim is renewed.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use rustix::fs::{Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};

use super::content::{Entry, sum_of};

/// A claim that was not renewed for so long is of a worker that is no more.
const FORSAKEN: Duration = Duration::from_secs(30);
/// What nobody has used for so long is removed.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// Where the files are, for one worker.
pub(super) struct Shelf {
    directory: PathBuf,
    /// Nobody else's, for files that are not whole yet.
    key: String,
    /// The claim of another that is waited for, as it was renewed last, and since when it is so by our clock: nodes may have others.
    watched: Option<(String, SystemTime, Instant)>,
}

/// What is known of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// It is now at the place that was named.
    Taken,
    /// Another fetches it.
    Coming,
    /// It is for this worker to fetch.
    Missing,
}

impl Shelf {
    /// Files in this directory, which need not be there. What was not used for a month is removed.
    pub fn at(directory: PathBuf, key: &str) -> Shelf {
        let old = |path: &Path| {
            let used = path.metadata().and_then(|data| data.modified()).ok();
            used.and_then(|used| used.elapsed().ok()).is_some_and(|age| age > KEPT)
        };
        for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
            if old(&entry.path()) {
                // Another may be quicker.
                let _ = fs::remove_file(entry.path());
            }
        }
        Shelf { directory, key: key.to_owned(), watched: None }
    }

    /// Copies a file to `place` if it is here; else claims it, unless another has.
    pub fn take(&mut self, entry: &Entry, place: &Path) -> Found {
        let kept = self.directory.join(&entry.sum);
        if self.copy(&kept, entry, place).is_ok() {
            return Found::Taken;
        }
        let claim = self.claim(&entry.sum);
        if fs::create_dir_all(&self.directory).is_err() {
            return Found::Missing;
        }
        match OpenOptions::new().create_new(true).write(true).open(&claim) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && !self.is_forsaken(&entry.sum) => {
                Found::Coming
            }
            // A directory that cannot be written to saves nothing, and is in nobody's way.
            _ => {
                self.renew(&entry.sum);
                Found::Missing
            }
        }
    }

    /// The file is still being fetched here.
    pub fn renew(&self, sum: &str) {
        // One that is not renewed is taken over, and the file is then fetched twice.
        let _ = touch(&self.claim(sum));
    }

    /// Puts here what was fetched.
    pub fn put(&self, sum: &str, file: &Path) {
        let own = self.directory.join(format!("{sum}.{}", self.key));
        let put = fs::copy(file, &own).and_then(|_| fs::rename(&own, self.directory.join(sum)));
        if put.is_err() {
            // The others fetch it themselves.
            let _ = fs::remove_file(&own);
        }
        self.release(sum);
    }

    /// The file is not fetched here any more.
    pub fn release(&self, sum: &str) {
        let _ = fs::remove_file(self.claim(sum));
    }

    fn claim(&self, sum: &str) -> PathBuf {
        self.directory.join(format!("{sum}.claim"))
    }

    /// Whether the claim of another has not been renewed for long. It is ours then.
    fn is_forsaken(&mut self, sum: &str) -> bool {
        let Ok(renewed) = self.claim(sum).metadata().and_then(|data| data.modified()) else { return false };
        match &self.watched {
            Some((of, known, since)) if of == sum && *known == renewed => since.elapsed() > FORSAKEN,
            _ => {
                self.watched = Some((sum.to_owned(), renewed, Instant::now()));
                false
            }
        }
    }

    fn copy(&self, kept: &Path, entry: &Entry, place: &Path) -> io::Result<()> {
        if kept.metadata()?.len() != entry.length {
            return Err(io::ErrorKind::NotFound.into());
        }
        let part = place.with_extension("copy");
        fs::create_dir_all(place.parent().unwrap_or(place))?;
        fs::copy(kept, &part)?;
        if sum_of(&part)? != (entry.sum.clone(), entry.length) {
            // Disks do that; nobody is to take it from here any more.
            let _ = fs::remove_file(kept);
            return Err(io::ErrorKind::InvalidData.into());
        }
        let _ = touch(kept);
        fs::rename(&part, place)
    }
}

/// Marks a file as used now, by the clock of its file system.
fn touch(path: &Path) -> io::Result<()> {
    let kept = |nanos| Timespec { tv_sec: 0, tv_nsec: nanos };
    let times = Timestamps { last_access: kept(UTIME_OMIT), last_modification: kept(UTIME_NOW) };
    Ok(rustix::fs::futimens(File::open(path)?, &times)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory with a file, as it is listed.
    fn ground() -> (tempfile::TempDir, PathBuf, Entry) {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("file");
        fs::write(&file, "data").unwrap();
        let (sum, length) = sum_of(&file).unwrap();
        (home, file, Entry { path: "data".to_owned(), length, sum, executable: false })
    }

    #[test]
    fn one_fetches_and_the_others_wait_and_take() {
        let (home, file, entry) = ground();
        let place = home.path().join("own/place");
        let shelf = home.path().join("shelf");
        let (mut one, mut two) = (Shelf::at(shelf.clone(), "one"), Shelf::at(shelf.clone(), "two"));
        assert_eq!(one.take(&entry, &place), Found::Missing);
        assert_eq!(two.take(&entry, &place), Found::Coming);
        one.put(&entry.sum, &file);
        assert_eq!(two.take(&entry, &place), Found::Taken);
        assert_eq!(fs::read_to_string(&place).unwrap(), "data");
        assert_eq!(fs::read_dir(&shelf).unwrap().count(), 1, "nothing but the file is left");
    }

    #[test]
    fn a_claim_that_is_given_up_or_forsaken_is_of_the_next() {
        let (home, _file, entry) = ground();
        let place = home.path().join("place");
        let at = || home.path().join("shelf");
        let (mut one, mut two) = (Shelf::at(at(), "one"), Shelf::at(at(), "two"));
        assert_eq!(one.take(&entry, &place), Found::Missing);
        one.release(&entry.sum);
        assert_eq!(two.take(&entry, &place), Found::Missing);
        assert_eq!(one.take(&entry, &place), Found::Coming);
        let (sum, renewed, _) = one.watched.clone().unwrap();
        let long_ago = Instant::now().checked_sub(FORSAKEN * 2).unwrap();
        one.watched = Some((sum, renewed, long_ago));
        assert_eq!(one.take(&entry, &place), Found::Missing);
    }

    #[test]
    fn what_is_broken_or_old_is_not_taken() {
        let (home, file, entry) = ground();
        let place = home.path().join("place");
        let shelf = home.path().join("shelf");
        fs::create_dir(&shelf).unwrap();
        fs::write(shelf.join(&entry.sum), "dada").unwrap();
        assert_eq!(Shelf::at(shelf.clone(), "one").take(&entry, &place), Found::Missing);
        assert!(!shelf.join(&entry.sum).exists() && !place.exists());
        fs::copy(&file, shelf.join(&entry.sum)).unwrap();
        let now = file.metadata().unwrap().modified().unwrap();
        let long_ago = fs::FileTimes::new().set_modified(now - 2 * KEPT);
        File::open(shelf.join(&entry.sum)).unwrap().set_times(long_ago).unwrap();
        let _ = Shelf::at(shelf.clone(), "two");
        assert!(!shelf.join(&entry.sum).exists());
    }
}
