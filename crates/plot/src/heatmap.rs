//! A value over two parameters, as coloured cells.

use crate::axis::{Axis, Span};
use crate::colour::{ColourScale, PLAIN_NOTHING, SERIES};
use crate::data::{Column, Values};
use crate::facts::{Facts, Levels, left_out, logarithmic, named_axis, runs};
use crate::frame::Frame;
use crate::kind::{Columns, Drawing, Kind};
use crate::layout::{Entry, Furniture, Swatch};
use crate::numbers::{Numbers, plain};
use crate::request::{AxisScale, Request};
use crate::scene::{Mark, Rect};
use crate::stats::Mean;
use crate::ticks::short;

/// Above this many cells the map is an image, and no rectangle for each.
const MOST_RECTANGLES: usize = 10_000;
/// Above this many values on a side neighbours share a cell, so that the file stays small.
const MOST_SIDE: usize = 1000;

/// See the module.
pub struct HeatMap;

impl Kind for HeatMap {
    fn name(&self) -> &'static str {
        "heatmap"
    }

    fn help(&self) -> &'static str {
        "a value as colour over two parameters; repeated runs are averaged"
    }

    fn fits(&self, facts: &Facts, asked: Columns) -> u32 {
        let Ok(Columns { x: Some(x), y: Some(y), .. }) = self.columns(facts, asked) else { return 0 };
        let is_output = |column| facts.role(column) == crate::Role::Output;
        if is_output(x) || is_output(y) {
            return 0;
        }
        let few_names = [x, y].into_iter().any(|c| !facts.column(c).is_numeric() && facts.distinct(c) <= 8);
        let is_grid =
            facts.distinct(x).saturating_mul(facts.distinct(y)) <= facts.data.rows().saturating_mul(4);
        match (is_grid, few_names && asked.color.is_none() && asked.y.is_none()) {
            (true, false) => 60,
            (true, true) => 30,
            (false, _) => 20,
        }
    }

    fn columns(&self, facts: &Facts, asked: Columns) -> Result<Columns, String> {
        let color = asked.color.map_or_else(|| facts.output(), |color| facts.must_have_values(color))?;
        let mut free = facts.varied().into_iter().filter(|c| !asked.has(*c) && *c != color);
        let mut side = |wanted: Option<usize>| match wanted.or_else(|| free.next()) {
            Some(column) => facts.must_have_values(column),
            None => Err(format!(
                "a heat map needs two parameters with different values, and the table has {}; name its columns with x and y",
                facts.varied().len()
            )),
        };
        let (x, y) = (side(asked.x)?, side(asked.y)?);
        if x == y {
            return Err(format!(
                "a heat map needs two different columns, and `{}` was given for both",
                facts.column(x).name
            ));
        }
        Ok(Columns { x: Some(x), y: Some(y), color: Some(color) })
    }

    fn describe(&self, facts: &Facts, columns: Columns) -> String {
        let name = |index: Option<usize>| index.map_or("", |index| &facts.column(index).name);
        format!(" of `{}` over `{}` and `{}`", name(columns.color), name(columns.x), name(columns.y))
    }

    fn draw(&self, facts: &Facts, columns: Columns, request: &Request) -> Result<Drawing, String> {
        let Columns { x: Some(x), y: Some(y), color: Some(color) } = columns else {
            return Err("a heat map needs three columns: x, y and colour".to_string());
        };
        let value = facts.column(color);
        let (x, y, how) = sides(facts.column(x), facts.column(y), request)?;
        let Values::Numbers(numbers) = &value.values else {
            return names_map(facts, columns, request, value, (x, y, how));
        };
        let mut cells = vec![Mean::default(); x.count() * y.count()];
        for (row, v) in numbers.iter().enumerate().filter(|(_, v)| v.is_finite()) {
            if let (Some(column), Some(line)) = (x.cell(row), y.cell(row)) {
                cells[line * x.count() + column].add(*v);
            }
        }

        let mut means: Vec<f64> = cells.iter().filter_map(Mean::get).collect();
        means.sort_unstable_by(f64::total_cmp);
        let (Some(lo), Some(hi)) = (means.first(), means.last()) else {
            return Err(format!("no run has a value for `{}` at a place on both axes", value.name));
        };
        let most = cells.iter().map(|cell| cell.count).max().unwrap_or(1);
        let label = if most > 1 { format!("mean {}", value.label()) } else { value.label() };
        let scale = ColourScale::new(label, *lo, *hi, logarithmic(request.log_color, value, &means)?);

        let empty = cells.len() - means.len();
        let averaged = facts.averaged(columns);
        let notes = [
            how,
            counts(&cells, most),
            (!averaged.is_empty()).then(|| format!("averaged over {}", averaged.join(", "))),
            (empty > 0).then(|| format!("{empty} of {} cells without a value", cells.len())),
            left_out(value),
        ];
        let hatched = cells.len() <= MOST_RECTANGLES;
        let swatch = if hatched { Swatch::Nothing } else { Swatch::Patch(PLAIN_NOTHING) };
        let furniture = Furniture {
            title: facts.title(request),
            legend: if empty > 0 {
                vec![Entry { swatch, label: "no value".to_string() }]
            } else {
                Vec::new()
            },
            scale: Some(scale.clone()),
            notes: notes.into_iter().flatten().collect(),
            boxed: true,
            ..Furniture::default()
        };
        let mut frame = Frame::new(request, x.axis.clone(), y.axis.clone(), furniture)?;
        let push = if cells.len() > MOST_RECTANGLES { push_image } else { push_cells };
        push(&mut frame, &x, &y, &cells, &scale);
        let cells = cells.iter().map(|cell| (cell.get().map(plain), cell.count)).collect();
        number(&mut frame, &x, &y, &scale.axis.label, cells);
        Ok(frame.finish())
    }
}

