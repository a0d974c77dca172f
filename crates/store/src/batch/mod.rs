//! A batch: the runs of one group commit, as columns in a few compact parts.
//!
//! A row of the table `batches` has a `head` (indices and how the runs ended), `data` (all else that was measured) and,
//! where anything was written, `output` (the tails of standard output and error). Each part is wrapped on its own (see
//! `envelope`), so that asking which runs have ended reads heads only. A row may instead say that failed runs were opened
//! again; it stands in the same sequence, so that whatever comes later supersedes what came before.
//!
//! `head`: count of runs, column of indices, kinds of ends. `data`: columns of the last attempts and what their kinds do
//! not say; the column of how many attempts came before, their kinds, their columns and the like; the column of how many
//! outputs each run has, then the outputs. `output`: columns of lengths for the last attempts' standard output and error,
//! then for the earlier ones', then the bytes in that order. Of a reopening: count of indices, then pairs of (gap since
//! the last, length) of ranges. Where runs are few and alike, every column is two bytes.
//!
//! A decoder takes any bytes: it returns an error for those that were not written here, and memory is bounded.

mod attempts;
mod column;
mod envelope;
mod integers;
mod shipment;
mod tails;
mod wire;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use paramo_model::{Attempt, CauseKind, RunRecord, StudyId, Value};
use roaring::RoaringTreemap;

pub use attempts::Attempts;
pub use column::{Column, Values};
pub use shipment::Shipment;
pub(crate) use wire::Broken;

use crate::{BatchId, Result, Seq, StoreError};
use attempts::{attempts, kinds, put_attempts, put_details, put_kinds, put_workers, workers};
use column::{column, put_column};
use envelope::Part;
use integers::{narrow, put_integers, unsigned};
use tails::Tails;
use wire::{Reader, Wire, put_varint};

/// Runs in one batch at the most.
const MAX_RUNS: usize = 1 << 16;
/// A batch is cut before it grows beyond this, in bytes as it stands in memory.
const MAX_BYTES: u64 = 32 << 20;
/// One run may be larger than that, but not than this.
const MAX_RUN_BYTES: u64 = 128 << 20;

/// Runs that have ended, as columns: position i of every column belongs to the same run.
#[derive(Clone, Debug, PartialEq)]
pub struct Columns {
    pub index: Vec<u64>,
    /// The attempt that decided.
    pub last: Attempts,
    /// One column for each output of the application, in its order.
    pub outputs: Vec<Column>,
    /// How many failed attempts came before.
    pub earlier: Vec<u32>,
    earlier_attempts: Attempts,
    output_counts: Vec<u32>,
}

impl Columns {
    pub fn len(&self) -> usize {
        self.index.len()
    }

    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    pub fn succeeded(&self, at: usize) -> bool {
        matches!(self.last.cause.get(at), Some(None))
    }

    /// The runs one by one, without the tails of their output.
    pub fn records(&self) -> Vec<RunRecord> {
        let mut first = 0;
        (0..self.len())
            .filter_map(|at| {
                let record = self.record(at, first);
                first += self.earlier[at] as usize;
                record
            })
            .collect()
    }

    /// The run at a position; its earlier attempts begin at `first` among all earlier ones.
    fn record(&self, at: usize, first: usize) -> Option<RunRecord> {
        let count = *self.output_counts.get(at)? as usize;
        Some(RunRecord {
            index: *self.index.get(at)?,
            last: self.last.attempt(at)?,
            earlier: (first..first + *self.earlier.get(at)? as usize)
                .map(|at| self.earlier_attempts.attempt(at))
                .collect::<Option<_>>()?,
            outputs: self.outputs[..count.min(self.outputs.len())]
                .iter()
                .map(|column| column.value(at))
                .collect(),
        })
    }
}

/// What a batch holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    Runs(Box<Columns>),
    /// These failed runs are open again.
    Reopened(RoaringTreemap),
}

