//! The formats in which tables leave, one file each.

mod csv;
mod json;
mod jsonl;
mod parquet;

use std::io::Write;
use std::path::Path;

use crate::{ResultTable, TableError};

/// A way to write a table.
pub trait Format: Send + Sync {
    /// As it is asked for: `csv`.
    fn name(&self) -> &'static str;

    /// One line for people who choose.
    fn help(&self) -> &'static str;

    /// The endings of file names that mean this format, without the dot; the first is the usual one.
    fn endings(&self) -> &'static [&'static str];

    /// Whether it is bytes that a terminal cannot show.
    fn is_binary(&self) -> bool;

    /// Writes a whole table. Buffers for itself.
    fn write(&self, table: &ResultTable, out: &mut (dyn Write + Send)) -> Result<(), TableError>;
}

/// Every format.
pub static FORMATS: &[&dyn Format] = &[&csv::Csv, &json::Json, &jsonl::JsonLines, &parquet::Parquet];

/// The format of a name.
pub fn format(name: &str) -> Result<&'static dyn Format, TableError> {
    FORMATS.iter().copied().find(|format| format.name() == name).ok_or_else(|| TableError::NoFormat {
        wanted: name.to_owned(),
        names: FORMATS.iter().map(|format| format.name()).collect::<Vec<_>>().join(", "),
    })
}

/// The format that the ending of a file's name means, if any.
pub fn format_of(path: &Path) -> Option<&'static dyn Format> {
    let ending = path.extension()?.to_str()?.to_lowercase();
    FORMATS.iter().copied().find(|format| format.endings().contains(&ending.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_a_format() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/format");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
            .filter(|name| name != "mod")
            .collect();
        files.sort();
        let names: Vec<&str> = FORMATS.iter().map(|format| format.name()).collect();
        assert_eq!(files, names);
    }

    #[test]
    fn formats_are_found_by_name_and_by_ending() {
        assert_eq!(format("csv").unwrap().name(), "csv");
        let Err(error) = format("xlsx") else { panic!("xlsx was found") };
        assert_eq!(error.to_string(), "there is no format `xlsx`; the formats are csv, json, jsonl, parquet");
        for (file, name) in [
            ("a/b.CSV", Some("csv")),
            ("x.ndjson", Some("jsonl")),
            ("x.pq", Some("parquet")),
            ("x.json", Some("json")),
            ("x", None),
        ] {
            assert_eq!(format_of(Path::new(file)).map(|format| format.name()), name, "{file}");
        }
    }
}
