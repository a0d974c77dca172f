//! Any text is an expression that evaluates without panic, or is refused at a place inside it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use paramo_model::{Expression, Value};

fuzz_target!(|text: &str| {
    match Expression::parse(text, &["x", "y", "mode", "gone", "k-on"]) {
        Ok(expression) => {
            let values = [2i64.into(), 0.5.into(), "fast".into(), Value::Missing, i64::MIN.into()];
            let _ = expression.eval(&values);
            let _ = expression.test(&values);
        }
        Err(error) => assert!(text.get(error.at).is_some()),
    }
});
