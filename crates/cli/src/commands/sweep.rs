//! `paramo sweep`: a study without a file.

use std::path::Path;

use paramo_engine::Changed;
use paramo_model::document;
use paramo_model::{Order, Study};

use super::run::{run_study, runs_there, same_version};
use crate::args::{OrderWord, Sweep};
use crate::failure::{Failure, Result};
use crate::remote::Sent;

pub async fn sweep(directory: &Path, args: Sweep) -> Result<u8> {
    let mut study = study(&args)?;
    let text = document::write_study(&study).map_err(Failure::input)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use paramo_model::document::Origin;

    use crate::args::{Cli, Command};

    fn read(text: &str, directory: &str) -> Study {
        let load = |name: &str| Err(format!("{name} is not there"));
        let parquet = |_: Vec<u8>, _: &str| Err("not here".to_owned());
        let origin = Origin { file: "x".into(), directory: directory.into(), load: &load, parquet: &parquet };
        document::read_study(text, &origin).unwrap_or_else(|found| panic!("{text}\n{found:?}")).study
    }

    #[test]
    fn a_sweep_is_the_same_study_as_its_file() {
        for line in [
            "paramo sweep --param x=1:10 --param mode=a,b -- ./sim --x {x} --mode {mode}",
            "paramo sweep -p x=0:1/101 -o y=json:result -o t=wall-time -o e=exit-code -- python3 model.py {x}",
            "paramo sweep -p x=0:1:0.1 -p k=1e8:2e9/25log -p b=true,false -p n=7 --where x>0.5 --name w.1 -- sim '{x}' \"q\" $y {k} {b} {n}",
            "paramo sweep -p z=5 -p a=1,2.5,nan -p m=1:x -o r=regex:(\\d+)\\s\"' -o c=csv:col --run-cpus 0.5 --memory 1.5GiB --time 90min --retries 3 --order random -- ./a.out {z} {a} {m}",
        ] {
            let Ok(cli) = Cli::try_parse_from(line.split(' ')) else { panic!("{line}") };
            let Command::Sweep(args) = cli.command else { panic!("{line}") };
            let Ok(study) = study(&args) else { continue };
            let text = document::write_study(&study).unwrap();
            let again = read(&text, &study.source);
            assert_eq!(format!("{again:?}"), format!("{study:?}"), "{line}\n{text}");
        }
    }
}
