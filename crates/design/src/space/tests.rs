mod errors;
mod properties;

use std::sync::Arc;

use paramo_model::{
    Axis, Block, Distribution, Factor, Name, Order, ParameterType, PointTable, Sample, Scale, Steps,
};

use super::*;
use crate::{MAX_POINTS, Sequence};

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn parameter(text: &str, kind: ParameterType) -> Parameter {
    Parameter::new(name(text), kind)
}

fn axis(text: &str, axis: Axis) -> Factor {
    Factor::Axis(name(text), axis)
}

fn values<V: Into<Value>>(list: impl IntoIterator<Item = V>) -> Axis {
    Axis::Values(list.into_iter().map(Into::into).collect())
}

fn range<V: Into<Value>>(from: V, to: V, steps: Steps, scale: Scale) -> Axis {
    Axis::Range { from: from.into(), to: to.into(), steps, scale }
}

fn by<V: Into<Value>>(from: V, to: V, step: f64) -> Axis {
    range(from, to, Steps::By(step), Scale::Linear)
}

fn count<V: Into<Value>>(from: V, to: V, count: u64) -> Axis {
    range(from, to, Steps::Count(count), Scale::Linear)
}

fn log<V: Into<Value>>(from: V, to: V, count: u64) -> Axis {
    range(from, to, Steps::Count(count), Scale::Log)
}

fn sample(method: &str, count: u64, seed: u64, dimensions: &[(&str, Distribution)]) -> Factor {
    let dimensions =
        dimensions.iter().map(|(text, distribution)| (name(text), distribution.clone())).collect();
    Factor::Sample(Sample {
        method: method.to_owned(),
        count: Some(count),
        seed,
        dimensions,
        ..Sample::default()
    })
}

fn block(factors: Vec<Factor>) -> Block {
    Block { factors, condition: None }
}

fn build(blocks: Vec<Block>, parameters: &[Parameter]) -> Result<Space, Vec<Diagnostic>> {
    Space::new(&SpaceSpec { blocks }, parameters)
}

/// The values of one float parameter over an axis.
fn floats(spec: Axis) -> Vec<f64> {
    let space = build(vec![block(vec![axis("x", spec)])], &[parameter("x", ParameterType::Float)]).unwrap();
    (0..space.len()).map(|i| space.point(i).unwrap()[0].as_f64().unwrap()).collect()
}

/// The values of one integer parameter over an axis.
fn integers(spec: Axis) -> Vec<i64> {
    let space = build(vec![block(vec![axis("n", spec)])], &[parameter("n", ParameterType::Integer)]).unwrap();
    (0..space.len())
        .map(|i| match space.point(i).unwrap()[0] {
            Value::Integer(n) => n,
            ref other => panic!("expected an integer, found {other:?}"),
        })
        .collect()
}

/// The points of a space, a line each.
fn show(space: &Space) -> String {
    let line = |i| {
        let point = space.point(i).unwrap();
        let mark = if space.included(i).unwrap() { "" } else { " excluded" };
        format!("{i}: {}{mark}\n", point.iter().map(Value::to_string).collect::<Vec<_>>().join(" "))
    };
    (0..space.len()).map(line).collect()
}

#[test]
fn decimal_steps_are_the_literals() {
    assert_eq!(floats(by(0.0, 1.0, 0.1)), [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]);
    let fine = floats(by(-1.0, 1.0, 0.05));
    assert_eq!((fine.len(), fine[1], fine[20], fine[39], fine[40]), (41, -0.95, 0.0, 0.95, 1.0));
    assert!(fine[20].is_sign_positive());
    let thousandths = floats(by(0.0, 1.0, 1e-3));
    assert_eq!(thousandths.len(), 1001);
    for (i, x) in thousandths.iter().enumerate() {
        assert_eq!(*x, format!("{i}e-3").parse::<f64>().unwrap());
    }
    assert_eq!(floats(by(1.0, 0.0, -0.25)), [1.0, 0.75, 0.5, 0.25, 0.0]);
    assert_eq!(floats(by(0.3, 0.3, 0.1)), [0.3]);
}

