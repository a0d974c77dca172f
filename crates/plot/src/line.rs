//! A value over one parameter: a line of means with a band over repeated runs, one for each value of a second parameter.

use crate::axis::Axis;
use crate::colour::SERIES;
use crate::curve::{Curve, Groups, ends};
use crate::data::Role;
use crate::facts::{Facts, Levels, left_out, logarithmic, named_axis, runs};
use crate::frame::Frame;
use crate::kind::{Columns, Drawing, Kind};
use crate::layout::{Entry, Furniture, Swatch};
use crate::numbers::{Numbers, plain};
use crate::request::{Band, Request};
use crate::scene::{Mark, Shape};
use crate::ticks::short;

/// More lines than this cannot be told apart.
const MOST_SERIES: usize = 8;
/// Up to this many points have a marker each.
const MOST_MARKERS: usize = 60;
/// From this many runs per point an interval of the mean says more than the extremes.
const ENOUGH: usize = 8;

const DASHES: [&[f32]; 4] = [&[], &[7.0, 3.0], &[2.0, 2.0], &[8.0, 2.5, 2.0, 2.5]];
const SHAPES: [Shape; 4] = [Shape::Circle, Shape::Square, Shape::Triangle, Shape::Diamond];

/// See the module.
pub struct Line;

impl Kind for Line {
    fn name(&self) -> &'static str {
        "line"
    }

    fn help(&self) -> &'static str {
        "a value over one parameter: lines of means with a band over repeated runs"
    }

    fn fits(&self, facts: &Facts, asked: Columns) -> u32 {
        let Ok(Columns { x: Some(x), color, .. }) = self.columns(facts, asked) else { return 0 };
        if facts.role(x) != Role::Parameter {
            return 5;
        }
        let names = color.is_some_and(|color| !facts.column(color).is_numeric());
        match (facts.sampled(x), facts.varied().len()) {
            (true, _) => 15,
            (false, 0 | 1) => 65,
            (false, _) if asked.y.is_some_and(|y| facts.role(y) == Role::Output) => 55,
            (false, 2) if names => 50,
            _ => 18,
        }
    }

    fn columns(&self, facts: &Facts, asked: Columns) -> Result<Columns, String> {
        let y = asked.y.map_or_else(|| facts.output(), |y| facts.must_have_numbers(y))?;
        let free = || facts.varied().into_iter().filter(|c| !asked.has(*c) && *c != y);
        let Some(x) = asked.x.or_else(|| free().next()) else {
            return Err("a line needs a parameter with different values, and the table has none; name a column with x".to_string());
        };
        facts.must_have_values(x)?;
        if x == y {
            return Err(format!(
                "a line needs two different columns, and `{}` was given for both",
                facts.column(x).name
            ));
        }
        let color = match asked.color {
            Some(color) if facts.distinct(color) > MOST_SERIES => {
                return Err(format!(
                    "`{}` has {} different values, and {MOST_SERIES} lines can be told apart; choose another column for the colour, \
                     or a heatmap",
                    facts.column(color).name,
                    facts.distinct(color),
                ));
            }
            Some(color) => Some(facts.must_have_values(color)?),
            // Names before numbers: they cannot be put on an axis as well.
            None => {
                let few = |c: &usize| *c != x && facts.distinct(*c) <= MOST_SERIES;
                let named = free().find(|c| few(c) && !facts.column(*c).is_numeric());
                named.or_else(|| free().find(few))
            }
        };
        Ok(Columns { x: Some(x), y: Some(y), color })
    }

    fn draw(&self, facts: &Facts, columns: Columns, request: &Request) -> Result<Drawing, String> {
        let Columns { x: Some(x), y: Some(y), color } = columns else {
            return Err("a line needs two columns: x and y".to_string());
        };
        let (x, y, color) = (facts.column(x), facts.column(y), color.map(|color| facts.column(color)));
        let levels = Levels::of(x);
        let across = match &levels.names {
            Some(names) => named_axis(x, names.clone())?,
            None => {
                let log = logarithmic(request.log_x, x, &levels.values)?;
                let (lo, hi) =
                    ends(&levels.values).ok_or_else(|| format!("no run has a value for `{}`", x.name))?;
                Axis::roomy(x.label(), lo, hi, log)
            }
        };
        let series = color.map(Levels::of);
        let groups = Groups::of(&levels, &across, series.as_ref(), y.numbers()?);

        let (least, most) = groups.runs();
        if most == 0 {
            return Err(format!("no run has a value for `{}` together with one for `{}`", y.name, x.name));
        }
        let averaged = facts.averaged(columns);
        let band = match request.band {
            _ if most < 2 => None,
            // What is merged or averaged over differs in more than chance.
            Band::Auto if groups.merged > 1 => Some(Band::MinMax),
            Band::Auto if most < ENOUGH || !averaged.is_empty() => Some(Band::MinMax),
            Band::Auto => Some(Band::Confidence),
            band => Some(band),
        };
        let curves = groups.curves(band);

        let mut heights: Vec<f64> =
            curves.iter().flatten().flatten().flat_map(|p| [p.low, p.mean, p.high]).collect();
        heights.sort_unstable_by(f64::total_cmp);
        let (lo, hi) = ends(&heights).unwrap_or((0.0, 1.0));
        let up = Axis::roomy(y.label(), lo, hi, logarithmic(request.log_y, y, &heights)?);

        let notes = [
            band.map(|band| format!("mean and {} of {}", band_name(band), runs_text(least, most))),
            (!averaged.is_empty()).then(|| format!("over all {}", averaged.join(", "))),
            (groups.merged > 1)
                .then(|| format!("{} neighbouring values of {} per point", groups.merged, x.name)),
            (groups.missing > 0).then(|| format!("{} without a value", runs(groups.missing))),
            left_out(y),
        ];
        let furniture = Furniture {
            title: facts.title(request),
            legend_title: color.map(|color| format!("{}:", color.label())),
            legend: series
                .iter()
                .flat_map(|series| (0..series.len()).map(|i| entry(i, series.name(i))))
                .collect(),
            notes: notes.into_iter().flatten().collect(),
            grid_x: levels.names.is_none(),
            grid_y: true,
            ..Furniture::default()
        };
        let mut frame = Frame::new(request, across, up, furniture)?;
        let named = levels.names.is_some();
        for (i, curve) in curves.iter().enumerate() {
            if band.is_some() && !named {
                push_band(&mut frame, i, curve);
            }
        }
        let first = color.map(|color| color.label()).into_iter().chain([x.label()]);
        let rest = ["mean".to_string(), "low".to_string(), "high".to_string()];
        frame.numbers = Numbers::new(first.chain(rest));
        for (i, curve) in curves.iter().enumerate() {
            // Names stand side by side, and so do the series above each of them.
            let shift = if named { (i as f64 - (curves.len() - 1) as f64 / 2.0) * 9.0 } else { 0.0 };
            push_line(&mut frame, i, curve, named, shift);
            let series = series.as_ref().map(|series| series.name(i));
            for p in curve.iter().flatten() {
                let place = if named { levels.name(p.x as usize) } else { plain(p.x) };
                let first = series.iter().cloned().chain([place]);
                let at = [frame.at_x(p.x) + shift, frame.at_y(p.mean)];
                let band = if p.low < p.high {
                    format!(" ({}–{})", short(p.low), short(p.high))
                } else {
                    String::new()
                };
                let names: Vec<String> = first.collect();
                frame.tip_at(at, || format!("{}: {}{band}", names.join(", "), short(p.mean)));
                frame.numbers.push(|| names.into_iter().chain([p.mean, p.low, p.high].map(plain)).collect());
            }
        }
        Ok(frame.finish())
    }
}

