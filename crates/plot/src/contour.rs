//! A value over two parameters, as areas between lines of equal value.

use crate::axis::Axis;
use crate::colour::ColourScale;
use crate::data::Column;
use crate::facts::{Facts, Levels, left_out, logarithmic};
use crate::frame::Frame;
use crate::isoline::Grid;
use crate::kind::{Columns, Drawing, Kind};
use crate::layout::{Entry, Furniture, Swatch};
use crate::numbers::{Numbers, plain};
use crate::request::{AxisScale, Request};
use crate::scene::{Mark, Rect};
use crate::stats::{Mean, mean};
use crate::ticks::short;

/// About as many levels as can be told apart on a colour bar.
const LEVELS: usize = 9;
/// More values than this on a side are averaged, so that noise does not fill the file.
const MOST_SIDE: usize = 150;

/// See the module.
pub struct Contour;

impl Kind for Contour {
    fn name(&self) -> &'static str {
        "contour"
    }

    fn help(&self) -> &'static str {
        "a value over a grid of two parameters, as areas between lines of equal value"
    }

    fn fits(&self, facts: &Facts, asked: Columns) -> u32 {
        // The heat map shows the same and hides nothing.
        u32::from(self.columns(facts, asked).is_ok())
    }

    fn columns(&self, facts: &Facts, asked: Columns) -> Result<Columns, String> {
        let color = asked.color.map_or_else(|| facts.output(), |color| facts.must_have_numbers(color))?;
        let mut free = facts
            .varied()
            .into_iter()
            .filter(|c| !asked.has(*c) && *c != color && facts.column(*c).is_numeric());
        let mut side = |wanted: Option<usize>| match wanted.or_else(|| free.next()) {
            Some(column) => facts.must_have_numbers(column),
            None => Err(
                "contours need two numeric parameters with different values; name their columns with x and y"
                    .to_string(),
            ),
        };
        let (x, y) = (side(asked.x)?, side(asked.y)?);
        if x == y {
            let name = &facts.column(x).name;
            return Err(format!("contours need two different columns, and `{name}` was given for both"));
        }
        let (n, m, rows) = (facts.distinct(x), facts.distinct(y), facts.data.rows());
        if n < 2 || m < 2 {
            let name = &facts.column(if n < 2 { x } else { y }).name;
            return Err(format!("contours need at least two values on each side, and `{name}` has one"));
        }
        if n.saturating_mul(m) > rows.saturating_mul(4) {
            return Err(format!(
                "contours need a grid, and the {rows} runs are scattered over {n} values of `{}` and {m} of `{}`; \
                 a heatmap averages them in bins, a scatter picture shows each",
                facts.column(x).name,
                facts.column(y).name
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
            return Err("contours need three columns: x, y and a value".to_string());
        };
        let value = facts.column(color);
        let x = Side::of(facts.column(x), request.log_x)?;
        let y = Side::of(facts.column(y), request.log_y)?;
        let mut nodes = vec![Mean::default(); x.places.len() * y.places.len()];
        for (row, v) in value.numbers()?.iter().enumerate().filter(|(_, v)| v.is_finite()) {
            if let (Some(i), Some(j)) = (x.node(row), y.node(row)) {
                nodes[j * x.places.len() + i].add(*v);
            }
        }
        let values: Vec<f64> = nodes.iter().map(|node| node.get().unwrap_or(f64::NAN)).collect();
        let mut means: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
        means.sort_unstable_by(f64::total_cmp);
        let (Some(lo), Some(hi)) = (means.first(), means.last()) else {
            return Err(format!("no run has a value for `{}` at a place on both axes", value.name));
        };
        let most = nodes.iter().map(|node| node.count).max().unwrap_or(1);
        let label = if most > 1 { format!("mean {}", value.label()) } else { value.label() };
        let log = logarithmic(request.log_color, value, &means)?;
        let scale = ColourScale::new(label, *lo, *hi, log).stepped(LEVELS);

        let averaged = facts.averaged(columns);
        let empty = values.len() - means.len();
        let notes = [
            (x.per_node * y.per_node > 1).then(|| format!("{} × {} points averaged", x.per_node, y.per_node)),
            (most > 1).then(|| format!("mean of up to {most} runs per point")),
            (lo == hi).then(|| format!("{} is {} everywhere", value.name, short(*lo))),
            (!averaged.is_empty()).then(|| format!("averaged over {}", averaged.join(", "))),
            (empty > 0).then(|| format!("{empty} of {} points without a value", values.len())),
            left_out(value),
        ];
        let nothing = Entry { swatch: Swatch::Nothing, label: "no value".to_string() };
        let furniture = Furniture {
            title: facts.title(request),
            legend: if empty > 0 { vec![nothing] } else { Vec::new() },
            scale: Some(scale.clone()),
            notes: notes.into_iter().flatten().collect(),
            boxed: true,
            ..Furniture::default()
        };
        let mut frame = Frame::new(request, x.axis.clone(), y.axis.clone(), furniture)?;
        push(&mut frame, &x, &y, &values, &scale);
        let headings = [&x.axis.label, &y.axis.label, &scale.axis.label];
        frame.numbers = Numbers::new(headings.map(String::as_str));
        for (k, v) in values.iter().enumerate() {
            let (a, b) = (x.places[k % x.places.len()], y.places[k / x.places.len()]);
            frame.numbers.push(|| [a, b, *v].map(plain).to_vec());
            let at = [frame.at_x(a), frame.at_y(b)];
            frame.tip_at(at, || format!("{}, {}: {}", short(a), short(b), plain(*v)));
        }
        Ok(frame.finish())
    }
}

fn push(frame: &mut Frame, x: &Side, y: &Side, values: &[f64], scale: &ColourScale) {
    let across: Vec<f64> = x.places.iter().map(|v| frame.at_x(*v)).collect();
    let up: Vec<f64> = y.places.iter().map(|v| frame.at_y(*v)).collect();
    let grid = Grid { x: &across, y: &up, values };
    // Where a corner is missing there is nothing between the points.
    let holes =
        (0..up.len() - 1).flat_map(|j| (0..across.len() - 1).map(move |i| (i, j))).filter(|(i, j)| {
            [(0, 0), (1, 0), (0, 1), (1, 1)]
                .iter()
                .any(|(a, b)| !values[(j + b) * across.len() + i + a].is_finite())
        });
    let rect = |(i, j): (usize, usize)| Rect { x0: across[i], x1: across[i + 1], y0: up[j + 1], y1: up[j] };
    frame.push_nothing(holes.map(rect).collect());
    let levels: Vec<f64> =
        scale.steps.iter().flat_map(|steps| steps.ticks.iter().map(|tick| tick.value)).collect();
    // Each area lies on those below it, so that nothing shines through between them.
    for (band, from) in std::iter::once(f64::NEG_INFINITY).chain(levels.iter().copied()).enumerate() {
        let polygons = grid.at_least(from);
        if !polygons.is_empty() {
            frame.push(Mark::Areas { class: "areas", polygons, fill: scale.band(band), opacity: 1.0 });
        }
    }
    let lines: Vec<Vec<[f64; 2]>> = levels.iter().flat_map(|level| grid.lines(*level)).collect();
    if !lines.is_empty() {
        frame.push(Mark::Lines { class: "contours", lines, stroke: 0x202020, width: 0.7, dash: &[] });
    }
}

/// One side of the grid: where its points are, and which of them each row of the table has.
struct Side {
    axis: Axis,
    places: Vec<f64>,
    codes: Vec<u32>,
    per_node: usize,
}

impl Side {
    fn of(column: &Column, scale: AxisScale) -> Result<Side, String> {
        let levels = Levels::of(column);
        let (Some(lo), Some(hi)) = (levels.values.first(), levels.values.last()) else {
            return Err(format!("no run has a value for `{}`", column.name));
        };
        let log = logarithmic(scale, column, &levels.values)?;
        let per_node = levels.len().div_ceil(MOST_SIDE).max(1);
        let axis = Axis::numbers(column.label(), *lo, *hi, log);
        let place = |chunk: &[f64]| match chunk {
            [one] => *one,
            many => axis.value(mean(&many.iter().map(|v| axis.at(*v)).collect::<Vec<_>>())),
        };
        let places: Vec<f64> = levels.values.chunks(per_node).map(place).collect();
        // The axis ends where the contours do.
        let axis = match (places.first(), places.last()) {
            (Some(lo), Some(hi)) => Axis::numbers(column.label(), *lo, *hi, log),
            _ => axis,
        };
        Ok(Side { axis, places, codes: levels.codes, per_node })
    }

    fn node(&self, row: usize) -> Option<usize> {
        let code = self.codes[row];
        (code != Levels::NONE).then(|| code as usize / self.per_node)
    }
}
