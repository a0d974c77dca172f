//! `paramo export`: the result table as a file.

use std::io::{BufWriter, IsTerminal, Write};
use std::path::Path;

use paramo_table::{Options, ResultTable, TableError, format, format_of, replace_file};

use crate::args::Export;
use crate::exit;
use crate::failure::{Failure, Result, table_written};
use crate::output::written;
use crate::store::open;
use crate::view::plural;

pub async fn export(directory: &Path, args: Export) -> Result<u8> {
    let format = match (&args.format, &args.output) {
        (Some(name), _) => format(name)?,
        (None, Some(path)) => format_of(path).ok_or_else(|| {
            Failure::input(format!(
                "the ending of {} does not say which format; name it with --format csv, jsonl or parquet",
                path.display()
            ))
        })?,
        (None, None) => format("csv")?,
    };
    if args.output.is_none() && format.is_binary() && std::io::stdout().is_terminal() {
        return Err(Failure::input(format!(
            "{} is not for a terminal; name a file with --output",
            format.name()
        )));
    }
    let place = open(directory, false).await?;
    let row = place.study(&args.study).await?;
    let options = Options { condition: args.condition, columns: args.columns, ..Options::default() };
    let table = ResultTable::load(place.store.as_ref(), &row, &options).await?;
    match &args.output {
        None => {
            let mut out = BufWriter::with_capacity(1 << 20, std::io::stdout());
            table_written(format.write(&table, &mut out))?;
            written(out.flush())?;
        }
        Some(path) => {
            replace_file(path, |file| -> std::result::Result<(), TableError> {
                let mut out = BufWriter::with_capacity(1 << 20, file);
                format.write(&table, &mut out)?;
                Ok(out.flush()?)
            })
            .map_err(|error| Failure::unavailable(format!("cannot write {}: {error}", path.display())))?;
            anstream::eprintln!("{}: {}", path.display(), plural(table.rows as u64, "row"));
        }
    }
    Ok(exit::OK)
}
