//! Points of a study from a Parquet file: a column a parameter, a row a point. A cell may be a list; then the row stands
//! for the product of its lists. The file comes as its bytes, since who calls knows where files are.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use bytes::Bytes;
use paramo_model::{Name, PointTable, Value};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};

/// The most values: a small file may hold very many.
const MOST_VALUES: usize = 20_000_000;
/// Rows decoded at a time.
const PART: usize = 1 << 13;

/// The points of a Parquet file. `source` is its name, for messages about the points.
///
/// Booleans, integers, floats, strings and dictionaries of them (categories) are read, and lists of these.
///
/// # Errors
///
/// What is wrong with the file, with row (from 1) and column; it fits "{source}: {error}".
pub fn read_points(bytes: Bytes, source: &str) -> Result<PointTable, String> {
    // The decoder of pages panics on some damaged ones. It shares nothing with us but the bytes, which do not change.
    std::panic::catch_unwind(|| read(bytes, source))
        .unwrap_or_else(|_| Err("is damaged: its pages cannot be decoded".to_owned()))
}

fn read(bytes: Bytes, source: &str) -> Result<PointTable, String> {
    let size = bytes.len() as u64;
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(|error| unreadable(&error))?;
    let mut columns: Vec<Name> = Vec::new();
    for field in reader.schema().fields() {
        let name = Name::new(field.name()).map_err(|error| format!("a column: {error}"))?;
        if columns.contains(&name) {
            return Err(format!("there are two columns `{name}`"));
        }
        if !has_values(field.data_type()) {
            return Err(format!(
                "column `{name}`: expected booleans, integers, floats, strings or lists of them, found {}",
                field.data_type()
            ));
        }
        columns.push(name);
    }
    check_places(reader.metadata(), size)?;
    if columns.is_empty() {
        return Err("the file has no columns; expected one for every parameter".to_owned());
    }
    let mut left = MOST_VALUES;
    let mut rows: Vec<Vec<Vec<Value>>> = Vec::new();
    for batch in reader.with_batch_size(PART).build().map_err(|error| unreadable(&error))? {
        let batch = batch.map_err(|error| format!("cannot be read: {error}"))?;
        let first = rows.len();
        rows.resize_with(first + batch.num_rows(), || Vec::with_capacity(columns.len()));
        for (array, name) in batch.columns().iter().zip(&columns) {
            for row in 0..batch.num_rows() {
                let cell = cell(array, row).and_then(|cell| {
                    left = left
                        .checked_sub(cell.len())
                        .ok_or_else(|| format!("more than the {MOST_VALUES} values that are read"))?;
                    Ok(cell)
                });
                let at = first + row;
                rows[at].push(cell.map_err(|message| format!("row {}, column `{name}`: {message}", at + 1))?);
            }
        }
    }
    if rows.is_empty() {
        return Err("the file has columns and no points".to_owned());
    }
    Ok(PointTable { columns, rows, source: source.to_owned(), typed: true })
}

/// The reader takes the places of columns on trust.
fn check_places(file: &ParquetMetaData, size: u64) -> Result<(), String> {
    let within = |column: &ColumnChunkMetaData| {
        let start = column.dictionary_page_offset().unwrap_or(column.data_page_offset());
        let (start, len) = (u64::try_from(start).ok()?, u64::try_from(column.compressed_size()).ok()?);
        start.checked_add(len).filter(|end| *end <= size)
    };
    let mut columns = file.row_groups().iter().flat_map(|group| group.columns());
    match columns.all(|column| within(column).is_some()) {
        true => Ok(()),
        false => Err("is damaged: a column lies outside the file".to_owned()),
    }
}

fn unreadable(error: &ParquetError) -> String {
    match error {
        ParquetError::NYI(message) | ParquetError::General(message) if message.contains("feature") => {
            format!("cannot be read: {message}; write it with snappy, zstd, lz4 or no compression")
        }
        error => format!("is not a Parquet file that can be read: {error}"),
    }
}

fn has_values(kind: &DataType) -> bool {
    match kind {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            is_scalar(item.data_type())
        }
        kind => is_scalar(kind),
    }
}

fn is_scalar(kind: &DataType) -> bool {
    use DataType as D;
    match kind {
        D::Dictionary(_, values) => !matches!(**values, D::Dictionary(..)) && is_scalar(values),
        D::Null | D::Boolean | D::Utf8 | D::LargeUtf8 | D::Utf8View | D::Float32 | D::Float64 => true,
        kind => kind.is_integer(),
    }
}

