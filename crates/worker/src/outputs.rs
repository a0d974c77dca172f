//! Reading the outputs of a run from what it printed, wrote, returned and used.

use std::borrow::Cow;
use std::path::Path;

use paramo_model::{Application, Attempt, Measure, Output, OutputSource, Row, Stream, Value, ValueType};
use regex::bytes::Regex;

use crate::capture::{Capture, READABLE};
use crate::json::{self, Json};

/// What a run left for its outputs to be read from.
pub(crate) struct Evidence<'a> {
    pub stdout: &'a Capture,
    pub stderr: &'a Capture,
    pub directory: Option<&'a Path>,
    /// What a function returned; commands return nothing, and print.
    pub returned: Option<&'a Json>,
}

/// The outputs of an application, ready to be read.
#[derive(Debug)]
pub(crate) struct Outputs {
    readers: Vec<Reader>,
    pattern: Option<Regex>,
}

#[derive(Debug)]
struct Reader {
    output: Output,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Json { path: json::Path, file: Option<String> },
    Regex { pattern: Regex, stream: Stream },
    Csv { column: String, row: Row, stream: Stream },
    Measure(Measure),
}

/// Why an output has no value.
enum Failure {
    /// It is not there, which matters only when it is required.
    Absent(String),
    /// It is there and wrong.
    Wrong(String),
}

impl Outputs {
    /// Compiles the sources. The error names the output and what is wrong with it.
    pub fn new(application: &Application) -> Result<Outputs, String> {
        let compile = |output: &Output| -> Result<Reader, String> {
            let source = match &output.source {
                OutputSource::Json { field, file } => {
                    Source::Json { path: json::Path::new(field), file: file.clone() }
                }
                OutputSource::Regex { pattern, stream } => Source::Regex {
                    pattern: multi_line(pattern)
                        .map_err(|error| format!("output `{}`: {error}", output.name))?,
                    stream: stream.clone(),
                },
                OutputSource::Csv { column, row, stream } => {
                    Source::Csv { column: column.clone(), row: *row, stream: stream.clone() }
                }
                OutputSource::Measure(measure) => Source::Measure(*measure),
            };
            Ok(Reader { output: output.clone(), source })
        };
        let pattern = application.success.pattern.as_deref().map(multi_line).transpose();
        Ok(Outputs {
            readers: application.outputs.iter().map(compile).collect::<Result<_, _>>()?,
            pattern: pattern.map_err(|error| format!("the pattern of success: {error}"))?,
        })
    }

    /// The outputs of a run that ended well, or why it did not give what it must.
    pub fn read(&self, evidence: &Evidence<'_>, attempt: &Attempt) -> Result<Vec<Value>, String> {
        if let Some(pattern) = &self.pattern {
            let printed = evidence.stdout.whole().map_err(|error| format!("standard output: {error}"))?;
            if !pattern.is_match(&printed) {
                return Err(format!("standard output does not match the pattern of success `{pattern}`"));
            }
        }
        let mut documents = Documents { evidence, parsed: Vec::new() };
        self.readers.iter().map(|reader| reader.read(&mut documents, attempt)).collect()
    }

    /// The outputs of a run that failed: what was measured, and nothing else.
    pub fn of_failure(&self, attempt: &Attempt) -> Vec<Value> {
        let measured = |reader: &Reader| match reader.source {
            Source::Measure(measure) => measured(measure, attempt),
            _ => Value::Missing,
        };
        self.readers.iter().map(measured).collect()
    }
}

/// `^` and `$` match at lines: people write patterns for lines of output.
fn multi_line(pattern: &str) -> Result<Regex, regex::Error> {
    regex::bytes::RegexBuilder::new(pattern).multi_line(true).build()
}

/// The texts of a run, JSON documents parsed once however many fields are read from them.
struct Documents<'a> {
    evidence: &'a Evidence<'a>,
    parsed: Vec<(Option<String>, Result<Json, String>)>,
}

