//! The files that runs have left, on their way to the server. A report waits until the files that it speaks of are there.
//!
//! Each file is offered by its length and sum; the server says how much of it is there, so that what was sent before the connection broke
//! is not sent again.

use std::collections::{HashMap, VecDeque};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use paramo_model::{OutputFile, Report};
use tokio::task::JoinHandle;

use super::content;
use super::wire::{Bin, FromRemote, Offer, PIECE};

/// Files on their way at once.
const AT_ONCE: usize = 16;

/// The sum of a larger file is worked out aside: nothing is said meanwhile here, and the server would take that for a broken connection.
const LARGE: u64 = 4 << 20;

/// A file that is not taken is offered again after this long.
const AGAIN: Duration = Duration::from_secs(5);

#[derive(Default)]
pub(super) struct Post {
    parcels: HashMap<u64, Parcel>,
    waiting: VecDeque<Letter>,
    sending: HashMap<u64, (Letter, u64)>,
    next: u64,
    not_before: Option<Instant>,
}

/// A report and how many of its files are not there yet.
struct Parcel {
    report: Report,
    left: usize,
    /// The directory of the run's files here.
    folder: PathBuf,
}

struct Letter {
    parcel: u64,
    name: String,
    sum: Sum,
}

/// The SHA-256 and the length of a file, which stays as it is.
enum Sum {
    Unknown,
    Coming(JoinHandle<std::io::Result<(String, u64)>>),
    Known(String, u64),
    /// There is no such file any more.
    Nowhere,
}

impl Sum {
    /// Works it out, or looks whether it has been.
    fn look(&mut self, path: &Path) {
        let found = match self {
            Sum::Known(..) | Sum::Nowhere => return,
            Sum::Unknown if path.metadata().is_ok_and(|data| data.len() > LARGE) => {
                let path = path.to_owned();
                *self = Sum::Coming(tokio::task::spawn_blocking(move || content::sum_of(&path)));
                return;
            }
            Sum::Unknown => content::sum_of(path),
            Sum::Coming(work) => match work.now_or_never() {
                None => return,
                Some(done) => done.unwrap_or_else(|error| Err(std::io::Error::other(error))),
            },
        };
        *self = found.map_or(Sum::Nowhere, |(sum, length)| Sum::Known(sum, length));
    }
}

impl Post {
    /// Takes a report whose run has left files in `folder`. Gives it back when there are none.
    pub fn add(&mut self, report: Report, folder: PathBuf) -> Option<Report> {
        let mut names = Vec::new();
        list(&folder, Path::new(""), &mut names);
        if names.is_empty() {
            return Some(report);
        }
        self.next += 1;
        let parcel = self.next;
        self.parcels.insert(parcel, Parcel { report, left: names.len(), folder });
        self.waiting.extend(names.into_iter().map(|name| Letter { parcel, name, sum: Sum::Unknown }));
        None
    }

    pub fn is_empty(&self) -> bool {
        self.parcels.is_empty()
    }

    /// Whether this attempt waits for its files to be there.
    pub fn has(&self, report: &Report) -> bool {
        let same = |other: &Report| {
            (other.study, other.index, other.attempt.number)
                == (report.study, report.index, report.attempt.number)
        };
        self.parcels.values().any(|parcel| same(&parcel.report))
    }

    /// The connection is no more: everything is offered again on the next.
    pub fn interrupted(&mut self) {
        self.waiting.extend(self.sending.drain().map(|(_, (letter, _))| letter));
    }

    /// What to offer now, and reports that have become complete because their files are gone.
    pub fn offers(&mut self) -> (Vec<FromRemote>, Vec<Report>) {
        let (mut offers, mut complete) = (Vec::new(), Vec::new());
        if self.not_before.is_some_and(|moment| moment > Instant::now()) {
            return (offers, complete);
        }
        self.not_before = None;
        let mut later = VecDeque::new();
        while self.sending.len() + later.len() < AT_ONCE
            && let Some(mut letter) = self.waiting.pop_front()
        {
            let Some(parcel) = self.parcels.get(&letter.parcel) else { continue };
            letter.sum.look(&parcel.folder.join(&letter.name));
            let (sum, length) = match &letter.sum {
                Sum::Known(sum, length) => (sum.clone(), *length),
                Sum::Nowhere => {
                    complete.extend(self.delivered(&letter));
                    continue;
                }
                Sum::Unknown | Sum::Coming(_) => {
                    later.push_back(letter);
                    continue;
                }
            };
            self.next += 1;
            let (study, index) = (parcel.report.study, parcel.report.index);
            let offer = Offer { file: self.next, study, index, name: letter.name.clone(), length, sum };
            offers.push(FromRemote::Offer(Box::new(offer)));
            self.sending.insert(self.next, (letter, length));
        }
        later.append(&mut self.waiting);
        self.waiting = later;
        (offers, complete)
    }

