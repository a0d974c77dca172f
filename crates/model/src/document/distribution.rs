//! The distribution of a sampled parameter: `{ normal = [0, 1] }`, `{ mean = 0, sd = 1, from = -2 }`, `{ median = 1, gsd = 2 }`,
//! `{ from = 0, mode = 1, to = 4 }`, `{ values = ["a", "b"], weights = [1, 3] }`.

use super::field::{Field, Table};
use crate::{Distribution, Value};

/// The field that shows which distribution is meant, the first that is there.
const SHOWN_BY: [&str; 9] =
    ["uniform", "loguniform", "normal", "triangular", "values", "mean", "median", "log_mean", "mode"];

/// Every field of a distribution.
pub(super) const FIELDS: [&str; 14] = [
    "uniform",
    "loguniform",
    "normal",
    "triangular",
    "values",
    "weights",
    "mean",
    "sd",
    "median",
    "gsd",
    "log_mean",
    "log_sd",
    "mode",
    "scale",
];

/// Whether a table says a distribution, other than as a range without steps.
pub(super) fn is_one(table: &Table) -> bool {
    SHOWN_BY.iter().any(|key| table.has(key))
}

pub(super) fn read(table: &mut Table) -> Option<Distribution> {
    match SHOWN_BY.into_iter().find(|key| table.has(key))? {
        "uniform" => {
            let [from, to] = numbers(table, "uniform", "two numbers, [from, to]")?;
            Some(Distribution::Uniform { from, to })
        }
        "loguniform" => {
            let [from, to] = numbers(table, "loguniform", "two numbers, [from, to]")?;
            Some(Distribution::LogUniform { from, to })
        }
        "normal" => {
            let [mean, sd] = numbers(table, "normal", "two numbers, [mean, standard deviation]")?;
            let (from, to) = ends(table)?;
            Some(normal(mean, sd, from, to))
        }
        "triangular" => {
            let [from, mode, to] = numbers(table, "triangular", "three numbers, [from, mode, to]")?;
            Some(Distribution::Triangular { from, mode, to })
        }
        "values" => discrete(table),
        "mean" => {
            let mean = number(table, "mean", "the mean");
            let sd = number(table, "sd", "the standard deviation");
            let (from, to) = ends(table)?;
            Some(normal(mean?, sd?, from, to))
        }
        "median" => {
            let median = number(table, "median", "the median");
            let gsd = number(table, "gsd", "the geometric standard deviation, a factor above 1");
            let (from, to) = ends(table)?;
            Some(Distribution::LogNormal { median: median?, gsd: gsd?, from, to })
        }
        "log_mean" => {
            let mean = number(table, "log_mean", "the mean of the natural logarithm");
            let sd = number(table, "log_sd", "the standard deviation of the natural logarithm");
            let (from, to) = ends(table)?;
            // `libm` gives the same bits on every machine that reads the file.
            Some(Distribution::LogNormal { median: libm::exp(mean?), gsd: libm::exp(sd?), from, to })
        }
        _ => {
            let mode = number(table, "mode", "the most frequent value");
            let from = number(table, "from", "the least value of a triangular distribution");
            let to = number(table, "to", "the greatest value of a triangular distribution");
            Some(Distribution::Triangular { from: from?, mode: mode?, to: to? })
        }
    }
}

fn normal(mean: f64, sd: f64, from: Option<f64>, to: Option<f64>) -> Distribution {
    match (from, to) {
        (None, None) => Distribution::Normal { mean, sd },
        _ => Distribution::TruncatedNormal { mean, sd, from, to },
    }
}

fn number(table: &mut Table, key: &'static str, what: &str) -> Option<f64> {
    table.require(key, what)?.number("a finite number")
}

/// The ends of what is drawn, each of which may be left out; `None` if one is not a number.
fn ends(table: &mut Table) -> Option<(Option<f64>, Option<f64>)> {
    let mut end = |key| match table.get(key) {
        Some(field) => field.number("a finite number").map(Some),
        None => Some(None),
    };
    let (from, to) = (end("from"), end("to"));
    Some((from?, to?))
}

fn numbers<const N: usize>(table: &mut Table, key: &'static str, what: &str) -> Option<[f64; N]> {
    let field = table.get(key)?;
    let list = field.list(what)?;
    if list.len() != N {
        return field.reject(format!("expected {what}, found {} values", list.len()));
    }
    // All are read, so that all that are wrong are named.
    let read: Vec<_> = list.iter().map(|field| field.number("a finite number")).collect();
    read.into_iter().collect::<Option<Vec<_>>>()?.try_into().ok()
}

fn discrete(table: &mut Table) -> Option<Distribution> {
    let each = |field: Field| -> Option<Vec<Value>> {
        let read: Vec<_> = field.list("a list of values")?.iter().map(Field::scalar).collect();
        read.into_iter().collect()
    };
    let values = table.get("values").and_then(each);
    let weights = match table.get("weights") {
        Some(field) => {
            let list = field.list("a list of weights, one for each value");
            let read: Vec<_> = list?.iter().map(|field| field.number("a weight, a finite number")).collect();
            read.into_iter().collect()
        }
        None => Some(Vec::new()),
    };
    Some(Distribution::Discrete { values: values?, weights: weights? })
}
