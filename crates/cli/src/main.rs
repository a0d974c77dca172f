//! `paramo`: the binary. Words and tables only; what happens is decided in the floors below.

mod args;
mod commands;
mod elsewhere;
mod exit;
mod failure;
mod job_args;
mod open_engine;
mod output;
mod page;
mod reason;
mod relay_args;
mod remote;
mod server_args;
mod session;
mod site_args;
mod store;
mod study_file;
mod summary_args;
mod table_file;
mod view;
mod watch;
mod wishes;

use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = args::Cli::typed();
    // One thread: the work is done by the runs' own processes, and the worker has threads of its own. A server has many readers.
    let mut builder = match cli.command {
        args::Command::Server(_) | args::Command::Ui(_) => tokio::runtime::Builder::new_multi_thread(),
        _ => tokio::runtime::Builder::new_current_thread(),
    };
    let runtime = match builder.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            anstream::eprintln!("error: cannot start: {error}");
            return ExitCode::from(exit::UNAVAILABLE);
        }
    };
    match runtime.block_on(commands::dispatch(cli)) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            anstream::eprintln!("error: {}", failure.text);
            ExitCode::from(failure.code)
        }
    }
}
