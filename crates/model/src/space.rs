//! What a space is written as. `paramo-design` makes points of it.
//!
//! A space is a list of blocks, each an ordered product of factors; the first factor varies slowest. Extending a space
//! appends a block, so an index never changes its meaning.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Name, Value};

/// The blocks of a space, one after the other.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SpaceSpec {
    pub blocks: Vec<Block>,
}

/// A product of factors; points that the condition excludes keep their index and are skipped.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Block {
    pub factors: Vec<Factor>,
    /// The source of an [`Expression`](crate::Expression) over the parameters.
    pub condition: Option<String>,
}

/// One dimension of a block's product, over one or several parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Factor {
    /// One parameter.
    Axis(Name, Axis),
    /// Several parameters that advance together; all axes have the same length.
    Zip(Vec<(Name, Axis)>),
    /// A design of experiments over several parameters.
    Sample(Sample),
    /// Points written down, from a file.
    Points(PointTable),
    /// Blocks one after the other.
    Blocks(Vec<Block>),
}

/// The values of one parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Axis {
    Values(Vec<Value>),
    /// From `from` to `to`, both inclusive; both are integers or floats.
    Range {
        from: Value,
        to: Value,
        steps: Steps,
        scale: Scale,
    },
    /// Repetitions. The parameter is 1, 2, … `count`; with a seed, an independent integer in 1…2³¹−1 for every point, a
    /// function of the seed and the point's index.
    Replicate {
        count: u64,
        seed: Option<u64>,
    },
}

/// How a range is divided.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Steps {
    Count(u64),
    /// Exact for decimal steps: 0 to 1 by 0.1 has 11 points. Not for logarithmic ranges.
    By(f64),
}

/// How a range is spaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    #[default]
    Linear,
    Log,
}

/// A design over some parameters: point i is a function of (method, options, seed, start + i).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// The name of a method in `paramo-design`'s registry: `random`, `latin-hypercube`, `sobol`, …
    pub method: String,
    /// How many points; `None` for a design that fixes their number itself.
    pub count: Option<u64>,
    pub seed: u64,
    pub dimensions: Vec<(Name, Distribution)>,
    /// The index in the sequence of the first point, so that a later block goes on where an earlier one ended.
    #[serde(default)]
    pub start: u64,
    /// What the method is told beside; it knows the names.
    #[serde(default)]
    pub options: BTreeMap<String, Setting>,
}

/// What an option of a method is set to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Setting {
    Value(Value),
    List(Vec<Value>),
}

/// How a sampled parameter is distributed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Distribution {
    /// Uniform over `[from, to)`; over the integers `from..=to` when the parameter is an integer.
    Uniform {
        from: f64,
        to: f64,
    },
    /// The logarithm is uniform.
    LogUniform {
        from: f64,
        to: f64,
    },
    Normal {
        mean: f64,
        sd: f64,
    },
    /// A normal of which only the part between the ends is drawn.
    TruncatedNormal {
        mean: f64,
        sd: f64,
        from: Option<f64>,
        to: Option<f64>,
    },
    /// The logarithm is normal, with the mean ln `median` and the standard deviation ln `gsd` (the geometric standard
    /// deviation, a factor above 1); only the part between the ends is drawn.
    LogNormal {
        median: f64,
        gsd: f64,
        from: Option<f64>,
        to: Option<f64>,
    },
    /// The density rises linearly from `from` to `mode` and falls to `to`.
    Triangular {
        from: f64,
        mode: f64,
        to: f64,
    },
    /// One of some values, in proportion to its weight; without weights all are alike.
    Discrete {
        values: Vec<Value>,
        weights: Vec<f64>,
    },
}

/// A table of points. A cell is a list of values: one for a plain cell, several for a JSON list, of which the row's product is taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PointTable {
    pub columns: Vec<Name>,
    pub rows: Vec<Vec<Vec<Value>>>,
    /// The file it came from, for messages.
    pub source: String,
    /// Whether a string in it is one. In CSV all is text, which the parameter's type tells how to read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub typed: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As studies were stored before samples had a start and options.
    #[test]
    fn samples_stored_before_are_read() {
        let stored =
            r#"{"method":"sobol","count":16,"seed":1,"dimensions":[["x",{"normal":{"mean":0.0,"sd":1.0}}]]}"#;
        let sample: Sample = serde_json::from_str(stored).unwrap();
        let dimensions = vec![(Name::new("x").unwrap(), Distribution::Normal { mean: 0.0, sd: 1.0 })];
        let expected =
            Sample { method: "sobol".into(), count: Some(16), seed: 1, dimensions, ..Sample::default() };
        assert_eq!(sample, expected);
    }

    #[test]
    fn samples_come_back_as_they_were_stored() {
        let values = vec![Value::from("a"), Value::from(1), Value::from(0.5)];
        let options = [
            ("scramble".to_owned(), Setting::Value("owen".into())),
            ("levels".to_owned(), Setting::List(vec![2.into(), 3.into()])),
        ];
        let dimensions = [
            Distribution::TruncatedNormal { mean: 0.0, sd: 1.0, from: None, to: Some(2.0) },
            Distribution::LogNormal { median: 1.0, gsd: 2.0, from: Some(0.1), to: None },
            Distribution::Triangular { from: 0.0, mode: 0.5, to: 1.0 },
            Distribution::Discrete { values, weights: vec![1.0, 2.0, 3.0] },
        ];
        let dimensions = dimensions.map(|d| (Name::new("x").unwrap(), d)).into();
        let method = "halton".to_owned();
        let sample = Sample { method, count: None, seed: 3, dimensions, start: 64, options: options.into() };
        let stored = serde_json::to_string(&sample).unwrap();
        assert_eq!(serde_json::from_str::<Sample>(&stored).unwrap(), sample);
    }
}
