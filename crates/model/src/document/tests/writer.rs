//! Studies are written and read again: those of the other tests here, those of the examples, and random ones.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::{
    Block, CauseKind, FailureLimit, Measure, Order, Retry, Row, RunPolicy, Sample, Scale, Seconds, Stream,
    Template, TemplateFile, ValueType,
};

/// Reading what a study is written as gives it again. Points of a file come as a zip, which is another space of the same points.
pub fn comes_back(study: &Study) {
    let text = write_study(study).unwrap_or_else(|error| panic!("{error}: {study:?}"));
    let again = match read_study(&text, &origin()) {
        Ok(document) => document.study,
        Err(found) => panic!("{}", shown(&found, &text)),
    };
    // Not `==`: a NaN is to come back as well.
    let said = |what: &dyn std::fmt::Debug| format!("{what:#?}");
    assert_eq!(said(&again.run), said(&study.run), "{text}");
    if !has_points(&study.space.blocks) {
        assert_eq!(said(&again), said(study), "{text}");
    }
}

fn has_points(blocks: &[Block]) -> bool {
    blocks.iter().flat_map(|block| &block.factors).any(|factor| match factor {
        Factor::Points(_) => true,
        Factor::Blocks(inner) => has_points(inner),
        _ => false,
    })
}

#[test]
fn what_no_file_can_say_is_named() {
    let study = |axis: Axis| {
        let mut study = read(&sim("[space]\nk1 = 1\nk2 = 2"));
        study.space.blocks[0].factors[0] = Factor::Axis(name("k1"), axis);
        write_study(&study).unwrap_err()
    };
    assert!(study(Axis::Values(vec![Value::Missing])).contains("missing"));
    assert!(study(Axis::Replicate { count: 2, seed: Some(u64::MAX) }).contains("18446744073709551615"));
}

#[test]
fn points_of_a_file_become_lists_with_the_last_column_turning_fastest() {
    let study = read(&sim("[space]\npoints = \"points.jsonl\""));
    let text = write_study(&study).unwrap();
    assert!(text.contains("zip = [{ k1 = [1, 1, 2], k2 = [\"0.25\", \"0.75\", \"3\"] }]"), "{text}");
}

fn name(text: &str) -> crate::Name {
    crate::Name::new(text).unwrap()
}

fn words() -> impl Strategy<Value = String> {
    // A name of blanks alone is none.
    "[a-zé][a-z0-9 \"\\\\'#=é\n\t\u{7}{}]{0,12}"
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![-1e6..1e6_f64, Just(0.0), Just(1e-9), Just(3e20), Just(-0.25)]
}

fn axis() -> impl Strategy<Value = Axis> {
    let values = vec(number(), 1..4).prop_map(|all| Axis::Values(all.into_iter().map(Value::from).collect()));
    let ranges =
        (0.5..100.0_f64, 1.5..9.0_f64, 2..40_u64, any::<bool>()).prop_map(|(from, times, count, log)| {
            let scale = if log { Scale::Log } else { Scale::Linear };
            let to = (from * times).into();
            Axis::Range { from: from.into(), to, steps: Steps::Count(count), scale }
        });
    let steps =
        (-50..50_i64, prop_oneof![Just(0.5), Just(0.1), Just(2.0)]).prop_map(|(from, step)| Axis::Range {
            from: (from as f64).into(),
            to: (from as f64 + 10.0).into(),
            steps: Steps::By(step),
            scale: Scale::Linear,
        });
    prop_oneof![values, ranges, steps]
}

fn distribution() -> impl Strategy<Value = Distribution> {
    prop_oneof![
        number().prop_map(|from| Distribution::Uniform { from, to: from + from.abs() + 1.0 }),
        (0.1..9.0_f64).prop_map(|from| Distribution::LogUniform { from, to: from * 3.0 }),
        (number(), 0.1..9.0_f64).prop_map(|(mean, sd)| Distribution::Normal { mean, sd }),
        (-1.0..1.0_f64, option::of(2.0..9.0_f64)).prop_map(|(mean, to)| Distribution::TruncatedNormal {
            mean,
            sd: 1.0,
            from: Some(-3.0),
            to
        }),
        (0.1..9.0_f64, option::of(20.0..90.0_f64)).prop_map(|(median, to)| Distribution::LogNormal {
            median,
            gsd: 2.0,
            from: None,
            to
        }),
        (0.1..0.9_f64).prop_map(|mode| Distribution::Triangular { from: 0.0, mode, to: 1.0 }),
        vec(0.1..5.0_f64, 2)
            .prop_map(|weights| { Distribution::Discrete { values: vec![0.5.into(), 1.5.into()], weights } }),
    ]
}

/// A block over p0 to p5, of which each is there in every block.
fn block() -> impl Strategy<Value = Block> {
    let zip = vec((number(), number()), 1..4).prop_map(|rows| {
        let column =
            |pick: fn(&(f64, f64)) -> f64| Axis::Values(rows.iter().map(|row| pick(row).into()).collect());
        Factor::Zip(vec![(name("p1"), column(|row| row.0)), (name("p2"), column(|row| row.1))])
    });
    let sample = (1..200_u64, 0..u64::from(u32::MAX), 0..90_u64, distribution(), distribution()).prop_map(
        |(count, seed, start, one, other)| {
            let dimensions = vec![(name("p3"), one), (name("p4"), other)];
            let options = BTreeMap::from([("scramble".to_owned(), Setting::Value("owen".into()))]);
            Factor::Sample(Sample {
                method: "sobol".into(),
                count: Some(count),
                seed,
                start,
                dimensions,
                options,
            })
        },
    );
    let inner = vec(axis(), 1..3).prop_map(|axes| {
        let block = |axis| Block { factors: vec![Factor::Axis(name("p5"), axis)], condition: None };
        Factor::Blocks(axes.into_iter().map(block).collect())
    });
    let first = axis().prop_map(|axis| Factor::Axis(name("p0"), axis));
    (first, zip, sample, inner, option::of(Just("p0 > 0 and p5 < 1e3".to_owned())), any::<bool>()).prop_map(
        |(first, zip, sample, inner, condition, turned)| {
            let mut factors = vec![first, zip, sample, inner];
            if turned {
                factors.reverse();
            }
            Block { factors, condition }
        },
    )
}

