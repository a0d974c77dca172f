//! Batches on their way to somebody who has no hands on the store: the parts as they are kept, still sealed, one after the other.
//!
//! Four letters, a version, the number of the newest batch there is; then of each batch its number, the cells of its row, its parts, and
//! whether its output comes along. Who receives them opens them as the store does, so nothing is read in two ways.

use std::path::Path;
use std::sync::Arc;

use paramo_model::{RunRecord, StudyId};
use roaring::RoaringTreemap;

use super::wire::{Broken, Reader, Wire, put_signed, put_varint};
use super::{Batch, Parts, Row};
use crate::{BatchId, Ended, Seq};

const LETTERS: &[u8; 4] = b"PRMB";
const VERSION: u8 = 1;

/// Batches of one study, with the tails of their output where those were asked for.
#[derive(Clone, Debug)]
pub struct Shipment {
    /// The newest that there is, which need not be among these; 0 when there is none.
    pub newest: Seq,
    pub batches: Vec<(Batch, Option<Vec<u8>>)>,
}

impl Shipment {
    /// One run, with the tails of its output.
    pub fn of_run(study: StudyId, record: &RunRecord) -> Shipment {
        let mut parts = Parts::of_runs(std::slice::from_ref(record));
        let seq = Seq(1);
        parts.sign(BatchId { study, seq });
        let batch = Batch { study, seq, row: parts.row, file: Path::new("a run").into() };
        Shipment { newest: seq, batches: vec![(batch, parts.output)] }
    }

    pub fn write(&self) -> Vec<u8> {
        let mut out = LETTERS.to_vec();
        out.push(VERSION);
        put_varint(&mut out, self.newest.0);
        for (batch, output) in &self.batches {
            let Row { kind, first, last, runs, head, data } = &batch.row;
            put_varint(&mut out, batch.seq.0);
            [kind, first, last, runs].into_iter().for_each(|cell| put_signed(&mut out, *cell));
            for part in [Some(head), Some(data), output.as_ref()] {
                out.push(u8::from(part.is_some()));
                if let Some(part) = part {
                    put_varint(&mut out, part.len() as u64);
                    out.extend_from_slice(part);
                }
            }
        }
        out
    }

    /// What was written; `from` is where it comes from, for messages. The batches themselves are checked when they are opened.
    ///
    /// # Errors
    ///
    /// What is wrong with the bytes, in words that fit "the answer {error}".
    pub fn read(bytes: &[u8], study: StudyId, from: &Path) -> Result<Shipment, String> {
        let Some(rest) = bytes.strip_prefix(LETTERS.as_slice()) else {
            return Err("holds no batches".to_owned());
        };
        match rest.split_first() {
            Some((&VERSION, rest)) => read(rest, study, from.into()).map_err(|broken| broken.0.to_owned()),
            Some((version, _)) => Err(format!(
                "is written in form {version}, and this paramo reads form {VERSION}: update the older of the two"
            )),
            None => Err("ends too early".to_owned()),
        }
    }

    /// The first run, with its tails.
    pub fn run(&self) -> crate::Result<Option<RunRecord>> {
        let Some((batch, output)) = self.batches.first() else { return Ok(None) };
        Ok(batch.records(output.as_deref())?.into_iter().next())
    }
}

fn read(bytes: &[u8], study: StudyId, file: Arc<Path>) -> Wire<Shipment> {
    let mut reader = Reader::new(bytes);
    let newest = Seq(reader.varint()?);
    let mut batches = Vec::new();
    while !reader.is_at_end() {
        let seq = Seq(reader.varint()?);
        let (kind, first) = (reader.signed()?, reader.signed()?);
        let (last, runs) = (reader.signed()?, reader.signed()?);
        let (head, data) = (part(&mut reader)?, part(&mut reader)?);
        let output = part(&mut reader)?;
        let (Some(head), Some(data)) = (head, data) else { return Err(Broken("lacks a part of a batch")) };
        let row = Row { kind, first, last, runs, head, data };
        batches.push((Batch { study, seq, row, file: file.clone() }, output));
    }
    Ok(Shipment { newest, batches })
}

fn part(reader: &mut Reader<'_>) -> Wire<Option<Vec<u8>>> {
    if reader.byte()? == 0 {
        return Ok(None);
    }
    let length = reader.length()?;
    Ok(Some(reader.take(length)?.to_vec()))
}

impl Ended {
    /// Both sets, each with its length in bytes before it.
    pub fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for set in [&self.succeeded, &self.failed] {
            out.extend_from_slice(&(set.serialized_size() as u64).to_le_bytes());
            // Writing to memory cannot fail.
            let _ = set.serialize_into(&mut out);
        }
        out
    }

    /// What [`Ended::write`] wrote.
    ///
    /// # Errors
    ///
    /// What is wrong with the bytes, in words that fit "the answer {error}".
    pub fn read(bytes: &[u8]) -> Result<Ended, String> {
        let mut rest = bytes;
        let mut set = || {
            let (length, after) = rest.split_at_checked(8)?;
            let length = u64::from_le_bytes(length.try_into().ok()?);
            let (set, after) = after.split_at_checked(usize::try_from(length).ok()?)?;
            rest = after;
            RoaringTreemap::deserialize_from(set).ok()
        };
        match (set(), set()) {
            (Some(succeeded), Some(failed)) => Ok(Ended { succeeded, failed }),
            _ => Err("does not say which runs have ended".to_owned()),
        }
    }
}
