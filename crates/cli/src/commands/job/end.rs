//! `paramo job cancel`, `fetch` and `rm`.

use paramo_sites::JobId;
use paramo_store::AllocationState;

use super::{Desk, Terms, away};
use crate::args::JobFetch;
use crate::exit;
use crate::failure::{Failure, Result};
use crate::output::print_line;
use crate::view::plural;

pub(super) async fn cancel(desk: &mut Desk, words: &[String]) -> Result<u8> {
    for mut job in desk.find_all(words).await? {
        desk.refresh(&mut job).await?;
        if job.state == AllocationState::Ended {
            anstream::eprintln!("job {} has ended already: it {}", job.number, job.detail);
            continue;
        }
        let Some(id) = job.job.as_deref().and_then(JobId::new) else {
            return Err(Failure::unavailable(format!(
                "{} does not know job {} yet; try again in a minute",
                job.site, job.number
            )));
        };
        desk.site(&job.site)?.engine.cancel(&[id]).await.map_err(away)?;
        job.state = AllocationState::Ending;
        desk.people.put_job(&job).await?;
        print_line(&format!("job {} is cancelled", job.number))?;
    }
    Ok(exit::OK)
}

pub(super) async fn fetch(desk: &mut Desk, args: JobFetch) -> Result<u8> {
    let job = desk.find(&args.job).await?;
    let patterns = if args.patterns.is_empty() { Terms::of(&job).outputs } else { args.patterns };
    if patterns.is_empty() {
        return Err(Failure::input(format!(
            "say what is to be fetched, as in `paramo job fetch {} '*.csv'`: --output said nothing when it was submitted",
            job.number
        )));
    }
    let connection = desk.site(&job.site)?;
    let (count, without) = connection
        .fetch_from_script(&job.name, &patterns, &args.into)
        .await
        .map_err(|error| Failure::unavailable(error.to_string()))?;
    print_line(&format!("{} fetched into {}", plural(count as u64, "file"), args.into.display()))?;
    match without.is_empty() {
        true => Ok(exit::OK),
        false => {
            Err(Failure::unavailable(format!("job {} has left no {}", job.number, without.join(", no "))))
        }
    }
}

pub(super) async fn remove(desk: &mut Desk, words: &[String]) -> Result<u8> {
    for mut job in desk.find_all(words).await? {
        desk.refresh(&mut job).await?;
        if job.state != AllocationState::Ended {
            return Err(Failure::input(format!(
                "job {} has not ended; `paramo job cancel {}` ends it",
                job.number, job.number
            )));
        }
        let connection = desk.site(&job.site)?;
        connection.remove_script(&job.name).await.map_err(|error| Failure::unavailable(error.to_string()))?;
        desk.people.delete_job(job.number).await?;
        print_line(&format!("job {} is removed", job.number))?;
    }
    Ok(exit::OK)
}
