//! Latin hypercube: every dimension is cut into as many strata as there are points, and every stratum is hit once.
//!
//! McKay, Beckman & Conover, "A comparison of three methods for selecting values of input variables in the analysis of
//! output from a computer code" (1979). The strata of a dimension are dealt out by a keyed permutation, so a point is
//! a function of seed and index, and nothing is shuffled in memory.

use super::{Design, Method, Sampler};
use crate::permutation::Permutation;
use crate::philox::{self, Domain};

pub struct LatinHypercube;

/// Above this a stratum is too narrow for a float to lie inside it.
const MOST_BITS: u32 = 48;

struct Points {
    seed: u64,
    count: u64,
    /// How many bits a float has for the place inside a stratum.
    jitter_bits: u32,
    strata: Vec<Permutation>,
}

impl Method for LatinHypercube {
    fn name(&self) -> &'static str {
        "latin-hypercube"
    }

    fn help(&self) -> &'static str {
        "random points that are spread evenly over the range of every single parameter"
    }

    fn build(&self, design: Design) -> Result<Box<dyn Sampler>, String> {
        let bits = u64::BITS - design.count.leading_zeros();
        if bits > MOST_BITS {
            return Err(format!("has at most 2^{MOST_BITS} - 1 points, found {}", design.count));
        }
        let strata = (0..design.dimensions)
            .map(|d| Permutation::new(design.count, design.seed, Domain::Stratum, d as u32))
            .collect();
        Ok(Box::new(Points { seed: design.seed, count: design.count, jitter_bits: 51 - bits, strata }))
    }
}

impl Sampler for Points {
    fn coordinate(&self, index: u64, dimension: usize) -> f64 {
        let stratum = self.strata[dimension].apply(index);
        let jitter =
            philox::bits(self.seed, Domain::Jitter, dimension as u32, index) >> (64 - self.jitter_bits);
        // The middle of a cell of the stratum. Both sides are whole numbers below 2⁵², so no rounding leaves the stratum, not
        // even that of multiplying by the count again.
        let cell = stratum << self.jitter_bits | jitter;
        (2 * cell + 1) as f64 / (self.count << (self.jitter_bits + 1)) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_stratum_of_every_dimension_is_hit_once(count in 1u64..600, seed: u64) {
            let points = LatinHypercube.build(Design { count, seed, dimensions: 4 }).unwrap();
            for dimension in 0..4 {
                let mut strata: Vec<u64> =
                    (0..count).map(|i| (points.coordinate(i, dimension) * count as f64) as u64).collect();
                strata.sort_unstable();
                prop_assert!(strata.into_iter().eq(0..count));
            }
        }

        #[test]
        fn coordinates_stay_in_their_stratum_however_many_there_are(count in 1u64 << 30..1 << 48, seed: u64, at: u64) {
            let points = LatinHypercube.build(Design { count, seed, dimensions: 1 }).unwrap();
            let index = at % count;
            let stratum = Permutation::new(count, seed, Domain::Stratum, 0).apply(index);
            prop_assert_eq!((points.coordinate(index, 0) * count as f64) as u64, stratum);
        }
    }

    /// Rounded downwards, the start of this stratum lies in the one before it.
    #[test]
    fn the_start_of_a_stratum_is_not_rounded_out_of_it() {
        let (count, seed, index) =
            (262_884_582_201_557, 11_395_764_449_308_576_733, 5_952_360_769_173_681_620);
        let points = LatinHypercube.build(Design { count, seed, dimensions: 1 }).unwrap();
        let stratum = Permutation::new(count, seed, Domain::Stratum, 0).apply(index % count);
        assert_eq!((points.coordinate(index % count, 0) * count as f64) as u64, stratum);
    }

    #[test]
    fn too_many_points_are_refused() {
        let error = LatinHypercube.build(Design { count: 1 << 48, seed: 0, dimensions: 1 }).err();
        assert_eq!(error.as_deref(), Some("has at most 2^48 - 1 points, found 281474976710656"));
    }
}
