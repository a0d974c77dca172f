//! An axis as it is written on a command line: `x=0:1:0.1`.

use std::ops::Range;

use crate::{Axis, ExpressionError, Name, Scale, Steps, Value};

/// Reads `NAME=VALUES`, where the values are
///
/// | written | means |
/// | --- | --- |
/// | `5`, `fast`, `true` | one value |
/// | `1,2,5`, `a,b` | these values |
/// | `1:10` | the integers from 1 to 10 |
/// | `0:1:0.1` | from 0 to 1 in steps of 0.1, both ends inclusive |
/// | `0:1/11` | 11 values from 0 to 1 |
/// | `1e8:2e9/25log` | 25 values from 1e8 to 2e9, their logarithms evenly spaced |
///
/// Integers stay integers. A value in quotes is a text, whatever it looks like: `"1:2"`, `'a,b'`.
///
/// # Errors
///
/// What was expected, and the offending bytes of the text. Whether the range makes sense is checked with the study.
pub fn read_axis(text: &str) -> Result<(Name, Axis), ExpressionError> {
    let Some(equals) = text.find('=') else {
        let help = "write NAME=VALUES, such as x=1:10, x=0:1:0.1, x=1e8:2e9/25log or mode=a,b";
        return Err(wrong("expected `=` between a name and its values", 0..text.len(), Some(help)));
    };
    let name = Name::new(&text[..equals]).map_err(|error| wrong(error.to_string(), 0..equals, None))?;
    let start = equals + 1;
    let values = &text[start..];
    match range(values, start)? {
        Some(axis) => Ok((name, axis)),
        None => Ok((name, Axis::Values(list(values, start)?))),
    }
}

fn wrong(message: impl Into<String>, at: Range<usize>, help: Option<&str>) -> ExpressionError {
    ExpressionError { message: message.into(), at, help: help.map(str::to_owned) }
}

fn number(text: &str) -> Option<Value> {
    match Value::parse(text) {
        number @ (Value::Integer(_) | Value::Float(_)) => Some(number),
        _ => None,
    }
}

/// A range, if the text is one: numbers with a `:` between them.
fn range(text: &str, start: usize) -> Result<Option<Axis>, ExpressionError> {
    let Some((from_text, rest)) = text.split_once(':') else { return Ok(None) };
    let Some(from) = number(from_text) else { return Ok(None) };
    let rest_at = start + from_text.len() + 1;
    let end = rest.find([':', '/']).unwrap_or(rest.len());
    let expect = |text: &str, at: usize, what: &str| {
        number(text).ok_or_else(|| {
            let help = "a text with a `:` in it stands in quotes, within those of the shell";
            wrong(format!("expected {what}, a number, found `{text}`"), at..at + text.len(), Some(help))
        })
    };
    let to = expect(&rest[..end], rest_at, "where the range ends")?;
    let (divider, last) = (&rest[end..], rest_at + end + 1);
    if let Some(step) = divider.strip_prefix(':') {
        let step = expect(step, last, "the step")?.as_f64().unwrap_or(f64::NAN);
        return Ok(Some(Axis::Range { from, to, steps: Steps::By(step), scale: Scale::Linear }));
    }
    if let Some(count_text) = divider.strip_prefix('/') {
        let (digits, scale) = match count_text.strip_suffix("log") {
            Some(digits) => (digits, Scale::Log),
            None => (count_text, Scale::Linear),
        };
        let count = digits.trim().parse::<u64>().map_err(|_| {
            let help = "write 0:1/11 for 11 values, 1e-3:1/4log for 4 with evenly spaced logarithms";
            wrong(
                format!("expected how many values, found `{count_text}`"),
                last..last + count_text.len(),
                Some(help),
            )
        })?;
        return Ok(Some(Axis::Range { from, to, steps: Steps::Count(count), scale }));
    }
    if !matches!((&from, &to), (Value::Integer(_), Value::Integer(_))) {
        let help = format!("write {text}:0.1 for steps of 0.1, or {text}/11 for 11 values");
        let message = "how is the range divided? without a step its ends must be integers";
        return Err(wrong(message, start..start + text.len(), Some(&help)));
    }
    Ok(Some(Axis::Range { from, to, steps: Steps::By(1.0), scale: Scale::Linear }))
}

