//! What a summary can say of the cells of a group.
//!
//! A statistic is given the cells that hold a value; NaN and missing cells have been left out (and counted, see
//! [`crate::Summary`]). Without a cell that it can use it has no value itself. Booleans count as 0 and 1.

use std::cmp::Ordering;

use paramo_model::{Value, ValueType};

use crate::groups::Groups;
use crate::moments::{Moments, Sum};
use crate::order::rank;
use crate::spread::{self, Spread};
use crate::{Column, Data, TableError};

/// A way to summarise cells.
#[derive(Debug)]
pub struct Statistic {
    /// As it is asked for: `mean`.
    pub name: &'static str,
    /// One line for people who choose.
    pub help: &'static str,
    /// It is asked for with a fraction from 0 to 1 in front of the column: `0.9:wall`.
    pub takes_fraction: bool,
    /// Texts have one as well.
    takes_texts: bool,
    /// It has the unit of its column.
    pub keeps_unit: bool,
    of: fn(&Cells) -> Value,
    /// The same of many groups in one pass over their rows; it may leave them to `of`.
    each: fn(&Spread) -> Option<Vec<Value>>,
}

/// Every statistic.
pub static STATISTICS: &[Statistic] = &[
    Statistic {
        takes_texts: true,
        keeps_unit: false,
        ..numeric("count", "How many cells hold a value", count, spread::counts)
    },
    numeric("mean", "The mean", mean, spread::means),
    numeric("median", "The median", median, spread::medians),
    Statistic {
        takes_texts: true,
        ..numeric("min", "The lowest value", |cells| cells.extreme(Ordering::Less), spread::least)
    },
    Statistic {
        takes_texts: true,
        ..numeric("max", "The highest value", |cells| cells.extreme(Ordering::Greater), spread::largest)
    },
    numeric("sum", "The sum", sum, spread::sums),
    numeric(
        "sd",
        "The standard deviation of the sample (n − 1); of at least two values",
        sd,
        spread::deviations,
    ),
    numeric("sem", "The standard error of the mean, sd / √n; of at least two values", sem, spread::errors),
    Statistic {
        takes_fraction: true,
        ..numeric(
            "quantile",
            "A quantile, as Q:COLUMN with Q from 0 to 1, such as 0.9:wall",
            quantile,
            |_| None,
        )
    },
    Statistic {
        takes_texts: true,
        ..numeric("first", "The value of the run with the lowest index", first, |_| None)
    },
];

const fn numeric(
    name: &'static str,
    help: &'static str,
    of: fn(&Cells) -> Value,
    each: fn(&Spread) -> Option<Vec<Value>>,
) -> Statistic {
    Statistic { name, help, takes_fraction: false, takes_texts: false, keeps_unit: true, of, each }
}

/// The statistic of a name.
pub fn statistic(name: &str) -> Option<&'static Statistic> {
    STATISTICS.iter().find(|statistic| statistic.name == name)
}

impl Statistic {
    /// [`TableError::NotNumbers`] when the column is one of texts and this needs numbers.
    pub fn check(&self, column: &Column) -> Result<(), TableError> {
        if self.takes_texts || column.kind() != ValueType::String {
            return Ok(());
        }
        let others: Vec<&str> =
            STATISTICS.iter().filter(|other| other.takes_texts).map(|other| other.name).collect();
        Err(TableError::NotNumbers {
            statistic: self.name,
            column: column.name.clone(),
            others: others.join(", "),
        })
    }

    /// The value for some rows of a column, all of which hold one.
    pub fn of(&self, column: &Column, rows: &[usize], fraction: f64) -> Value {
        (self.of)(&Cells { column, rows, fraction })
    }

    /// The value for each group of the rows of a column, of which those that hold none are left out.
    pub fn of_each(&self, spread: &Spread, fraction: f64) -> Vec<Value> {
        if self.takes_fraction
            && let Some(mut quantiles) = spread.quantiles(&[fraction])
        {
            return quantiles.pop().unwrap_or_default();
        }
        if let Some(values) = (self.each)(spread) {
            return values;
        }
        let groups = Groups::of(spread.rows, spread.parts);
        let mut valued = Vec::new();
        let value = |rows: &[usize]| {
            valued.clear();
            valued.extend(rows.iter().copied().filter(|row| rank(spread.column, *row) == 0));
            self.of(spread.column, &valued, fraction)
        };
        groups.each().map(value).collect()
    }
}