fn outputs() -> impl Strategy<Value = Vec<Output>> {
    let stream =
        prop_oneof![Just(Stream::Stdout), Just(Stream::Stderr), Just(Stream::File("o u.txt".into()))];
    let row = prop_oneof![Just(Row::First), Just(Row::Last), (0..9_u64).prop_map(Row::Number)];
    let source = prop_oneof![
        option::of(Just("a.json".to_owned()))
            .prop_map(|file| OutputSource::Json { field: "a.b[0]".into(), file }),
        stream.clone().prop_map(|stream| OutputSource::Regex { pattern: "y=\"(\\d+)".into(), stream }),
        (words(), row, stream).prop_map(|(column, row, stream)| OutputSource::Csv { column, row, stream }),
        Just(OutputSource::Measure(Measure::PeakMemory)),
    ];
    let output = (source, option::of(words()), any::<bool>()).prop_map(|(source, description, required)| {
        let measured = matches!(source, OutputSource::Measure(_));
        let (kind, unit) = match measured {
            true => (Some(ValueType::Integer), Some("B".to_owned())),
            false => (Some(ValueType::Float), None),
        };
        Output { name: name("y"), source, kind, unit, description, required }
    });
    vec(output, 0..4).prop_map(|mut outputs| {
        for (number, output) in outputs.iter_mut().enumerate() {
            output.name = name(&format!("y{number}"));
        }
        outputs
    })
}

fn policy() -> impl Strategy<Value = RunPolicy> {
    let order = prop_oneof![
        Just(Order::Sequential),
        Just(Order::Reverse),
        Just(Order::Coarse),
        (0..9_u64).prop_map(Order::Random)
    ];
    let failures =
        prop_oneof![(1..9_u64).prop_map(FailureLimit::Runs), Just("2.5 %".parse::<FailureLimit>().unwrap())];
    let retry = (0..4_u32, any::<bool>(), 0.001..9.0_f64).prop_map(|(count, own, delay)| match own {
        false => Retry { count, ..Retry::default() },
        true => Retry {
            count,
            on: vec![CauseKind::TimeOut, CauseKind::OutOfMemory],
            delay: Seconds(delay),
            more_memory: 1.5,
            ..Retry::default()
        },
    });
    let limit = || option::of((0.001..1e6_f64).prop_map(Seconds));
    (order, retry, option::of(1..9_u32), option::of(failures), limit(), limit()).prop_map(
        |(order, retry, slots, max_failures, cpu_limit, time_limit)| RunPolicy {
            order,
            retry,
            slots,
            max_failures,
            cpu_limit,
            time_limit,
            ..RunPolicy::default()
        },
    )
}

prop_compose! {
    fn study()(
        blocks in vec(block(), 1..3),
        outputs in outputs(),
        run in policy(),
        description in option::of(words()),
        stdin in option::of(words()),
        environment in btree_map("[A-Z. \"]{1,5}", words(), 0..3),
        content in option::of(words()),
        memory in option::of(1..1_u64 << 50),
        exit_codes in vec(-9..9_i32, 1..3),
    ) -> Study {
        let text = "name = \"s\"\napplication.command = [\"sim\", \"{p0}\", \"{p1}\", \"{p2}\", \"{p3}\", \"{p4}\", \"{p5}\"]\n\
             [space]\np0 = 0.5\np1 = 0.5\np2 = 0.5\np3 = 0.5\np4 = 0.5\np5 = 0.5";
        let mut study = read(text);
        let application = &mut study.application;
        application.description = description.clone();
        application.stdin = stdin.map(|words| Template::literal(&words));
        application.environment =
            environment.into_iter().map(|(name, words)| (name, Template::literal(&words))).collect();
        application.files = content
            .map(|words| TemplateFile { path: "in put.txt".into(), content: Template::literal(&words) })
            .into_iter()
            .collect();
        application.resources.memory = memory.map(crate::Bytes);
        application.success.exit_codes = exit_codes;
        application.outputs = outputs;
        Study { description, space: SpaceSpec { blocks }, run, ..study }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// The order of what is given decides the order of the parameters that are inferred, so it is read once first.
    #[test]
    fn a_study_that_is_written_is_read_as_it_was(study in study()) {
        let text = write_study(&study).unwrap();
        let first = match read_study(&text, &origin()) {
            Ok(document) => document.study,
            Err(found) => panic!("{}", shown(&found, &text)),
        };
        let said = |what: &dyn std::fmt::Debug| format!("{what:#?}");
        prop_assert_eq!(said(&first.space), said(&study.space));
        prop_assert_eq!(said(&first.run), said(&study.run));
        prop_assert_eq!(said(&first.application.outputs), said(&study.application.outputs));
        comes_back(&first);
    }
}