fn entry(i: usize, label: String) -> Entry {
    let (colour, dash, shape) = style(i);
    Entry { swatch: Swatch::Line { colour, dash, shape: Some(shape) }, label }
}

fn style(i: usize) -> (u32, &'static [f32], Shape) {
    (SERIES[i % SERIES.len()], DASHES[i % DASHES.len()], SHAPES[(i + i / 4) % SHAPES.len()])
}

fn band_name(band: Band) -> &'static str {
    match band {
        Band::Auto | Band::MinMax => "range",
        Band::Quartiles => "quartiles",
        Band::Confidence => "95 % confidence interval",
    }
}

fn runs_text(least: usize, most: usize) -> String {
    if least == most { format!("{most} runs per point") } else { format!("{least}–{most} runs per point") }
}

fn push_band(frame: &mut Frame, i: usize, curve: &Curve) {
    let polygons: Vec<Vec<[f64; 2]>> = curve
        .iter()
        .map(|piece| match piece.as_slice() {
            // A single point has no width; its band becomes a bar.
            [p] => {
                let (x, low, high) = (frame.at_x(p.x), frame.at_y(p.low), frame.at_y(p.high));
                vec![[x - 2.0, low], [x + 2.0, low], [x + 2.0, high], [x - 2.0, high]]
            }
            piece => {
                let above = piece.iter().map(|p| [frame.at_x(p.x), frame.at_y(p.high)]);
                let below = piece.iter().rev().map(|p| [frame.at_x(p.x), frame.at_y(p.low)]);
                above.chain(below).collect()
            }
        })
        .collect();
    if !polygons.is_empty() {
        frame.push(Mark::Areas { class: "band", polygons, fill: style(i).0, opacity: 0.2 });
    }
}

fn push_line(frame: &mut Frame, i: usize, curve: &Curve, named: bool, shift: f64) {
    let (colour, dash, shape) = style(i);
    let pieces: Vec<Vec<[f64; 2]>> = curve
        .iter()
        .map(|piece| piece.iter().map(|p| [frame.at_x(p.x) + shift, frame.at_y(p.mean)]).collect())
        .collect();
    let points = pieces.concat();
    if named {
        let bar = |p: &crate::curve::Point| {
            let x = frame.at_x(p.x) + shift;
            vec![[x, frame.at_y(p.low)], [x, frame.at_y(p.high)]]
        };
        let lines = curve.iter().flatten().map(bar).collect();
        frame.push(Mark::Lines { class: "range", lines, stroke: colour, width: 1.4, dash: &[] });
    } else {
        let lines = pieces.into_iter().filter(|piece| piece.len() > 1).collect();
        frame.push(Mark::Lines { class: "series", lines, stroke: colour, width: 1.8, dash });
    }
    if points.len() <= MOST_MARKERS || named {
        frame.push(Mark::Dots {
            class: "points",
            centres: points,
            shape,
            radius: 3.2,
            fill: colour,
            opacity: 1.0,
        });
    }
}
