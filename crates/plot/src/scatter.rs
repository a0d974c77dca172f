//! One value over another, a dot for each run; above twenty thousand the density of dots in hexagons.

use crate::axis::Axis;
use crate::colour::{ColourScale, OK, SERIES};
use crate::data::{Column, Role, Values};
use crate::facts::{Facts, Levels, left_out, logarithmic, named_axis, runs, sorted};
use crate::frame::Frame;
use crate::kind::{Columns, Drawing, Kind};
use crate::layout::{Entry, Furniture, Swatch};
use crate::numbers::Numbers;
use crate::request::{AxisScale, Request};
use crate::scene::{Mark, Shape};
use crate::stats::Mean;

/// Above this a file of dots would be large, and they would hide one another.
const MOST_DOTS: usize = 20_000;
/// The width of the hexagons in pixels.
const HEXAGON: f64 = 5.0;

/// See the module.
pub struct Scatter;

impl Kind for Scatter {
    fn name(&self) -> &'static str {
        "scatter"
    }

    fn help(&self) -> &'static str {
        "one value over another, a dot per run; the density where there are very many"
    }

    fn fits(&self, facts: &Facts, asked: Columns) -> u32 {
        let Ok(Columns { x: Some(x), .. }) = self.columns(facts, asked) else { return 0 };
        let output = |column: Option<usize>| column.is_some_and(|c| facts.role(c) == Role::Output);
        if output(asked.x) && output(asked.y) {
            return 70;
        }
        match (facts.sampled(x), facts.varied().len()) {
            (true, _) => 40,
            (false, 0) => 4,
            (false, _) => 16,
        }
    }

    fn columns(&self, facts: &Facts, asked: Columns) -> Result<Columns, String> {
        let varied: Vec<usize> = facts.varied().into_iter().filter(|c| !asked.has(*c)).collect();
        let other_output = |not: Option<usize>| {
            (0..facts.data.columns.len()).find(|c| {
                Some(*c) != not
                    && facts.role(*c) == Role::Output
                    && facts.must_have_numbers(*c).is_ok()
                    && !asked.has(*c)
            })
        };
        // A design of two parameters is a map; of one or of many, an output over the first.
        let map = asked.x.is_none()
            && asked.y.is_none()
            && varied.len() == 2
            && asked.color.is_none_or(|c| !varied.contains(&c));
        let map = map.then(|| facts.output().ok()).flatten();
        let y = match (asked.y, map) {
            (Some(y), _) => y,
            (None, Some(_)) => varied[1],
            (None, None) => match facts.output() {
                Ok(output) if Some(output) != asked.x => output,
                why => other_output(asked.x).map_or(why, Ok)?,
            },
        };
        let constant = || {
            (0..facts.data.columns.len())
                .find(|c| *c != y && facts.must_have_numbers(*c).is_ok() && !asked.has(*c))
        };
        let x = asked
            .x
            .or_else(|| varied.iter().copied().find(|c| *c != y))
            .or_else(|| other_output(Some(y)))
            .or_else(constant);
        let Some(x) = x else {
            return Err("a scatter picture needs two columns with values; name them with x and y".to_string());
        };
        if x == y {
            return Err(format!(
                "a scatter picture needs two different columns, and `{}` was given for both",
                facts.column(x).name
            ));
        }
        let color = asked.color.or(map).map(|color| facts.must_have_values(color)).transpose()?;
        Ok(Columns { x: Some(facts.must_have_values(x)?), y: Some(facts.must_have_values(y)?), color })
    }

    fn draw(&self, facts: &Facts, columns: Columns, request: &Request) -> Result<Drawing, String> {
        let Columns { x: Some(x), y: Some(y), color } = columns else {
            return Err("a scatter picture needs two columns: x and y".to_string());
        };
        let (x, y, color) = (facts.column(x), facts.column(y), color.map(|color| facts.column(color)));
        let (across, xs) = places(x, request.log_x)?;
        let (up, ys) = places(y, request.log_y)?;
        let dots: Vec<Dot> = (0..facts.data.rows())
            .map(|row| Dot { x: xs[row], y: ys[row], row })
            .filter(|dot| dot.x.is_finite() && dot.y.is_finite())
            .collect();
        if dots.is_empty() {
            return Err(format!("no run has a value for both `{}` and `{}`", x.name, y.name));
        }
        let notes = [left_out(x), left_out(y)].into_iter().flatten().collect();
        let furniture = Furniture {
            title: facts.title(request),
            notes,
            grid_x: x.is_numeric(),
            grid_y: y.is_numeric(),
            ..Furniture::default()
        };
        let shown: Vec<usize> = [columns.x, columns.y, columns.color].into_iter().flatten().collect();
        let mut numbers = Numbers::new(shown.iter().map(|c| facts.column(*c).label()));
        dots.iter().for_each(|dot| numbers.push(|| shown.iter().map(|c| facts.cell(*c, dot.row)).collect()));
        let picture = Picture { request, across, up, furniture, dots, numbers };
        match color {
            _ if picture.dots.len() > MOST_DOTS => picture.dense(color),
            None => picture.plain(),
            Some(color) => match &color.values {
                Values::Numbers(numbers) => picture.shaded(color, numbers),
                Values::Labels { .. } => picture.grouped(color),
            },
        }
    }
}

