//! Latin hypercubes on orthogonal arrays: every pair of dimensions is as even as every single one.
//!
//! B. Tang, "Orthogonal array-based Latin hypercubes" (1993); A. B. Owen, "Orthogonal arrays for computer experiments,
//! integration and visualization" (1992). The array of strength 2 is that of R. C. Bose, "On the application of the properties of
//! Galois fields to the construction of hyper-Graeco-Latin squares" (1938), for a prime p: row (i, j) of p² has the levels
//! i, j, i + j, i + 2j, … i + (p − 1)j modulo p in up to p + 1 columns. The p rows of each level are dealt out over the p strata of
//! that level by a permutation of their own, so that a stratum is found from seed and index.

use crate::method::Refusal;
use crate::permutation::Permutation;
use crate::philox::Domain;
use crate::sampler::Property;

pub(super) struct Array {
    prime: u64,
    seed: u64,
    /// In which order the rows come: the first points lie anywhere.
    rows: Permutation,
    /// What the levels of each column are called.
    levels: Vec<Permutation>,
}

impl Array {
    pub fn new(count: u64, dimensions: usize, seed: u64) -> Result<Array, Refusal> {
        let prime = count.isqrt();
        let enough = prime + 1 >= dimensions as u64;
        if prime * prime != count || !is_prime(prime) || !enough {
            let least = prime.max(2).max((dimensions as u64).saturating_sub(1));
            let above = (least + u64::from(prime * prime < count && is_prime(least) && enough)..)
                .find(|n| is_prime(*n));
            let below = (2..=prime).rev().find(|n| is_prime(*n) && n + 1 >= dimensions as u64);
            let message = format!(
                "this kind has the square of a prime of points, in at most one dimension more than the prime; found {count} points of {dimensions}"
            );
            let near: Vec<String> =
                [below, above].into_iter().flatten().map(|p| format!("count = {}", p * p)).collect();
            return Err(Refusal::new("count", message).help(format!("write {}", near.join(" or "))));
        }
        let levels =
            (0..dimensions as u32).map(|d| Permutation::new(prime, seed, Domain::Level, d)).collect();
        Ok(Array { prime, seed, rows: Permutation::new(count, seed, Domain::Row, 0), levels })
    }

    /// The stratum of a point in a dimension.
    pub fn stratum(&self, index: u64, dimension: usize) -> u64 {
        let row = self.rows.apply(index);
        let (i, j) = (row / self.prime, row % self.prime);
        // The level, and the number of the row among those of this level.
        let (level, number) = match dimension as u64 {
            0 => (i, j),
            1 => (j, i),
            column => ((i + (column - 1) * j) % self.prime, j),
        };
        let within = level * self.levels.len() as u64 + dimension as u64;
        // Levels and columns are below 2²⁴ each, so their stream is too large for one permutation's number alone.
        let seed = self.seed ^ (within >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let place = Permutation::new(self.prime, seed, Domain::Within, within as u32).apply(number);
        self.levels[dimension].apply(level) * self.prime + place
    }

    pub fn property(&self) -> Property {
        let prime = self.prime;
        Property::text(
            "strength",
            format!("2: each pair of parameters has one point in each of {prime} × {prime} squares"),
        )
    }
}

fn is_prime(n: u64) -> bool {
    n > 1 && (2..).take_while(|d| d * d <= n).all(|d| !n.is_multiple_of(d))
}
