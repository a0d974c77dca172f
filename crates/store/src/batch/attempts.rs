//! Columns of attempts: what was measured of each, and why those that failed did.

use paramo_model::{Attempt, Bytes, Cause, CauseKind, Ended, Micros, OutputFile, Seconds, Timestamp};

use super::column::{presence, put_presence, put_texts, texts};
use super::integers::{integers, narrow, put_integers, unsigned};
use super::wire::{Broken, Reader, Wire, put_float, put_signed, put_text, put_varint};

/// Attempts as a struct of columns, all of the same length.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attempts {
    /// From 1.
    pub number: Vec<u32>,
    pub started: Vec<Timestamp>,
    pub wall: Vec<Micros>,
    pub cpu: Vec<Micros>,
    pub peak_memory: Vec<Bytes>,
    pub exit_code: Vec<Option<i32>>,
    pub worker: Vec<u32>,
    pub slot: Vec<u32>,
    /// Bytes of output in all.
    pub stdout_length: Vec<u64>,
    pub stderr_length: Vec<u64>,
    /// `None` for those that succeeded.
    pub cause: Vec<Option<Cause>>,
    stdout_file: Vec<Option<String>>,
    stderr_file: Vec<Option<String>>,
}

impl Attempts {
    pub fn len(&self) -> usize {
        self.number.len()
    }

    pub fn is_empty(&self) -> bool {
        self.number.is_empty()
    }

    /// The attempt at a position, without the tails of its output.
    pub(super) fn attempt(&self, at: usize) -> Option<Attempt> {
        let output = |length: &[u64], file: &[Option<String>]| {
            Some(OutputFile { tail: Vec::new(), length: *length.get(at)?, file: file.get(at)?.clone() })
        };
        Some(Attempt {
            number: *self.number.get(at)?,
            ended: match self.cause.get(at)? {
                None => Ended::Succeeded,
                Some(cause) => Ended::Failed(cause.clone()),
            },
            started: *self.started.get(at)?,
            wall: *self.wall.get(at)?,
            cpu: *self.cpu.get(at)?,
            peak_memory: *self.peak_memory.get(at)?,
            exit_code: *self.exit_code.get(at)?,
            worker: *self.worker.get(at)?,
            slot: *self.slot.get(at)?,
            stdout: output(&self.stdout_length, &self.stdout_file)?,
            stderr: output(&self.stderr_length, &self.stderr_file)?,
        })
    }
}

/// Writes everything but how they ended and what they wrote.
pub fn put_attempts(out: &mut Vec<u8>, attempts: &[&Attempt]) {
    let mut column = |get: fn(&Attempt) -> i64| {
        let values: Vec<i64> = attempts.iter().map(|attempt| get(attempt)).collect();
        put_integers(out, &values);
    };
    column(|a| i64::from(a.number));
    column(|a| a.started.0);
    column(|a| a.wall.0 as i64);
    column(|a| a.cpu.0 as i64);
    column(|a| a.peak_memory.0 as i64);
    column(|a| i64::from(a.slot));
    column(|a| a.stdout.length as i64);
    column(|a| a.stderr.length as i64);
    put_presence(out, attempts.iter().map(|a| a.exit_code.is_some()));
    put_integers(out, &attempts.iter().filter_map(|a| a.exit_code).map(i64::from).collect::<Vec<_>>());
    for file in [|a: &Attempt| a.stdout.file.clone(), |a: &Attempt| a.stderr.file.clone()] {
        let files: Vec<Option<String>> = attempts.iter().map(|a| file(a)).collect();
        put_presence(out, files.iter().map(Option::is_some));
        put_texts(out, &files.iter().flatten().map(String::as_str).collect::<Vec<_>>());
    }
}

/// Writes which workers made them. It stands last of all, and only when there were several.
pub fn put_workers(out: &mut Vec<u8>, last: &[&Attempt], earlier: &[&Attempt]) {
    if last.iter().chain(earlier).any(|attempt| attempt.worker != 0) {
        for attempts in [last, earlier] {
            put_integers(out, &attempts.iter().map(|attempt| i64::from(attempt.worker)).collect::<Vec<_>>());
        }
    }
}

/// Reads which workers made them, if that was written.
pub fn workers(reader: &mut Reader<'_>, last: &mut Attempts, earlier: &mut Attempts) -> Wire<()> {
    if !reader.is_at_end() {
        for attempts in [last, earlier] {
            attempts.worker = narrow(reader, attempts.len())?;
        }
    }
    Ok(())
}

/// Reads attempts whose ends are known by kind; `put_details` has written the rest of them behind.
pub fn attempts(reader: &mut Reader<'_>, kinds: &[Option<CauseKind>]) -> Wire<Attempts> {
    let length = kinds.len();
    let number = narrow(reader, length)?;
    let started = integers(reader, length)?.into_iter().map(Timestamp).collect();
    let wall = unsigned(reader, length)?.into_iter().map(Micros).collect();
    let cpu = unsigned(reader, length)?.into_iter().map(Micros).collect();
    let peak_memory = unsigned(reader, length)?.into_iter().map(Bytes).collect();
    let slot = narrow(reader, length)?;
    reader.charge::<u32>(length)?;
    let stdout_length = unsigned(reader, length)?;
    let stderr_length = unsigned(reader, length)?;
    let exit_code = optional(reader, length, narrow::<i32>)?;
    let file =
        |reader: &mut Reader<'_>, here| Ok(texts(reader, here)?.into_iter().map(|t| t.to_string()).collect());
    let stdout_file = optional(reader, length, file)?;
    let stderr_file = optional(reader, length, file)?;
    reader.charge::<Option<Cause>>(length)?;
    let cause =
        kinds.iter().map(|kind| kind.map(|kind| detail(reader, kind)).transpose()).collect::<Wire<_>>()?;
    Ok(Attempts {
        number,
        started,
        wall,
        cpu,
        peak_memory,
        exit_code,
        // Behind everything else, where it is said at all.
        worker: vec![0; length],
        slot,
        stdout_length,
        stderr_length,
        cause,
        stdout_file,
        stderr_file,
    })
}

