//! From a coordinate to a value of a sampled parameter, by the inverse of its distribution.

mod compile;
mod discrete;
mod line;
mod normal;
mod triangular;

#[cfg(test)]
mod tests;

use paramo_model::Value;

use discrete::Discrete;
use line::Line;
use normal::Normal;
use triangular::Triangular;

/// A distribution ready for use.
#[derive(Clone, Debug)]
pub(crate) enum Inverse {
    Uniform {
        from: f64,
        to: f64,
    },
    /// `from..=to`, each alike.
    UniformInteger {
        from: i64,
        to: i64,
    },
    LogUniform {
        logs: (f64, f64),
        from: f64,
        to: f64,
    },
    /// k has the probability of [k, k + 1) under a log-uniform.
    LogUniformInteger {
        logs: (f64, f64),
        from: i64,
        to: i64,
    },
    /// A range that is continued beyond its ends.
    Line(Line),
    Normal(Normal),
    NormalInteger(Normal),
    /// The median, and the normal of the logarithm of the ratio to it.
    LogNormal(f64, Normal),
    LogNormalInteger(f64, Normal),
    Triangular(Triangular),
    TriangularInteger(Triangular),
    Discrete(Discrete),
}

impl Inverse {
    /// The value at a coordinate, which lies within the reach it was compiled for.
    pub fn value(&self, coordinate: f64) -> Value {
        match self {
            Inverse::Uniform { from, to } => {
                // Not `from + u * (to - from)`: the width of the whole float range is not a float.
                Value::Float((from * (1.0 - coordinate) + to * coordinate).clamp(*from, *to))
            }
            Inverse::UniformInteger { from, to } => {
                let width = (i128::from(*to) - i128::from(*from) + 1) as f64;
                let k = i128::from(*from) + (coordinate * width) as i128;
                Value::Integer(k.min(i128::from(*to)) as i64)
            }
            Inverse::LogUniform { logs, from, to } => {
                Value::Float(exponential(*logs, coordinate).clamp(*from, *to))
            }
            Inverse::LogUniformInteger { logs, from, to } => {
                Value::Integer((exponential(*logs, coordinate).floor() as i64).clamp(*from, *to))
            }
            Inverse::Line(line) => line.value(coordinate),
            Inverse::Normal(normal) => Value::Float(normal.value(coordinate)),
            Inverse::NormalInteger(normal) => rounded(normal.value(coordinate), normal.bounds()),
            Inverse::LogNormal(median, normal) => Value::Float(log_normal(*median, normal, coordinate)),
            Inverse::LogNormalInteger(median, normal) => {
                rounded(log_normal(*median, normal, coordinate), normal.bounds())
            }
            Inverse::Triangular(triangular) => Value::Float(triangular.value(coordinate)),
            Inverse::TriangularInteger(triangular) => {
                rounded(triangular.value(coordinate), triangular.bounds())
            }
            Inverse::Discrete(discrete) => discrete.value(coordinate),
        }
    }

    /// Whether it has a value at the coordinate 0, and one at 1.
    pub fn has_ends(&self) -> (bool, bool) {
        match self {
            Inverse::Normal(normal)
            | Inverse::NormalInteger(normal)
            | Inverse::LogNormal(_, normal)
            | Inverse::LogNormalInteger(_, normal) => normal.has_ends(),
            _ => (true, true),
        }
    }
}

fn exponential(logs: (f64, f64), coordinate: f64) -> f64 {
    libm::exp(logs.0 + coordinate * (logs.1 - logs.0))
}

/// The bounds of the value itself are kept beside the normal of its logarithm: rounding must not leave them.
fn log_normal(median: f64, normal: &Normal, coordinate: f64) -> f64 {
    let (least, most) = normal.bounds();
    (median * libm::exp(normal.deviate(coordinate))).clamp(least, most)
}

/// The nearest integer that lies within bounds, of which there is one.
fn rounded(x: f64, bounds: (f64, f64)) -> Value {
    Value::Integer(x.round().clamp(bounds.0.ceil(), bounds.1.floor()) as i64)
}
