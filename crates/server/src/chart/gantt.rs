//! Gantt chart: which slot of which worker made which run when.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::Source;
use super::times::{Span, Times, place, succeeded};
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
    let right = succeeded(source);
    let mut slots: BTreeMap<(u32, u32), Vec<Span>> = BTreeMap::new();
    for span in &times.spans {
        slots.entry(place(source, span.row)).or_default().push(*span);
    }
    let merged = times.spans.len() > MOST;
    let each = (MOST / slots.len().max(1)).max(1);
    let rows = slots.into_iter().map(|((worker, slot), mut spans)| {
        spans.sort_by(|a, b| a.start.total_cmp(&b.start));
        let bars = match merged {
            false => {
                spans.iter().map(|s| Bar(s.start, s.end, right(s.row), Some(source.index(s.row)))).collect()
            }
            true => together(source, &spans, times.seconds / each as f64, &right),
        };
        Slot { worker, slot, bars }
    });
    Ok(Gantt { kind: "gantt", from: times.from(), seconds: times.seconds, rows: rows.collect(), merged })
}

/// Bars that begin within the same short time become one.
fn together(source: &Source, spans: &[Span], width: f64, right: &impl Fn(usize) -> bool) -> Vec<Bar> {
    let bin = |span: &Span| if width > 0.0 { (span.start / width) as u64 } else { 0 };
    let groups = spans.chunk_by(|a, b| bin(a) == bin(b));
    let bar = |spans: &[Span]| {
        let end = spans.iter().map(|span| span.end).fold(0.0, f64::max);
        let index = if spans.len() == 1 { Some(source.index(spans[0].row)) } else { None };
        Bar(spans[0].start, end, spans.iter().all(|span| right(span.row)), index)
    };
    groups.map(bar).collect()
}