struct Dot {
    x: f64,
    y: f64,
    row: usize,
}

struct Picture<'a> {
    request: &'a Request,
    across: Axis,
    up: Axis,
    furniture: Furniture,
    dots: Vec<Dot>,
    numbers: Numbers,
}

impl Picture<'_> {
    fn frame(self) -> Result<(Frame, Vec<Dot>), String> {
        let mut frame = Frame::new(self.request, self.across, self.up, self.furniture)?;
        if self.dots.len() <= MOST_DOTS {
            for (dot, cells) in self.dots.iter().zip(&self.numbers.rows) {
                frame.tip_at([frame.at_x(dot.x), frame.at_y(dot.y)], || cells.join(", "));
            }
        }
        frame.numbers = self.numbers;
        Ok((frame, self.dots))
    }

    fn plain(self) -> Result<Drawing, String> {
        let (mut frame, dots) = self.frame()?;
        let all: Vec<&Dot> = dots.iter().collect();
        push_dots(&mut frame, &all, dots.len(), OK, 0.7);
        Ok(frame.finish())
    }

    /// Coloured by a number.
    fn shaded(mut self, color: &Column, numbers: &[f64]) -> Result<Drawing, String> {
        let values = sorted(color);
        let log = logarithmic(self.request.log_color, color, &values)?;
        let (Some(lo), Some(hi)) = (values.first(), values.last()) else {
            return Err(format!("no run has a value for `{}`", color.name));
        };
        let scale = ColourScale::sequential(color.label(), *lo, *hi, log);
        let empty = self.dots.iter().filter(|dot| !numbers[dot.row].is_finite()).count();
        if empty > 0 {
            self.furniture.notes.push(format!(
                "{} without a value of {} in grey",
                runs(empty as u64),
                color.name
            ));
        }
        self.furniture.scale = Some(scale.clone());
        let (mut frame, dots) = self.frame()?;
        let mut levels: Vec<Vec<&Dot>> = vec![Vec::new(); 256];
        let mut nothing = Vec::new();
        for dot in &dots {
            let v = numbers[dot.row];
            if v.is_finite() { levels[usize::from(scale.level(v))].push(dot) } else { nothing.push(dot) }
        }
        push_dots(&mut frame, &nothing, dots.len(), 0xb0b0b0, 0.9);
        for (level, group) in (0..=255).zip(levels) {
            push_dots(&mut frame, &group, dots.len(), scale.colour(level), 0.9);
        }
        Ok(frame.finish())
    }

    /// Coloured by a text.
    fn grouped(mut self, color: &Column) -> Result<Drawing, String> {
        let levels = Levels::of(color);
        if levels.len() > SERIES.len() {
            return Err(format!(
                "`{}` has {} different texts, and {} colours can be told apart; choose another column for the colour",
                color.name,
                levels.len(),
                SERIES.len()
            ));
        }
        self.furniture.legend_title = Some(format!("{}:", color.label()));
        self.furniture.legend = (0..levels.len())
            .map(|i| Entry { swatch: Swatch::Dot { colour: SERIES[i] }, label: levels.name(i) })
            .collect();
        let (mut frame, dots) = self.frame()?;
        for (i, colour) in SERIES.iter().enumerate().take(levels.len()) {
            let group: Vec<&Dot> = dots.iter().filter(|dot| levels.codes[dot.row] as usize == i).collect();
            push_dots(&mut frame, &group, dots.len(), *colour, 0.7);
        }
        Ok(frame.finish())
    }

    /// Hexagons instead of dots, coloured by their number or by the mean of a column; after D. B. Carr et al. (1987),
    /// "Scatterplot matrix techniques for large N", Journal of the American Statistical Association 82:424.
    fn dense(mut self, color: Option<&Column>) -> Result<Drawing, String> {
        // The plot is a little narrower than the picture, but how much the colour bar decides, which is made from these.
        let (width, height) = self.request.size();
        let across = (f64::from(width) * 0.75 / HEXAGON).max(10.0);
        let up = (f64::from(height) * 0.75 / (HEXAGON * 0.866)).max(10.0);
        let columns = across as usize + 2;
        let mut cells = vec![Mean::default(); columns * (up as usize + 2)];
        let numbers = color.map(Column::numbers).transpose()?;
        for dot in &self.dots {
            let v = numbers.map_or(1.0, |numbers| numbers[dot.row]);
            if v.is_finite() {
                let (i, j) = hexagon(self.across.at(dot.x) * across, self.up.at(dot.y) * up);
                if let Some(cell) = cells.get_mut(j * columns + i) {
                    cell.add(v);
                }
            }
        }
        let value = |cell: &Mean| match color {
            None => (cell.count > 0).then(|| f64::from(cell.count)),
            Some(_) => cell.get(),
        };
        let mut values: Vec<f64> = cells.iter().filter_map(value).collect();
        values.sort_unstable_by(f64::total_cmp);
        let (Some(lo), Some(hi)) = (values.first(), values.last()) else {
            return Err("no run has a value for the colour".to_string());
        };
        let (label, name, log) = match color {
            None if self.request.log_color == AxisScale::Auto => {
                ("runs per hexagon".to_string(), "", *hi >= 100.0)
            }
            None => ("runs per hexagon".to_string(), "", self.request.log_color == AxisScale::Log),
            Some(color) => (
                format!("mean {}", color.label()),
                color.name.as_str(),
                logarithmic(self.request.log_color, color, &values)?,
            ),
        };
        let scale = ColourScale::sequential(label, *lo, *hi, log);
        let what = if name.is_empty() { "density".to_string() } else { format!("mean {name}") };
        self.furniture.notes.insert(0, format!("{what} of {} in hexagons", runs(self.dots.len() as u64)));
        self.furniture.scale = Some(scale.clone());
        let (mut frame, _) = self.frame()?;

        let mut levels: Vec<Vec<Vec<[f64; 2]>>> = vec![Vec::new(); 256];
        let (dx, dy) = (frame.plot.width() / across, frame.plot.height() / up);
        for (index, cell) in cells.iter().enumerate() {
            let Some(v) = value(cell) else { continue };
            let (i, j) = (index % columns, index / columns);
            let x = frame.plot.x0 + (i as f64 + 0.5 * (j % 2) as f64) * dx;
            let y = frame.plot.y1 - j as f64 * dy;
            // A hair larger than the cell, so that no seam shows between neighbours.
            let corner = |a: f64, b: f64| [x + a * dx * 0.53, y + b * dy * 0.70];
            let corners = [(0.0, -1.0), (1.0, -0.5), (1.0, 0.5), (0.0, 1.0), (-1.0, 0.5), (-1.0, -0.5)];
            levels[usize::from(scale.level(v))].push(corners.map(|(a, b)| corner(a, b)).to_vec());
        }
        for (level, polygons) in (0..=255).zip(levels).filter(|(_, polygons)| !polygons.is_empty()) {
            frame.push(Mark::Areas { class: "hexagons", polygons, fill: scale.colour(level), opacity: 1.0 });
        }
        Ok(frame.finish())
    }
}

