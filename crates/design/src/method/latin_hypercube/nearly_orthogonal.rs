//! Latin hypercubes with small correlations between their dimensions.
//!
//! A. B. Owen, "Controlling correlations in Latin hypercube samples" (1994): each dimension in turn is freed of what it has in common
//! with those before it (forwards) or after it (backwards), and put back into strata by the order of what remains. That is
//! repeated until it gains nothing more; what was best is kept.

use super::{Strata, searched};
use crate::method::Refusal;
use crate::permutation::Permutation;
use crate::sampler::Property;

const MOST_POINTS: u64 = 10_000;
const MOST_CELLS: u64 = 100_000;
/// Multiplications, in all; about a tenth of a second.
const WORK: usize = 10_000_000;
const MOST_ROUNDS: usize = 20;

pub(super) fn search(count: u64, dimensions: usize, permuted: &[Permutation]) -> Result<Strata, Refusal> {
    if count < dimensions as u64 + 2 {
        let message =
            format!("{dimensions} dimensions that are nearly orthogonal need {} points", dimensions + 2);
        return Err(Refusal::new("count", format!("{message} or more, found {count}")));
    }
    let mut strata = searched(count, dimensions, MOST_POINTS, MOST_CELLS, permuted)?;
    let count = count as usize;
    let rounds = (WORK / (count * dimensions * dimensions)).min(MOST_ROUNDS);
    let mut best = (worst_correlation(&strata, count), strata.clone());
    for _ in 0..rounds {
        (1..dimensions).for_each(|d| free(&mut strata, count, d, 0..d));
        (0..dimensions - 1).rev().for_each(|d| free(&mut strata, count, d, d + 1..dimensions));
        let worst = worst_correlation(&strata, count);
        if worst >= best.0 {
            break;
        }
        best = (worst, strata.clone());
    }
    Ok(Strata::Kept(best.1, Property::number("worst correlation reached", best.0)))
}

/// A stratum as a number around 0.
fn centred(stratum: u32, count: usize) -> f64 {
    f64::from(stratum) - (count as f64 - 1.0) / 2.0
}

/// Puts a dimension into the order of what it does not share with others.
fn free(strata: &mut [u32], count: usize, dimension: usize, others: std::ops::Range<usize>) {
    let column = |d: usize| d * count..(d + 1) * count;
    let mut rest: Vec<f64> = strata[column(dimension)].iter().map(|s| centred(*s, count)).collect();
    // Of 0, 1, … n − 1 around their middle.
    let n = count as f64;
    let length = n * (n * n - 1.0) / 12.0;
    for other in others {
        let other = strata[column(other)].iter().map(|s| centred(*s, count));
        let shared = rest.iter().zip(other.clone()).map(|(x, y)| x * y).sum::<f64>() / length;
        rest.iter_mut().zip(other).for_each(|(x, y)| *x -= shared * y);
    }
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|a, b| rest[*a].total_cmp(&rest[*b]).then(a.cmp(b)));
    for (stratum, point) in order.into_iter().enumerate() {
        strata[dimension * count + point] = stratum as u32;
    }
}

/// The greatest correlation between two dimensions, without its sign.
fn worst_correlation(strata: &[u32], count: usize) -> f64 {
    let n = count as f64;
    let length = n * (n * n - 1.0) / 12.0;
    let columns: Vec<&[u32]> = strata.chunks_exact(count).collect();
    let mut worst = 0.0f64;
    for (d, a) in columns.iter().enumerate() {
        for b in &columns[..d] {
            let shared: f64 = a.iter().zip(*b).map(|(x, y)| centred(*x, count) * centred(*y, count)).sum();
            worst = worst.max((shared / length).abs());
        }
    }
    worst
}
