//! What is said to and by the process of a warm function. `python/paramo/_runner.py` describes it and is the other side.

use std::fmt::Write;

use paramo_model::Value;
use serde::Deserialize;

use crate::json::{self, Json};

/// A line from the process.
#[derive(Debug, PartialEq)]
pub(crate) enum Line {
    Ready,
    Broken {
        message: String,
        traceback: Vec<u8>,
    },
    Results(Vec<Result<CallResult, String>>),
    /// A large output of the call in progress.
    Text {
        stderr: bool,
        bytes: Vec<u8>,
    },
    /// The frame has ended.
    End,
}

/// How one call went.
#[derive(Debug, PartialEq)]
pub(crate) struct CallResult {
    /// On the monotonic clock, in nanoseconds.
    pub start: u64,
    pub wall: u64,
    pub cpu: u64,
    pub value: Json,
    pub failure: Option<Failure>,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

/// Why a call gave no value.
#[derive(Debug, PartialEq)]
pub(crate) enum Failure {
    Raised(String),
    Unwritable(String),
}

#[derive(Deserialize)]
struct Row(
    u64,
    u64,
    u64,
    Json,
    #[serde(default)] u8,
    #[serde(default)] String,
    #[serde(default)] String,
    #[serde(default)] String,
);

/// Reads a line, without its end.
pub(crate) fn parse(line: &[u8]) -> Result<Line, String> {
    let text = std::str::from_utf8(line).map_err(|error| error.to_string())?;
    let (letter, rest) = text.split_at_checked(1).ok_or("an empty line")?;
    match letter {
        "Y" => Ok(Line::Ready),
        "E" => Ok(Line::End),
        "R" => Ok(Line::Results(rest.split('\u{1e}').map(row).collect())),
        "F" => {
            let (message, traceback): (String, String) =
                serde_json::from_str(rest).map_err(|error| error.to_string())?;
            Ok(Line::Broken { message, traceback: bytes(&traceback) })
        }
        "T" => {
            let (stream, text) = rest.split_at_checked(1).ok_or("a text without its stream")?;
            let text: String = serde_json::from_str(text).map_err(|error| error.to_string())?;
            Ok(Line::Text { stderr: stream == "2", bytes: bytes(&text) })
        }
        other => Err(format!("a line that begins with `{other}`")),
    }
}

fn row(text: &str) -> Result<CallResult, String> {
    let Row(start, wall, cpu, value, kind, message, stdout, stderr) = json::read(text)?;
    let failure = match kind {
        0 => None,
        1 => Some(Failure::Raised(message)),
        _ => Some(Failure::Unwritable(message)),
    };
    Ok(CallResult { start, wall, cpu, value, failure, stdout: bytes(&stdout), stderr: bytes(&stderr) })
}

/// Bytes that were sent as one character each.
fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|c| c as u8).collect()
}

/// A text as a line of its own.
pub(crate) fn text_line(text: &str) -> String {
    let mut line = serde_json::Value::from(text).to_string();
    line.push('\n');
    line
}

/// Begins a frame.
pub(crate) fn begin(frame: &mut String) {
    frame.clear();
    frame.push('[');
}

/// Ends a frame.
pub(crate) fn end(frame: &mut String) {
    frame.push_str("]\n");
}

/// What is set around a call.
pub(crate) struct Around<'a> {
    pub directory: Option<&'a str>,
    /// Added to the environment.
    pub variables: &'a [(&'a str, String)],
}

/// Adds a call: its keyword arguments, and what is set around it where something is.
pub(crate) fn push_call<'a>(
    frame: &mut String,
    arguments: impl Iterator<Item = (&'a str, &'a Value)>,
    around: Option<Around<'_>>,
) {
    if frame.len() > 1 {
        frame.push(',');
    }
    if around.is_some() {
        frame.push('[');
    }
    frame.push('{');
    for (i, (name, value)) in arguments.enumerate() {
        if i > 0 {
            frame.push(',');
        }
        push_string(frame, name);
        frame.push(':');
        push_value(frame, value);
    }
    frame.push('}');
    if let Some(Around { directory, variables }) = around {
        frame.push(',');
        match directory {
            Some(directory) => push_string(frame, directory),
            None => frame.push_str("null"),
        }
        frame.push_str(",{");
        for (i, (name, value)) in variables.iter().enumerate() {
            if i > 0 {
                frame.push(',');
            }
            push_string(frame, name);
            frame.push(':');
            push_string(frame, value);
        }
        frame.push_str("}]");
    }
}

/// A value as Python's `json` reads it: floats always look like floats, and three of them are words.
fn push_value(frame: &mut String, value: &Value) {
    // Writing to a string cannot fail.
    let _ = match value {
        Value::Missing => frame.write_str("null"),
        Value::Boolean(b) => write!(frame, "{b}"),
        Value::Integer(i) => write!(frame, "{i}"),
        Value::Float(x) if x.is_nan() => frame.write_str("NaN"),
        Value::Float(x) if x.is_infinite() => {
            frame.write_str(if *x > 0.0 { "Infinity" } else { "-Infinity" })
        }
        Value::Float(x) => write!(frame, "{x:?}"),
        Value::String(text) => {
            push_string(frame, text);
            Ok(())
        }
    };
}

fn push_string(frame: &mut String, text: &str) {
    frame.push('"');
    for c in text.chars() {
        match c {
            '"' => frame.push_str("\\\""),
            '\\' => frame.push_str("\\\\"),
            c if (c as u32) < 0x20 => _ = write!(frame, "\\u{:04x}", c as u32),
            c => frame.push(c),
        }
    }
    frame.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_are_read() {
        assert_eq!(parse(b"Y"), Ok(Line::Ready));
        assert_eq!(parse(b"T2\"a\\u00ff\""), Ok(Line::Text { stderr: true, bytes: b"a\xff".to_vec() }));
        let Ok(Line::Results(rows)) =
            parse(b"R[1,2,3,NaN]\x1e[4,5,6,null,1,\"ValueError: x\",\"out\",\"err\"]\x1e[oops")
        else {
            panic!("results are results");
        };
        assert_eq!(json::value(&rows[0].as_ref().unwrap().value).to_string(), "NaN");
        assert_eq!(rows[1].as_ref().unwrap().failure, Some(Failure::Raised("ValueError: x".into())));
        assert!(rows[2].is_err());
        assert!(parse(b"?").is_err() && parse(b"").is_err() && parse(b"\xff").is_err());
    }

    proptest! {
        #[test]
        fn calls_are_json_that_reads_back(name in "\\PC{1,5}", text in ".*", x in any::<f64>(), i in any::<i64>()) {
            let values = [Value::string(text.as_str()), Value::Float(x), Value::Integer(i)];
            let names = [name.as_str(), "x", "i"];
            let mut frame = String::new();
            begin(&mut frame);
            push_call(&mut frame, names.into_iter().zip(&values), Some(Around { directory: Some(&text), variables: &[("A", text.clone())] }));
            end(&mut frame);
            let read = json::parse(frame.trim_end()).unwrap();
            let call = &read[0];
            if names.iter().filter(|n| **n == name).count() == 1 {
                prop_assert_eq!(json::value(&call[0][&name]), values[0].clone());
            }
            prop_assert_eq!(call[1].as_str(), Some(text.as_str()));
            prop_assert_eq!(call[2]["A"].as_str(), Some(text.as_str()));
            prop_assert_eq!(json::value(&call[0]["i"]), Value::Integer(i));
            prop_assert!(!frame.trim_end().contains('\n'));
        }
    }
}