/// A batch as it stands in the store; [`Batch::decode`] makes columns of it.
#[derive(Clone, Debug)]
pub struct Batch {
    pub study: StudyId,
    pub seq: Seq,
    pub(crate) row: Row,
    pub(crate) file: Arc<Path>,
}

/// The cells of a row of the table `batches`, without the output.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Row {
    pub kind: i64,
    pub first: i64,
    pub last: i64,
    pub runs: i64,
    pub head: Vec<u8>,
    pub data: Vec<u8>,
}

pub(crate) const RUNS: i64 = 0;
pub(crate) const REOPENED: i64 = 1;

/// What the head of a batch says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Head {
    /// The indices in the order of the runs, and the kinds of their failures.
    Runs(Vec<u64>, Vec<Option<CauseKind>>),
    Reopened(RoaringTreemap),
}

impl Batch {
    pub(crate) fn id(&self) -> BatchId {
        BatchId { study: self.study, seq: self.seq }
    }

    /// How many runs it holds or opens again.
    pub fn runs(&self) -> u64 {
        self.row.runs as u64
    }

    /// The columns. [`StoreError::Damaged`] when the bytes are not those that were written.
    pub fn decode(&self) -> Result<Content> {
        self.row.content(self.id()).map_err(|broken| self.damaged(broken))
    }

    pub(crate) fn head(&self) -> Result<Head> {
        self.row.head(self.id()).map_err(|broken| self.damaged(broken))
    }

    /// One run with the tails of its output, which `output` holds.
    pub(crate) fn run(&self, index: u64, output: Option<&[u8]>) -> Result<Option<RunRecord>> {
        let columns = match self.decode()? {
            Content::Runs(columns) => columns,
            Content::Reopened(_) => return Ok(None),
        };
        let Some(at) = columns.index.iter().position(|i| *i == index) else { return Ok(None) };
        let first = columns.earlier[..at].iter().map(|count| *count as usize).sum();
        let Some(mut record) = columns.record(at, first) else { return Ok(None) };
        if let Some(output) = output {
            let output = self.open_output(output)?;
            let tails = Tails::read(&output, columns.len(), columns.earlier_attempts.len());
            tails.map_err(|broken| self.damaged(broken))?.put_into(&mut record, at, first);
        }
        Ok(Some(record))
    }

    /// All runs in the order in which they ended, with the tails of their output where `output` holds them (see
    /// [`Store::output`](crate::Store::output)). None of a batch that opens runs again.
    pub fn records(&self, output: Option<&[u8]>) -> Result<Vec<RunRecord>> {
        let Content::Runs(columns) = self.decode()? else { return Ok(Vec::new()) };
        let mut records = columns.records();
        if let Some(output) = output {
            let output = self.open_output(output)?;
            let tails = Tails::read(&output, columns.len(), columns.earlier_attempts.len());
            let tails = tails.map_err(|broken| self.damaged(broken))?;
            let mut first = 0;
            for (at, record) in records.iter_mut().enumerate() {
                tails.put_into(record, at, first);
                first += record.earlier.len();
            }
        }
        Ok(records)
    }

    fn open_output<'a>(&self, output: &'a [u8]) -> Result<std::borrow::Cow<'a, [u8]>> {
        envelope::unwrap(output, Part::Output, self.id()).map_err(|broken| self.damaged(broken))
    }

    fn damaged(&self, broken: Broken) -> StoreError {
        StoreError::damaged_batch(&self.file, self.study, self.seq, broken.0)
    }
}

impl Row {
    fn head(&self, id: BatchId) -> Wire<Head> {
        let part = match self.kind {
            RUNS => Part::Head,
            REOPENED => Part::Reopened,
            _ => return Err(Broken("it is of an unknown kind")),
        };
        self.read_head(&envelope::unwrap(&self.head, part, id)?)
    }