fn optional<T>(
    reader: &mut Reader<'_>,
    length: usize,
    read: impl Fn(&mut Reader<'_>, usize) -> Wire<Vec<T>>,
) -> Wire<Vec<Option<T>>> {
    let present = presence(reader, length)?;
    let here = present.as_ref().map_or(length, |present| present.iter().filter(|p| **p).count());
    reader.charge::<Option<T>>(length)?;
    let mut values = read(reader, here)?.into_iter();
    Ok((0..length)
        .map(|at| if present.as_ref().is_none_or(|present| present[at]) { values.next() } else { None })
        .collect())
}

/// How attempts ended, by kind. 0: all alike, one byte; 1: a byte for each.
pub fn put_kinds(out: &mut Vec<u8>, attempts: &[&Attempt]) {
    let codes: Vec<u8> = attempts.iter().map(|attempt| code(&attempt.ended)).collect();
    match codes.first() {
        None => {}
        Some(first) if codes.iter().all(|code| code == first) => out.extend([0, *first]),
        Some(_) => {
            out.push(1);
            out.extend_from_slice(&codes);
        }
    }
}

pub fn kinds(reader: &mut Reader<'_>, length: usize) -> Wire<Vec<Option<CauseKind>>> {
    if length == 0 {
        return Ok(Vec::new());
    }
    reader.charge::<Option<CauseKind>>(length)?;
    match reader.byte()? {
        0 => Ok(vec![kind(reader.byte()?)?; length]),
        1 => reader.take(length)?.iter().map(|code| kind(*code)).collect(),
        _ => Err(Broken("the kinds of ends have an unknown form")),
    }
}

fn code(ended: &Ended) -> u8 {
    match ended {
        Ended::Succeeded => 0,
        Ended::Failed(cause) => match cause.kind() {
            CauseKind::Exit => 1,
            CauseKind::Signal => 2,
            CauseKind::OutOfMemory => 3,
            CauseKind::TimeOut => 4,
            CauseKind::LostWorker => 5,
            CauseKind::BadOutput => 6,
            CauseKind::NotStarted => 7,
            CauseKind::Exception => 8,
            CauseKind::Cancelled => 9,
        },
    }
}

fn kind(code: u8) -> Wire<Option<CauseKind>> {
    Ok(Some(match code {
        0 => return Ok(None),
        1 => CauseKind::Exit,
        2 => CauseKind::Signal,
        3 => CauseKind::OutOfMemory,
        4 => CauseKind::TimeOut,
        5 => CauseKind::LostWorker,
        6 => CauseKind::BadOutput,
        7 => CauseKind::NotStarted,
        8 => CauseKind::Exception,
        9 => CauseKind::Cancelled,
        _ => return Err(Broken("a run ended in an unknown way")),
    }))
}

/// What a kind does not say of the attempts that failed, one after the other.
pub fn put_details(out: &mut Vec<u8>, attempts: &[&Attempt]) {
    for attempt in attempts {
        let Ended::Failed(cause) = &attempt.ended else { continue };
        match cause {
            Cause::Exit { code } => put_signed(out, i64::from(*code)),
            Cause::Signal { signal } => put_signed(out, i64::from(*signal)),
            Cause::OutOfMemory { limit: None } => out.push(0),
            Cause::OutOfMemory { limit: Some(limit) } => {
                out.push(1);
                put_varint(out, limit.0);
            }
            Cause::TimeOut { limit } => put_float(out, limit.0),
            Cause::LostWorker | Cause::Cancelled => {}
            Cause::BadOutput { message } | Cause::NotStarted { message } | Cause::Exception { message } => {
                put_text(out, message);
            }
        }
    }
}

fn detail(reader: &mut Reader<'_>, kind: CauseKind) -> Wire<Cause> {
    let number = |reader: &mut Reader<'_>| {
        i32::try_from(reader.signed()?).map_err(|_| Broken("an exit code or signal is outside its range"))
    };
    Ok(match kind {
        CauseKind::Exit => Cause::Exit { code: number(reader)? },
        CauseKind::Signal => Cause::Signal { signal: number(reader)? },
        CauseKind::OutOfMemory => Cause::OutOfMemory {
            limit: if reader.byte()? == 0 { None } else { Some(Bytes(reader.varint()?)) },
        },
        CauseKind::TimeOut => Cause::TimeOut { limit: Seconds(reader.float()?) },
        CauseKind::LostWorker => Cause::LostWorker,
        CauseKind::BadOutput => Cause::BadOutput { message: reader.text()?.to_owned() },
        CauseKind::NotStarted => Cause::NotStarted { message: reader.text()?.to_owned() },
        CauseKind::Exception => Cause::Exception { message: reader.text()?.to_owned() },
        CauseKind::Cancelled => Cause::Cancelled,
    })
}
