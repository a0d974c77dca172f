//! How many runs ended in each moment, with those that failed on top.

use crate::axis::Axis;
use crate::colour::{FAILED, OK};
use crate::facts::{Facts, runs};
use crate::frame::Frame;
use crate::kind::{Columns, Drawing, Kind};
use crate::layout::{Entry, Furniture, Swatch};
use crate::numbers::{Numbers, plain};
use crate::request::Request;
use crate::scene::{INK, Mark, Rect};
use crate::schedule::{self, Schedule};
use crate::ticks::short;

const MOST_BINS: usize = 80;
/// Fewer runs than this in a bin make a ragged outline of chance.
const RUNS_PER_BIN: usize = 20;

/// See the module.
pub struct Throughput;

impl Kind for Throughput {
    fn name(&self) -> &'static str {
        "throughput"
    }

    fn help(&self) -> &'static str {
        "runs that ended per second over time, and how many of them failed"
    }

    fn shows_times(&self) -> bool {
        true
    }

    fn fits(&self, _: &Facts, _: Columns) -> u32 {
        // The Gantt chart says more where nobody asks.
        0
    }

    fn columns(&self, facts: &Facts, asked: Columns) -> Result<Columns, String> {
        schedule::columns("a throughput", facts, asked)
    }

    fn draw(&self, facts: &Facts, _: Columns, request: &Request) -> Result<Drawing, String> {
        let Schedule { bars, from, to, broken, unit, seconds } =
            Schedule::of("a throughput", facts, request)?;
        let bins = (bars.len() / RUNS_PER_BIN).clamp(5, MOST_BINS);
        // Everything may have ended in the same moment.
        let span = if to > from { to - from } else { seconds };
        let width = span / bins as f64;
        let mut ended = vec![[0u64; 2]; bins];
        for bar in &bars {
            let bin = ((bar.end - from) / span * bins as f64) as usize;
            ended[bin.min(bins - 1)][usize::from(bar.ok)] += 1;
        }
        let highest = ended.iter().map(|[bad, good]| bad + good).max().unwrap_or(0) as f64 / width;
        let (per, scale) = match highest {
            ..0.02 => ("h", 3600.0),
            0.02..1.0 => ("min", 60.0),
            _ => ("s", 1.0),
        };
        let failed: u64 = ended.iter().map(|[bad, _]| bad).sum();
        let mean = bars.len() as f64 / span * scale;
        let mut legend = Vec::new();
        if failed > 0 {
            for (colour, label) in [(OK, "succeeded"), (FAILED, "failed")] {
                legend.push(Entry { swatch: Swatch::Patch(colour), label: label.to_string() });
            }
        }
        let notes = [
            Some(format!("{} in bins of {} s", runs(bars.len() as u64), short(width))),
            Some(format!("dashed: mean of {} runs/{per}", short(mean))),
            (failed > 0).then(|| format!("{failed} failed")),
            (broken > 0).then(|| format!("{broken} without a proper start and end left out")),
        ];
        let furniture = Furniture {
            title: facts.title(request),
            legend,
            notes: notes.into_iter().flatten().collect(),
            grid_y: true,
            ..Furniture::default()
        };
        let across = schedule::axis(from, to, unit, seconds);
        let top = (highest * scale * 1.05).min(f64::MAX);
        let up = Axis::numbers(format!("runs ended (1/{per})"), 0.0, top, false);
        let mut frame = Frame::new(request, across, up, furniture)?;
        frame.numbers = Numbers::new(["from (s)", "to (s)", "succeeded", "failed"]);
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        let plot = frame.plot;
        for (i, [failures, successes]) in ended.iter().enumerate() {
            let edge = |i: usize| plot.x0 + i as f64 / bins as f64 * plot.width();
            let height = |count: u64| frame.at_y(count as f64 / width * scale);
            let rect = |y0, y1| Rect { x0: edge(i), x1: edge(i + 1), y0, y1 };
            let whole = rect(height(failures + successes), plot.y1);
            if *successes > 0 {
                good.push(rect(height(*successes), plot.y1));
            }
            if *failures > 0 {
                bad.push(rect(whole.y0, height(*successes)));
            }
            let (start, end) = (i as f64 * width, (i + 1) as f64 * width);
            frame
                .numbers
                .push(|| vec![plain(start), plain(end), successes.to_string(), failures.to_string()]);
            frame.tip(Rect { y0: plot.y0, ..whole }, || {
                format!(
                    "{}–{} s: {} ended, {failures} failed",
                    short(start),
                    short(end),
                    failures + successes
                )
            });
        }
        for (class, rects, fill) in [("succeeded", good, OK), ("failed", bad, FAILED)] {
            if !rects.is_empty() {
                frame.push(Mark::Rects { class, rects, fill, crisp: true });
            }
        }
        let y = frame.at_y(mean);
        let lines = vec![vec![[plot.x0, y], [plot.x1, y]]];
        frame.push(Mark::Lines { class: "axis", lines, stroke: INK, width: 1.2, dash: &[5.0, 3.0] });
        Ok(frame.finish())
    }
}