#[test]
fn a_step_that_does_not_divide_ends_before_the_end() {
    assert_eq!(floats(by(0.0, 1.0, 0.3)), [0.0, 0.3, 0.6, 0.9]);
    assert_eq!(floats(by(0.0, 0.05, 0.1)), [0.0]);
    assert_eq!(integers(by(1, 10, 4.0)), [1, 5, 9]);
}

#[test]
fn counts_divide_evenly_and_reach_both_ends() {
    assert_eq!(floats(count(0.0, 1.0, 11)), floats(by(0.0, 1.0, 0.1)));
    assert_eq!(floats(count(1e-2, 2e-1, 20))[..4], [0.01, 0.02, 0.03, 0.04]);
    assert_eq!(floats(count(1e8, 2e9, 25))[24], 2e9);
    assert_eq!(floats(count(5.0, 1.0, 3)), [5.0, 3.0, 1.0]);
    assert_eq!(floats(count(7.0, 7.0, 1)), [7.0]);
    assert_eq!(integers(count(10, 0, 6)), [10, 8, 6, 4, 2, 0]);
    assert_eq!(integers(count(i64::MIN, i64::MAX, 2)), [i64::MIN, i64::MAX]);
    assert_eq!(integers(by(i64::MAX - 2, i64::MAX, 1.0)), [i64::MAX - 2, i64::MAX - 1, i64::MAX]);
}

#[test]
fn logarithmic_ranges_are_exact_at_the_ends_and_at_decades() {
    assert_eq!(floats(log(1e-3, 1e3, 7)), [1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0, 1000.0]);
    assert_eq!(floats(log(2e2, 2e-2, 5)), [200.0, 20.0, 2.0, 0.2, 0.02]);
    let study = floats(log(1e8, 2e9, 25));
    assert_eq!((study[0], study[24]), (1e8, 2e9));
    // numpy.geomspace(1e8, 2e9, 25)[[1, 12, 23]] of NumPy 2.4.6
    for (i, expected) in
        [(1, 113_294_697.233_035_42), (12, 447_213_595.499_958), (23, 1_765_307_687.690_102_8)]
    {
        assert!((study[i] / expected - 1.0).abs() < 1e-14, "{i}: {}", study[i]);
    }
    assert_eq!(integers(log(1, 1024, 11)), [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]);
    assert_eq!(integers(log(1000, 1, 4)), [1000, 100, 10, 1]);
}

