//! What can be said about a table before anything is drawn: which parameters vary, over how many values, and which outputs
//! have any.

use crate::axis::{Axis, evenly_spaced, geometrically_spaced, looks_logarithmic};
use crate::data::{Column, Data, Role, Values};
use crate::kind::{Columns, find};
use crate::numbers::plain;
use crate::request::{AxisScale, Request};

/// A name needs a pixel of its own.
const MOST_NAMES: usize = 400;

/// A table with a summary of each column.
#[derive(Debug)]
pub struct Facts<'a> {
    pub(crate) data: &'a Data,
    columns: Vec<Summary>,
}

#[derive(Debug)]
struct Summary {
    /// Rows with a finite number or a label.
    usable: usize,
    distinct: usize,
    /// Numbers that are all different and neither evenly nor geometrically spaced: drawn at random.
    sampled: bool,
}

impl<'a> Facts<'a> {
    pub(crate) fn new(data: &'a Data) -> Facts<'a> {
        Facts { data, columns: data.columns.iter().map(summary).collect() }
    }

    pub(crate) fn column(&self, index: usize) -> &'a Column {
        &self.data.columns[index]
    }

    /// A cell in full, as text; empty for none.
    pub(crate) fn cell(&self, index: usize, row: usize) -> String {
        match &self.column(index).values {
            Values::Numbers(numbers) => numbers.get(row).map_or_else(String::new, |v| plain(*v)),
            Values::Labels { labels, codes } => {
                codes.get(row).and_then(|code| labels.get(*code as usize)).cloned().unwrap_or_default()
            }
        }
    }

    pub(crate) fn distinct(&self, index: usize) -> usize {
        self.columns[index].distinct
    }

    pub(crate) fn sampled(&self, index: usize) -> bool {
        self.columns[index].sampled
    }

    pub(crate) fn role(&self, index: usize) -> Role {
        self.column(index).role
    }

    /// Parameters with more than one value, those with numbers first.
    pub(crate) fn varied(&self) -> Vec<usize> {
        let varies = |i: &usize| self.role(*i) == Role::Parameter && self.columns[*i].distinct > 1;
        let mut varied: Vec<usize> = (0..self.columns.len()).filter(varies).collect();
        varied.sort_by_key(|i| !self.column(*i).is_numeric());
        varied
    }

    /// The output to draw when none is named: the first that varies, else the first that has a value.
    pub(crate) fn output(&self) -> Result<usize, String> {
        let outputs = || {
            (0..self.columns.len()).filter(|i| self.role(*i) == Role::Output && self.column(*i).is_numeric())
        };
        let best = outputs().find(|i| self.columns[*i].distinct > 1);
        let any = || outputs().find(|i| self.columns[*i].usable > 0);
        best.or_else(any).ok_or_else(|| match outputs().next() {
            Some(first) => self.nothing_in(first),
            None => "the table has no output with numbers; name the column to draw".to_string(),
        })
    }

    /// What stands above a picture.
    pub(crate) fn title(&self, request: &Request) -> Option<String> {
        request.title.clone().or_else(|| self.data.title.clone())
    }

    /// Columns by their names.
    pub(crate) fn named(&self, names: &[String]) -> Result<Vec<usize>, String> {
        names.iter().map(|name| find(self.data, name)).collect()
    }

    /// The varied parameters that a picture of some columns does not tell apart.
    pub(crate) fn averaged(&self, columns: Columns) -> Vec<&str> {
        let hidden = self.varied().into_iter().filter(|c| !columns.has(*c));
        hidden.map(|c| self.column(c).name.as_str()).collect()
    }

    /// Refuses a column in which no row has a value.
    pub(crate) fn must_have_values(&self, index: usize) -> Result<usize, String> {
        match self.columns[index].usable {
            0 => Err(self.nothing_in(index)),
            _ => Ok(index),
        }
    }

    /// A column of numbers with at least one.
    pub(crate) fn must_have_numbers(&self, index: usize) -> Result<usize, String> {
        self.column(index).numbers()?;
        self.must_have_values(index)
    }

