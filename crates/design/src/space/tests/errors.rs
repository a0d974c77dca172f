//! What is wrong with a space, as it is said.

use super::*;

fn errors(blocks: Vec<Block>, parameters: &[Parameter]) -> String {
    match build(blocks, parameters) {
        Ok(space) => format!("no error, {} points", space.len()),
        Err(wrong) => wrong.iter().map(Diagnostic::to_string).collect::<Vec<_>>().join("\n"),
    }
}

/// The errors of one axis over one parameter, for each.
fn of_axes(kind: ParameterType, axes: Vec<Axis>) -> String {
    let bounded = Parameter { max: (kind == ParameterType::Float).then_some(1e9), ..parameter("x", kind) };
    let error = |spec| errors(vec![block(vec![axis("x", spec)])], std::slice::from_ref(&bounded));
    axes.into_iter().map(error).collect::<Vec<_>>().join("\n")
}

fn of_sample(factor: Factor) -> String {
    let parameters = [
        parameter("x", ParameterType::Float),
        parameter("n", ParameterType::Integer),
        parameter("s", ParameterType::String),
    ];
    let parameters = parameters
        .map(|p| Parameter { default: Some(if p.name == *"s" { "".into() } else { 0.into() }), ..p });
    errors(vec![block(vec![factor])], &parameters)
}

