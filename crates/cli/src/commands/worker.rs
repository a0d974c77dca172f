//! `paramo worker`: runs for a server elsewhere.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use paramo_model::{Bytes, Capacity, Seconds};
use paramo_worker::remote::{Address, Ended, Leave, RemoteOptions, Told, last_call, serve};
use paramo_worker::{Launcher, LocalWorker, WorkerOptions};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::server::read_token;
use crate::args::Worker;
use crate::exit;
use crate::failure::{Failure, Result};
use crate::output::print_line;

pub async fn worker(server: Option<String>, args: Worker) -> Result<u8> {
    let begun = Instant::now();
    let server = server.ok_or_else(|| {
        Failure::input("a worker needs a server to work for; name it by --server or PARAMO_SERVER, as in --server https://HOST")
    })?;
    let mut address = Address::parse(&server, args.ca_file.as_ref(), |name| std::env::var(name).ok())
        .map_err(Failure::input)?;
    if let Some(via) = args.by_relay.way() {
        address = address.through(via).map_err(Failure::input)?;
    }
    let token = read_token(&args.token_file)?.reveal().to_owned();
    let capacity = capacity(&args)?;
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let ends = match args.ends_in {
        Some(left) => begun.checked_add(time("--ends-in", left)?),
        None => None,
    };
    let options = RemoteOptions {
        address,
        token,
        name: args.name.clone().unwrap_or_else(|| host.clone()),
        host,
        allocation: args.allocation.clone(),
        capacity: capacity.clone(),
        scratch: args.scratch.clone().unwrap_or_else(scratch),
        sees: sees(&args),
        content: args.content.clone(),
        patience: time("--patience", args.patience)?,
        idle: args.idle.map(|idle| time("--idle", idle)).transpose()?,
        ends,
    };
    let launcher = match &args.launcher {
        Some(words) => {
            Launcher::new(words).map_err(|problem| Failure::input(format!("--launcher: {problem}")))?
        }
        None => Launcher::default(),
    };
    let settings = WorkerOptions { ends: ends.map(last_call), launcher, ..WorkerOptions::default() };
    let link = LocalWorker::start(capacity, settings)
        .map_err(|error| Failure::unavailable(format!("the worker does not start: {error}")))?;
    let leave = heed_signals()?;
    let json = args.json;
    let say = |told: Told| {
        if json {
            // Whoever does not read any more does not want it.
            let _ = print_line(&json!({ "event": told.event, "text": told.text }).to_string());
        } else {
            anstream::eprintln!("{}", told.text);
        }
    };
    if let Some(proxy) = options.address.proxy_passed_over() {
        let text = format!("goes through the relay, and not through the proxy {proxy} of the environment");
        say(Told { event: "notice", text });
    }
    let (ended, progress) = serve(options, Box::new(link), leave, say).await.map_err(Failure::unavailable)?;
    let made = progress.reported;
    let last = match &ended {
        Ended::Settled(_) => format!("{made} runs made; all are handed in"),
        Ended::Abandoned { results, why } => {
            format!(
                "{made} runs made; {results} results are kept for the next worker with this --scratch: {why}"
            )
        }
        Ended::Refused(why) => why.clone(),
    };
    if json {
        let word = match ended {
            Ended::Settled(_) => "ended",
            Ended::Abandoned { .. } => "abandoned",
            Ended::Refused(_) => "refused",
        };
        print_line(&json!({ "event": word, "text": last, "runs": made }).to_string())?;
    }
    match ended {
        Ended::Settled(_) => {
            if !json {
                anstream::eprintln!("{last}");
            }
            Ok(exit::OK)
        }
        Ended::Abandoned { .. } | Ended::Refused(_) => Err(Failure::unavailable(last)),
    }
}

/// The directories of the server that this machine sees, of those that were named.
fn sees(args: &Worker) -> Vec<String> {
    if args.shared_files {
        return vec!["/".to_owned()];
    }
    let (there, missing): (Vec<_>, Vec<_>) = args.shared.iter().partition(|path| path.is_dir());
    for path in missing {
        anstream::eprintln!("{} is not here, so its files are sent", path.display());
    }
    there.iter().map(|path| path.to_string_lossy().into_owned()).collect()
}

/// What this machine gives, but for what was said otherwise.
fn capacity(args: &Worker) -> Result<Capacity> {
    let found = paramo_worker::detect();
    let gpus = match args.gpus.as_deref() {
        None => found.gpus,
        Some("none" | "") => Vec::new(),
        Some(list) => list.split(',').map(|gpu| gpu.trim().to_owned()).collect(),
    };
    let cpus = args.cpus.unwrap_or(found.cpus);
    if !(cpus.is_finite() && cpus > 0.0) {
        return Err(Failure::input(format!("--cpus: expected a number above 0, found {cpus}")));
    }
    let memory: Bytes = args.memory.unwrap_or(found.memory);
    Ok(Capacity { cpus, memory, gpus })
}

fn scratch() -> PathBuf {
    std::env::temp_dir().join(format!("paramo-worker-{}", rustix::process::getuid().as_raw()))
}

fn time(flag: &str, time: Seconds) -> Result<Duration> {
    Duration::try_from_secs_f64(time.0)
        .map_err(|_| Failure::input(format!("{flag}: expected a time such as 1h, found {time}")))
}

/// SIGTERM and Ctrl-C hand back what runs; SIGUSR2 lets what runs end.
fn heed_signals() -> Result<watch::Receiver<Leave>> {
    let open = |kind| {
        signal(kind).map_err(|error| Failure::unavailable(format!("cannot listen to signals: {error}")))
    };
    let mut stops = [open(SignalKind::interrupt())?, open(SignalKind::terminate())?];
    let mut drains = open(SignalKind::user_defined2())?;
    let (say, leave) = watch::channel(Leave::Stay);
    tokio::spawn(async move {
        let [interrupt, terminate] = &mut stops;
        loop {
            let word = tokio::select! {
                _ = interrupt.recv() => Leave::Stop,
                _ = terminate.recv() => Leave::Stop,
                _ = drains.recv() => Leave::Drain,
            };
            if say.send(word).is_err() {
                return;
            }
        }
    });
    Ok(leave)
}
