//! A normal of which only the part within bounds is drawn.

use crate::normal;

/// A normal distribution, cut off. With its logarithm it serves the log-normal as well.
#[derive(Clone, Debug)]
pub(crate) struct Normal {
    mean: f64,
    sd: f64,
    /// The probabilities below the bounds; of the mirrored distribution when both lie in the upper tail, where
    /// probabilities near 1 have no digits left.
    below: (f64, f64),
    mirrored: bool,
    /// Of the deviate.
    cut: (f64, f64),
    /// Of the value.
    bounds: (f64, f64),
}

/// A coordinate of 0 stands for the smallest that a generator of 53 bits tells from 0.
const LEAST: f64 = f64::EPSILON / 4.0;

impl Normal {
    /// `None` if practically nothing of it lies within the bounds.
    pub fn new(mean: f64, sd: f64, bounds: (f64, f64)) -> Option<Normal> {
        Normal::cut(mean, sd, bounds, bounds)
    }

    /// Of the logarithm of the ratio to a median, with bounds of the value.
    pub fn of_logarithm(median: f64, gsd: f64, bounds: (f64, f64)) -> Option<Normal> {
        let log = |x: f64| if x <= 0.0 { f64::NEG_INFINITY } else { libm::log(x) - libm::log(median) };
        let cut = (log(bounds.0), log(bounds.1));
        // What overflows is the greatest float.
        Normal::cut(0.0, libm::log(gsd), cut, (bounds.0.max(0.0), bounds.1.min(f64::MAX)))
    }

    fn cut(mean: f64, sd: f64, cut: (f64, f64), bounds: (f64, f64)) -> Option<Normal> {
        let (low, high) = ((cut.0 - mean) / sd, (cut.1 - mean) / sd);
        let mirrored = low > 0.0;
        let (low, high) = if mirrored { (-high, -low) } else { (low, high) };
        let below = (normal::probability(low), normal::probability(high));
        // Below this the probabilities are no normal floats, and the distribution was hardly meant.
        (below.1 - below.0 > 1e-290).then_some(Normal { mean, sd, below, mirrored, cut, bounds })
    }

    /// What is drawn: the value of a normal, the logarithm of a ratio for a log-normal.
    pub fn deviate(&self, coordinate: f64) -> f64 {
        let u = if self.mirrored { 1.0 - coordinate } else { coordinate };
        let p = self.below.0 + u.max(LEAST) * (self.below.1 - self.below.0);
        let z = normal::quantile(p.min(1.0 - f64::EPSILON / 2.0));
        let z = if self.mirrored { -z } else { z };
        (self.mean + self.sd * z).clamp(self.cut.0, self.cut.1)
    }

    pub fn value(&self, coordinate: f64) -> f64 {
        self.deviate(coordinate).clamp(self.bounds.0, self.bounds.1)
    }

    pub fn bounds(&self) -> (f64, f64) {
        self.bounds
    }

    /// Whether there are a least and a greatest value.
    pub fn has_ends(&self) -> (bool, bool) {
        (self.cut.0.is_finite(), self.cut.1.is_finite())
    }
}