    fn nothing_in(&self, index: usize) -> String {
        let name = &self.column(index).name;
        match &self.column(index).values {
            values if values.is_empty() => "the table has no rows yet".to_string(),
            Values::Numbers(numbers) if numbers.iter().any(|v| v.is_infinite()) => {
                format!("no run has a finite value for `{name}`")
            }
            _ => format!("no run has a value for `{name}`"),
        }
    }
}

fn summary(column: &Column) -> Summary {
    match &column.values {
        Values::Numbers(_) => {
            let mut sorted = sorted(column);
            let usable = sorted.len();
            sorted.dedup();
            let distinct = sorted.len();
            let sampled = distinct > 12
                && distinct * 2 > usable
                && !evenly_spaced(&sorted)
                && !geometrically_spaced(&sorted);
            Summary { usable, distinct, sampled }
        }
        Values::Labels { labels, codes } => {
            let mut used = vec![false; labels.len()];
            let mut usable = 0;
            for code in codes {
                if let Some(used) = used.get_mut(*code as usize) {
                    *used = true;
                    usable += 1;
                }
            }
            Summary { usable, distinct: used.iter().filter(|used| **used).count(), sampled: false }
        }
    }
}

/// The finite numbers of a column in order; none for labels.
pub(crate) fn sorted(column: &Column) -> Vec<f64> {
    let Values::Numbers(numbers) = &column.values else { return Vec::new() };
    let mut sorted: Vec<f64> = numbers.iter().copied().filter(|v| v.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

/// The distinct values of a column, and which of them each row has.
#[derive(Debug)]
pub(crate) struct Levels {
    /// In order. The positions 0, 1, … for labels.
    pub values: Vec<f64>,
    /// The labels that occur; `None` for numbers.
    pub names: Option<Vec<String>>,
    /// An index into the values for each row; [`Levels::NONE`] for a row without a value.
    pub codes: Vec<u32>,
}

impl Levels {
    pub const NONE: u32 = u32::MAX;

    pub fn of(column: &Column) -> Levels {
        match &column.values {
            Values::Numbers(numbers) => {
                let mut values = sorted(column);
                values.dedup();
                let code = |v: &f64| match v.is_finite() {
                    true => values.partition_point(|level| level < v) as u32,
                    false => Levels::NONE,
                };
                let codes = numbers.iter().map(code).collect();
                Levels { values, names: None, codes }
            }
            Values::Labels { labels, codes } => {
                let mut place = vec![Levels::NONE; labels.len()];
                codes.iter().for_each(|code| {
                    if let Some(place) = place.get_mut(*code as usize) {
                        *place = 0;
                    }
                });
                let mut names = Vec::new();
                for (place, label) in place.iter_mut().zip(labels).filter(|(place, _)| **place == 0) {
                    *place = names.len() as u32;
                    names.push(label.clone());
                }
                let codes = codes
                    .iter()
                    .map(|code| place.get(*code as usize).copied().unwrap_or(Levels::NONE))
                    .collect();
                Levels { values: (0..names.len()).map(|i| i as f64).collect(), names: Some(names), codes }
            }
        }
    }

    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// What a legend calls a level.
    pub fn name(&self, level: usize) -> String {
        match &self.names {
            Some(names) => names[level].clone(),
            None => crate::ticks::short(self.values[level]),
        }
    }
}

/// An axis of the names of a column, if there are not too many to be seen.
pub(crate) fn named_axis(column: &Column, names: Vec<String>) -> Result<Axis, String> {
    match names.len() {
        0..=MOST_NAMES => Ok(Axis::names(column.label(), names)),
        n => Err(format!(
            "`{}` has {n} different texts, and an axis has room for {MOST_NAMES}; choose another column",
            column.name
        )),
    }
}

/// Whether the axis of a column is logarithmic, from its sorted finite values.
pub(crate) fn logarithmic(scale: AxisScale, column: &Column, sorted: &[f64]) -> Result<bool, String> {
    // Subnormal numbers have too few digits for a logarithm to be trusted.
    let possible = sorted.first().is_none_or(|lo| *lo >= f64::MIN_POSITIVE);
    match scale {
        AxisScale::Linear => Ok(false),
        AxisScale::Log if !possible => Err(format!(
            "`{}` has values that are not positive, so its axis cannot be logarithmic; leave out the logarithm",
            column.name
        )),
        AxisScale::Log => Ok(true),
        AxisScale::Auto if column.log && possible => Ok(true),
        AxisScale::Auto => {
            // Twenty thousand values tell as much as a million.
            let step = sorted.len().div_ceil(20_000).max(1);
            let mut some: Vec<f64> = sorted.iter().copied().step_by(step).collect();
            if step > 1 {
                some.extend(sorted.last());
            }
            Ok(looks_logarithmic(&some))
        }
    }
}

/// A number of runs, in words.
pub(crate) fn runs(n: u64) -> String {
    if n == 1 { "1 run".to_string() } else { format!("{n} runs") }
}

/// A note on values that cannot be drawn, if there are any among the rows.
pub(crate) fn left_out(column: &Column) -> Option<String> {
    let Values::Numbers(numbers) = &column.values else { return None };
    match numbers.iter().filter(|v| v.is_infinite()).count() {
        0 => None,
        1 => Some(format!("1 infinite value of {} left out", column.name)),
        n => Some(format!("{n} infinite values of {} left out", column.name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(role: Role, values: Values) -> Column {
        Column { name: "c".into(), unit: None, role, log: false, values }
    }

    #[test]
    fn levels_of_numbers_and_labels() {
        let levels = Levels::of(&column(
            Role::Parameter,
            Values::Numbers(vec![2.0, f64::NAN, -0.0, 0.0, f64::INFINITY]),
        ));
        assert_eq!(levels.values, [-0.0, 2.0]);
        assert_eq!(levels.codes, [1, Levels::NONE, 0, 0, Levels::NONE]);
        let labels = vec!["a".to_string(), "unused".to_string(), "b".to_string()];
        let levels = Levels::of(&column(Role::Parameter, Values::Labels { labels, codes: vec![2, 0, 9, 2] }));
        assert_eq!(levels.names, Some(vec!["a".to_string(), "b".to_string()]));
        assert_eq!(levels.codes, [1, 0, Levels::NONE, 1]);
    }

    #[test]
    fn what_varies_and_what_can_be_drawn() {
        let numbers = |v: &[f64]| Values::Numbers(v.to_vec());
        let mode = Values::Labels { labels: vec!["a".into(), "b".into()], codes: vec![0, 1, 0] };
        let data = Data {
            columns: vec![
                column(Role::Parameter, mode),
                column(Role::Parameter, numbers(&[1.0, 1.0, 1.0])),
                column(Role::Parameter, numbers(&[1.0, 2.0, 3.0])),
                column(Role::Replicate, numbers(&[1.0, 2.0, 3.0])),
                column(Role::Output, numbers(&[f64::NAN; 3])),
                column(Role::Output, numbers(&[5.0; 3])),
                column(Role::Output, numbers(&[5.0, 6.0, f64::NAN])),
            ],
            ..Data::default()
        };
        let facts = Facts::new(&data);
        assert_eq!(facts.varied(), [2, 0]);
        assert_eq!(facts.output(), Ok(6));
        assert_eq!(facts.must_have_values(4), Err("no run has a value for `c`".into()));
    }

    #[test]
    fn random_designs_are_told_from_grids() {
        let is = |f: &dyn Fn(usize) -> f64| {
            summary(&column(Role::Parameter, Values::Numbers((0..100).map(f).collect()))).sampled
        };
        assert!(!is(&|i| i as f64));
        assert!(!is(&|i| 1.1f64.powi(i as i32)));
        assert!(!is(&|i| ((i % 20) as f64).sin()), "few distinct values");
        assert!(is(&|i| (i as f64).sin()));
    }
}
