//! Sobol' sequences: points that fill the space evenly in all low-dimensional projections at once.
//!
//! I. M. Sobol', "On the distribution of points in a cube and the approximate evaluation of integrals" (1967), in the Gray
//! code order of Antonov & Saleev (1979), with the direction numbers of Joe & Kuo (2008) for 21,201 dimensions. The plain
//! sequence equals `scipy.stats.qmc.Sobol(d, scramble=False)`. It is made random in two ways:
//!
//! - `shift`: one random digital shift (exclusive or) for each dimension, which keeps the points even and makes each uniform.
//! - `owen`: the nested uniform scrambling of A. B. Owen, "Randomly permuted (t,m,s)-nets and (t,s)-sequences" (1995), under
//!   which smooth integrals converge faster and their error can be estimated from repetitions. See [`owen`].

mod directions;
mod groups;
mod owen;

use std::sync::OnceLock;

use super::{Design, Method, Refusal};
use crate::options::OptionHelp;
use crate::philox::{self, Domain};
use crate::sampler::{Reach, Sampler};
use directions::{BITS, Directions, MOST_DIMENSIONS};
use owen::Scrambler;

pub struct Sobol;

/// What is done to the plain sequence.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scramble {
    None,
    Shift,
    Owen,
}

struct Points {
    start: u64,
    count: u64,
    dimensions: usize,
    /// Column j of the generator matrix of every dimension, then column j + 1, so that a step from one point to the next
    /// reads one stretch. The first binary digit of a coordinate is the highest bit; the lowest for Owen's scrambling.
    columns: Vec<u32>,
    /// What points in bulk have in common, made when the first are asked for.
    group: OnceLock<Vec<u64>>,
    finish: Finish,
}

/// From the digits of the plain sequence to coordinates.
enum Finish {
    Plain,
    /// The first 32 digits of each dimension's shift, and what the other 21 add.
    Shift(Vec<(u32, f64)>),
    Owen(Vec<Scrambler>),
}

/// The weight of the last of 32 binary digits.
const UNIT: f64 = 1.0 / (1u64 << BITS) as f64;

impl Method for Sobol {
    fn name(&self) -> &'static str {
        "sobol"
    }

    fn help(&self) -> &'static str {
        "an even, low-discrepancy sequence for integration and sensitivity analysis; best with a power of two of points"
    }

    fn options(&self) -> &'static [OptionHelp] {
        &[OptionHelp {
            name: "scramble",
            help: "permute the digits at random in nested cells (Owen 1995), shift them, or take the plain sequence, which begins at 0",
            values: "\"owen\", \"shift\" or \"none\"",
            default: "none with seed 0, else shift",
        }]
    }

    fn continues(&self) -> bool {
        true
    }

    fn build(&self, design: &Design) -> Result<Box<dyn Sampler>, Refusal> {
        design.at_most(MOST_DIMENSIONS)?;
        let end = design.end(1 << BITS, "2^32")?;
        let words = [("owen", Scramble::Owen), ("shift", Scramble::Shift), ("none", Scramble::None)];
        let unsaid = if design.seed == 0 { Scramble::None } else { Scramble::Shift };
        let scramble = design.options.word("scramble", &words)?.unwrap_or(unsaid);
        let dimensions = design.dimensions;
        let mut columns = vec![0; BITS * dimensions];
        for (d, direction) in Directions::default().take(dimensions).enumerate() {
            for (j, column) in direction.into_iter().enumerate() {
                let reversed = scramble == Scramble::Owen;
                columns[j * dimensions + d] = if reversed { column.reverse_bits() } else { column };
            }
        }
        let shift = |d: u32| {
            let digits = philox::bits(design.seed, Domain::Shift, d, 0);
            let rest = (digits >> 11) & ((1 << (53 - BITS)) - 1);
            ((digits >> BITS) as u32, rest as f64 / (1u64 << 53) as f64)
        };
        let finish = match scramble {
            Scramble::None => Finish::Plain,
            Scramble::Shift => Finish::Shift((0..dimensions as u32).map(shift).collect()),
            Scramble::Owen => {
                Finish::Owen((0..dimensions as u32).map(|d| Scrambler::new(design.seed, d)).collect())
            }
        };
        let (start, count) = (design.start, end - design.start);
        Ok(Box::new(Points { start, count, dimensions, columns, group: OnceLock::new(), finish }))
    }
}

