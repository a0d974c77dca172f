//! What a space is written as. `paramo-design` makes points of it.
//!
//! A space is a list of blocks, each an ordered product of factors; the first factor varies slowest. Extending a space
//! appends a block, so an index never changes its meaning.

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
    /// Points written down, from a CSV file.
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

/// A design over some parameters: point i is a function of (method, seed, i).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// The name of a method in `paramo-design`'s registry: `random`, `latin-hypercube`, `sobol`, …
    pub method: String,
    pub count: u64,
    pub seed: u64,
    pub dimensions: Vec<(Name, Distribution)>,
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
}

/// A table of points. A cell is a list of values: one for a plain cell, several for a JSON list, of which the row's product is taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PointTable {
    pub columns: Vec<Name>,
    pub rows: Vec<Vec<Vec<Value>>>,
    /// The file it came from, for messages.
    pub source: String,
}
