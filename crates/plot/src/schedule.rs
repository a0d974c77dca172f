//! When runs ran, on a common axis of time: for the Gantt chart and the throughput.

use crate::axis::Axis;
use crate::data::Bar;
use crate::facts::Facts;
use crate::kind::Columns;
use crate::numbers::{Numbers, plain};
use crate::request::{AxisScale, Request};

/// A shorter time, in seconds, is none.
const SHORTEST: f64 = 1e-9;

/// Runs with a proper start and end, by slot and start.
pub(crate) struct Schedule {
    pub bars: Vec<Bar>,
    pub from: f64,
    pub to: f64,
    /// Bars left out because they end before they start, or never.
    pub broken: usize,
    /// The unit of the axis, and how many seconds it has.
    pub unit: &'static str,
    pub seconds: f64,
}

impl Schedule {
    /// `what` names the picture in errors.
    pub fn of(what: &str, facts: &Facts, request: &Request) -> Result<Schedule, String> {
        if request.log_x == AxisScale::Log || request.log_y == AxisScale::Log {
            return Err(format!("{what} has no logarithmic axes; leave out the logarithm"));
        }
        let proper = |bar: &&Bar| bar.start.is_finite() && bar.end.is_finite() && bar.end >= bar.start;
        let mut bars: Vec<Bar> = facts.data.bars.iter().filter(proper).copied().collect();
        let broken = facts.data.bars.len() - bars.len();
        let from = bars.iter().map(|bar| bar.start).fold(f64::INFINITY, f64::min);
        let to = bars.iter().map(|bar| bar.end).fold(f64::NEG_INFINITY, f64::max);
        if !(to - from).is_finite() {
            return Err("no run has a start and an end after it".to_string());
        }
        // No clock tells nearer moments apart, and runs per second would be infinite.
        let to = if to - from < SHORTEST { from } else { to };
        let (unit, seconds) = match to - from {
            0.0..180.0 => ("s", 1.0),
            180.0..10_800.0 => ("min", 60.0),
            10_800.0..345_600.0 => ("h", 3600.0),
            _ => ("d", 86_400.0),
        };
        bars.sort_by(|a, b| a.row().cmp(&b.row()).then(a.start.total_cmp(&b.start)));
        Ok(Schedule { bars, from, to, broken, unit, seconds })
    }
}

/// The axis of time since the first start.
pub(crate) fn axis(from: f64, to: f64, unit: &str, seconds: f64) -> Axis {
    let end = if to > from { (to - from) / seconds } else { 1.0 };
    Axis::numbers(format!("time ({unit})"), 0.0, end, false)
}

/// No columns, and why not where some are asked for or nothing has run.
pub(crate) fn columns(what: &str, facts: &Facts, asked: Columns) -> Result<Columns, String> {
    if let Some(column) = [asked.x, asked.y, asked.color].into_iter().flatten().next() {
        let name = &facts.column(column).name;
        return Err(format!("{what} shows when runs ran and no column; leave out `{name}`"));
    }
    match facts.data.bars.is_empty() {
        true => Err("no run has started yet, so there is no time to show".to_string()),
        false => Ok(Columns::default()),
    }
}

pub(crate) fn numbers(bars: &[Bar], from: f64) -> Numbers {
    let mut numbers = Numbers::new(["worker", "slot", "start (s)", "end (s)", "succeeded"]);
    for bar in bars {
        let cells = || {
            let (worker, slot) = bar.row();
            let times = [plain(bar.start - from), plain(bar.end - from)];
            [worker.to_string(), slot.to_string()]
                .into_iter()
                .chain(times)
                .chain([bar.ok.to_string()])
                .collect()
        };
        numbers.push(cells);
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Data;

    #[test]
    fn what_takes_less_than_a_clock_can_tell_takes_no_time() {
        let bar = |end| Bar { worker: 0, slot: 0, start: 5.0, end, ok: true };
        for (ends, lasts) in [([5.0, 5.0 + 1e-12], 0.0), ([5.0, 5.5], 0.5)] {
            let data = Data { bars: ends.map(bar).to_vec(), ..Data::default() };
            let schedule = Schedule::of("it", &Facts::new(&data), &Request::default()).unwrap();
            assert_eq!(schedule.to - schedule.from, lasts);
        }
    }
}
