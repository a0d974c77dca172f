//! Golden values: `scipy.stats.qmc.Sobol(d, scramble=False, bits=32)` of SciPy 1.17.1, an independent program on the
//! same published numbers.

use super::super::tests::{design, design_with};
use super::*;

fn plain(dimensions: usize) -> Box<dyn Sampler> {
    Sobol.build(&design(1 << 32, 0, dimensions)).unwrap()
}

fn scrambled(how: &str, count: u64, seed: u64, dimensions: usize) -> Box<dyn Sampler> {
    Sobol.build(&design_with(count, seed, dimensions, &[("scramble", how.into())]).design()).unwrap()
}

/// `Sobol(d=21201, scramble=False, bits=32).random(16) * 16`
#[test]
fn the_first_sixteen_points_are_those_of_scipy() {
    let points = plain(MOST_DIMENSIONS);
    for (dimension, sixteenths) in [
        (0, [0, 8, 12, 4, 6, 14, 10, 2, 3, 11, 15, 7, 5, 13, 9, 1]),
        (1, [0, 8, 4, 12, 6, 14, 2, 10, 5, 13, 1, 9, 3, 11, 7, 15]),
        (2, [0, 8, 4, 12, 10, 2, 14, 6, 15, 7, 11, 3, 5, 13, 1, 9]),
        (3, [0, 8, 4, 12, 14, 6, 10, 2, 7, 15, 3, 11, 9, 1, 13, 5]),
        (9, [0, 8, 12, 4, 10, 2, 6, 14, 5, 13, 9, 1, 15, 7, 3, 11]),
        (99, [0, 8, 12, 4, 14, 6, 2, 10, 15, 7, 3, 11, 1, 9, 13, 5]),
        (999, [0, 8, 12, 4, 2, 10, 14, 6, 15, 7, 3, 11, 13, 5, 1, 9]),
        (21_200, [0, 8, 12, 4, 10, 2, 6, 14, 5, 13, 9, 1, 15, 7, 3, 11]),
    ] {
        for (index, expected) in sixteenths.into_iter().enumerate() {
            assert_eq!(
                points.coordinate(index as u64, dimension) * 16.0,
                f64::from(expected),
                "{index}, {dimension}"
            );
        }
    }
}

/// `fast_forward(1023)`, then `random(1) * 1024`; `fast_forward(123456789)`, then `random(1) * 2**32`.
#[test]
fn far_points_are_those_of_scipy() {
    let points = plain(51);
    let expected = [1, 771, 627, 149, 191, 449, 143, 633, 353, 871, 695, 37];
    for (dimension, expected) in expected.into_iter().enumerate() {
        assert_eq!(points.coordinate(1023, dimension) * 1024.0, f64::from(expected), "{dimension}");
    }
    for (dimension, expected) in
        [(0, 4_191_448_864u32), (1, 3_403_469_216), (5, 3_656_567_136), (50, 1_079_348_128)]
    {
        assert_eq!(
            points.coordinate(123_456_789, dimension) * 2f64.powi(32),
            f64::from(expected),
            "{dimension}"
        );
    }
}

/// Every dimension enters this sum: `sum(int(x * 2**32) * (i + 1) for i, x in enumerate(random(1)[0])) % 2**64`.
#[test]
fn all_dimensions_are_those_of_scipy() {
    let points = plain(MOST_DIMENSIONS);
    for (index, expected) in [(4095, 488_304_791_780_327_424u64), (50_021, 481_826_553_295_601_664)] {
        let sum = (0..MOST_DIMENSIONS).fold(0u64, |sum, d| {
            let x = (points.coordinate(index, d) * 2f64.powi(32)) as u64;
            sum.wrapping_add(x.wrapping_mul(d as u64 + 1))
        });
        assert_eq!(sum, expected, "{index}");
    }
}

#[test]
fn scrambling_keeps_the_points_even_and_leaves_no_zero() {
    assert_eq!(plain(1).reach(), Reach::WithZero);
    for how in ["shift", "owen"] {
        let points = scrambled(how, 256, 3, 20);
        assert_eq!(points.reach(), Reach::Inside);
        for dimension in 0..20 {
            let mut strata: Vec<u64> =
                (0..256).map(|i| (points.coordinate(i, dimension) * 256.0) as u64).collect();
            strata.sort_unstable();
            assert!(strata.into_iter().eq(0..256), "{how}");
            assert!((0..256).all(|i| points.coordinate(i, dimension) > 0.0));
        }
        assert_ne!(points.coordinate(0, 0), scrambled(how, 256, 4, 20).coordinate(0, 0));
    }
}

