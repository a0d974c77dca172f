//! What the live plot shows: the columns that were chosen, made ready to be drawn.
//!
//! A curve is every run's output over one parameter; a map is its mean over two, as a grid. Which of them is shown first depends on how
//! many parameters vary.

use super::number::brief;
use super::stored::{Results, Series};

/// What was chosen with the keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// Counts the presses of `x`: the parameter of a curve, the pair of parameters of a map.
    pub along: usize,
    /// Counts the presses of `y`: the output.
    pub output: usize,
    /// A map or a curve, once somebody said so.
    pub map: Option<bool>,
}

/// An axis and what its values are called.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Span {
    /// As a title says it, with the unit.
    pub name: String,
    pub low: f64,
    pub high: f64,
    /// The values are logarithms to base 10.
    pub log: bool,
    labels: Option<Vec<String>>,
}

/// A picture to be drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Picture {
    /// Why there is none yet.
    Nothing(&'static str),
    Curve {
        x: Span,
        y: Span,
        points: Vec<(f64, f64)>,
    },
    Map {
        x: Span,
        y: Span,
        value: Span,
        columns: usize,
        rows: usize,
        cells: Vec<f64>,
    },
}

/// More points than a terminal can show apart are thinned out on a grid like this.
const THINNED: usize = 4000;
const GRID: (f64, f64) = (512.0, 256.0);
/// More values of a parameter than this are put together.
const LINES: usize = 200;

impl Picture {
    pub fn of(results: &Results, choice: Choice) -> Picture {
        let (parameters, outputs) = (&results.parameters, &results.outputs);
        if parameters.is_empty() || outputs.is_empty() {
            return Picture::Nothing("waiting for the store");
        }
        let output = &outputs[choice.output % outputs.len()];
        if output.values.is_empty() {
            return Picture::Nothing("no run has succeeded yet");
        }
        if !output.values.iter().any(|value| value.is_finite()) {
            return Picture::Nothing("this output has no numbers yet; y shows another");
        }
        match is_map(results, choice) {
            true => {
                let others = parameters.len() - 1;
                let first = choice.along / others % parameters.len();
                let second = (first + 1 + choice.along % others) % parameters.len();
                map(&parameters[first], &parameters[second], output)
            }
            false => curve(&parameters[choice.along % parameters.len()], output),
        }
    }
}

/// Whether the choice is a map: when two parameters or more do not only repeat points, unless somebody said otherwise.
pub fn is_map(results: &Results, choice: Choice) -> bool {
    results.parameters.len() > 1 && choice.map.unwrap_or(results.axes > 1)
}

fn curve(x: &Series, y: &Series) -> Picture {
    let (x, xs) = span(x);
    let (y, ys) = span(y);
    let mut points: Vec<(f64, f64)> =
        xs.into_iter().zip(ys).filter(|(x, y)| x.is_finite() && y.is_finite()).collect();
    if points.len() > THINNED {
        let mut seen = std::collections::HashSet::new();
        points.retain(|point| {
            let cell = (x.part(point.0) * GRID.0, y.part(point.1) * GRID.1);
            seen.insert((cell.0 as u32, cell.1 as u32))
        });
    }
    Picture::Curve { x, y, points }
}

fn map(x: &Series, y: &Series, value: &Series) -> Picture {
    let (x, xs) = span(x);
    let (y, ys) = span(y);
    let (columns, across) = lines(&x, &xs);
    let (rows, up) = lines(&y, &ys);
    let mut sums = vec![(0.0, 0u32); columns * rows];
    for ((column, row), value) in across.into_iter().zip(up).zip(&value.values) {
        if let (Some(column), Some(row), true) = (column, row, value.is_finite()) {
            let sum = &mut sums[row * columns + column];
            *sum = (sum.0 + value, sum.1 + 1);
        }
    }
    let cells: Vec<f64> =
        sums.into_iter().map(|(sum, n)| if n == 0 { f64::NAN } else { sum / f64::from(n) }).collect();
    let means = Series { values: cells, ..value.clone() };
    let (value, cells) = span(&means);
    Picture::Map { x, y, value, columns, rows, cells }
}

/// The lines of a grid: how many there are, and on which each value lies.
fn lines(span: &Span, values: &[f64]) -> (usize, Vec<Option<usize>>) {
    let mut distinct: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    distinct.sort_unstable_by(f64::total_cmp);
    distinct.dedup();
    let count = distinct.len().clamp(1, LINES);
    let line = |value: &f64| {
        value.is_finite().then(|| match distinct.len() > LINES {
            true => ((span.part(*value) * LINES as f64) as usize).min(LINES - 1),
            false => distinct.partition_point(|other| other < value),
        })
    };
    (count, values.iter().map(line).collect())
}

