//! How a value is distributed at each of a few values of a parameter: boxes from quartile to quartile.
//!
//! Whiskers reach to the furthest runs within 1.5 interquartile ranges of the box, and runs beyond them are dots; J. W. Tukey
//! (1977), "Exploratory Data Analysis", Addison-Wesley. Quartiles are those of type 7 of Hyndman and Fan (1996). A box of
//! fewer than five runs would feign knowledge, so these are dots.

use crate::axis::Axis;
use crate::colour::SERIES;
use crate::data::Role;
use crate::facts::{Facts, Levels, left_out, logarithmic, named_axis, runs};
use crate::frame::Frame;
use crate::kind::{Columns, Drawing, Kind};
use crate::layout::{Entry, Furniture, Swatch};
use crate::numbers::{Numbers, plain};
use crate::request::Request;
use crate::scene::{INK, Mark, Rect, Rgb, Shape};
use crate::stats;
use crate::ticks::short;

/// More boxes than this along the axis would be lines.
const MOST_BOXES: usize = 60;
/// More colours than this cannot be told apart.
const MOST_SERIES: usize = 8;
/// Fewer runs are drawn as they are.
const ENOUGH: usize = 5;
/// More dots beyond a whisker hide one another.
const MOST_OUTLIERS: usize = 100;
/// No box is wider, in pixels.
const WIDEST: f64 = 44.0;

/// See the module.
pub struct BoxPlot;

impl Kind for BoxPlot {
    fn name(&self) -> &'static str {
        "box"
    }

    fn help(&self) -> &'static str {
        "how a value is distributed at each of a few values of a parameter: median, quartiles, whiskers, outliers"
    }

    fn fits(&self, facts: &Facts, asked: Columns) -> u32 {
        let Ok(Columns { x: Some(x), color, .. }) = self.columns(facts, asked) else { return 0 };
        if facts.role(x) != Role::Parameter || facts.column(x).is_numeric() {
            return 2;
        }
        match facts.varied().len() {
            0 | 1 => 70,
            2 if color.is_some_and(|color| !facts.column(color).is_numeric()) => 52,
            _ => 10,
        }
    }

    fn columns(&self, facts: &Facts, asked: Columns) -> Result<Columns, String> {
        let y = asked.y.map_or_else(|| facts.output(), |y| facts.must_have_numbers(y))?;
        // Names first: numbers have better pictures.
        let mut free: Vec<usize> = facts.varied().into_iter().filter(|c| !asked.has(*c) && *c != y).collect();
        free.sort_by_key(|c| facts.column(*c).is_numeric());
        let x = match asked.x {
            Some(x) if x == y => {
                let name = &facts.column(x).name;
                return Err(format!("boxes need two different columns, and `{name}` was given for both"));
            }
            Some(x) if facts.distinct(x) > MOST_BOXES => {
                return Err(format!(
                    "`{}` has {} different values, and there is room for {MOST_BOXES} boxes; choose another column, or a line",
                    facts.column(x).name,
                    facts.distinct(x),
                ));
            }
            Some(x) => facts.must_have_values(x)?,
            None => *free.iter().find(|c| facts.distinct(**c) <= MOST_BOXES).ok_or(format!(
                "boxes need a parameter with 2 to {MOST_BOXES} different values, and the table has none; name a column with x"
            ))?,
        };
        let color = match asked.color {
            Some(color) if facts.distinct(color) > MOST_SERIES => {
                return Err(format!(
                    "`{}` has {} different values, and {MOST_SERIES} colours can be told apart; choose another column for the colour",
                    facts.column(color).name,
                    facts.distinct(color),
                ));
            }
            Some(color) => Some(facts.must_have_values(color)?),
            None => free.iter().copied().find(|c| *c != x && facts.distinct(*c) <= MOST_SERIES),
        };
        Ok(Columns { x: Some(x), y: Some(y), color })
    }

    fn draw(&self, facts: &Facts, columns: Columns, request: &Request) -> Result<Drawing, String> {
        let Columns { x: Some(x), y: Some(y), color } = columns else {
            return Err("boxes need two columns: x and y".to_string());
        };
        let (x, y, color) = (facts.column(x), facts.column(y), color.map(|color| facts.column(color)));
        let (across, series) = (Levels::of(x), color.map(Levels::of));
        let names: Vec<String> = (0..across.len()).map(|i| across.name(i)).collect();
        let groups = groups(&across, series.as_ref(), y.numbers()?);
        let mut heights: Vec<f64> = groups.iter().flat_map(|group| group.values.iter().copied()).collect();
        heights.sort_unstable_by(f64::total_cmp);
        let (Some(lo), Some(hi)) = (heights.first(), heights.last()) else {
            return Err(format!("no run has a value for `{}` together with one for `{}`", y.name, x.name));
        };
        let up = Axis::roomy(y.label(), *lo, *hi, logarithmic(request.log_y, y, &heights)?);

        let averaged = facts.averaged(columns);
        let counts = || groups.iter().map(|group| group.values.len()).filter(|n| *n > 0);
        let (least, most) = (counts().min().unwrap_or(0), counts().max().unwrap_or(0));
        let per_box = if least == most { runs(most as u64) } else { format!("{least}–{most} runs") };
        let missing = y.numbers()?.iter().filter(|v| v.is_nan()).count() as u64;
        let hidden = groups.iter().any(|group| group.outliers().1 > 0);
        let notes = [
            (most >= ENOUGH).then(|| {
                format!("median, quartiles, and whiskers to 1.5 interquartile ranges, of {per_box} each")
            }),
            (least < ENOUGH && most >= ENOUGH).then(|| format!("fewer than {ENOUGH} runs are dots")),
            (most < ENOUGH && most > 1).then(|| format!("{per_box} each, with their median")),
            (!averaged.is_empty()).then(|| format!("over all {}", averaged.join(", "))),
            hidden.then(|| format!("at most {MOST_OUTLIERS} outliers of each are drawn")),
            (missing > 0).then(|| format!("{} without a value", runs(missing))),
            left_out(y),
        ];
        let furniture = Furniture {
            title: facts.title(request),
            legend_title: color.map(|color| format!("{}:", color.label())),
            legend: series
                .iter()
                .flat_map(|series| (0..series.len()).map(|i| (i, series.name(i))))
                .map(|(i, label)| Entry { swatch: Swatch::Patch(SERIES[i % SERIES.len()]), label })
                .collect(),
            notes: notes.into_iter().flatten().collect(),
            grid_y: true,
            ..Furniture::default()
        };
        let mut frame = Frame::new(request, named_axis(x, names)?, up, furniture)?;
        let first = [Some(x.label()), color.map(|color| color.label())].into_iter().flatten();
        let rest = ["runs", "least", "lower quartile", "median", "upper quartile", "most"].map(String::from);
        frame.numbers = Numbers::new(first.chain(rest));
        let series_count = series.as_ref().map_or(1, Levels::len);
        let slot = frame.plot.width() / across.len().max(1) as f64;
        let step = (slot * 0.8 / series_count as f64).min(WIDEST * 1.2);
        let half = (step * 0.4).min(WIDEST / 2.0);
        for group in &groups {
            let shift = group.series as f64 - (series_count as f64 - 1.0) / 2.0;
            let middle = frame.at_x(group.place as f64) + shift * step;
            let mut names = vec![across.name(group.place)];
            names.extend(series.as_ref().map(|series| series.name(group.series)));
            push(&mut frame, group, middle, half, names);
        }
        Ok(frame.finish())
    }
}

