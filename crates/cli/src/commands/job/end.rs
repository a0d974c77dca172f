//! `paramo job cancel`, `fetch` and `rm`.

use super::Desk;
use crate::args::JobFetch;
use crate::exit;
use crate::failure::{Failure, Result};
use crate::output::print_line;
use crate::view::plural;

pub(super) async fn cancel(desk: &Desk, words: &[String]) -> Result<u8> {
    for mut job in desk.find_all(words).await? {
        desk.refresh(&mut job).await?;
        if job.has_ended() {
            anstream::eprintln!("job {} has ended already: it {}", job.job, job.detail);
            continue;
        }
        desk.cancel(&job).await?;
        print_line(&format!("job {} is cancelled", job.job))?;
    }
    Ok(exit::OK)
}

pub(super) async fn fetch(desk: &Desk, args: JobFetch) -> Result<u8> {
    let job = desk.find(&args.job).await?;
    let patterns = if args.patterns.is_empty() { job.outputs.clone() } else { args.patterns };
    if patterns.is_empty() {
        return Err(Failure::input(format!(
            "say what is to be fetched, as in `paramo job fetch {} '*.csv'`: --output said nothing when it was submitted",
            job.job
        )));
    }
    let (count, without) = desk.fetch(&job, &patterns, &args.into).await?;
    print_line(&format!("{} fetched into {}", plural(count as u64, "file"), args.into.display()))?;
    match without.is_empty() {
        true => Ok(exit::OK),
        false => Err(Failure::unavailable(format!("job {} has left no {}", job.job, without.join(", no ")))),
    }
}

pub(super) async fn remove(desk: &Desk, words: &[String]) -> Result<u8> {
    for mut job in desk.find_all(words).await? {
        desk.refresh(&mut job).await?;
        if !job.has_ended() {
            return Err(Failure::input(format!(
                "job {} has not ended; `paramo job cancel {}` ends it",
                job.job, job.job
            )));
        }
        desk.remove(&job).await?;
        print_line(&format!("job {} is removed", job.job))?;
    }
    Ok(exit::OK)
}
