//! Gantt chart: which slot of which worker made which run when.

use paramo_table::Parts;
use serde::Serialize;
use utoipa::ToSchema;

use super::Source;
use super::times::{Times, place, succeeded};
use crate::problem::Result;

/// Bars at the most.
const MOST: usize = 5000;

#[derive(Debug, Serialize, ToSchema)]
pub struct Gantt {
    pub kind: &'static str,
    /// The first start; `null` without runs.
    pub from: Option<String>,
    /// From there to the last end.
    pub seconds: f64,
    pub rows: Vec<Slot>,
    /// Neighbours were put together, since there are very many.
    pub merged: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Slot {
    pub worker: u32,
    pub slot: u32,
    pub bars: Vec<Bar>,
}

/// Start and end in seconds, whether all of it succeeded, and the index of the run where it is one.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub struct Bar(pub f64, pub f64, pub bool, pub Option<u64>);

pub fn of(source: &Source) -> Result<Gantt> {
    let times = Times::of(source)?;
    let slots = times.slots(source)?;
    let merged = times.rows.len() > MOST;
    let bars = if merged { together(source, &times, &slots) } else { each(source, &times, &slots) };
    let mut rows: Vec<Slot> = bars.into_iter().map(|bars| Slot { worker: 0, slot: 0, bars }).collect();
    for (slot, first) in rows.iter_mut().zip(slots.firsts(&times.rows)) {
        (slot.worker, slot.slot) = place(source, first.0);
    }
    Ok(Gantt { kind: "gantt", from: times.from(), seconds: times.seconds, rows, merged })
}

/// A bar for each run, by slot.
fn each(source: &Source, times: &Times, slots: &Parts) -> Vec<Vec<Bar>> {
    let right = succeeded(source);
    let mut bars: Vec<Vec<Bar>> = (0..slots.count).map(|_| Vec::new()).collect();
    for (span, slot) in times.spans().zip(slots.of_rows(&times.rows)) {
        bars[slot as usize].push(Bar(span.start, span.end, right(span.row), Some(source.index(span.row))));
    }
    bars.iter_mut().for_each(|bars| bars.sort_by(|a, b| a.0.total_cmp(&b.0)));
    bars
}

/// Runs that begin within the same short time become one bar.
fn together(source: &Source, times: &Times, slots: &Parts) -> Vec<Vec<Bar>> {
    let right = succeeded(source);
    let bins = (MOST / slots.count.max(1)).max(1);
    let width = times.seconds / bins as f64;
    // What begins at the very end is in a bin of its own.
    let mut bars: Vec<Option<Bar>> = (0..slots.count * (bins + 1)).map(|_| None).collect();
    for (span, slot) in times.spans().zip(slots.of_rows(&times.rows)) {
        let bin = if width > 0.0 { ((span.start / width) as usize).min(bins) } else { 0 };
        let right = right(span.row);
        match &mut bars[slot as usize * (bins + 1) + bin] {
            place @ None => *place = Some(Bar(span.start, span.end, right, Some(source.index(span.row)))),
            Some(bar) => {
                let end = bar.1.max(span.end);
                *bar = Bar(bar.0.min(span.start), end, bar.2 && right, None);
            }
        }
    }
    bars.chunks_mut(bins + 1).map(|bars| bars.iter_mut().filter_map(Option::take).collect()).collect()
}
