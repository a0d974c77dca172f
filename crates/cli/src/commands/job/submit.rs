//! `paramo job submit`.

use std::path::{Path, PathBuf};

use paramo_model::Name;
use paramo_sites::{After, How, JobId, Placement, Script, Size, When};
use paramo_store::{AllocationState, Job as Row, NewJob};

use super::{Desk, Terms, away, every, follow, look, now};
use crate::args::JobSubmit;
use crate::exit;
use crate::failure::{Failure, Result};
use crate::output::print_line;

pub(super) async fn submit(desk: &mut Desk, args: JobSubmit) -> Result<u8> {
    let title = title(&args)?;
    let terms = terms(&args)?;
    desk.site(&args.site)?;
    if let Some(cron) = &args.every {
        return every::add(desk, title, cron, &args.site, &terms).await;
    }
    let job = send(desk, &title, &args.site, &terms).await?;
    if args.json {
        print_line(&look::as_json(&job, None).to_string())?;
    } else {
        let its = job.job.as_deref().unwrap_or_default();
        print_line(&format!("job {} is submitted to {} as {its}", job.number, job.site))?;
    }
    if args.wait {
        return follow::wait_for(desk, vec![job]).await;
    }
    Ok(exit::OK)
}

/// What the words of a command ask for.
fn terms(args: &JobSubmit) -> Result<Terms> {
    let text = std::fs::read_to_string(&args.script)
        .map_err(|error| Failure::input(format!("{}: {error}", args.script.display())))?;
    if !text.starts_with("#!") {
        return Err(Failure::input(format!(
            "{}: line 1: a batch script begins with a line such as #!/bin/bash",
            args.script.display()
        )));
    }
    Ok(Terms {
        script: args.script.display().to_string(),
        text,
        arguments: args.arguments.clone(),
        array: args.array.map(|array| array.to_string()),
        inputs: args.inputs.iter().map(|word| input(word)).collect::<Result<_>>()?,
        outputs: args.outputs.clone(),
        after: args.after.clone(),
        partition: args.partition.clone(),
        account: args.account.clone(),
        qos: args.qos.clone(),
        constraint: args.constraint.clone(),
        nodes: args.nodes,
        tasks: args.tasks,
        cpus: args.cpus,
        memory: args.memory,
        gpus: args.gpus,
        time: args.time,
    })
}

/// Brings a script to its site and submits it: it is written down in between.
pub(super) async fn send(desk: &mut Desk, title: &str, site: &str, terms: &Terms) -> Result<Row> {
    let script = Script {
        name: Script::name_for(title).map_err(|error| Failure::unavailable(error.to_string()))?,
        text: terms.text.clone(),
        arguments: terms.arguments.clone(),
        inputs: terms.inputs.clone(),
        placement: Placement {
            partition: terms.partition.clone(),
            account: terms.account.clone(),
            qos: terms.qos.clone(),
            constraint: terms.constraint.clone(),
            arguments: Vec::new(),
        },
        size: Size {
            nodes: terms.nodes,
            tasks: terms.tasks,
            cpus: terms.cpus,
            memory: terms.memory,
            gpus: terms.gpus,
            walltime: terms.time,
        },
        array: terms.array(),
        after: after(desk, &terms.after, site).await?,
    };
    // Nothing is written down of what cannot be brought.
    let brought = desk.site(site)?.bring_script(&script).await;
    brought.map_err(|error| Failure::unavailable(error.to_string()))?;
    let new = NewJob {
        name: script.name.clone(),
        title: title.to_owned(),
        site: site.to_owned(),
        // The script itself is at the site from here on.
        terms: serde_json::to_string(&Terms { text: String::new(), ..terms.clone() }).unwrap_or_default(),
    };
    let mut job = desk.people.add_job(&new).await?;
    match desk.site(site)?.submit_script(&script).await {
        Ok(id) => {
            job.job = Some(id.to_string());
            job.state = AllocationState::Waiting;
            desk.people.put_job(&job).await?;
            Ok(job)
        }
        Err(error) if error.is_passing() => Err(Failure::unavailable(format!(
            "{error}; whether job {number} arrived is found out by `paramo job show {number}`",
            number = job.number
        ))),
        Err(error) => {
            job.state = AllocationState::Ended;
            job.detail = format!("was not taken: {error}");
            job.ended = Some(now());
            desk.people.put_job(&job).await?;
            // Nobody will look for it there; the error that follows says what matters.
            let _ = desk.site(site)?.remove_script(&job.name).await;
            Err(away(error))
        }
    }
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
    // A schedule reads it later, perhaps from elsewhere.
    let file = std::path::absolute(&file).unwrap_or(file);
    match file.is_file() {
        true => Ok((name, file)),
        false => Err(Failure::input(format!("--input {word}: there is no file {}", file.display()))),
    }
}

/// The jobs that are waited for, by the site's numbers.
async fn after(desk: &mut Desk, words: &[String], site: &str) -> Result<Vec<After>> {
    let mut found = Vec::new();
    for word in words {
        let (name, when) = word.rsplit_once(':').unwrap_or((word, "ok"));
        let Some((_, when)) = When::ALL.into_iter().find(|(known, _)| *known == when) else {
            let known = When::ALL.map(|(word, _)| word).join(", ");
            return Err(Failure::input(format!("--after {word}: `{when}` is none of {known}")));
        };
        let mut job = desk.find(name).await?;
        if job.site != site {
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