/// The values of one box, in order.
struct Group {
    place: usize,
    series: usize,
    values: Vec<f64>,
}

impl Group {
    fn quartiles(&self) -> [f64; 3] {
        [0.25, 0.5, 0.75].map(|p| stats::quantile(&self.values, p))
    }

    /// The furthest values within reach of the box.
    fn whiskers(&self) -> (f64, f64) {
        let [low, _, high] = self.quartiles();
        // Halves, because the whole may overflow.
        let reach = 3.0 * (high / 2.0 - low / 2.0);
        let (from, to) = (low - reach, high + reach);
        let inside = || self.values.iter().copied().filter(|v| (from..=to).contains(v));
        (inside().next().unwrap_or(low).min(low), inside().next_back().unwrap_or(high).max(high))
    }

    /// The values beyond the whiskers, the furthest of all among them, and how many are left out.
    fn outliers(&self) -> (Vec<f64>, usize) {
        if self.values.len() < ENOUGH {
            return (Vec::new(), 0);
        }
        let (from, to) = self.whiskers();
        let all: Vec<f64> = self.values.iter().copied().filter(|v| *v < from || *v > to).collect();
        let some = all.len().min(MOST_OUTLIERS);
        let pick = |i: usize| all[i * (all.len() - 1) / (some - 1).max(1)];
        ((0..some).map(pick).collect(), all.len() - some)
    }
}