    fn read_head(&self, content: &[u8]) -> Wire<Head> {
        let mut reader = Reader::new(content);
        let count = reader.varint()?;
        if self.runs < 0 || count != self.runs as u64 {
            return Err(Broken("it does not hold as many runs as its row says"));
        }
        if self.kind == REOPENED {
            return self.read_reopened(&mut reader, count).map(Head::Reopened);
        }
        let length = usize::try_from(count).map_err(|_| Broken("it claims too many runs"))?;
        let index = unsigned(&mut reader, length)?;
        let kinds = kinds(&mut reader, length)?;
        reader.end()?;
        let bounds = (index.iter().min().copied(), index.iter().max().copied());
        if bounds != (Some(self.first as u64), Some(self.last as u64)) {
            return Err(Broken("its indices are not those that its row says"));
        }
        Ok(Head::Runs(index, kinds))
    }

    fn read_reopened(&self, reader: &mut Reader<'_>, count: u64) -> Wire<RoaringTreemap> {
        let mut indices = RoaringTreemap::new();
        let mut next = 0u64;
        let mut left = count;
        while left > 0 {
            let (gap, length) = (reader.varint()?, reader.varint()?);
            let first = next.checked_add(gap).ok_or(Broken("an index is too large"))?;
            next = first.checked_add(length).ok_or(Broken("an index is too large"))?;
            left = left.checked_sub(length).filter(|_| length > 0).ok_or(Broken("it opens too many runs"))?;
            // A bit a run, or two bytes where they are sparse.
            reader.charge::<u8>(usize::try_from(length / 8 + 2).unwrap_or(usize::MAX))?;
            indices.insert_range(first..next);
        }
        reader.end()?;
        Ok(indices)
    }

    fn content(&self, id: BatchId) -> Wire<Content> {
        match self.head(id)? {
            Head::Reopened(indices) => Ok(Content::Reopened(indices)),
            Head::Runs(index, kinds) => {
                let data = envelope::unwrap(&self.data, Part::Data, id)?;
                Ok(Content::Runs(Box::new(read_data(&data, index, &kinds)?)))
            }
        }
    }
}

fn read_data(content: &[u8], index: Vec<u64>, last: &[Option<CauseKind>]) -> Wire<Columns> {
    let mut reader = Reader::new(content);
    let length = index.len();
    let mut last = attempts(&mut reader, last)?;
    let earlier: Vec<u32> = narrow(&mut reader, length)?;
    let earlier_count = earlier.iter().map(|count| *count as usize).sum();
    let earlier_kinds = kinds(&mut reader, earlier_count)?;
    let mut earlier_attempts = attempts(&mut reader, &earlier_kinds)?;
    let output_counts: Vec<u32> = narrow(&mut reader, length)?;
    let width = output_counts.iter().max().copied().unwrap_or(0) as usize;
    reader.charge::<Column>(width)?;
    let outputs = (0..width).map(|_| column(&mut reader, length)).collect::<Wire<_>>()?;
    workers(&mut reader, &mut last, &mut earlier_attempts)?;
    reader.end()?;
    Ok(Columns { index, last, outputs, earlier, earlier_attempts, output_counts })
}

/// The parts of a batch, signed for their place or to be.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    pub row: Row,
    pub output: Option<Vec<u8>>,
}

