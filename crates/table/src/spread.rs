//! Statistics of many groups in one pass over the rows, in the order of the rows, so that nothing has to be put together first.
//!
//! Each comes to the same bits as [`Statistic::of`](crate::Statistic::of) does for every group by itself.

use paramo_model::Value;

use crate::groups::{Parts, starts};
use crate::moments::{Deviations, Mean, Moments, Sum};
use crate::statistic::quantile_of;
use crate::{Column, Data, NOWHERE};

/// Rows of a column, and which group each of them is in.
#[derive(Clone, Copy, Debug)]
pub struct Spread<'a> {
    pub column: &'a Column,
    pub rows: &'a [usize],
    /// Of these rows.
    pub parts: &'a Parts,
}

impl Spread<'_> {
    /// For each group what its numbers come to; cells without a value and NaN are left out. `None` for texts.
    fn fold<A: Copy>(&self, first: A, mut add: impl FnMut(&mut A, f64)) -> Option<Vec<A>> {
        let mut made = vec![first; self.parts.count];
        // Neighbours are often of one group, which then stays at hand.
        let (mut at, mut own) = (NOWHERE, first);
        self.visit(|group, x| {
            if group != at {
                if let Some(made) = made.get_mut(at as usize) {
                    *made = own;
                }
                own = made.get(group as usize).copied().unwrap_or(first);
                at = group;
            }
            add(&mut own, x);
        })?;
        if let Some(made) = made.get_mut(at as usize) {
            *made = own;
        }
        Some(made)
    }

    /// Each number with its group, in the order of the rows.
    fn visit(&self, mut each: impl FnMut(u32, f64)) -> Option<()> {
        let mut valued = |group: u32, x: f64| {
            if !x.is_nan() {
                each(group, x);
            }
        };
        match &self.column.data {
            Data::Float(values) => self.cells(values, &mut valued),
            Data::Integer(values) => self.cells(values, |group, i| valued(group, i as f64)),
            Data::Boolean(values) => self.cells(values, |group, b| valued(group, f64::from(b))),
            Data::String(_) => return None,
        }
        Some(())
    }

    fn cells<T: Copy>(&self, values: &[T], mut each: impl FnMut(u32, T)) {
        let rows = self.rows.iter().zip(&self.parts.cells);
        match &self.column.present {
            None => rows.for_each(|(row, group)| each(*group, values[*row])),
            Some(present) => {
                rows.filter(|(row, _)| present[**row]).for_each(|(row, group)| each(*group, values[*row]));
            }
        }
    }

    /// How many numbers each group has. `None` for texts.
    pub fn numbers(&self) -> Option<Vec<u64>> {
        self.fold(0, |count, _| *count += 1)
    }

    /// For each of the fractions the quantile of every group; see [`STATISTICS`](crate::STATISTICS). `None` for texts.
    pub fn quantiles(&self, fractions: &[f64]) -> Option<Vec<Vec<Value>>> {
        let starts = starts(&self.parts.cells, self.parts.count);
        let mut ends = starts.clone();
        let mut numbers = vec![0.0; starts.last().copied().unwrap_or(0)];
        self.visit(|group, x| {
            // Behind the groups stands where the last one ends.
            if (group as usize) < self.parts.count {
                let place = &mut ends[group as usize];
                numbers[*place] = x;
                *place += 1;
            }
        })?;
        let quantiles = |fraction: &f64| {
            let of = |group: usize| quantile_of(&mut numbers[starts[group]..ends[group]], *fraction);
            (0..self.parts.count).map(of).collect()
        };
        Some(fractions.iter().map(quantiles).collect())
    }

    fn moments(&self) -> Option<Vec<Moments>> {
        let means = self.fold(Mean::default(), Mean::add)?;
        let begun = |mean: &Mean| Some(Deviations::from(mean.count, mean.value()?));
        let mut made = means.iter().map(begun).collect::<Option<Vec<_>>>()?;
        self.visit(|group, x| {
            if let Some(made) = made.get_mut(group as usize) {
                made.add(x);
            }
        })?;
        made.into_iter().map(Deviations::done).collect()
    }
}

fn given(values: impl Iterator<Item = Option<f64>>) -> Option<Vec<Value>> {
    Some(values.map(|value| value.map_or(Value::Missing, Value::Float)).collect())
}

pub fn counts(spread: &Spread) -> Option<Vec<Value>> {
    Some(spread.numbers()?.into_iter().map(|count| Value::Integer(count as i64)).collect())
}

pub fn means(spread: &Spread) -> Option<Vec<Value>> {
    let means = spread.fold(Mean::default(), Mean::add)?;
    let of = |mean: &Mean| match mean.value() {
        Some(_) if mean.count == 0.0 => Some(Value::Missing),
        value => value.map(Value::Float),
    };
    means.iter().map(of).collect()
}

