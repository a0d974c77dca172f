//! One JSON document: a list with an object for each row, a row a line.
//!
//! The objects are those of [JSON Lines](super::jsonl).

use std::io::Write;

use super::jsonl;
use crate::{Format, ResultTable, TableError};

#[derive(Debug)]
pub struct Json;

impl Format for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn help(&self) -> &'static str {
        "JSON: a list of objects"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["json"]
    }

    fn is_binary(&self) -> bool {
        false
    }

    fn write(&self, table: &ResultTable, out: &mut (dyn Write + Send)) -> Result<(), TableError> {
        jsonl::objects(table, ["[\n", ",\n", "\n]\n"], out)
    }
}