    /// So much of a file is there: what to send next, or the report that is complete with it.
    pub fn at(&mut self, file: u64, offset: u64) -> (Option<FromRemote>, Option<Report>) {
        let Some((letter, length)) = self.sending.get(&file) else { return (None, None) };
        let Some(parcel) = self.parcels.get(&letter.parcel) else { return (None, None) };
        if offset < *length
            && let Ok(bytes) = piece(&parcel.folder.join(&letter.name), offset)
        {
            return (Some(FromRemote::Piece { file, offset, bytes: Bin(bytes) }), None);
        }
        let Some((letter, _)) = self.sending.remove(&file) else { return (None, None) };
        (None, self.delivered(&letter))
    }

    /// The server cannot take a file now: a little later, maybe.
    pub fn not_taken(&mut self, file: u64) {
        if let Some((letter, _)) = self.sending.remove(&file) {
            self.waiting.push_back(letter);
        }
        self.not_before = Some(Instant::now() + AGAIN);
    }

    /// A file is there, or nowhere.
    fn delivered(&mut self, letter: &Letter) -> Option<Report> {
        let parcel = self.parcels.get_mut(&letter.parcel)?;
        // One that stays is sent again when a later worker finds it, which harms nobody.
        let _ = fs::remove_file(parcel.folder.join(&letter.name));
        parcel.left -= 1;
        if parcel.left > 0 {
            return None;
        }
        let parcel = self.parcels.remove(&letter.parcel)?;
        let _ = fs::remove_dir_all(&parcel.folder);
        Some(parcel.report)
    }
}

fn piece(path: &Path, offset: u64) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::with_capacity(PIECE);
    file.take(PIECE as u64).read_to_end(&mut bytes)?;
    if bytes.is_empty() { Err(std::io::ErrorKind::UnexpectedEof.into()) } else { Ok(bytes) }
}

/// The files below a directory, by their paths there.
fn list(folder: &Path, below: &Path, names: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(folder.join(below)) else { return };
    for entry in entries.flatten() {
        let path = below.join(entry.file_name());
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => list(folder, &path, names),
            // A name that is no text cannot be told to anybody.
            Ok(_) => names.extend(path.to_str().map(str::to_owned)),
            Err(_) => {}
        }
    }
}

/// Names the files of a report by their paths below `folder`, as the other end knows them.
pub(super) fn relative(report: &mut Report, folder: &Path) {
    for output in [&mut report.attempt.stdout, &mut report.attempt.stderr] {
        let below = |path: &String| Path::new(path).strip_prefix(folder).ok()?.to_str().map(str::to_owned);
        output.file = output.file.as_ref().and_then(below);
    }
}

/// Whether a report speaks of files.
pub(super) fn speaks_of_files(report: &Report) -> bool {
    let has = |output: &OutputFile| output.file.is_some();
    has(&report.attempt.stdout) || has(&report.attempt.stderr)
}

#[cfg(test)]
mod tests {
    use paramo_model::{Attempt, Bytes, Ended, LeaseId, Micros, StudyId, Timestamp};

    use super::*;

    fn report(index: u64) -> Report {
        let attempt = Attempt {
            number: 1,
            ended: Ended::Succeeded,
            started: Timestamp(0),
            wall: Micros(0),
            cpu: Micros(0),
            peak_memory: Bytes(0),
            exit_code: Some(0),
            worker: 0,
            slot: 0,
            stdout: OutputFile::default(),
            stderr: OutputFile::default(),
        };
        Report { study: StudyId(1), lease: LeaseId(1), index, attempt, outputs: Vec::new() }
    }

    fn names(offers: Vec<FromRemote>) -> Vec<(String, u64)> {
        let named = offers.into_iter().map(|offer| match offer {
            FromRemote::Offer(offer) => (offer.name, offer.file),
            other => panic!("{other:?}"),
        });
        named.collect()
    }

    #[tokio::test]
    async fn a_large_file_is_summed_aside_once_and_small_ones_go_before_it() {
        let home = tempfile::tempdir().unwrap();
        let folder = |index: u64| home.path().join(index.to_string());
        for (index, name, length) in [(1, "large", LARGE as usize + 1), (2, "small", 10)] {
            fs::create_dir(folder(index)).unwrap();
            fs::write(folder(index).join(name), vec![7; length]).unwrap();
        }
        let mut post = Post::default();
        assert!(post.add(report(1), folder(1)).is_none());
        assert!(post.add(report(2), folder(2)).is_none());
        let first = names(post.offers().0);
        assert_eq!(first.len(), 1);
        assert_eq!(first[0].0, "small");
        assert_eq!(post.at(first[0].1, 10).1.unwrap().index, 2);
        let large = loop {
            let offers = names(post.offers().0);
            if let Some((name, file)) = offers.into_iter().next() {
                assert_eq!(name, "large");
                break file;
            }
            tokio::task::yield_now().await;
        };
        // After a break it is offered at once: its sum is known.
        post.interrupted();
        assert!(post.at(large, 0).0.is_none());
        let again = names(post.offers().0);
        assert_eq!(again.len(), 1);
        assert_eq!(post.at(again[0].1, LARGE + 1).1.unwrap().index, 1);
        assert!(post.is_empty());
    }
}
