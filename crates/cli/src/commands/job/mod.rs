//! `paramo job`: plain batch scripts on sites, of a store or through a server. What is done is in [`paramo_server::jobs`]; here are words.

mod desk;
mod end;
mod every;
mod follow;
mod look;
mod submit;

use std::path::{Path, PathBuf};

use paramo_server::jobs::{JobError, JobView, Jobs};
use paramo_sites::How;

use crate::args::Job;
use crate::failure::{Failure, Result};
use crate::remote;
use crate::store::{open, server_of};
use desk::Desk;

pub async fn job(store: &Path, sites: Option<PathBuf>, command: Job) -> Result<u8> {
    let desk = |create| async move {
        Ok::<_, Failure>(match server_of(store)? {
            Some(address) => Desk::There(remote::connect(address)?),
            None => Desk::Here(Jobs::new(open(store, create).await?.people()?, sites)),
        })
    };
    match command {
        Job::Submit(args) => submit::submit(&desk(true).await?, *args).await,
        Job::List { all, json } => look::list(&desk(false).await?, all, json).await,
        Job::Show { job, json } => look::show(&desk(false).await?, &job, json).await,
        Job::Output(args) => follow::output(&desk(false).await?, args).await,
        Job::Schedules { json } => every::list(&desk(false).await?, json).await,
        Job::Stop { name } => every::stop(&desk(false).await?, &name).await,
        Job::Wait { jobs } => follow::wait(&desk(false).await?, &jobs).await,
        Job::Cancel { jobs } => end::cancel(&desk(false).await?, &jobs).await,
        Job::Fetch(args) => end::fetch(&desk(false).await?, args).await,
        Job::Rm { jobs } => end::remove(&desk(false).await?, &jobs).await,
    }
}

/// The exit code of a process that stands for a job that has ended.
fn exit_code(job: &JobView) -> u8 {
    // EX_TEMPFAIL: of one that nobody knows any more, the same again may work.
    job.outcome.as_deref().and_then(How::of_word).map_or(75, How::exit_code)
}

/// What is said of a field of what was asked for, by the word of the command line for it.
fn of_field(field: &str, text: &str) -> String {
    let flag = match field {
        "site" | "text" | "pattern" => return text.to_owned(),
        "inputs" | "executables" => "input",
        "outputs" => "output",
        "memory_bytes" => "memory",
        "time_seconds" => "time",
        "index" => "task",
        other => other,
    };
    format!("--{flag} {text}")
}

fn failed(error: JobError) -> Failure {
    let text = error.to_string();
    match error {
        JobError::Store(error) => error.into(),
        JobError::Sites(error) => error.into(),
        JobError::NoJob(_) => Failure::input(format!("{text}; `paramo job list --all` lists them")),
        JobError::NoSchedule(_) => Failure::input(format!("{text}; `paramo job schedules` lists them")),
        JobError::Wrong { field, text } => Failure::input(of_field(field, &text)),
        JobError::NoSites(_) | JobError::State(_) => Failure::input(text),
        JobError::Site { .. } => Failure::unavailable(text),
    }
}