/// The values of a cell.
fn cell(array: &ArrayRef, row: usize) -> Result<Vec<Value>, String> {
    let elements = match array.data_type() {
        _ if array.is_null(row) => return Err(null("the cell")),
        DataType::List(_) => array.as_list::<i32>().value(row),
        DataType::LargeList(_) => array.as_list::<i64>().value(row),
        DataType::FixedSizeList(..) => array.as_fixed_size_list().value(row),
        _ => return Ok(vec![scalar(array, row)?]),
    };
    if elements.is_empty() {
        return Err("the list is empty".to_owned());
    }
    (0..elements.len()).map(|place| scalar(&elements, place)).collect()
}

fn null(what: &str) -> String {
    format!("{what} is null; a point has a value for every parameter")
}

fn scalar(array: &ArrayRef, row: usize) -> Result<Value, String> {
    use DataType as D;
    if array.is_null(row) || *array.data_type() == D::Null {
        return Err(null("a value"));
    }
    fn number<T: ArrowPrimitiveType>(array: &ArrayRef, row: usize) -> T::Native {
        array.as_primitive::<T>().value(row)
    }
    Ok(match array.data_type() {
        D::Boolean => array.as_boolean().value(row).into(),
        D::Int8 => i64::from(number::<Int8Type>(array, row)).into(),
        D::Int16 => i64::from(number::<Int16Type>(array, row)).into(),
        D::Int32 => i64::from(number::<Int32Type>(array, row)).into(),
        D::Int64 => number::<Int64Type>(array, row).into(),
        D::UInt8 => i64::from(number::<UInt8Type>(array, row)).into(),
        D::UInt16 => i64::from(number::<UInt16Type>(array, row)).into(),
        D::UInt32 => i64::from(number::<UInt32Type>(array, row)).into(),
        D::UInt64 => {
            let value = number::<UInt64Type>(array, row);
            i64::try_from(value).map_err(|_| format!("{value} is more than 2^63 - 1"))?.into()
        }
        D::Float32 => f64::from(number::<Float32Type>(array, row)).into(),
        D::Float64 => number::<Float64Type>(array, row).into(),
        D::Utf8 => array.as_string::<i32>().value(row).into(),
        D::LargeUtf8 => array.as_string::<i64>().value(row).into(),
        D::Utf8View => array.as_string_view().value(row).into(),
        D::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            let keys = dictionary.keys();
            return scalar(dictionary.values(), key(&keys.slice(row, 1))?);
        }
        kind => return Err(format!("expected a boolean, an integer, a float or a string, found {kind}")),
    })
}

