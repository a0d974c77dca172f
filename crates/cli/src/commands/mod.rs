//! The commands, one file each.

mod cancel;
mod docs;
mod doctor;
mod explain;
mod export;
mod extend;
mod generate;
mod limits;
mod list;
mod logs;
mod move_;
mod pause;
mod plot;
mod results;
mod retry;
mod rm;
mod run;
mod server;
mod slots;
mod space;
mod status;
mod sweep;
mod watch;
mod why;

use crate::args::{Cli, Command};
use crate::failure::Result;

/// Carries out a command and gives the exit code.
pub async fn dispatch(cli: Cli) -> Result<u8> {
    let store = cli.store;
    match cli.command {
        Command::Run(args) => run::run(&store, args).await,
        Command::Sweep(args) => sweep::sweep(&store, args).await,
        Command::Status(args) => status::status(&store, args).await,
        Command::Results(args) => results::results(&store, args).await,
        Command::Export(args) => export::export(&store, args).await,
        Command::Plot(args) => plot::plot(&store, args).await,
        Command::Logs(args) => logs::logs(&store, args).await,
        Command::Explain(args) => explain::explain(&store, args).await,
        Command::Retry(args) => retry::retry(&store, args).await,
        Command::Watch(args) => watch::watch(&store, args).await,
        Command::Pause(args) => pause::pause(&store, args).await,
        Command::Resume(args) => pause::resume(&store, args).await,
        Command::Why(args) => why::why(&store, args).await,
        Command::Limits(args) => limits::limits(&store, args).await,
        Command::Slots(args) => slots::slots(&store, args).await,
        Command::Cancel(args) => cancel::cancel(&store, args).await,
        Command::Extend(args) => extend::extend(&store, args).await,
        Command::Rm(args) => rm::rm(&store, args).await,
        Command::Move(args) => move_::move_study(&store, args).await,
        Command::List(args) => list::list(&store, args).await,
        Command::Server(args) => server::server(&store, args).await,
        Command::Space(args) => space::space(&store, args).await,
        Command::Doctor(args) => doctor::doctor(&store, args).await,
        Command::Completions(args) => generate::completions(args),
        Command::Man(args) => generate::man(&args),
        Command::Docs(args) => docs::docs(args),
    }
}
