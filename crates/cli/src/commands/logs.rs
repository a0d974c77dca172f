//! `paramo logs`: what a run wrote.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use paramo_model::OutputFile;

use crate::args::Logs;
use crate::exit;
use crate::failure::{Failure, Result};
use crate::output::written;
use crate::store::{open, parse_run};
use crate::view::count;

pub async fn logs(directory: &Path, args: Logs) -> Result<u8> {
    let (study, index) = parse_run(&args.run)?;
    let place = open(directory, false).await?;
    let row = place.study(study).await?;
    let Some(record) = place.store.run(row.id, index).await? else {
        return Err(super::explain::not_ended(&row, index));
    };
    let mut attempts = record.earlier.iter().chain([&record.last]);
    let attempt = match args.attempt {
        None => Some(&record.last),
        Some(number) => attempts.find(|attempt| attempt.number == number),
    };
    let Some(attempt) = attempt else {
        return Err(Failure::input(format!("{study}/{index} has attempts 1 to {}", record.last.number)));
    };
    let output = if args.stderr { &attempt.stderr } else { &attempt.stdout };
    if let (Some(server), Some(_), None) = (place.server(), &output.file, args.tail) {
        let stream = if args.stderr { "stderr" } else { "stdout" };
        let whole = server.output(row.id, index, stream, attempt.number).await?;
        written(std::io::stdout().lock().write_all(&whole))?;
        return Ok(exit::OK);
    }
    let file = output.file.as_ref().map(|path| place.file(row.id, path));
    show(output, file.as_deref(), args.tail)?;
    Ok(exit::OK)
}

fn show(output: &OutputFile, file: Option<&Path>, tail: Option<usize>) -> Result<()> {
    let mut out = std::io::stdout().lock();
    if let (Some(path), None) = (file, tail) {
        match File::open(path) {
            Ok(mut file) => return copy(&mut file, &mut out),
            Err(error) => {
                anstream::eprintln!(
                    "note: {} is not readable ({error}); this is the end of it",
                    path.display()
                )
            }
        }
    } else if output.length > output.tail.len() as u64 && output.file.is_none() {
        anstream::eprintln!(
            "note: the last {} of {} bytes",
            count(output.tail.len() as u64),
            count(output.length)
        );
    }
    written(out.write_all(last_lines(&output.tail, tail)))
}

fn copy(file: &mut File, out: &mut impl Write) -> Result<()> {
    let mut buffer = vec![0; 64 << 10];
    let start = |error| Failure::unavailable(format!("cannot read the output: {error}"));
    file.seek(SeekFrom::Start(0)).map_err(start)?;
    loop {
        match file.read(&mut buffer).map_err(start)? {
            0 => return Ok(()),
            n => written(out.write_all(&buffer[..n]))?,
        }
    }
}

fn last_lines(text: &[u8], lines: Option<usize>) -> &[u8] {
    let Some(lines) = lines else { return text };
    let body = text.strip_suffix(b"\n").unwrap_or(text);
    let start =
        body.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n').nth(lines.saturating_sub(1));
    match start {
        _ if lines == 0 => &[],
        Some((at, _)) => &text[at + 1..],
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_with_or_without_an_end() {
        for (text, lines, expected) in [
            ("a\nb\nc\n", 2, "b\nc\n"),
            ("a\nb\nc", 2, "b\nc"),
            ("a\nb\n", 5, "a\nb\n"),
            ("a\n", 0, ""),
            ("", 3, ""),
        ] {
            assert_eq!(last_lines(text.as_bytes(), Some(lines)), expected.as_bytes());
        }
    }
}
