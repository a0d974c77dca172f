//! The mark: a small file beside the database that repeats how much was committed.
//!
//! SQLite drops the torn tail of its log without a word: right after a power failure, and wrong when the tail was lost
//! afterwards, because results that were acknowledged go with it. So the database counts its commits, and after each one
//! the count is written here as well. A database that has fewer commits than its mark has lost some.
//!
//! The mark is written after the commit is durable and is not synced itself. It can therefore be behind (then less is
//! noticed) but never ahead. Two slots are written in turn, so that a torn write leaves the one before.
//!
//! A slot is 32 bytes, numbers least byte first: `PMK1`, CRC-32 of the rest, token of the store, commits, runs.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

const SLOT: usize = 32;
const MAGIC: &[u8; 4] = b"PMK1";

/// How much a store has committed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Which store: a number drawn when it was made.
    pub token: i64,
    /// Transactions of any kind.
    pub commits: u64,
    /// Runs, each counted as often as it ended.
    pub runs: u64,
}

/// The file, open for writing.
#[derive(Debug)]
pub struct Mark {
    file: File,
}

impl Mark {
    /// What the mark says; `None` when there is none that can be read. That it cannot be read is no damage to the store.
    pub fn read(path: &Path) -> Option<Totals> {
        let bytes = std::fs::read(path).ok()?;
        bytes.chunks_exact(SLOT).take(2).filter_map(decode).max_by_key(|totals| totals.commits)
    }

    pub fn open(path: &Path) -> io::Result<Mark> {
        let file = File::options().read(true).write(true).create(true).truncate(false).open(path)?;
        Ok(Mark { file })
    }

    /// Writes the newest totals into the slot whose turn it is, unless another process was there with newer ones.
    pub fn advance(&self, totals: Totals) -> io::Result<()> {
        let offset = totals.commits % 2 * SLOT as u64;
        let mut there = [0; SLOT];
        let newer = match self.file.read_exact_at(&mut there, offset) {
            Ok(()) => {
                decode(&there).is_some_and(|old| old.token == totals.token && old.commits > totals.commits)
            }
            Err(_) => false,
        };
        if newer { Ok(()) } else { self.file.write_all_at(&encode(totals), offset) }
    }

    /// Writes both slots, whatever they held.
    pub fn reset(&self, totals: Totals) -> io::Result<()> {
        let slot = encode(totals);
        self.file.write_all_at(&[slot, slot].concat(), 0)
    }
}

fn encode(totals: Totals) -> [u8; SLOT] {
    let mut slot = [0; SLOT];
    slot[..4].copy_from_slice(MAGIC);
    slot[8..16].copy_from_slice(&totals.token.to_le_bytes());
    slot[16..24].copy_from_slice(&totals.commits.to_le_bytes());
    slot[24..].copy_from_slice(&totals.runs.to_le_bytes());
    let sum = crc32fast::hash(&slot[8..]);
    slot[4..8].copy_from_slice(&sum.to_le_bytes());
    slot
}

fn decode(slot: &[u8]) -> Option<Totals> {
    let number = |at: usize| slot.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes);
    let sum = crc32fast::hash(slot.get(8..SLOT)?).to_le_bytes();
    let whole = slot[..4] == *MAGIC && slot[4..8] == sum;
    whole.then_some(Totals { token: number(8)? as i64, commits: number(16)?, runs: number(24)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals(commits: u64) -> Totals {
        Totals { token: -7, commits, runs: commits * 10 }
    }

    #[test]
    fn the_newest_whole_slot_counts() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("mark");
        assert_eq!(Mark::read(&path), None);
        let mark = Mark::open(&path).unwrap();
        for commits in 1..6 {
            mark.advance(totals(commits)).unwrap();
            assert_eq!(Mark::read(&path), Some(totals(commits)));
        }
        mark.advance(totals(3)).unwrap();
        assert_eq!(Mark::read(&path), Some(totals(5)), "an older one does not replace a newer one");
        let whole = std::fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut torn = whole.clone();
            torn[at] ^= 0x40;
            std::fs::write(&path, torn).unwrap();
            let expected = if at < SLOT { 5 } else { 4 };
            assert_eq!(Mark::read(&path), Some(totals(expected)), "byte {at}");
        }
        std::fs::write(&path, &whole[..SLOT]).unwrap();
        assert_eq!(Mark::read(&path), Some(totals(4)));
        mark.reset(totals(2)).unwrap();
        assert_eq!(Mark::read(&path), Some(totals(2)));
    }
}
