//! `paramo export`: the result table as a file.

use std::path::Path;

use paramo_table::{Options, ResultTable, format};

use crate::args::Export;
use crate::exit;
use crate::failure::Result;
use crate::store::open;
use crate::table_file::{format_asked, write_table};

pub async fn export(directory: &Path, args: Export) -> Result<u8> {
    let file = args.output.as_deref();
    let format = match format_asked(args.format.as_deref(), file)? {
        Some(format) => format,
        None => format("csv")?,
    };
    let place = open(directory, false).await?;
    let row = place.study(&args.study).await?;
    let options = Options { condition: args.condition, columns: args.columns, ..Options::default() };
    let table = ResultTable::load(place.store.as_ref(), &row, &options).await?;
    write_table(&table, format, file)?;
    Ok(exit::OK)
}