/// Studies stored before there was a choice: a seed shifts, no seed leaves the sequence plain.
#[test]
fn without_a_word_the_seed_says_whether_points_are_shifted() {
    let points = |points: Box<dyn Sampler>| (0..9).map(|i| points.coordinate(i, 1)).collect::<Vec<_>>();
    let unsaid = |seed| points(Sobol.build(&design(9, seed, 2)).unwrap());
    assert_eq!(unsaid(5), points(scrambled("shift", 9, 5, 2)));
    assert_eq!(unsaid(0), points(scrambled("none", 9, 0, 2)));
    assert_ne!(points(scrambled("shift", 9, 0, 2)), points(scrambled("none", 9, 0, 2)));
    // The formula of then: point 3 is 3/4 in this dimension.
    let digits = 3 << 51 ^ philox::bits(5, Domain::Shift, 1, 0) >> 11;
    assert_eq!(unsaid(5)[3], digits as f64 / (1u64 << 53) as f64);
}

/// Of two points that share some digits, the first is uniform over seeds, the other shares as many, differs in the next and is
/// uniform behind it: χ² of the first three digits of both, at the 0.999 level.
#[test]
fn pairs_of_points_are_scrambled_as_nested_cells_are() {
    const SEEDS: u64 = 6400;
    // In dimension 0 the points 0, 1, 3, 7 are 0, 1/2, 1/4, 1/8.
    for (other, shared) in [(1, 0u32), (3, 1), (7, 2)] {
        let mut counts = std::collections::BTreeMap::new();
        for seed in 0..SEEDS {
            let points = scrambled("owen", 8, seed, 1);
            let [a, b] = [0, other].map(|i| (points.coordinate(i, 0) * 8.0) as u64);
            assert_eq!((a ^ b).ilog2(), 2 - shared, "digits are shared up to the first that differs");
            *counts.entry((a, b)).or_insert(0.0) += 1.0;
        }
        let cells = f64::from(8 * (1 << (2 - shared)));
        assert_eq!(counts.len() as f64, cells);
        let expected = SEEDS as f64 / cells;
        let chi2: f64 = counts.values().map(|n: &f64| (n - expected) * (n - expected) / expected).sum();
        // The 0.999 quantile, by Wilson & Hilferty (1931).
        let k = cells - 1.0;
        let limit = k * (1.0 - 2.0 / (9.0 * k) + 3.09 * (2.0 / (9.0 * k)).sqrt()).powi(3);
        assert!(chi2 < limit, "{other}: {chi2} of {cells} cells");
    }
}

/// The error of a smooth integral falls as n^(-3/2) under Owen's scrambling, as n^(-1) or so under a shift (Owen, 1997).
#[test]
fn owen_scrambling_gains_on_smooth_integrals() {
    let error = |how: &str, count: u64| {
        let of = |seed| {
            let points = scrambled(how, count, seed, 2);
            let f = |i| (1.0 + points.coordinate(i, 0)).ln() * points.coordinate(i, 1).exp();
            let exact = (4f64.ln() - 1.0) * (1f64.exp() - 1.0);
            ((0..count).map(f).sum::<f64>() / count as f64 - exact).powi(2)
        };
        ((0..24).map(of).sum::<f64>() / 24.0).sqrt()
    };
    let gain = error("owen", 64) / error("owen", 1024);
    assert!(gain > 32.0, "16 times the points, and the error falls by {gain} only");
    assert!(error("owen", 1024) < error("shift", 1024) / 4.0);
}

/// In bulk, from the beginning of a group and from its middle, to any end.
#[test]
fn groups_of_points_are_the_points() {
    for (how, dimensions) in
        [("none", 1), ("none", 10), ("shift", 3), ("shift", 10), ("none", 70), ("owen", 5)]
    {
        let rows = groups::rows(dimensions);
        for (start, first, count) in
            [(0, 0, 5 * rows), (rows as u64 + 3, 7, 6 * rows + 5), (1 << 31, 1, 4 * rows)]
        {
            let asked = super::super::tests::Asked {
                start,
                ..design_with(1 << 20, 9, dimensions, &[("scramble", how.into())])
            };
            let points = Sobol.build(&asked.design()).unwrap();
            let mut block = vec![f64::NAN; count * dimensions];
            points.block(first, dimensions, &mut block);
            for (i, point) in block.chunks_exact(dimensions).enumerate() {
                for (d, x) in point.iter().enumerate() {
                    assert_eq!(*x, points.coordinate(first + i as u64, d), "{how}, {dimensions}: {i}, {d}");
                }
            }
        }
    }
}

#[test]
fn the_limits_are_named() {
    let refused = |count, dimensions| Sobol.build(&design(count, 0, dimensions)).err().unwrap().message;
    assert_eq!(refused(1, 21_202), "has at most 21201 dimensions, found 21202");
    assert_eq!(refused((1 << 32) + 1, 1), "has at most 2^32 points, found 4294967297");
    let on = super::super::tests::Asked { start: 1 << 31, ..design_with(1 << 32, 0, 1, &[]) };
    assert_eq!(
        Sobol.build(&on.design()).err().unwrap().message,
        "has at most 2^32 points, and 4294967296 from point 2147483648 on go beyond them"
    );
    assert!((0.0..1.0).contains(&plain(2).coordinate((1 << 32) - 1, 1)));
}
