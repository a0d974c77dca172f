//! Columns of integers, in the smallest of four forms.
//!
//! The first byte names the form; an empty column has no bytes at all.
//! 0: one value for all. 1: every value. 2: every difference to the value before (to 0 at first). 3: differences as pairs
//! of (difference, how often), which makes indices that follow each other a few bytes. All are zigzag variable-length.

use super::wire::{Broken, Reader, Wire, put_signed, put_varint, varint_length, zigzag};

const CONSTANT: u8 = 0;
const PLAIN: u8 = 1;
const DIFFERENCES: u8 = 2;
const RUNS: u8 = 3;

pub fn put_integers(out: &mut Vec<u8>, values: &[i64]) {
    let Some(&first) = values.first() else { return };
    if values.iter().all(|value| *value == first) {
        out.push(CONSTANT);
        put_signed(out, first);
        return;
    }
    let (mut plain, mut differences, mut runs) = (0, 0, 0);
    each_difference(values, |value, difference, repeated| {
        plain += varint_length(zigzag(value));
        differences += varint_length(zigzag(difference));
        // The count of a pair is nearly always one or two bytes.
        runs += if repeated { 0 } else { varint_length(zigzag(difference)) + 2 };
    });
    if runs < plain.min(differences) {
        out.push(RUNS);
        let mut pair: Option<(i64, u64)> = None;
        each_difference(values, |_, difference, repeated| match &mut pair {
            Some((_, count)) if repeated => *count += 1,
            _ => {
                if let Some((difference, count)) = pair.replace((difference, 1)) {
                    put_signed(out, difference);
                    put_varint(out, count);
                }
            }
        });
        if let Some((difference, count)) = pair {
            put_signed(out, difference);
            put_varint(out, count);
        }
    } else if differences < plain {
        out.push(DIFFERENCES);
        each_difference(values, |_, difference, _| put_signed(out, difference));
    } else {
        out.push(PLAIN);
        values.iter().for_each(|value| put_signed(out, *value));
    }
}

/// Calls with each value, its difference to the one before, and whether that difference is the same as the last.
fn each_difference(values: &[i64], mut visit: impl FnMut(i64, i64, bool)) {
    let (mut before, mut last) = (0i64, None);
    for value in values {
        let difference = value.wrapping_sub(before);
        visit(*value, difference, last == Some(difference));
        (before, last) = (*value, Some(difference));
    }
}

pub fn integers(reader: &mut Reader<'_>, length: usize) -> Wire<Vec<i64>> {
    if length == 0 {
        return Ok(Vec::new());
    }
    reader.charge::<i64>(length)?;
    let form = reader.byte()?;
    if form == CONSTANT {
        return Ok(vec![reader.signed()?; length]);
    }
    let mut values = Vec::with_capacity(length);
    let mut before = 0i64;
    match form {
        PLAIN => {
            for _ in 0..length {
                values.push(reader.signed()?);
            }
        }
        DIFFERENCES => {
            for _ in 0..length {
                before = before.wrapping_add(reader.signed()?);
                values.push(before);
            }
        }
        RUNS => {
            while values.len() < length {
                let (difference, count) = (reader.signed()?, reader.length()?);
                if count == 0 || count > length - values.len() {
                    return Err(Broken("a column of numbers has the wrong length"));
                }
                values.extend((0..count).map(|_| {
                    before = before.wrapping_add(difference);
                    before
                }));
            }
        }
        _ => return Err(Broken("a column of numbers has an unknown form")),
    }
    Ok(values)
}

/// As [`integers`], of a type that may be narrower.
pub fn narrow<T: TryFrom<i64>>(reader: &mut Reader<'_>, length: usize) -> Wire<Vec<T>> {
    let convert = |value| T::try_from(value).map_err(|_| Broken("a number is outside its range"));
    integers(reader, length)?.into_iter().map(convert).collect()
}

/// As [`integers`], of numbers that use all 64 bits without a sign.
pub fn unsigned(reader: &mut Reader<'_>, length: usize) -> Wire<Vec<u64>> {
    Ok(integers(reader, length)?.into_iter().map(|value| value as u64).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn size(values: &[i64]) -> usize {
        let mut out = Vec::new();
        put_integers(&mut out, values);
        let mut reader = Reader::new(&out);
        assert_eq!(integers(&mut reader, values.len()).unwrap(), values);
        reader.end().unwrap();
        out.len()
    }

    #[test]
    fn the_smallest_form_is_taken() {
        assert_eq!(size(&[]), 0);
        assert_eq!(size(&[7; 5000]), 2);
        assert!(size(&(1_000_000..1_005_000).collect::<Vec<_>>()) < 12);
        assert!(size(&[1, 2, 4, 3, 5, 60, 7, 9, 30, 2]) == 11);
        assert!(size(&(0..1000).map(|i| 1_700_000_000_000_000 + i * i).collect::<Vec<_>>()) < 2100);
        assert_eq!(size(&[i64::MIN, i64::MAX, 0, -1]), 1 + 10 + 10 + 1 + 1);
    }

    proptest! {
        #[test]
        fn columns_come_back(values in prop::collection::vec(prop_oneof![any::<i64>(), -3i64..3, Just(5)], 0..200)) {
            size(&values);
        }

        #[test]
        fn any_bytes_are_a_column_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..100), length in 0usize..300) {
            if let Ok(values) = integers(&mut Reader::new(&bytes), length) {
                prop_assert_eq!(values.len(), length);
            }
        }
    }
}