impl Parts {
    /// As it is stored, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.row.head.len() + self.row.data.len() + self.output.as_ref().map_or(0, Vec::len)
    }

    /// Encodes runs; there is at least one.
    pub(crate) fn of_runs(runs: &[RunRecord]) -> Parts {
        let last: Vec<&Attempt> = runs.iter().map(|run| &run.last).collect();
        let earlier: Vec<&Attempt> = runs.iter().flat_map(|run| &run.earlier).collect();

        let mut head = Vec::new();
        put_varint(&mut head, runs.len() as u64);
        put_integers(&mut head, &runs.iter().map(|run| run.index as i64).collect::<Vec<_>>());
        put_kinds(&mut head, &last);

        let mut data = Vec::new();
        put_attempts(&mut data, &last);
        put_details(&mut data, &last);
        put_integers(&mut data, &runs.iter().map(|run| run.earlier.len() as i64).collect::<Vec<_>>());
        put_kinds(&mut data, &earlier);
        put_attempts(&mut data, &earlier);
        put_details(&mut data, &earlier);
        put_integers(&mut data, &runs.iter().map(|run| run.outputs.len() as i64).collect::<Vec<_>>());
        let width = runs.iter().map(|run| run.outputs.len()).max().unwrap_or(0);
        for output in 0..width {
            let values: Vec<&Value> =
                runs.iter().map(|run| run.outputs.get(output).unwrap_or(&Value::Missing)).collect();
            put_column(&mut data, &values);
        }
        put_workers(&mut data, &last, &earlier);

        let index = || runs.iter().map(|run| run.index);
        Parts {
            row: Row {
                kind: RUNS,
                first: index().min().unwrap_or(0) as i64,
                last: index().max().unwrap_or(0) as i64,
                runs: runs.len() as i64,
                head: envelope::wrap(&head),
                data: envelope::wrap(&data),
            },
            output: Tails::write(&last, &earlier),
        }
    }

    /// Encodes that failed runs are open again; there is at least one.
    pub(crate) fn of_reopened(indices: &RoaringTreemap) -> Parts {
        let mut head = Vec::new();
        put_varint(&mut head, indices.len());
        let mut next = 0;
        let mut range: Option<(u64, u64)> = None;
        let mut put = |(first, length): (u64, u64)| {
            put_varint(&mut head, first - next);
            put_varint(&mut head, length);
            next = first + length;
        };
        for index in indices {
            match &mut range {
                Some((first, length)) if *first + *length == index => *length += 1,
                _ => {
                    if let Some(range) = range.replace((index, 1)) {
                        put(range);
                    }
                }
            }
        }
        if let Some(range) = range {
            put(range);
        }
        let row = Row {
            kind: REOPENED,
            first: indices.min().unwrap_or(0) as i64,
            last: indices.max().unwrap_or(0) as i64,
            runs: indices.len() as i64,
            head: envelope::wrap(&head),
            data: Vec::new(),
        };
        Parts { row, output: None }
    }

    /// Checks the parts against the place that they were signed for.
    pub(crate) fn verify(&self, id: BatchId) -> Wire<()> {
        self.row.head(id)?;
        if self.row.kind == RUNS {
            envelope::unwrap(&self.row.data, Part::Data, id)?;
        }
        if let Some(output) = &self.output {
            envelope::unwrap(output, Part::Output, id)?;
        }
        Ok(())
    }

    pub(crate) fn sign(&mut self, id: BatchId) {
        if self.row.kind == REOPENED {
            envelope::sign(&mut self.row.head, Part::Reopened, id);
            return;
        }
        envelope::sign(&mut self.row.head, Part::Head, id);
        envelope::sign(&mut self.row.data, Part::Data, id);
        if let Some(output) = &mut self.output {
            envelope::sign(output, Part::Output, id);
        }
    }
}

/// Cuts runs into batches, each of which fits memory easily.
pub(crate) fn cut(runs: &[RunRecord]) -> Result<Vec<&[RunRecord]>> {
    let mut cuts = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (at, run) in runs.iter().enumerate() {
        let size = size(run);
        if size > MAX_RUN_BYTES {
            return Err(StoreError::TooLarge { index: run.index, size, limit: MAX_RUN_BYTES });
        }
        if at > start && (at - start == MAX_RUNS || bytes + size > MAX_BYTES) {
            cuts.push(&runs[start..at]);
            (start, bytes) = (at, 0);
        }
        bytes += size;
    }
    if start < runs.len() {
        cuts.push(&runs[start..]);
    }
    Ok(cuts)
}

/// About the bytes that a run takes in memory.
fn size(run: &RunRecord) -> u64 {
    let value = |value: &Value| 32 + if let Value::String(text) = value { text.len() } else { 0 };
    let attempt = |attempt: &Attempt| 400 + attempt.stdout.tail.len() + attempt.stderr.tail.len();
    let size = run.outputs.iter().map(value).sum::<usize>() + run.earlier.iter().map(attempt).sum::<usize>();
    (size + attempt(&run.last)) as u64
}
