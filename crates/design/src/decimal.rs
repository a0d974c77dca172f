//! Grids of decimal numbers, exact until one last rounding.
//!
//! Adding 0.1 ten times does not give 1 in binary. People write decimals, so a range is computed in decimals: every point
//! is a whole number times a power of ten, and equals the number a person would have written for it.

use paramo_model::Value;

/// `mantissa` × 10^`exponent`, exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    pub mantissa: i128,
    pub exponent: i32,
}

/// The largest whole number below which every whole number is a float.
const EXACT: u128 = 1 << 53;

impl Decimal {
    /// The shortest decimal that reads back as the value; `None` for what is not a finite number.
    pub fn of(value: &Value) -> Option<Decimal> {
        match value {
            Value::Integer(i) => Some(Decimal { mantissa: i128::from(*i), exponent: 0 }),
            Value::Float(x) => Decimal::of_float(*x),
            Value::Missing | Value::Boolean(_) | Value::String(_) => None,
        }
    }

    /// The shortest decimal that reads back as the float; `None` for NaN and the infinities.
    pub fn of_float(x: f64) -> Option<Decimal> {
        if !x.is_finite() {
            return None;
        }
        // `{:e}` writes the shortest digits that read back: "-1.25e-3".
        let text = format!("{x:e}");
        let (digits, exponent) = text.split_once('e')?;
        let fraction = digits.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        let mantissa: i128 = digits.replace('.', "").parse().ok()?;
        let exponent: i32 = exponent.parse().ok()?;
        match mantissa {
            0 => Some(Decimal { mantissa, exponent: 0 }),
            _ => Some(Decimal { mantissa, exponent: exponent - i32::try_from(fraction).ok()? }),
        }
    }

    /// The mantissa of the same number with a lower exponent; `None` where 128 bits do not hold it.
    pub fn at(self, exponent: i32) -> Option<i128> {
        if self.mantissa == 0 {
            return Some(0);
        }
        let zeros = u32::try_from(self.exponent.checked_sub(exponent)?).ok()?;
        self.mantissa.checked_mul(10i128.checked_pow(zeros)?)
    }

    /// The number times a power of ten, rounded once.
    pub fn shifted(self, by: i32) -> f64 {
        nearest(self.mantissa, self.exponent.saturating_add(by))
    }
}

/// Several decimals at their lowest exponent.
pub(crate) fn align<const N: usize>(numbers: [Decimal; N]) -> Option<([i128; N], i32)> {
    let exponent = numbers.iter().filter(|n| n.mantissa != 0).map(|n| n.exponent).min().unwrap_or(0);
    let mut mantissas = [0; N];
    for (mantissa, number) in mantissas.iter_mut().zip(numbers) {
        *mantissa = number.at(exponent)?;
    }
    Some((mantissas, exponent))
}

/// The float nearest to `mantissa` × 10^`exponent`.
fn nearest(mantissa: i128, exponent: i32) -> f64 {
    if mantissa.unsigned_abs() <= EXACT && exponent.unsigned_abs() <= 22 {
        // Both operands are exact, so the one operation rounds once (10^22 is the largest power of ten that is a float).
        let power = POWERS[exponent.unsigned_abs() as usize];
        let x = mantissa as f64;
        return if exponent < 0 { x / power } else { x * power };
    }
    format!("{mantissa}e{exponent}").parse().unwrap_or(f64::NAN)
}

const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

/// Numbers at equal distances: point i is (`start` + i × `step`) / `divisor` × 10^`exponent`.
#[derive(Clone, Debug)]
pub(crate) struct Grid {
    start: i128,
    step: i128,
    divisor: u64,
    exponent: i32,
    fast: Option<Fast>,
    first: f64,
    last: f64,
    len: u64,
}

/// The same with floats that hold every whole number which occurs, so that a point costs one rounding and no allocation.
#[derive(Clone, Copy, Debug)]
struct Fast {
    start: i64,
    step: i64,
    times: f64,
    over: f64,
}

impl Grid {
    /// `len` points from `from` by `step`. `None` where 128 bits do not hold them.
    pub fn by_step(from: Decimal, step: Decimal, len: u64) -> Option<Grid> {
        let ([start, step], exponent) = align([from, step])?;
        Grid::new(start, step, 1, exponent, len)
    }

    /// `len` points from `from` to `to`, both inclusive. `None` where 128 bits do not hold them.
    pub fn by_count(from: Decimal, to: Decimal, len: u64) -> Option<Grid> {
        let ([from, to], exponent) = align([from, to])?;
        let intervals = len.saturating_sub(1).max(1);
        Grid::new(from.checked_mul(i128::from(intervals))?, to.checked_sub(from)?, intervals, exponent, len)
    }

    fn new(start: i128, step: i128, divisor: u64, exponent: i32, len: u64) -> Option<Grid> {
        let end = start.checked_add(step.checked_mul(i128::from(len.saturating_sub(1)))?)?;
        let mut grid = Grid { start, step, divisor, exponent, fast: None, first: 0.0, last: 0.0, len };
        grid.fast = grid.fast(end);
        let whole = i128::from(divisor);
        let ends = |numerator: i128| match numerator % whole {
            0 => nearest(numerator / whole, exponent),
            _ => grid.slow(numerator),
        };
        (grid.first, grid.last) = (ends(start), ends(end));
        Some(grid)
    }

