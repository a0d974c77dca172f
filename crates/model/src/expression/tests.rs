use std::hint::black_box;

use proptest::prelude::*;

use super::*;

const NAMES: [&str; 6] = ["x", "y", "mode", "k-on", "gone", "flag"];

fn values() -> Vec<Value> {
    vec![2i64.into(), 1.5.into(), "fast".into(), 7i64.into(), Value::Missing, true.into()]
}

fn eval(source: &str) -> Result<Value, String> {
    Expression::parse(source, &NAMES)
        .map_err(|e| format!("{} at {:?} {:?}", e.message, e.at, e.help))?
        .eval(&values())
}

#[test]
fn arithmetic_is_what_people_mean() {
    for (source, expected) in [
        ("1.5 * 2", Value::Float(3.0)),
        ("1 + 2 * 3", Value::Integer(7)),
        ("(1 + 2) * 3", Value::Integer(9)),
        ("7 / 2", Value::Float(3.5)),
        ("6 / 2", Value::Float(3.0)),
        ("-7 % 3", Value::Integer(2)),
        ("7 % -3", Value::Integer(-2)),
        ("-7.5 % 2", Value::Float(0.5)),
        ("1 / 0", Value::Float(f64::INFINITY)),
        ("5 % 0", Value::Float(f64::NAN)),
        ("2 ** 3 ** 2", Value::Integer(512)),
        ("2 ^ -1", Value::Float(0.5)),
        ("-2 ** 2", Value::Integer(-4)),
        ("10 - 3 - 2", Value::Integer(5)),
        ("9223372036854775807 + 1", Value::Float(9_223_372_036_854_775_808.0)),
        ("-9223372036854775808", Value::Integer(i64::MIN)),
        ("1_000 + 1e-9 * 0", Value::Float(1000.0)),
        (".5 + 1.", Value::Float(1.5)),
        ("x + y", Value::Float(3.5)),
        ("{k-on} - x", Value::Integer(5)),
        ("gone + 1", Value::Missing),
        ("max(1, 2.5, x)", Value::Float(2.5)),
        ("min(3, x)", Value::Integer(2)),
        ("max(1, 0 / 0, 3)", Value::Float(f64::NAN)),
        ("abs(-3) + floor(2.9) + ceil(2.1) + round(2.5)", Value::Integer(11)),
        ("sqrt(16) + log(exp(1)) + log10(100)", Value::Float(7.0)),
        ("'it''s'", Value::Missing),
    ] {
        match expected {
            Value::Missing if source.starts_with('\'') => assert!(eval(source).is_err(), "{source}"),
            expected => assert_eq!(eval(source), Ok(expected), "{source}"),
        }
    }
}

#[test]
fn conditions_are_what_people_mean() {
    for (source, expected) in [
        ("x > y and mode == 'fast'", true),
        ("x < y || flag", true),
        ("not flag or !flag", false),
        ("1 < x < 3", true),
        ("1 < x < 2", false),
        ("3 > x > 1 >= 1", true),
        ("x = 2", true),
        ("x == 2.0 && x != 3", true),
        ("mode in ['slow', \"fast\"]", true),
        ("mode not in ['slow']", true),
        ("x in [1, 2,]", true),
        ("'a' < 'b'", true),
        ("not x > 3", true),
        ("gone < 1", false),
        ("gone != 1", false),
        ("gone in [1]", false),
        ("not (gone > 1 and true)", true),
        ("0 / 0 == 0 / 0", false),
        ("flag == true", true),
        // The right side would be an error.
        ("false and 1 < 'a'", false),
        ("x ≥ 2 and x ≤ 2 and x ≠ 3", true),
    ] {
        let condition = Expression::parse(source, &NAMES).unwrap_or_else(|e| panic!("{source}: {e:?}"));
        assert_eq!(condition.test(&values()), Ok(expected), "{source}");
    }
}

