//! What a space gives, in words: `0 to 1, 11 values`.

use crate::{Axis, Block, Distribution, Factor, Name, Sample, Scale, Steps, Value};

/// The most values that are listed.
const LISTED: usize = 6;

pub(super) fn axis(axis: &Axis) -> String {
    match axis {
        Axis::Values(values) => match values.as_slice() {
            [value] => shown(value),
            values if values.len() <= LISTED => {
                format!("[{}]", values.iter().map(shown).collect::<Vec<_>>().join(", "))
            }
            values => {
                let first = values.iter().take(LISTED - 1).map(shown).collect::<Vec<_>>().join(", ");
                format!("[{first}, …] ({} values)", values.len())
            }
        },
        Axis::Range { from, to, steps, scale } => {
            let scale = if *scale == Scale::Log { ", logarithmic" } else { "" };
            match steps {
                Steps::Count(count) => format!("{from} to {to}, {count} values{scale}"),
                Steps::By(step) => format!("{from} to {to} by {}", Value::Float(*step)),
            }
        }
        Axis::Replicate { count, seed: None } => format!("{count} replicates"),
        Axis::Replicate { count, seed: Some(seed) } => format!("{count} replicates with seed {seed}"),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("\"{text}\""),
        other => other.to_string(),
    }
}

/// A factor other than an axis.
pub(super) fn factor(factor: &Factor) -> String {
    match factor {
        Factor::Axis(name, axis) => format!("{name} = {}", self::axis(axis)),
        Factor::Zip(axes) => {
            let axes: Vec<_> =
                axes.iter().map(|(name, axis)| format!("{name} = {}", self::axis(axis))).collect();
            format!("{{ {} }}", axes.join(", "))
        }
        Factor::Sample(Sample { method, count, seed, dimensions }) => {
            let dimensions: Vec<_> =
                dimensions.iter().map(|(name, d)| format!("{name} {}", distribution(d))).collect();
            format!("{count} points by {method} with seed {seed}: {}", dimensions.join(", "))
        }
        Factor::Points(table) => {
            format!("{} rows of {} ({})", table.rows.len(), table.source, names(&table.columns))
        }
        Factor::Blocks(blocks) => {
            let blocks: Vec<_> = blocks.iter().map(block).collect();
            format!("blocks ({})", blocks.join("; "))
        }
    }
}

pub(super) fn block(block: &Block) -> String {
    let factors: Vec<_> = block.factors.iter().map(factor).collect();
    let factors = if factors.is_empty() { "one point".to_owned() } else { factors.join(" × ") };
    match &block.condition {
        Some(condition) => format!("{factors} where {condition}"),
        None => factors,
    }
}

fn distribution(distribution: &Distribution) -> String {
    let (word, a, b) = match distribution {
        Distribution::Uniform { from, to } => ("uniform", from, to),
        Distribution::LogUniform { from, to } => ("loguniform", from, to),
        Distribution::Normal { mean, sd } => ("normal", mean, sd),
    };
    format!("{word} [{}, {}]", Value::Float(*a), Value::Float(*b))
}

fn names(names: &[Name]) -> String {
    names.iter().map(Name::as_str).collect::<Vec<_>>().join(", ")
}
