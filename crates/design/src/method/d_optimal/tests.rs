//! Designs against known optima.

use super::super::tests::{Asked, design_with};
use super::*;
use crate::sampler::PropertyValue;
use paramo_model::Value;

fn build(count: u64, dimensions: usize, model: &str, levels: i64) -> Result<Box<dyn Sampler>, Refusal> {
    let options: &[(&str, Value)] = &[("model", model.into()), ("levels", levels.into())];
    DOptimal.build(&design_with(count, 3, dimensions, options).design())
}

fn numbers(points: &dyn Sampler) -> Vec<f64> {
    let number = |property: Property| match property.value {
        PropertyValue::Number(number) => Some(number),
        _ => None,
    };
    points.properties().into_iter().filter_map(number).collect()
}

/// Orthogonal arrays of two levels reach the bound |XᵀX| = n^p (Hadamard 1893): D- and G-efficiency are 100 %.
#[test]
fn two_level_factorials_are_found_for_linear_models() {
    for (dimensions, runs, model) in [
        (2, 4, "linear"),
        (3, 4, "linear"),
        (3, 8, "linear"),
        (5, 8, "linear"),
        (7, 8, "linear"),
        (3, 8, "interactions"),
        (5, 16, "interactions"),
    ] {
        let efficiencies = numbers(&*build(runs, dimensions, model, 2).unwrap());
        assert_eq!(efficiencies.len(), 2);
        assert!(
            efficiencies.iter().all(|e| (e - 100.0).abs() < 1e-6),
            "{dimensions}, {runs}: {efficiencies:?}"
        );
    }
    // Levels within the range do not tempt it.
    let points = build(4, 2, "linear", 5).unwrap();
    let mut corners: Vec<[f64; 2]> = (0..4).map(|i| [0, 1].map(|d| points.coordinate(i, d))).collect();
    corners.sort_by(|a, b| a.partial_cmp(b).unwrap());
    assert_eq!(corners, [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]);
}

/// The determinant of XᵀX of a design, on its own.
fn determinant(model: &Model, rows: &[Vec<f64>]) -> f64 {
    let n = model.terms();
    let terms: Vec<Vec<f64>> = rows.iter().map(|row| model.row(row)).collect();
    let mut m: Vec<Vec<f64>> =
        (0..n).map(|i| (0..n).map(|j| terms.iter().map(|row| row[i] * row[j]).sum()).collect()).collect();
    let mut determinant = 1.0;
    for i in 0..n {
        let pivot = (i..n).max_by(|a, b| m[*a][i].abs().total_cmp(&m[*b][i].abs())).unwrap();
        if m[pivot][i].abs() < 1e-12 {
            return 0.0;
        }
        if pivot != i {
            m.swap(pivot, i);
            determinant = -determinant;
        }
        determinant *= m[i][i];
        for j in i + 1..n {
            let factor = m[j][i] / m[i][i];
            let row = m[i].clone();
            m[j].iter_mut().zip(row).for_each(|(entry, pivot)| *entry -= factor * pivot);
        }
    }
    determinant
}

/// The largest determinant over all designs of so many runs, with repetition.
fn best_of_all(model: &Model, candidates: &[Vec<f64>], runs: usize) -> f64 {
    fn go(model: &Model, candidates: &[Vec<f64>], left: usize, rows: &mut Vec<Vec<f64>>) -> f64 {
        if left == 0 {
            return determinant(model, rows);
        }
        let mut best = 0.0f64;
        for (place, candidate) in candidates.iter().enumerate() {
            rows.push(candidate.clone());
            best = best.max(go(model, &candidates[place..], left - 1, rows));
            rows.pop();
        }
        best
    }
    go(model, candidates, runs, &mut Vec::new())
}

fn found(points: &dyn Sampler, model: &Model) -> f64 {
    let k = model.parameters();
    let rows: Vec<Vec<f64>> =
        (0..points.points()).map(|i| (0..k).map(|d| 2.0 * points.coordinate(i, d) - 1.0).collect()).collect();
    determinant(model, &rows)
}

/// One factor: a third of the runs at each end and in the middle (E. Smith 1918; Guest 1958), |XᵀX| = 4 for three runs.
/// Two factors on 3 × 3 points: every design there is.
#[test]
fn quadratic_models_of_one_and_two_factors_reach_the_optimum() {
    let one = Model::new(Kind::Quadratic, 1, 500).unwrap();
    for (runs, expected) in [(3, 4.0), (6, 32.0), (9, 108.0)] {
        let points = build(runs, 1, "quadratic", 3).unwrap();
        assert!((found(&*points, &one) - expected).abs() < 1e-9);
    }
    let two = Model::new(Kind::Quadratic, 2, 500).unwrap();
    let levels = [-1.0, 0.0, 1.0];
    let grid: Vec<Vec<f64>> = levels.iter().flat_map(|a| levels.iter().map(move |b| vec![*a, *b])).collect();
    for runs in 6..=7 {
        let best = best_of_all(&two, &grid, runs);
        let found = found(&*build(runs as u64, 2, "quadratic", 3).unwrap(), &two);
        assert!((found - best).abs() < 1e-6 * best, "{runs}: {found} of {best}");
    }
    // The nine runs are the 3² factorial (Box & Draper 1971): 6 · 6 of the main effects, 4 of their product, 36 of the rest.
    assert!((found(&*build(9, 2, "quadratic", 3).unwrap(), &two) - 5184.0).abs() < 1e-6);
}

#[test]
fn the_search_is_a_function_of_the_seed() {
    let options: &[(&str, Value)] = &[("model", "quadratic".into())];
    let of = |seed| DOptimal.build(&design_with(30, seed, 5, options).design()).unwrap();
    let (one, again) = (of(1), of(1));
    assert!((0..30).all(|i| (0..5).all(|d| one.coordinate(i, d) == again.coordinate(i, d))));
    // The best of some hundred starts had 48.64 %.
    assert!([one, of(2)].iter().all(|points| numbers(&**points)[0] > 48.0));
}

#[test]
fn what_is_not_possible_is_refused() {
    let refused = |count, dimensions, options: &[(&str, Value)]| {
        let refusal = DOptimal
            .build(&Asked { count, ..design_with(1, 0, dimensions, options) }.design())
            .err()
            .unwrap();
        format!("{}: {} ({})", refusal.field, refusal.message, refusal.help.unwrap_or_default())
    };
    insta::assert_snapshot!(
        [
            refused(None, 3, &[("model", "quadratic".into())]),
            refused(Some(9), 3, &[("model", "quadratic".into())]),
            refused(Some(20), 3, &[("model", "quadratic".into()), ("levels", 2.into())]),
            refused(Some(20), 3, &[("model", "cubic".into())]),
            refused(Some(5000), 40, &[("model", "quadratic".into())]),
            refused(Some(5000), 25, &[("model", "quadratic".into())]),
        ]
        .join("\n"),
        @r#"
        count: `count` is missing: how many runs; the model has 10 terms (add it, as in `count = 13`)
        count: a model of 10 terms takes 10 to 5000 runs, found 9 ()
        levels: a quadratic model needs at least 3 levels, found 2 ()
        model: expected one of "linear", "interactions", "quadratic", found "cubic" ()
        model: the model has more than 500 terms for 40 parameters (take a simpler one, or fewer parameters)
        count: the search over 5000 runs of 351 terms takes too long or finds nothing (take fewer runs or a simpler model)
        "#
    );
}
