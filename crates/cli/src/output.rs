//! Standard output: data only, and a reader that has gone away (`| head`) is no failure.

use std::io::{ErrorKind, Write};

use crate::exit;
use crate::failure::{Failure, Result};

/// Prints a line of data.
pub fn print_line(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    written(out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\n")))
}

/// What a write to standard output means for the command.
pub fn written(result: std::io::Result<()>) -> Result<()> {
    match result {
        Ok(()) => Ok(()),
        // As other tools do when their reader has enough: end, quietly.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(exit::OK.into()),
        Err(error) => Err(Failure::unavailable(format!("cannot write to standard output: {error}"))),
    }
}
