//! Choosing trajectories that are far apart.
//!
//! F. Campolongo, J. Cariboni & A. Saltelli, "An effective screening design for sensitivity analysis of large models" (2007):
//! of M trajectories, the r for which the sum of squared distances between any two is largest. Their number of choices is out of
//! reach, so trajectories are added one by one, the furthest first, and exchanged while that helps, as M. V. Ruano et al.,
//! "An improved sampling strategy based on trajectory design for application of the Morris method to systems with many
//! input factors" (2012).

use super::Walks;
use crate::method::Refusal;

/// Differences of coordinates that are looked at in a choice.
const MOST_WORK: u64 = 4_000_000;
const MOST_CANDIDATES: u64 = 1_000;
/// Rounds of exchanges; few are ever needed.
const MOST_ROUNDS: usize = 50;

/// The numbers of the chosen trajectories, ascending.
pub(super) fn choose(walks: &Walks, wanted: u64, candidates: Option<u64>) -> Result<Vec<u64>, Refusal> {
    let k = walks.dimensions as u64;
    let each_pair = (k + 1).saturating_mul(k + 1).saturating_mul(k);
    let most = ((2 * MOST_WORK / each_pair).isqrt() + 1).min(MOST_CANDIDATES);
    let candidates = candidates.unwrap_or((10 * wanted).min(most));
    if wanted > most || candidates > most {
        let message = format!(
            "the distances of more than {most} trajectories of {k} parameters take too long, found {}",
            wanted.max(candidates)
        );
        let help = "take fewer trajectories or candidates, or leave `optimised` out";
        return Err(Refusal::new(if wanted > most { "optimised" } else { "candidates" }, message).help(help));
    }
    if candidates < wanted {
        let message =
            format!("expected at least as many candidates as trajectories, {wanted}, found {candidates}");
        return Err(Refusal::new("candidates", message));
    }
    Ok(furthest(&squares(walks, &(0..candidates).collect::<Vec<_>>()), wanted as usize))
}

/// √ of the sum of squared distances between any two of these trajectories.
pub(super) fn spread(walks: &Walks, numbers: &[u64]) -> f64 {
    squares(walks, numbers).iter().flatten().sum::<f64>().sqrt()
}

/// The squared distances of trajectories, below the diagonal. A distance is the sum over the pairs of their points.
fn squares(walks: &Walks, numbers: &[u64]) -> Vec<Vec<f64>> {
    let k = walks.dimensions;
    let points: Vec<Vec<f64>> = numbers.iter().map(|number| walks.points(*number)).collect();
    let distance = |a: &[f64], b: &[f64]| -> f64 {
        let of_point =
            |p: &[f64], q: &[f64]| p.iter().zip(q).map(|(x, y)| (x - y) * (x - y)).sum::<f64>().sqrt();
        a.chunks_exact(k).map(|p| b.chunks_exact(k).map(|q| of_point(p, q)).sum::<f64>()).sum()
    };
    let square = |a: usize, b: usize| distance(&points[a], &points[b]).powi(2);
    (0..points.len()).map(|a| (0..a).map(|b| square(a, b)).collect()).collect()
}

/// The places of the trajectories with about the largest sum.
fn furthest(squares: &[Vec<f64>], wanted: usize) -> Vec<u64> {
    let square = |a: usize, b: usize| match a.cmp(&b) {
        std::cmp::Ordering::Greater => squares[a][b],
        std::cmp::Ordering::Less => squares[b][a],
        std::cmp::Ordering::Equal => 0.0,
    };
    let all = squares.len();
    // The sum of the distances to those chosen, for every trajectory.
    let mut sums = vec![0.0; all];
    let mut chosen: Vec<usize> = Vec::with_capacity(wanted);
    let pairs = (0..all).flat_map(|a| (0..a).map(move |b| (a, b)));
    let best_pair = pairs.max_by(|p, q| square(p.0, p.1).total_cmp(&square(q.0, q.1)));
    let mut next = best_pair.map_or(0, |(a, _)| a);
    while chosen.len() < wanted.min(all) {
        chosen.push(next);
        for (other, sum) in sums.iter_mut().enumerate() {
            *sum += square(other, next);
        }
        let left = (0..all).filter(|other| !chosen.contains(other));
        next = left.max_by(|a, b| sums[*a].total_cmp(&sums[*b])).unwrap_or(next);
    }
    for _ in 0..MOST_ROUNDS {
        let mut better = false;
        for place in 0..chosen.len() {
            let out = chosen[place];
            let gain = |new: usize| sums[new] - square(new, out) - sums[out];
            let left = (0..all).filter(|other| !chosen.contains(other));
            let Some(new) = left.max_by(|a, b| gain(*a).total_cmp(&gain(*b))) else { break };
            // Rounding alone must not exchange for ever.
            if gain(new) > 1e-9 * sums[out] {
                for (other, sum) in sums.iter_mut().enumerate() {
                    *sum += square(other, new) - square(other, out);
                }
                chosen[place] = new;
                better = true;
            }
        }
        if !better {
            break;
        }
    }
    chosen.sort_unstable();
    chosen.into_iter().map(|place| place as u64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walks(seed: u64) -> Walks {
        Walks { seed, dimensions: 3, levels: 4 }
    }

    /// All choices of 3 of 12, for several seeds.
    #[test]
    fn the_choice_is_near_the_best_there_is() {
        for seed in 0..8 {
            let walks = walks(seed);
            let chosen = choose(&walks, 3, Some(12)).unwrap();
            assert_eq!(chosen.len(), 3);
            let found = spread(&walks, &chosen);
            let (mut best, mut sum, mut count) = (0.0f64, 0.0, 0.0);
            for a in 0..12 {
                for b in 0..a {
                    for c in 0..b {
                        let spread = spread(&walks, &[a, b, c]);
                        best = best.max(spread);
                        (sum, count) = (sum + spread, count + 1.0);
                    }
                }
            }
            assert!(found >= 0.98 * best, "{seed}: {found} of {best}");
            assert!(found > 1.1 * sum / count, "{seed}: {found}, on average {}", sum / count);
        }
    }

    #[test]
    fn all_of_them_may_be_taken_and_too_many_are_refused() {
        assert_eq!(choose(&walks(1), 4, Some(4)), Ok(vec![0, 1, 2, 3]));
        assert_eq!(choose(&walks(1), 1, None).map(|chosen| chosen.len()), Ok(1));
        let many = Walks { seed: 1, dimensions: 400, levels: 4 };
        let refused = |walks: &Walks, wanted, candidates| {
            let refusal = choose(walks, wanted, candidates).unwrap_err();
            format!("{}: {} ({})", refusal.field, refusal.message, refusal.help.unwrap_or_default())
        };
        insta::assert_snapshot!(
            [refused(&many, 10, None), refused(&walks(1), 5, Some(4)), refused(&walks(1), 5, Some(5_000))].join("\n"),
            @"
            optimised: the distances of more than 1 trajectories of 400 parameters take too long, found 10 (take fewer trajectories or candidates, or leave `optimised` out)
            candidates: expected at least as many candidates as trajectories, 5, found 4 ()
            candidates: the distances of more than 409 trajectories of 3 parameters take too long, found 5000 (take fewer trajectories or candidates, or leave `optimised` out)
            "
        );
    }
}
