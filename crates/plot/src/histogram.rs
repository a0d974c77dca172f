//! How one column is distributed: runs per bin, or per text.

use crate::axis::{Axis, Span};
use crate::colour::OK;
use crate::data::{Column, Values};
use crate::facts::{Facts, Levels, left_out, logarithmic, named_axis, runs, sorted};
use crate::frame::Frame;
use crate::kind::{Columns, Drawing, Kind};
use crate::layout::Furniture;
use crate::numbers::{Numbers, plain};
use crate::request::{AxisScale, Request};
use crate::scene::{Mark, Rect};
use crate::stats;

const MOST_BINS: usize = 100;
/// Whole numbers within this range have a bin each.
const MOST_WHOLE: f64 = 40.0;

/// See the module.
pub struct Histogram;

impl Kind for Histogram {
    fn name(&self) -> &'static str {
        "histogram"
    }

    fn help(&self) -> &'static str {
        "how the values of one column are distributed"
    }

    fn fits(&self, facts: &Facts, asked: Columns) -> u32 {
        let alone = asked.x.is_some_and(|x| facts.role(x) == crate::Role::Output);
        match self.columns(facts, asked) {
            Err(_) => 0,
            Ok(_) if alone => 66,
            Ok(_) if facts.varied().is_empty() => 50,
            Ok(_) => 3,
        }
    }

    fn columns(&self, facts: &Facts, asked: Columns) -> Result<Columns, String> {
        let y = asked.y.or(asked.color);
        let x = match (asked.x, y) {
            (Some(_), Some(y)) => {
                return Err(format!(
                    "a histogram shows one column; leave out either its x or `{}`",
                    facts.column(y).name
                ));
            }
            (x, y) => x.or(y).map_or_else(|| facts.output(), |x| facts.must_have_values(x))?,
        };
        Ok(Columns { x: Some(x), ..Columns::default() })
    }

    fn draw(&self, facts: &Facts, columns: Columns, request: &Request) -> Result<Drawing, String> {
        let Some(x) = columns.x else { return Err("a histogram needs a column: x".to_string()) };
        let column = facts.column(x);
        let (axis, edges, counts) = match &column.values {
            Values::Numbers(_) => numbers(column, request.log_x)?,
            Values::Labels { .. } => labels(column)?,
        };
        let total: u64 = counts.iter().sum();
        let missing = match &column.values {
            Values::Numbers(numbers) => numbers.iter().filter(|v| v.is_nan()).count(),
            Values::Labels { codes, .. } => codes.len() - total as usize,
        };
        let highest = counts.iter().copied().max().unwrap_or(0) as f64;
        let log = request.log_y == AxisScale::Log;
        let mut up = match log {
            // A single run must stand above the axis.
            true => Axis::numbers("runs".to_string(), 0.5, (highest * 1.5).max(2.0), true),
            false => Axis::numbers("runs".to_string(), 0.0, highest * 1.05, false),
        };
        up.count_whole();
        let notes = [
            Some(runs(total)),
            (missing > 0).then(|| format!("{missing} without a value")),
            left_out(column),
        ];
        let furniture = Furniture {
            title: facts.title(request),
            notes: notes.into_iter().flatten().collect(),
            grid_y: true,
            ..Furniture::default()
        };
        let mut frame = Frame::new(request, axis, up, furniture)?;
        let plot = frame.plot;
        let height = frame.y.clone();
        let bar = |(i, count): (usize, &u64)| {
            let (x0, x1) = (plot.x0 + edges[i].0 * plot.width(), plot.x0 + edges[i].1 * plot.width());
            // A white gap where bars are wide enough for one.
            let gap = if x1 - x0 > 4.0 { 0.5 } else { 0.0 };
            Rect {
                x0: x0 + gap,
                x1: x1 - gap,
                y0: plot.y1 - height.at(*count as f64) * plot.height(),
                y1: plot.y1,
            }
        };
        let rects: Vec<Rect> = counts.iter().enumerate().filter(|(_, count)| **count > 0).map(bar).collect();
        frame.numbers = Numbers::new(["from", "to", "runs"].map(String::from));
        for (i, count) in counts.iter().enumerate() {
            let [from, to] = [edges[i].0, edges[i].1].map(|place| match &frame.x.span {
                Span::Names(names) => names.get(i).cloned().unwrap_or_default(),
                _ => plain(frame.x.value(place)),
            });
            let Rect { x0, x1, .. } = bar((i, count));
            let place = Rect { x0, x1, ..plot };
            let words = if from == to { from.clone() } else { format!("{from} to {to}") };
            frame.tip(place, || format!("{words}: {}", runs(*count)));
            frame.numbers.push(|| vec![from, to, count.to_string()]);
        }
        frame.push(Mark::Rects { class: "bars", rects, fill: OK, crisp: false });
        Ok(frame.finish())
    }
}

/// The borders of each bin on the axis, from 0 to 1.
type Edges = Vec<(f64, f64)>;

fn numbers(column: &Column, scale: AxisScale) -> Result<(Axis, Edges, Vec<u64>), String> {
    let values = sorted(column);
    let (Some(&lo), Some(&hi)) = (values.first(), values.last()) else {
        return Err(format!("no run has a value for `{}`", column.name));
    };
    let log = logarithmic(scale, column, &values)?;
    let whole = !log && values.iter().all(|v| v.fract() == 0.0) && hi - lo < MOST_WHOLE && hi.abs() < 1e9;
    let (axis, bins) = if whole {
        // Room beside one or two bars, which would fill the picture.
        let room = if hi - lo < 3.0 { 2.5 } else { 0.5 };
        let mut axis = Axis::numbers(column.label(), lo - room, hi + room, false);
        axis.count_whole();
        (axis, (hi - lo + 2.0 * room) as usize)
    } else {
        let axis = Axis::numbers(column.label(), lo, hi, log);
        // The bins are even on the axis, so they are counted there.
        let places: Vec<f64> = values.iter().map(|v| axis.at(*v)).collect();
        (axis, if lo == hi { 5 } else { stats::bins(&places, MOST_BINS) })
    };
    let mut counts = vec![0; bins];
    for v in &values {
        let bin = (axis.at(*v) * bins as f64) as usize;
        counts[bin.min(bins - 1)] += 1;
    }
    let edges = (0..bins).map(|i| (i as f64 / bins as f64, (i + 1) as f64 / bins as f64)).collect();
    Ok((axis, edges, counts))
}

fn labels(column: &Column) -> Result<(Axis, Edges, Vec<u64>), String> {
    let levels = Levels::of(column);
    let mut counts = vec![0; levels.len()];
    for code in levels.codes.iter().filter(|code| **code != Levels::NONE) {
        counts[*code as usize] += 1;
    }
    let n = levels.len() as f64;
    let edges = (0..levels.len()).map(|i| ((i as f64 + 0.15) / n, (i as f64 + 0.85) / n)).collect();
    Ok((named_axis(column, levels.names.unwrap_or_default())?, edges, counts))
}
