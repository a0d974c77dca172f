//! The tails of what runs wrote, all of a batch together: alike as they mostly are, they compress well.

use paramo_model::{Attempt, RunRecord};

use super::envelope;
use super::integers::{integers, put_integers};
use super::wire::{Broken, Reader, Wire};

/// The tails of output: standard output and error of the last attempts, then of the earlier ones.
pub struct Tails<'a>([Vec<&'a [u8]>; 4]);

impl<'a> Tails<'a> {
    /// `None` when nothing was written.
    pub fn write(last: &[&Attempt], earlier: &[&Attempt]) -> Option<Vec<u8>> {
        let all = || {
            [last.iter(), earlier.iter()].into_iter().flat_map(|attempts| {
                let stderr = attempts.clone().map(|a| &a.stderr.tail);
                [attempts.map(|a| &a.stdout.tail).collect::<Vec<_>>(), stderr.collect()]
            })
        };
        if all().flatten().all(|tail| tail.is_empty()) {
            return None;
        }
        let mut content = Vec::new();
        for tails in all() {
            put_integers(&mut content, &tails.iter().map(|tail| tail.len() as i64).collect::<Vec<_>>());
        }
        all().flatten().for_each(|tail| content.extend_from_slice(tail));
        Some(envelope::wrap(&content))
    }

    pub fn read(content: &'a [u8], last: usize, earlier: usize) -> Wire<Tails<'a>> {
        let mut reader = Reader::new(content);
        let mut lengths = Vec::with_capacity(4);
        for count in [last, last, earlier, earlier] {
            lengths.push(integers(&mut reader, count)?);
        }
        let mut tails: [Vec<&[u8]>; 4] = Default::default();
        for (tails, lengths) in tails.iter_mut().zip(lengths) {
            reader.charge::<&[u8]>(lengths.len())?;
            for length in lengths {
                let length = usize::try_from(length).map_err(|_| Broken("a length is negative"))?;
                tails.push(reader.take(length)?);
            }
        }
        reader.end()?;
        Ok(Tails(tails))
    }

    /// Gives a run that was read without tails its own.
    pub fn put_into(&self, record: &mut RunRecord, at: usize, first: usize) {
        let tail =
            |which: usize, at: usize| self.0[which].get(at).map(|tail| tail.to_vec()).unwrap_or_default();
        record.last.stdout.tail = tail(0, at);
        record.last.stderr.tail = tail(1, at);
        for (i, attempt) in record.earlier.iter_mut().enumerate() {
            attempt.stdout.tail = tail(2, first + i);
            attempt.stderr.tail = tail(3, first + i);
        }
    }
}
