//! Sobol' sequences: points that fill the space evenly in all low-dimensional projections at once.
//!
//! I. M. Sobol', "On the distribution of points in a cube and the approximate evaluation of integrals" (1967), in the Gray
//! code order of Antonov & Saleev (1979), with the direction numbers of Joe & Kuo (2008) for 21,201 dimensions. With
//! seed 0 it is the plain sequence, equal to `scipy.stats.qmc.Sobol(d, scramble=False)`. Another seed shifts all points by one
//! random digital shift (exclusive or), which keeps their evenness and makes every point uniform.

use super::{Design, Method, Sampler};
use crate::philox::{self, Domain};

pub struct Sobol;

/// Joe & Kuo's numbers, packed as `data/README.md` says.
static DIRECTIONS: &[u8] = include_bytes!("../../data/joe-kuo-6.21201.bin");
const MOST_DIMENSIONS: usize = 21_201;
const BITS: usize = 32;

struct Points {
    dimensions: Vec<Dimension>,
    shifted: bool,
}

struct Dimension {
    /// Column j of the generator matrix, the first binary digit of the coordinate in the highest bit.
    columns: [u32; BITS],
    /// 53 bits.
    shift: u64,
}

impl Method for Sobol {
    fn name(&self) -> &'static str {
        "sobol"
    }

    fn help(&self) -> &'static str {
        "an even, low-discrepancy sequence for integration and sensitivity analysis; best with a power of two of points"
    }

    fn build(&self, design: Design) -> Result<Box<dyn Sampler>, String> {
        if design.dimensions > MOST_DIMENSIONS {
            return Err(format!("has at most {MOST_DIMENSIONS} dimensions, found {}", design.dimensions));
        }
        if design.count > 1 << BITS {
            return Err(format!("has at most 2^{BITS} points, found {}", design.count));
        }
        let mut reader = Bits { bytes: DIRECTIONS, at: 0 };
        let dimensions = (0..design.dimensions)
            .map(|d| Dimension {
                columns: if d == 0 { [1; BITS] } else { reader.directions() },
                shift: match design.seed {
                    0 => 0,
                    seed => philox::bits(seed, Domain::Shift, d as u32, 0) >> 11,
                },
            })
            .map(|mut dimension| {
                // m_j becomes the binary fraction m_j / 2^j.
                for (j, column) in dimension.columns.iter_mut().enumerate() {
                    *column <<= BITS - 1 - j;
                }
                dimension
            })
            .collect();
        Ok(Box::new(Points { dimensions, shifted: design.seed != 0 }))
    }
}

impl Sampler for Points {
    fn coordinate(&self, index: u64, dimension: usize) -> f64 {
        let dimension = &self.dimensions[dimension];
        let mut gray = index ^ (index >> 1);
        let mut digits = 0;
        while gray != 0 {
            digits ^= dimension.columns[gray.trailing_zeros() as usize];
            gray &= gray - 1;
        }
        ((u64::from(digits) << (53 - BITS)) ^ dimension.shift) as f64 / (1u64 << 53) as f64
    }

    fn touches_zero(&self) -> bool {
        !self.shifted
    }
}

/// Reads the packed numbers bit by bit.
struct Bits {
    bytes: &'static [u8],
    at: usize,
}

impl Bits {
    fn take(&mut self, count: usize) -> u32 {
        let mut value = 0;
        for bit in 0..count {
            let byte = self.bytes.get(self.at / 8).copied().unwrap_or_default();
            value |= u32::from(byte >> (self.at % 8) & 1) << bit;
            self.at += 1;
        }
        value
    }

    /// The numbers m₁, m₂, … of the next dimension: the first are given, the rest follow from the polynomial.
    fn directions(&mut self) -> [u32; BITS] {
        let degree = self.take(5) as usize;
        let coefficients = self.take(degree - 1);
        let mut m = [0u32; BITS];
        for (j, m) in m.iter_mut().enumerate().take(degree) {
            *m = self.take(j) << 1 | 1;
        }
        for j in degree..BITS {
            m[j] = m[j - degree] ^ m[j - degree] << degree;
            for k in 1..degree {
                if coefficients >> (degree - 1 - k) & 1 == 1 {
                    m[j] ^= m[j - k] << k;
                }
            }
        }
        m
    }
}

#[cfg(test)]
mod tests;