/// Where the value of a dictionary's first cell is.
fn key(keys: &ArrayRef) -> Result<usize, String> {
    match scalar(keys, 0)? {
        Value::Integer(key) => usize::try_from(key).map_err(|_| format!("{key} is no place in a dictionary")),
        other => Err(format!("{other} is no place in a dictionary")),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use arrow_array::builder::{Int64Builder, ListBuilder};
    use arrow_array::{
        BooleanArray, DictionaryArray, Float32Array, Int64Array, RecordBatch, StringArray, UInt64Array,
    };
    use parquet::arrow::ArrowWriter;
    use parquet::basic::Compression;
    use parquet::file::properties::WriterProperties;

    fn file(columns: Vec<(&str, ArrayRef)>, compression: Compression) -> Bytes {
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let mut bytes = Vec::new();
        let properties = WriterProperties::builder().set_compression(compression).build();
        let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        bytes.into()
    }

    fn lists(rows: &[&[i64]]) -> ArrayRef {
        let mut builder = ListBuilder::new(Int64Builder::new());
        for row in rows {
            builder.append_value(row.iter().map(|i| Some(*i)));
        }
        Arc::new(builder.finish())
    }

    #[test]
    fn values_keep_their_types() {
        let categories: DictionaryArray<arrow_array::types::Int8Type> =
            ["fast", "slow"].into_iter().collect();
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("n", Arc::new(Int64Array::from(vec![1, i64::MAX]))),
            ("u", Arc::new(UInt64Array::from(vec![0, 7]))),
            ("x", Arc::new(Float32Array::from(vec![0.5, -2.0]))),
            ("on", Arc::new(BooleanArray::from(vec![true, false]))),
            ("text", Arc::new(StringArray::from(vec!["007", "b"]))),
            ("mode", Arc::new(categories)),
            ("list", lists(&[&[1, 2], &[3]])),
        ];
        for compression in [
            Compression::UNCOMPRESSED,
            Compression::SNAPPY,
            Compression::ZSTD(Default::default()),
            Compression::LZ4_RAW,
        ] {
            let table = read_points(file(columns.clone(), compression), "p.parquet").unwrap();
            assert!(table.typed);
            let names: Vec<&str> = table.columns.iter().map(Name::as_str).collect();
            assert_eq!(names, ["n", "u", "x", "on", "text", "mode", "list"]);
            let row = |cells: [Value; 6], list: &[i64]| -> Vec<Vec<Value>> {
                let list = list.iter().map(|i| Value::from(*i)).collect();
                cells.into_iter().map(|cell| vec![cell]).chain([list]).collect()
            };
            let (first, second) = (
                [1.into(), 0.into(), 0.5.into(), true.into(), "007".into(), "fast".into()],
                [i64::MAX.into(), 7.into(), (-2.0).into(), false.into(), "b".into(), "slow".into()],
            );
            assert_eq!(table.rows, [row(first, &[1, 2]), row(second, &[3])]);
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_row_and_column() {
        let wrong = |columns: Vec<(&str, ArrayRef)>| {
            read_points(file(columns, Compression::UNCOMPRESSED), "p.parquet").unwrap_err()
        };
        let integers = |list: Vec<Option<i64>>| Arc::new(Int64Array::from(list)) as ArrayRef;
        let times = Arc::new(arrow_array::TimestampSecondArray::from(vec![0])) as ArrayRef;
        let nested = {
            let mut builder = ListBuilder::new(ListBuilder::new(Int64Builder::new()));
            builder.append(true);
            Arc::new(builder.finish()) as ArrayRef
        };
        let found = [
            wrong(vec![("n", integers(vec![Some(1), None]))]),
            wrong(vec![("n", integers(vec![]))]),
            wrong(vec![("2n", integers(vec![Some(1)]))]),
            wrong(vec![("l", lists(&[&[1], &[]]))]),
            wrong(vec![("u", Arc::new(UInt64Array::from(vec![u64::MAX])))]),
            wrong(vec![("t", times)]),
            wrong(vec![("l", nested)]),
            read_points(Bytes::from_static(b"a,b\n1,2\n"), "p.parquet").unwrap_err(),
            read_points(Bytes::new(), "p.parquet").unwrap_err(),
        ];
        insta::assert_snapshot!(found.join("\n"), @"
        row 2, column `n`: the cell is null; a point has a value for every parameter
        the file has columns and no points
        a column: `2n` is not a name: it starts with a letter or `_`, not with `2`
        row 2, column `l`: the list is empty
        row 1, column `u`: 18446744073709551615 is more than 2^63 - 1
        column `t`: expected booleans, integers, floats, strings or lists of them, found Timestamp(s)
        column `l`: expected booleans, integers, floats, strings or lists of them, found List(List(Int64))
        is not a Parquet file that can be read: Parquet error: Invalid Parquet file. Corrupt footer
        is not a Parquet file that can be read: EOF: Parquet file too small. Size is 0 but need 8
        ");
    }

    #[test]
    fn a_damaged_file_is_refused_or_read() {
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("n", Arc::new(Int64Array::from((0..40).collect::<Vec<_>>()))),
            ("text", Arc::new((0..40).map(|i| Some(format!("word {i}"))).collect::<StringArray>())),
            ("list", lists(&[&[1i64, 2][..], &[3]].repeat(20))),
        ];
        let whole = file(columns, Compression::SNAPPY);
        assert!(read_points(whole.clone(), "p.parquet").is_ok());
        let mut refused = 0;
        for at in 0..whole.len() {
            for mask in [0x01, 0x54, 0xff] {
                let mut bytes = whole.to_vec();
                bytes[at] ^= mask;
                refused += usize::from(read_points(bytes.into(), "p.parquet").is_err());
            }
            assert!(read_points(whole.slice(..at), "p.parquet").is_err());
        }
        assert!(refused > whole.len() / 4, "{refused} of {}", 3 * whole.len());
    }
}
