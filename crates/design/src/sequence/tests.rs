use std::collections::HashSet;

use paramo_model::{
    Axis, Block, Distribution, Factor, Name, Parameter, ParameterType, Sample, Scale, SpaceSpec, Steps, Value,
};
use proptest::prelude::*;

use super::*;

fn parameter(name: &str) -> Parameter {
    Parameter {
        default: Some(Value::Integer(0)),
        ..Parameter::new(Name::new(name).unwrap(), ParameterType::Integer)
    }
}

fn range(name: &str, len: u64) -> Factor {
    let (from, to) = (Value::Integer(0), Value::Integer(len as i64 - 1));
    Factor::Axis(
        Name::new(name).unwrap(),
        Axis::Range { from, to, steps: Steps::Count(len), scale: Scale::Linear },
    )
}

fn replicate(name: &str, count: u64) -> Factor {
    Factor::Axis(Name::new(name).unwrap(), Axis::Replicate { count, seed: None })
}

fn sample(name: &str, count: u64) -> Factor {
    let dimensions = vec![(Name::new(name).unwrap(), Distribution::Uniform { from: 0.0, to: 9.0 })];
    Factor::Sample(Sample {
        method: "random".to_owned(),
        count: Some(count),
        seed: 1,
        dimensions,
        ..Sample::default()
    })
}

fn space(blocks: Vec<Vec<Factor>>) -> Space {
    let parameters = ["a", "b", "c", "r"].map(parameter);
    let blocks = blocks.into_iter().map(|factors| Block { factors, condition: None }).collect();
    Space::new(&SpaceSpec { blocks }, &parameters).unwrap()
}

fn all(space: &Space, order: Order) -> Vec<u64> {
    Sequence::new(space, order, 0, space.len()).collect()
}

/// The points of a grid of `a` and `b` as "ab" in the order.
fn grid(space: &Space, order: Order) -> String {
    let show = |i| space.point(i).unwrap().iter().take(2).map(Value::to_string).collect::<String>();
    all(space, order).into_iter().map(show).collect::<Vec<_>>().join(" ")
}

#[test]
fn plain_orders_are_what_they_say() {
    let line = space(vec![vec![range("a", 5)]]);
    assert_eq!(all(&line, Order::Sequential), [0, 1, 2, 3, 4]);
    assert_eq!(all(&line, Order::Reverse), [4, 3, 2, 1, 0]);
    assert_eq!(Sequence::new(&line, Order::Reverse, 1, 3).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(Sequence::new(&line, Order::Sequential, 3, 99).collect::<Vec<_>>(), [3, 4]);
    assert_eq!(Sequence::new(&line, Order::Coarse, 5, 5).next(), None);
}

#[test]
fn a_coarse_axis_starts_with_its_ends_and_halves() {
    assert_eq!(all(&space(vec![vec![range("a", 10)]]), Order::Coarse), [0, 9, 8, 4, 2, 6, 1, 3, 5, 7]);
    assert_eq!(all(&space(vec![vec![range("a", 9)]]), Order::Coarse), [0, 8, 4, 2, 6, 1, 3, 5, 7]);
}

#[test]
fn a_coarse_grid_starts_with_its_corners() {
    let square = space(vec![vec![range("a", 5), range("b", 5)]]);
    insta::assert_snapshot!(grid(&square, Order::Coarse), @"00 04 40 44 20 22 24 02 42 10 11 12 13 14 30 31 32 33 34 01 03 21 23 41 43");
}

#[test]
fn replicates_come_one_after_the_other_over_each_level() {
    let repeated = space(vec![vec![range("a", 3), replicate("r", 2)]]);
    let points: Vec<String> = all(&repeated, Order::Coarse)
        .into_iter()
        .map(|i| repeated.point(i).unwrap())
        .map(|p| format!("{}r{}", p[0], p[3]))
        .collect();
    assert_eq!(points, ["0r1", "2r1", "0r2", "2r2", "1r1", "1r2"]);
}

#[test]
fn blocks_are_walked_one_after_the_other_and_parts_by_themselves() {
    let two = space(vec![vec![range("a", 3)], vec![range("b", 4)]]);
    assert_eq!(all(&two, Order::Coarse), [0, 2, 1, 3, 6, 5, 4]);
    assert_eq!(Sequence::new(&two, Order::Coarse, 3, 7).collect::<Vec<_>>(), [3, 6, 5, 4]);
    assert_eq!(Sequence::new(&two, Order::Coarse, 1, 6).collect::<Vec<_>>(), [2, 1, 3, 5, 4]);
}

#[test]
fn the_coarse_picture_of_the_hes1_study_comes_first() {
    let study = space(vec![vec![range("a", 25), range("b", 25), replicate("r", 4)]]);
    let first: HashSet<(String, String)> = Sequence::new(&study, Order::Coarse, 0, study.len())
        .take(16)
        .map(|i| study.point(i).unwrap())
        .map(|p| (p[0].to_string(), p[1].to_string()))
        .collect();
    let corners = [("0", "0"), ("0", "24"), ("24", "0"), ("24", "24")];
    assert_eq!(first, corners.map(|(a, b)| (a.to_owned(), b.to_owned())).into());
}

#[test]
fn a_billion_points_are_walked_without_a_list() {
    let large = space(vec![vec![range("a", 1000), sample("b", 1000), range("c", 1_000_001)]]);
    for order in [Order::Random(7), Order::Coarse] {
        let sequence = Sequence::new(&large, order, 0, large.len());
        assert_eq!(sequence.size_hint().1, Some(1_000_001_000_000));
        let seen: Vec<u64> = sequence.take(100_000).collect();
        assert!(seen.iter().all(|i| *i < large.len()));
        assert_eq!(seen.iter().collect::<HashSet<_>>().len(), seen.len());
    }
}

fn factors() -> impl Strategy<Value = Vec<Factor>> {
    (1u64..14, 1u64..14, 1u64..6, 1u64..4, any::<[bool; 4]>()).prop_map(|(a, b, c, r, which)| {
        let factors = [range("a", a), replicate("r", r), sample("b", b), range("c", c)];
        factors.into_iter().zip(which).filter(|(_, keep)| *keep).map(|(factor, _)| factor).collect()
    })
}

proptest! {
    #[test]
    fn every_index_of_a_part_comes_once(
        blocks in prop::collection::vec(factors(), 1..4),
        seed: u64,
        which in 0usize..4,
        ends in any::<(prop::sample::Index, prop::sample::Index)>(),
    ) {
        let space = space(blocks);
        let (a, b) = (ends.0.index(space.len() as usize + 1) as u64, ends.1.index(space.len() as usize + 1) as u64);
        let (from, to) = (a.min(b), a.max(b));
        let order = [Order::Sequential, Order::Reverse, Order::Random(seed), Order::Coarse][which];
        let sequence = Sequence::new(&space, order, from, to);
        prop_assert_eq!(sequence.size_hint().0 as u64, to - from);
        let mut indices: Vec<u64> = sequence.collect();
        indices.sort_unstable();
        prop_assert!(indices.into_iter().eq(from..to));
    }

    #[test]
    fn coarse_axes_of_any_length_are_complete(len in prop_oneof![1u64..700, Just(1023), Just(1024), Just(1025)]) {
        let mut indices = all(&space(vec![vec![range("a", len)]]), Order::Coarse);
        indices.sort_unstable();
        prop_assert!(indices.into_iter().eq(0..len));
    }
}
