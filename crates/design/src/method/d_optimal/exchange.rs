//! The coordinate exchange: from random starts, every coordinate of every run goes to the level where the determinant is
//! largest, until none wants to move.

use super::matrix::{Matrix, dot};
use super::model::Model;
use crate::philox::{self, Domain};

/// Multiplications of all starts together, some hundredths of a second; a first start has two rounds at least.
const MOST_WORK: u64 = 4_000_000;
/// The longest single round that is begun at all.
const LONGEST_ROUND: u64 = 100_000_000;
const MOST_STARTS: u32 = 60;
const MOST_ROUNDS: u64 = 50;
/// A random start may be singular; this much on the diagonal lets it be improved.
const RIDGE: f64 = 1e-3;
/// Points of the grid that the greatest variance is looked for on.
const MOST_GRID: u64 = 100_000;

/// A design, coded from −1 to 1.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub rows: Vec<Vec<f64>>,
    pub log_determinant: f64,
    /// Of the information matrix.
    inverse: Matrix,
    levels: u64,
}

/// The best design of the starts; `None` if none is regular, or one round alone is too long.
pub(super) fn search(model: &Model, runs: usize, levels: u64, seed: u64) -> Option<Found> {
    let (terms, parameters) = (model.terms() as u64, model.parameters() as u64);
    let per_level = (terms / parameters.max(1) + 2).pow(2);
    let round = runs as u64 * (terms * terms + parameters * levels * per_level) + terms.pow(3);
    // In the first round about every other coordinate moves.
    let per_move = 2 * terms * terms;
    if round + runs as u64 * parameters * per_move / 2 > LONGEST_ROUND {
        return None;
    }
    let mut best: Option<Found> = None;
    let mut work = 0;
    for start in 0..MOST_STARTS {
        if work > MOST_WORK {
            break;
        }
        let level = |place: u64| philox::bits(seed, Domain::Exchange, start, place) % levels;
        let row = |run: u64| (0..parameters).map(|p| coded(level(run * parameters + p), levels)).collect();
        let mut rows: Vec<Vec<f64>> = (0..runs as u64).map(row).collect();
        for turn in 0..MOST_ROUNDS {
            let Some((mut inverse, _)) = inverse(model, &rows) else { break };
            let moves = improve(model, &mut rows, &mut inverse, levels);
            work += round + moves * per_move;
            if moves == 0 || (work > MOST_WORK && turn > 0) {
                break;
            }
        }
        let information = information(model, &rows, 0.0);
        if let Some((inverse, log_determinant)) = information.inverse()
            && best.as_ref().is_none_or(|best| log_determinant > best.log_determinant + 1e-9)
        {
            best = Some(Found { rows, log_determinant, inverse, levels });
        }
    }
    if let Some(found) = &mut best {
        found.rows.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    }
    best
}

fn coded(level: u64, levels: u64) -> f64 {
    2.0 * level as f64 / (levels - 1) as f64 - 1.0
}

fn information(model: &Model, rows: &[Vec<f64>], ridge: f64) -> Matrix {
    let rows: Vec<Vec<f64>> = rows.iter().map(|row| model.row(row)).collect();
    Matrix::information(model.terms(), rows.iter().map(Vec::as_slice), ridge)
}

/// The inverse of the information matrix, of one nearby if it has none.
fn inverse(model: &Model, rows: &[Vec<f64>]) -> Option<(Matrix, f64)> {
    information(model, rows, 0.0).inverse().or_else(|| information(model, rows, RIDGE).inverse())
}

/// One round over all coordinates. How many moved.
fn improve(model: &Model, rows: &mut [Vec<f64>], inverse: &mut Matrix, levels: u64) -> u64 {
    let mut moves = 0;
    for point in rows {
        let mut row = model.row(point);
        let mut times = inverse.times(&row);
        for parameter in 0..model.parameters() {
            let variance = dot(&times, &row);
            let mut best = (1.0 + 1e-9, None);
            for to in (0..levels).map(|level| coded(level, levels)).filter(|to| *to != point[parameter]) {
                // The determinant grows by (1 + d(new)) (1 − d(old)) + d(old, new)², where d is the variance of the fit
                // (Fedorov 1972). The new row differs from the old in the few terms of one parameter.
                let changes: Vec<(usize, f64)> = model.changes(point, parameter, to).collect();
                let along: f64 = changes.iter().map(|(place, change)| times[*place] * change).sum();
                let across: f64 = changes
                    .iter()
                    .map(|(a, x)| {
                        let row = &inverse.entries[a * inverse.order..][..inverse.order];
                        x * changes.iter().map(|(b, y)| row[*b] * y).sum::<f64>()
                    })
                    .sum();
                let covariance = variance + along;
                let ratio =
                    (1.0 + variance + 2.0 * along + across) * (1.0 - variance) + covariance * covariance;
                if ratio > best.0 {
                    best = (ratio, Some(to));
                }
            }
            if let (_, Some(to)) = best {
                let mut new_times = times.clone();
                for (place, change) in model.changes(point, parameter, to) {
                    let column = &inverse.entries[place * inverse.order..][..inverse.order];
                    new_times.iter_mut().zip(column).for_each(|(time, entry)| *time += change * entry);
                }
                point[parameter] = to;
                let new = model.row(point);
                times = inverse.exchange((&row, &times), (&new, &new_times));
                row = new;
                moves += 1;
            }
        }
    }
    moves
}

impl Found {
    /// The greatest variance of the fit over the grid of levels, for a variance of 1 of a run; `None` if the grid is too
    /// large to be looked at.
    pub fn greatest_variance(&self, model: &Model) -> Option<f64> {
        let points = self.levels.checked_pow(u32::try_from(model.parameters()).ok()?)?;
        let terms = model.terms() as u64;
        if points > MOST_GRID || points * terms * terms > LONGEST_ROUND {
            return None;
        }
        let point = |mut index: u64| -> Vec<f64> {
            let digit = |_| {
                let level = index % self.levels;
                index /= self.levels;
                coded(level, self.levels)
            };
            (0..model.parameters()).map(digit).collect()
        };
        (0..points).map(|index| self.inverse.square(&model.row(&point(index)))).reduce(f64::max)
    }
}
