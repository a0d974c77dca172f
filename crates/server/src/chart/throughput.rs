//! Throughput: how many runs ended when.

use serde::Serialize;
use utoipa::ToSchema;

use super::Source;
use super::times::{Times, nice, succeeded};
use crate::problem::Result;

const BINS: usize = 120;

#[derive(Debug, Serialize, ToSchema)]
pub struct Throughput {
    pub kind: &'static str,
    /// The first start; `null` without runs.
    pub from: Option<String>,
    pub bin_seconds: f64,
    /// When a bin begins, in seconds, and how many runs in it succeeded and failed.
    pub bins: Vec<Bin>,
}

#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub struct Bin(pub f64, pub u64, pub u64);

pub fn of(source: &Source) -> Result<Throughput> {
    let times = Times::of(source)?;
    let right = succeeded(source);
    let width = nice(times.seconds, source.asked.bins.unwrap_or(BINS));
    let count = if times.rows.is_empty() { 0 } else { (times.seconds / width) as usize + 1 };
    let mut bins: Vec<Bin> = (0..count).map(|bin| Bin(bin as f64 * width, 0, 0)).collect();
    for span in times.spans() {
        if let Some(bin) = bins.get_mut((span.end / width) as usize) {
            match right(span.row) {
                true => bin.1 += 1,
                false => bin.2 += 1,
            }
        }
    }
    Ok(Throughput { kind: "throughput", from: times.from(), bin_seconds: width, bins })
}
