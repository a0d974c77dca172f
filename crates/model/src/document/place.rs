//! From the path of a field to its place in the text.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::field::find_within;
use crate::check::{Finding, Within};
use crate::{Diagnostic, FieldPath, Position};

/// Gives a diagnostic the position of its field in the text it was read from: of the field itself, or of the nearest one
/// above it that is there. A path speaks of blocks by number; where the file has a single table instead, the number is
/// dropped from the path.
pub fn place(text: &str, diagnostic: Diagnostic) -> Diagnostic {
    let (document, _) = DeTable::parse_recoverable(text);
    let document = DeValue::Table(document.into_inner());
    place_in(text, &document, Finding { diagnostic, within: None })
}

pub(super) fn place_in(text: &str, document: &DeValue, finding: Finding) -> Diagnostic {
    let Finding { mut diagnostic, within } = finding;
    let Located { path, key, value } = locate(document, &diagnostic.field);
    let inner = match within {
        Some(Within::Key) => key,
        Some(Within::Bytes { of, at }) => {
            find_within(text, &value, &of).map(|whole| whole.start + at.start..whole.start + at.end)
        }
        Some(Within::Needle(needle)) => find_within(text, &value, &needle),
        None => None,
    };
    diagnostic.field = path;
    diagnostic.at(Position::of(text, inner.unwrap_or(value)))
}

struct Located {
    /// The path as the file has it.
    path: FieldPath,
    /// The key of the last part, if all parts are there and the last one has a key.
    key: Option<Range<usize>>,
    /// The value of the last part that is there.
    value: Range<usize>,
}

/// What a file writes as a list, and the paths of its parts.
const PAIRS: [(&str, &str, usize); 9] = [
    ("from", "uniform", 0),
    ("to", "uniform", 1),
    ("from", "loguniform", 0),
    ("to", "loguniform", 1),
    ("mean", "normal", 0),
    ("sd", "normal", 1),
    ("from", "triangular", 0),
    ("mode", "triangular", 1),
    ("to", "triangular", 2),
];

type Child<'a> = (Option<Range<usize>>, &'a Spanned<DeValue<'a>>);

/// A field of a table with the place of its key, or an element of a list.
fn child<'a>(value: &'a DeValue<'a>, part: &str) -> Option<Child<'a>> {
    match value {
        DeValue::Table(table) => table.get_key_value(part).map(|(key, next)| (Some(key.span()), next)),
        DeValue::Array(list) => Some((None, list.get(part.parse::<usize>().ok()?)?)),
        _ => None,
    }
}

fn locate(document: &DeValue, path: &FieldPath) -> Located {
    let mut value = document;
    let mut bytes = 0..0;
    let mut key = None;
    let mut written: Vec<String> = Vec::new();
    let mut parent = document;
    let mut parts = path.0.iter();
    for part in parts.by_ref() {
        let mut next = child(value, part);
        if next.is_none() && written.last().is_some_and(|last| last == "sample") {
            // The dimensions of a sample are written beside it.
            next = child(parent, part);
            if next.is_some() {
                written.pop();
            }
        }
        match next {
            Some((span, next)) => {
                parent = value;
                key = span;
                bytes = next.span();
                value = next.get_ref();
                written.push(part.clone());
            }
            // A single table stands for a list of one.
            None if value.is_table() && part == "0" => {}
            None => {
                key = None;
                let pair = PAIRS.iter().filter(|(name, ..)| name == part);
                let mut found = pair.filter_map(|(_, form, index)| {
                    Some((form, index, value.get(*form)?.get_ref().get(*index)?))
                });
                match found.next() {
                    Some((form, index, found)) => {
                        bytes = found.span();
                        written.extend([(*form).to_owned(), index.to_string()]);
                    }
                    None => written.push(part.clone()),
                }
                break;
            }
        }
    }
    written.extend(parts.cloned());
    Located { path: FieldPath(written), key, value: bytes }
}
