//! Reading outputs, as data: a text and a source in, a value or a message out.

use paramo_model::{Bytes, Ended, Micros, Name, OutputFile, Program, Timestamp};

use super::*;

fn attempt() -> Attempt {
    Attempt {
        number: 1,
        ended: Ended::Succeeded,
        started: Timestamp(0),
        wall: Micros(1_500_000),
        cpu: Micros(250_000),
        peak_memory: Bytes(4096),
        exit_code: None,
        worker: 0,
        slot: 0,
        stdout: OutputFile::default(),
        stderr: OutputFile::default(),
    }
}

fn read(text: &str, source: OutputSource, kind: Option<ValueType>) -> Result<Value, String> {
    let mut application = Application::new(Program::Command(Vec::new()));
    application.outputs.push(Output {
        name: Name::new("y").unwrap(),
        source,
        kind,
        unit: None,
        description: None,
        required: true,
    });
    let mut stdout = Capture::new("/nonexistent".into());
    stdout.push(text.as_bytes());
    let stderr = Capture::new("/nonexistent".into());
    let evidence = Evidence { stdout: &stdout, stderr: &stderr, directory: None, returned: None };
    Ok(Outputs::new(&application)?.read(&evidence, &attempt())?.remove(0))
}

fn error(message: &str) -> Result<Value, String> {
    Err(format!("output `y`: {message}"))
}

#[test]
fn the_last_match_counts_and_its_first_group() {
    let regex = |pattern: &str| OutputSource::Regex { pattern: pattern.into(), stream: Stream::Stdout };
    let text = "t=1 e=0.5\nt=2 e=1e-3\nend";
    assert_eq!(read(text, regex(r"e=(\S+)"), None), Ok(Value::Float(1e-3)));
    assert_eq!(read(text, regex(r"^\w+$"), None), Ok("end".into()));
    assert_eq!(read(text, regex(r"t=(\d)"), Some(ValueType::String)), Ok("2".into()));
    assert_eq!(read(text, regex(r"t=(\d)"), Some(ValueType::Float)), Ok(Value::Float(2.0)));
    assert_eq!(read(text, regex("x"), None), error("standard output has no match of `x`"));
    assert_eq!(read(text, regex("en(x)?d"), None), error("it is null"));
    assert!(read(text, regex("("), None).unwrap_err().starts_with("output `y`: regex parse error"));
}

#[test]
fn cells_are_found_by_column_and_row() {
    let cell = |column: &str, row| OutputSource::Csv { column: column.into(), row, stream: Stream::Stdout };
    let text = "t, Höhe ,note\n0,1.5,\"a, b\"\n1,2.5\n";
    assert_eq!(read(text, cell("Höhe", Row::First), None), Ok(Value::Float(1.5)));
    assert_eq!(read(text, cell("Höhe", Row::Last), None), Ok(Value::Float(2.5)));
    assert_eq!(read(text, cell("t", Row::Number(1)), None), Ok(Value::Integer(1)));
    assert_eq!(read(text, cell("note", Row::First), None), Ok("a, b".into()));
    assert_eq!(read(text, cell("note", Row::Last), None), error("it is null"));
    assert_eq!(
        read(text, cell("t", Row::Number(2)), None),
        error("standard output has no row 2; there are 2, counted from 0")
    );
    assert_eq!(read("t\n", cell("t", Row::Last), None), error("standard output has a header and no rows"));
    assert_eq!(
        read(text, cell("x", Row::Last), None),
        error("standard output has no column `x`; it has: `t`, `Höhe`, `note`")
    );
}

#[test]
fn values_are_brought_to_the_type_of_their_column_or_refused() {
    let json =
        |text: &str, kind| read(text, OutputSource::Json { field: String::new(), file: None }, Some(kind));
    assert_eq!(json("3", ValueType::Float), Ok(Value::Float(3.0)));
    assert_eq!(json("3.0", ValueType::Integer), Ok(Value::Integer(3)));
    assert_eq!(json("\"NaN\"", ValueType::Float), Ok(Value::Float(f64::NAN)));
    assert_eq!(json("1.5", ValueType::String), Ok("1.5".into()));
    assert_eq!(json("3.5", ValueType::Integer), error("expected an integer, found the float 3.5"));
    assert_eq!(json("true", ValueType::Float), error("expected a float, found the boolean true"));
    assert_eq!(json("\"x\"", ValueType::Boolean), error("expected a boolean, found the string \"x\""));
    let long = format!("\"{}\"", "ä".repeat(100));
    assert!(json(&long, ValueType::Float).unwrap_err().ends_with("ä…\""));
}

#[test]
fn what_is_measured_is_an_output_too() {
    let measure = |measure| read("", OutputSource::Measure(measure), None);
    assert_eq!(measure(Measure::WallTime), Ok(Value::Float(1.5)));
    assert_eq!(measure(Measure::CpuTime), Ok(Value::Float(0.25)));
    assert_eq!(measure(Measure::PeakMemory), Ok(Value::Integer(4096)));
    assert_eq!(measure(Measure::ExitCode), error("it is null"));
}

#[test]
fn an_empty_output_is_not_json() {
    let json = OutputSource::Json { field: "a".into(), file: None };
    assert_eq!(read(" \n", json, None), error("standard output is not JSON: it is empty"));
}
