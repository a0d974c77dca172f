//! Golden values: `scipy.stats.qmc.Sobol(d, scramble=False, bits=32)` of SciPy 1.17.1, an independent program on the
//! same published numbers.

use super::*;

fn plain(dimensions: usize) -> Box<dyn Sampler> {
    Sobol.build(Design { count: 1 << 32, seed: 0, dimensions }).unwrap()
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
fn a_shift_keeps_the_points_even_and_leaves_no_zero() {
    let points = Sobol.build(Design { count: 256, seed: 3, dimensions: 20 }).unwrap();
    assert!(!points.touches_zero() && plain(1).touches_zero());
    for dimension in 0..20 {
        let mut strata: Vec<u64> =
            (0..256).map(|i| (points.coordinate(i, dimension) * 256.0) as u64).collect();
        strata.sort_unstable();
        assert!(strata.into_iter().eq(0..256));
        assert!((0..256).all(|i| points.coordinate(i, dimension) > 0.0));
    }
    let other = Sobol.build(Design { count: 256, seed: 4, dimensions: 20 }).unwrap();
    assert_ne!(points.coordinate(0, 0), other.coordinate(0, 0));
}

#[test]
fn the_limits_are_named() {
    let build = |count, dimensions| Sobol.build(Design { count, seed: 0, dimensions }).err();
    assert_eq!(build(1, 21_202).as_deref(), Some("has at most 21201 dimensions, found 21202"));
    assert_eq!(build((1 << 32) + 1, 1).as_deref(), Some("has at most 2^32 points, found 4294967297"));
    assert!((0.0..1.0).contains(&plain(2).coordinate((1 << 32) - 1, 1)));
}
