//! When each run ran, in rows of slots, worker by worker.

use crate::axis::Axis;
use crate::colour::{FAILED, OK};
use crate::data::Bar;
use crate::facts::{Facts, runs};
use crate::frame::Frame;
use crate::kind::{Columns, Drawing, Kind};
use crate::layout::{Entry, Furniture, Swatch};
use crate::request::Request;
use crate::scene::{Mark, Rect};
use crate::schedule::{self, Schedule};
use crate::ticks;

/// Up to this many bars are drawn one by one, with gaps between them.
const MOST_BARS: usize = 4000;
/// The width of a column in which many bars become one, in pixels: a device pixel of the PNG.
const PIXEL: f64 = 0.5;

/// Shares of failed runs are told apart in this many steps.
const STEPS: f64 = 10.0;

/// See the module.
pub struct Gantt;

impl Kind for Gantt {
    fn name(&self) -> &'static str {
        "gantt"
    }

    fn help(&self) -> &'static str {
        "when each run ran on which slot, and whether it succeeded"
    }

    fn shows_times(&self) -> bool {
        true
    }

    fn fits(&self, facts: &Facts, asked: Columns) -> u32 {
        u32::from(asked == Columns::default() && !facts.data.bars.is_empty())
    }

    fn columns(&self, facts: &Facts, asked: Columns) -> Result<Columns, String> {
        schedule::columns("a Gantt chart", facts, asked)
    }

    fn draw(&self, facts: &Facts, _: Columns, request: &Request) -> Result<Drawing, String> {
        let Schedule { bars, from, to, broken, unit, seconds } =
            Schedule::of("a Gantt chart", facts, request)?;
        let mut slots: Vec<(u32, u32)> = bars.iter().map(Bar::row).collect();
        slots.dedup();
        let several = slots.iter().any(|(worker, _)| *worker != slots[0].0);
        let workers = slots.chunk_by(|a, b| a.0 == b.0).count();

        let failed = bars.iter().filter(|bar| !bar.ok).count();
        let busy: f64 = bars.iter().map(|bar| bar.end - bar.start).sum();
        let room = (to - from) * slots.len() as f64;
        let notes = [
            Some(format!(
                "{} on {} {}{}",
                runs(bars.len() as u64),
                slots.len(),
                if slots.len() == 1 { "slot" } else { "slots" },
                if several { format!(" of {workers} workers") } else { String::new() }
            )),
            (room > 0.0).then(|| format!("busy {:.1} % of the time", (busy / room * 100.0).min(100.0))),
            (failed > 0).then(|| format!("{failed} failed")),
            (broken > 0).then(|| format!("{broken} without a proper start and end left out")),
        ];
        let entry = |colour, label: &str| Entry { swatch: Swatch::Patch(colour), label: label.to_string() };
        let legend =
            if failed > 0 { vec![entry(OK, "succeeded"), entry(FAILED, "failed")] } else { Vec::new() };
        let furniture = Furniture {
            title: facts.title(request),
            legend,
            notes: notes.into_iter().flatten().collect(),
            grid_x: true,
            ..Furniture::default()
        };
        let across = schedule::axis(from, to, unit, seconds);
        let mut up = Axis::names(
            if several { "worker : slot" } else { "slot" }.to_string(),
            slots.iter().map(|row| label(*row, several)).collect(),
        );
        up.flip = true;
        let mut frame = Frame::new(request, across, up, furniture)?;
        frame.numbers = schedule::numbers(&bars, from);
        let (good, bad) = rectangles(&frame, &bars, from, seconds);
        for (class, rects, fill) in [("succeeded", good, OK), ("failed", bad, FAILED)] {
            if !rects.is_empty() {
                frame.push(Mark::Rects { class, rects, fill, crisp: true });
            }
        }
        tips(&mut frame, &bars, from, seconds);
        Ok(frame.finish())
    }
}

/// The name of a row; the worker is left out where there is one.
fn label((worker, slot): (u32, u32), several: bool) -> String {
    if several { format!("{worker} : {slot}") } else { slot.to_string() }
}

