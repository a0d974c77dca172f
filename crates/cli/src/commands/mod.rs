//! The commands, one file each.

mod cancel;
mod choose;
mod docs;
mod doctor;
mod explain;
mod export;
mod extend;
mod generate;
mod job;
mod limits;
mod list;
mod login;
mod logs;
mod mirror;
mod move_;
mod pause;
mod plot;
mod pool;
mod relay;
mod results;
mod retry;
mod rm;
mod run;
pub mod server;
mod site;
mod slots;
mod space;
mod status;
mod suggest;
mod sweep;
mod token;
pub mod ui;
mod watch;
mod why;
mod worker;

use paramo_client::ServerAddress;

use crate::args::{Cli, Command};
use crate::failure::Result;
use crate::store::not_a_server;

/// Carries out a command and gives the exit code.
pub async fn dispatch(cli: Cli) -> Result<u8> {
    let store = match &cli.server {
        // Where everything is, as it could be typed for --store.
        Some(server) => ServerAddress::parse(server)?.of_project(cli.project.as_deref()).typed().into(),
        None => cli.store,
    };
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
        Command::Suggest(args) => suggest::suggest(&store, args).await,
        Command::Limits(args) => limits::limits(&store, args).await,
        Command::Slots(args) => slots::slots(&store, args).await,
        Command::Cancel(args) => cancel::cancel(&store, args).await,
        Command::Extend(args) => extend::extend(&store, args).await,
        Command::Rm(args) => rm::rm(&store, args).await,
        Command::Move(args) => move_::move_study(not_a_server(&store, "move")?, args).await,
        Command::List(args) => list::list(&store, args).await,
        Command::Ui(args) => ui::ui(not_a_server(&store, "ui")?, args).await,
        Command::Server(args) => server::server(not_a_server(&store, "server")?, args).await,
        Command::Worker(args) => worker::worker(cli.server, args).await,
        Command::Relay(args) => relay::relay(args).await,
        Command::Space(args) => space::space(&store, args).await,
        Command::Site(args) => site::site(&store, args.sites, args.command).await,
        Command::Pool(args) => pool::pool(&store, args).await,
        Command::Job(args) => job::job(&store, args.sites, args.command).await,
        Command::Mirror(args) => mirror::mirror(args).await,
        Command::Doctor(args) => doctor::doctor(not_a_server(&store, "doctor")?, args).await,
        Command::Login(args) => login::login(cli.server, args).await,
        Command::Logout(args) => login::logout(cli.server, args),
        Command::Whoami(args) => login::whoami(cli.server, args).await,
        Command::Token(args) => token::token(cli.server, cli.project, args).await,
        Command::Completions(args) => generate::completions(args),
        Command::Man(args) => generate::man(&args),
        Command::Docs(args) => docs::docs(args),
    }
}