impl Points {
    /// Adds the columns of the Gray code of an index of the sequence to the digits of neighbouring dimensions, from `first` on.
    fn digits(&self, index: u64, first: usize, digits: &mut [u32]) {
        let mut gray = index ^ (index >> 1);
        while gray != 0 {
            let row = gray.trailing_zeros() as usize * self.dimensions + first;
            for (digits, column) in digits.iter_mut().zip(&self.columns[row..]) {
                *digits ^= column;
            }
            gray &= gray - 1;
        }
    }

    /// From one point to the next, one column is added.
    fn step_by_step(&self, first: u64, dimensions: usize, out: &mut [f64]) {
        let first = self.start + first;
        let mut digits = vec![0; dimensions];
        self.digits(first, 0, &mut digits);
        for (index, point) in (first..).zip(out.chunks_exact_mut(dimensions)) {
            if index > first {
                let row = index.trailing_zeros() as usize * dimensions;
                for (digits, column) in digits.iter_mut().zip(&self.columns[row..row + dimensions]) {
                    *digits ^= column;
                }
            }
            self.finish(&digits, 0, point);
        }
    }

    fn finish(&self, digits: &[u32], first: usize, out: &mut [f64]) {
        match &self.finish {
            Finish::Plain => {
                for (x, digits) in out.iter_mut().zip(digits) {
                    *x = f64::from(*digits) * UNIT;
                }
            }
            Finish::Shift(shifts) => {
                // The sum is exact: it has 53 digits.
                for ((x, digits), (shift, rest)) in out.iter_mut().zip(digits).zip(&shifts[first..]) {
                    *x = f64::from(digits ^ shift) * UNIT + rest;
                }
            }
            Finish::Owen(scramblers) => {
                for ((x, digits), scrambler) in out.iter_mut().zip(digits).zip(&scramblers[first..]) {
                    *x = scrambler.scramble(*digits);
                }
            }
        }
    }
}

impl Sampler for Points {
    fn points(&self) -> u64 {
        self.count
    }

    fn coordinate(&self, index: u64, dimension: usize) -> f64 {
        let (mut digits, mut x) = ([0], [0.0]);
        self.digits(self.start + index, dimension, &mut digits);
        self.finish(&digits, dimension, &mut x);
        x[0]
    }

    fn fill(&self, index: u64, out: &mut [f64]) {
        const TOGETHER: usize = 16;
        for (part, out) in out.chunks_mut(TOGETHER).enumerate() {
            let mut digits = [0; TOGETHER];
            self.digits(self.start + index, part * TOGETHER, &mut digits[..out.len()]);
            self.finish(&digits, part * TOGETHER, out);
        }
    }

    fn block(&self, first: u64, dimensions: usize, out: &mut [f64]) {
        let alone = |first: u64, out: &mut [f64]| {
            for (index, point) in (first..).zip(out.chunks_exact_mut(dimensions)) {
                self.fill(index, point);
            }
        };
        let shifts = match &self.finish {
            Finish::Plain => None,
            Finish::Shift(shifts) => Some(shifts.as_slice()),
            Finish::Owen(_) => return self.step_by_step(first, dimensions, out),
        };
        // Whole groups, and what stands before and behind them.
        let (rows, group) = (out.len() / dimensions, groups::rows(dimensions));
        let before = ((self.start + first).wrapping_neg() % group as u64).min(rows as u64) as usize;
        let grouped = (rows - before) / group * group;
        if grouped < 4 * group {
            return alone(first, out);
        }
        let (head, rest) = out.split_at_mut(before * dimensions);
        let (middle, tail) = rest.split_at_mut(grouped * dimensions);
        alone(first, head);
        groups::fill(self, self.start + first + before as u64, shifts, middle);
        alone(first + (before + grouped) as u64, tail);
    }

    fn reach(&self) -> Reach {
        match self.finish {
            Finish::Plain if self.start == 0 => Reach::WithZero,
            _ => Reach::Inside,
        }
    }
}

#[cfg(test)]
mod tests;