/// A map of texts: each cell has the colour of the text that most of its runs gave, the first of equals.
fn names_map(
    facts: &Facts,
    columns: Columns,
    request: &Request,
    value: &Column,
    (x, y, how): (Side, Side, Option<String>),
) -> Result<Drawing, String> {
    let levels = Levels::of(value);
    let n = levels.len();
    if n > SERIES.len() {
        return Err(format!(
            "`{}` has {n} different texts, and {} colours can be told apart; choose another column for the colour",
            value.name,
            SERIES.len()
        ));
    }
    let mut counts = vec![0u32; x.count() * y.count() * n];
    for (row, code) in levels.codes.iter().enumerate().filter(|(_, code)| **code != Levels::NONE) {
        if let (Some(column), Some(line)) = (x.cell(row), y.cell(row)) {
            counts[(line * x.count() + column) * n + *code as usize] += 1;
        }
    }
    // Which text, and of how many runs.
    let cells: Vec<(Option<usize>, u32)> = counts
        .chunks(n)
        .map(|cell| {
            (0..n).rev().max_by_key(|i| cell[*i]).filter(|i| cell[*i] > 0).zip(Some(cell.iter().sum()))
        })
        .map(|best| best.map_or((None, 0), |(best, all)| (Some(best), all)))
        .collect();
    let most = cells.iter().map(|(_, all)| *all).max().unwrap_or(0);
    let empty = cells.iter().filter(|(best, _)| best.is_none()).count();
    if empty == cells.len() {
        return Err(format!("no run has a value for `{}` at a place on both axes", value.name));
    }
    let averaged = facts.averaged(columns);
    let notes = [
        how,
        (most > 1)
            .then(|| format!("the most frequent {} of up to {} per cell", value.name, runs(u64::from(most)))),
        (!averaged.is_empty()).then(|| format!("over all {}", averaged.join(", "))),
        (empty > 0).then(|| format!("{empty} of {} cells without a value", cells.len())),
    ];
    let mut legend: Vec<Entry> =
        (0..n).map(|i| Entry { swatch: Swatch::Patch(SERIES[i]), label: levels.name(i) }).collect();
    if empty > 0 {
        legend.push(Entry { swatch: Swatch::Patch(PLAIN_NOTHING), label: "no value".to_string() });
    }
    let furniture = Furniture {
        title: facts.title(request),
        legend_title: Some(format!("{}:", value.label())),
        legend,
        notes: notes.into_iter().flatten().collect(),
        boxed: true,
        ..Furniture::default()
    };
    let mut frame = Frame::new(request, x.axis.clone(), y.axis.clone(), furniture)?;
    let (columns, lines) = (x.pixels(), y.pixels());
    let code = |(line, column): (usize, usize)| cells[line * x.count() + column].0.unwrap_or(n) as u8;
    let pixels =
        lines.iter().rev().flat_map(|line| columns.iter().map(move |column| (*line, *column))).map(code);
    let palette = SERIES.iter().copied().take(n).chain([PLAIN_NOTHING]).collect();
    let rect = frame.plot;
    frame.push(Mark::Image {
        class: "cells",
        rect,
        columns: columns.len() as u32,
        cells: pixels.collect(),
        palette,
    });
    let cells = cells.into_iter().map(|(best, all)| (best.map(|best| levels.name(best)), all)).collect();
    number(&mut frame, &x, &y, &value.label(), cells);
    Ok(frame.finish())
}

