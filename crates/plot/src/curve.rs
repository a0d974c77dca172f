//! Runs grouped into curves: the mean and the band at each place of a line picture.

use crate::axis::Axis;
use crate::facts::Levels;
use crate::request::Band;
use crate::stats;

/// Above this neighbouring values of x are averaged.
const MOST_STEPS: usize = 1000;

/// One series, in pieces: it is broken where runs gave no value.
pub(crate) type Curve = Vec<Vec<Point>>;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    pub x: f64,
    pub mean: f64,
    pub low: f64,
    pub high: f64,
}

/// The runs of each series at each place.
pub(crate) struct Groups {
    places: Vec<f64>,
    /// A row for each series, a cell for each place.
    cells: Vec<Vec<Cell>>,
    /// Values of x that became one place.
    pub merged: usize,
    /// Runs at one of the places that gave no value.
    pub missing: u64,
}

#[derive(Clone, Default)]
struct Cell {
    values: Vec<f64>,
    /// There are runs here, with a value or without.
    ran: bool,
}

impl Groups {
    pub fn of(x: &Levels, axis: &Axis, series: Option<&Levels>, y: &[f64]) -> Groups {
        let merged = if x.names.is_some() { 1 } else { x.len().div_ceil(MOST_STEPS).max(1) };
        let place = |chunk: &[f64]| match chunk {
            [one] => *one,
            many => axis.value(stats::mean(&many.iter().map(|v| axis.at(*v)).collect::<Vec<_>>())),
        };
        let places: Vec<f64> = x.values.chunks(merged).map(place).collect();
        let mut cells = vec![vec![Cell::default(); places.len()]; series.map_or(1, Levels::len)];
        let mut missing = 0;
        for (row, v) in y.iter().enumerate() {
            let (at, line) = (x.codes[row], series.map_or(0, |series| series.codes[row]));
            if at == Levels::NONE || line == Levels::NONE {
                continue;
            }
            let cell = &mut cells[line as usize][at as usize / merged];
            cell.ran = true;
            missing += u64::from(v.is_nan());
            if v.is_finite() {
                cell.values.push(*v);
            }
        }
        Groups { places, cells, merged, missing }
    }

    /// The least and the most runs with a value at a place where there is one; 0 and 0 when there is none.
    pub fn runs(&self) -> (usize, usize) {
        let runs = || self.cells.iter().flatten().map(|cell| cell.values.len()).filter(|n| *n > 0);
        (runs().min().unwrap_or(0), runs().max().unwrap_or(0))
    }

    pub fn curves(&self, band: Option<Band>) -> Vec<Curve> {
        self.cells.iter().map(|cells| self.curve(cells, band)).collect()
    }

    fn curve(&self, cells: &[Cell], band: Option<Band>) -> Curve {
        let mut pieces = vec![Vec::new()];
        for (x, cell) in self.places.iter().zip(cells) {
            match point(*x, &cell.values, band) {
                Some(point) => pieces.last_mut().into_iter().for_each(|piece| piece.push(point)),
                None if cell.ran => pieces.push(Vec::new()),
                // This series was not run here; its line goes on to where it was.
                None => {}
            }
        }
        pieces.retain(|piece| !piece.is_empty());
        pieces
    }
}

fn point(x: f64, values: &[f64], band: Option<Band>) -> Option<Point> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let (least, most) = ends(&sorted)?;
    // Rounding must not put the mean of equal values outside them.
    let mean = stats::mean(&sorted).clamp(least, most);
    let (low, high) = match band {
        None => (mean, mean),
        Some(Band::Auto | Band::MinMax) => (least, most),
        Some(Band::Quartiles) => (stats::quantile(&sorted, 0.25), stats::quantile(&sorted, 0.75)),
        Some(Band::Confidence) => {
            let half = stats::confidence(&sorted).unwrap_or(0.0);
            ((mean - half).max(f64::MIN), (mean + half).min(f64::MAX))
        }
    };
    Some(Point { x, mean, low, high })
}

/// The first and the last.
pub(crate) fn ends(sorted: &[f64]) -> Option<(f64, f64)> {
    Some((*sorted.first()?, *sorted.last()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(x: &[f64], y: &[f64]) -> Groups {
        let column = crate::Column {
            name: "x".into(),
            unit: None,
            role: crate::Role::Parameter,
            log: false,
            values: crate::Values::Numbers(x.to_vec()),
        };
        let axis = Axis::numbers(String::new(), 0.0, 10.0, false);
        Groups::of(&Levels::of(&column), &axis, None, y)
    }

    #[test]
    fn repeated_runs_become_one_point() {
        let groups = groups(&[2.0, 1.0, 2.0, 1.0, 2.0], &[3.0, 1.0, 5.0, 1.0, 4.0]);
        assert_eq!(groups.runs(), (2, 3));
        let curve = &groups.curves(Some(Band::MinMax))[0];
        let expected = [
            Point { x: 1.0, mean: 1.0, low: 1.0, high: 1.0 },
            Point { x: 2.0, mean: 4.0, low: 3.0, high: 5.0 },
        ];
        assert_eq!(curve.concat(), expected);
        let quartiles = groups.curves(Some(Band::Quartiles))[0][0][1];
        assert_eq!((quartiles.low, quartiles.high), (3.5, 4.5));
    }

    #[test]
    fn a_line_is_broken_where_no_run_gave_a_value() {
        let groups = groups(&[1.0, 2.0, 3.0, 4.0], &[1.0, 1.0, f64::NAN, f64::INFINITY]);
        assert_eq!(groups.curves(None)[0].len(), 1);
        let groups = self::groups(&[1.0, 2.0, 3.0, 4.0], &[1.0, f64::NAN, 2.0, 3.0]);
        let lengths: Vec<usize> = groups.curves(None)[0].iter().map(Vec::len).collect();
        assert_eq!(lengths, [1, 2]);
    }

    #[test]
    fn very_many_places_are_averaged() {
        let x: Vec<f64> = (0..5000).map(|i| f64::from(i) / 500.0).collect();
        let groups = groups(&x, &x);
        assert_eq!((groups.merged, groups.places.len()), (5, 1000));
        assert!((groups.places[0] - 0.004).abs() < 1e-12);
    }
}
