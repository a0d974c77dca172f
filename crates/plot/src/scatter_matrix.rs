//! Every column over every other in small panels: dots below the diagonal, histograms on it, rank correlations above.
//!
//! After J. A. Hartigan (1975), "Printer graphics for clustering", Journal of Statistical Computation and Simulation 4:187.

use crate::axis::Axis;
use crate::colour::{OK, SERIES, mix};
use crate::data::Values;
use crate::facts::{Facts, Levels, runs};
use crate::font;
use crate::frame::Frame;
use crate::kind::{Columns, Drawing, Kind};
use crate::layout::{Entry, Furniture, LABEL, LEADING, NOTE, Swatch, side_ticks, upright_ticks};
use crate::numbers::Numbers;
use crate::request::{AxisScale, Request};
use crate::scatter::places;
use crate::scene::{Anchor, GRID, INK, Mark, Rect, Rgb, Shape, WHITE};
use crate::stats;
use crate::ticks::{minus, short};

/// Panels of more columns than this would be stamps, unless they are asked for.
const MOST: usize = 6;
/// Above this many runs their density is drawn, in cells.
const MOST_DOTS: usize = 1000;
/// Cells on a side of a panel.
const CELLS: usize = 40;
/// A row without a value.
const NO_CELL: u8 = u8::MAX;
/// Ranks of more runs than this add nothing but time.
const MOST_RANKED: usize = 20_000;
const MOST_BINS: usize = 15;
/// Values of a grid that have a bar each.
const MOST_BARS: usize = 30;
const GAP: f64 = 5.0;
/// For the numbers at the left side, in pixels.
const TICKS: f64 = 40.0;

/// See the module.
pub struct ScatterMatrix;

impl Kind for ScatterMatrix {
    fn name(&self) -> &'static str {
        "scatter-matrix"
    }

    fn help(&self) -> &'static str {
        "every parameter and an output over every other: dots, histograms, rank correlations"
    }

    fn size(&self) -> (u32, u32) {
        (640, 600)
    }

    fn takes_many(&self) -> bool {
        true
    }

    fn fits(&self, facts: &Facts, asked: Columns) -> u32 {
        let varied = facts.varied();
        let sampled = varied.iter().any(|c| facts.sampled(*c));
        match (self.columns(facts, asked), varied.len()) {
            (Err(_), _) => 0,
            (Ok(_), 3..MOST) if sampled => 62,
            (Ok(_), _) => u32::from(facts.output().is_ok()),
        }
    }

    fn columns(&self, facts: &Facts, asked: Columns) -> Result<Columns, String> {
        if let Some(column) = asked.x.or(asked.y) {
            let name = &facts.column(column).name;
            return Err(format!("a scatter matrix has no x and y; name `{name}` in the list of columns"));
        }
        if let Some(color) = asked.color {
            let column = facts.column(color);
            if facts.distinct(color) > SERIES.len() {
                return Err(format!(
                    "`{}` has {} different values, and {} colours can be told apart; choose another column for the colour",
                    column.name,
                    facts.distinct(color),
                    SERIES.len()
                ));
            }
            facts.must_have_values(color)?;
        }
        match facts.varied().len() + facts.output().iter().len() {
            0 => {
                Err("a scatter matrix needs columns with different values, and the table has none"
                    .to_string())
            }
            _ => Ok(Columns { color: asked.color, ..Columns::default() }),
        }
    }

    fn describe(&self, facts: &Facts, columns: Columns) -> String {
        columns.color.map_or_else(String::new, |c| format!(", coloured by `{}`", facts.column(c).name))
    }

    fn draw(&self, facts: &Facts, columns: Columns, request: &Request) -> Result<Drawing, String> {
        let mut shown = facts.named(&request.columns)?;
        let mut hidden = 0;
        if shown.is_empty() {
            shown = facts.varied();
            hidden = shown.len().saturating_sub(MOST - 1);
            shown.truncate(MOST - 1);
            shown.extend(facts.output().ok().filter(|c| !shown.contains(c)));
        }
        if shown.len() < 2 {
            return Err("a scatter matrix needs at least two columns with values".to_string());
        }
        let sides = shown.iter().map(|c| Side::of(facts, *c)).collect::<Result<Vec<Side>, String>>()?;
        let rows = facts.data.rows();
        let dense = rows > MOST_DOTS;
        let levels = columns
            .color
            .filter(|_| !dense)
            .map(|color| (facts.column(color), Levels::of(facts.column(color))));
        let notes = [
            Some(runs(rows as u64)),
            dense.then(|| "darker: more runs".to_string()),
            (dense && columns.color.is_some()).then(|| "too many for colours".to_string()),
            Some("ρ: Spearman’s rank correlation".to_string()),
            (hidden > 0).then(|| format!("{hidden} more parameters vary; name the columns to see them")),
        ];
        let entry =
            |levels: &Levels, i| Entry { swatch: Swatch::Dot { colour: SERIES[i] }, label: levels.name(i) };
        let furniture = Furniture {
            title: facts.title(request),
            legend_title: levels.as_ref().map(|(color, _)| format!("{}:", color.label())),
            legend: levels.iter().flat_map(|(_, l)| (0..l.len()).map(|i| entry(l, i))).collect(),
            notes: notes.into_iter().flatten().collect(),
            bare: true,
            ..Furniture::default()
        };
        let nothing = || Axis::names(String::new(), Vec::new());
        let mut frame = Frame::new(request, nothing(), nothing(), furniture)?;
        let panels = Panels::of(&frame, sides.len())?;
        let codes = levels.as_ref().map(|(_, levels)| levels.codes.as_slice());
        panels.push_frames(&mut frame, &sides);
        for (i, up) in sides.iter().enumerate() {
            panels.push_histogram(&mut frame, i, up);
            for (j, across) in sides.iter().enumerate().take(i) {
                let rect = panels.rect(i, j);
                if dense {
                    push_density(&mut frame, rect, across, up);
                } else {
                    push_dots(&mut frame, rect, across, up, codes);
                }
                if across.numeric && up.numeric {
                    push_correlation(&mut frame, panels.rect(j, i), across, up);
                }
            }
        }
        frame.numbers = Numbers::new(shown.iter().map(|c| facts.column(*c).label()));
        for row in 0..rows {
            frame.numbers.push(|| shown.iter().map(|c| facts.cell(*c, row)).collect());
        }
        Ok(frame.finish())
    }
}

