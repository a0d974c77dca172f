//! `paramo status`: how far a study is.

use std::path::Path;

use paramo_design::Space;
use paramo_model::{Seconds, StudyState};

use super::list::{list, part_done, percent, state_words, summary_json, summary_title};
use crate::args::{List, Status};
use crate::exit;
use crate::failure::Result;
use crate::output::print_line;
use crate::reason::{look, reason_json, words};
use crate::store::{Who, open};
use crate::view::{bar, count, local_time};

pub async fn status(directory: &Path, args: Status) -> Result<u8> {
    let Some(study) = args.study else {
        return list(directory, List { json: args.json }).await;
    };
    let place = open(directory, false).await?;
    let row = place.study(&study).await?;
    let summary = row.summary();
    let total = Space::new(&row.study.space, &row.study.application.parameters).map(|space| space.len()).ok();
    let why = look(&place, &row).await?.why;
    if args.json {
        let mut json = summary_json(&place, &summary);
        json["points"] = total.into();
        json["site"] = row.study.run.site.to_string().into();
        json["slots"] = row.study.run.slots_now().into();
        json["done"] = total.map(|total| part_done(&summary, total)).into();
        json["why"] = reason_json(why.as_ref());
        print_line(&json.to_string())?;
        return Ok(exit::OK);
    }
    let counts = &row.counts;
    let mut lines = vec![format!("{}  {}", summary_title(&summary), state_words(&place, &summary))];
    if let Some(total) = total {
        let part = part_done(&summary, total);
        lines.push(format!(
            "  {} {} of {} points, {}",
            bar(part, 30),
            count(counts.done()),
            count(total),
            percent(part)
        ));
    }
    if let Some(why) = why.filter(|why| !why.code.is_over()) {
        lines.push(format!("  waits: {}", words(&why)));
    }
    lines.push(format!("  succeeded  {}", count(counts.succeeded)));
    lines.push(format!("  failed     {}", count(counts.failed)));
    if let Some(left_out) = total
        .filter(|_| row.state == StudyState::Finished)
        .map(|total| total - counts.done())
        .filter(|n| *n > 0)
    {
        lines.push(format!("  left out   {} by the condition", count(left_out)));
    }
    for (cause, n) in &counts.by_cause {
        lines.push(format!("    {cause}: {}", count(*n)));
    }
    if counts.retried > 0 {
        lines.push(format!("  retried    {}", count(counts.retried)));
    }
    if counts.cpu.0 > 0 {
        lines.push(format!("  CPU time   {}", Seconds(counts.cpu.seconds())));
    }
    if !row.study.run.site.is_local() {
        lines.push(format!("  site       {}", row.study.run.site));
    }
    if let Some(slots) = row.study.run.slots_now() {
        lines.push(format!("  slots      {}", count(u64::from(slots))));
    }
    lines.push(format!("  created    {}", local_time(row.created)));
    lines.push(format!("  changed    {}", local_time(row.changed)));
    match place.holder(row.id) {
        Some(Who::Process(pid)) => lines.push(format!("  process    {pid}")),
        Some(Who::Server) => lines.push("  process    the server".to_owned()),
        None => {}
    }
    print_line(&lines.join("\n"))?;
    Ok(exit::OK)
}