pub fn deviations(spread: &Spread) -> Option<Vec<Value>> {
    given(spread.moments()?.iter().map(Moments::sd))
}

pub fn errors(spread: &Spread) -> Option<Vec<Value>> {
    given(spread.moments()?.iter().map(Moments::error))
}

pub fn medians(spread: &Spread) -> Option<Vec<Value>> {
    spread.quantiles(&[0.5])?.pop()
}

/// Of floats; the sum of integers is one.
pub fn sums(spread: &Spread) -> Option<Vec<Value>> {
    let Data::Float(_) = spread.column.data else { return None };
    let sums = spread.fold((0u64, Sum::default()), |(count, sum), x| {
        *count += 1;
        sum.add(x);
    })?;
    given(sums.iter().map(|(count, sum)| (*count > 0).then(|| sum.value())))
}

pub fn least(spread: &Spread) -> Option<Vec<Value>> {
    extremes(spread, |a, b| a < b, |a, b| a < b)
}

pub fn largest(spread: &Spread) -> Option<Vec<Value>> {
    extremes(spread, |a, b| a > b, |a, b| a > b)
}

/// The first of the values that is better than all before it and not worse than those behind.
fn extremes(
    spread: &Spread,
    floats: impl Fn(f64, f64) -> bool,
    integers: impl Fn(i64, i64) -> bool,
) -> Option<Vec<Value>> {
    match &spread.column.data {
        Data::Float(_) => {
            let best = spread.fold(f64::NAN, |best, x| {
                if best.is_nan() || floats(x, *best) {
                    *best = x;
                }
            })?;
            given(best.into_iter().map(|best| (!best.is_nan()).then_some(best)))
        }
        Data::Integer(values) => {
            let mut best: Vec<Option<i64>> = vec![None; spread.parts.count];
            spread.cells(values, |group, i| {
                if let Some(best) = best.get_mut(group as usize)
                    && best.is_none_or(|best| integers(i, best))
                {
                    *best = Some(i);
                }
            });
            Some(best.into_iter().map(|best| best.map_or(Value::Missing, Value::Integer)).collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builder::Builder;
    use crate::{Role, STATISTICS};
    use proptest::prelude::*;

    fn cells() -> impl Strategy<Value = Vec<Value>> {
        let float = prop_oneof![
            6 => (-1e3..1e3f64).boxed(),
            1 => Just(f64::NAN).boxed(),
            1 => Just(-0.0).boxed(),
            1 => Just(f64::MAX).boxed(),
            1 => Just(f64::INFINITY).boxed(),
        ];
        let plain = (-1e3..1e3f64).prop_map(Value::Float).boxed();
        let kinds = prop_oneof![
            Just(plain.clone()),
            Just(float.prop_map(Value::Float).boxed()),
            Just(any::<i64>().prop_map(Value::Integer).boxed()),
            Just((-5i64..5).prop_map(Value::Integer).boxed()),
            Just(any::<bool>().prop_map(Value::Boolean).boxed()),
            Just("[ab]{0,2}".prop_map(Value::string).boxed()),
        ];
        kinds.prop_flat_map(|kind| {
            let cell = prop_oneof![5 => kind, 1 => Just(Value::Missing)];
            prop::collection::vec(cell, 0..60)
        })
    }

    proptest! {
        #[test]
        fn each_group_has_what_it_has_alone(values in cells(), groups in prop::collection::vec(0u32..6, 60), fraction in 0.0..1.0f64) {
            let mut builder = Builder::new(None);
            values.iter().for_each(|value| builder.push(value.clone()));
            let column = builder.finish("x".into(), None, Role::Index);
            let rows: Vec<usize> = (0..values.len()).rev().filter(|row| row % 7 != 3).collect();
            let of = |row: &usize| if groups[*row] == 5 { NOWHERE } else { groups[*row] };
            let parts = Parts { cells: rows.iter().map(of).collect(), count: 5 };
            let spread = Spread { column: &column, rows: &rows, parts: &parts };
            for statistic in STATISTICS.iter().filter(|statistic| statistic.check(&column).is_ok()) {
                let found = statistic.of_each(&spread, fraction);
                for (group, found) in found.iter().enumerate() {
                    let own = rows.iter().copied().filter(|row| groups[*row] as usize == group);
                    let own: Vec<usize> = own.filter(|row| crate::order::rank(&column, *row) == 0).collect();
                    let alone = statistic.of(&column, &own, fraction);
                    prop_assert_eq!(format!("{found:?}"), format!("{alone:?}"), "{}", statistic.name);
                }
            }
        }
    }
}
