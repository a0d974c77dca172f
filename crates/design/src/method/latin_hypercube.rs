//! Latin hypercube: every dimension is cut into as many strata as there are points, and every stratum is hit once.
//!
//! McKay, Beckman & Conover, "A comparison of three methods for selecting values of input variables in the analysis of
//! output from a computer code" (1979). The kinds differ in which strata meet in a point:
//!
//! - `plain`: they are dealt out by a keyed permutation for each dimension, and the point lies anywhere in them; `centred`: in
//!   their middle.
//! - `orthogonal-array`: every pair of dimensions is even as well, for the square of a prime of points. See [`array`].
//! - `maximin`: searched for points far from each other. See [`maximin`].
//! - `nearly-orthogonal`: searched for small correlations. See [`nearly_orthogonal`].
//!
//! The first three are functions of seed and index; what was searched for is kept.

mod array;
mod maximin;
mod nearly_orthogonal;

use super::{Design, Method, Refusal};
use crate::options::OptionHelp;
use crate::permutation::Permutation;
use crate::philox::{self, Domain};
use crate::sampler::{Access, Property, Sampler};
use array::Array;

pub struct LatinHypercube;

/// Above this a stratum is too narrow for a float to lie inside it.
const MOST_BITS: u32 = 48;

#[derive(Clone, Copy)]
enum Kind {
    Plain,
    Centred,
    Array,
    Maximin,
    NearlyOrthogonal,
}

struct Points {
    seed: u64,
    count: u64,
    /// How many bits a float has for the place inside a stratum; `None` for its middle.
    jitter_bits: Option<u32>,
    strata: Strata,
}

/// Which stratum of a dimension a point lies in.
enum Strata {
    Permuted(Vec<Permutation>),
    Array(Array),
    /// Dimension after dimension, with what the search reached.
    Kept(Vec<u32>, Property),
}

impl Method for LatinHypercube {
    fn name(&self) -> &'static str {
        "latin-hypercube"
    }

    fn help(&self) -> &'static str {
        "random points that are spread evenly over the range of every single parameter"
    }

    fn options(&self) -> &'static [OptionHelp] {
        &[OptionHelp {
            name: "kind",
            help: "random places inside the strata; their middles; pairs of parameters even as well; points far apart; small correlations",
            values: "\"plain\", \"centred\", \"orthogonal-array\", \"maximin\" or \"nearly-orthogonal\"",
            default: "plain",
        }]
    }

    fn build(&self, design: &Design) -> Result<Box<dyn Sampler>, Refusal> {
        let count = design.counted()?;
        let words = [
            ("plain", Kind::Plain),
            ("centred", Kind::Centred),
            ("orthogonal-array", Kind::Array),
            ("maximin", Kind::Maximin),
            ("nearly-orthogonal", Kind::NearlyOrthogonal),
        ];
        let kind = design.options.word("kind", &words)?.unwrap_or(Kind::Plain);
        let bits = u64::BITS - count.leading_zeros();
        if bits > MOST_BITS {
            let message = format!("has at most 2^{MOST_BITS} - 1 points, found {count}");
            return Err(Refusal::new("count", message));
        }
        let permuted = || {
            let dimensions = 0..design.dimensions as u32;
            dimensions.map(|d| Permutation::new(count, design.seed, Domain::Stratum, d)).collect()
        };
        let strata = match kind {
            Kind::Plain | Kind::Centred => Strata::Permuted(permuted()),
            Kind::Array => Strata::Array(Array::new(count, design.dimensions, design.seed)?),
            Kind::Maximin => maximin::search(count, design.dimensions, design.seed, &permuted())?,
            Kind::NearlyOrthogonal => nearly_orthogonal::search(count, design.dimensions, &permuted())?,
        };
        let jitter_bits = match kind {
            // The middles are what was searched.
            Kind::Centred | Kind::Maximin => None,
            _ => Some(51 - bits),
        };
        Ok(Box::new(Points { seed: design.seed, count, jitter_bits, strata }))
    }
}

/// Kept strata are 32-bit, and a search costs time with their number.
fn searched(
    count: u64,
    dimensions: usize,
    most_points: u64,
    most_cells: u64,
    permuted: &[Permutation],
) -> Result<Vec<u32>, Refusal> {
    let cells = count.saturating_mul(dimensions as u64);
    if count > most_points || cells > most_cells {
        let message = format!(
            "this kind is searched for, with at most {most_points} points and {most_cells} coordinates, found {count} points of {dimensions}"
        );
        let help = "take kind = \"plain\", or \"orthogonal-array\" with the square of a prime of points";
        return Err(Refusal::new("count", message).help(help));
    }
    Ok(permuted.iter().flat_map(|p| (0..count).map(|i| p.apply(i) as u32)).collect())
}

impl Sampler for Points {
    fn points(&self) -> u64 {
        self.count
    }

    fn coordinate(&self, index: u64, dimension: usize) -> f64 {
        let stratum = match &self.strata {
            Strata::Permuted(permutations) => permutations[dimension].apply(index),
            Strata::Array(array) => array.stratum(index, dimension),
            Strata::Kept(strata, _) => u64::from(strata[dimension * self.count as usize + index as usize]),
        };
        let Some(jitter_bits) = self.jitter_bits else {
            return (2 * stratum + 1) as f64 / (2 * self.count) as f64;
        };
        let jitter = philox::bits(self.seed, Domain::Jitter, dimension as u32, index) >> (64 - jitter_bits);
        // The middle of a cell of the stratum. Both sides are whole numbers below 2⁵², so no rounding leaves the stratum, not
        // even that of multiplying by the count again.
        let cell = stratum << jitter_bits | jitter;
        (2 * cell + 1) as f64 / (self.count << (jitter_bits + 1)) as f64
    }

    fn properties(&self) -> Vec<Property> {
        match &self.strata {
            Strata::Permuted(_) => Vec::new(),
            Strata::Array(array) => vec![array.property()],
            Strata::Kept(_, reached) => vec![reached.clone()],
        }
    }

    fn access(&self) -> Access {
        match self.strata {
            Strata::Kept(..) => Access::Kept("it was searched for as a whole"),
            _ => Access::Constant,
        }
    }
}

#[cfg(test)]
mod tests;
