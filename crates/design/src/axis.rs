//! The values of one parameter as a function of an index.

use std::sync::Arc;

use paramo_model::{Axis as Spec, Diagnostic, FieldPath, Parameter, ParameterType, Value};

use crate::MAX_POINTS;
use crate::decimal::Grid;
use crate::philox::{self, Domain};
use crate::range::{Range, Ratios};

/// Wrong values of one list that are reported; more would hide the rest of the report.
const REPORTED: usize = 5;

/// What gives a value for an index; the length is kept beside it.
#[derive(Clone, Debug)]
pub(crate) enum Axis {
    Listed(Arc<[Value]>),
    Integers {
        from: i64,
        step: i128,
    },
    Decimals(Grid),
    Ratios(Ratios),
    RoundedRatios(Ratios),
    /// 1, 2, 3, …; as floats for a parameter that is a float.
    Numbers {
        float: bool,
    },
    /// Seeds: a function of the point's index in the whole space.
    Seeds {
        seed: u64,
        float: bool,
    },
}

impl Axis {
    /// The value at an index of the axis, for the point with the index `point` in the whole space.
    pub fn value(&self, index: u64, point: u64) -> Value {
        let number = |i: i64, float: bool| if float { Value::Float(i as f64) } else { Value::Integer(i) };
        match self {
            Axis::Listed(values) => values[index as usize].clone(),
            // The ends were checked to fit.
            Axis::Integers { from, step } => {
                Value::Integer((i128::from(*from) + step * i128::from(index)) as i64)
            }
            Axis::Decimals(grid) => Value::Float(grid.value(index)),
            Axis::Ratios(ratios) => Value::Float(ratios.value(index)),
            Axis::RoundedRatios(ratios) => Value::Integer(ratios.value(index).round() as i64),
            Axis::Numbers { float } => number(index as i64 + 1, *float),
            Axis::Seeds { seed, float } => {
                const SEEDS: u64 = (1 << 31) - 1;
                // 64 bits modulo 31: the bias is below 2⁻³².
                number((philox::bits(*seed, Domain::Replicate, 0, point) % SEEDS) as i64 + 1, *float)
            }
        }
    }

    /// Checks an axis and makes it ready, with its length. What is wrong is added to `wrong`.
    pub fn compile(
        spec: &Spec,
        parameter: &Parameter,
        path: &FieldPath,
        wrong: &mut Vec<Diagnostic>,
    ) -> Option<(Axis, u64)> {
        let compiled = match spec {
            Spec::Values(values) => return listed(values, parameter, path, wrong),
            Spec::Range { from, to, steps, scale } => {
                Range { parameter, from, to, steps: *steps, scale: *scale, path }.compile()
            }
            Spec::Replicate { count, seed } => replicate(*count, *seed, parameter, path),
        };
        compiled.map_err(|diagnostic| wrong.push(diagnostic)).ok()
    }
}

fn listed(
    values: &[Value],
    parameter: &Parameter,
    path: &FieldPath,
    wrong: &mut Vec<Diagnostic>,
) -> Option<(Axis, u64)> {
    if values.is_empty() {
        wrong.push(Diagnostic::new(path.clone(), "expected at least one value, found an empty list"));
        return None;
    }
    let mut accepted = Vec::with_capacity(values.len());
    let mut refused = 0;
    for (place, value) in values.iter().enumerate() {
        match parameter.accept(value.clone()) {
            Ok(value) => accepted.push(value),
            Err(message) => {
                refused += 1;
                if refused <= REPORTED {
                    let field = if values.len() == 1 { path.clone() } else { path.join(place.to_string()) };
                    wrong.push(Diagnostic::new(field, message));
                }
            }
        }
    }
    (refused == 0).then(|| (Axis::Listed(accepted.into()), values.len() as u64))
}

fn replicate(
    count: u64,
    seed: Option<u64>,
    parameter: &Parameter,
    path: &FieldPath,
) -> Result<(Axis, u64), Diagnostic> {
    let field = || path.join("replicate");
    if count == 0 {
        return Err(Diagnostic::new(field(), "expected at least 1 replicate, found 0"));
    }
    if count > MAX_POINTS {
        return Err(Diagnostic::new(field(), "there are at most 2^63 - 1 replicates"));
    }
    let float = match parameter.kind {
        ParameterType::Integer => false,
        ParameterType::Float => true,
        _ => {
            let message =
                format!("replicates are integers, but `{}` is a {}", parameter.name, parameter.kind.word());
            return Err(Diagnostic::new(field(), message).help("declare the parameter as an integer"));
        }
    };
    let last = if seed.is_some() { i64::from(i32::MAX) } else { count as i64 };
    for end in [1, last] {
        parameter.accept(Value::Integer(end)).map_err(|message| Diagnostic::new(field(), message))?;
    }
    let axis = match seed {
        Some(seed) => Axis::Seeds { seed, float },
        None => Axis::Numbers { float },
    };
    Ok((axis, count))
}
