//! `paramo mirror`: a process that stands for a job on a cluster.

use std::io::Write;

use paramo_sites::{Connection, Mirrored, Voice, read_job, read_site};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::args::Mirror;
use crate::failure::{Failure, Result};

/// What stands before each line of our own, so that it is told from what the job prints.
const OWN: &str = "mirror: ";
/// The exit code of a job that nobody knows any more: the same again may work (EX_TEMPFAIL).
const VANISHED: u8 = 75;

/// The job's output is our output, what happens to it goes to standard error.
struct Terminal;

impl Voice for Terminal {
    fn say(&mut self, text: &str) {
        anstream::eprintln!("{OWN}{text}");
    }

    fn print(&mut self, error: bool, bytes: &[u8]) {
        // Who reads may have gone away; the job has not, and its files are still wanted.
        let _ = match error {
            true => std::io::stderr().write_all(bytes),
            false => {
                let mut out = std::io::stdout().lock();
                out.write_all(bytes).and_then(|()| out.flush())
            }
        };
    }
}

pub async fn mirror(args: Mirror) -> Result<u8> {
    let site = read_site(&args.backend)?;
    let job = read_job(&args.job)?;
    let failed = |why: String| Failure::unavailable(why);
    // From here on no signal ends the process before the job is seen to.
    let broken = |error: std::io::Error| failed(format!("cannot wait for signals: {error}"));
    let mut interrupt = signal(SignalKind::interrupt()).map_err(broken)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(broken)?;
    let connection = Connection::to(site).map_err(|error| failed(error.to_string()))?;
    let (stop, stopped) = watch::channel(false);
    let mirror = paramo_sites::Mirror {
        connection: &connection,
        job: &job,
        patience: args.patience.duration(),
        grace: args.grace.duration(),
        stop: stopped,
    };
    let mut voice = Terminal;
    let work = mirror.run(&mut voice);
    tokio::pin!(work);
    let mut word = None;
    let ended = loop {
        tokio::select! {
            ended = &mut work => break ended,
            _ = interrupt.recv() => { word.get_or_insert(130); }
            _ = terminate.recv() => { word.get_or_insert(143); }
        }
        // It looks at the receiver, which is part of the work.
        stop.send_replace(true);
    };
    match ended.map_err(|error| failed(error.to_string()))? {
        Mirrored::Ended(how) => Ok(how.exit_code()),
        Mirrored::Vanished => Ok(VANISHED),
        Mirrored::Stopped => Ok(word.unwrap_or(143)),
    }
}
