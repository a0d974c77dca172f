//! A study watched without a terminal: a line now and then, as `paramo run` writes them where lines stay.

use std::time::{Duration, Instant};

use paramo_engine::Code;
use paramo_model::StudyState;
use paramo_store::StudyRow;

use super::source::Source;
use crate::failure::Result;
use crate::output::print_line;
use crate::reason::{reason, words};
use crate::store::{Place, title};
use crate::view::{ProgressLine, count};

/// Prints how far a study is, a line this often at the most, until nobody works on it any more.
pub async fn lines(place: &Place, row: &StudyRow, every: Duration) -> Result<()> {
    let name = title(row);
    let line = ProgressLine::new(name.clone(), false);
    let mut said: Option<(Instant, (u64, u64, bool))> = None;
    loop {
        let mut source = Source::find(place, row.id).await;
        if source.is_nobody() {
            if place.holder(row.id).is_some() {
                // It has only just begun, or it is ending.
                tokio::time::sleep(Duration::from_millis(200)).await;
                continue;
            }
            let row = place.store.study(row.id).await?;
            let counts = &row.counts;
            let state = if row.state == StudyState::Open { "stopped" } else { row.state.word() };
            print_line(&format!(
                "{name}: {state}; {} succeeded, {} failed",
                count(counts.succeeded),
                count(counts.failed)
            ))?;
            return match reason(place, &row, None)
                .filter(|why| !why.code.is_over() && why.code != Code::NotStarted)
            {
                Some(why) => print_line(&format!("{name}: waits: {}", words(&why))),
                None => Ok(()),
            };
        }
        while let Some(moment) = source.next().await {
            let progress = &moment.progress;
            let figures = (progress.done(), progress.running, progress.paused);
            if said.is_none_or(|(at, before)| at.elapsed() >= every && before != figures) {
                said = Some((Instant::now(), figures));
                print_line(&line.text(progress))?;
            }
        }
    }
}
