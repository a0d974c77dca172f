//! Apache Parquet, compressed with LZ4 (raw blocks).
//!
//! Units are metadata of the fields (`unit`); the study's name and version are metadata of the file (`paramo.study`,
//! `paramo.version`). Rows are turned into Arrow arrays a part at a time, so that little more memory is needed than the
//! table has.

use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, RecordBatchOptions, StringArray,
};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use crate::{Column, Data, Format, ResultTable, TableError};

/// Rows turned into arrays at a time.
const PART: usize = 1 << 15;
/// Rows of a row group.
const GROUP: usize = 1 << 17;

#[derive(Debug)]
pub struct Parquet;

impl Format for Parquet {
    fn name(&self) -> &'static str {
        "parquet"
    }

    fn help(&self) -> &'static str {
        "Apache Parquet, for pandas, Polars, DuckDB, R"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["parquet", "pq"]
    }

    fn is_binary(&self) -> bool {
        true
    }

    fn write(&self, table: &ResultTable, out: &mut (dyn Write + Send)) -> Result<(), TableError> {
        let schema = Arc::new(Schema::new(table.columns.iter().map(field).collect::<Vec<_>>()));
        let entry = |key: &str, value: String| KeyValue::new(key.to_owned(), value);
        let properties = WriterProperties::builder()
            .set_created_by(concat!("paramo ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(Compression::LZ4_RAW)
            .set_max_row_group_row_count(Some(GROUP))
            .set_key_value_metadata(Some(vec![
                entry("paramo.study", table.study.to_string()),
                entry("paramo.version", table.version.to_string()),
            ]))
            .build();
        let mut writer = ArrowWriter::try_new(out, schema.clone(), Some(properties)).map_err(failed)?;
        for start in (0..table.rows).step_by(PART) {
            let rows = start..(start + PART).min(table.rows);
            let count = RecordBatchOptions::new().with_row_count(Some(rows.len()));
            let arrays = table.columns.iter().map(|column| array(column, rows.clone())).collect();
            let batch = RecordBatch::try_new_with_options(schema.clone(), arrays, &count)
                .map_err(|error| TableError::Parquet(error.to_string()))?;
            writer.write(&batch).map_err(failed)?;
        }
        writer.close().map_err(failed)?;
        Ok(())
    }
}

/// An error of the file below stays one, so that a closed pipe is seen as such.
fn failed(error: ParquetError) -> TableError {
    match error {
        ParquetError::External(source) => match source.downcast::<std::io::Error>() {
            Ok(error) => TableError::Io(*error),
            Err(source) => TableError::Parquet(source.to_string()),
        },
        error => TableError::Parquet(error.to_string()),
    }
}

fn field(column: &Column) -> Field {
    let kind = match column.data {
        Data::Boolean(_) => DataType::Boolean,
        Data::Integer(_) => DataType::Int64,
        Data::Float(_) => DataType::Float64,
        Data::String(_) => DataType::Utf8,
    };
    let unit = column.unit.iter().map(|unit| ("unit".to_owned(), unit.clone())).collect::<HashMap<_, _>>();
    Field::new(&column.name, kind, true).with_metadata(unit)
}

fn array(column: &Column, rows: std::ops::Range<usize>) -> ArrayRef {
    fn cells<'a, T: Copy>(
        column: &'a Column,
        values: &'a [T],
        rows: std::ops::Range<usize>,
    ) -> impl Iterator<Item = Option<T>> + 'a {
        rows.map(move |row| column.is_present(row).then(|| values[row]))
    }
    match &column.data {
        Data::Boolean(values) => Arc::new(cells(column, values, rows).collect::<BooleanArray>()),
        Data::Integer(values) if column.present.is_none() => {
            Arc::new(Int64Array::from(values[rows].to_vec()))
        }
        Data::Integer(values) => Arc::new(cells(column, values, rows).collect::<Int64Array>()),
        Data::Float(values) if column.present.is_none() => {
            Arc::new(Float64Array::from(values[rows].to_vec()))
        }
        Data::Float(values) => Arc::new(cells(column, values, rows).collect::<Float64Array>()),
        Data::String(texts) => Arc::new(
            rows.map(|row| texts.get(row).filter(|_| column.is_present(row))).collect::<StringArray>(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::sample;
    use arrow_array::Array;
    use arrow_array::cast::AsArray;
    use arrow_array::types::{Float64Type, Int64Type};
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use parquet::data_type::AsBytes;
    use std::io;

    #[test]
    fn a_file_is_read_back_with_its_units() {
        let table = sample();
        let mut file = tempfile::tempfile().unwrap();
        Parquet.write(&table, &mut file).unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        let entries = reader.metadata().file_metadata().key_value_metadata().unwrap().clone();
        let entry =
            |key: &str| entries.iter().find(|entry| entry.key == key).and_then(|entry| entry.value.clone());
        assert_eq!(entry("paramo.study").as_deref(), Some("sample"));
        assert_eq!(entry("paramo.version").as_deref(), Some("2"));
        let field = reader.schema().field_with_name("k").unwrap().clone();
        assert_eq!(field.metadata().get("unit").map(String::as_str), Some("1/min"));
        let batch = reader.build().unwrap().next().unwrap().unwrap();
        assert_eq!(batch.num_rows(), table.rows);
        for (i, column) in table.columns.iter().enumerate() {
            let array = batch.column(i);
            for row in 0..table.rows {
                let read = match &column.data {
                    _ if array.is_null(row) => paramo_model::Value::Missing,
                    Data::Boolean(_) => array.as_boolean().value(row).into(),
                    Data::Integer(_) => array.as_primitive::<Int64Type>().value(row).into(),
                    Data::Float(_) => array.as_primitive::<Float64Type>().value(row).into(),
                    Data::String(_) => array.as_string::<i32>().value(row).into(),
                };
                assert_eq!(read, column.value(row), "{} of row {row}", column.name);
            }
        }
    }

    #[test]
    fn a_table_without_columns_or_rows_is_a_file_too() {
        let mut table = sample();
        table.truncate(0);
        let mut bytes = Vec::new();
        Parquet.write(&table, &mut bytes).unwrap();
        assert_eq!(bytes.as_bytes()[..4], *b"PAR1");
    }

    #[test]
    fn a_closed_pipe_is_seen_as_one() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        for format in crate::FORMATS {
            let error = format.write(&sample(), &mut Closed).unwrap_err();
            assert!(matches!(&error, TableError::Io(e) if e.kind() == io::ErrorKind::BrokenPipe), "{error}");
        }
    }
}
