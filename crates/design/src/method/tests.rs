//! What holds of every method: point i alone is point i of the whole, and nothing else depends on how it is asked for.

use paramo_model::{Setting, Value};

use super::*;
use crate::sampler::{Access, Reach};

/// A design with default options, for the tests of the methods.
pub(crate) fn design(count: u64, seed: u64, dimensions: usize) -> Design<'static> {
    static NONE: std::sync::LazyLock<Options> = std::sync::LazyLock::new(Options::default);
    Design { count: Some(count), start: 0, seed, dimensions, options: &NONE }
}

/// A design with options, which it holds.
pub(crate) struct Asked {
    pub count: Option<u64>,
    pub start: u64,
    pub seed: u64,
    pub dimensions: usize,
    pub options: Options,
}

impl Asked {
    pub fn design(&self) -> Design<'_> {
        let Asked { count, start, seed, dimensions, ref options } = *self;
        Design { count, start, seed, dimensions, options }
    }
}

pub(crate) fn design_with(count: u64, seed: u64, dimensions: usize, options: &[(&str, Value)]) -> Asked {
    let options =
        options.iter().map(|(name, value)| ((*name).to_owned(), Setting::Value(value.clone()))).collect();
    Asked { count: Some(count), start: 0, seed, dimensions, options: Options::new(options) }
}

/// The points of a design, row by row.
fn rows(sampler: &dyn Sampler, dimensions: usize) -> Vec<Vec<f64>> {
    (0..sampler.points())
        .map(|i| {
            let mut point = vec![0.0; dimensions];
            sampler.fill(i, &mut point);
            point
        })
        .collect()
}

/// A method, a count, dimensions and options.
type Example = (&'static str, Option<u64>, usize, Vec<(&'static str, Value)>);

/// Designs of every method.
fn examples() -> Vec<Example> {
    vec![
        ("box-behnken", None, 4, vec![]),
        ("box-behnken", None, 11, vec![("centre", 1.into())]),
        ("central-composite", None, 3, vec![]),
        ("central-composite", None, 3, vec![("kind", "circumscribed".into())]),
        ("central-composite", None, 5, vec![("kind", "faced".into()), ("fraction", 1.into())]),
        ("d-optimal", Some(9), 3, vec![("model", "interactions".into())]),
        ("efast", Some(65), 4, vec![]),
        ("fractional-factorial", None, 7, vec![]),
        ("fractional-factorial", None, 4, vec![("generators", "a b c -abc".into())]),
        ("fractional-factorial", None, 7, vec![("resolution", 3.into()), ("fold_over", true.into())]),
        ("full-factorial", Some(81), 4, vec![("levels", 3.into())]),
        ("halton", Some(60), 7, vec![]),
        ("halton", Some(60), 7, vec![("scramble", "none".into())]),
        ("latin-hypercube", Some(60), 5, vec![]),
        ("latin-hypercube", Some(60), 5, vec![("kind", "centred".into())]),
        ("latin-hypercube", Some(49), 5, vec![("kind", "orthogonal-array".into())]),
        ("latin-hypercube", Some(60), 5, vec![("kind", "maximin".into())]),
        ("latin-hypercube", Some(60), 5, vec![("kind", "nearly-orthogonal".into())]),
        ("morris", Some(60), 5, vec![]),
        ("morris", None, 3, vec![("optimised", true.into()), ("trajectories", 4.into())]),
        ("plackett-burman", None, 11, vec![]),
        ("plackett-burman", Some(72), 5, vec![("fold_over", true.into())]),
        ("r-sequence", Some(60), 4, vec![]),
        ("random", Some(60), 4, vec![]),
        ("saltelli", Some(16), 3, vec![]),
        ("saltelli", Some(16), 3, vec![("second_order", false.into()), ("scramble", "none".into())]),
        ("sobol", Some(60), 9, vec![]),
        ("sobol", Some(60), 9, vec![("scramble", "none".into())]),
        ("sobol", Some(60), 9, vec![("scramble", "shift".into())]),
        ("sobol", Some(60), 9, vec![("scramble", "owen".into())]),
    ]
}

