use super::super::tests::{design, design_with};
use super::*;
use proptest::prelude::*;

const KINDS: [&str; 5] = ["plain", "centred", "orthogonal-array", "maximin", "nearly-orthogonal"];

fn points(kind: &str, count: u64, seed: u64, dimensions: usize) -> Box<dyn Sampler> {
    LatinHypercube.build(&design_with(count, seed, dimensions, &[("kind", kind.into())]).design()).unwrap()
}

fn is_latin(points: &dyn Sampler, dimensions: usize) -> bool {
    let count = points.points();
    (0..dimensions).all(|dimension| {
        let mut strata: Vec<u64> =
            (0..count).map(|i| (points.coordinate(i, dimension) * count as f64) as u64).collect();
        strata.sort_unstable();
        strata.into_iter().eq(0..count)
    })
}

#[test]
fn every_kind_is_latin_and_a_function_of_its_seed() {
    for kind in KINDS {
        let points = |seed| points(kind, 49, seed, 5);
        assert!(is_latin(&*points(1), 5), "{kind}");
        let first = |seed| points(seed).coordinate(0, 0);
        assert!((2..9).any(|seed| first(seed) != first(1)), "{kind}");
    }
}

/// Every pair of dimensions has one point in each of 7 × 7 squares (Tang, 1993).
#[test]
fn pairs_of_an_orthogonal_array_are_even() {
    let points = points("orthogonal-array", 49, 3, 8);
    for a in 0..8 {
        for b in 0..a {
            let cell = |i, d| (points.coordinate(i, d) * 7.0) as u64;
            let mut cells: Vec<u64> = (0..49).map(|i| cell(i, a) * 7 + cell(i, b)).collect();
            cells.sort_unstable();
            assert!(cells.into_iter().eq(0..49), "{a}, {b}");
        }
    }
}

/// The greatest least distances between the points of a Latin hypercube in two dimensions, squared and in strata, as trying every
/// permutation shows.
#[test]
fn maximin_reaches_the_optima_of_few_points() {
    let reached = |count| {
        let points = points("maximin", count, 1, 2);
        let mut least = f64::INFINITY;
        for i in 0..count {
            for j in 0..i {
                let d = |k| (points.coordinate(i, k) - points.coordinate(j, k)) * count as f64;
                least = least.min(d(0) * d(0) + d(1) * d(1));
            }
        }
        least.round()
    };
    assert_eq!([2, 3, 4, 5, 6, 7, 8].map(reached), [2.0, 2.0, 5.0, 5.0, 5.0, 8.0, 8.0]);
}

#[test]
fn searched_kinds_are_better_than_the_plain_one() {
    let measured = |kind| crate::measure::measure(&*points(kind, 60, 1, 4), 4);
    let (plain, maximin, orthogonal) =
        (measured("plain"), measured("maximin"), measured("nearly-orthogonal"));
    assert!(maximin.distance > 1.5 * plain.distance, "{} {}", maximin.distance, plain.distance);
    assert!(orthogonal.correlation < 0.02 && plain.correlation > 0.05, "{}", orthogonal.correlation);
}

#[test]
fn what_a_kind_cannot_be_is_refused() {
    let said = |kind: &str, count, dimensions| {
        let asked = design_with(count, 0, dimensions, &[("kind", kind.into())]);
        let refusal = LatinHypercube.build(&asked.design()).err().unwrap();
        format!("{}: {} ({})", refusal.field, refusal.message, refusal.help.unwrap_or_default())
    };
    let refusals = [
        said("orthogonal-array", 48, 3),
        said("orthogonal-array", 16, 3),
        said("orthogonal-array", 4, 4),
        said("orthogonal-array", 1, 1),
        said("maximin", 1001, 2),
        said("nearly-orthogonal", 10, 10),
        said("nearly-orthogonal", 1 << 40, 10),
        said("orthogonal", 10, 10),
    ];
    insta::assert_snapshot!(refusals.join("\n"), @r#"
    count: this kind has the square of a prime of points, in at most one dimension more than the prime; found 48 points of 3 (write count = 25 or count = 49)
    count: this kind has the square of a prime of points, in at most one dimension more than the prime; found 16 points of 3 (write count = 9 or count = 25)
    count: this kind has the square of a prime of points, in at most one dimension more than the prime; found 4 points of 4 (write count = 9)
    count: this kind has the square of a prime of points, in at most one dimension more than the prime; found 1 points of 1 (write count = 4)
    count: this kind is searched for, with at most 1000 points and 20000 coordinates, found 1001 points of 2 (take kind = "plain", or "orthogonal-array" with the square of a prime of points)
    count: 10 dimensions that are nearly orthogonal need 12 points or more, found 10 ()
    count: this kind is searched for, with at most 10000 points and 100000 coordinates, found 1099511627776 points of 10 (take kind = "plain", or "orthogonal-array" with the square of a prime of points)
    kind: expected one of "plain", "centred", "orthogonal-array", "maximin", "nearly-orthogonal", found "orthogonal" ()
    "#);
}

proptest! {
    #[test]
    fn every_stratum_of_every_dimension_is_hit_once(count in 1u64..600, seed: u64) {
        let points = LatinHypercube.build(&design(count, seed, 4)).unwrap();
        for dimension in 0..4 {
            let mut strata: Vec<u64> =
                (0..count).map(|i| (points.coordinate(i, dimension) * count as f64) as u64).collect();
            strata.sort_unstable();
            prop_assert!(strata.into_iter().eq(0..count));
        }
    }

    #[test]
    fn coordinates_stay_in_their_stratum_however_many_there_are(count in 1u64 << 30..1 << 48, seed: u64, at: u64) {
        let points = LatinHypercube.build(&design(count, seed, 1)).unwrap();
        let index = at % count;
        let stratum = Permutation::new(count, seed, Domain::Stratum, 0).apply(index);
        prop_assert_eq!((points.coordinate(index, 0) * count as f64) as u64, stratum);
    }
}

/// Rounded downwards, the start of this stratum lies in the one before it.
#[test]
fn the_start_of_a_stratum_is_not_rounded_out_of_it() {
    let (count, seed, index) = (262_884_582_201_557, 11_395_764_449_308_576_733, 5_952_360_769_173_681_620);
    let points = LatinHypercube.build(&design(count, seed, 1)).unwrap();
    let stratum = Permutation::new(count, seed, Domain::Stratum, 0).apply(index % count);
    assert_eq!((points.coordinate(index % count, 0) * count as f64) as u64, stratum);
}

#[test]
fn too_many_points_are_refused() {
    let error = LatinHypercube.build(&design(1 << 48, 0, 1)).err().unwrap();
    assert_eq!(error.message, "has at most 2^48 - 1 points, found 281474976710656");
}