#[test]
fn a_missing_condition_does_not_hold() {
    assert_eq!(Expression::parse("gone", &NAMES).unwrap().test(&values()), Ok(false));
    assert_eq!(Expression::parse("not gone", &NAMES).unwrap().test(&values()), Ok(false));
}

#[test]
fn errors_of_evaluation_name_the_types() {
    for (source, expected) in [
        ("x + 1", "a condition must be true or false, this one is the integer 3"),
        ("mode", "a condition must be true or false, this one is the text 'fast'"),
        ("mode > 3", "cannot compare the text 'fast' with the integer 3"),
        ("flag < true", "true and false have no order"),
        ("x and flag", "`and` takes true or false, not the integer 2"),
        ("-mode == 1", "`-` takes a number, not the text 'fast'"),
        ("mode * 2 > 1", "`*` takes numbers, not the text 'fast'"),
        ("sqrt(flag) > 1", "`sqrt` takes numbers, not the boolean true"),
    ] {
        assert_eq!(
            Expression::parse(source, &NAMES).unwrap().test(&values()),
            Err(expected.to_owned()),
            "{source}"
        );
    }
    assert!(Expression::parse("y", &NAMES).unwrap().eval(&values()[..1]).is_err());
}

#[test]
fn errors_of_syntax_point_at_the_word() {
    let shown = |source: &str| {
        let error = Expression::parse(source, &NAMES).unwrap_err();
        let help = error.help.map(|help| format!(" ({help})")).unwrap_or_default();
        format!("`{}`: {}{help}", &source[error.at], error.message)
    };
    let sources = [
        "x > z",
        "x > modee",
        "k-on > 1",
        "x >",
        "",
        "x y",
        "(x",
        "x)",
        "x > > y",
        "sqr(x)",
        "sqrt()",
        "sqrt(1, 2)",
        "x & y",
        "x > 'a",
        "1 < 2x",
        "x in 3",
        "x in []",
        "{x",
        "x # y",
        "1.2.3 > x",
        "and",
        "x > 1e999",
        "{α} > 1",
        "x.5 > 1",
    ];
    insta::assert_snapshot!(sources.map(|s| format!("{s:<10} | {}", shown(s))).join("\n"), @"
    x > z      | `z`: there is no parameter `z` (the names known here are x, y, mode, k-on, gone, flag)
    x > modee  | `modee`: there is no parameter `modee` (did you mean `mode`?)
    k-on > 1   | `k`: there is no parameter `k` (a name with a `-` stands in braces: {k-on})
    x >        | ``: expected a value before the end
               | ``: expected a value before the end
    x y        | `y`: expected an operator such as `and` or `<`, found `y`
    (x         | ``: expected `)` before the end
    x)         | `)`: a `)` without its `(`
    x > > y    | `>`: expected a value, found `>`
    sqr(x)     | `sqr`: there is no function `sqr` (did you mean `sqrt`?)
    sqrt()     | `sqrt`: `sqrt` needs a value between its parentheses
    sqrt(1, 2) | `sqrt`: `sqrt` takes one value, 2 are given
    x & y      | `&`: `&` has no meaning here (write `and`)
    x > 'a     | `'a`: a text that begins with ' must end with '
    1 < 2x     | `2x`: `2x` is not a number
    x in 3     | `3`: expected `[`, found a number
    x in []    | `]`: expected a value, found `]`
    {x         | `{x`: a name that begins with { must end with }
    x # y      | `#`: `#` has no meaning here
    1.2.3 > x  | `1.2.3`: `1.2.3` is not a number
    and        | `and`: expected a value, found `and`
    x > 1e999  | `1e999`: `1e999` is not a number
    {α} > 1    | `{α}`: there is no parameter `α` (the names known here are x, y, mode, k-on, gone, flag)
    x.5 > 1    | `x.5`: there is no parameter `x.5` (the names known here are x, y, mode, k-on, gone, flag)
    ");
}

#[test]
fn variables_may_have_the_names_of_functions_and_words() {
    let condition = Expression::parse("log(log) > {in} and α.β", &["log", "in", "α.β"]).unwrap();
    assert_eq!(condition.test(&[100i64.into(), 4i64.into(), true.into()]), Ok(true));
    assert_eq!(condition.references().collect::<Vec<_>>(), [0, 1, 2]);
}

#[test]
fn references_are_sorted_and_unique() {
    let condition = Expression::parse("y > x and y < 3", &NAMES).unwrap();
    assert_eq!(condition.references().collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn deep_nesting_is_refused_and_long_chains_are_not() {
    for deep in ["(", "-", "not ", "2**", "abs(", "x in ["] {
        let error = Expression::parse(&deep.repeat(1_200), &NAMES).unwrap_err();
        assert!(error.message.contains("nested more than 64 deep"), "{deep}: {error}");
    }
    let error = Expression::parse(&"(".repeat(100_000), &NAMES).unwrap_err();
    assert_eq!(error.message, "a condition has at most 10000 bytes, this one has 100000");
    for (chain, end) in [("1+", "1 > 0"), ("true and ", "true"), ("0<=", "0"), ("x*", "0 == 0")] {
        let source = chain.repeat(1_000) + end;
        assert_eq!(Expression::parse(&source, &NAMES).unwrap().test(&values()), Ok(true), "{chain}");
    }
}

/// Prints the rate: `cargo test --release -p paramo-model --lib rate_of_a_comparison -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn rate_of_a_comparison() {
    let condition = Expression::parse("k1 > k2", &["k1", "k2"]).unwrap();
    let point = [Value::Float(1e9), Value::Float(0.1)];
    let rounds = 50_000_000u32;
    let start = std::time::Instant::now();
    let held = (0..rounds).filter(|_| black_box(&condition).test(black_box(&point)) == Ok(true)).count();
    let seconds = start.elapsed().as_secs_f64();
    assert_eq!(held, rounds as usize);
    println!("{:.1} million evaluations a second", f64::from(rounds) / seconds / 1e6);
}

proptest! {
    #[test]
    fn any_text_parses_or_gets_an_error_inside_it(source in "\\PC*") {
        if let Err(error) = Expression::parse(&source, &NAMES) {
            prop_assert!(source.get(error.at).is_some());
        }
    }

    #[test]
    fn any_words_parse_and_evaluate_without_panic(
        words in proptest::collection::vec(
            prop_oneof![
                Just("x"), Just("y"), Just("mode"), Just("gone"), Just("flag"), Just("1"), Just("9223372036854775807"),
                Just("1e308"), Just("'a'"), Just("+"), Just("-"), Just("*"), Just("/"), Just("%"), Just("**"), Just("<"),
                Just(">="), Just("=="), Just("and"), Just("or"), Just("not"), Just("in"), Just("["), Just("]"), Just("("),
                Just(")"), Just(","), Just("round("), Just("min("),
            ],
            0..12,
        )
    ) {
        let source = words.join(" ");
        match Expression::parse(&source, &NAMES) {
            Ok(expression) => { let _ = expression.eval(&values()); }
            Err(error) => prop_assert!(source.get(error.at).is_some()),
        }
    }

    #[test]
    fn integers_agree_with_rust(a in any::<i64>(), b in any::<i64>()) {
        let expression = Expression::parse("x * y - x < x + y", &["x", "y"]).unwrap();
        let exact = i128::from(a) * i128::from(b) - i128::from(a) < i128::from(a) + i128::from(b);
        // Beyond 64 bits the sides are floats; there they differ only where rounding makes them equal.
        if let Some(product) = a.checked_mul(b).and_then(|p| p.checked_sub(a)) && let Some(sum) = a.checked_add(b) {
            prop_assert_eq!(product < sum, exact);
            prop_assert_eq!(expression.test(&[a.into(), b.into()]), Ok(exact));
        }
    }
}