impl<'a> Documents<'a> {
    fn text(&self, stream: &Stream) -> Result<Cow<'a, [u8]>, Failure> {
        match stream {
            Stream::Stdout => self.evidence.stdout.whole().map_err(Failure::Wrong),
            Stream::Stderr => self.evidence.stderr.whole().map_err(Failure::Wrong),
            Stream::File(name) => {
                let directory = self.evidence.directory.unwrap_or(Path::new("."));
                read_file(&directory.join(name), name).map(Cow::Owned)
            }
        }
    }

    fn json(&mut self, file: Option<&str>) -> Result<&Json, Failure> {
        if let (None, Some(returned)) = (file, self.evidence.returned) {
            return Ok(returned);
        }
        let known = self.parsed.iter().position(|(name, _)| name.as_deref() == file);
        let at = match known {
            Some(at) => at,
            None => {
                let stream = file.map_or(Stream::Stdout, |name| Stream::File(name.to_owned()));
                let bytes = self.text(&stream)?;
                let text = String::from_utf8_lossy(&bytes);
                let json = match file {
                    Some(_) => json::parse(&text),
                    None if text.trim().is_empty() => Err("it is empty".to_owned()),
                    None => json::parse_printed(&text),
                };
                self.parsed.push((file.map(str::to_owned), json));
                self.parsed.len() - 1
            }
        };
        self.parsed[at]
            .1
            .as_ref()
            .map_err(|error| Failure::Absent(format!("{} is not JSON: {error}", document(file))))
    }
}

/// A JSON document as messages call it.
fn document(file: Option<&str>) -> String {
    match file {
        Some(name) => format!("the file `{name}`"),
        None => "standard output".to_owned(),
    }
}

fn read_file(path: &Path, name: &str) -> Result<Vec<u8>, Failure> {
    match std::fs::metadata(path) {
        Ok(data) if data.len() > READABLE => Err(Failure::Wrong(format!(
            "the file `{name}` has {} bytes, more than the {READABLE} that outputs are read from",
            data.len()
        ))),
        Ok(data) if data.is_dir() => Err(Failure::Absent(format!("`{name}` is a directory, not a file"))),
        Ok(_) => std::fs::read(path)
            .map_err(|error| Failure::Wrong(format!("failed to read the file `{name}`: {error}"))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(Failure::Absent(format!("the run did not write the file `{name}`")))
        }
        Err(error) => Err(Failure::Absent(format!("failed to read the file `{name}`: {error}"))),
    }
}

impl Reader {
    fn read(&self, documents: &mut Documents<'_>, attempt: &Attempt) -> Result<Value, String> {
        let name = &self.output.name;
        let value = match self.find(documents, attempt) {
            Ok(value) => value,
            Err(Failure::Absent(_)) if !self.output.required => Value::Missing,
            Err(Failure::Absent(message) | Failure::Wrong(message)) => {
                return Err(format!("output `{name}`: {message}"));
            }
        };
        // A run may be too short for its memory to be told: that is no fault of the run.
        let untold = matches!(self.source, Source::Measure(Measure::PeakMemory));
        if value.is_missing() && self.output.required && !untold {
            return Err(format!("output `{name}`: it is null"));
        }
        match self.output.kind {
            Some(kind) => typed(value, kind).map_err(|message| format!("output `{name}`: {message}")),
            None => Ok(value),
        }
    }

    fn find(&self, documents: &mut Documents<'_>, attempt: &Attempt) -> Result<Value, Failure> {
        match &self.source {
            Source::Json { path, file } => {
                let returned = file.is_none() && documents.evidence.returned.is_some();
                let json = documents.json(file.as_deref())?;
                let found = path.find(json).map_err(|message| {
                    let document = if returned {
                        "what the function returned".to_owned()
                    } else {
                        document(file.as_deref())
                    };
                    Failure::Absent(format!("{document} {message}"))
                })?;
                Ok(json::value(found))
            }
            Source::Regex { pattern, stream } => {
                let text = documents.text(stream)?;
                let Some(captures) = pattern.captures_iter(&text).last() else {
                    return Err(Failure::Absent(format!("{} has no match of `{pattern}`", called(stream))));
                };
                // An optional first group that took no part gives nothing.
                let group = if captures.len() > 1 { captures.get(1) } else { captures.get(0) };
                Ok(group
                    .map_or(Value::Missing, |found| self.parse(&String::from_utf8_lossy(found.as_bytes()))))
            }
            Source::Csv { column, row, stream } => {
                let text = documents.text(stream)?;
                let cell = cell(&text, column, *row)
                    .map_err(|message| Failure::Absent(format!("{} {message}", called(stream))))?;
                Ok(if cell.is_empty() { Value::Missing } else { self.parse(&cell) })
            }
            Source::Measure(measure) => Ok(measured(*measure, attempt)),
        }
    }

