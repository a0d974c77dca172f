//! `paramo job submit`.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use paramo_client::{Server, file_text};
use paramo_server::jobs::{self, JobView, ScheduleView, Submission, Terms};
use serde_json::json;

use super::{Desk, every, failed, follow};
use crate::args::JobSubmit;
use crate::exit;
use crate::failure::{Failure, Result};
use crate::output::print_line;

/// Bytes of files that go along to a server.
const LARGEST: u64 = 10 << 20;

pub(super) async fn submit(desk: &Desk, args: JobSubmit) -> Result<u8> {
    let title = jobs::title(args.name.as_deref(), &args.script).map_err(|problem| {
        Failure::input(format!("{problem}; name the job by --name, of letters, digits, `_`, `-` and `.`"))
    })?;
    let text = std::fs::read_to_string(&args.script)
        .map_err(|error| Failure::input(format!("{}: {error}", args.script.display())))?;
    if !text.starts_with("#!") {
        return Err(Failure::input(format!(
            "{}: line 1: a batch script begins with a line such as #!/bin/bash",
            args.script.display()
        )));
    }
    let inputs = args.inputs.iter().map(|word| input(word)).collect::<Result<Vec<_>>>()?;
    let job = match (desk, &args.every) {
        (Desk::Here(jobs), Some(cron)) => {
            let new = Desk::script(title, args.site.clone(), terms(&args, text, inputs))?;
            let schedule = jobs.schedule(new, cron).await.map_err(failed)?;
            return every::added(desk, &ScheduleView::of(&schedule));
        }
        (Desk::Here(jobs), None) => {
            let new = Desk::script(title, args.site.clone(), terms(&args, text, inputs))?;
            JobView::of(&jobs.send(&new).await.map_err(failed)?)
        }
        (Desk::There(server), Some(_)) => {
            let schedule = Desk::plan(server, &submission(server, &args, title, text, &inputs)?).await?;
            return every::added(desk, &schedule);
        }
        (Desk::There(server), None) => {
            Desk::send(server, &submission(server, &args, title, text, &inputs)?).await?
        }
    };
    if args.json {
        print_line(&json!(job).to_string())?;
    } else {
        let its = job.id.as_deref().unwrap_or_default();
        print_line(&format!("job {} is submitted to {} as {its}", job.job, job.site))?;
    }
    if args.wait {
        return follow::wait_for(desk, vec![job]).await;
    }
    Ok(exit::OK)
}

/// What the words of a command ask for.
fn terms(args: &JobSubmit, text: String, inputs: Vec<(String, PathBuf)>) -> Terms {
    Terms {
        script: args.script.display().to_string(),
        text,
        arguments: args.arguments.clone(),
        array: args.array.map(|array| array.to_string()),
        inputs,
        sent: Vec::new(),
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
    }
}

/// The same for a server, with the files themselves.
fn submission(
    server: &Server,
    args: &JobSubmit,
    title: String,
    text: String,
    inputs: &[(String, PathBuf)],
) -> Result<Submission> {
    let (mut files, mut executables, mut size) = (BTreeMap::new(), Vec::new(), text.len() as u64);
    for (name, file) in inputs {
        let failed = |error: std::io::Error| Failure::input(format!("--input {}: {error}", file.display()));
        let about = std::fs::metadata(file).map_err(failed)?;
        size += about.len();
        if size > LARGEST {
            return Err(Failure::input(format!(
                "--input {}: the files of a job that go to a server have at most {} MiB together; put larger ones where the site sees them",
                file.display(),
                LARGEST >> 20
            )));
        }
        if about.mode() & 0o100 != 0 {
            executables.push(name.clone());
        }
        files.insert(name.clone(), file_text(&std::fs::read(file).map_err(failed)?));
    }
    Ok(Submission {
        project: server.address().project.clone(),
        site: args.site.clone(),
        name: Some(title),
        script: args.script.display().to_string(),
        text,
        arguments: args.arguments.clone(),
        inputs: files,
        executables,
        outputs: args.outputs.clone(),
        array: args.array.map(|array| array.to_string()),
        after: args.after.clone(),
        partition: args.partition.clone(),
        account: args.account.clone(),
        qos: args.qos.clone(),
        constraint: args.constraint.clone(),
        nodes: args.nodes,
        tasks: args.tasks,
        cpus: args.cpus,
        memory_bytes: args.memory.map(|memory| memory.0),
        gpus: args.gpus,
        time_seconds: args.time.map(|time| time.0),
        every: args.every.clone(),
    })
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
    if !jobs::file_name(&name) {
        return Err(Failure::input(format!(
            "--input {word}: expected FILE or NAME=FILE, with a name in the job's directory that does not begin with `.` or `-`"
        )));
    }
    // A schedule reads it later, perhaps from elsewhere.
    let file = absolute(file);
    match file.is_file() {
        true => Ok((name, file)),
        false => Err(Failure::input(format!("--input {word}: there is no file {}", file.display()))),
    }
}

fn absolute(file: PathBuf) -> PathBuf {
    std::path::absolute(Path::new(&file)).unwrap_or(file)
}
