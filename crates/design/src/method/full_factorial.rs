//! Full factorial: every combination of the levels of all parameters.
//!
//! R. A. Fisher, "The Design of Experiments" (1935). The levels of a parameter are equally far apart, the first at the start
//! of its range and the last at its end. A point is its index written in mixed radix, the first parameter in the highest digit.

use super::{Design, Method, Refusal};
use crate::MAX_POINTS;
use crate::options::OptionHelp;
use crate::sampler::{Property, Reach, Sampler};

pub struct FullFactorial;

/// More levels than anybody can tell apart.
const MOST_LEVELS: i64 = 1_000_000_000;

struct Points {
    len: u64,
    dimensions: Vec<Dimension>,
}

struct Dimension {
    levels: u64,
    /// How many points follow each other on the same level.
    stride: u64,
}

impl Method for FullFactorial {
    fn name(&self) -> &'static str {
        "full-factorial"
    }

    fn help(&self) -> &'static str {
        "every combination of a few levels of each parameter; for few parameters"
    }

    fn options(&self) -> &'static [OptionHelp] {
        &[OptionHelp {
            name: "levels",
            help: "levels of every parameter, or of each",
            values: "an integer of at least 1, or a list with one for each parameter",
            default: "2",
        }]
    }

    fn build(&self, design: &Design) -> Result<Box<dyn Sampler>, Refusal> {
        let levels = design.options.integers("levels", 1..=MOST_LEVELS)?.unwrap_or_else(|| vec![2]);
        let levels = match levels.as_slice() {
            [all] => vec![*all; design.dimensions],
            each if each.len() == design.dimensions => each.to_vec(),
            each => {
                let (expected, found) = (design.dimensions, each.len());
                let message = format!("expected levels for {expected} parameters, found {found}");
                return Err(Refusal::new("levels", message).help("give one number for all, or one for each"));
            }
        };
        let mut len = 1u64;
        let mut dimensions: Vec<Dimension> = levels
            .iter()
            .rev()
            .map(|levels| {
                let (stride, levels) = (len, *levels as u64);
                len = len.saturating_mul(levels);
                Dimension { levels, stride }
            })
            .collect();
        dimensions.reverse();
        if len > MAX_POINTS {
            let message = format!("the combinations of {} parameters are more than 2^63 - 1", levels.len());
            return Err(Refusal::new("levels", message)
                .help("take fewer levels, or a design with a part of them, such as `fractional-factorial`"));
        }
        design.has(len)?;
        Ok(Box::new(Points { len, dimensions }))
    }
}

impl Sampler for Points {
    fn points(&self) -> u64 {
        self.len
    }

    fn coordinate(&self, index: u64, dimension: usize) -> f64 {
        let dimension = &self.dimensions[dimension];
        let level = index / dimension.stride % dimension.levels;
        // A single level is the middle.
        if dimension.levels == 1 { 0.5 } else { level as f64 / (dimension.levels - 1) as f64 }
    }

    fn reach(&self) -> Reach {
        Reach::WithEnds
    }

    fn properties(&self) -> Vec<Property> {
        let levels: Vec<String> = self.dimensions.iter().map(|d| d.levels.to_string()).collect();
        vec![Property::text("levels", levels.join(" × "))]
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Asked, design_with};
    use super::*;
    use paramo_model::{Setting, Value};

    fn asked(dimensions: usize, levels: &[i64]) -> Asked {
        let list = Setting::List(levels.iter().map(|n| Value::Integer(*n)).collect());
        let options = crate::options::Options::new([("levels".to_owned(), list)].into());
        Asked { count: None, options, ..design_with(1, 0, dimensions, &[]) }
    }

    #[test]
    fn the_first_parameter_varies_slowest() {
        let points = FullFactorial.build(&asked(3, &[2, 1, 3]).design()).unwrap();
        let rows: Vec<[f64; 3]> =
            (0..points.points()).map(|i| [0, 1, 2].map(|d| points.coordinate(i, d))).collect();
        let expected = [0.0, 1.0].map(|a| [0.0, 0.5, 1.0].map(|c| [a, 0.5, c])).concat();
        assert_eq!(rows, expected);
    }

    #[test]
    fn large_ones_cost_nothing_and_too_large_ones_are_refused() {
        let points = FullFactorial.build(&asked(62, &[2]).design()).unwrap();
        assert_eq!(points.points(), 1 << 62);
        assert!((0..62).all(|d| points.coordinate((1 << 62) - 1, d) == 1.0));
        assert_eq!(
            FullFactorial.build(&asked(63, &[2]).design()).err().map(|r| r.field),
            Some("levels".into())
        );
        let error = FullFactorial.build(&asked(3, &[2, 2]).design()).err().map(|r| r.message);
        assert_eq!(error.as_deref(), Some("expected levels for 3 parameters, found 2"));
        let counted = FullFactorial.build(&Asked { count: Some(9), ..asked(3, &[2]) }.design());
        assert_eq!(counted.err().map(|r| r.field).as_deref(), Some("count"));
    }
}