struct Side {
    axis: Axis,
    values: Vec<f64>,
    numeric: bool,
    /// The cell of each row, for the density.
    cells: Vec<u8>,
}

impl Side {
    fn of(facts: &Facts, column: usize) -> Result<Side, String> {
        facts.must_have_values(column)?;
        let numeric = matches!(facts.column(column).values, Values::Numbers(_));
        // The axes are those of the columns; along x and y means nothing here.
        let (axis, values) = places(facts.column(column), AxisScale::Auto)?;
        let cell = |v: &f64| match v.is_finite() {
            true => ((axis.at(*v) * CELLS as f64) as usize).min(CELLS - 1) as u8,
            false => NO_CELL,
        };
        let cells = values.iter().map(cell).collect();
        Ok(Side { axis, values, numeric, cells })
    }

    fn finite(&self) -> impl Iterator<Item = f64> {
        self.values.iter().copied().filter(|v| v.is_finite())
    }
}

/// Where the panels are.
struct Panels {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
    count: usize,
}

impl Panels {
    fn of(frame: &Frame, count: usize) -> Result<Panels, String> {
        let plot = frame.plot;
        let left = plot.x0 + LABEL * LEADING + NOTE * LEADING + TICKS;
        let bottom = plot.y1 - LABEL * LEADING - 2.0 * NOTE * LEADING - 6.0;
        let gaps = GAP * (count - 1) as f64;
        let width = (plot.x1 - left - gaps) / count as f64;
        let height = (bottom - plot.y0 - gaps) / count as f64;
        if width < 24.0 || height < 24.0 {
            return Err(format!("there is no room for {count} × {count} panels; ask for a larger picture"));
        }
        Ok(Panels { left, top: plot.y0, width, height, count })
    }

    fn rect(&self, row: usize, column: usize) -> Rect {
        let x0 = self.left + column as f64 * (self.width + GAP);
        let y0 = self.top + row as f64 * (self.height + GAP);
        Rect { x0, y0, x1: x0 + self.width, y1: y0 + self.height }
    }

