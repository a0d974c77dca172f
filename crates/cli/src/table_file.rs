//! Tables that leave as files or on standard output: which format, and where to.

use std::io::{BufWriter, IsTerminal, Write};
use std::path::Path;

use paramo_table::{FORMATS, Format, ResultTable, TableError, format, format_of, replace_file};

use crate::failure::{Failure, Result, table_written};
use crate::output::written;
use crate::view::plural;

/// The format that was named, or that the ending of the file means; `None` when neither was given.
pub fn format_asked(name: Option<&str>, file: Option<&Path>) -> Result<Option<&'static dyn Format>> {
    let format = match (name, file) {
        (Some(name), _) => format(name)?,
        (None, Some(path)) => format_of(path).ok_or_else(|| {
            let names: Vec<&str> = FORMATS.iter().map(|format| format.name()).collect();
            Failure::input(format!(
                "the ending of {} does not say which format; name it with --format: {}",
                path.display(),
                names.join(", ")
            ))
        })?,
        (None, None) => return Ok(None),
    };
    if file.is_none() && format.is_binary() && std::io::stdout().is_terminal() {
        return Err(Failure::input(format!(
            "{} is not for a terminal; name a file with --output",
            format.name()
        )));
    }
    Ok(Some(format))
}

/// Writes a table to a file, and says so, or to standard output.
pub fn write_table(table: &ResultTable, format: &dyn Format, file: Option<&Path>) -> Result<()> {
    let Some(path) = file else {
        let mut out = BufWriter::with_capacity(1 << 20, std::io::stdout());
        table_written(format.write(table, &mut out))?;
        return written(out.flush());
    };
    replace_file(path, |file| -> std::result::Result<(), TableError> {
        let mut out = BufWriter::with_capacity(1 << 20, file);
        format.write(table, &mut out)?;
        Ok(out.flush()?)
    })
    .map_err(|error| Failure::unavailable(format!("cannot write {}: {error}", path.display())))?;
    anstream::eprintln!("{}: {}", path.display(), plural(table.rows as u64, "row"));
    Ok(())
}
