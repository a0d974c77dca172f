//! Points from a file, whose format its ending says: one file a format. Text is read here; what is not text is read by the
//! caller, because this floor knows no such formats.

mod csv;
mod json_lines;

use super::Origin;
use super::field::Field;
use crate::PointTable;

/// The longest file, in bytes.
const LONGEST: usize = 100_000_000;

/// Who reads a file with this ending.
enum Format {
    Csv,
    JsonLines,
    Parquet,
}

/// The points of the file that a field names, or `None` when what is wrong with it has been reported.
pub(super) fn table(field: &Field, origin: &Origin) -> Option<PointTable> {
    let file = field.text("the path of a CSV, JSON Lines or Parquet file, relative to the study file")?;
    let read = format(file).and_then(|format| {
        let bytes = (origin.load)(file)?;
        let read = match format {
            _ if bytes.len() > LONGEST => {
                Err(format!("the file has {} bytes, more than the {LONGEST} that are read", bytes.len()))
            }
            Format::Csv => csv::parse(&bytes, file),
            Format::JsonLines => json_lines::parse(&bytes, file),
            Format::Parquet => (origin.parquet)(bytes, file),
        };
        read.map_err(|message| format!("{file}: {message}"))
    });
    match read {
        Ok(table) => Some(table),
        Err(message) => field.reject(message),
    }
}

/// A file without one of the endings is read as CSV, as tables of numbers have many.
fn format(file: &str) -> Result<Format, String> {
    let ending = file.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, ending)| ending);
    Ok(match ending.unwrap_or_default().to_ascii_lowercase().as_str() {
        "jsonl" | "ndjson" => Format::JsonLines,
        "parquet" | "pq" => Format::Parquet,
        "json" | "xlsx" | "xls" | "ods" | "npy" | "npz" | "feather" | "arrow" | "h5" | "hdf5" => {
            return Err(format!(
                "{file}: points are read from .csv, .jsonl (an object a line) and .parquet files; save them as one of these"
            ));
        }
        _ => Format::Csv,
    })
}
