//! One parameter of a space: a value, a list, a range, replicates, a distribution.

use super::distribution;
use super::field::{Field, Table};
use crate::{Axis, Distribution, Scale, Steps, Value};

/// How a parameter varies.
pub(super) enum Dimension {
    Axis(Axis),
    /// One dimension of the block's sample.
    Sampled(Distribution),
}

/// Reads the value of a parameter's field. In a block that samples, a range without steps is a distribution.
pub(super) fn dimension(field: &Field, sampled: bool) -> Option<Dimension> {
    if field.value().is_table() {
        return described(field, sampled);
    }
    if field.value().is_array() {
        let list = field.list("a list of values")?;
        let values: Vec<_> = list.iter().map(Field::scalar).collect();
        return Some(Dimension::Axis(Axis::Values(values.into_iter().collect::<Option<_>>()?)));
    }
    Some(Dimension::Axis(Axis::Values(vec![field.scalar()?])))
}

const FORMS: &str = "{ from, to, count }, { from, to, step }, { replicate }, or a distribution: { uniform }, { loguniform }, \
     { mean, sd }, { median, gsd }, { from, mode, to } or { values, weights }";

fn described(field: &Field, sampled: bool) -> Option<Dimension> {
    let mut table = field.table("an axis")?;
    let read = if table.has("replicate") {
        replicate(&mut table)
    } else if distribution::is_one(&table) {
        distribution::read(&mut table).map(Dimension::Sampled)
    } else if table.has("from") || table.has("to") {
        range(&mut table, sampled)
    } else if table.is_empty() {
        return field.reject(format!("expected an axis: {FORMS}"));
    } else {
        // Nothing right is there, so the names that are there are what is wrong.
        table.know(&["from", "to", "count", "step", "replicate", "seed"]);
        table.know(&distribution::FIELDS);
        None
    };
    table.finish();
    read
}

fn replicate(table: &mut Table) -> Option<Dimension> {
    let count = table.get("replicate")?.integer(0, "how many replicates, an integer of at least 1");
    let seed = table.get("seed").map(|f| f.integer(0, "a seed, an integer of at least 0"));
    Some(Dimension::Axis(Axis::Replicate {
        count: count?,
        seed: match seed {
            Some(seed) => Some(seed?),
            None => None,
        },
    }))
}

fn range(table: &mut Table, sampled: bool) -> Option<Dimension> {
    let mut end = |key, what| table.require(key, what).and_then(|field| field.numeric("a number"));
    let from = end("from", "where the range begins");
    let to = end("to", "where the range ends");
    let scale = match table.get("scale") {
        Some(field) => field.word("a scale", &[("linear", Scale::Linear), ("log", Scale::Log)]),
        None => Some(Scale::Linear),
    };
    let (count, step) = (table.get("count"), table.get("step"));
    let steps = match (&count, &step) {
        (Some(_), Some(step)) => {
            step.report(step.wrong_key("expected either `count` or `step`, found both"));
            None
        }
        (Some(count), None) => {
            count.integer(0, "how many values, an integer of at least 1").map(Steps::Count)
        }
        (None, Some(step)) => step.number("a finite number").map(Steps::By),
        (None, None) if sampled => {
            let (from, to) = (from?.as_f64()?, to?.as_f64()?);
            return Some(Dimension::Sampled(match scale? {
                Scale::Linear => Distribution::Uniform { from, to },
                Scale::Log => Distribution::LogUniform { from, to },
            }));
        }
        (None, None) => {
            let wrong = table.field.wrong("how is the range divided? expected `count` or `step`");
            table.field.report(wrong.help("write count = 11 for 11 values, or step = 0.1"));
            None
        }
    };
    let (from, to): (Value, Value) = (from?, to?);
    Some(Dimension::Axis(Axis::Range { from, to, steps: steps?, scale: scale? }))
}
