//! What trajectories are: one step at a time, each parameter once, on the grid.

use super::super::tests::{Asked, design_with};
use super::*;
use paramo_model::Value;
use proptest::prelude::*;

fn build(
    count: Option<u64>,
    seed: u64,
    dimensions: usize,
    options: &[(&str, Value)],
) -> Result<Box<dyn Sampler>, Refusal> {
    Morris.build(&Asked { count, ..design_with(1, seed, dimensions, options) }.design())
}

fn row(points: &dyn Sampler, index: u64, dimensions: usize) -> Vec<f64> {
    let mut row = vec![0.0; dimensions];
    points.fill(index, &mut row);
    row
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn every_parameter_moves_once_by_the_step(
        seed: u64,
        dimensions in 1usize..9,
        half in 1i64..6,
        optimised: bool,
    ) {
        let levels = 2 * half;
        let options = [("levels", levels.into()), ("trajectories", 5.into()), ("optimised", optimised.into())];
        let points = build(None, seed, dimensions, &options).unwrap();
        let delta = half as f64 / (levels - 1) as f64;
        let each = dimensions as u64 + 1;
        prop_assert_eq!(points.points(), 5 * each);
        for trajectory in 0..5 {
            let rows: Vec<Vec<f64>> =
                (0..each).map(|step| row(&*points, trajectory * each + step, dimensions)).collect();
            let mut moved = Vec::new();
            for pair in rows.windows(2) {
                let different: Vec<usize> = (0..dimensions).filter(|d| pair[0][*d] != pair[1][*d]).collect();
                prop_assert_eq!(different.len(), 1);
                prop_assert!(((pair[1][different[0]] - pair[0][different[0]]).abs() - delta).abs() < 1e-12);
                moved.extend(different);
            }
            moved.sort_unstable();
            prop_assert!(moved.into_iter().eq(0..dimensions));
            for x in rows.iter().flatten() {
                let level = x * (levels - 1) as f64;
                prop_assert!((level - level.round()).abs() < 1e-9 && (0.0..=1.0).contains(x));
            }
        }
    }
}

/// Levels, directions and orders are all about as frequent: χ² against the 0.999 quantile.
#[test]
fn trajectories_are_uniform() {
    let (k, r) = (3usize, 3000u64);
    let points = build(None, 5, k, &[("trajectories", (r as i64).into())]).unwrap();
    let mut levels = [0.0; 4];
    let mut orders = std::collections::HashMap::new();
    let mut up = 0.0;
    for t in 0..r {
        let rows: Vec<Vec<f64>> = (0..=k as u64).map(|step| row(&*points, t * 4 + step, k)).collect();
        levels[(rows[0][0] * 3.0).round() as usize] += 1.0;
        up += f64::from(u8::from(rows[k][1] > rows[0][1]));
        let order: Vec<usize> =
            rows.windows(2).map(|pair| (0..k).find(|d| pair[0][*d] != pair[1][*d]).unwrap()).collect();
        *orders.entry(order).or_insert(0.0) += 1.0;
    }
    let chi2 = |counts: &[f64]| {
        let expected = r as f64 / counts.len() as f64;
        counts.iter().map(|n| (n - expected) * (n - expected) / expected).sum::<f64>()
    };
    assert!(chi2(&levels) < 16.3, "{levels:?}");
    assert_eq!(orders.len(), 6);
    assert!(chi2(&orders.values().copied().collect::<Vec<_>>()) < 20.5, "{orders:?}");
    assert!((up / r as f64 - 0.5).abs() < 3.29 * 0.5 / (r as f64).sqrt(), "{up}");
}

#[test]
fn what_is_not_possible_is_refused() {
    let refused = |count, options: &[(&str, Value)]| {
        let refusal = build(count, 1, 4, options).err().unwrap();
        format!("{}: {} ({})", refusal.field, refusal.message, refusal.help.unwrap_or_default())
    };
    insta::assert_snapshot!(
        [
            refused(None, &[("levels", 5.into())]),
            refused(Some(12), &[]),
            refused(Some(12), &[("trajectories", 3.into())]),
            refused(None, &[("candidates", 100.into())]),
        ]
        .join("\n"),
        @"
        levels: expected an even number of levels, found 5 (take 6)
        count: a trajectory of 4 parameters has 5 points, and 12 is no multiple of that (up to 2^31 trajectories) (give `trajectories` in its place)
        count: this design has 15 points, and 12 are asked for (leave `count` out, or write 15)
        candidates: there is nothing to choose from candidates (add optimised = true, or leave it out)
        "
    );
    assert_eq!(build(Some(15), 1, 4, &[]).map(|points| points.points()), Ok(15));
}
