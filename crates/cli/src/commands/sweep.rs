//! `paramo sweep`: a study without a file.

use std::path::Path;

use paramo_engine::Changed;
use paramo_model::document;
use paramo_model::{Order, Study};

use super::run::{run_study, runs_there, same_version};
use crate::args::{OrderWord, Sweep};
use crate::failure::{Failure, Result};
use crate::remote::{self, Sent};

pub async fn sweep(directory: &Path, args: Sweep) -> Result<u8> {
    let mut study = study(&args)?;
    let text = remote::sweep_text(&args, &study)?;
    let sent = Sent { text, directory: args.directory.clone(), ..Sent::default() };
    // The same command typed again goes on; another one with the same program is another study.
    let mut changed = Changed::Refuse;
    if let Some(place) = crate::store::there(directory).await? {
        runs_there(&place, &mut study, args.directory.as_deref()).await?;
        let newest = place.store.find(place.project(), study.name.as_str(), None).await?;
        if let (Some(newest), None) = (newest, same_version(&place, &study).await?) {
            changed = Changed::NewVersion;
            if !args.making.quiet {
                let (name, version) = (&study.name, newest.version + 1);
                anstream::eprintln!(
                    "note: there is another study {name}; this one is {name}@{version} (choose a name with --name)"
                );
            }
        }
    }
    run_study(directory, study, &sent, changed, &args.making).await
}

/// The study that a command line describes. It is written as the document it would be in a file, so that every check and message is
/// the same.
pub fn study(args: &Sweep) -> Result<Study> {
    let source = std::env::current_dir()
        .map_err(|error| Failure::unavailable(format!("cannot find the current directory: {error}")))?
        .into_os_string()
        .into_string()
        .map_err(|path| Failure::input(format!("the directory {} is not valid UTF-8", path.display())))?;
    let request = document::SweepRequest {
        name: args.name.as_deref(),
        command: &args.command,
        parameters: &args.params,
        outputs: &args.outputs,
        condition: args.condition.as_deref(),
        cpus: args.run_cpus,
        memory: args.memory.as_deref(),
        time: args.time.as_deref(),
        source: &source,
    };
    let mut study = document::read_sweep(&request).map_err(|diagnostics| {
        Failure::input(diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\nerror: "))
    })?;
    study.run.retry.count = args.retries;
    study.run.order = match args.order {
        OrderWord::Sequential => Order::Sequential,
        OrderWord::Reverse => Order::Reverse,
        OrderWord::Random => Order::Random(0),
        OrderWord::Coarse => Order::Coarse,
    };
    if let Err(found) = paramo_design::Space::new(&study.space, &study.application.parameters) {
        return Err(Failure::input(
            found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\nerror: "),
        ));
    }
    Ok(study)
}
