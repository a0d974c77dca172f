//! Golden values: `scipy.stats.qmc.Halton(d, scramble=False)` of SciPy 1.17.1. The end-to-end tests compare many more.

use super::super::tests::{design, design_with};
use super::*;

/// The first points are sums of mirrored digits that anybody can write down: 6 is 110 in base 2, 20 in base 3, 11 in base 5.
#[test]
fn plain_points_mirror_the_digits_of_their_index() {
    let points = Halton.build(&design_with(10, 0, 3, &[("scramble", "none".into())]).design()).unwrap();
    assert_eq!([0, 1, 2].map(|d| points.coordinate(0, d)), [0.0; 3]);
    assert_eq!([0, 1, 2].map(|d| points.coordinate(6, d)), [3.0 / 8.0, 2.0 / 9.0, 6.0 / 25.0]);
    assert_eq!((0..4).map(|i| points.coordinate(i, 0)).collect::<Vec<_>>(), [0.0, 0.5, 0.25, 0.75]);
    assert_eq!(points.reach(), Reach::WithZero);
}

/// `Halton(1000, scramble=False)`, `fast_forward(12345)`, `random(1)[0, [0, 9, 99, 999]]`
#[test]
fn far_points_are_those_of_scipy() {
    let points =
        Halton.build(&design_with(1 << 30, 0, 1000, &[("scramble", "none".into())]).design()).unwrap();
    for (dimension, expected) in SCIPY {
        let x = points.coordinate(12_345, dimension);
        assert!((x - expected).abs() < 1e-15, "{dimension}: {x}");
    }
}

const SCIPY: [(usize, f64); 4] =
    [(0, 0.60955810546875), (9, 0.7128213538890484), (99, 0.8189291412835135), (999, 0.5589089690969278)];

#[test]
fn scrambling_keeps_the_points_even_in_every_base() {
    for (dimension, base) in primes().take(60).enumerate().step_by(3) {
        let count = base.pow(1000u64.ilog(base).max(1));
        let points = Halton.build(&design(count, 5, dimension + 1)).unwrap();
        let mut strata: Vec<u64> =
            (0..count).map(|i| (points.coordinate(i, dimension) * count as f64) as u64).collect();
        strata.sort_unstable();
        assert!(strata.into_iter().eq(0..count), "base {base}");
        assert_eq!(points.reach(), Reach::Inside);
    }
}

#[test]
fn seeds_and_dimensions_are_scrambled_differently() {
    let of = |seed, dimension| Halton.build(&design(9, seed, 300)).unwrap().coordinate(3, dimension);
    assert_ne!(of(1, 0), of(2, 0));
    assert_ne!(of(1, 290), of(2, 290));
}

/// Every first digit comes equally often over the seeds, whatever the index: χ² at the 0.999 level, 4 degrees of freedom.
#[test]
fn scrambled_digits_are_uniform_over_seeds() {
    let mut counts = [0.0; 5];
    for seed in 0..1000 {
        let x = Halton.build(&design(9, seed, 3)).unwrap().coordinate(0, 2);
        counts[(x * 5.0) as usize] += 1.0;
    }
    let chi2: f64 = counts.iter().map(|n| (n - 200.0) * (n - 200.0) / 200.0).sum();
    assert!(chi2 < 18.5, "{counts:?}");
}

#[test]
fn the_limits_are_named() {
    let refused = |count, dimensions| Halton.build(&design(count, 0, dimensions)).err().unwrap().message;
    assert_eq!(refused(1, 1001), "has at most 1000 dimensions, found 1001");
    assert_eq!(refused(1 << 40, 1), "has at most 2^39 points, found 1099511627776");
    let last = Halton.build(&design(MOST_POINTS, 0, 1000)).unwrap();
    assert!((0..1000).all(|d| (0.0..1.0).contains(&last.coordinate(MOST_POINTS - 1, d))));
}
