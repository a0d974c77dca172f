use std::borrow::Cow;
use std::sync::Arc;

use proptest::prelude::*;

use super::{CellData, Cells};
use crate::{Expression, Value};

const NAMES: [&str; 6] = ["x", "y", "n", "m", "mode", "flag"];

/// A table whose cells may be missing.
#[derive(Clone, Debug)]
struct Table {
    floats: [Vec<f64>; 2],
    integers: [Vec<i64>; 2],
    texts: Vec<u32>,
    flags: Vec<bool>,
    present: [Option<Vec<bool>>; 6],
    rows: Vec<usize>,
}

const LABELS: [&str; 3] = ["a", "b", "ab"];

impl Table {
    fn labels() -> Vec<Arc<str>> {
        LABELS.map(Arc::from).to_vec()
    }

    fn columns<'a>(&'a self, labels: &'a [Arc<str>]) -> [Cells<'a>; 6] {
        let data = [
            CellData::Float(&self.floats[0]),
            CellData::Float(&self.floats[1]),
            CellData::Integer(&self.integers[0]),
            CellData::Integer(&self.integers[1]),
            CellData::Text { labels, codes: &self.texts },
            CellData::Boolean(&self.flags),
        ];
        let mut present = self.present.iter();
        data.map(|data| Cells { data, present: present.next().and_then(Option::as_deref) })
    }

    fn values(&self, row: usize) -> Vec<Value> {
        let text = LABELS.get(self.texts[row] as usize).map_or(Value::Missing, |text| Value::string(*text));
        let values = [
            Value::Float(self.floats[0][row]),
            Value::Float(self.floats[1][row]),
            Value::Integer(self.integers[0][row]),
            Value::Integer(self.integers[1][row]),
            text,
            Value::Boolean(self.flags[row]),
        ];
        let there = |at: usize| self.present[at].as_ref().is_none_or(|present| present[row]);
        let cell = |(at, value)| if there(at) { value } else { Value::Missing };
        values.into_iter().enumerate().map(cell).collect()
    }
}

fn tables() -> impl Strategy<Value = Table> {
    let float =
        prop_oneof![Just(f64::NAN), Just(0.0), Just(-0.0), Just(1.0), Just(f64::INFINITY), -3.0..3.0f64];
    let integer = prop_oneof![-3i64..4, Just(i64::MAX), Just(i64::MIN), Just((1i64 << 53) + 1)];
    let cell = (float.clone(), float, integer.clone(), integer, 0u32..4, any::<bool>(), any::<[bool; 6]>());
    (prop::collection::vec(cell, 1..40), any::<[bool; 6]>(), any::<bool>()).prop_flat_map(
        |(cells, gaps, some)| {
            let all: Vec<usize> = (0..cells.len()).collect();
            let rows = if some {
                prop::sample::subsequence(all.clone(), 0..=all.len()).boxed()
            } else {
                Just(all).boxed()
            };
            rows.prop_map(move |rows| Table {
                floats: [cells.iter().map(|c| c.0).collect(), cells.iter().map(|c| c.1).collect()],
                integers: [cells.iter().map(|c| c.2).collect(), cells.iter().map(|c| c.3).collect()],
                texts: cells.iter().map(|c| c.4).collect(),
                flags: cells.iter().map(|c| c.5).collect(),
                present: std::array::from_fn(|at| gaps[at].then(|| cells.iter().map(|c| c.6[at]).collect())),
                rows,
            })
        },
    )
}

