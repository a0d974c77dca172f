use super::*;
use paramo_model::{Distribution, FieldPath, Name, Parameter, ParameterType};

use crate::normal;
use crate::philox::{self, Domain};
use crate::sampler::Reach;

fn parameter(kind: ParameterType, min: Option<f64>, max: Option<f64>) -> Parameter {
    Parameter { min, max, ..Parameter::new(Name::new("x").unwrap(), kind) }
}

fn inverse(distribution: Distribution, parameter: &Parameter) -> Inverse {
    Inverse::compile(&distribution, parameter, Reach::Inside, &FieldPath::default()).unwrap()
}

const N: usize = 20_000;

/// A sample with a fixed seed, sorted.
fn draw(inverse: &Inverse) -> Vec<f64> {
    let coordinate = |i| philox::unit(philox::bits(11, Domain::Random, 0, i as u64));
    let mut xs: Vec<f64> = (0..N).map(|i| inverse.value(coordinate(i)).as_f64().unwrap()).collect();
    xs.sort_by(f64::total_cmp);
    xs
}

/// Kolmogorov–Smirnov at the 0.999 level.
fn follows(xs: &[f64], cumulative: impl Fn(f64) -> f64) {
    let gap = |(i, x): (usize, &f64)| (cumulative(*x) - (i as f64 + 0.5) / N as f64).abs();
    let distance = xs.iter().enumerate().map(gap).fold(0.0, f64::max);
    assert!(distance < 1.95 / (N as f64).sqrt(), "distance {distance}");
}

#[test]
fn floats_follow_their_distributions() {
    let float = parameter(ParameterType::Float, None, None);
    follows(&draw(&inverse(Distribution::Uniform { from: -2.0, to: 6.0 }, &float)), |x| (x + 2.0) / 8.0);
    let log = Distribution::LogUniform { from: 1e-3, to: 1e3 };
    follows(&draw(&inverse(log, &float)), |x| (x.log10() + 3.0) / 6.0);
    let xs = draw(&inverse(Distribution::Normal { mean: 3.0, sd: 2.0 }, &float));
    follows(&xs, |x| normal::probability((x - 3.0) / 2.0));
    let mean = xs.iter().sum::<f64>() / N as f64;
    let variance = xs.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / N as f64;
    // 3.29 standard errors of each.
    assert!((mean - 3.0).abs() < 3.29 * 2.0 / (N as f64).sqrt(), "{mean}");
    assert!((variance - 4.0).abs() < 3.29 * 4.0 * (2.0 / N as f64).sqrt(), "{variance}");
}