/// A group for each place and series that has values.
fn groups(across: &Levels, series: Option<&Levels>, values: &[f64]) -> Vec<Group> {
    let lines = series.map_or(1, Levels::len);
    let mut cells = vec![Vec::new(); across.len() * lines];
    for (row, v) in values.iter().enumerate().filter(|(_, v)| v.is_finite()) {
        let (place, line) = (across.codes[row], series.map_or(0, |series| series.codes[row]));
        if place != Levels::NONE && line != Levels::NONE {
            cells[place as usize * lines + line as usize].push(*v);
        }
    }
    let group = |(i, mut values): (usize, Vec<f64>)| {
        values.sort_unstable_by(f64::total_cmp);
        Group { place: i / lines, series: i % lines, values }
    };
    cells.into_iter().enumerate().filter(|(_, values)| !values.is_empty()).map(group).collect()
}

fn push(frame: &mut Frame, group: &Group, middle: f64, half: f64, names: Vec<String>) {
    let fill: Rgb = SERIES[group.series % SERIES.len()];
    let [low, median, high] = group.quartiles();
    let n = group.values.len();
    let (least, most) = (group.values[0], group.values[n - 1]);
    let [top, line, bottom] = [high, median, low].map(|v| frame.at_y(v));
    let bar = |y: f64| vec![[middle - half, y], [middle + half, y]];
    let tip = format!("{}: {}, median {}", names.join(", "), runs(n as u64), short(median));
    frame.numbers.push(|| {
        let numbers = [n as f64, least, low, median, high, most].map(plain);
        names.into_iter().chain(numbers).collect()
    });
    let shape = Shape::Circle;
    if n < ENOUGH {
        let centres: Vec<[f64; 2]> = group.values.iter().map(|v| [middle, frame.at_y(*v)]).collect();
        if n > 1 {
            frame.push(Mark::Lines {
                class: "median",
                lines: vec![bar(line)],
                stroke: fill,
                width: 1.4,
                dash: &[],
            });
        }
        centres.iter().for_each(|centre| frame.tip_at(*centre, || tip.clone()));
        frame.push(Mark::Dots { class: "points", centres, shape, radius: 3.0, fill, opacity: 1.0 });
        return;
    }
    let (from, to) = group.whiskers();
    let [upper, lower] = [to, from].map(|v| frame.at_y(v));
    let corners =
        vec![[middle - half, top], [middle + half, top], [middle + half, bottom], [middle - half, bottom]];
    let mut outline = corners.clone();
    outline.push(corners[0]);
    let cap = |y: f64| vec![[middle - half * 0.5, y], [middle + half * 0.5, y]];
    let whiskers = vec![
        vec![[middle, top], [middle, upper]],
        vec![[middle, bottom], [middle, lower]],
        cap(upper),
        cap(lower),
    ];
    frame.push(Mark::Areas { class: "box", polygons: vec![corners], fill, opacity: 0.5 });
    let lines = [vec![outline], whiskers].concat();
    frame.push(Mark::Lines { class: "outline", lines, stroke: INK, width: 0.9, dash: &[] });
    frame.push(Mark::Lines {
        class: "outline median",
        lines: vec![bar(line)],
        stroke: INK,
        width: 2.0,
        dash: &[],
    });
    let outliers: Vec<[f64; 2]> = group.outliers().0.iter().map(|v| [middle, frame.at_y(*v)]).collect();
    if !outliers.is_empty() {
        frame.push(Mark::Dots {
            class: "outliers",
            centres: outliers,
            shape,
            radius: 1.8,
            fill,
            opacity: 0.8,
        });
    }
    frame.tip(Rect { x0: middle - half, x1: middle + half, y0: upper, y1: lower }, || tip);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(values: &[f64]) -> Group {
        Group { place: 0, series: 0, values: values.to_vec() }
    }

    #[test]
    fn whiskers_end_at_runs_and_outliers_lie_beyond() {
        let it = group(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 30.0]);
        // Quartiles 2.75 and 6.25, so the reach is to 11.5 and the last run within it is 7.
        assert_eq!(it.quartiles(), [2.75, 4.5, 6.25]);
        assert_eq!(it.whiskers(), (1.0, 7.0));
        assert_eq!(it.outliers(), (vec![30.0], 0));
        assert_eq!(group(&[2.0; 6]).whiskers(), (2.0, 2.0));
        let (from, to) = group(&[-f64::MAX, -f64::MAX, 0.0, f64::MAX, f64::MAX]).whiskers();
        assert_eq!((from, to), (-f64::MAX, f64::MAX));
    }

    #[test]
    fn of_many_outliers_the_furthest_stay() {
        let mut values: Vec<f64> = vec![0.0; 5000];
        values.extend((1..=1000).map(f64::from));
        let (some, hidden) = group(&values).outliers();
        assert_eq!((some.len(), hidden), (MOST_OUTLIERS, 900));
        assert_eq!((some[0], some[MOST_OUTLIERS - 1]), (1.0, 1000.0));
    }
}