#[test]
fn the_registry_is_the_folder() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/method");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "rs"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().replace('_', "-"))
        .filter(|name| name != "mod" && name != "tests")
        .collect();
    files.sort();
    let names: Vec<&str> = METHODS.iter().map(|method| method.name()).collect();
    assert_eq!(names, files);
    assert!(METHODS.iter().all(|method| !method.help().is_empty()));
    let described =
        |o: &OptionHelp| [o.name, o.help, o.values, o.default].iter().all(|text| !text.is_empty());
    assert!(METHODS.iter().all(|method| method.options().iter().all(described)));
}

#[test]
fn every_method_has_an_example_here() {
    for method in METHODS {
        assert!(examples().iter().any(|(name, ..)| *name == method.name()), "{}", method.name());
    }
}

#[test]
fn any_point_alone_is_that_point_of_the_whole() {
    for (name, count, dimensions, options) in examples() {
        let method = find(name).unwrap_or_else(|_| panic!("{name}"));
        let asked = Asked { count, ..design_with(1, 7, dimensions, &options) };
        let sampler = build(method, &asked.design()).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        assert!(sampler.points() > 0, "{name}");
        let all = rows(&*sampler, dimensions);
        // Another one, asked backwards and coordinate by coordinate.
        let other = build(method, &asked.design()).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        for (i, row) in all.iter().enumerate().rev() {
            for (d, x) in row.iter().enumerate() {
                let y = other.coordinate(i as u64, d);
                assert_eq!(x.to_bits(), y.to_bits(), "{name} {options:?}: point {i}, dimension {d}");
            }
        }
        // In bulk, from anywhere.
        for first in [0, 1, all.len() / 3, all.len() - 1] {
            let mut block = vec![f64::NAN; (all.len() - first) * dimensions];
            sampler.block(first as u64, dimensions, &mut block);
            assert_eq!(block, all[first..].concat(), "{name} {options:?}: from {first}");
        }
        let (low, high) = match sampler.reach() {
            Reach::Inside => (f64::MIN_POSITIVE, 1.0 - f64::EPSILON / 2.0),
            Reach::WithZero => (0.0, 1.0 - f64::EPSILON / 2.0),
            Reach::WithEnds => (0.0, 1.0),
            Reach::Beyond(low, high) => {
                assert!(low <= 0.0 && high >= 1.0, "{name}");
                (low, high)
            }
        };
        assert!(all.iter().flatten().all(|x| (low..=high).contains(x)), "{name} {options:?}");
        assert!(!matches!(sampler.access(), Access::Kept(why) if why.is_empty()));
    }
}

#[test]
fn a_sequence_goes_on_where_it_ended() {
    for (name, _, dimensions, options) in examples() {
        let method = find(name).unwrap_or_else(|_| panic!("{name}"));
        let asked = design_with(100, 7, dimensions, &options);
        let rest = Asked { count: Some(60), start: 40, ..design_with(1, 7, dimensions, &options) };
        match build(method, &rest.design()) {
            Ok(later) => {
                assert!(method.continues());
                let whole = build(method, &asked.design()).unwrap_or_else(|e| panic!("{name}: {e:?}"));
                assert_eq!(rows(&*later, dimensions), rows(&*whole, dimensions)[40..], "{name}");
            }
            Err(refusal) => assert!(!method.continues() && refusal.field == "start", "{name}"),
        }
    }
}

#[test]
fn what_no_method_can_do_is_refused() {
    let sobol = find("sobol").unwrap_or_else(|_| panic!("sobol"));
    let refused = |asked: &Asked| build(sobol, &asked.design()).err().map(|r| (r.field, r.message));
    let plain = design_with(8, 1, 2, &[]);
    let wrong = |field: &str, message: &str| Some((field.to_owned(), message.to_owned()));
    assert_eq!(
        refused(&Asked { count: Some(0), ..design_with(8, 1, 2, &[]) }),
        wrong("count", "expected 1 to 2^63 - 1 points, found 0")
    );
    assert_eq!(
        refused(&Asked { count: None, ..plain }),
        wrong("count", "`count` is missing: how many points")
    );
    assert_eq!(
        refused(&design_with(8, 1, 2, &[("scrambel", 1.into())])),
        wrong("scrambel", "there is no option `scrambel`")
    );
}
