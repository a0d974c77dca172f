//! The R sequence: the additive recurrence of the generalised golden ratio.
//!
//! M. Roberts, "The unreasonable effectiveness of quasirandom sequences" (2018): coordinate j of point n (counted from 1) is the
//! fractional part of s + n / φᵈ^(j+1), where φ is the positive root of x^(d+1) = x + 1. In one dimension this is the sequence
//! of the golden ratio, which is the most even of all such recurrences (Kronecker sequences); in two dimensions φ is the
//! plastic number. With seed 0, s is 1/2 as Roberts has it; another seed rotates all points by one random vector (Cranley &
//! Patterson, 1976).
//!
//! The steps are kept as fractions of 2⁶⁴, so point 10¹² is as exact as point 1.

use super::{Design, Method, Refusal};
use crate::philox::{self, Domain};
use crate::sampler::Sampler;

pub struct RSequence;

/// The steps of neighbouring dimensions differ by about ln φ / d; from here on they are hardly told apart by any number of points
/// that is run.
const MOST_DIMENSIONS: usize = 1000;
/// A step is known to 2⁻⁶⁴; up to here a point is known to 2⁻¹².
const MOST_POINTS: u64 = 1 << 52;

struct Points {
    start: u64,
    count: u64,
    /// The step and the offset of each dimension, as fractions of 2⁶⁴.
    dimensions: Vec<(u64, u64)>,
}

impl Method for RSequence {
    fn name(&self) -> &'static str {
        "r-sequence"
    }

    fn help(&self) -> &'static str {
        "an even sequence for few dimensions and any number of points, without steps at powers of two"
    }

    fn continues(&self) -> bool {
        true
    }

    fn build(&self, design: &Design) -> Result<Box<dyn Sampler>, Refusal> {
        design.at_most(MOST_DIMENSIONS)?;
        let end = design.end(MOST_POINTS, "2^52")?;
        let offset = |d: usize| match design.seed {
            0 => 1 << 63,
            seed => philox::bits(seed, Domain::Shift, d as u32, 0),
        };
        let steps = steps(design.dimensions);
        let dimensions = steps.into_iter().enumerate().map(|(d, step)| (step, offset(d))).collect();
        Ok(Box::new(Points { start: design.start, count: end - design.start, dimensions }))
    }
}

/// The powers 1, 2, … of 1/φ, the root of gᵈ + g^(d+1) = 1, as fractions of 2⁶⁴.
fn steps(dimensions: usize) -> Vec<u64> {
    let multiply = |a: u64, b: u64| ((u128::from(a) * u128::from(b)) >> 64) as u64;
    // The sum of the powers grows with g, and the root lies above 1/2.
    let (mut low, mut high) = (1u64 << 63, u64::MAX);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        let power = (1..dimensions).fold(middle, |power, _| multiply(power, middle));
        let above = u128::from(power) + u128::from(multiply(power, middle)) >= 1 << 64;
        if above { high = middle } else { low = middle }
    }
    let powers = std::iter::successors(Some(low), |power| Some(multiply(*power, low)));
    powers.take(dimensions).collect()
}

impl Sampler for Points {
    fn points(&self) -> u64 {
        self.count
    }

    fn coordinate(&self, index: u64, dimension: usize) -> f64 {
        let (step, offset) = self.dimensions[dimension];
        philox::unit(offset.wrapping_add(step.wrapping_mul(self.start + index + 1)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::design;
    use super::*;

    /// Roberts gives φ₁ = 1.61803398874989484820458683436563, φ₂ = 1.32471795724474602596090885447809 and
    /// φ₃ = 1.22074408460575947536168534910883.
    #[test]
    fn steps_are_powers_of_the_published_ratios() {
        for (d, ratio) in
            [(1, 1.618_033_988_749_895), (2, 1.324_717_957_244_746), (3, 1.220_744_084_605_759_5)]
        {
            for (j, step) in steps(d).into_iter().enumerate() {
                let expected = f64::powi(ratio, -(j as i32 + 1));
                assert!((step as f64 / 2f64.powi(64) - expected).abs() < 1e-15, "{d}, {j}");
            }
        }
    }

    /// The first points of Roberts' program for d = 2: `(0.5 + alpha * n) % 1`.
    #[test]
    fn the_first_points_are_those_published() {
        let points = RSequence.build(&design(1000, 0, 2)).unwrap();
        let alpha: [f64; 2] = [0.754_877_666_246_693, 0.569_840_290_998_053_2];
        for n in 1..=1000u64 {
            for (dimension, alpha) in alpha.iter().enumerate() {
                let expected = (0.5 + alpha * n as f64).fract();
                assert!((points.coordinate(n - 1, dimension) - expected).abs() < 1e-11, "{n}");
            }
        }
    }

    /// The three-distance theorem: points of a recurrence leave gaps of at most three lengths between them.
    #[test]
    fn one_dimension_leaves_gaps_of_three_lengths() {
        let points = RSequence.build(&design(777, 3, 1)).unwrap();
        let mut xs: Vec<f64> = (0..777).map(|i| points.coordinate(i, 0)).collect();
        xs.sort_by(f64::total_cmp);
        let mut gaps: Vec<i64> = xs.windows(2).map(|w| ((w[1] - w[0]) * 1e9).round() as i64).collect();
        gaps.sort_unstable();
        gaps.dedup();
        assert!(gaps.len() <= 3, "{gaps:?}");
    }

    #[test]
    fn the_limits_are_named() {
        let refused =
            |count, dimensions| RSequence.build(&design(count, 0, dimensions)).err().unwrap().message;
        assert_eq!(refused(1, 1001), "has at most 1000 dimensions, found 1001");
        assert_eq!(refused(1 << 53, 1), "has at most 2^52 points, found 9007199254740992");
        assert_eq!(RSequence.build(&design(9, 1, 1000)).unwrap().points(), 9);
    }
}