/// The cells of a group that hold a value, in the order of their runs.
struct Cells<'a> {
    column: &'a Column,
    rows: &'a [usize],
    /// Of a quantile.
    fraction: f64,
}

impl Cells<'_> {
    fn numbers(&self) -> impl Iterator<Item = f64> {
        self.rows.iter().map(|row| match &self.column.data {
            Data::Boolean(values) => f64::from(values[*row]),
            Data::Integer(values) => values[*row] as f64,
            Data::Float(values) => values[*row],
            Data::String(_) => f64::NAN,
        })
    }

    /// The first of the cells that compare so with all others.
    fn extreme(&self, wanted: Ordering) -> Value {
        let mut rows = self.rows.iter().copied();
        let Some(mut best) = rows.next() else { return Value::Missing };
        for row in rows {
            if self.compare(row, best) == wanted {
                best = row;
            }
        }
        self.column.value(best)
    }

    fn compare(&self, a: usize, b: usize) -> Ordering {
        match &self.column.data {
            Data::Boolean(values) => values[a].cmp(&values[b]),
            Data::Integer(values) => values[a].cmp(&values[b]),
            Data::Float(values) => values[a].partial_cmp(&values[b]).unwrap_or(Ordering::Equal),
            Data::String(texts) => texts.get(a).cmp(&texts.get(b)),
        }
    }

    fn at(&self, fraction: f64) -> Value {
        quantile_of(&mut self.numbers().collect::<Vec<_>>(), fraction)
    }
}

/// The value below which a part of the others lies, by linear interpolation of the order statistics: type 7 of Hyndman and Fan
/// (1996), as NumPy and R have it. The numbers are put in another order.
pub(crate) fn quantile_of(numbers: &mut [f64], fraction: f64) -> Value {
    let Some(last) = numbers.len().checked_sub(1) else { return Value::Missing };
    let place = fraction.clamp(0.0, 1.0) * last as f64;
    let below = (place as usize).min(last);
    let part = place - below as f64;
    let (_, low, above) = numbers.select_nth_unstable_by(below, f64::total_cmp);
    let low = *low;
    // Infinities times zero would be NaN.
    let value = match above.iter().copied().min_by(f64::total_cmp) {
        Some(high) if part > 0.0 && high != low => low * (1.0 - part) + high * part,
        _ => low,
    };
    Value::Float(value)
}

fn count(cells: &Cells) -> Value {
    Value::Integer(cells.rows.len() as i64)
}

fn first(cells: &Cells) -> Value {
    cells.rows.first().map_or(Value::Missing, |row| cells.column.value(*row))
}

/// Of integers an integer while it fits one; of floats compensated.
fn sum(cells: &Cells) -> Value {
    if cells.rows.is_empty() {
        return Value::Missing;
    }
    if let Data::Integer(values) = &cells.column.data {
        let sum: i128 = cells.rows.iter().map(|row| i128::from(values[*row])).sum();
        return i64::try_from(sum).map_or(Value::Float(sum as f64), Value::Integer);
    }
    let mut sum = Sum::default();
    cells.numbers().for_each(|x| sum.add(x));
    match cells.column.data {
        Data::Boolean(_) => Value::Integer(sum.value() as i64),
        _ => Value::Float(sum.value()),
    }
}

fn mean(cells: &Cells) -> Value {
    Moments::of(|| cells.numbers()).mean().map_or(Value::Missing, Value::Float)
}

fn median(cells: &Cells) -> Value {
    cells.at(0.5)
}

fn quantile(cells: &Cells) -> Value {
    cells.at(cells.fraction)
}

fn sd(cells: &Cells) -> Value {
    Moments::of(|| cells.numbers()).sd().map_or(Value::Missing, Value::Float)
}