/// The extent of a column, and its values on that axis.
fn span(series: &Series) -> (Span, Vec<f64>) {
    let finite = || series.values.iter().copied().filter(|value| value.is_finite());
    let low = finite().fold(f64::INFINITY, f64::min);
    let high = finite().fold(f64::NEG_INFINITY, f64::max);
    // Two powers of ten or more are told apart better by their logarithms.
    let log = series.labels.is_none() && low > 0.0 && high / low >= 100.0;
    let values: Vec<f64> = match log {
        true => series.values.iter().map(|value| value.log10()).collect(),
        false => series.values.clone(),
    };
    let name = match &series.unit {
        Some(unit) => format!("{} [{unit}]", series.name),
        None => series.name.clone(),
    };
    let (low, high) = match (low.is_finite() && high.is_finite(), log) {
        (false, _) => (0.0, 0.0),
        (true, true) => (low.log10(), high.log10()),
        (true, false) => (low, high),
    };
    (Span { name, low, high, log, labels: series.labels.clone() }, values)
}

impl Span {
    /// Where a value lies, from 0 to 1; in the middle when all are alike.
    pub fn part(&self, value: f64) -> f64 {
        let width = self.high - self.low;
        if width > 0.0 && width.is_finite() { ((value - self.low) / width).clamp(0.0, 1.0) } else { 0.5 }
    }

    /// What a value on the axis is called.
    pub fn text(&self, value: f64) -> String {
        match &self.labels {
            Some(labels) => labels.get(value.round().max(0.0) as usize).cloned().unwrap_or_default(),
            None if self.log => brief(10f64.powf(value)),
            None => brief(value),
        }
    }

    /// The bounds of an axis that shows the values, with room where there would be none.
    pub fn bounds(&self) -> [f64; 2] {
        match self.high > self.low {
            true => [self.low, self.high],
            false => [self.low - 1.0, self.high + 1.0],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn series(name: &str, values: &[f64]) -> Series {
        Series { name: name.into(), values: values.into(), ..Series::default() }
    }

    fn results(parameters: Vec<Series>, outputs: Vec<Series>) -> Results {
        Results { axes: parameters.len(), parameters, outputs, ..Results::default() }
    }

    #[test]
    fn a_map_is_the_mean_over_what_repeats() {
        let (a, b) = (series("a", &[1.0, 1.0, 2.0, 2.0, 2.0]), series("b", &[5.0, 6.0, 5.0, 5.0, 6.0]));
        let z = series("z", &[1.0, 2.0, 3.0, 5.0, f64::NAN]);
        let Picture::Map { columns, rows, cells, .. } =
            Picture::of(&results(vec![a, b], vec![z]), Choice::default())
        else {
            panic!("two parameters make a map")
        };
        assert_eq!((columns, rows), (2, 2));
        assert_eq!((cells[0], cells[1], cells[2], cells[3].is_nan()), (1.0, 4.0, 2.0, true));
    }

    #[test]
    fn wide_ranges_are_logarithmic_and_called_by_their_values() {
        let (x, y) = (series("x", &[1e-3, 1.0, 1e3]), series("y", &[1.0, 2.0, 3.0]));
        let Picture::Curve { x, y, points } = Picture::of(&results(vec![x], vec![y]), Choice::default())
        else {
            panic!("one parameter makes a curve")
        };
        assert!(x.log && !y.log);
        assert_eq!((x.text(x.low), x.text(x.high), points.len()), ("0.001".into(), "1000".into(), 3));
    }

    proptest! {
        #[test]
        fn any_numbers_make_a_picture(
            rows in prop::collection::vec((prop::num::f64::ANY, prop::num::f64::ANY, prop::num::f64::ANY), 0..300),
            along in 0usize..9,
            map in prop::option::of(any::<bool>()),
        ) {
            let column = |pick: fn(&(f64, f64, f64)) -> f64| rows.iter().map(pick).collect::<Vec<_>>();
            let parameters = vec![series("a", &column(|r| r.0)), series("b", &column(|r| r.1))];
            let results = results(parameters, vec![series("z", &column(|r| r.2))]);
            match Picture::of(&results, Choice { along, output: 3, map }) {
                Picture::Map { columns, rows, cells, .. } => prop_assert_eq!(columns * rows, cells.len()),
                Picture::Curve { points, .. } => prop_assert!(points.iter().all(|p| p.0.is_finite() && p.1.is_finite())),
                Picture::Nothing(why) => prop_assert!(!why.is_empty()),
            }
        }
    }
}