    /// The borders of the panels, with ticks and names at the left and below.
    fn push_frames(&self, frame: &mut Frame, sides: &[Side]) {
        let last = self.count - 1;
        let (mut lines, mut grid) = (Vec::new(), Vec::new());
        for row in 0..self.count {
            for column in 0..=row {
                let Rect { x0, y0, x1, y1 } = self.rect(row, column);
                grid.push(vec![[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]]);
                lines.push(vec![[x0, y0], [x0, y1], [x1, y1]]);
            }
        }
        let mut texts = Vec::new();
        for (i, side) in sides.iter().enumerate() {
            let (below, beside) = (self.rect(last, i), self.rect(i, 0));
            let ticks = side_ticks(&side.axis, self.width, NOTE);
            for tick in &ticks.ticks {
                let x = below.x0 + side.axis.at(tick.value) * self.width;
                let length = if tick.label.is_some() { 4.0 } else { 2.0 };
                lines.push(vec![[x, below.y1], [x, below.y1 + length]]);
                let Some(label) = &tick.label else { continue };
                let label = font::fit_middle(label, NOTE, self.width);
                // Within the panel, or it would run into those of its neighbours.
                let half = (font::width(&label, NOTE) / 2.0).min(self.width / 2.0);
                let x = x.clamp(below.x0 + half, below.x1 - half);
                texts.push(([x, below.y1 + 6.0 + NOTE / 2.0], label, NOTE, Anchor::Middle, false));
            }
            let y = below.y1 + 8.0 + NOTE * LEADING + LABEL / 2.0;
            let (name, unit) = side.axis.name_and_unit(ticks.common.as_deref());
            let middle = (below.x0 + below.x1) / 2.0;
            for (text, size, y) in [(name, LABEL, y), (unit, NOTE, y + LABEL * LEADING)] {
                let text = font::fit_middle(&text, size, self.width - 2.0);
                texts.push(([middle, y], text, size, Anchor::Middle, false));
            }
            // The panel at the upper left is a histogram, whose height is no value.
            let ticks = if i > 0 { upright_ticks(&side.axis, self.height) } else { Default::default() };
            for tick in &ticks.ticks {
                let y = beside.y1 - side.axis.at(tick.value) * self.height;
                let length = if tick.label.is_some() { 4.0 } else { 2.0 };
                lines.push(vec![[beside.x0 - length, y], [beside.x0, y]]);
                let Some(label) = &tick.label else { continue };
                let label = font::fit_middle(label, NOTE, TICKS - 4.0);
                let y = y.clamp(beside.y0 + NOTE / 2.0, beside.y1 - NOTE / 2.0);
                texts.push(([beside.x0 - 6.0, y], label, NOTE, Anchor::End, false));
            }
            let (name, unit) = side.axis.name_and_unit(ticks.common.as_deref());
            let (x, middle) = (frame.plot.x0 + LABEL / 2.0, (beside.y0 + beside.y1) / 2.0);
            for (text, size, x) in [(name, LABEL, x), (unit, NOTE, x + LABEL * LEADING)] {
                let text = font::fit_middle(&text, size, self.height);
                texts.push(([x, middle], text, size, Anchor::Middle, true));
            }
        }
        frame.push(Mark::Lines { class: "grid", lines: grid, stroke: GRID, width: 0.8, dash: &[] });
        frame.push(Mark::Lines { class: "axis", lines, stroke: INK, width: 0.9, dash: &[] });
        for (at, text, size, anchor, turned) in texts {
            frame.text(if size < LABEL { "tick" } else { "label" }, at, text, size, anchor, turned);
        }
    }

    fn push_histogram(&self, frame: &mut Frame, i: usize, side: &Side) {
        let rect = self.rect(i, i);
        let mut at: Vec<f64> = side.finite().map(|v| side.axis.at(v)).collect();
        at.sort_unstable_by(f64::total_cmp);
        let bars = bars(&at);
        let highest = bars.iter().map(|(.., count)| *count).max().unwrap_or(1) as f64;
        let place = |(from, to, count): &(f64, f64, usize)| {
            let [x0, x1] = [from, to].map(|place| rect.x0 + place.clamp(0.0, 1.0) * rect.width());
            Rect { x0, x1, y0: rect.y1 - *count as f64 / highest * rect.height() * 0.92, y1: rect.y1 }
        };
        let rects = bars.iter().map(place).collect();
        frame.push(Mark::Rects { class: "bars", rects, fill: OK, crisp: false });
    }
}

/// From where to where on the side, and how many: a bar for each value where they are few, as on a grid, else bins.
fn bars(sorted: &[f64]) -> Vec<(f64, f64, usize)> {
    let mut distinct = sorted.to_vec();
    distinct.dedup();
    let gap = distinct.windows(2).map(|w| w[1] - w[0]).fold(0.3, f64::min);
    let count = |value: &f64| sorted.partition_point(|v| v <= value) - sorted.partition_point(|v| v < value);
    if let ([from, .., to], false) = (sorted, distinct.len() <= MOST_BARS && gap > 0.4 / MOST_BARS as f64) {
        let bins = stats::bins(sorted, MOST_BINS).max(5);
        let width = (to - from) / bins as f64;
        let below = |bin: usize| match bin {
            _ if bin == bins => sorted.len(),
            bin => sorted.partition_point(|v| *v < from + bin as f64 * width),
        };
        let bar = |bin: usize| {
            let start = from + bin as f64 * width;
            (start + width * 0.02, start + width * 0.98, below(bin + 1) - below(bin))
        };
        return (0..bins).map(bar).filter(|(.., count)| *count > 0).collect();
    }
    distinct.iter().map(|v| (v - gap * 0.4, v + gap * 0.4, count(v))).collect()
}