fn sem(cells: &Cells) -> Value {
    Moments::of(|| cells.numbers()).error().map_or(Value::Missing, Value::Float)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Role;
    use crate::builder::Builder;
    use proptest::prelude::*;

    fn ask(name: &str, fraction: f64, values: &[Value]) -> Value {
        let mut builder = Builder::new(None);
        values.iter().for_each(|value| builder.push(value.clone()));
        let column = builder.finish("x".into(), None, Role::Index);
        let rows: Vec<usize> = (0..values.len()).collect();
        statistic(name).unwrap().of(&column, &rows, fraction)
    }

    fn floats(values: &[f64]) -> Vec<Value> {
        values.iter().map(|x| Value::Float(*x)).collect()
    }

    /// NIST Statistical Reference Datasets (1998), univariate: NumAcc3 and NumAcc4 have an exact mean and standard deviation
    /// that sums of squares miss.
    #[test]
    fn certified_values_are_met() {
        for (base, digits) in [(1_000_000.0, 9), (10_000_000.0, 8)] {
            let mut values = vec![base + 0.2];
            for _ in 0..500 {
                values.extend([base + 0.1, base + 0.3]);
            }
            let values = floats(&values);
            let number = |name| ask(name, 0.0, &values).as_f64().unwrap();
            assert!((number("mean") - (base + 0.2)).abs() < 1e-9 * base.sqrt(), "{}", number("mean"));
            assert!((number("sd") - 0.1).abs() < 10f64.powi(-digits), "{}", number("sd"));
            assert!((number("sem") - 0.1 / 1001f64.sqrt()).abs() < 10f64.powi(-digits));
        }
    }

    #[test]
    fn every_statistic_is_what_it_is_called() {
        let values = floats(&[3.0, 1.0, 2.0, 10.0]);
        for (name, fraction, expected) in [
            ("count", 0.0, Value::Integer(4)),
            ("mean", 0.0, Value::Float(4.0)),
            ("median", 0.0, Value::Float(2.5)),
            ("min", 0.0, Value::Float(1.0)),
            ("max", 0.0, Value::Float(10.0)),
            ("sum", 0.0, Value::Float(16.0)),
            ("quantile", 0.0, Value::Float(1.0)),
            // numpy.quantile([1, 2, 3, 10], 0.9) == 7.9
            ("quantile", 0.9, Value::Float(7.9)),
            ("quantile", 1.0, Value::Float(10.0)),
            ("first", 0.0, Value::Float(3.0)),
        ] {
            let found = ask(name, fraction, &values);
            let close = (found.as_f64().unwrap() - expected.as_f64().unwrap()).abs() < 1e-12;
            assert!(close && found.value_type() == expected.value_type(), "{name} {fraction}: {found:?}");
        }
        assert_eq!(ask("sd", 0.0, &floats(&[2.0, 4.0])), Value::Float(2f64.sqrt()));
        assert_eq!(ask("sd", 0.0, &floats(&[2.0])), Value::Missing);
        for statistic in STATISTICS {
            let expected = if statistic.name == "count" { Value::Integer(0) } else { Value::Missing };
            assert_eq!(ask(statistic.name, 0.5, &[]), expected, "{}", statistic.name);
        }
    }

    #[test]
    fn infinities_integers_booleans_and_texts_keep_their_sense() {
        let infinite = floats(&[1.0, f64::INFINITY, 2.0]);
        for name in ["mean", "sum", "max"] {
            assert_eq!(ask(name, 0.0, &infinite), Value::Float(f64::INFINITY), "{name}");
        }
        assert_eq!(ask("sd", 0.0, &infinite), Value::Float(f64::NAN));
        assert_eq!(ask("median", 0.0, &floats(&[f64::INFINITY; 2])), Value::Float(f64::INFINITY));
        let large = [Value::Integer(i64::MAX), Value::Integer(1)];
        assert_eq!(ask("sum", 0.0, &large[..1]), Value::Integer(i64::MAX));
        assert_eq!(ask("sum", 0.0, &large), Value::Float(9_223_372_036_854_775_808.0));
        assert_eq!(ask("max", 0.0, &large), Value::Integer(i64::MAX));
        assert_eq!(ask("sum", 0.0, &floats(&[1e16, 1.0, -1e16])), Value::Float(1.0));
        assert_eq!(ask("mean", 0.0, &floats(&[f64::MAX, f64::MAX])), Value::Float(f64::MAX));
        let booleans =
            [Value::Boolean(true), Value::Boolean(false), Value::Boolean(true), Value::Boolean(true)];
        assert_eq!(ask("mean", 0.0, &booleans), Value::Float(0.75));
        assert_eq!(ask("sum", 0.0, &booleans), Value::Integer(3));
        assert_eq!(ask("min", 0.0, &["b".into(), "a".into()]), "a".into());
    }

    proptest! {
        #[test]
        fn quantiles_lie_between_the_extremes(values in prop::collection::vec(-1e6..1e6f64, 1..40), fraction in 0.0..1.0f64) {
            let found = ask("quantile", fraction, &floats(&values)).as_f64().unwrap();
            let low = values.iter().copied().fold(f64::INFINITY, f64::min);
            let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            prop_assert!((low..=high).contains(&found), "{found}");
            prop_assert_eq!(ask("median", 0.0, &floats(&values)), ask("quantile", 0.5, &floats(&values)));
        }
    }
}
