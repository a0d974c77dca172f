//! Latin hypercubes whose closest points are far from each other.
//!
//! M. D. Morris & T. J. Mitchell, "Exploratory designs for computational experiments" (1995): the sum of d^(−p) over all pairs of
//! points, here with p = 16, is made small by exchanging the strata of two points in one dimension. The search starts at the
//! plain design, takes exchanges that improve, and at first also some that do not (threshold accepting, Dueck & Scheuer,
//! 1990). It ends after an amount of work that does not depend on the machine.

use super::{Strata, searched};
use crate::method::Refusal;
use crate::permutation::Permutation;
use crate::philox::{self, Domain};
use crate::sampler::Property;

const MOST_POINTS: u64 = 1000;
const MOST_CELLS: u64 = 20_000;
/// Distances that are computed anew, in all; less than a tenth of a second.
const WORK: u64 = 4_000_000;
const MOST_TRIES: u64 = 40_000;

/// A design under search: strata by dimension, squared distances in strata by pair.
struct Search {
    count: usize,
    strata: Vec<u32>,
    /// The whole matrix.
    squares: Vec<f64>,
}

/// So few points have room for few exchanges: the search gets stuck, and begins again.
const FEW_POINTS: u64 = 16;
const BEGINNINGS: u64 = 8;

pub(super) fn search(
    count: u64,
    dimensions: usize,
    seed: u64,
    permuted: &[Permutation],
) -> Result<Strata, Refusal> {
    let strata = searched(count, dimensions, MOST_POINTS, MOST_CELLS, permuted)?;
    let beginnings = if count <= FEW_POINTS { BEGINNINGS } else { 1 };
    let tries = if count < 3 { 0 } else { (WORK / (2 * count)).min(MOST_TRIES) / beginnings };
    let mut best: Option<(f64, Search)> = None;
    for beginning in 0..beginnings {
        let mut search = Search::new(count as usize, strata.clone());
        search.improve(seed, beginning, tries);
        let least = search.least();
        if best.as_ref().is_none_or(|(before, _)| least > *before) {
            best = Some((least, search));
        }
    }
    let (least, strata) = best.map_or((f64::INFINITY, strata), |(least, search)| (least, search.strata));
    let least = least.sqrt() / count as f64;
    Ok(Strata::Kept(strata, Property::number("least distance reached", least)))
}

impl Search {
    fn new(count: usize, strata: Vec<u32>) -> Search {
        let mut squares = vec![0.0; count * count];
        for dimension in strata.chunks_exact(count) {
            for (row, a) in squares.chunks_exact_mut(count).zip(dimension) {
                for (square, b) in row.iter_mut().zip(dimension) {
                    let difference = f64::from(*a) - f64::from(*b);
                    *square += difference * difference;
                }
            }
        }
        Search { count, strata, squares }
    }

    /// Tries exchanges, which are a function of the seed and the number of the beginning.
    fn improve(&mut self, seed: u64, beginning: u64, tries: u64) {
        let (count, dimensions) = (self.count as u64, (self.strata.len() / self.count) as u64);
        let mut sum = self.sum();
        for step in 0..tries {
            let random = |stream| philox::bits(seed, Domain::Search, stream, beginning << 32 | step);
            let dimension = (random(0) % dimensions) as usize;
            let a = (random(1) % count) as usize;
            let b = (a + 1 + (random(2) % (count - 1)) as usize) % self.count;
            let gain = self.gain(dimension, a, b);
            let left = 1.0 - step as f64 / tries as f64;
            // The worst that is taken falls to nothing at the end.
            if gain + 0.02 * left * left * left * sum > 0.0 {
                self.exchange(dimension, a, b);
                sum -= gain;
            }
        }
    }

    /// Of d^(−16) over all pairs.
    fn sum(&self) -> f64 {
        let row = |i: usize| {
            self.squares[i * self.count..i * self.count + i].iter().map(|d| power(*d)).sum::<f64>()
        };
        (0..self.count).map(row).sum()
    }

    fn least(&self) -> f64 {
        let row = |i: usize| {
            self.squares[i * self.count..i * self.count + i].iter().copied().fold(f64::INFINITY, f64::min)
        };
        (0..self.count).map(row).fold(f64::INFINITY, f64::min)
    }

    /// How far the squared distances of two points to a third change with an exchange: by this for one, by its negative for
    /// the other.
    fn change(xs: &[u32], a: usize, b: usize, other: usize) -> f64 {
        let [a, b, x] = [xs[a], xs[b], xs[other]].map(f64::from);
        (b - x) * (b - x) - (a - x) * (a - x)
    }

    /// By how much the sum falls when two points exchange their strata in a dimension.
    fn gain(&self, dimension: usize, a: usize, b: usize) -> f64 {
        let xs = &self.strata[dimension * self.count..][..self.count];
        let (from_a, from_b) = (&self.squares[a * self.count..], &self.squares[b * self.count..]);
        let mut gain = 0.0;
        for other in (0..self.count).filter(|other| *other != a && *other != b) {
            let change = Search::change(xs, a, b, other);
            let (to_a, to_b) = (from_a[other], from_b[other]);
            gain += power(to_a) + power(to_b) - power(to_a + change) - power(to_b - change);
        }
        gain
    }

    fn exchange(&mut self, dimension: usize, a: usize, b: usize) {
        let count = self.count;
        let xs = &mut self.strata[dimension * count..][..count];
        for other in (0..count).filter(|other| *other != a && *other != b) {
            let change = Search::change(xs, a, b, other);
            for (point, change) in [(a, change), (b, -change)] {
                self.squares[point * count + other] += change;
                self.squares[other * count + point] += change;
            }
        }
        xs.swap(a, b);
    }
}

/// d^(−16) of a squared distance, which is a whole number of at least 1 between different points.
fn power(square: f64) -> f64 {
    let inverse = 1.0 / square;
    let fourth = inverse * inverse;
    let eighth = fourth * fourth;
    eighth * eighth
}
