//! Owen's nested uniform scrambling by a keyed hash, without stored permutations.
//!
//! Nested uniform scrambling flips each binary digit at random, independently for every sequence of digits before it. With the
//! first digit as the lowest bit, every map made of sums and products (in which carries only run upwards) treats digits in
//! that nested way: S. Laine & T. Karras, "Stratified sampling for stochastic transparency" (2011); B. Burley, "Practical
//! hash-based Owen scrambling" (2020). Here it has 64 bits, and its factors and summands are random numbers of the
//! dimension.
//!
//! The last step, a random odd factor and a random summand modulo 2⁶⁴, is enough to give every *pair* of points the very joint
//! distribution of nested uniform scrambling: for two points that differ first in digit j + 1, the difference is 2ʲ times an
//! odd number, of which the factor makes any such number alike, and the summand makes the first point uniform. So the
//! variance of a mean over the points is exactly Owen's. The steps before it mix what pairs do not show.

use crate::philox::{self, Domain};

/// The scrambling of one dimension.
pub(super) struct Scrambler {
    summands: [u64; 2],
    factors: [u64; 2],
}

/// Even, so that a digit is moved by those before it only; the digits of π and e.
const MIX: [u64; 2] = [0x243f_6a88_85a3_08d4, 0x2b7e_1516_28ae_d2a6];

impl Scrambler {
    pub fn new(seed: u64, dimension: u32) -> Scrambler {
        let key = |index| philox::bits(seed, Domain::Scramble, dimension, index);
        Scrambler { summands: [key(0), key(1)], factors: [key(2) | 1, key(3) | 1] }
    }

    /// A coordinate in (0, 1) of 53 binary digits, from 32 digits of which the first is the lowest bit. Those that follow are as
    /// random as they would be behind any others.
    pub fn scramble(&self, digits: u32) -> f64 {
        let mut x = u64::from(digits).wrapping_add(self.summands[0]);
        x ^= x.wrapping_mul(MIX[0]);
        x = x.wrapping_mul(self.factors[0]);
        x ^= x.wrapping_mul(MIX[1]);
        x = x.wrapping_mul(self.factors[1]).wrapping_add(self.summands[1]);
        // A signed integer, for which processors have an instruction.
        (x.reverse_bits() >> 11) as i64 as f64 / (1u64 << 53) as f64
    }
}
