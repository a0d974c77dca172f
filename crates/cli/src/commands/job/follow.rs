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
    let mut silent: Vec<String> = Vec::new();
    loop {
        // It is asked as often as it takes: a job does not end because somebody is away.
        let away = desk.refresh_all(&mut jobs).await?;
        for (site, failure) in &away {
            if failure.code != exit::UNAVAILABLE {
                return Err(Failure { code: failure.code, text: failure.text.clone() });
            }
            if !silent.contains(site) {
                anstream::eprintln!("{site}: {}; asking again", failure.text);
            }
        }
        for site in silent.iter().filter(|site| !away.contains_key(*site)) {
            anstream::eprintln!("{site} answers again");
        }
        silent = away.into_keys().collect();
        jobs.retain(|job| {
            let is_open = job.state != AllocationState::Ended;
            if !is_open {
                anstream::eprintln!("job {} ({}) {}", job.number, job.title, job.detail);
                if code == exit::OK {
                    code = exit_code(job);
                }
            }
            is_open
        });
        if jobs.is_empty() {
            return Ok(code);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 5 / 4).min(LATE);
    }
}
