//! `paramo job output` and `paramo job wait`.

use std::io::Write;
use std::time::Duration;

use paramo_store::{AllocationState, Job as Row};

use super::{Desk, Terms, exit_code};
use crate::args::JobOutput;
use crate::exit;
use crate::failure::{Failure, Result};
use crate::output::written;

/// The first and the longest time between two looks at jobs.
const SOON: Duration = Duration::from_millis(200);
const LATE: Duration = Duration::from_secs(3);

pub(super) async fn output(desk: &mut Desk, args: JobOutput) -> Result<u8> {
    let mut job = desk.find(&args.job).await?;
    let array = Terms::of(&job).array();
    match (array, args.task) {
        (Some(array), None) => {
            return Err(Failure::input(format!(
                "job {} is the array {array}: say which by --task",
                job.number
            )));
        }
        (Some(array), Some(index)) if !array.indices().any(|known| known == index) => {
            return Err(Failure::input(format!("--task {index}: job {} is the array {array}", job.number)));
        }
        (None, Some(index)) => {
            return Err(Failure::input(format!("--task {index}: job {} is no array", job.number)));
        }
        _ => {}
    }
    let (mut offset, mut pause) = (0, SOON);
    loop {
        // Asked before what it printed: of an ended job that is then all there.
        if args.follow {
            desk.refresh(&mut job).await?;
        }
        let connection = desk.site(&job.site)?;
        let path = connection.script_output(&job.name, args.error, args.task);
        let before = offset;
        loop {
            let bytes = connection.access.read_beyond(&path, offset).await;
            let bytes = bytes.map_err(|error| Failure::unavailable(error.to_string()))?;
            if bytes.is_empty() {
                break;
            }
            offset += bytes.len() as u64;
            let mut out = std::io::stdout().lock();
            written(out.write_all(&bytes).and_then(|()| out.flush()))?;
        }
        if !args.follow || job.state == AllocationState::Ended {
            return Ok(exit::OK);
        }
        pause = if offset > before { SOON } else { (pause * 5 / 4).min(LATE) };
        tokio::time::sleep(pause).await;
    }
}

pub(super) async fn wait(desk: &mut Desk, words: &[String]) -> Result<u8> {
    let jobs = desk.find_all(words).await?;
    wait_for(desk, jobs).await
}

pub(super) async fn wait_for(desk: &mut Desk, mut jobs: Vec<Row>) -> Result<u8> {
    let mut code = exit::OK;
    let mut pause = SOON;
    let mut silent = false;
    while !jobs.is_empty() {
        let mut open = Vec::new();
        for mut job in jobs {
            match desk.refresh(&mut job).await {
                Ok(_) => {
                    if std::mem::take(&mut silent) {
                        anstream::eprintln!("{} answers again", job.site);
                    }
                }
                // It is asked as often as it takes: the job does not end because somebody is away.
                Err(error) if error.code == exit::UNAVAILABLE => {
                    if !std::mem::replace(&mut silent, true) {
                        anstream::eprintln!("{}; asking again", error.text);
                    }
                }
                Err(error) => return Err(error),
            }
            if job.state != AllocationState::Ended {
                open.push(job);
                continue;
            }
            anstream::eprintln!("job {} ({}) {}", job.number, job.title, job.detail);
            if code == exit::OK {
                code = exit_code(&job);
            }
        }
        jobs = open;
        if !jobs.is_empty() {
            tokio::time::sleep(pause).await;
            pause = (pause * 5 / 4).min(LATE);
        }
    }
    Ok(code)
}
