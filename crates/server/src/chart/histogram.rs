//! Histogram: how often a column has which values.

use paramo_table::{Data, Moments};
use serde::Serialize;
use utoipa::ToSchema;

use super::grid::Edges;
use super::{Source, numeric, range};
use crate::problem::Result;

#[derive(Debug, Serialize, ToSchema)]
pub struct Histogram {
    pub kind: &'static str,
    pub column: String,
    pub unit: Option<String>,
    /// From, to, and the number of runs; the last bin has its end in it.
    pub bins: Vec<Bin>,
    /// Runs without a finite number.
    pub missing: usize,
    pub minimum: Option<f64>,
    pub maximum: Option<f64>,
    pub mean: Option<f64>,
    /// Of the sample (n − 1).
    pub standard_deviation: Option<f64>,
}

#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = HistogramBin)]
pub struct Bin(pub f64, pub f64, pub u64);

pub fn of(source: &Source) -> Result<Histogram> {
    let asked = source.asked;
    let along = asked.x.clone().or_else(|| asked.value.clone());
    let column = numeric(source.column(&along, "x", || source.measured())?, "x")?;
    let all = source.rows(false)?;
    let mut numbers = column.numbers(&all);
    numbers.retain(|x| x.is_finite());
    let range = range(numbers.iter().copied());
    let mut bins = Vec::new();
    if let Some(range) = range {
        let edges = edges(range, asked.bins, numbers.len(), matches!(column.data, Data::Integer(_)));
        let mut counts = vec![0; edges.count];
        for bin in numbers.iter().filter_map(|x| edges.of(*x)) {
            counts[bin] += 1;
        }
        bins = counts
            .iter()
            .enumerate()
            .map(|(at, count)| Bin(edges.edge(at), edges.edge(at + 1), *count))
            .collect();
    }
    let moments = Moments::of(|| numbers.iter().copied());
    let finite = |x: &f64| x.is_finite();
    Ok(Histogram {
        kind: "histogram",
        column: column.name.clone(),
        unit: column.unit.clone(),
        bins,
        missing: all.len() - numbers.len(),
        minimum: range.map(|range| range.0),
        maximum: range.map(|range| range.1),
        mean: moments.mean().filter(finite),
        standard_deviation: moments.sd().filter(finite),
    })
}

/// By Rice's rule, twice the cube root of the number of runs, unless asked otherwise; few integers have a bin each.
fn edges((least, most): (f64, f64), asked: Option<usize>, runs: usize, integers: bool) -> Edges {
    let count = asked.unwrap_or_else(|| ((2.0 * (runs as f64).cbrt()).ceil() as usize).clamp(1, 100));
    let values = most - least + 1.0;
    match integers && values <= count.max(20) as f64 && values > 1.0 {
        true => Edges::new((least - 0.5, most + 0.5), values as usize, false),
        false => Edges::new((least, most), count, false),
    }
}
