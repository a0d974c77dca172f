//! What a space gives, in words: `0 to 1, 11 values`.

use crate::{Axis, Block, Distribution, Factor, Name, Sample, Scale, Setting, Steps, Value};

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
        Factor::Sample(sample) => self::sample(sample),
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

fn sample(sample: &Sample) -> String {
    let dimensions: Vec<_> =
        sample.dimensions.iter().map(|(name, d)| format!("{name} {}", distribution(d))).collect();
    let count = sample.count.map_or_else(String::new, |count| format!("{count} "));
    let start = match sample.start {
        0 => String::new(),
        start => format!(" from point {start} on"),
    };
    let options: String =
        sample.options.iter().map(|(name, setting)| format!(", {name} {}", self::setting(setting))).collect();
    let Sample { method, seed, .. } = sample;
    format!("{count}points by {method} with seed {seed}{start}{options}: {}", dimensions.join(", "))
}

fn setting(setting: &Setting) -> String {
    match setting {
        Setting::Value(value) => value.to_string(),
        Setting::List(values) => {
            format!("[{}]", values.iter().map(Value::to_string).collect::<Vec<_>>().join(", "))
        }
    }
}

fn distribution(distribution: &Distribution) -> String {
    let list = |numbers: &[f64]| {
        let numbers: Vec<_> = numbers.iter().map(|x| Value::Float(*x).to_string()).collect();
        format!("[{}]", numbers.join(", "))
    };
    let within = |from: &Option<f64>, to: &Option<f64>| {
        let end =
            |word, x: &Option<f64>| x.map_or_else(String::new, |x| format!(" {word} {}", Value::Float(x)));
        format!("{}{}", end("from", from), end("to", to))
    };
    match distribution {
        Distribution::Uniform { from, to } => format!("uniform {}", list(&[*from, *to])),
        Distribution::LogUniform { from, to } => format!("loguniform {}", list(&[*from, *to])),
        Distribution::Normal { mean, sd } => format!("normal {}", list(&[*mean, *sd])),
        Distribution::TruncatedNormal { mean, sd, from, to } => {
            format!("normal {}{}", list(&[*mean, *sd]), within(from, to))
        }
        Distribution::LogNormal { median, gsd, from, to } => {
            format!("lognormal {}{}", list(&[*median, *gsd]), within(from, to))
        }
        Distribution::Triangular { from, mode, to } => format!("triangular {}", list(&[*from, *mode, *to])),
        Distribution::Discrete { values, weights } => {
            let weights =
                if weights.is_empty() { String::new() } else { format!(" weighted {}", list(weights)) };
            format!("one of {}{weights}", axis(&Axis::Values(values.clone())))
        }
    }
}

fn names(names: &[Name]) -> String {
    names.iter().map(Name::as_str).collect::<Vec<_>>().join(", ")
}
