//! `--json`: every event is a line on standard output.

use std::io::Write;

use paramo_engine::Observer;
use paramo_model::Event;

/// Writes events as lines of JSON. Output tails are texts: bytes that are not UTF-8 are replaced.
pub struct JsonLines;

impl Observer for JsonLines {
    fn wants_runs(&self) -> bool {
        true
    }

    fn event(&mut self, event: Event) {
        let Ok(mut json) = serde_json::to_value(&event) else { return };
        texts(&mut json);
        let mut out = std::io::stdout().lock();
        // A reader that has gone away must not stop the study.
        let _ = writeln!(out, "{json}").and_then(|()| out.flush());
    }
}

/// Turns captured bytes (`tail`) into text.
pub fn texts(json: &mut serde_json::Value) {
    match json {
        serde_json::Value::Object(fields) => {
            for (key, value) in fields {
                match value {
                    serde_json::Value::Array(bytes) if key == "tail" => {
                        let bytes: Vec<u8> =
                            bytes.iter().filter_map(|b| b.as_u64().map(|b| b as u8)).collect();
                        *value = String::from_utf8_lossy(&bytes).into();
                    }
                    other => texts(other),
                }
            }
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(texts),
        _ => {}
    }
}
