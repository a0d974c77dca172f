//! Extended Fourier amplitude sensitivity test: curves through the space along which each parameter oscillates.
//!
//! A. Saltelli, S. Tarantola & K. P.-S. Chan, "A quantitative model-independent method for global sensitivity analysis of
//! model output" (1999). There is a curve for each parameter, on which it has a high frequency and the others low ones;
//! `count` points on each. Frequencies are those of SALib's `fast_sampler`. Along a curve a parameter is a triangle wave, which
//! is computed as one, without sines: its phase is a whole fraction of the curve, plus a random one from the seed. With
//! seed 0 all phases are 0.

use super::{Design, Method, Refusal};
use crate::MAX_POINTS;
use crate::options::OptionHelp;
use crate::philox::{self, Domain};
use crate::sampler::{Property, Reach, Sampler};

pub struct Efast;

/// Products of frequencies and places on a curve stay below 2^63, and phases keep digits enough.
const MOST_POINTS: u64 = 1 << 30;
const MOST_DIMENSIONS: usize = 10_000;
const DEFAULT_HARMONICS: i64 = 4;

struct Points {
    seed: u64,
    /// Points of a curve.
    count: u64,
    harmonics: u64,
    high: u64,
    /// Of the parameters that are not looked at, in their order.
    low: Vec<u64>,
}

impl Method for Efast {
    fn name(&self) -> &'static str {
        "efast"
    }

    fn help(&self) -> &'static str {
        "first and total order indices from Fourier amplitudes; `count` is the number of points of each parameter's curve"
    }

    fn options(&self) -> &'static [OptionHelp] {
        &[OptionHelp {
            name: "harmonics",
            help: "multiples of a frequency that count as its effect, M; `count` is above 4 M²",
            values: "an integer from 1 to 100",
            default: "4",
        }]
    }

    fn build(&self, design: &Design) -> Result<Box<dyn Sampler>, Refusal> {
        let harmonics = design.options.integer("harmonics", 1..=100)?.unwrap_or(DEFAULT_HARMONICS) as u64;
        let count = design.counted()?;
        design.at_most(MOST_DIMENSIONS)?;
        let least = 4 * harmonics * harmonics + 1;
        if !(least..=MOST_POINTS).contains(&count) {
            let message =
                format!("with {harmonics} harmonics a curve has {least} to 2^30 points, found {count}");
            return Err(Refusal::new("count", message).help(format!("write count = {least} or more")));
        }
        let high = (count - 1) / (2 * harmonics);
        let low = low_frequencies(high / (2 * harmonics), design.dimensions - 1);
        match count.checked_mul(design.dimensions as u64).filter(|points| *points <= MAX_POINTS) {
            Some(_) => Ok(Box::new(Points { seed: design.seed, count, harmonics, high, low })),
            None => Err(Refusal::new("count", "the curves together are more than 2^63 - 1 points")),
        }
    }
}

/// Frequencies from 1 to `most`, spread evenly where there are enough, else again and again. The steps are NumPy's
/// `linspace`, rounding included.
fn low_frequencies(most: u64, others: usize) -> Vec<u64> {
    let most = most.max(1);
    if most < others as u64 {
        return (0..others as u64).map(|i| i % most + 1).collect();
    }
    let step = (most - 1) as f64 / others.saturating_sub(1).max(1) as f64;
    let even = |i: usize| if i > 0 && i + 1 == others { most } else { (i as f64 * step + 1.0) as u64 };
    (0..others).map(even).collect()
}

impl Sampler for Points {
    fn points(&self) -> u64 {
        self.count * (self.low.len() as u64 + 1)
    }

