//! `paramo job output` and `paramo job wait`.

use std::io::Write;
use std::time::Duration;

use paramo_server::jobs::JobView;
use paramo_sites::Array;

use super::{Desk, exit_code};
use crate::args::JobOutput;
use crate::exit;
use crate::failure::{Failure, Result};
use crate::output::written;

/// The first and the longest time between two looks at jobs.
const SOON: Duration = Duration::from_millis(200);
const LATE: Duration = Duration::from_secs(3);

pub(super) async fn output(desk: &Desk, args: JobOutput) -> Result<u8> {
    let mut job = desk.find(&args.job).await?;
    let array = job.array.as_ref().and_then(|array| array.parse::<Array>().ok());
    match (array, args.task) {
        (Some(array), None) => {
            return Err(Failure::input(format!("job {} is the array {array}: say which by --task", job.job)));
        }
        (Some(array), Some(index)) if !array.indices().any(|known| known == index) => {
            return Err(Failure::input(format!("--task {index}: job {} is the array {array}", job.job)));
        }
        (None, Some(index)) => {
            return Err(Failure::input(format!("--task {index}: job {} is no array", job.job)));
        }
        _ => {}
    }
    let (mut offset, mut pause) = (0, SOON);
    let mut is_silent = false;
    loop {
        let before = offset;
        match piece(desk, &mut job, &args, &mut offset).await {
            Ok(()) => {
                if std::mem::take(&mut is_silent) {
                    anstream::eprintln!("it answers again");
                }
                if !args.follow || job.has_ended() {
                    return Ok(exit::OK);
                }
            }
            // A server is started again, and what it printed until then is not asked for twice.
            Err(failure) if args.follow && desk.is_there() && failure.code == exit::UNAVAILABLE => {
                if !std::mem::replace(&mut is_silent, true) {
                    anstream::eprintln!("{}; asking again", failure.text);
                }
            }
            Err(failure) => return Err(failure),
        }
        pause = if offset > before { SOON } else { (pause * 5 / 4).min(LATE) };
        tokio::time::sleep(pause).await;
    }
}

/// Prints what there is beyond an offset.
async fn piece(desk: &Desk, job: &mut JobView, args: &JobOutput, offset: &mut u64) -> Result<()> {
    // Asked before what it printed: of an ended job that is then all there.
    if args.follow {
        desk.refresh(job).await?;
    }
    loop {
        let bytes = desk.output(job, args.error, args.task, *offset).await?;
        if bytes.is_empty() {
            return Ok(());
        }
        *offset += bytes.len() as u64;
        let mut out = std::io::stdout().lock();
        written(out.write_all(&bytes).and_then(|()| out.flush()))?;
    }
}

pub(super) async fn wait(desk: &Desk, words: &[String]) -> Result<u8> {
    let jobs = desk.find_all(words).await?;
    wait_for(desk, jobs).await
}

pub(super) async fn wait_for(desk: &Desk, mut jobs: Vec<JobView>) -> Result<u8> {
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
            let is_open = !job.has_ended();
            if !is_open {
                anstream::eprintln!("job {} ({}) {}", job.job, job.name, job.detail);
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
