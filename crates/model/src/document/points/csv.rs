//! Points from a CSV file. The header names the parameters; a cell is a value, or a JSON list of values, of which the
//! row's product is taken.

use super::json_lines::scalars;
use crate::{Name, PointTable, Value};

/// The table, or the first thing that is wrong with it: a file with a wrong column count has it in every row.
pub(super) fn parse(bytes: &[u8], source: &str) -> Result<PointTable, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(bytes);
    let header = reader.headers().map_err(|error| said(&error))?.clone();
    if header.is_empty() {
        return Err("the file is empty; expected a header with the names of the parameters".to_owned());
    }
    let mut columns: Vec<Name> = Vec::new();
    for text in &header {
        let name = Name::new(text).map_err(|error| format!("line 1: {error}"))?;
        if columns.contains(&name) {
            return Err(format!("line 1: `{name}` stands twice in the header"));
        }
        columns.push(name);
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| said(&error))?;
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() != columns.len() {
            let (found, expected) = (record.len(), columns.len());
            return Err(format!("line {line}: the header has {expected} columns, this row has {found}"));
        }
        let cells = record.iter().zip(&columns);
        let row: Result<Vec<_>, String> = cells
            .map(|(text, name)| {
                cell(text).map_err(|message| format!("line {line}, column `{name}`: {message}"))
            })
            .collect();
        rows.push(row?);
    }
    if rows.is_empty() {
        return Err("the file has a header and no points".to_owned());
    }
    Ok(PointTable { columns, rows, source: source.to_owned(), typed: false })
}

fn said(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Utf8 { pos, .. } => {
            format!("line {}: the file is not UTF-8 text", pos.as_ref().map_or(0, csv::Position::line))
        }
        _ => error.to_string(),
    }
}

fn cell(text: &str) -> Result<Vec<Value>, String> {
    if text.is_empty() {
        return Err("the cell is empty".to_owned());
    }
    if !text.starts_with('[') {
        // What it means is known once its parameter is: see `check::cells`.
        return Ok(vec![Value::string(text)]);
    }
    let list: Vec<serde_json::Value> = serde_json::from_str(text)
        .map_err(|_| format!("expected a JSON list such as [1, 2], found {text}"))?;
    scalars(&list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_values_or_lists() {
        let table = parse(
            "\u{feff}k1, mode,seed\n1, a,\"[1, 2.5, \"\"x\"\"]\"\r\n2e3,\"b c\",true\n\n".as_bytes(),
            "p.csv",
        )
        .unwrap();
        assert_eq!(table.columns.iter().map(Name::as_str).collect::<Vec<_>>(), ["k1", "mode", "seed"]);
        assert_eq!(
            table.rows,
            [
                vec![
                    vec!["1".into()],
                    vec!["a".into()],
                    vec![Value::Integer(1), Value::Float(2.5), "x".into()]
                ],
                vec![vec!["2e3".into()], vec!["b c".into()], vec!["true".into()]],
            ]
        );
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let wrong = |text: &[u8]| parse(text, "p.csv").unwrap_err();
        insta::assert_snapshot!(
            [
                &b""[..], b"a,b\n", b"a,b\n1,2\n3\n", b"a,a\n1,2\n", b"a,2b\n1,2\n", b"a\n[1,\n", b"a\n[]\n", b"a,b\n1,\n",
                b"a\n[[1]]\n", b"a\n\xff\n",
            ]
            .map(wrong)
            .join("\n"),
            @"
            the file is empty; expected a header with the names of the parameters
            the file has a header and no points
            line 3: the header has 2 columns, this row has 1
            line 1: `a` stands twice in the header
            line 1: `2b` is not a name: it starts with a letter or `_`, not with `2`
            line 2: the header has 1 columns, this row has 2
            line 2, column `a`: the list is empty
            line 2, column `b`: the cell is empty
            line 2, column `a`: expected a list of numbers, strings or booleans, found [1] in it
            line 2: the file is not UTF-8 text
            "
        );
    }
}
