//! `paramo results`: the result table or a summary of it, on the terminal or as a file.

use std::path::Path;

use paramo_model::{Value, ValueType};
use paramo_table::{Column, Options, ResultTable, Role};

use crate::args::Results;
use crate::exit;
use crate::failure::{Failure, Result};
use crate::output::print_line;
use crate::store::open;
use crate::table_file::{format_asked, write_table};
use crate::view::{Align, plural, table};

/// Rows on a terminal, if nothing else was asked for.
const SHOWN: usize = 50;
/// What is not a file format: the table for people.
const TABLE: &str = "table";

pub async fn results(directory: &Path, args: Results) -> Result<u8> {
    let file = args.output.as_deref();
    let format = match args.format.as_deref() {
        _ if args.json => format_asked(Some("jsonl"), file)?,
        Some(TABLE) if file.is_some() => {
            return Err(Failure::input(
                "`--format table` is for the terminal; a file is csv, json, jsonl or parquet",
            ));
        }
        Some(TABLE) => None,
        name => format_asked(name, file)?,
    };
    let place = open(directory, false).await?;
    let row = place.study(&args.study).await?;
    let limit = match (args.limit, format) {
        (Some(0), _) | (None, Some(_)) => None,
        (Some(limit), _) => Some(limit),
        (None, None) => Some(SHOWN),
    };
    let mut options = Options {
        condition: args.condition,
        sort: args.sort,
        columns: args.columns,
        limit,
        summary: args.summaries.summary(),
        ..Options::default()
    };
    if let Some(format) = format {
        let results = ResultTable::load(place.store.as_ref(), &row, &options).await?;
        write_table(&results, format, file)?;
        return Ok(exit::OK);
    }
    let chosen = !options.columns.is_empty();
    // One more than is shown tells whether there are more.
    options.limit = limit.map(|limit| limit.saturating_add(1));
    let mut results = ResultTable::load(place.store.as_ref(), &row, &options).await?;
    let more = limit.is_some_and(|limit| results.rows > limit);
    results.rows = results.rows.min(limit.unwrap_or(usize::MAX));
    let columns: Vec<&Column> =
        results.columns.iter().filter(|column| chosen || tells_something(column, &results)).collect();
    let titles: Vec<(String, Align)> = columns.iter().map(|column| (title(column), align(column))).collect();
    let heads: Vec<(&str, Align)> = titles.iter().map(|(title, align)| (title.as_str(), *align)).collect();
    let rows = (0..results.rows).map(|at| columns.iter().map(|column| cell(column, at)).collect());
    print_line(&table(&heads, rows))?;
    if more {
        anstream::eprintln!(
            "the first {}, there are more: --limit 0 shows all, --output FILE writes them",
            plural(results.rows as u64, "row")
        );
    }
    Ok(exit::OK)
}

/// On a terminal, what is the same for every run of most studies is left out unless it was asked for.
fn tells_something(column: &Column, table: &ResultTable) -> bool {
    let any = |wanted: fn(&Value) -> bool| (0..table.rows).any(|at| wanted(&column.value(at)));
    match column.role {
        Role::Index | Role::Parameter(_) | Role::Output(_) | Role::Wall => true,
        Role::State => any(|value| matches!(value, Value::String(s) if &**s != "succeeded")),
        Role::Cause => any(|value| !value.is_missing()),
        Role::Attempts => any(|value| !matches!(value, Value::Integer(1))),
        Role::Runs | Role::Statistic => true,
        Role::Failed | Role::Absent => any(|value| !matches!(value, Value::Integer(0))),
        Role::Worker => any(|value| !matches!(value, Value::Integer(0))),
        Role::ExitCode | Role::Cpu | Role::PeakMemory | Role::Started | Role::Slot => false,
    }
}

fn title(column: &Column) -> String {
    match &column.unit {
        Some(unit) => format!("{} [{unit}]", column.name),
        None => column.name.clone(),
    }
}

fn align(column: &Column) -> Align {
    match column.kind() {
        ValueType::Integer | ValueType::Float => Align::Right,
        ValueType::Boolean | ValueType::String => Align::Left,
    }
}

/// Numbers for reading: six significant digits. Exports have them all.
fn cell(column: &Column, at: usize) -> String {
    match column.value(at) {
        Value::Float(x) if x.is_finite() && x != 0.0 => {
            let magnitude = x.abs();
            let text = match (1e-4..1e7).contains(&magnitude) {
                true => {
                    let decimals = (5 - magnitude.log10().floor() as i32).clamp(0, 9) as usize;
                    format!("{x:.decimals$}")
                }
                false => return shorter_exponent(x),
            };
            match text.contains('.') {
                true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
                false => text,
            }
        }
        Value::Missing => "-".to_owned(),
        value => value.to_string(),
    }
}

fn shorter_exponent(x: f64) -> String {
    let text = format!("{x:.5e}");
    match text.split_once('e') {
        Some((digits, exponent)) => {
            format!("{}e{exponent}", digits.trim_end_matches('0').trim_end_matches('.'))
        }
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use paramo_table::Data;

    #[test]
    fn numbers_are_short_enough_to_read() {
        let numbers =
            vec![0.1 + 0.2, 1e9, 123_456.789, 1e-10, 42.0, 0.0, f64::NAN, 7_518_250.5, 98_765.432_1];
        let column = Column {
            name: "x".into(),
            unit: None,
            role: Role::Output(0),
            data: Data::Float(numbers),
            present: None,
        };
        let texts: Vec<String> = (0..9).map(|at| cell(&column, at)).collect();
        assert_eq!(texts, ["0.3", "1e9", "123457", "1e-10", "42", "0", "NaN", "7518250", "98765.4"]);
    }
}