    fn coordinate(&self, index: u64, dimension: usize) -> f64 {
        let (curve, place) = ((index / self.count) as usize, index % self.count);
        let frequency = match dimension.cmp(&curve) {
            std::cmp::Ordering::Less => self.low[dimension],
            std::cmp::Ordering::Equal => self.high,
            std::cmp::Ordering::Greater => self.low[dimension - 1],
        };
        let phase = match self.seed {
            0 => 0.0,
            seed => philox::unit(philox::bits(seed, Domain::Phase, 0, curve as u64)),
        };
        let turns = (frequency * place % self.count) as f64 / self.count as f64 + phase;
        // ½ + arcsin(sin(2π turns)) / π, and its quarters.
        let turn = (turns + 0.25).fract();
        if turn <= 0.5 { 2.0 * turn } else { 2.0 - 2.0 * turn }
    }

    fn reach(&self) -> Reach {
        // A random phase of 53 bits does not meet an end.
        if self.seed == 0 { Reach::WithEnds } else { Reach::Inside }
    }

    fn properties(&self) -> Vec<Property> {
        let low =
            self.low.iter().max().map(|most| format!(", of the others 1 to {most}")).unwrap_or_default();
        vec![
            Property::text("frequencies", format!("of the parameter looked at {}{low}", self.high)),
            Property::text("harmonics", self.harmonics.to_string()),
            Property::text("points", format!("{} curves of {}", self.low.len() + 1, self.count)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{design, design_with};
    use super::*;

    #[test]
    fn frequencies_are_those_of_salib() {
        assert_eq!(low_frequencies(8, 2), [1, 8]);
        assert_eq!(low_frequencies(8, 4), [1, 3, 5, 8]);
        assert_eq!(low_frequencies(3, 5), [1, 2, 3, 1, 2]);
        assert_eq!(low_frequencies(1, 1), [1]);
        assert_eq!(low_frequencies(0, 2), [1, 1]);
        assert!(low_frequencies(5, 0).is_empty());
    }

    #[test]
    fn a_coordinate_is_the_arcsine_of_a_sine() {
        let points = Efast.build(&design(129, 0, 3)).unwrap();
        assert_eq!(points.points(), 387);
        // ω = 16 for the parameter looked at, m = 2: 1 and 2 for the others.
        for (index, dimension, frequency) in
            [(5, 0, 16), (5, 1, 1), (77, 2, 2), (129 + 50, 1, 16), (258 + 128, 1, 2)]
        {
            let s = std::f64::consts::TAU / 129.0 * (index % 129) as f64;
            let expected = 0.5 + (frequency as f64 * s).sin().asin() / std::f64::consts::PI;
            assert!((points.coordinate(index, dimension) - expected).abs() < 1e-12, "{index}, {dimension}");
        }
    }

    /// The share of the variance of x₁ + 2 x₂ that is x₂'s is 4/5: Fourier amplitudes at its frequency's multiples.
    #[test]
    fn amplitudes_at_the_frequency_are_its_share() {
        let n = 1025;
        let points = Efast.build(&design(n, 9, 2)).unwrap();
        let y: Vec<f64> =
            (n..2 * n).map(|i| points.coordinate(i, 0) + 2.0 * points.coordinate(i, 1)).collect();
        let power = |frequency: u64| {
            let angle = |j: usize| std::f64::consts::TAU * ((frequency * j as u64) % n) as f64 / n as f64;
            let a: f64 = y.iter().enumerate().map(|(j, y)| y * angle(j).cos()).sum();
            let b: f64 = y.iter().enumerate().map(|(j, y)| y * angle(j).sin()).sum();
            a * a + b * b
        };
        let total: f64 = (1..=(n - 1) / 2).map(power).sum();
        let share = (1..=4).map(|multiple| power(multiple * 128)).sum::<f64>() / total;
        assert!((share - 0.8).abs() < 0.02, "{share}");
    }

    #[test]
    fn too_short_curves_are_refused() {
        let error = Efast.build(&design(64, 0, 3)).err().map(|refusal| refusal.message);
        assert_eq!(error.as_deref(), Some("with 4 harmonics a curve has 65 to 2^30 points, found 64"));
        assert!(Efast.build(&design_with(64, 0, 3, &[("harmonics", 3.into())]).design()).is_ok());
    }
}
