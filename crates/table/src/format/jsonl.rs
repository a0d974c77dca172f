//! JSON Lines: an object a line, a line a run.
//!
//! Every object has every column. A cell without a value is `null`; the three floats that JSON has no number for are the
//! texts `"NaN"`, `"inf"` and `"-inf"`, as everywhere in Paramo's JSON, so that nothing is lost. Floats always show a point
//! or an exponent, integers never.

use std::io::{BufWriter, Write};

use crate::{Column, Data, Format, ResultTable, TableError};

#[derive(Debug)]
pub struct JsonLines;

impl Format for JsonLines {
    fn name(&self) -> &'static str {
        "jsonl"
    }

    fn help(&self) -> &'static str {
        "JSON Lines: an object a run"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["jsonl", "ndjson"]
    }

    fn is_binary(&self) -> bool {
        false
    }

    fn write(&self, table: &ResultTable, out: &mut (dyn Write + Send)) -> Result<(), TableError> {
        let last = if table.rows == 0 { "" } else { "\n" };
        objects(table, ["", "\n", last], out)
    }
}

/// Writes an object for each row; `around` is what stands before the first, between two, and behind the last.
pub fn objects(
    table: &ResultTable,
    around: [&str; 3],
    out: &mut (dyn Write + Send),
) -> Result<(), TableError> {
    let mut out = BufWriter::with_capacity(1 << 16, out);
    let mut keys = Vec::with_capacity(table.columns.len());
    for (i, column) in table.columns.iter().enumerate() {
        let mut key = vec![if i == 0 { b'{' } else { b',' }];
        json(&mut key, &column.name)?;
        key.push(b':');
        keys.push(key);
    }
    let end: &[u8] = if keys.is_empty() { b"{}" } else { b"}" };
    for row in 0..table.rows {
        out.write_all(around[usize::from(row > 0)].as_bytes())?;
        for (key, column) in keys.iter().zip(&table.columns) {
            out.write_all(key)?;
            cell(column, row, &mut out)?;
        }
        out.write_all(end)?;
    }
    if table.rows == 0 {
        out.write_all(around[0].as_bytes())?;
    }
    out.write_all(around[2].as_bytes())?;
    Ok(out.flush()?)
}

fn cell(column: &Column, row: usize, out: &mut impl Write) -> std::io::Result<()> {
    if !column.is_present(row) {
        return out.write_all(b"null");
    }
    match &column.data {
        Data::Boolean(values) => write!(out, "{}", values[row]),
        Data::Integer(values) => write!(out, "{}", values[row]),
        Data::Float(values) if values[row].is_finite() => json(out, &values[row]),
        Data::Float(values) => write!(out, "\"{}\"", values[row]),
        Data::String(texts) => json(out, texts.get(row).map_or("", |text| text)),
    }
}

fn json<T: serde::Serialize + ?Sized>(out: &mut impl Write, value: &T) -> std::io::Result<()> {
    serde_json::to_writer(out, value).map_err(std::io::Error::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::texts;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lines_are_read_back(rows in prop::collection::vec((".{0,8}", "[a\"\\\\\n]{0,4}"), 0..8)) {
            let mut bytes = Vec::new();
            JsonLines.write(&texts(&rows), &mut bytes).unwrap();
            let text = String::from_utf8(bytes).unwrap();
            let read: Vec<(String, String)> = text
                .lines()
                .map(|line| {
                    let object: serde_json::Value = serde_json::from_str(line).unwrap();
                    (object["a"].as_str().unwrap().to_owned(), object["b"].as_str().unwrap().to_owned())
                })
                .collect();
            prop_assert_eq!(read, rows);
        }
    }
}
