//! Pseudo-random permutations of 0…n−1, computed element by element.
//!
//! A balanced Feistel network permutes the numbers below a power of four; numbers that land at n or above are put through
//! it again until they fall below ("cycle walking": Black & Rogaway, "Ciphers with arbitrary finite domains", 2002).
//! Nothing is stored, so a permutation of 10¹² elements costs as much as one of ten.

use crate::philox::{self, Domain};

const MOST_ROUNDS: usize = 16;

/// A permutation of 0…`len`−1 as a function of its key.
#[derive(Clone, Debug)]
pub(crate) struct Permutation {
    len: u64,
    half: u32,
    rounds: usize,
    keys: [u64; MOST_ROUNDS],
    /// 0 or 1.
    exchange: u64,
}

impl Permutation {
    /// The permutation of a seed; `domain` and `stream` tell apart those that share it.
    pub fn new(len: u64, seed: u64, domain: Domain, stream: u32) -> Permutation {
        let bits = u64::BITS - len.saturating_sub(1).leading_zeros();
        let half = bits.div_ceil(2).max(1);
        // Few bits mix little per round: the small networks need more rounds to come near every permutation alike.
        let rounds = if half <= 8 { MOST_ROUNDS } else { 8 };
        let mut keys = [0; MOST_ROUNDS];
        for (round, key) in keys.iter_mut().enumerate() {
            *key = philox::bits(seed, domain, stream, round as u64);
        }
        let exchange = philox::bits(seed, domain, stream, MOST_ROUNDS as u64) & 1;
        Permutation { len, half, rounds, keys, exchange }
    }

    /// Where an index below the length goes.
    pub fn apply(&self, index: u64) -> u64 {
        debug_assert!(index < self.len);
        let mut x = index;
        // The cycle that `index` lies on leads back to it, so it meets a number below the length; fewer than four on average.
        loop {
            x = self.encrypt(x);
            if x < self.len {
                return x;
            }
        }
    }

    fn encrypt(&self, x: u64) -> u64 {
        let mask = (1 << self.half) - 1;
        let (mut left, mut right) = (x >> self.half, x & mask);
        for key in &self.keys[..self.rounds] {
            (left, right) = (right, left ^ (scramble(right ^ key) & mask));
        }
        let x = left << self.half | right;
        // A network of more than two bits is an even permutation; exchanging 0 and 1 by a key bit makes odd ones as frequent.
        if x < 2 { x ^ self.exchange } else { x }
    }
}

/// The finaliser of SplitMix64 (Steele, Lea & Flood, 2014): every bit of the input moves every bit of the output.
fn scramble(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;
    use proptest::prelude::*;

    fn permuted(len: u64, seed: u64) -> Vec<u64> {
        let permutation = Permutation::new(len, seed, Domain::Order, 0);
        (0..len).map(|i| permutation.apply(i)).collect()
    }

    proptest! {
        #[test]
        fn every_element_comes_once(len in 1u64..3000, seed: u64) {
            let mut all = permuted(len, seed);
            all.sort_unstable();
            prop_assert!(all.into_iter().eq(0..len));
        }

        #[test]
        fn large_ones_are_injective_and_in_range(len in 1u64 << 40..=i64::MAX as u64, seed: u64) {
            let permutation = Permutation::new(len, seed, Domain::Order, 0);
            let images: HashSet<u64> = (0..200).chain(len - 200..len).map(|i| permutation.apply(i)).collect();
            prop_assert_eq!(images.len(), 400);
            prop_assert!(images.iter().all(|i| *i < len));
        }
    }

    /// χ² of the permutations of 3, 4 and 5 elements over many seeds, against the 0.999 quantile.
    #[test]
    fn small_permutations_are_all_about_as_frequent() {
        for (len, factorial, limit) in [(3, 6usize, 20.5), (4, 24, 49.7), (5, 120, 173.6)] {
            let draws = 200 * factorial as u64;
            let mut counts: HashMap<Vec<u64>, f64> = HashMap::new();
            for seed in 0..draws {
                *counts.entry(permuted(len, seed)).or_default() += 1.0;
            }
            assert_eq!(counts.len(), factorial);
            let chi2: f64 = counts.values().map(|n| (n - 200.0) * (n - 200.0) / 200.0).sum();
            assert!(chi2 < limit, "χ² of {len} elements is {chi2}");
        }
    }
}