fn push_dots(frame: &mut Frame, rect: Rect, across: &Side, up: &Side, codes: Option<&[u32]>) {
    let place = |row: usize| {
        let (x, y) = (across.values[row], up.values[row]);
        (x.is_finite() && y.is_finite())
            .then(|| [rect.x0 + across.axis.at(x) * rect.width(), rect.y1 - up.axis.at(y) * rect.height()])
    };
    let radius = if across.values.len() <= 150 { 1.9 } else { 1.2 };
    for (group, fill) in SERIES.iter().enumerate().take(if codes.is_some() { SERIES.len() } else { 1 }) {
        let rows = (0..across.values.len()).filter(|row| codes.is_none_or(|c| c[*row] as usize == group));
        let centres: Vec<[f64; 2]> = rows.filter_map(place).collect();
        if !centres.is_empty() {
            let shape = Shape::Circle;
            frame.push(Mark::Dots { class: "points", centres, shape, radius, fill: *fill, opacity: 0.7 });
        }
    }
}

/// Cells that are darker for more runs, by the root of their number: seldom and often are both seen.
fn push_density(frame: &mut Frame, rect: Rect, across: &Side, up: &Side) {
    let mut counts = vec![0u32; CELLS * CELLS];
    for (x, y) in across.cells.iter().zip(&up.cells).filter(|(x, y)| **x != NO_CELL && **y != NO_CELL) {
        counts[(CELLS - 1 - usize::from(*y)) * CELLS + usize::from(*x)] += 1;
    }
    const DARKEST: u8 = 31;
    let most = f64::from(counts.iter().copied().max().unwrap_or(1).max(1)).sqrt();
    let level = |count: &u32| match count {
        0 => 0,
        count => 1 + (f64::from(*count).sqrt() / most * f64::from(DARKEST - 1)).round() as u8,
    };
    let shade = |level: u8| -> Rgb { mix(0xd8e6f3, 0x08306b, f64::from(level) / f64::from(DARKEST)) };
    let palette = std::iter::once(WHITE).chain((1..=DARKEST).map(shade)).collect();
    // Just inside the border, which is drawn before.
    let rect = Rect { x0: rect.x0 + 0.5, x1: rect.x1 - 0.5, y0: rect.y0 + 0.5, y1: rect.y1 - 0.5 };
    let cells = counts.iter().map(level).collect();
    frame.push(Mark::Image { class: "density", rect, columns: CELLS as u32, cells, palette });
}

fn push_correlation(frame: &mut Frame, rect: Rect, across: &Side, up: &Side) {
    let rows = stats::thin(across.values.len(), MOST_RANKED);
    let pairs: Vec<(f64, f64)> = rows
        .iter()
        .map(|row| (across.values[*row], up.values[*row]))
        .filter(|(x, y)| x.is_finite() && y.is_finite())
        .collect();
    let Some(rho) = stats::rank_correlation(&pairs) else { return };
    let text = minus(format!("{rho:.2}"));
    let at = [(rect.x0 + rect.x1) / 2.0, (rect.y0 + rect.y1) / 2.0];
    // Larger where there is more to see.
    let size = (NOTE + 5.0 * rho.abs()).min(rect.width() / 5.0);
    frame.text("correlation", at, format!("ρ = {text}"), size, Anchor::Middle, false);
    frame.tip(rect, || format!("{} and {}: ρ = {}", up.axis.label, across.axis.label, short(rho)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_a_grid_have_a_bar_each_and_others_are_binned() {
        let grid: Vec<f64> = (0..90).map(|i| f64::from(i / 10) / 10.0 + 0.1).collect();
        assert_eq!(bars(&grid).iter().map(|(.., count)| *count).collect::<Vec<_>>(), [10; 9]);
        let spread: Vec<f64> = (0..1000).map(|i| f64::from(i) / 1000.0).collect();
        let bins = bars(&spread);
        assert!(bins.len() <= MOST_BINS);
        assert_eq!(bins.iter().map(|(.., count)| count).sum::<usize>(), 1000);
        assert_eq!(bars(&[0.5, 0.5]), [(0.38, 0.62, 2)]);
        assert!(bars(&[]).is_empty());
    }
}