#[test]
fn products_are_row_major() {
    let parameters = [
        parameter("x", ParameterType::Float),
        parameter("mode", ParameterType::String),
        Parameter { default: Some(9.into()), ..parameter("unused", ParameterType::Integer) },
        parameter("seed", ParameterType::Integer),
    ];
    let spec = vec![block(vec![
        axis("mode", values(["a", "b"])),
        axis("x", count(0, 1, 3)),
        axis("seed", Axis::Replicate { count: 2, seed: None }),
    ])];
    let space = build(spec, &parameters).unwrap();
    insta::assert_snapshot!(show(&space), @"
    0: 0 a 9 1
    1: 0 a 9 2
    2: 0.5 a 9 1
    3: 0.5 a 9 2
    4: 1 a 9 1
    5: 1 a 9 2
    6: 0 b 9 1
    7: 0 b 9 2
    8: 0.5 b 9 1
    9: 0.5 b 9 2
    10: 1 b 9 1
    11: 1 b 9 2
    ");
    assert_eq!(space.point(12), None);
    assert_eq!(space.point(0).unwrap()[0], Value::Float(0.0));
    assert_eq!(space.varying(), [0, 1, 3]);
}

#[test]
fn blocks_zips_and_conditions_follow_one_another() {
    let parameters = [
        parameter("a", ParameterType::Integer),
        parameter("b", ParameterType::Integer),
        Parameter { default: Some("plain".into()), ..parameter("mode", ParameterType::String) },
    ];
    let zip = Factor::Zip(vec![(name("a"), values([1, 2])), (name("b"), count(10, 20, 2))]);
    let nested = Factor::Blocks(vec![
        block(vec![axis("mode", values(["x"]))]),
        Block { factors: vec![axis("mode", values(["y", "z"]))], condition: Some("a == 2".to_owned()) },
        block(vec![]),
    ]);
    let last = Block {
        factors: vec![axis("a", values([7, 8])), axis("b", values([8]))],
        condition: Some("a < b".to_owned()),
    };
    let space = build(vec![block(vec![zip, nested]), last], &parameters).unwrap();
    insta::assert_snapshot!(show(&space), @"
    0: 1 10 x
    1: 1 10 y excluded
    2: 1 10 z excluded
    3: 1 10 plain
    4: 2 20 x
    5: 2 20 y
    6: 2 20 z
    7: 2 20 plain
    8: 7 8 plain
    9: 8 8 plain excluded
    ");
    assert_eq!(space.included(10), Ok(false));
    assert_eq!(space.varying(), [0, 1, 2]);
    let blocks = space.blocks();
    assert_eq!(blocks.iter().map(|b| (b.start, b.len)).collect::<Vec<_>>(), [(0, 8), (8, 2)]);
    assert_eq!((blocks[1].condition.as_deref(), blocks[1].varying.as_slice()), (Some("a < b"), &[0][..]));
    let inner = &blocks[0].factors[1];
    assert_eq!(inner.blocks.iter().map(|b| (b.start, b.len)).collect::<Vec<_>>(), [(0, 1), (1, 2), (3, 1)]);
}

#[test]
fn a_condition_without_an_answer_says_why() {
    let parameters = [parameter("a", ParameterType::Integer), parameter("m", ParameterType::String)];
    let factors = vec![axis("a", values([1])), axis("m", values(["x"]))];
    let space = build(vec![Block { factors, condition: Some("a < m".to_owned()) }], &parameters).unwrap();
    assert!(space.included(0).is_err());
}

#[test]
fn tables_are_products_row_by_row() {
    let parameters = [parameter("a", ParameterType::Integer), parameter("b", ParameterType::Float)];
    let integers = |list: &[i64]| list.iter().copied().map(Value::from).collect::<Vec<_>>();
    let table = PointTable {
        columns: vec![name("b"), name("a")],
        rows: vec![
            vec![integers(&[1]), integers(&[2])],
            vec![vec![0.5.into(), 1.5.into()], integers(&[3, 4, 5])],
            vec![integers(&[7]), integers(&[8])],
        ],
        source: "points.csv".to_owned(),
        typed: false,
    };
    let space = build(vec![block(vec![Factor::Points(table)])], &parameters).unwrap();
    insta::assert_snapshot!(show(&space), @"
    0: 2 1
    1: 3 0.5
    2: 4 0.5
    3: 5 0.5
    4: 3 1.5
    5: 4 1.5
    6: 5 1.5
    7: 8 7
    ");
}

#[test]
fn replicate_seeds_are_a_function_of_the_point() {
    let parameters = [parameter("x", ParameterType::Integer), parameter("seed", ParameterType::Integer)];
    let spec = |blocks: usize, seed: u64| {
        let factors = vec![
            axis("x", count(1, 100, 100)),
            axis("seed", Axis::Replicate { count: 10, seed: Some(seed) }),
        ];
        build(vec![block(factors); blocks], &parameters).unwrap()
    };
    let seeds = |space: &Space| -> Vec<i64> {
        (0..space.len()).map(|i| space.point(i).unwrap()[1].as_f64().unwrap() as i64).collect()
    };
    let (one, two) = (seeds(&spec(1, 5)), seeds(&spec(2, 5)));
    assert_eq!(two[..1000], one);
    assert!(two.iter().all(|seed| (1..i64::from(i32::MAX)).contains(seed)));
    let different: std::collections::HashSet<_> = two.iter().collect();
    assert!(different.len() >= 1998, "{} different seeds", different.len());
    assert_ne!(seeds(&spec(1, 6))[0], one[0]);
    assert_eq!(spec(1, 5).varying(), [0, 1]);
}

#[test]
fn large_spaces_cost_nothing() {
    let parameters = ["x", "y", "z"].map(|text| parameter(text, ParameterType::Float));
    let factors = vec![
        axis("x", by(0.0, 1.0, 1e-9)),
        sample("latin-hypercube", 1_000_000, 1, &[("y", Distribution::Uniform { from: 0.0, to: 1.0 })]),
        axis("z", log(1.0, 10.0, 1000)),
    ];
    let space = build(vec![block(factors)], &parameters).unwrap();
    assert_eq!(space.len(), 1_000_000_001_000_000_000);
    let last = space.point(space.len() - 1).unwrap();
    assert_eq!((&last[0], &last[2]), (&Value::Float(1.0), &Value::Float(10.0)));
    assert_eq!(space.point(1_000_000_000).unwrap()[0], Value::Float(1e-9));
    assert_eq!(Sequence::new(&space, Order::Reverse, 0, space.len()).next(), Some(space.len() - 1));
    let whole = build(vec![block(vec![axis("x", count(0.0, 1.0, MAX_POINTS))])], &parameters[..1]).unwrap();
    assert_eq!(whole.point(MAX_POINTS - 1).unwrap(), [Value::Float(1.0)]);
}

#[test]
fn choices_and_files_come_from_ranges_and_lists() {
    let choice = parameter("c", ParameterType::Choice(vec![1.into(), 2.into(), 4.into()]));
    let space = build(vec![block(vec![axis("c", log(1, 4, 3))])], std::slice::from_ref(&choice)).unwrap();
    assert_eq!(
        (0..3).map(|i| space.point(i).unwrap()[0].clone()).collect::<Vec<_>>(),
        [1.into(), 2.into(), 4.into()]
    );
    let inferred = Parameter { inferred: true, ..parameter("s", ParameterType::String) };
    let space = build(vec![block(vec![axis("s", by(1, 2, 1.0))])], &[inferred]).unwrap();
    assert_eq!(space.point(1).unwrap(), [Value::String(Arc::from("2"))]);
}

#[test]
fn spaces_without_blocks_or_factors() {
    assert!(build(vec![], &[]).unwrap().is_empty());
    let default = Parameter { default: Some(1.into()), ..parameter("x", ParameterType::Float) };
    let one = build(vec![block(vec![])], &[default]).unwrap();
    assert_eq!((one.len(), one.point(0).unwrap()), (1, vec![Value::Float(1.0)]));
    assert!(one.varying().is_empty());
}

#[test]
fn factors_are_described_in_words() {
    let parameters =
        ["a", "b", "c", "d", "e", "f", "g", "h", "i"].map(|text| parameter(text, ParameterType::Float));
    let table = PointTable {
        columns: vec![name("h")],
        rows: vec![vec![vec![1.into()]], vec![vec![2.into(), 3.into()]]],
        source: "p.csv".to_owned(),
        typed: false,
    };
    let spec = vec![block(vec![
        axis("a", log(1e8, 2e9, 25)),
        axis("b", by(0.0, 1.0, 0.3)),
        axis("c", values([1, 2, 3])),
        axis("d", values(1..=10)),
        Factor::Zip(vec![(name("e"), values([1, 2])), (name("f"), count(1e-10, 1e-9, 2))]),
        sample("sobol", 64, 2, &[("g", Distribution::Normal { mean: 0.0, sd: 2.0 })]),
        Factor::Points(table),
        axis("i", Axis::Replicate { count: 4, seed: Some(3) }),
    ])];
    let space = build(spec, &parameters).unwrap();
    let words: Vec<String> =
        space.blocks()[0].factors.iter().map(|f| format!("{} [{}]", f.words, f.details.join("; "))).collect();
    insta::assert_snapshot!(words.join("\n"), @"
    25 values from 1e8 to 2e9, log [25 values from 1e8 to 2e9, log]
    4 values from 0 to 0.9 by 0.3 [4 values from 0 to 0.9 by 0.3]
    1, 2, 3 [1, 2, 3]
    10 values: 1, 2, … 10 [10 values: 1, 2, … 10]
    2 values together [1, 2; 2 values from 1e-10 to 1e-9]
    64 points by sobol, seed 2 [normal, mean 0, standard deviation 2]
    3 points from p.csv [from p.csv]
    4 replicates with seeds from seed 3 [4 replicates with seeds from seed 3]
    ");
}
