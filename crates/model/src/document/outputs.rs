//! `[application.outputs]`: what a run gives.

use super::field::{Field, Table};
use super::sweep::measured;
use crate::{Measure, Output, OutputSource, Row, Stream, ValueType};

pub(super) const TYPES: [(&str, ValueType); 4] = [
    ("boolean", ValueType::Boolean),
    ("integer", ValueType::Integer),
    ("float", ValueType::Float),
    ("string", ValueType::String),
];

/// The keys that say where an output is found; each output has exactly one.
const SOURCES: [&str; 4] = ["json", "regex", "csv", "measure"];

pub(super) fn outputs(entries: &Table) -> Vec<Output> {
    entries.fields().filter_map(|field| output(&field)).collect()
}

fn output(field: &Field) -> Option<Output> {
    let name = field.key_name()?;
    let mut table = field.table("where the output is found, such as { json = \"field\" }")?;
    let kind = table.get("type").and_then(|f| f.word("a type", &TYPES));
    let unit = table.get("unit").and_then(|f| f.text("a unit, a string")).map(str::to_owned);
    let description = table.get("description").and_then(|f| f.string("a string")).map(str::to_owned);
    let required = table.get("required").and_then(|f| f.boolean()).unwrap_or(true);
    let source = source(&mut table);
    table.finish();
    let source = source?;
    let (kind, unit) = match &source {
        OutputSource::Measure(measure) => (
            Some(kind.unwrap_or_else(|| measured(*measure))),
            unit.or_else(|| measure.unit().map(str::to_owned)),
        ),
        _ => (kind, unit),
    };
    Some(Output { name, source, kind, unit, description, required })
}

fn source(table: &mut Table) -> Option<OutputSource> {
    let found: Vec<Field> = SOURCES.into_iter().filter_map(|key| table.get(key)).collect();
    match found.as_slice() {
        [] => {
            // Which of the other fields are right depends on this one.
            table.know(&["file", "from", "row"]);
            let names = SOURCES.map(|key| format!("`{key}`")).join(", ");
            return table.field.reject(format!("where is the output found? expected one of {names}"));
        }
        [_, second, ..] => {
            second.report(second.wrong_key(format!(
                "expected only one of `{}` and `{}`",
                found[0].key(),
                second.key()
            )));
            table.know(&["file", "from", "row"]);
            return None;
        }
        [_] => {}
    }
    let field = &found[0];
    match field.key() {
        "json" => {
            let file = file(table);
            let path = field.string("the path of a field, such as \"a.b[0]\", a string")?;
            check_json_path(field, path)?;
            Some(OutputSource::Json { field: path.to_owned(), file: file? })
        }
        "regex" => {
            let stream = stream(table);
            let pattern = field.text("a regular expression, a string")?.to_owned();
            Some(OutputSource::Regex { pattern, stream: stream? })
        }
        "csv" => {
            let stream = stream(table);
            let row = table.get("row").map(|field| row(&field));
            let column = field.text("the name of a column, a string")?.to_owned();
            Some(OutputSource::Csv { column, row: row.unwrap_or(Some(Row::Last))?, stream: stream? })
        }
        _ => field.word("what is measured", &Measure::ALL).map(OutputSource::Measure),
    }
}

/// `a.b[0]`: keys between dots, indices in brackets, nothing empty; all empty for the whole document.
fn check_json_path(field: &Field, path: &str) -> Option<()> {
    let part_is_right = |part: &str| {
        let (key, indices) = part.split_at(part.find('[').unwrap_or(part.len()));
        let indices_are_right = indices.is_empty()
            || indices.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).is_some_and(|inner| {
                inner.split("][").all(|index| !index.is_empty() && index.chars().all(|c| c.is_ascii_digit()))
            });
        (!key.is_empty() || !indices.is_empty()) && indices_are_right
    };
    if path.is_empty() || path.split('.').all(part_is_right) {
        return Some(());
    }
    field.reject(format!("expected the path of a field, such as \"a.b[0]\", found \"{path}\""))
}

/// The file of a JSON document, if it is not the standard output.
fn file(table: &mut Table) -> Option<Option<String>> {
    match table.get("file") {
        Some(field) => {
            Some(Some(field.text("the path of a file in the run's directory, a string")?.to_owned()))
        }
        None => Some(None),
    }
}

fn stream(table: &mut Table) -> Option<Stream> {
    let from = table.get("from");
    let file = file(table);
    match (from, file?) {
        (Some(field), Some(_)) => {
            field.report(field.wrong_key("expected either `from` or `file`, found both"));
            None
        }
        (None, Some(file)) => Some(Stream::File(file)),
        (Some(field), None) => {
            field.word("a stream", &[("stdout", Stream::Stdout), ("stderr", Stream::Stderr)])
        }
        (None, None) => Some(Stream::Stdout),
    }
}

fn row(field: &Field) -> Option<Row> {
    match field.value().as_str() {
        Some(_) => field.word("a row", &[("first", Row::First), ("last", Row::Last)]),
        None => field.integer(0, "\"first\", \"last\" or the number of a row from 0").map(Row::Number),
    }
}