/// Values between commas.
fn list(text: &str, start: usize) -> Result<Vec<Value>, ExpressionError> {
    let mut values = Vec::new();
    let mut at = 0;
    loop {
        let rest = &text[at..];
        let quote = rest.trim_start().chars().next().filter(|c| matches!(c, '\'' | '"'));
        let end = match quote {
            Some(quote) => {
                let open = rest.len() - rest.trim_start().len();
                let Some(close) = rest[open + 1..].find(quote).map(|i| open + 1 + i) else {
                    let message = format!("a text that begins with {quote} must end with {quote}");
                    return Err(wrong(message, start + at + open..start + text.len(), None));
                };
                values.push(Value::string(&rest[open + 1..close]));
                let end = close + 1 + rest[close + 1..].find(',').unwrap_or(rest.len() - close - 1);
                if !rest[close + 1..end].trim().is_empty() {
                    return Err(wrong(
                        "expected `,` after the text",
                        start + at + close + 1..start + at + end,
                        None,
                    ));
                }
                end
            }
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                let value = rest[..end].trim();
                if value.is_empty() {
                    let help = "an empty text is written '', within the quotes of the shell";
                    return Err(wrong("expected a value", start + at..start + at + end, Some(help)));
                }
                values.push(Value::parse(value));
                end
            }
        };
        if end == rest.len() {
            return Ok(values);
        }
        at += end + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn axis(text: &str) -> Axis {
        let (name, axis) = read_axis(text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
        assert_eq!(name.as_str(), "x");
        axis
    }

    fn range(from: impl Into<Value>, to: impl Into<Value>, steps: Steps, scale: Scale) -> Axis {
        Axis::Range { from: from.into(), to: to.into(), steps, scale }
    }

    #[test]
    fn every_form_is_read() {
        for (text, expected) in [
            ("x=5", Axis::Values(vec![5i64.into()])),
            ("x=1,2.5,b", Axis::Values(vec![1i64.into(), 2.5.into(), "b".into()])),
            ("x= a , b", Axis::Values(vec!["a".into(), "b".into()])),
            ("x=true", Axis::Values(vec![true.into()])),
            ("x=a=b", Axis::Values(vec!["a=b".into()])),
            ("x='1:2',\"a,b\",''", Axis::Values(vec!["1:2".into(), "a,b".into(), "".into()])),
            ("x=http://h/p", Axis::Values(vec!["http://h/p".into()])),
            ("x=1:10", range(1i64, 10i64, Steps::By(1.0), Scale::Linear)),
            ("x=10:1:-3", range(10i64, 1i64, Steps::By(-3.0), Scale::Linear)),
            ("x=0:1:0.1", range(0i64, 1i64, Steps::By(0.1), Scale::Linear)),
            ("x=-1.5:2/8", range(-1.5, 2i64, Steps::Count(8), Scale::Linear)),
            ("x=1e8:2e9/25log", range(1e8, 2e9, Steps::Count(25), Scale::Log)),
        ] {
            assert_eq!(axis(text), expected, "{text}");
        }
    }

    #[test]
    fn errors_point_at_the_part() {
        let shown = |text: &str| {
            let error = read_axis(text).unwrap_err();
            format!(
                "{text:<10} | `{}`: {} ({})",
                &text[error.at],
                error.message,
                error.help.unwrap_or_default()
            )
        };
        let texts = [
            "x",
            "2x=1",
            "x=",
            "x=1,,2",
            "x=1:",
            "x=1:a",
            "x=0:1.5",
            "x=0:1/",
            "x=0:1/2lin",
            "x=0:1:b",
            "x='a",
            "x='a'b",
        ];
        insta::assert_snapshot!(texts.map(shown).join("\n"), @"
        x          | `x`: expected `=` between a name and its values (write NAME=VALUES, such as x=1:10, x=0:1:0.1, x=1e8:2e9/25log or mode=a,b)
        2x=1       | `2x`: `2x` is not a name: it starts with a letter or `_`, not with `2` ()
        x=         | ``: expected a value (an empty text is written '', within the quotes of the shell)
        x=1,,2     | ``: expected a value (an empty text is written '', within the quotes of the shell)
        x=1:       | ``: expected where the range ends, a number, found `` (a text with a `:` in it stands in quotes, within those of the shell)
        x=1:a      | `a`: expected where the range ends, a number, found `a` (a text with a `:` in it stands in quotes, within those of the shell)
        x=0:1.5    | `0:1.5`: how is the range divided? without a step its ends must be integers (write 0:1.5:0.1 for steps of 0.1, or 0:1.5/11 for 11 values)
        x=0:1/     | ``: expected how many values, found `` (write 0:1/11 for 11 values, 1e-3:1/4log for 4 with evenly spaced logarithms)
        x=0:1/2lin | `2lin`: expected how many values, found `2lin` (write 0:1/11 for 11 values, 1e-3:1/4log for 4 with evenly spaced logarithms)
        x=0:1:b    | `b`: expected the step, a number, found `b` (a text with a `:` in it stands in quotes, within those of the shell)
        x='a       | `'a`: a text that begins with ' must end with ' ()
        x='a'b     | `b`: expected `,` after the text ()
        ");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_gets_an_error_inside_it(text in "x?=?[0-9a-z:/,'\"= .é-]*") {
            if let Err(error) = read_axis(&text) {
                prop_assert!(text.get(error.at).is_some());
            }
        }
    }
}