#[test]
fn integers_are_all_alike() {
    let integer = parameter(ParameterType::Integer, None, None);
    let frequencies = |distribution| {
        let mut counts = std::collections::BTreeMap::new();
        draw(&inverse(distribution, &integer))
            .iter()
            .for_each(|x| *counts.entry(*x as i64).or_insert(0.0) += 1.0);
        counts.into_iter().map(|(k, n)| (k, n / N as f64)).collect::<Vec<(i64, f64)>>()
    };
    let dice = frequencies(Distribution::Uniform { from: 1.0, to: 6.0 });
    assert_eq!(dice.iter().map(|(k, _)| *k).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    assert!(dice.iter().all(|(_, p)| (p - 1.0 / 6.0).abs() < 0.01), "{dice:?}");
    // Benford's law of first digits.
    for (k, p) in frequencies(Distribution::LogUniform { from: 1.0, to: 9.0 }) {
        assert!((p - (1.0 + 1.0 / k as f64).log10()).abs() < 0.012, "{k}: {p}");
    }
}

#[test]
fn a_normal_is_cut_off_at_the_bounds() {
    let standard = Distribution::Normal { mean: 0.0, sd: 1.0 };
    for (min, max) in [(-0.5, 2.0), (-9.0, -6.0), (6.0, 9.0), (9.0, 10.0)] {
        let xs = draw(&inverse(standard.clone(), &parameter(ParameterType::Float, Some(min), Some(max))));
        assert!(xs[0] >= min && xs[N - 1] <= max, "{min}");
        // In the upper tail, the lower one mirrored: probabilities near 1 have no digits.
        let (sign, low, high) = if min > 0.0 { (-1.0, -max, -min) } else { (1.0, min, max) };
        let below = normal::probability(low);
        let width = normal::probability(high) - below;
        let share = |x: f64| (normal::probability(sign * x) - below) / width;
        follows(&xs, |x| if sign < 0.0 { 1.0 - share(x) } else { share(x) });
    }
    let integer = parameter(ParameterType::Integer, Some(0.5), Some(2.5));
    assert!(draw(&inverse(standard, &integer)).iter().all(|x| [1.0, 2.0].contains(x)));
}

#[test]
fn ends_of_the_unit_interval_have_values() {
    let last = 1.0 - f64::EPSILON / 2.0;
    let float = parameter(ParameterType::Float, None, None);
    let standard = inverse(Distribution::Normal { mean: 0.0, sd: 1.0 }, &float);
    assert!(standard.value(0.0).as_f64().unwrap() > -9.0 && standard.value(last).as_f64().unwrap() < 9.0);
    let whole = inverse(Distribution::Uniform { from: -f64::MAX, to: f64::MAX }, &float);
    assert_eq!(whole.value(0.0), Value::Float(-f64::MAX));
    assert!(whole.value(last).as_f64().unwrap().is_finite());
    let integer = parameter(ParameterType::Integer, None, None);
    let wide = inverse(Distribution::Uniform { from: -4e15, to: 4e15 }, &integer);
    let (least, most) = (-4_000_000_000_000_000, 4_000_000_000_000_000);
    assert_eq!((wide.value(0.0), wide.value(last)), (Value::Integer(least), Value::Integer(most)));
}

/// The quantiles of SciPy are compared in tests/designs/compare.py; here are the ends and what lies between.
#[test]
fn ends_of_cut_and_triangular_distributions_are_reached() {
    let float = parameter(ParameterType::Float, None, None);
    let at = |distribution: Distribution, u: f64| inverse(distribution, &float).value(u).as_f64().unwrap();
    let log = Distribution::LogNormal { median: 100.0, gsd: 2.0, from: Some(50.0), to: Some(200.0) };
    assert!((at(log.clone(), 0.0) - 50.0).abs() < 1e-9 && (at(log.clone(), 1.0) - 200.0).abs() < 1e-9);
    assert!((at(log, 0.5) - 100.0).abs() < 1e-9, "the ends are one factor from the median");
    let triangular = Distribution::Triangular { from: -1.0, mode: 0.0, to: 3.0 };
    assert_eq!([0.0, 0.25, 1.0].map(|u| at(triangular.clone(), u)), [-1.0, 0.0, 3.0]);
    // What overflows is the greatest float.
    let wide = Distribution::LogNormal { median: 1e300, gsd: 1e100, from: None, to: None };
    assert_eq!(at(wide, 1.0 - f64::EPSILON), f64::MAX);
}

#[test]
fn values_come_in_proportion_to_their_weights() {
    let string = parameter(ParameterType::String, None, None);
    let values: Vec<Value> = ["a", "b", "c"].map(Value::from).into();
    let shown = |weights: &[f64]| {
        let discrete = Distribution::Discrete { values: values.clone(), weights: weights.to_vec() };
        let inverse = inverse(discrete, &string);
        (0..=8).map(|i| inverse.value(f64::from(i) / 8.0).to_string()).collect::<String>()
    };
    assert_eq!(
        [shown(&[]), shown(&[2.0, 4.0, 2.0]), shown(&[1.0, 1.0, 0.0])],
        ["aaabbbccc", "aabbbbccc", "aaaabbbbb"]
    );
}

#[test]
fn a_design_decides_what_a_distribution_may_be() {
    let bounded = parameter(ParameterType::Float, Some(-2.0), Some(4.0));
    let compile = |distribution: Distribution, parameter: &Parameter, reach: Reach| {
        Inverse::compile(&distribution, parameter, reach, &FieldPath::new(["x"]))
    };
    let range = || Distribution::Uniform { from: 0.0, to: 2.0 };
    let line = compile(range(), &bounded, Reach::Beyond(-0.5, 1.5)).unwrap();
    assert_eq!([-0.5, 0.0, 0.5, 1.5].map(|u| line.value(u).as_f64().unwrap()), [-1.0, 0.0, 1.0, 3.0]);
    let integer = parameter(ParameterType::Integer, None, None);
    let whole =
        compile(Distribution::LogUniform { from: 10.0, to: 1000.0 }, &integer, Reach::Beyond(-0.5, 1.5));
    let whole = whole.unwrap();
    assert_eq!([-0.5, 0.5, 1.5].map(|u| whole.value(u)), [1, 100, 10_000].map(Value::Integer));
    let refused = [
        compile(range(), &bounded, Reach::Beyond(-2.0, 3.0)),
        compile(
            Distribution::Triangular { from: 0.0, mode: 1.0, to: 2.0 },
            &bounded,
            Reach::Beyond(-0.5, 1.5),
        ),
        compile(
            Distribution::Normal { mean: 0.0, sd: 1.0 },
            &parameter(ParameterType::Float, Some(0.0), None),
            Reach::WithEnds,
        ),
        compile(
            Distribution::LogNormal { median: 1.0, gsd: 2.0, from: None, to: None },
            &integer,
            Reach::WithZero,
        ),
    ];
    let said = refused.map(|result| result.err().unwrap().to_string());
    insta::assert_snapshot!(said.join("\n"), @"
    `x.from`: the design goes beyond the ends of the range, to -4: -4 is below the minimum -2 (narrow the range, or take a design that stays inside)
    `x`: this design has points beyond the ends of a range, so `x` needs a range that can be continued (give it `from` and `to`, or take a design that stays inside)
    `x`: this design has points at the ends of every range, where the distribution of `x` has no value (cut it off with `from` and `to`)
    `x`: this design has a first point at 0 in every dimension, where the distribution of `x` has no value (leave it out with `start = 1`, scramble the points, or cut it off with `from` and `to`)
    ");
    assert!(compile(Distribution::Normal { mean: 0.0, sd: 1.0 }, &bounded, Reach::WithEnds).is_ok());
}
