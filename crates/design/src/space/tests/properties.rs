//! What holds of every space.

use proptest::prelude::*;

use super::*;

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Missing),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-20i64..20).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-100i32..100).prop_map(|x| Value::from(f64::from(x) / 10.0)),
        "[a-c]?".prop_map(|s| Value::from(s.as_str())),
    ]
}

fn any_count() -> impl Strategy<Value = u64> {
    prop_oneof![0u64..12, any::<u64>(), Just(u64::MAX)]
}

fn any_axis() -> impl Strategy<Value = Axis> {
    let steps = prop_oneof![
        any_count().prop_map(Steps::Count),
        any::<f64>().prop_map(Steps::By),
        (-20i32..20).prop_map(|x| Steps::By(f64::from(x) / 8.0)),
    ];
    let scale = prop_oneof![Just(Scale::Linear), Just(Scale::Log)];
    prop_oneof![
        prop::collection::vec(any_value(), 0..4).prop_map(Axis::Values),
        (any_value(), any_value(), steps, scale).prop_map(|(from, to, steps, scale)| Axis::Range {
            from,
            to,
            steps,
            scale
        }),
        (any_count(), any::<Option<u64>>()).prop_map(|(count, seed)| Axis::Replicate { count, seed }),
    ]
}

fn any_name() -> impl Strategy<Value = Name> {
    "[a-e]".prop_map(|text| name(&text))
}

fn any_distribution() -> impl Strategy<Value = Distribution> {
    let number = || prop_oneof![any::<f64>(), (-5i32..5).prop_map(f64::from)];
    prop_oneof![
        (number(), number()).prop_map(|(from, to)| Distribution::Uniform { from, to }),
        (number(), number()).prop_map(|(from, to)| Distribution::LogUniform { from, to }),
        (number(), number()).prop_map(|(mean, sd)| Distribution::Normal { mean, sd }),
        (number(), number(), any::<Option<f64>>(), any::<Option<f64>>())
            .prop_map(|(mean, sd, from, to)| Distribution::TruncatedNormal { mean, sd, from, to }),
        (number(), number(), any::<Option<f64>>(), any::<Option<f64>>())
            .prop_map(|(median, gsd, from, to)| Distribution::LogNormal { median, gsd, from, to }),
        (number(), number(), number()).prop_map(|(from, mode, to)| Distribution::Triangular {
            from,
            mode,
            to
        }),
        (prop::collection::vec(any_value(), 0..3), prop::collection::vec(number(), 0..3))
            .prop_map(|(values, weights)| Distribution::Discrete { values, weights }),
    ]
}

fn any_leaf() -> impl Strategy<Value = Factor> {
    let methods = prop_oneof![Just("random"), Just("latin-hypercube"), Just("sobol"), Just("?")];
    let dimensions = || prop::collection::vec((any_name(), any_distribution()), 0..3);
    let cell = || prop::collection::vec(any_value(), 0..3);
    let rows = prop::collection::vec(prop::collection::vec(cell(), 0..3), 0..4);
    prop_oneof![
        4 => (any_name(), any_axis()).prop_map(|(name, axis)| Factor::Axis(name, axis)),
        1 => prop::collection::vec((any_name(), any_axis()), 0..3).prop_map(Factor::Zip),
        2 => (methods, any_count(), any::<u64>(), dimensions()).prop_map(|(method, count, seed, dimensions)| {
            Factor::Sample(Sample { method: method.to_owned(), count: Some(count), seed, dimensions, ..Sample::default() })
        }),
        1 => (prop::collection::vec(any_name(), 0..3), rows)
            .prop_map(|(columns, rows)| Factor::Points(PointTable { columns, rows, source: "p.csv".to_owned(), typed: false })),
    ]
}

fn any_block() -> impl Strategy<Value = Block> {
    let condition = || prop::option::weighted(0.2, prop_oneof![Just("a < b"), Just("a <"), Just("c == 'a'")]);
    let block = move |factors: Vec<Factor>, condition: Option<&str>| Block {
        factors,
        condition: condition.map(str::to_owned),
    };
    let leaf = (prop::collection::vec(any_leaf(), 0..3), condition()).prop_map(move |(f, c)| block(f, c));
    leaf.prop_recursive(3, 12, 3, move |inner| {
        let blocks = prop::collection::vec(inner, 0..3).prop_map(Factor::Blocks);
        (prop::collection::vec(any_leaf(), 0..3), blocks, condition()).prop_map(
            move |(mut factors, blocks, c)| {
                factors.push(blocks);
                block(factors, c)
            },
        )
    })
}

