//! Results on the local disk until the server says that they are kept, so that they outlive this process.
//!
//! A file of records, each a length, a checksum and a report. What is cut off at its end was never promised to anybody. It is made anew when
//! most of it is not needed any more. While the disk refuses, results are in memory only; then nothing more is asked for.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use paramo_model::Report;

use super::account::Account;
use super::wire;

/// A file smaller than this is not worth making anew.
const SMALL: u64 = 1 << 20;

pub(super) struct Spool {
    path: PathBuf,
    file: Option<File>,
    written: u64,
    /// How much of the file was needed when it was made last.
    needed: u64,
    /// Why it does not hold all that it should.
    refused: Option<String>,
}

impl Spool {
    /// Opens a spool, and gives what an earlier process has left in it.
    pub fn open(path: PathBuf) -> Result<(Spool, Vec<Report>), String> {
        let mut bytes = Vec::new();
        match File::open(&path) {
            Ok(mut file) => file.read_to_end(&mut bytes).map(drop),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let mut reports = Vec::new();
        let mut rest = bytes.as_slice();
        while let Some((report, left)) = next(rest) {
            reports.push(report);
            rest = left;
        }
        let spool = Spool { path, file: None, written: bytes.len() as u64, needed: 0, refused: None };
        Ok((spool, reports))
    }

    /// Why results are not on the disk, if they are not.
    pub fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }

    /// Writes results down, which are in the account already. They are the operating system's from then on: they outlive this process, not
    /// the machine.
    pub fn add<'r>(&mut self, reports: impl Iterator<Item = &'r Report>, account: &Account) {
        let written = records(reports).and_then(|bytes| match (&mut self.file, bytes.is_empty()) {
            (_, true) => Ok(0),
            (Some(file), _) if self.refused.is_none() => {
                file.write_all(&bytes).map(|()| bytes.len() as u64).map_err(|error| error.to_string())
            }
            _ => Err(String::new()),
        });
        match written {
            Ok(written) => self.written += written,
            Err(_) => self.make_anew(account),
        }
    }

    /// Makes the file anew when most of it is not needed any more, or when the disk has refused.
    pub fn tidy(&mut self, account: &Account) {
        let emptied = account.results() == 0 && self.written > 0;
        if emptied || self.refused.is_some() || self.written >= SMALL.max(4 * self.needed) {
            self.make_anew(account);
        }
    }

    fn make_anew(&mut self, account: &Account) {
        self.refused = self.rewrite(account).err();
    }

    fn rewrite(&mut self, account: &Account) -> Result<(), String> {
        let beside = self.path.with_extension("new");
        let failed = |path: &Path, error: &std::io::Error| format!("{}: {error}", path.display());
        let bytes = records(account.unkept())?;
        // A cut-off record of a disk that was full is in the way of those after it: the old file goes on only as it is.
        self.file = None;
        let mut file = create(&beside).map_err(|error| failed(&beside, &error))?;
        file.write_all(&bytes).map_err(|error| {
            // It may take the room that the next try needs.
            let _ = std::fs::remove_file(&beside);
            failed(&beside, &error)
        })?;
        // Either the old file or the new one is there at any moment.
        std::fs::rename(&beside, &self.path).map_err(|error| failed(&self.path, &error))?;
        self.file = Some(file);
        self.written = bytes.len() as u64;
        self.needed = self.written;
        Ok(())
    }
}

fn create(path: &Path) -> std::io::Result<File> {
    // One that was left half-written counts for nothing.
    let _ = std::fs::remove_file(path);
    OpenOptions::new().append(true).create(true).open(path)
}

fn records<'r>(reports: impl Iterator<Item = &'r Report>) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    for report in reports {
        let record = wire::encode(report)?;
        let length = u32::try_from(record.len()).map_err(|_| "a result is larger than 4 GiB".to_owned())?;
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&crc32fast::hash(&record).to_le_bytes());
        bytes.extend_from_slice(&record);
    }
    Ok(bytes)
}

/// The first record, and what follows it; `None` at the end or where the file is damaged.
fn next(bytes: &[u8]) -> Option<(Report, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (sum, rest) = rest.split_first_chunk::<4>()?;
    let (record, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    if crc32fast::hash(record) != u32::from_le_bytes(*sum) {
        return None;
    }
    Some((wire::decode(record).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use paramo_model::{
        Attempt, Bytes, Ended, LeaseId, Micros, OutputFile, StudyId, Timestamp, ToWorker, Value,
    };

    use super::*;

    fn report(index: u64) -> Report {
        let attempt = Attempt {
            number: 1,
            ended: Ended::Succeeded,
            started: Timestamp(7),
            wall: Micros(1),
            cpu: Micros(1),
            peak_memory: Bytes(1),
            exit_code: Some(0),
            worker: 0,
            slot: 0,
            stdout: OutputFile { tail: vec![b'x'; 1000], length: 1000, file: None },
            stderr: OutputFile::default(),
        };
        Report { study: StudyId(1), lease: LeaseId(2), index, attempt, outputs: vec![Value::Float(0.1)] }
    }

    fn add(spool: &mut Spool, account: &mut Account, report: Report) {
        account.keep(report.clone());
        spool.add([&report].into_iter(), account);
    }

    #[test]
    fn what_is_not_known_to_be_kept_outlives_the_process() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("results");
        let (mut spool, before) = Spool::open(path.clone()).unwrap();
        assert!(before.is_empty());
        let mut account = Account::default();
        (0..5).for_each(|index| add(&mut spool, &mut account, report(index)));
        account.order(&ToWorker::Kept { study: StudyId(1), runs: vec![(1, 1), (3, 1)] });
        spool.tidy(&account);
        drop(spool);
        // The end of the file may be cut off at any byte.
        let whole = std::fs::read(&path).unwrap();
        let kept = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            Spool::open(path.clone()).unwrap().1.iter().map(|report| report.index).collect::<Vec<_>>()
        };
        assert_eq!(kept(&whole), [0, 1, 2, 3, 4], "it is small: what was kept meanwhile is said twice");
        assert_eq!(kept(&whole[..whole.len() - 1]), [0, 1, 2, 3]);
        let mut torn = whole.clone();
        torn[20] ^= 1;
        assert!(kept(&torn).is_empty());
    }

    #[test]
    fn it_stays_small_and_is_empty_when_all_is_kept() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("results");
        let (mut spool, _) = Spool::open(path.clone()).unwrap();
        let mut account = Account::default();
        let mut largest = 0;
        for index in 0..5000 {
            add(&mut spool, &mut account, report(index));
            account.order(&ToWorker::Kept { study: StudyId(1), runs: vec![(index.saturating_sub(10), 1)] });
            spool.tidy(&account);
            largest = largest.max(std::fs::metadata(&path).unwrap().len());
        }
        assert!(largest < 2 * SMALL, "{largest}");
        let runs = (4900..5000).map(|index| (index, 1)).collect();
        account.order(&ToWorker::Kept { study: StudyId(1), runs });
        spool.tidy(&account);
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);
    }

    #[test]
    fn a_disk_that_refuses_is_tried_again() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("not/there/results");
        let (mut spool, _) = Spool::open(path.clone()).unwrap();
        let mut account = Account::default();
        add(&mut spool, &mut account, report(0));
        assert!(spool.refused().is_some());
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        add(&mut spool, &mut account, report(1));
        assert_eq!(spool.refused(), None);
        assert_eq!(Spool::open(path).unwrap().1.len(), 2, "those of before as well");
    }
}
