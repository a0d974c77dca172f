//! Independent uniform points.
//!
//! The numbers are those of the counter-based generator Philox (Salmon, Moraes, Dror & Shaw, 2011): a coordinate is a function
//! of seed, dimension and index.

use super::{Design, Method, Refusal};
use crate::MAX_POINTS;
use crate::philox::{self, Domain};
use crate::sampler::Sampler;

pub struct Random;

struct Points {
    seed: u64,
    start: u64,
    count: u64,
}

impl Method for Random {
    fn name(&self) -> &'static str {
        "random"
    }

    fn help(&self) -> &'static str {
        "independent random points; any number of them is a sample of the distribution"
    }

    fn continues(&self) -> bool {
        true
    }

    fn build(&self, design: &Design) -> Result<Box<dyn Sampler>, Refusal> {
        let end = design.end(MAX_POINTS, "2^63 - 1")?;
        Ok(Box::new(Points { seed: design.seed, start: design.start, count: end - design.start }))
    }
}

impl Sampler for Points {
    fn points(&self) -> u64 {
        self.count
    }

    fn coordinate(&self, index: u64, dimension: usize) -> f64 {
        philox::unit(philox::bits(self.seed, Domain::Random, dimension as u32, self.start + index))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::design;
    use super::*;

    fn points(count: u64, seed: u64, dimensions: usize) -> Box<dyn Sampler> {
        Random.build(&design(count, seed, dimensions)).unwrap()
    }

    /// Kolmogorov–Smirnov against the uniform, and the correlation of neighbouring dimensions, at the 0.999 level.
    #[test]
    fn points_are_uniform_and_dimensions_independent() {
        let n = 20_000;
        let points = points(n, 7, 3);
        for dimension in 0..3 {
            let mut xs: Vec<f64> = (0..n).map(|i| points.coordinate(i, dimension)).collect();
            let next = (0..n).map(|i| points.coordinate(i, dimension + 1));
            let correlation: f64 =
                xs.iter().zip(next).map(|(x, y)| 12.0 * (x - 0.5) * (y - 0.5)).sum::<f64>() / n as f64;
            assert!(correlation.abs() < 3.29 / (n as f64).sqrt(), "{correlation}");
            xs.sort_by(f64::total_cmp);
            let distance = xs
                .iter()
                .enumerate()
                .map(|(i, x)| (x - (i as f64 + 0.5) / n as f64).abs())
                .fold(0.0, f64::max);
            assert!(distance < 1.95 / (n as f64).sqrt(), "{distance}");
        }
    }

    #[test]
    fn another_seed_gives_other_points() {
        let of = |seed| points(1, seed, 1).coordinate(0, 0);
        assert_ne!(of(1), of(2));
        assert_ne!(of(1), of(1 << 32 | 1));
    }
}
