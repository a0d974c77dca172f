//! An axis: from values to places, and the ticks that have room.

use std::cmp::Reverse;

use crate::ticks::{self, Tick, Ticks};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Span {
    /// `whole`: the values are counts, so ticks between them are left out.
    Linear {
        lo: f64,
        hi: f64,
        whole: bool,
    },
    Log {
        lo: f64,
        hi: f64,
    },
    /// One place for each name; the value is the index.
    Names(Vec<String>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Axis {
    pub label: String,
    pub span: Span,
    /// Names go downwards in a Gantt chart.
    pub flip: bool,
    /// Has its ticks at these values if there is room for all of them.
    pub marks: Vec<f64>,
}

impl Axis {
    pub fn names(label: String, names: Vec<String>) -> Axis {
        Axis { label, span: Span::Names(names), flip: false, marks: Vec::new() }
    }

    /// From `lo` to `hi`, which become different where they are not.
    pub fn numbers(label: String, lo: f64, hi: f64, log: bool) -> Axis {
        let span = match log {
            true if lo < hi => Span::Log { lo, hi },
            true => Span::Log { lo: lo / 2.0, hi: (hi * 2.0).min(f64::MAX) },
            false => {
                let (lo, hi) = widened(lo, hi);
                Span::Linear { lo, hi, whole: false }
            }
        };
        Axis { label, span, flip: false, marks: Vec::new() }
    }

    /// As [`Axis::numbers`], with 4 % of room at both ends so that nothing lies on the frame.
    pub fn roomy(label: String, lo: f64, hi: f64, log: bool) -> Axis {
        let mut axis = Axis::numbers(label, lo, hi, log);
        match &mut axis.span {
            Span::Linear { lo, hi, .. } => {
                let room = hi.mul_add(0.04, -*lo * 0.04);
                (*lo, *hi) = ((*lo - room).max(f64::MIN), (*hi + room).min(f64::MAX));
            }
            Span::Log { lo, hi } => {
                let room = (hi.ln() - lo.ln()) * 0.04;
                (*lo, *hi) =
                    ((lo.ln() - room).exp().max(f64::MIN_POSITIVE), (hi.ln() + room).exp().min(f64::MAX));
            }
            Span::Names(_) => {}
        }
        axis
    }

    /// The values are counts: no ticks between them.
    pub fn count_whole(&mut self) {
        if let Span::Linear { whole, .. } = &mut self.span {
            *whole = true;
        }
    }

    /// The label in two lines: the name, and the factor of the ticks with the unit.
    pub fn name_and_unit(&self, common: Option<&str>) -> (String, String) {
        let (name, unit) = match self.label.split_once(" (") {
            Some((name, unit)) if !name.is_empty() => (name.to_string(), format!("({unit}")),
            _ => (self.label.clone(), String::new()),
        };
        (name, [common.unwrap_or(""), &unit].join(" ").trim().to_string())
    }

    /// Where a value lies, from 0 at the start of the axis to 1 at its end.
    pub fn at(&self, v: f64) -> f64 {
        let place = match &self.span {
            // Quarters, because the whole may overflow.
            Span::Linear { lo, hi, .. } => (v / 4.0 - lo / 4.0) / (hi / 4.0 - lo / 4.0),
            Span::Log { lo, hi } => (v.ln() - lo.ln()) / (hi.ln() - lo.ln()),
            Span::Names(names) => (v + 0.5) / names.len().max(1) as f64,
        };
        if self.flip { 1.0 - place } else { place }
    }

    /// The value at a place: the opposite of [`Axis::at`].
    pub fn value(&self, place: f64) -> f64 {
        let place = if self.flip { 1.0 - place } else { place };
        match &self.span {
            Span::Linear { lo, hi, .. } => hi * place + lo * (1.0 - place),
            Span::Log { lo, hi } => (hi.ln() * place + lo.ln() * (1.0 - place)).exp(),
            Span::Names(names) => names.len() as f64 * place - 0.5,
        }
    }

    /// About `wanted` named ticks, for which `fits` says that there is room; all names that have room.
    pub fn ticks(&self, wanted: usize, fits: &dyn Fn(&[Tick]) -> bool) -> Ticks {
        let marked: Vec<Tick> =
            self.marks.iter().map(|v| Tick { value: *v, label: Some(ticks::short(*v)) }).collect();
        if !marked.is_empty() && fits(&marked) {
            return Ticks { ticks: marked, common: None };
        }
        match &self.span {
            Span::Linear { lo, hi, whole } => {
                let choices = (1..=wanted * 2 + 2).map(|n| ticks::linear(*lo, *hi, n, *whole));
                let fitting = choices.filter(|t| t.ticks.len() == 1 || fits(&t.ticks));
                fitting
                    .min_by_key(|t| {
                        (t.ticks.len() < 2, t.ticks.len().abs_diff(wanted), Reverse(t.ticks.len()))
                    })
                    .unwrap_or_default()
            }
            Span::Log { lo, hi } => ticks::log(*lo, *hi, wanted + 1, fits),
            Span::Names(names) => {
                let strided = |stride: usize| -> Vec<Tick> {
                    let named = names.iter().enumerate().step_by(stride);
                    named.map(|(i, name)| Tick { value: i as f64, label: Some(name.clone()) }).collect()
                };
                let strides = (0..9).flat_map(|p| [1, 2, 5].map(|d| d * 10usize.pow(p)));
                let ticks = strides.map(strided).find(|ticks| ticks.len() <= 1 || fits(ticks));
                Ticks { ticks: ticks.unwrap_or_default(), common: None }
            }
        }
    }
}

/// A range around a constant: what a person would draw around a single value.
fn widened(lo: f64, hi: f64) -> (f64, f64) {
    let size = lo.abs().max(hi.abs());
    // Below this the steps between doubles would show, or a step would be no normal number.
    if hi / 4.0 - lo / 4.0 > (size * 1e-13).max(1e-300) {
        return (lo, hi);
    }
    let middle = lo / 2.0 + hi / 2.0;
    let room = if size > 1e-290 { size * 0.1 } else { 1.0 };
    ((middle - room).max(f64::MIN), (middle + room).min(f64::MAX))
}

/// Whether sorted distinct values have equal steps, to within a hundredth.
pub(crate) fn evenly_spaced(distinct: &[f64]) -> bool {
    // Quarters, because the whole may overflow.
    even(distinct, |v| v / 4.0)
}

/// Whether sorted distinct values have equal ratios, to within a hundredth of their logarithm.
pub(crate) fn geometrically_spaced(distinct: &[f64]) -> bool {
    distinct.first().is_some_and(|lo| *lo > 0.0) && even(distinct, f64::ln)
}

fn even(distinct: &[f64], of: impl Fn(f64) -> f64) -> bool {
    let [first, .., last] = distinct else { return false };
    let step = (of(*last) - of(*first)) / (distinct.len() - 1) as f64;
    distinct.windows(2).all(|w| (of(w[1]) - of(w[0]) - step).abs() <= 0.01 * step)
}

/// Whether an axis should be logarithmic by itself, from the sorted finite values of a column.
pub(crate) fn looks_logarithmic(sorted: &[f64]) -> bool {
    let (Some(&lo), Some(&hi)) = (sorted.first(), sorted.last()) else { return false };
    // Subnormal numbers have too few digits for a logarithm to be trusted.
    if lo < f64::MIN_POSITIVE || lo == hi {
        return false;
    }
    let mut distinct = sorted.to_vec();
    distinct.dedup();
    if distinct.len() >= 3 {
        if evenly_spaced(&distinct) {
            return false;
        }
        if geometrically_spaced(&distinct) {
            return true;
        }
    }
    // An uneven sample: the scale on which its median is nearer to the middle.
    let median = sorted[sorted.len() / 2];
    let linear = (median / 4.0 - lo / 4.0) / (hi / 4.0 - lo / 4.0);
    let log = (median.ln() - lo.ln()) / (hi.ln() - lo.ln());
    hi / 100.0 > lo && (log - 0.5).abs() <= (linear - 0.5).abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_guessed_as_a_person_would() {
        let grid = |n: usize, f: &dyn Fn(f64) -> f64| (0..n).map(|i| f(i as f64)).collect::<Vec<_>>();
        for (values, log, why) in [
            (grid(25, &|i| 1e8 * 20f64.powf(i / 24.0)), true, "geometric, 1.3 decades"),
            (grid(1000, &|i| 0.1 * (i + 1.0)), false, "even steps over four decades"),
            (vec![1.0, 2.0, 4.0], true, "powers of two"),
            (vec![1.0, 2.0, 3.0], false, "even"),
            (vec![1.0, 3.0], false, "two values near each other"),
            (vec![1.0, 1000.0], true, "two values far from each other"),
            (grid(100, &|i| (i / 99.0).powi(2) * 900.0 + 0.5), false, "spread over the linear range"),
            (grid(100, &|i| (i * i / 1e3).exp()), true, "long tail"),
            (vec![0.0, 1.0, 10.0, 100.0], false, "zero has no logarithm"),
            (vec![], false, "nothing"),
            (vec![1.0, 1.0], false, "constant"),
        ] {
            assert_eq!(looks_logarithmic(&values), log, "{why}");
        }
    }

    #[test]
    fn places_and_values_are_opposite() {
        for axis in [
            Axis::numbers(String::new(), -f64::MAX, f64::MAX, false),
            Axis::numbers(String::new(), 1e-300, 1e300, true),
            Axis::roomy(String::new(), 3.0, 3.0, false),
            Axis::names(String::new(), vec!["a".into(), "b".into()]),
        ] {
            for place in [0.0, 0.25, 0.5, 1.0] {
                assert!((axis.at(axis.value(place)) - place).abs() < 1e-9, "{axis:?} {place}");
            }
        }
    }

    #[test]
    fn a_constant_gets_an_axis_around_it() {
        for v in [0.0, 1.0, -5.0, 1e300, 1e-300, 1e9, f64::MAX, 5e-324] {
            let axis = Axis::numbers(String::new(), v, v, false);
            assert!((0.0..=1.0).contains(&axis.at(v)), "{v}");
            assert!(!axis.ticks(5, &|_| true).ticks.is_empty(), "{v}");
        }
    }
}
