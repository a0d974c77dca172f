//! Saltelli's matrices for Sobol' indices: base points A and B, and A with one column of B after the other.
//!
//! A. Saltelli, "Making best use of model evaluations to compute sensitivity indices" (2002), with the radial order of
//! A. Saltelli et al., "Variance based sensitivity analysis of model output" (2010). The base points are a Sobol' sequence of
//! twice the dimensions. For each come A, the A with column k of B, the B with column k of A where second order is asked for,
//! and B: the order of SALib's `sobol.sample`, which is equal value by value with `scramble = "none"`.

use super::sobol::Sobol;
use super::{Design, Method, Refusal};
use crate::MAX_POINTS;
use crate::options::{OptionHelp, Options};
use crate::sampler::{Access, Property, Reach, Sampler};
use paramo_model::Setting;

pub struct Saltelli;

/// The base points have twice as many.
const MOST_DIMENSIONS: usize = 10_600;

struct Points {
    base: Box<dyn Sampler>,
    count: u64,
    dimensions: usize,
    second_order: bool,
}

impl Method for Saltelli {
    fn name(&self) -> &'static str {
        "saltelli"
    }

    fn help(&self) -> &'static str {
        "first, total and second order Sobol' indices; `count` is the number of base points N of the N (2k + 2) points"
    }

    fn options(&self) -> &'static [OptionHelp] {
        &[
            OptionHelp {
                name: "second_order",
                help: "whether interactions of two are wanted; without, there are N (k + 2) points",
                values: "true or false",
                default: "true",
            },
            OptionHelp {
                name: "scramble",
                help: "how the Sobol' sequence of the base points is scrambled by the seed",
                values: "as for `sobol`",
                default: "as for `sobol`",
            },
            OptionHelp {
                name: "skip",
                help: "points of the sequence that are passed over at its beginning",
                values: "an integer, best a power of two and not below the count",
                default: "0",
            },
        ]
    }

    fn build(&self, design: &Design) -> Result<Box<dyn Sampler>, Refusal> {
        design.at_most(MOST_DIMENSIONS)?;
        let count = design.counted()?;
        let second_order = design.options.boolean("second_order")?.unwrap_or(true);
        let scramble = design.options.text("scramble")?;
        let options = Options::new(
            scramble.map(|word| ("scramble".to_owned(), Setting::Value(word.into()))).into_iter().collect(),
        );
        let start = design.options.integer("skip", 0..=i64::MAX)?.unwrap_or(0) as u64;
        let base = Design {
            count: Some(count),
            start,
            seed: design.seed,
            dimensions: 2 * design.dimensions,
            options: &options,
        };
        let base = Sobol.build(&base)?;
        let points = Points { base, count, dimensions: design.dimensions, second_order };
        match count.checked_mul(points.group()).filter(|points| *points <= MAX_POINTS) {
            Some(_) => Ok(Box::new(points)),
            None => Err(Refusal::new("count", "the points together are more than 2^63 - 1")),
        }
    }
}

impl Points {
    /// Points that come from one base point.
    fn group(&self) -> u64 {
        let k = self.dimensions as u64;
        if self.second_order { 2 * k + 2 } else { k + 2 }
    }
}

impl Sampler for Points {
    fn points(&self) -> u64 {
        self.count * self.group()
    }

    fn coordinate(&self, index: u64, dimension: usize) -> f64 {
        let (group, k) = (self.group(), self.dimensions as u64);
        let place = index % group;
        let of_b = match place {
            0 => false,
            _ if place == group - 1 => true,
            _ if place <= k => place - 1 == dimension as u64,
            _ => place - k - 1 != dimension as u64,
        };
        self.base.coordinate(index / group, if of_b { dimension + self.dimensions } else { dimension })
    }

    fn reach(&self) -> Reach {
        self.base.reach()
    }

    fn properties(&self) -> Vec<Property> {
        let order = if self.second_order { "first, total and second order" } else { "first and total order" };
        vec![
            Property::text("indices", order),
            Property::text("points", format!("{} base points of {} each", self.count, self.group())),
        ]
    }

    fn access(&self) -> Access {
        self.base.access()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::design_with;
    use super::*;

    #[test]
    fn columns_of_b_are_put_into_a_one_after_the_other() {
        let asked = design_with(8, 0, 2, &[("skip", 8.into()), ("scramble", "none".into())]);
        let points = Saltelli.build(&asked.design()).unwrap();
        assert_eq!(points.points(), 48);
        let base = Sobol.build(&design_with(16, 0, 4, &[("scramble", "none".into())]).design()).unwrap();
        let [a, b, c, d] = [0, 1, 2, 3].map(|column| base.coordinate(9, column));
        let rows = [6, 7, 8, 9, 10, 11].map(|i| [0, 1].map(|column| points.coordinate(i, column)));
        assert_eq!(rows, [[a, b], [c, b], [a, d], [a, d], [c, b], [c, d]]);
        let first_order = design_with(8, 0, 2, &[("second_order", false.into())]);
        let points = Saltelli.build(&first_order.design()).unwrap();
        assert_eq!(points.points(), 32);
    }

    /// I. M. Sobol' & S. Kucherenko's g-function has S₁ = V₁/V by hand: the estimators of Saltelli et al. (2010) find it.
    #[test]
    fn the_estimators_find_known_indices() {
        let n = 4096;
        let points = Saltelli
            .build(
                &design_with(
                    n,
                    0,
                    3,
                    &[("second_order", false.into()), ("skip", 4096.into()), ("scramble", "none".into())],
                )
                .design(),
            )
            .unwrap();
        let a = [0.0, 1.0, 4.5];
        let g = |i: u64| -> f64 {
            (0..3).map(|d| ((4.0 * points.coordinate(i, d) - 2.0).abs() + a[d]) / (1.0 + a[d])).product()
        };
        let partial = a.map(|a| 1.0 / (3.0 * (1.0 + a) * (1.0 + a)));
        let variance: f64 = partial.iter().map(|v| 1.0 + v).product::<f64>() - 1.0;
        for (k, partial) in partial.iter().enumerate() {
            let sum: f64 = (0..n).map(|j| g(5 * j + 4) * (g(5 * j + 1 + k as u64) - g(5 * j))).sum();
            let estimate = sum / n as f64 / variance;
            assert!((estimate - partial / variance).abs() < 0.01, "{k}: {estimate}");
        }
    }
}
