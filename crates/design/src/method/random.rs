//! Independent uniform points.

use super::{Design, Method, Sampler};
use crate::philox::{self, Domain};

pub struct Random;

struct Points {
    seed: u64,
}

impl Method for Random {
    fn name(&self) -> &'static str {
        "random"
    }

    fn help(&self) -> &'static str {
        "independent random points; any number of them is a sample of the distribution"
    }

    fn build(&self, design: Design) -> Result<Box<dyn Sampler>, String> {
        Ok(Box::new(Points { seed: design.seed }))
    }
}

impl Sampler for Points {
    fn coordinate(&self, index: u64, dimension: usize) -> f64 {
        philox::unit(philox::bits(self.seed, Domain::Random, dimension as u32, index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kolmogorov–Smirnov against the uniform, and the correlation of neighbouring dimensions, at the 0.999 level.
    #[test]
    fn points_are_uniform_and_dimensions_independent() {
        let n = 20_000;
        let points = Random.build(Design { count: n, seed: 7, dimensions: 3 }).unwrap();
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
        let of = |seed| Random.build(Design { count: 1, seed, dimensions: 1 }).unwrap().coordinate(0, 0);
        assert_ne!(of(1), of(2));
        assert_ne!(of(1), of(1 << 32 | 1));
    }
}