/// The cells for a page: what stands in each, and of how many runs.
fn number(frame: &mut Frame, x: &Side, y: &Side, label: &str, cells: Vec<(Option<String>, u32)>) {
    let headings = [&x.axis.label, &y.axis.label, label, "runs"];
    frame.numbers = Numbers::new(headings);
    let plot = frame.plot;
    let middle = |side: &Side, i: usize| match &side.axis.span {
        Span::Names(names) => names.get(i).cloned().unwrap_or_default(),
        _ => short(side.axis.value((side.edges[i] + side.edges[i + 1]) / 2.0)),
    };
    for (at, (text, count)) in cells.into_iter().enumerate() {
        let (i, j) = (at % x.count(), at / x.count());
        let place = Rect {
            x0: plot.x0 + x.edges[i] * plot.width(),
            x1: plot.x0 + x.edges[i + 1] * plot.width(),
            y0: plot.y1 - y.edges[j + 1] * plot.height(),
            y1: plot.y1 - y.edges[j] * plot.height(),
        };
        let text = text.unwrap_or_else(|| "no value".to_string());
        frame.tip(place, || format!("{}, {}: {text}", middle(x, i), middle(y, j)));
        frame.numbers.push(|| vec![middle(x, i), middle(y, j), text, count.to_string()]);
    }
}

/// How many runs a cell is the mean of.
fn counts(cells: &[Mean], most: u32) -> Option<String> {
    let least = cells.iter().map(|cell| cell.count).filter(|n| *n > 0).min().unwrap_or(1);
    match (least, most) {
        (_, 0 | 1) => None,
        (least, most) if least == most => Some(format!("mean of {most} runs per cell")),
        (least, most) => Some(format!("mean of {least}–{most} runs per cell")),
    }
}

/// Every cell as a rectangle, by colour.
fn push_cells(frame: &mut Frame, x: &Side, y: &Side, cells: &[Mean], scale: &ColourScale) {
    let mut levels: Vec<Vec<Rect>> = vec![Vec::new(); 256];
    let mut nothing: Vec<Rect> = Vec::new();
    let plot = frame.plot;
    for (line, row) in cells.chunks(x.count()).enumerate() {
        let (y0, y1) = (plot.y1 - y.edges[line + 1] * plot.height(), plot.y1 - y.edges[line] * plot.height());
        for (column, cell) in row.iter().enumerate() {
            let (x0, x1) =
                (plot.x0 + x.edges[column] * plot.width(), plot.x0 + x.edges[column + 1] * plot.width());
            let rect = Rect { x0, x1, y0, y1 };
            match (cell.get(), nothing.last_mut()) {
                (Some(v), _) => levels[usize::from(scale.level(v))].push(rect),
                // Neighbours are one, so that the hatching is not cut into pieces.
                (None, Some(last)) if last.x1 == x0 && last.y0 == y0 => last.x1 = x1,
                (None, _) => nothing.push(rect),
            }
        }
    }
    frame.push_nothing(nothing);
    for (level, rects) in (0..=255).zip(levels).filter(|(_, rects)| !rects.is_empty()) {
        frame.push(Mark::Rects { class: "cells", rects, fill: scale.colour(level), crisp: true });
    }
}

/// All cells as an image.
fn push_image(frame: &mut Frame, x: &Side, y: &Side, cells: &[Mean], scale: &ColourScale) {
    // The last colour is given up for cells without a value; 256 are as many as an image of this kind can have.
    const NONE: u8 = 255;
    let (columns, lines) = (x.pixels(), y.pixels());
    let index = |cell: &Mean| cell.get().map_or(NONE, |v| scale.level(v).min(NONE - 1));
    let pixel = |(line, column): (usize, usize)| index(&cells[line * x.count() + column]);
    let pixels =
        lines.iter().rev().flat_map(|line| columns.iter().map(move |column| (*line, *column))).map(pixel);
    let palette = (0..NONE).map(|level| scale.colour(level)).chain([PLAIN_NOTHING]).collect();
    let (rect, columns) = (frame.plot, columns.len() as u32);
    frame.push(Mark::Image { class: "cells", rect, columns, cells: pixels.collect(), palette });
}

/// One side of the map: the borders of its cells from 0 to 1, and which cell each row of the table is in.
struct Side {
    axis: Axis,
    edges: Vec<f64>,
    codes: Vec<u32>,
    /// Neighbouring values that share a cell.
    per_cell: usize,
}

impl Side {
    fn count(&self) -> usize {
        self.edges.len() - 1
    }

    /// The cell of each pixel of an image along this side: one for each where cells are equally wide.
    fn pixels(&self) -> Vec<usize> {
        let n = self.count();
        let equal = self.edges.iter().enumerate().all(|(i, edge)| (edge * n as f64 - i as f64).abs() < 0.25);
        let pixels = if equal { n } else { 2 * MOST_SIDE };
        let middle = |i: usize| (i as f64 + 0.5) / pixels as f64;
        let cell = |i: usize| self.edges.partition_point(|edge| *edge <= middle(i)).clamp(1, n) - 1;
        (0..pixels).map(|i| if equal { i } else { cell(i) }).collect()
    }

