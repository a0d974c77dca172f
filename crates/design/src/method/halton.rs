//! Halton sequences: the digits of the index, mirrored at the point, in another prime base for each dimension.
//!
//! J. H. Halton, "On the efficiency of certain quasi-random sequences of points in evaluating multi-dimensional integrals"
//! (1960). Plain it equals `scipy.stats.qmc.Halton(d, scramble=False)`. In large bases the plain sequence runs along lines, so
//! every digit is put through a random permutation of its own: A. B. Owen, "A randomized Halton algorithm in R" (2017). The
//! permutations are functions of (seed, dimension, place of the digit), and so are the points.

use super::{Design, Method, Refusal};
use crate::options::OptionHelp;
use crate::permutation::Permutation;
use crate::philox::Domain;
use crate::sampler::{Access, Reach, Sampler};

pub struct Halton;

const MOST_DIMENSIONS: usize = 1000;
/// Coordinates are fractions of a power of the base up to this, so that twice the numerator is a float.
const MOST_CELLS: u64 = 1 << 52;
/// The power of the largest base (7919) that remains below is more, so no index has more digits than there are.
const MOST_POINTS: u64 = 1 << 39;
/// The permutations of smaller bases are kept as tables: a look-up costs less than computing an element.
const LARGEST_TABLE: u64 = 256;

struct Points {
    start: u64,
    count: u64,
    dimensions: Vec<Dimension>,
}

struct Dimension {
    base: u64,
    /// A permutation for each digit, the first after the point first; none for the plain sequence.
    digits: Vec<Digit>,
    /// The base to the power of the number of digits.
    cells: u64,
}

enum Digit {
    Table(Vec<u8>),
    Computed(Permutation),
}

impl Method for Halton {
    fn name(&self) -> &'static str {
        "halton"
    }

    fn help(&self) -> &'static str {
        "an even, low-discrepancy sequence for any number of points, in up to some tens of dimensions"
    }

    fn options(&self) -> &'static [OptionHelp] {
        &[OptionHelp {
            name: "scramble",
            help: "permute the digits at random (Owen 2017), or take the plain sequence, which is poor from some ten dimensions on",
            values: "\"owen\" or \"none\"",
            default: "owen",
        }]
    }

    fn continues(&self) -> bool {
        true
    }

    fn build(&self, design: &Design) -> Result<Box<dyn Sampler>, Refusal> {
        design.at_most(MOST_DIMENSIONS)?;
        let end = design.end(MOST_POINTS, "2^39")?;
        let scrambled = design.options.word("scramble", &[("owen", true), ("none", false)])?.unwrap_or(true);
        let seed = scrambled.then_some(design.seed);
        let dimensions =
            primes().take(design.dimensions).enumerate().map(|(d, base)| Dimension::new(base, seed, d));
        Ok(Box::new(Points {
            start: design.start,
            count: end - design.start,
            dimensions: dimensions.collect(),
        }))
    }
}

fn primes() -> impl Iterator<Item = u64> {
    (2u64..).filter(|n| (2..).take_while(|d| d * d <= *n).all(|d| !n.is_multiple_of(d)))
}

impl Dimension {
    fn new(base: u64, seed: Option<u64>, dimension: usize) -> Dimension {
        let Some(seed) = seed else { return Dimension { base, digits: Vec::new(), cells: 1 } };
        let count = MOST_CELLS.ilog(base);
        let digit = |place: u32| {
            // There are at most 52 digits.
            let stream = (dimension as u32) << 6 | place;
            let permutation = Permutation::new(base, seed, Domain::Digits, stream);
            match base <= LARGEST_TABLE {
                true => Digit::Table((0..base).map(|digit| permutation.apply(digit) as u8).collect()),
                false => Digit::Computed(permutation),
            }
        };
        Dimension { base, digits: (0..count).map(digit).collect(), cells: base.pow(count) }
    }

    fn plain(&self, mut rest: u64) -> f64 {
        let (mut mirrored, mut cells) = (0, 1);
        while rest > 0 {
            mirrored = mirrored * self.base + rest % self.base;
            cells *= self.base;
            rest /= self.base;
        }
        mirrored as f64 / cells as f64
    }

    /// The middle of a cell: no digit beyond the last is known.
    fn scrambled(&self, mut rest: u64) -> f64 {
        let mut mirrored = 0;
        for digit in &self.digits {
            let plain = rest % self.base;
            rest /= self.base;
            mirrored = mirrored * self.base
                + match digit {
                    Digit::Table(table) => u64::from(table[plain as usize]),
                    Digit::Computed(permutation) => permutation.apply(plain),
                };
        }
        (2 * mirrored + 1) as f64 / (2 * self.cells) as f64
    }
}

impl Sampler for Points {
    fn points(&self) -> u64 {
        self.count
    }

    fn coordinate(&self, index: u64, dimension: usize) -> f64 {
        let dimension = &self.dimensions[dimension];
        let index = self.start + index;
        if dimension.digits.is_empty() { dimension.plain(index) } else { dimension.scrambled(index) }
    }

    fn reach(&self) -> Reach {
        let plain = self.dimensions.first().is_some_and(|dimension| dimension.digits.is_empty());
        if plain && self.start == 0 { Reach::WithZero } else { Reach::Inside }
    }

    fn access(&self) -> Access {
        Access::Logarithmic
    }
}

#[cfg(test)]
mod tests;
