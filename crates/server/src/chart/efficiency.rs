//! Speed-up and efficiency: how much was done at once, and how much of the slots' time was used.

use paramo_table::Role;
use serde::Serialize;
use utoipa::ToSchema;

use super::Source;
use super::times::Times;
use crate::problem::Result;

const BINS: usize = 200;

#[derive(Debug, Serialize, ToSchema)]
pub struct Efficiency {
    pub kind: &'static str,
    /// From the first start to the last end.
    pub wall_seconds: f64,
    /// The time of all runs one after another.
    pub busy_seconds: f64,
    pub cpu_seconds: f64,
    /// Slots that made at least one run.
    pub slots: usize,
    /// Busy over wall time.
    pub speedup: Option<f64>,
    /// Speed-up over slots.
    pub efficiency: Option<f64>,
    /// The middle of a short time, in seconds, and how many runs ran in it on average.
    pub curve: Vec<Running>,
}

#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub struct Running(pub f64, pub f64);

pub fn of(source: &Source) -> Result<Efficiency> {
    let times = Times::of(source)?;
    let slots = times.slots(source)?.count;
    let busy: f64 = times.spans().map(|span| span.end - span.start).sum();
    let cpu = source.frame.of_role(Role::Cpu);
    let used = |row: usize| cpu.map_or(0.0, |column| column.number(row));
    let cpu = times.rows.iter().map(|row| used(*row)).filter(|x| x.is_finite()).sum();
    let speedup = (times.seconds > 0.0).then(|| busy / times.seconds);
    Ok(Efficiency {
        kind: "efficiency",
        wall_seconds: times.seconds,
        busy_seconds: busy,
        cpu_seconds: cpu,
        slots,
        speedup,
        efficiency: speedup.map(|speedup| speedup / slots.max(1) as f64),
        curve: curve(&times, source.asked.bins.unwrap_or(BINS)),
    })
}

/// The time that runs spent in each bin, over its width. Whole bins are counted where a run enters and leaves them, so that a long
/// run costs no more than a short one.
fn curve(times: &Times, bins: usize) -> Vec<Running> {
    if times.seconds <= 0.0 {
        return Vec::new();
    }
    let width = times.seconds / bins as f64;
    let bin = |t: f64| ((t / width) as usize).min(bins - 1);
    let mut part = vec![0.0; bins];
    let mut whole = vec![0i64; bins + 1];
    for span in times.spans() {
        let (first, last) = (bin(span.start), bin(span.end));
        if first == last {
            part[first] += span.end - span.start;
            continue;
        }
        part[first] += (first + 1) as f64 * width - span.start;
        part[last] += span.end - last as f64 * width;
        whole[first + 1] += 1;
        whole[last] -= 1;
    }
    let mut running = 0;
    let each = part.iter().zip(&whole).enumerate().map(|(at, (part, change))| {
        running += change;
        Running((at as f64 + 0.5) * width, running as f64 + part / width)
    });
    each.collect()
}