/// Conditions of every shape, those that are refused among them.
fn conditions() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("x"),
        Just("y"),
        Just("n"),
        Just("m"),
        Just("1"),
        Just("0.5"),
        Just("-2"),
        Just("(2 * 3)"),
        Just("0"),
        Just("9007199254740993"),
    ]
    .prop_map(str::to_owned);
    let number = leaf.prop_recursive(3, 8, 2, |inner| {
        let operator = prop::sample::select(vec!["+", "-", "*", "/", "%", "**"]);
        let function =
            prop::sample::select(vec!["abs", "sqrt", "exp", "log", "log10", "floor", "round", "-"]);
        prop_oneof![
            (inner.clone(), operator, inner.clone()).prop_map(|(a, o, b)| format!("({a} {o} {b})")),
            (function, inner.clone()).prop_map(|(f, a)| format!("{f}({a})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("max({a}, {b})")),
        ]
    });
    let comparison = prop::sample::select(vec!["<", "<=", ">", ">=", "==", "!="]);
    let text = prop::sample::select(vec!["mode", "'a'", "'ab'", "'z'"]);
    let simple = prop_oneof![
        4 => (number.clone(), comparison.clone(), number.clone()).prop_map(|(a, c, b)| format!("{a} {c} {b}")),
        1 => (number.clone(), comparison.clone(), number.clone(), comparison.clone(), number.clone())
            .prop_map(|(a, c, b, d, e)| format!("{a} {c} {b} {d} {e}")),
        1 => (text.clone(), comparison.clone(), text).prop_map(|(a, c, b)| format!("{a} {c} {b}")),
        1 => (number.clone(), any::<bool>(), prop::collection::vec(number, 1..3))
            .prop_map(|(a, not, list)| format!("{a} {}in [{}]", if not { "not " } else { "" }, list.join(", "))),
        1 => Just("mode not in ['a', 'z']".to_owned()),
        1 => Just("flag".to_owned()),
        1 => Just("flag == false".to_owned()),
        1 => Just("flag != false".to_owned()),
        1 => Just("mode == 1".to_owned()),
        1 => Just("true".to_owned()),
    ];
    simple.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} and {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} or {b})")),
            inner.prop_map(|a| format!("not ({a})")),
        ]
    })
}

proptest! {
    #[test]
    fn columns_hold_what_rows_hold(table in tables(), source in conditions()) {
        let condition = Expression::parse(&source, &NAMES).unwrap();
        let labels = Table::labels();
        let by_row: Result<Vec<usize>, String> = table
            .rows
            .iter()
            .filter_map(|row| match condition.test(&table.values(*row)) {
                Ok(held) => held.then_some(Ok(*row)),
                Err(error) => Some(Err(error)),
            })
            .collect();
        if let Some(found) = condition.holding(&table.columns(&labels), &table.rows) {
            prop_assert_eq!(Ok(found.into_owned()), by_row, "{}", source);
        }
    }
}

/// What people ask has a plan, in blocks that are and are not side by side.
#[test]
fn plain_conditions_are_planned() {
    let rows = 5000;
    let table = Table {
        floats: std::array::from_fn(|at| (0..rows).map(|row| (row * (at + 1)) as f64 / 7.0).collect()),
        integers: std::array::from_fn(|at| (0..rows).map(|row| (row * 37 % (at + 11)) as i64).collect()),
        texts: (0..rows).map(|row| (row % 3) as u32).collect(),
        flags: (0..rows).map(|row| row % 5 < 2).collect(),
        present: [None, Some((0..rows).map(|row| row % 9 > 0).collect()), None, None, None, None],
        rows: (0..rows).filter(|row| *row < 2048 || row % 4 > 0).collect(),
    };
    let labels = Table::labels();
    for source in [
        "x > 100 and y < 900",
        "not (n >= 3) or flag",
        "mode in ['a', 'b'] and m != 2",
        "x * 2 - n / 3 > y - 1",
        "sqrt(x) < 20 < y <= 1e3",
        "n > m and flag != true",
        "n not in [1, 2]",
        // It holds for all rows of the first blocks.
        "x < 300",
    ] {
        let condition = Expression::parse(source, &NAMES).unwrap();
        let found = condition.holding(&table.columns(&labels), &table.rows);
        let test = |row: &usize| condition.test(&table.values(*row)).unwrap();
        let expected: Vec<usize> = table.rows.iter().copied().filter(test).collect();
        assert!(!expected.is_empty() && expected.len() < table.rows.len(), "{source}");
        assert_eq!(found.as_deref(), Some(expected.as_slice()), "{source}");
    }
    let all = Expression::parse("x >= 0", &NAMES).unwrap();
    let found = all.holding(&table.columns(&labels), &table.rows);
    assert!(matches!(found, Some(Cow::Borrowed(rows)) if rows == table.rows), "nothing is copied");
    for source in ["x", "n + 1", "mode > 1", "n * m > 3", "floor(x) > 1"] {
        let condition = Expression::parse(source, &NAMES).unwrap();
        assert_eq!(condition.holding(&table.columns(&labels), &table.rows), None, "{source}");
    }
    let condition = Expression::parse("x > 1", &NAMES).unwrap();
    assert_eq!(condition.holding(&table.columns(&labels), &[rows]), None);
}
