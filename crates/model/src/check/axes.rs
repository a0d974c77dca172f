//! Whether every axis has points, and the points are numbers.

use super::walk::{self, Given};
use super::{Finding, top};
use crate::{Axis, Diagnostic, Distribution, Factor, FieldPath, Scale, SpaceSpec, Steps, Value};

pub(super) fn check(space: &SpaceSpec, found: &mut Vec<Finding>) {
    walk::all_given(&space.blocks, &top(), &mut |path, name, given| {
        let wrong = match given {
            Given::Axis(axis) => axis_is_right(axis, path),
            Given::Dimension(distribution) => distribution_is_right(distribution, path),
            Given::Column(table, column) => {
                let not_finite =
                    |row: &Vec<Vec<Value>>| row.get(column).is_some_and(|cell| cell.iter().any(infinite));
                match table.rows.iter().position(not_finite) {
                    Some(row) => Err(Diagnostic::new(
                        path.clone(),
                        format!(
                            "row {} of {}, column `{name}`: expected a finite number",
                            row + 1,
                            table.source
                        ),
                    )),
                    None => Ok(()),
                }
            }
        };
        if let Err(wrong) = wrong {
            found.push(wrong.into());
        }
    });
    walk::blocks(&space.blocks, &top(), &mut |path, block| {
        let mut zips = 0;
        for factor in &block.factors {
            match factor {
                Factor::Zip(axes) => {
                    let lengths = axes.iter().filter_map(|(name, axis)| Some((name, length(axis)?)));
                    let mut lengths = lengths.peekable();
                    if let Some((first, expected)) = lengths.next()
                        && let Some((name, length)) = lengths.find(|(_, length)| *length != expected)
                    {
                        let path = path.join("zip").join(zips.to_string()).join(name.as_str());
                        let message = format!(
                            "the axes of a zip have the same length: this one has {length}, `{first}` has {expected}"
                        );
                        found.push(Diagnostic::new(path, message).into());
                    }
                    zips += 1;
                }
                Factor::Sample(sample) if sample.count == Some(0) => {
                    let path = path.join("sample").join("count");
                    found.push(Diagnostic::new(path, "a sample needs at least one point").into());
                }
                _ => {}
            }
        }
    });
}

fn infinite(value: &Value) -> bool {
    matches!(value, Value::Float(x) if !x.is_finite())
}

/// How many values an axis has, where that needs no arithmetic with floats.
fn length(axis: &Axis) -> Option<u64> {
    match axis {
        Axis::Values(values) => Some(values.len() as u64),
        Axis::Range { steps: Steps::Count(count), .. } | Axis::Replicate { count, .. } => Some(*count),
        Axis::Range { .. } => None,
    }
}

fn axis_is_right(axis: &Axis, path: &FieldPath) -> Result<(), Diagnostic> {
    let wrong = |message: String| Err(Diagnostic::new(path.clone(), message));
    match axis {
        Axis::Values(values) if values.is_empty() => wrong("an axis needs at least one value".to_owned()),
        Axis::Values(values) => match values.iter().position(|value| infinite(value) || value.is_missing()) {
            Some(at) => Err(Diagnostic::new(
                if values.len() == 1 { path.clone() } else { path.join(at.to_string()) },
                format!("expected a finite value, found {}", values[at].to_json()),
            )),
            None => Ok(()),
        },
        Axis::Replicate { count: 0, .. } => {
            Err(Diagnostic::new(path.join("replicate"), "there must be at least one replicate"))
        }
        Axis::Replicate { .. } => Ok(()),
        Axis::Range { from, to, steps, scale } => range_is_right(from, to, *steps, *scale, path),
    }
}

fn range_is_right(
    from: &Value,
    to: &Value,
    steps: Steps,
    scale: Scale,
    path: &FieldPath,
) -> Result<(), Diagnostic> {
    let wrong = |field: &str, message: String| Diagnostic::new(path.join(field), message);
    let end = |field: &str, value: &Value| match value {
        Value::Integer(_) => Ok(value.as_f64().unwrap_or(f64::NAN)),
        Value::Float(x) if x.is_finite() => Ok(*x),
        other => Err(wrong(field, format!("expected a finite number, found {}", other.to_json()))),
    };
    let (a, b) = (end("from", from)?, end("to", to)?);
    if scale == Scale::Log {
        for (field, x) in [("from", a), ("to", b)] {
            if x <= 0.0 {
                let message = format!("a logarithmic range is above 0, found {}", Value::Float(x));
                return Err(wrong(field, message));
            }
        }
    }
    match steps {
        Steps::Count(0) => Err(wrong("count", "a range needs at least one value".to_owned())),
        Steps::Count(1) if a != b => Err(wrong("count", format!("one value cannot be both {from} and {to}"))
            .help("write count = 2 or more, or the value alone")),
        Steps::Count(_) => Ok(()),
        Steps::By(_) if scale == Scale::Log => {
            Err(wrong("step", "a logarithmic range has no step".to_owned())
                .help("write count = 25 for 25 values with evenly spaced logarithms"))
        }
        Steps::By(step) if !step.is_finite() => {
            Err(wrong("step", format!("expected a finite number, found {step}")))
        }
        Steps::By(0.0) => {
            Err(wrong("step", "a step cannot be 0".to_owned())
                .help("write how far one value is from the next"))
        }
        Steps::By(step) if a != b && (b > a) != (step > 0.0) => {
            let step = Value::Float(step);
            Err(Diagnostic::new(
                path.clone(),
                format!("from {from} to {to} by {step} has no points: the range is inverted"),
            )
            .help(format!(
                "swap `from` and `to`, or step by {}",
                Value::Float(-step.as_f64().unwrap_or(1.0))
            )))
        }
        Steps::By(_) => Ok(()),
    }
}

