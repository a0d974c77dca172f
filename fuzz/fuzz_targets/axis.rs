//! Any text is an axis of a command line or is refused at a place inside it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use paramo_model::document::{read_axes, read_axis};

fuzz_target!(|text: &str| {
    match read_axis(text) {
        Ok(_) => drop(read_axes(&[text.to_owned()], &[])),
        Err(error) => assert!(text.get(error.at).is_some()),
    }
});