    fn fast(&self, end: i128) -> Option<Fast> {
        let largest = self.start.unsigned_abs().max(end.unsigned_abs());
        let power = POWERS.get(self.exponent.unsigned_abs() as usize).copied()?;
        let (times, over, exact) = match (self.exponent < 0, self.divisor) {
            (true, 1) => (1.0, power, true),
            (false, 1) => (power, 1.0, true),
            (true, n) => (1.0, power * n as f64, power * n as f64 <= EXACT as f64),
            (false, n) => (power, n as f64, power * largest as f64 <= EXACT as f64),
        };
        (exact && largest <= EXACT).then_some(())?;
        Some(Fast {
            start: i64::try_from(self.start).ok()?,
            step: i64::try_from(self.step).ok()?,
            times,
            over,
        })
    }

    /// Two roundings more than `fast` at the worst, for numbers with more digits than a float holds.
    fn slow(&self, numerator: i128) -> f64 {
        if self.divisor == 1 {
            return nearest(numerator, self.exponent);
        }
        let quotient = numerator as f64 / self.divisor as f64;
        format!("{quotient:e}")
            .split_once('e')
            .and_then(|(digits, e)| {
                let exponent = e.parse::<i32>().ok()?.saturating_add(self.exponent);
                format!("{digits}e{exponent}").parse().ok()
            })
            .unwrap_or(f64::NAN)
    }

    /// The number at an index below the length; both ends are exact.
    pub fn value(&self, index: u64) -> f64 {
        if let Some(fast) = &self.fast {
            // The index is below the length, whose last point was checked to fit.
            let numerator = fast.start + fast.step.wrapping_mul(index as i64);
            return numerator as f64 * fast.times / fast.over;
        }
        if index == 0 {
            return self.first;
        }
        if index + 1 >= self.len {
            return self.last;
        }
        let x = self.slow(self.start + self.step * i128::from(index));
        x.clamp(self.first.min(self.last), self.first.max(self.last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decimal(x: f64) -> Decimal {
        Decimal::of_float(x).unwrap()
    }

    #[test]
    fn decimals_are_the_digits_people_write() {
        for (x, mantissa, exponent) in
            [(0.1, 1, -1), (-12.5, -125, -1), (1e8, 1, 8), (0.0, 0, 0), (-0.0, 0, 0), (5e-324, 5, -324)]
        {
            assert_eq!(decimal(x), Decimal { mantissa, exponent }, "{x}");
        }
        assert_eq!(Decimal::of_float(f64::NAN), None);
        assert_eq!(Decimal::of(&Value::Integer(i64::MIN)).unwrap().mantissa, i128::from(i64::MIN));
    }

    #[test]
    fn numbers_with_many_digits_keep_their_ends() {
        let (from, to) = (0.123_456_789_012_345_68, 9.876_543_210_987_654);
        let grid = Grid::by_count(decimal(from), decimal(to), 1_000_003).unwrap();
        assert!(grid.fast.is_none());
        assert_eq!((grid.value(0), grid.value(1_000_002)), (from, to));
        for i in [1, 77, 500_001, 1_000_001] {
            let expected = from + (to - from) * i as f64 / 1_000_002.0;
            assert!((grid.value(i) / expected - 1.0).abs() < 1e-15, "{i}");
        }
    }

    #[test]
    fn very_small_and_very_large_numbers_are_reached() {
        let tiny = Grid::by_count(decimal(1e-310), decimal(5e-310), 5).unwrap();
        assert_eq!(
            (0..5).map(|i| tiny.value(i)).collect::<Vec<_>>(),
            [1e-310, 2e-310, 3e-310, 4e-310, 5e-310]
        );
        let huge = Grid::by_step(decimal(1e300), decimal(1e299), 11).unwrap();
        assert_eq!((huge.value(3), huge.value(10)), (1.3e300, 2e300));
        assert!(Grid::by_count(decimal(1e-300), decimal(1e300), 3).is_none());
    }

    proptest! {
        #[test]
        fn every_step_is_the_literal(start in -1_000_000i64..1_000_000, step in 1i64..1000, exponent in -30i32..30, i in 0u64..1_000_000) {
            let of = |mantissa: i64| Decimal { mantissa: mantissa.into(), exponent };
            let grid = Grid::by_step(of(start), of(step), 1_000_000).unwrap();
            let literal: f64 = format!("{}e{exponent}", start + step * i as i64).parse().unwrap();
            prop_assert_eq!(grid.value(i).to_bits(), (literal + 0.0).to_bits());
        }

        #[test]
        fn equal_parts_are_monotone_and_end_exactly(a in -1e6f64..1e6, b in -1e6f64..1e6, len in 2u64..2000) {
            let grid = Grid::by_count(decimal(a), decimal(b), len).unwrap();
            let values: Vec<f64> = (0..len).map(|i| grid.value(i)).collect();
            prop_assert_eq!((values[0], values[values.len() - 1]), (a + 0.0, b + 0.0));
            let sorted = values.windows(2).all(|w| if a <= b { w[0] <= w[1] } else { w[0] >= w[1] });
            prop_assert!(sorted);
        }
    }
}