    fn cell(&self, row: usize) -> Option<usize> {
        let code = self.codes[row];
        (code != Levels::NONE).then(|| code as usize / self.per_cell)
    }
}

/// Both sides, and how points became cells where that is not one to one.
fn sides(x: &Column, y: &Column, request: &Request) -> Result<(Side, Side, Option<String>), String> {
    let (left, right) = (Levels::of(x), Levels::of(y));
    let rows = left
        .codes
        .iter()
        .zip(&right.codes)
        .filter(|(a, b)| **a != Levels::NONE && **b != Levels::NONE)
        .count();
    let all = left.len().saturating_mul(right.len());
    if all > 400 && all > rows.saturating_mul(4) {
        // Points that are scattered and no grid: a cell each would leave most of the map empty.
        let bins = ((rows as f64 / 4.0).sqrt() as usize).clamp(5, 100);
        let (x, y) = (binned(x, left, request.log_x, bins)?, binned(y, right, request.log_y, bins)?);
        let note = format!("averaged in {} × {} bins", x.count(), y.count());
        return Ok((x, y, Some(note)));
    }
    let (per_x, per_y) = (left.len().div_ceil(MOST_SIDE).max(1), right.len().div_ceil(MOST_SIDE).max(1));
    let (x, y) = (grid(x, left, request.log_x, per_x)?, grid(y, right, request.log_y, per_y)?);
    let note = (per_x * per_y > 1).then(|| format!("{per_x} × {per_y} points per cell"));
    Ok((x, y, note))
}

/// A cell for each value, bordered halfway to its neighbours.
fn grid(column: &Column, levels: Levels, scale: AxisScale, per_cell: usize) -> Result<Side, String> {
    if levels.names.is_some() {
        return names(column, levels);
    }
    let log = logarithmic(scale, column, &levels.values)?;
    let bend = |v: f64| if log { v.ln() } else { v / 4.0 };
    let unbend = |t: f64| if log { t.exp() } else { (t * 4.0).clamp(f64::MIN, f64::MAX) };
    let places: Vec<f64> = levels.values.iter().map(|v| bend(*v)).collect();
    let borders: Vec<f64> = match places.as_slice() {
        [] | [_] => Vec::new(),
        [first, second, ..] => {
            let inner = places.windows(2).map(|w| w[0] / 2.0 + w[1] / 2.0);
            let n = places.len();
            let start = first - (second - first) / 2.0;
            let end = places[n - 1] + (places[n - 1] - places[n - 2]) / 2.0;
            std::iter::once(start).chain(inner).chain([end]).map(unbend).collect()
        }
    };
    let limits = match (borders.first(), borders.last()) {
        (Some(lo), Some(hi)) => (if log { lo.max(f64::MIN_POSITIVE) } else { *lo }, hi.min(f64::MAX)),
        _ => levels.values.first().map_or((0.0, 1.0), |v| (*v, *v)),
    };
    let axis = Axis::numbers(column.label(), limits.0, limits.1, log);
    let mut edges = vec![0.0, 1.0];
    if let [_, inner @ .., _] = borders.as_slice() {
        let inner = inner.iter().skip(per_cell - 1).step_by(per_cell);
        edges.splice(1..1, inner.map(|v| axis.at(*v).clamp(0.0, 1.0)));
    }
    Ok(Side { axis, edges, codes: levels.codes, per_cell })
}

/// Cells of equal width on the axis.
fn binned(column: &Column, levels: Levels, scale: AxisScale, bins: usize) -> Result<Side, String> {
    if levels.names.is_some() {
        return names(column, levels);
    }
    let log = logarithmic(scale, column, &levels.values)?;
    let (Some(lo), Some(hi)) = (levels.values.first(), levels.values.last()) else {
        return Err(format!("no run has a value for `{}`", column.name));
    };
    let axis = Axis::numbers(column.label(), *lo, *hi, log);
    let bins = bins.min(levels.len());
    let bin = |v: f64| ((axis.at(v) * bins as f64) as u32).min(bins as u32 - 1);
    let of_level: Vec<u32> = levels.values.iter().map(|v| bin(*v)).collect();
    let codes = levels
        .codes
        .iter()
        .map(|code| of_level.get(*code as usize).copied().unwrap_or(Levels::NONE))
        .collect();
    let edges = (0..=bins).map(|i| i as f64 / bins as f64).collect();
    Ok(Side { axis, edges, codes, per_cell: 1 })
}

fn names(column: &Column, levels: Levels) -> Result<Side, String> {
    let n = levels.len();
    let edges = (0..=n).map(|i| i as f64 / n as f64).collect();
    Ok(Side {
        axis: named_axis(column, levels.names.unwrap_or_default())?,
        edges,
        codes: levels.codes,
        per_cell: 1,
    })
}
