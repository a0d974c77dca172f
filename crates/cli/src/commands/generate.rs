//! `paramo completions` and `paramo man`: made from the command line's own definition.

use clap::CommandFactory;

use crate::args::{Cli, Completions, Man};
use crate::exit;
use crate::failure::{Result, cannot_write};

pub fn completions(args: Completions) -> Result<u8> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "paramo", &mut script);
    crate::output::written(std::io::Write::write_all(&mut std::io::stdout().lock(), &script))?;
    Ok(exit::OK)
}

pub fn man(args: &Man) -> Result<u8> {
    let directory = &args.directory;
    std::fs::create_dir_all(directory)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), directory))
        .map_err(cannot_write(&directory.display().to_string()))?;
    Ok(exit::OK)
}
