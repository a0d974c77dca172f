//! Points in bulk: neighbours share all but a few columns.
//!
//! In Gray code order, point A + j has the digits of A and those of j added (exclusive or), if A is a multiple of the group's
//! size and j below it. The digits of every j are a table, and those of A change by two columns from a group to the next. All of
//! them stand in the fraction of a float between 1 and 2, so that one subtraction makes a coordinate.

use super::{BITS, Points};

/// A float between 1 and 2 has this beside its fraction.
const ONE: u64 = 1f64.to_bits();
/// The fraction has 52 digits.
const FRACTION: usize = 52 - BITS;
/// Coordinates that are worked on at a time, at least.
const STRETCH: usize = 64;
const STRETCHES: usize = 8;

/// Whole groups of points, as many as `out` has room for, from the sequence's point `first` on, which begins a group. `shifts` are added to the digits of each
/// dimension, and what their further digits come to.
pub(super) fn fill(points: &Points, first: u64, shifts: Option<&[(u32, f64)]>, out: &mut [f64]) {
    let dimensions = points.dimensions;
    let rows = rows(dimensions);
    let repeated = rows / STRETCHES;
    let columns = |digit: u32| &points.columns[digit as usize * dimensions..][..dimensions];

    let table = points.group.get_or_init(|| table(points));
    let mut digits = vec![0; dimensions];
    points.digits(first, 0, &mut digits);
    let shift = |d: usize| shifts.and_then(|shifts| shifts.get(d)).copied().unwrap_or_default();
    let mut base: Vec<u64> = digits
        .iter()
        .enumerate()
        .map(|(d, digits)| ONE | u64::from(digits ^ shift(d).0) << FRACTION)
        .collect();
    base = base.repeat(repeated);
    // What is left of 1, so that the difference is exact.
    let offsets: Vec<f64> = (0..dimensions).map(|d| 1.0 - shift(d).1).collect::<Vec<_>>().repeat(repeated);

    let group_of = wide().unwrap_or(plain);
    let group = rows.trailing_zeros();
    for (number, out) in (first / rows as u64..).zip(out.chunks_exact_mut(rows * dimensions)) {
        if number > first / rows as u64 {
            let (low, high) = (columns(group - 1), columns(group + number.trailing_zeros()));
            for ((base, low), high) in base.iter_mut().zip(low).zip(high) {
                *base ^= u64::from(low ^ high) << FRACTION;
            }
            for copy in 1..repeated {
                base.copy_within(..dimensions, copy * dimensions);
            }
        }
        group_of(out, table, &base, &offsets);
    }
}

/// The digits of the points of the first group.
fn table(points: &Points) -> Vec<u64> {
    let dimensions = points.dimensions;
    let rows = rows(dimensions);
    let mut table = vec![0; rows * dimensions];
    for j in 1..rows {
        let (before, row) = table.split_at_mut(j * dimensions);
        let before = &before[(j - 1) * dimensions..];
        let columns = &points.columns[j.trailing_zeros() as usize * dimensions..];
        for ((to, from), column) in row.iter_mut().zip(before).zip(columns) {
            *to = from ^ u64::from(*column) << FRACTION;
        }
    }
    table
}

/// The coordinates of one group: in stretches as long as `base` is.
type GroupOf = fn(&mut [f64], &[u64], &[u64], &[f64]);

#[inline(always)]
fn plain(out: &mut [f64], table: &[u64], base: &[u64], offsets: &[f64]) {
    for (out, table) in out.chunks_exact_mut(base.len()).zip(table.chunks_exact(base.len())) {
        for (((x, table), base), offset) in out.iter_mut().zip(table).zip(base).zip(offsets) {
            *x = f64::from_bits(table ^ base) - offset;
        }
    }
}

/// The same with registers of 256 bits, in half the time: the program is built for processors that lack them.
#[cfg(target_arch = "x86_64")]
fn wide() -> Option<GroupOf> {
    #[target_feature(enable = "avx2")]
    fn wide(out: &mut [f64], table: &[u64], base: &[u64], offsets: &[f64]) {
        plain(out, table, base, offsets);
    }
    fn call(out: &mut [f64], table: &[u64], base: &[u64], offsets: &[f64]) {
        // SAFETY: this function is only handed out below, where the processor has been found to have AVX2.
        #[expect(unsafe_code, reason = "the way to call what not every processor can do")]
        unsafe {
            wide(out, table, base, offsets);
        }
    }
    std::arch::is_x86_feature_detected!("avx2").then_some(call)
}

#[cfg(not(target_arch = "x86_64"))]
fn wide() -> Option<GroupOf> {
    None
}

/// How many points make a group.
pub(super) fn rows(dimensions: usize) -> usize {
    STRETCHES * STRETCH.div_ceil(dimensions).next_power_of_two()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_registers_give_the_same_bits() {
        let Some(wide) = wide() else { return };
        let table: Vec<u64> =
            (0..560u64).map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) << FRACTION).collect();
        let base: Vec<u64> =
            (0..70u64).map(|i| ONE | (i.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) << FRACTION).collect();
        let offsets: Vec<f64> = (0..70).map(|i| 1.0 - f64::from(i) * 1e-11).collect();
        let (mut a, mut b) = (vec![0.0; 560], vec![0.0; 560]);
        plain(&mut a, &table, &base, &offsets);
        wide(&mut b, &table, &base, &offsets);
        assert!(a.iter().any(|x| *x > 0.9) && a.iter().zip(&b).all(|(a, b)| a.to_bits() == b.to_bits()));
    }
}
