//! Statistics of many groups in one pass over the rows, in the order of the rows, so that nothing has to be put together first.
//!
//! Each comes to the same bits as [`Statistic::of`](crate::Statistic::of) does for every group by itself.

use paramo_model::Value;

use crate::column::Room;
use crate::groups::{Parts, starts};
use crate::moments::{Deviations, Mean, Moments, Sum};
use crate::statistic::quantile_of;
use crate::{Column, Data};

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
    fn fold<A: Copy>(&self, first: A, mut add: impl FnMut(&mut A, &[f64])) -> Option<Vec<A>> {
        let mut made = vec![first; self.parts.count];
        self.visit(|group, numbers| {
            let Some(made) = made.get_mut(group as usize) else { return };
            // Without a branch, so that several are looked at at once.
            match numbers.iter().fold(false, |gap, x| gap | x.is_nan()) {
                false => add(made, numbers),
                true => numbers.split(|x| x.is_nan()).for_each(|numbers| add(made, numbers)),
            }
        })?;
        Some(made)
    }

    /// Numbers of one group that stand side by side, in the order of the rows; NaN where there is none.
    fn visit(&self, mut each: impl FnMut(u32, &[f64])) -> Option<()> {
        if let Data::String(_) = self.column.data {
            return None;
        }
        let mut room = Room::default();
        self.parts.visit(self.rows, |piece, groups| {
            let mut numbers = self.column.numbers_of(piece, &mut room);
            for same in groups.chunk_by(|a, b| a == b) {
                let (own, others) = numbers.split_at(same.len().min(numbers.len()));
                each(same[0], own);
                numbers = others;
            }
        });
        Some(())
    }

    /// How many numbers each group has. `None` for texts.
    pub fn numbers(&self) -> Option<Vec<u64>> {
        self.fold(0, |count, numbers| *count += numbers.len() as u64)
    }

    /// For each of the fractions the quantile of every group; see [`STATISTICS`](crate::STATISTICS). `None` for texts.
    pub fn quantiles(&self, fractions: &[f64]) -> Option<Vec<Vec<Value>>> {
        let starts = starts(&self.parts.sizes(self.rows));
        let mut ends = starts.clone();
        let mut numbers = vec![0.0; starts.last().copied().unwrap_or(0)];
        self.visit(|group, own| {
            // Behind the groups stands where the last one ends.
            if (group as usize) < self.parts.count {
                let place = &mut ends[group as usize];
                for x in own.iter().filter(|x| !x.is_nan()) {
                    numbers[*place] = *x;
                    *place += 1;
                }
            }
        })?;
        let quantiles = |fraction: &f64| {
            let of = |group: usize| quantile_of(&mut numbers[starts[group]..ends[group]], *fraction);
            (0..self.parts.count).map(of).collect()
        };
        Some(fractions.iter().map(quantiles).collect())
    }

    fn moments(&self) -> Option<Vec<Moments>> {
        let means = self.fold(Mean::default(), Mean::extend)?;
        let begun = |mean: &Mean| Some(Deviations::from(mean.count(), mean.value()?));
        let mut made = means.iter().map(begun).collect::<Option<Vec<_>>>()?;
        self.visit(|group, own| {
            if let Some(made) = made.get_mut(group as usize) {
                own.iter().filter(|x| !x.is_nan()).for_each(|x| made.add(*x));
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
    let means = spread.fold(Mean::default(), Mean::extend)?;
    let of = |mean: &Mean| match mean.value() {
        Some(_) if mean.count() == 0.0 => Some(Value::Missing),
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
    let sums = spread.fold(Sum::default(), |sum, numbers| sum.extend(numbers, 0.0))?;
    given(sums.iter().map(|sum| (sum.count > 0).then(|| sum.value())))
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
            let best = spread.fold(f64::NAN, |best, numbers| {
                *best = numbers.iter().fold(*best, |best, x| match best.is_nan() || floats(*x, best) {
                    true => *x,
                    false => best,
                });
            })?;
            given(best.into_iter().map(|best| (!best.is_nan()).then_some(best)))
        }
        Data::Integer(values) => {
            let mut best: Vec<Option<i64>> = vec![None; spread.parts.count];
            for (row, group) in spread.rows.iter().zip(spread.parts.of_rows(spread.rows)) {
                if let Some(best) = best.get_mut(group as usize)
                    && spread.column.is_present(*row)
                    && best.is_none_or(|best| integers(values[*row], best))
                {
                    *best = Some(values[*row]);
                }
            }
            Some(best.into_iter().map(|best| best.map_or(Value::Missing, Value::Integer)).collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builder::Builder;
    use crate::{NOWHERE, Role, STATISTICS};
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
        fn each_group_has_what_it_has_alone(values in cells(), groups in prop::collection::vec(0u32..6, 60), fraction in 0.0..1.0f64, all: bool) {
            let mut builder = Builder::new(None);
            values.iter().for_each(|value| builder.push(value.clone()));
            let column = builder.finish("x".into(), None, Role::Index);
            let rows: Vec<usize> = match all {
                true => (0..values.len()).collect(),
                false => (0..values.len()).rev().filter(|row| row % 7 != 3).collect(),
            };
            let of = |row: &usize| if groups[*row] == 5 { NOWHERE } else { groups[*row] };
            let listed = Parts::listed(rows.iter().map(of).collect(), 5);
            let shared = Parts::shared((0..values.len()).map(|row| of(&row)).collect::<Vec<_>>().into(), 5);
            let several = STATISTICS.iter().filter(|statistic| statistic.check(&column).is_ok());
            for (statistic, parts) in several.flat_map(|statistic| [(statistic, &listed), (statistic, &shared)]) {
                let spread = Spread { column: &column, rows: &rows, parts };
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
