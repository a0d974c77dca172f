//! `paramo job submit`.

use std::path::{Path, PathBuf};

use paramo_model::Name;
use paramo_sites::{After, How, JobId, Placement, Script, Size, When};
use paramo_store::{AllocationState, NewJob};

use super::{Desk, Terms, away, follow, look, now};
use crate::args::JobSubmit;
use crate::exit;
use crate::failure::{Failure, Result};
use crate::output::print_line;

pub(super) async fn submit(desk: &mut Desk, args: JobSubmit) -> Result<u8> {
    let title = title(&args)?;
    let text = std::fs::read_to_string(&args.script)
        .map_err(|error| Failure::input(format!("{}: {error}", args.script.display())))?;
    if !text.starts_with("#!") {
        return Err(Failure::input(format!(
            "{}: line 1: a batch script begins with a line such as #!/bin/bash",
            args.script.display()
        )));
    }
    desk.site(&args.site)?;
    let after = after(desk, &args).await?;
    let mut script = Script {
        name: Script::name_for(&title).map_err(|error| Failure::unavailable(error.to_string()))?,
        text,
        arguments: args.arguments.clone(),
        inputs: args.inputs.iter().map(|word| input(word)).collect::<Result<_>>()?,
        placement: Placement {
            partition: args.partition.clone(),
            account: args.account.clone(),
            qos: args.qos.clone(),
            constraint: args.constraint.clone(),
            arguments: Vec::new(),
        },
        size: Size {
            nodes: args.nodes,
            tasks: args.tasks,
            cpus: args.cpus,
            memory: args.memory,
            gpus: args.gpus,
            walltime: args.time,
        },
        array: args.array,
        after,
    };
    let terms = Terms {
        script: args.script.display().to_string(),
        arguments: args.arguments.clone(),
        array: args.array.map(|array| array.to_string()),
        outputs: args.outputs.clone(),
        after: args.after.clone(),
    };
    let connection = desk.site(&args.site)?;
    // Nothing is written down of what cannot be brought.
    connection.bring_script(&script).await.map_err(|error| Failure::unavailable(error.to_string()))?;
    let new = NewJob {
        name: script.name.clone(),
        title,
        site: args.site.clone(),
        terms: serde_json::to_string(&terms).unwrap_or_default(),
    };
    let mut job = desk.place.people()?.add_job(&new).await?;
    script.name = job.name.clone();
    match desk.site(&args.site)?.submit_script(&script).await {
        Ok(id) => {
            job.job = Some(id.to_string());
            job.state = AllocationState::Waiting;
            desk.place.people()?.put_job(&job).await?;
        }
        Err(error) if error.is_passing() => {
            return Err(Failure::unavailable(format!(
                "{error}; whether job {number} arrived is found out by `paramo job show {number}`",
                number = job.number
            )));
        }
        Err(error) => {
            job.state = AllocationState::Ended;
            job.detail = format!("was not taken: {error}");
            job.ended = Some(now());
            desk.place.people()?.put_job(&job).await?;
            // Nobody will look for it there; the error that follows says what matters.
            let _ = desk.site(&args.site)?.remove_script(&job.name).await;
            return Err(away(error));
        }
    }
    if args.json {
        print_line(&look::as_json(&job, None).to_string())?;
    } else {
        print_line(&format!(
            "job {} is submitted to {} as {}",
            job.number,
            job.site,
            job.job.as_deref().unwrap_or_default()
        ))?;
    }
    if args.wait {
        return follow::wait_for(desk, vec![job]).await;
    }
    Ok(exit::OK)
}

fn title(args: &JobSubmit) -> Result<String> {
    let given = match &args.name {
        Some(name) => name.clone(),
        None => args.script.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default(),
    };
    let wrong = |problem: &dyn std::fmt::Display| {
        Failure::input(format!("{problem}; name the job by --name, of letters, digits, `_`, `-` and `.`"))
    };
    if given.parse::<i64>().is_ok() {
        return Err(wrong(&format!("`{given}` would be taken for the number of a job")));
    }
    Name::new(&given).map(|name| name.to_string()).map_err(|problem| wrong(&problem))
}

/// A file here, and its name in the job's directory.
fn input(word: &str) -> Result<(String, PathBuf)> {
    let (name, file) = match word.split_once('=') {
        Some((name, file)) => (name.to_owned(), PathBuf::from(file)),
        None => {
            let file = PathBuf::from(word);
            (file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(), file)
        }
    };
    let plain = Path::new(&name).components().all(|part| matches!(part, std::path::Component::Normal(_)));
    if name.is_empty() || !plain || name.starts_with(['.', '-']) || name.chars().any(char::is_control) {
        return Err(Failure::input(format!(
            "--input {word}: expected FILE or NAME=FILE, with a name in the job's directory that does not begin with `.` or `-`"
        )));
    }
    match file.is_file() {
        true => Ok((name, file)),
        false => Err(Failure::input(format!("--input {word}: there is no file {}", file.display()))),
    }
}

/// The jobs that are waited for, by the site's numbers.
async fn after(desk: &mut Desk, args: &JobSubmit) -> Result<Vec<After>> {
    let mut found = Vec::new();
    for word in &args.after {
        let (name, when) = word.rsplit_once(':').unwrap_or((word, "ok"));
        let Some((_, when)) = When::ALL.into_iter().find(|(known, _)| *known == when) else {
            let known = When::ALL.map(|(word, _)| word).join(", ");
            return Err(Failure::input(format!("--after {word}: `{when}` is none of {known}")));
        };
        let mut job = desk.find(name).await?;
        if job.site != args.site {
            return Err(Failure::input(format!(
                "--after {word}: job {} is at {}; a job can only wait for one of its own site",
                job.number, job.site
            )));
        }
        desk.refresh(&mut job).await?;
        if job.state == AllocationState::Ended {
            // The site may have forgotten it.
            let succeeded = job.outcome.as_deref() == Some(How::Succeeded.word().as_str());
            let has_come = match when {
                When::Ended => true,
                When::Succeeded => succeeded,
                When::Failed => job.outcome.is_some() && !succeeded,
                When::Begun => job.job.is_some(),
            };
            match has_come {
                true => continue,
                false => {
                    return Err(Failure::input(format!(
                        "--after {word}: that will not come any more: job {} {}",
                        job.number, job.detail
                    )));
                }
            }
        }
        match job.job.as_deref().and_then(JobId::new) {
            Some(id) => found.push(After { job: id, when }),
            None => {
                return Err(Failure::input(format!(
                    "--after {word}: job {} has not arrived at {}: {}",
                    job.number, job.site, job.detail
                )));
            }
        }
    }
    Ok(found)
}