fn distribution_is_right(distribution: &Distribution, path: &FieldPath) -> Result<(), Diagnostic> {
    let wrong = |field: &str, message: String| Err(Diagnostic::new(path.join(field), message));
    match distribution {
        Distribution::Uniform { from, to } | Distribution::LogUniform { from, to } => {
            if !from.is_finite() || !to.is_finite() {
                return wrong("to", "expected finite numbers".to_owned());
            }
            // From a number to itself is one integer; for a float the design says what is wrong.
            ascends(*from, *to, path)?;
            if matches!(distribution, Distribution::LogUniform { .. }) && *from <= 0.0 {
                let from = Value::Float(*from);
                return wrong("from", format!("a logarithmic range is above 0, found {from}"));
            }
            Ok(())
        }
        Distribution::Normal { mean, sd } => normal_is_right(*mean, *sd, path),
        Distribution::TruncatedNormal { mean, sd, from, to } => {
            normal_is_right(*mean, *sd, path)?;
            ends_are_right(*from, *to, path)
        }
        Distribution::LogNormal { median, gsd, from, to } => {
            if !(median.is_finite() && *median > 0.0) {
                let median = Value::Float(*median);
                return wrong("median", format!("expected a median above 0, found {median}"));
            }
            if !(gsd.is_finite() && *gsd > 1.0) {
                let message = format!(
                    "expected a geometric standard deviation, a factor above 1, found {}",
                    Value::Float(*gsd)
                );
                return wrong("gsd", message);
            }
            ends_are_right(*from, *to, path)
        }
        Distribution::Triangular { from, mode, to } => {
            if !(from.is_finite() && mode.is_finite() && to.is_finite()) {
                return wrong("mode", "expected finite numbers".to_owned());
            }
            ascends(*from, *to, path)?;
            if !(from..=to).contains(&mode) {
                let [from, mode, to] = [from, mode, to].map(|x| Value::Float(*x));
                return wrong("mode", format!("expected a mode between {from} and {to}, found {mode}"));
            }
            Ok(())
        }
        Distribution::Discrete { values, weights } => discrete_is_right(values, weights, path),
    }
}

fn ascends(from: f64, to: f64, path: &FieldPath) -> Result<(), Diagnostic> {
    if from <= to {
        return Ok(());
    }
    let (from, to) = (Value::Float(from), Value::Float(to));
    let message = format!("expected a range that ends above its beginning, found {from} to {to}");
    Err(Diagnostic::new(path.join("to"), message))
}

/// The ends of a truncated distribution.
fn ends_are_right(from: Option<f64>, to: Option<f64>, path: &FieldPath) -> Result<(), Diagnostic> {
    for (field, end) in [("from", from), ("to", to)] {
        if let Some(x) = end.filter(|x| !x.is_finite()) {
            let message = format!("expected a finite number, found {}", Value::Float(x));
            return Err(Diagnostic::new(path.join(field), message));
        }
    }
    match (from, to) {
        (Some(from), Some(to)) => ascends(from, to, path),
        _ => Ok(()),
    }
}

fn normal_is_right(mean: f64, sd: f64, path: &FieldPath) -> Result<(), Diagnostic> {
    if mean.is_finite() && sd.is_finite() && sd > 0.0 {
        return Ok(());
    }
    let field = if sd > 0.0 { "mean" } else { "sd" };
    let (mean, sd) = (Value::Float(mean), Value::Float(sd));
    let message = format!("expected a mean and a standard deviation above 0, found {mean} and {sd}");
    Err(Diagnostic::new(path.join(field), message))
}

fn discrete_is_right(values: &[Value], weights: &[f64], path: &FieldPath) -> Result<(), Diagnostic> {
    let wrong = |path: FieldPath, message: String| Err(Diagnostic::new(path, message));
    if values.is_empty() {
        return wrong(path.join("values"), "expected at least one value, found an empty list".to_owned());
    }
    if let Some(at) = values.iter().position(|value| infinite(value) || value.is_missing()) {
        let message = format!("expected a finite value, found {}", values[at].to_json());
        return wrong(path.join("values").join(at.to_string()), message);
    }
    if weights.is_empty() {
        return Ok(());
    }
    if weights.len() != values.len() {
        let message =
            format!("expected {} weights, one for each value, found {}", values.len(), weights.len());
        return wrong(path.join("weights"), message);
    }
    if let Some(at) = weights.iter().position(|weight| !(weight.is_finite() && *weight >= 0.0)) {
        let message = format!("a weight is 0 or more, found {}", Value::Float(weights[at]));
        return wrong(path.join("weights").join(at.to_string()), message);
    }
    let sum: f64 = weights.iter().sum();
    if !(sum.is_finite() && sum > 0.0) {
        let message = format!("expected weights with a finite sum above 0, found {}", Value::Float(sum));
        return wrong(path.join("weights"), message);
    }
    Ok(())
}