fn tips(frame: &mut Frame, bars: &[Bar], from: f64, seconds: f64) {
    if bars.len() > MOST_BARS {
        return;
    }
    let rows = bars.chunk_by(|a, b| a.row() == b.row());
    let height = frame.plot.height() / rows.clone().count().max(1) as f64;
    for (i, row) in rows.enumerate() {
        let y0 = frame.plot.y0 + i as f64 * height;
        for bar in row {
            let (x0, x1) = (frame.at_x((bar.start - from) / seconds), frame.at_x((bar.end - from) / seconds));
            frame.tip(Rect { x0, x1: x1.max(x0 + 1.0), y0, y1: y0 + height }, || {
                let end = if bar.ok { "" } else { ", failed" };
                let several = bars[0].worker != bars[bars.len() - 1].worker;
                format!("slot {}: {} s{end}", label(bar.row(), several), ticks::short(bar.end - bar.start))
            });
        }
    }
}

/// What succeeded and what failed, as rectangles. `bars` are sorted by slot.
fn rectangles(frame: &Frame, bars: &[Bar], from: f64, seconds: f64) -> (Vec<Rect>, Vec<Rect>) {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    let rows = bars.chunk_by(|a, b| a.row() == b.row());
    let height = frame.plot.height() / rows.clone().count().max(1) as f64;
    let place = |t: f64| frame.at_x((t - from) / seconds);
    // Slots that would be lower than a device pixel share one.
    let together = (PIXEL / height).ceil().max(1.0) as usize;
    let rows: Vec<&[Bar]> = rows.collect();
    for (i, slots) in rows.chunks(together).enumerate() {
        let y0 = frame.plot.y0 + i as f64 * together as f64 * height;
        let gap = if height > 6.0 { height * 0.1 } else { 0.0 };
        let rect =
            |x0: f64, x1: f64| Rect { x0, x1, y0: y0 + gap, y1: y0 + slots.len() as f64 * height - gap };
        if bars.len() <= MOST_BARS {
            for bar in slots.iter().copied().flatten() {
                let (x0, x1) = (place(bar.start), place(bar.end));
                // Neighbours are told apart by a gap where there is room; the shortest run is still seen.
                let x1 = if x1 - x0 > 3.0 { x1 - 0.5 } else { x1.max(x0 + 1.0) };
                if bar.ok { &mut good } else { &mut bad }.push(rect(x0, x1));
            }
            continue;
        }
        let x = |column: usize| (frame.plot.x0 + column as f64 * PIXEL).min(frame.plot.x1);
        let mut start = 0;
        for run in shares(frame, slots, &place).chunk_by(|a, b| a == b) {
            let whole = rect(x(start), x(start + run.len()));
            start += run.len();
            let Some(share) = run[0] else { continue };
            let room = whole.y1 - whole.y0;
            // A row that is high enough shows how many failed; a lower one what most did.
            let part = f64::from(share) / STEPS;
            let failed = match share {
                0 => 0.0,
                _ if room >= 3.0 => (part * room).max(1.0),
                _ => (part * 2.0).floor().min(1.0) * room,
            };
            if failed < room {
                good.push(Rect { y1: whole.y1 - failed, ..whole });
            }
            if failed > 0.0 {
                bad.push(Rect { y0: whole.y1 - failed, ..whole });
            }
        }
    }
    (good, bad)
}

/// How much of what ran in each column of pixels failed, in steps; `None` where nothing ran.
fn shares(frame: &Frame, slots: &[&[Bar]], place: &dyn Fn(f64) -> f64) -> Vec<Option<u8>> {
    let columns = (frame.plot.width() / PIXEL).ceil() as usize + 1;
    let mut time = vec![[0.0; 2]; columns];
    for bar in slots.iter().copied().flatten() {
        let column = |t: f64| ((place(t) - frame.plot.x0) / PIXEL).clamp(0.0, columns as f64 - 1.0);
        let (from, to) = (column(bar.start), column(bar.end));
        for (i, time) in time.iter_mut().enumerate().take(to as usize + 1).skip(from as usize) {
            let part = (to.min(i as f64 + 1.0) - from.max(i as f64)).max(1e-9);
            time[usize::from(bar.ok)] += part;
        }
    }
    let share = |[failed, ok]: [f64; 2]| match failed + ok {
        0.0 => None,
        // The smallest share is still a step.
        all => Some((failed / all * STEPS).round().max(f64::from(u8::from(failed > 0.0))) as u8),
    };
    time.into_iter().map(share).collect()
}