#[test]
fn of_ranges() {
    insta::assert_snapshot!(of_axes(ParameterType::Float, vec![
        count(0.0, 1.0, 0),
        count(0.0, 1.0, 1),
        count(0.0, 1.0, u64::MAX),
        by(0.0, 1.0, 0.0),
        by(0.0, 1.0, -0.0),
        by(1.0, 0.0, 0.1),
        by(0.0, 1.0, -0.1),
        by(0.0, 1.0, f64::NAN),
        by(0.0, 1.0, 1e-300),
        by(0.0, 1.0, 1e-20),
        by(f64::NEG_INFINITY, 1.0, 0.1),
        count(0.0, f64::NAN, 3),
        count(0.0, 2e9, 3),
        range("a", "b", Steps::Count(2), Scale::Linear),
        log(0.0, 1.0, 3),
        log(1.0, -1.0, 3),
        range(1.0, 2.0, Steps::By(0.1), Scale::Log),
    ]), @"
    `space.0.x.count`: a range has at least 1 point, found a count of 0
    `space.0.x.count`: one point cannot be both 0 and 1 (give a count of 2 or more, or the value alone)
    `space.0.x.count`: a range has at most 2^63 - 1 points
    `space.0.x.step`: a step of 0 goes nowhere (give the distance between two points)
    `space.0.x.step`: a step of 0 goes nowhere (give the distance between two points)
    `space.0.x.step`: steps of 0.1 go up from 1 and never reach 0 (use a step of -0.1, or exchange `from` and `to`)
    `space.0.x.step`: steps of -0.1 go down from 0 and never reach 1 (use a step of 0.1, or exchange `from` and `to`)
    `space.0.x.step`: expected a finite number, found NaN
    `space.0.x.step`: the numbers of this range differ by too many powers of ten to be divided exactly (use numbers with fewer digits, or a logarithmic range)
    `space.0.x.step`: steps of 1e-20 from 0 to 1 are more than 2^63 - 1 points
    `space.0.x.from`: expected a finite number, found `-inf`
    `space.0.x.to`: expected a finite number, found `NaN`
    `space.0.x.to`: 2000000000 is above the maximum 1000000000
    `space.0.x.from`: expected a finite number, found `a`
    `space.0.x.from`: a logarithmic range needs numbers above 0, found 0
    `space.0.x.to`: a logarithmic range needs numbers above 0, found -1
    `space.0.x.step`: a logarithmic range is divided by a count, not by a step (give `count`, the number of points)
    ");
}

#[test]
fn of_integers() {
    insta::assert_snapshot!(of_axes(ParameterType::Integer, vec![
        count(0, 10, 4),
        count(0, 7, 3),
        by(0, 10, 2.5),
        count(0.5, 1.5, 2),
        log(1, 10, 25),
        log(1, i64::MAX, 2),
        by(i64::MIN, i64::MAX, 1.0),
    ]), @"
    `space.0.x.count`: 4 equal distances from 0 to 10 do not fall on integers (3 points do; or give `step`, or make the parameter a float)
    `space.0.x.count`: 3 equal distances from 0 to 7 do not fall on integers (give `step`, or make the parameter a float)
    `space.0.x.step`: the steps of an integer are integers, found 2.5 (give a whole step, or make the parameter a float)
    `space.0.x.from`: expected an integer, found the float 0.5
    `space.0.x.count`: 25 points at equal ratios from 1 to 10 repeat integers (give a smaller count, or make the parameter a float)
    `space.0.x.to`: a logarithmic range of integers goes up to 9e15 at the most
    `space.0.x.step`: steps of 1 from -9223372036854775808 to 9223372036854775807 are more than 2^63 - 1 points
    ");
}

#[test]
fn of_values_and_replicates() {
    insta::assert_snapshot!(of_axes(ParameterType::Boolean, vec![
        values::<bool>([]),
        values([1]),
        Axis::Values(vec![true.into(), "a".into(), Value::Missing]),
        Axis::Replicate { count: 3, seed: None },
        count(0, 1, 2),
        count(0, 1_000_000, 1_000_001),
    ]), @r#"
    `space.0.x`: expected at least one value, found an empty list
    `space.0.x`: expected a boolean, found the integer 1
    `space.0.x.1`: expected a boolean, found the string "a"
    `space.0.x.2`: expected a boolean, found nothing
    `space.0.x.replicate`: replicates are integers, but `x` is a boolean (declare the parameter as an integer)
    `space.0.x`: expected a boolean, found the integer 0
    `space.0.x`: a range over a boolean has at most 100000 points
    "#);
    insta::assert_snapshot!(of_axes(ParameterType::Integer, vec![
        Axis::Replicate { count: 0, seed: None },
        Axis::Replicate { count: u64::MAX, seed: Some(1) },
    ]), @"
    `space.0.x.replicate`: expected at least 1 replicate, found 0
    `space.0.x.replicate`: there are at most 2^63 - 1 replicates
    ");
}

#[test]
fn of_samples() {
    let uniform = |from, to| Distribution::Uniform { from, to };
    let normal = |mean, sd| Distribution::Normal { mean, sd };
    insta::assert_snapshot!([
        sample("sobl", 8, 0, &[("x", uniform(0.0, 1.0))]),
        sample("halton-leaped", 8, 0, &[("x", uniform(0.0, 1.0))]),
        sample("random", 0, 0, &[("x", uniform(0.0, 1.0))]),
        sample("random", 1, 0, &[]),
        sample("random", 1, 0, &[("y", uniform(0.0, 1.0))]),
        sample("random", 1, 0, &[("x", uniform(0.0, 1.0)), ("x", uniform(0.0, 1.0))]),
        sample("random", 1, 0, &[("s", uniform(0.0, 1.0))]),
        sample("random", 1, 0, &[("x", uniform(1.0, 0.0))]),
        sample("random", 1, 0, &[("x", uniform(1.0, 1.0))]),
        sample("random", 1, 0, &[("x", uniform(0.0, f64::INFINITY))]),
        sample("random", 1, 0, &[("n", uniform(0.5, 3.0))]),
        sample("random", 1, 0, &[("x", Distribution::LogUniform { from: 0.0, to: 1.0 })]),
        sample("random", 1, 0, &[("x", normal(0.0, 0.0))]),
        sample("random", 1, 0, &[("x", normal(f64::NAN, 1.0))]),
        sample("sobol", 1 << 33, 0, &[("x", uniform(0.0, 1.0))]),
        sample("sobol", 8, 0, &[("x", normal(0.0, 1.0))]),
    ].map(of_sample).join("\n"), @r#"
    `space.0.sample.method`: there is no design `sobl` (did you mean `sobol`?)
    `space.0.sample.method`: there is no design `halton-leaped` (`paramo space methods` lists them)
    `space.0.sample.count`: random: expected 1 to 2^63 - 1 points, found 0
    `space.0.sample`: expected at least one parameter to sample, found none (give a range, as in `x = { from = 0.0, to = 1.0 }`)
    `space.0.y`: the application has no parameter `y`
    `space.0.x`: `x` is listed twice
    `space.0.s`: only numbers are drawn from a range, but `s` is a string (declare it as an integer or a float, or give its values, as in { values = ["a", "b"] })
    `space.0.x.to`: expected a number above `from`, which is 1, found 0 (exchange `from` and `to`)
    `space.0.x.to`: expected a number above `from`, which is 1, found 1 (exchange `from` and `to`)
    `space.0.x.to`: expected a finite number, found inf
    `space.0.n.from`: expected an integer up to 9e15, found 0.5
    `space.0.x.from`: a logarithmic range needs numbers above 0, found 0
    `space.0.x.sd`: expected a standard deviation above 0, found 0
    `space.0.x.mean`: expected a finite number, found NaN
    `space.0.sample.count`: sobol: has at most 2^32 points, found 8589934592
    `space.0.x`: this design has a first point at 0 in every dimension, where the distribution of `x` has no value (leave it out with `start = 1`, scramble the points, or cut it off with `from` and `to`)
    "#);
    let bounded = Parameter { min: Some(100.0), ..parameter("x", ParameterType::Float) };
    let far = sample("random", 1, 0, &[("x", normal(0.0, 1.0))]);
    insta::assert_snapshot!(errors(vec![block(vec![far])], &[bounded]), @"`space.0.x.mean`: practically nothing of this distribution lies within the bounds of `x` (move it, make it wider, or change the bounds)");
}

#[test]
fn of_blocks() {
    let parameters = [
        parameter("k1", ParameterType::Float),
        parameter("k2", ParameterType::Float),
        Parameter { default: Some("x".into()), ..parameter("n", ParameterType::Integer) },
    ];
    let table = |rows| PointTable {
        columns: vec![name("k1"), name("k2")],
        rows,
        source: "p.csv".to_owned(),
        typed: false,
    };
    let deep = (0..20).fold(block(vec![]), |inner, _| block(vec![Factor::Blocks(vec![inner])]));
    insta::assert_snapshot!(errors(vec![
        block(vec![axis("k1", values([1])), axis("k3", values([1]))]),
        block(vec![axis("k1", values([1])), Factor::Zip(vec![(name("k2"), values([1])), (name("k1"), values([2]))])]),
        block(vec![axis("k2", values([1])), Factor::Blocks(vec![block(vec![axis("k1", values([1]))]), block(vec![])])]),
        block(vec![Factor::Zip(vec![(name("k2"), values([1, 2])), (name("k1"), count(0, 1, 3))])]),
        block(vec![Factor::Zip(vec![])]),
        block(vec![Factor::Blocks(vec![])]),
        block(vec![Factor::Points(table(vec![]))]),
        block(vec![Factor::Points(table(vec![vec![vec![1.into()], vec![]], vec![vec!["a".into()]]]))]),
        Block { factors: vec![axis("k1", values([1])), axis("k2", values([1]))], condition: Some("k1 < kk2".to_owned()) },
        deep,
    ], &parameters), @r#"
    `space.0.k3`: the application has no parameter `k3` (did you mean `k1`?)
    `space.1.k1`: `k1` has values twice in this block (keep one, or put the other into a block of its own)
    `space.2`: `k1` has no value in some of the blocks inside this one, and no default (give it values, as in `k1 = [1, 2, 3]`, or a default)
    `space.3.zip.0`: parameters that advance together have equally many values, found `k2` 2, `k1` 3
    `space.4.zip.0`: expected at least one parameter, found none
    `space.5.block`: expected at least one block, found none
    `space.6.points`: `p.csv` has no points
    `space.7.points`: `p.csv`, row 1: `k2` has no value
    `space.7.points`: `p.csv`, row 2: expected 2 cells, found 1
    `space.7.points`: `p.csv`, row 2: `k1`: expected a float, found the string "a"
    `space.8.where`: there is no parameter `kk2` (did you mean `k2`?)
    `space.9.block.0.block.0.block.0.block.0.block.0.block.0.block.0.block.0.block.0.block.0.block.0.block.0.block.0.block.0.block.0.block.0.block.0`: blocks are nested more than 16 deep
    `application.parameters.n.default`: expected an integer, found the string "x"
    "#);
}

#[test]
fn of_sizes() {
    let parameters = ["x", "y", "z"].map(|text| parameter(text, ParameterType::Float));
    let million = |text| axis(text, count(0, 1, 100_000_000));
    let product = block(vec![million("x"), million("y"), million("z")]);
    insta::assert_snapshot!(errors(vec![product], &parameters), @"`space.0`: `x` (100000000) × `y` (100000000) × `z` (100000000) make 1e24 points, about 2^80; a space has at most 2^63 - 1 (give fewer values, or draw a sample)");
    let large = || block(vec![million("x"), million("y"), axis("z", count(0, 1, 500))]);
    insta::assert_snapshot!(errors(vec![large(), large()], &parameters), @"`space`: the blocks together are more than 2^63 - 1 points");
    let nested = block(vec![Factor::Blocks(vec![large(), large()])]);
    insta::assert_snapshot!(errors(vec![nested], &parameters), @"`space.0.block`: the blocks together are more than 2^63 - 1 points");
}