fn any_parameters() -> impl Strategy<Value = Vec<Parameter>> {
    let kind = prop_oneof![
        3 => Just(ParameterType::Float),
        3 => Just(ParameterType::Integer),
        1 => Just(ParameterType::String),
        1 => Just(ParameterType::Boolean),
        1 => Just(ParameterType::Choice(vec![1.into(), 2.into()])),
    ];
    let bound = || prop::option::weighted(0.2, -5.0f64..5.0);
    let one = (kind, bound(), bound(), any::<bool>(), any::<bool>());
    prop::collection::vec(one, 5).prop_map(|all| {
        all.into_iter()
            .zip(["a", "b", "c", "d", "e"])
            .map(|((kind, min, max, default, inferred), text)| {
                let default = default.then(|| match &kind {
                    ParameterType::String => "".into(),
                    ParameterType::Boolean => true.into(),
                    _ => 1.into(),
                });
                Parameter { min, max, default, inferred, ..parameter(text, kind) }
            })
            .collect()
    })
}

/// Blocks of well-formed factors over the floats `x` and `y` and the integer `n`.
fn right_block() -> impl Strategy<Value = Block> {
    (1u64..6, 1u64..6, 1u64..6, any::<u64>(), 0usize..3).prop_map(|(x, y, n, seed, method)| {
        let method = ["random", "latin-hypercube", "sobol"][method];
        block(vec![
            axis("x", if x == 1 { values([1]) } else { log(1, 8, x) }),
            sample(method, y, seed, &[("y", Distribution::Uniform { from: -1.0, to: 1.0 })]),
            axis("n", Axis::Replicate { count: n, seed: Some(seed) }),
        ])
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_space_panics_and_every_value_is_accepted(
        blocks in prop::collection::vec(any_block(), 0..3),
        parameters in any_parameters(),
        at: u64,
    ) {
        if let Ok(space) = build(blocks, &parameters) {
            let _ = (space.blocks(), space.varying());
            prop_assert!(space.len() <= MAX_POINTS);
            prop_assert_eq!(space.point(space.len()), None);
            for index in [0, at % space.len().max(1), space.len().saturating_sub(1)] {
                let _ = space.included(index);
                for (value, parameter) in space.point(index).iter().flatten().zip(&parameters) {
                    prop_assert_eq!(parameter.accept(value.clone()), Ok(value.clone()), "{}", parameter.name);
                }
            }
            for order in [Order::Sequential, Order::Reverse, Order::Random(at), Order::Coarse] {
                for index in Sequence::new(&space, order, 0, space.len()).take(20) {
                    prop_assert!(index < space.len());
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn extending_changes_no_point(
        blocks in prop::collection::vec(right_block(), 1..4),
        more in prop::collection::vec(right_block(), 1..4),
    ) {
        let parameters = [
            parameter("x", ParameterType::Float),
            parameter("y", ParameterType::Float),
            parameter("n", ParameterType::Integer),
        ];
        let before = build(blocks.clone(), &parameters).unwrap();
        let after = build([blocks, more].concat(), &parameters).unwrap();
        prop_assert!(after.len() > before.len());
        for index in 0..before.len() {
            prop_assert_eq!(before.point(index), after.point(index));
        }
    }

    #[test]
    fn varying_parameters_are_those_that_differ(blocks in prop::collection::vec(right_block(), 1..4)) {
        let parameters = [
            parameter("x", ParameterType::Float),
            parameter("y", ParameterType::Float),
            parameter("n", ParameterType::Integer),
        ];
        let space = build(blocks, &parameters).unwrap();
        let first = space.point(0).unwrap();
        let differs = |slot: &usize| (1..space.len()).any(|i| space.point(i).unwrap()[*slot] != first[*slot]);
        prop_assert_eq!(space.varying(), (0..3).filter(differs).collect::<Vec<_>>());
    }
}
