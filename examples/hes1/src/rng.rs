//! The one source of randomness: xoshiro256++ (Blackman and Vigna, 2021), whose stream is fixed by its definition, so
//! that a seed means the same run with every version of this program.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// A stream of uniform and exponential numbers.
#[derive(Debug, Clone)]
pub struct Random(Xoshiro256PlusPlus);

impl Random {
    /// The stream of this seed.
    pub fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// Uniform in [0, 1), on a grid of 2⁻⁵³.
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Exponential with mean 1.
    #[inline]
    pub fn exponential(&mut self) -> f64 {
        // 1 - u lies in (0, 1], so the logarithm is finite.
        -(1.0 - self.uniform()).ln()
    }

    /// Uniform among `0..n`; `n` must not be 0.
    #[inline]
    pub fn below(&mut self, n: usize) -> usize {
        ((self.uniform() * n as f64) as usize).min(n - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_fit_the_distributions() {
        let mut random = Random::new(3);
        let n = 200_000;
        let (mut uniform, mut exponential, mut square) = (0.0, 0.0, 0.0);
        for _ in 0..n {
            uniform += random.uniform();
            let e = random.exponential();
            exponential += e;
            square += e * e;
        }
        let n = f64::from(n);
        // Five standard errors each.
        assert!((uniform / n - 0.5).abs() < 5.0 * (1.0 / 12.0 / n).sqrt());
        assert!((exponential / n - 1.0).abs() < 5.0 * (1.0 / n).sqrt());
        assert!((square / n - 2.0).abs() < 5.0 * (20.0 / n).sqrt());
    }

    #[test]
    fn the_stream_of_a_seed_never_changes() {
        let first: Vec<u64> = (0..3).map(|_| 0).scan(Random::new(1), |r, _| Some(r.0.next_u64())).collect();
        assert_eq!(first, STREAM_OF_SEED_1);
    }

    const STREAM_OF_SEED_1: [u64; 3] =
        [14_971_601_782_005_023_387, 13_781_649_495_232_077_965, 1_847_458_086_238_483_744];
}