    fn parse(&self, text: &str) -> Value {
        match self.output.kind {
            Some(ValueType::String) => Value::string(text),
            _ => Value::parse(text),
        }
    }
}

fn called(stream: &Stream) -> String {
    match stream {
        Stream::Stdout => "standard output".to_owned(),
        Stream::Stderr => "standard error".to_owned(),
        Stream::File(name) => format!("the file `{name}`"),
    }
}

fn measured(measure: Measure, attempt: &Attempt) -> Value {
    match measure {
        Measure::ExitCode => attempt.exit_code.map_or(Value::Missing, |code| Value::Integer(code.into())),
        Measure::WallTime => Value::Float(attempt.wall.seconds()),
        Measure::CpuTime => Value::Float(attempt.cpu.seconds()),
        // 0: it ended before anybody looked.
        Measure::PeakMemory if attempt.peak_memory.0 == 0 => Value::Missing,
        Measure::PeakMemory => Value::Integer(attempt.peak_memory.0 as i64),
    }
}

/// A cell of a CSV text with a header.
fn cell(text: &[u8], column: &str, row: Row) -> Result<String, String> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text);
    let headers = reader.byte_headers().map_err(|error| format!("is not CSV: {error}"))?;
    let at = headers.iter().position(|name| name == column.as_bytes()).ok_or_else(|| {
        let names: Vec<String> =
            headers.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        format!("has no column `{column}`; it has: {}", json::list(&names))
    })?;
    let mut record = csv::ByteRecord::new();
    let mut found = None;
    let mut count = 0;
    while reader.read_byte_record(&mut record).map_err(|error| format!("is not CSV: {error}"))? {
        let wanted = match row {
            Row::First => count == 0,
            Row::Last => true,
            Row::Number(number) => count == number,
        };
        count += 1;
        if wanted {
            found = Some(
                record.get(at).map(|cell| String::from_utf8_lossy(cell).into_owned()).unwrap_or_default(),
            );
            if row != Row::Last {
                break;
            }
        }
    }
    found.ok_or_else(|| match row {
        Row::Number(number) => format!("has no row {number}; there are {count}, counted from 0"),
        _ => "has a header and no rows".to_owned(),
    })
}

/// Brings a value to the type of its column.
fn typed(value: Value, kind: ValueType) -> Result<Value, String> {
    match (kind, value) {
        (_, Value::Missing) => Ok(Value::Missing),
        (ValueType::Boolean, value @ Value::Boolean(_))
        | (ValueType::Integer, value @ Value::Integer(_))
        | (ValueType::Float, value @ Value::Float(_))
        | (ValueType::String, value @ Value::String(_)) => Ok(value),
        (ValueType::Float, Value::Integer(i)) => Ok(Value::Float(i as f64)),
        (ValueType::Integer, Value::Float(x)) if x.fract() == 0.0 && x.abs() < 9e15 => {
            Ok(Value::Integer(x as i64))
        }
        // Programs in languages whose JSON has no NaN write it as a string.
        (ValueType::Float, Value::String(text)) => match Value::parse(&text) {
            Value::Float(x) if !x.is_finite() => Ok(Value::Float(x)),
            _ => Err(format!("expected a float, found the string \"{}\"", short(&text))),
        },
        (ValueType::String, value) => Ok(Value::string(value.to_string())),
        (kind, value) => {
            let article = if kind == ValueType::Integer { "an" } else { "a" };
            let found = match &value {
                Value::String(text) => format!("the string \"{}\"", short(text)),
                other => format!(
                    "the {} {other}",
                    other.value_type().map_or("value".to_owned(), |kind| kind.to_string())
                ),
            };
            Err(format!("expected {article} {kind}, found {found}"))
        }
    }
}

/// The beginning of a text, for a message.
fn short(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