/// The hexagon of a place: rows are 1 apart, odd ones are shifted by half; the nearer of two candidates.
fn hexagon(x: f64, y: f64) -> (usize, usize) {
    // In units in which rows are √3/2 of a column apart.
    let distance = |i: f64, j: f64| (x - i).powi(2) + ((y - j) * 0.866).powi(2);
    let even = (x.round(), (y / 2.0).round() * 2.0);
    let odd = (x.floor() + 0.5, (y / 2.0).floor() * 2.0 + 1.0);
    let (i, j) = if distance(even.0, even.1) <= distance(odd.0, odd.1) { even } else { odd };
    (i.max(0.0) as usize, j.max(0.0) as usize)
}

fn push_dots(frame: &mut Frame, dots: &[&Dot], all: usize, fill: u32, opacity: f64) {
    if dots.is_empty() {
        return;
    }
    let centres = dots.iter().map(|dot| [frame.at_x(dot.x), frame.at_y(dot.y)]).collect();
    let radius = match all {
        0..=300 => 3.0,
        301..=3000 => 2.2,
        _ => 1.5,
    };
    frame.push(Mark::Dots { class: "points", centres, shape: Shape::Circle, radius, fill, opacity });
}

/// An axis for a column and the place of each row on it: NaN for none.
pub(crate) fn places(column: &Column, scale: AxisScale) -> Result<(Axis, Vec<f64>), String> {
    match &column.values {
        Values::Numbers(numbers) => {
            let values = sorted(column);
            let log = logarithmic(scale, column, &values)?;
            let (Some(lo), Some(hi)) = (values.first(), values.last()) else {
                return Err(format!("no run has a value for `{}`", column.name));
            };
            Ok((Axis::roomy(column.label(), *lo, *hi, log), numbers.clone()))
        }
        Values::Labels { .. } => {
            let levels = Levels::of(column);
            let place = |code: &u32| if *code == Levels::NONE { f64::NAN } else { f64::from(*code) };
            let places = levels.codes.iter().map(place).collect();
            Ok((named_axis(column, levels.names.unwrap_or_default())?, places))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_belongs_to_the_nearest_hexagon() {
        assert_eq!(hexagon(0.1, 0.1), (0, 0));
        assert_eq!(hexagon(1.4, 1.1), (1, 1));
        assert_eq!(hexagon(2.1, 2.2), (2, 2));
        // All 2·10⁴ places of a fine grid are within the circle around their hexagon.
        for a in 0..200 {
            for b in 0..100 {
                let (x, y) = (f64::from(a) / 20.0, f64::from(b) / 20.0);
                let (i, j) = hexagon(x, y);
                let (cx, cy) = (i as f64 + 0.5 * (j % 2) as f64, j as f64);
                let distance = ((x - cx).powi(2) + ((y - cy) * 0.866).powi(2)).sqrt();
                // Left of the first column the grid ends, half a hexagon from the odd rows.
                assert!(distance < 0.5775 || x < 0.5, "{x} {y}: {distance}");
            }
        }
    }
}
