//! Comma-separated values as RFC 4180 has them, with a header and with plain line feeds.
//!
//! A cell without a value is empty; an empty text is `""`. Floats are the shortest text that reads back as the same number,
//! and `NaN`, `inf`, `-inf`. Texts with a comma, a quote, a line break, or a blank at either end stand in quotes.

use std::io::{BufWriter, Write};

use crate::{Column, Data, Format, ResultTable, TableError};

#[derive(Debug)]
pub struct Csv;

impl Format for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn help(&self) -> &'static str {
        "comma-separated values with a header"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["csv"]
    }

    fn is_binary(&self) -> bool {
        false
    }

    fn write(&self, table: &ResultTable, out: &mut (dyn Write + Send)) -> Result<(), TableError> {
        let mut out = BufWriter::with_capacity(1 << 16, out);
        for (i, column) in table.columns.iter().enumerate() {
            if i > 0 {
                out.write_all(b",")?;
            }
            text(&column.name, &mut out)?;
        }
        out.write_all(b"\n")?;
        for row in 0..table.rows {
            for (i, column) in table.columns.iter().enumerate() {
                if i > 0 {
                    out.write_all(b",")?;
                }
                cell(column, row, &mut out)?;
            }
            // A line with nothing on it is no row to those who read.
            if let [only] = table.columns.as_slice()
                && !only.is_present(row)
            {
                out.write_all(b"\"\"")?;
            }
            out.write_all(b"\n")?;
        }
        Ok(out.flush()?)
    }
}

fn cell(column: &Column, row: usize, out: &mut impl Write) -> std::io::Result<()> {
    if !column.is_present(row) {
        return Ok(());
    }
    match &column.data {
        Data::Boolean(values) => write!(out, "{}", values[row]),
        Data::Integer(values) => write!(out, "{}", values[row]),
        Data::Float(values) => write!(out, "{}", paramo_model::Value::Float(values[row])),
        Data::String(texts) => text(texts.get(row).map_or("", |text| text), out),
    }
}

fn text(text: &str, out: &mut impl Write) -> std::io::Result<()> {
    let quoted = text.is_empty()
        || text.contains([',', '"', '\n', '\r'])
        || text.starts_with([' ', '\t'])
        || text.ends_with([' ', '\t']);
    if !quoted {
        return out.write_all(text.as_bytes());
    }
    out.write_all(b"\"")?;
    for (i, part) in text.split('"').enumerate() {
        if i > 0 {
            out.write_all(b"\"\"")?;
        }
        out.write_all(part.as_bytes())?;
    }
    out.write_all(b"\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::texts;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn texts_are_read_back_by_another_program(rows in prop::collection::vec(("[\\PC \",\r\n\t]{0,8}", "[a\",\n]{0,4}"), 0..8)) {
            let table = texts(&rows);
            let mut bytes = Vec::new();
            Csv.write(&table, &mut bytes).unwrap();
            let mut reader = csv::ReaderBuilder::new().from_reader(bytes.as_slice());
            prop_assert_eq!(reader.headers().unwrap(), vec!["a", "b"]);
            let read: Vec<(String, String)> = reader.records().map(|r| r.unwrap().deserialize(None).unwrap()).collect();
            prop_assert_eq!(read, rows);
        }
    }
}
