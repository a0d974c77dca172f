//! Orders of rows: every column becomes integers that sort as its values do, so that a sort compares nothing else.

use crate::{Column, Data, Texts};

/// An integer for each cell of a column: of two cells that hold values, the lower value has the lower integer, and equal
/// values have the same one (0 and -0 are equal). What cells without a value and NaN have means nothing; see [`rank`].
pub fn keys(column: &Column) -> Vec<u64> {
    match &column.data {
        Data::Boolean(values) => values.iter().map(|b| u64::from(*b)).collect(),
        Data::Integer(values) => values.iter().map(|i| integer_key(*i)).collect(),
        Data::Float(values) => values.iter().map(|x| float_key(*x)).collect(),
        Data::String(texts) => {
            let places = places(texts);
            texts.codes.iter().map(|code| places.get(*code as usize).copied().unwrap_or(u64::MAX)).collect()
        }
    }
}

/// The place of each label among all of them in the order of texts.
fn places(texts: &Texts) -> Vec<u64> {
    let mut order: Vec<usize> = (0..texts.labels.len()).collect();
    order.sort_unstable_by_key(|label| &texts.labels[*label]);
    let mut places = vec![0; order.len()];
    for (place, label) in order.into_iter().enumerate() {
        places[label] = place as u64;
    }
    places
}

pub fn integer_key(i: i64) -> u64 {
    i as u64 ^ (1 << 63)
}

/// The bits of a float in the order of the numbers: a positive one gets its sign bit set, of a negative one all are turned.
pub fn float_key(x: f64) -> u64 {
    // Adding zero makes 0 of -0.
    let bits = (x + 0.0).to_bits();
    if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
}

/// Numbers and texts (0), then NaN (1), then nothing (2).
pub fn rank(column: &Column, row: usize) -> u8 {
    match &column.data {
        _ if !column.is_present(row) => 2,
        Data::Float(values) if values[row].is_nan() => 1,
        _ => 0,
    }
}

/// Rows sorted by a column, from high to low if `falling`; those that are equal stay in their order. NaN comes behind all
/// numbers and cells without a value come last, in either direction. With `most`, only the first so many of them.
pub fn sorted(column: &Column, rows: &[usize], falling: bool, most: Option<usize>) -> Vec<usize> {
    if let Some(most) = most.filter(|most| *most <= rows.len() / 8) {
        return match &column.data {
            Data::Boolean(values) => first(column, rows, falling, most, |row| u64::from(values[row])),
            Data::Integer(values) => first(column, rows, falling, most, |row| integer_key(values[row])),
            Data::Float(values) => first(column, rows, falling, most, |row| float_key(values[row])),
            Data::String(texts) => {
                let places = places(texts);
                let key = |row: usize| places.get(texts.codes[row] as usize).copied().unwrap_or(u64::MAX);
                first(column, rows, falling, most, key)
            }
        };
    }
    let keys = keys(column);
    let mut valued: Vec<(u64, usize)> = Vec::with_capacity(rows.len());
    let (mut nan, mut missing) = (Vec::new(), Vec::new());
    for (place, row) in rows.iter().enumerate() {
        match rank(column, *row) {
            0 => valued.push((if falling { !keys[*row] } else { keys[*row] }, place)),
            1 => nan.push(*row),
            _ => missing.push(*row),
        }
    }
    let most = most.unwrap_or(usize::MAX);
    if most < valued.len() {
        valued.select_nth_unstable(most);
        valued.truncate(most);
    }
    // No two are equal, for the places differ.
    valued.sort_unstable();
    valued.into_iter().map(|(_, place)| rows[place]).chain(nan).chain(missing).take(most).collect()
}

/// The first few of a sort: what is behind those that were found so far is passed over.
fn first(
    column: &Column,
    rows: &[usize],
    falling: bool,
    most: usize,
    key: impl Fn(usize) -> u64,
) -> Vec<usize> {
    let room = 2 * most + 1024;
    let mut best: Vec<(u64, usize)> = Vec::with_capacity(room);
    let (mut nan, mut missing) = (Vec::new(), Vec::new());
    // The last of those that are among the first; an equal one that comes later is not.
    let mut last = None;
    let turn = if falling { u64::MAX } else { 0 };
    for (place, row) in rows.iter().enumerate() {
        match rank(column, *row) {
            0 => {
                let key = key(*row) ^ turn;
                if last.is_none_or(|last| key < last) {
                    best.push((key, place));
                    if best.len() == room {
                        best.select_nth_unstable(most);
                        best.truncate(most);
                        last = best.iter().map(|(key, _)| *key).max();
                    }
                }
            }
            1 if nan.len() < most => nan.push(*row),
            2 if missing.len() < most => missing.push(*row),
            _ => {}
        }
    }
    best.sort_unstable();
    best.into_iter().map(|(_, place)| rows[place]).chain(nan).chain(missing).take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keys_of_floats_sort_as_floats(a: f64, b: f64) {
            prop_assume!(!a.is_nan() && !b.is_nan());
            prop_assert_eq!(float_key(a).cmp(&float_key(b)), a.partial_cmp(&b).unwrap());
        }

        #[test]
        fn the_first_of_a_sort_are_those_of_the_whole(values in prop::collection::vec(-3i64..3, 0..40), most in 0usize..45, falling: bool) {
            let rows: Vec<usize> = (0..values.len()).rev().collect();
            let data = Data::Integer(values.clone());
            let column = Column { name: "x".into(), unit: None, role: crate::Role::Index, data, present: None };
            let whole = sorted(&column, &rows, falling, None);
            let mut expected = rows.clone();
            expected.sort_by_key(|row| if falling { -values[*row] } else { values[*row] });
            prop_assert_eq!(&whole, &expected);
            prop_assert_eq!(sorted(&column, &rows, falling, Some(most)), whole[..most.min(whole.len())].to_vec());
        }

        #[test]
        fn the_first_few_of_many_are_those_of_the_whole(
            values in prop::collection::vec(prop_oneof![4 => -9.0..9.0f64, 3 => Just(1.0), 1 => Just(f64::NAN)], 9_000..10_000),
            gaps in prop::option::of(2usize..50),
            most in 0usize..1_100,
            falling: bool,
        ) {
            let rows: Vec<usize> = (0..values.len()).collect();
            let present = gaps.map(|gap| rows.iter().map(|row| row % gap > 0).collect());
            let column = Column { name: "x".into(), unit: None, role: crate::Role::Index, data: Data::Float(values), present };
            let whole = sorted(&column, &rows, falling, None);
            prop_assert_eq!(sorted(&column, &rows, falling, Some(most)), whole[..most].to_vec());
        }
    }
}
