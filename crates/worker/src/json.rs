//! JSON as programs write it: with `NaN` and `Infinity` (Python's `json` writes them), and after other lines.

use paramo_model::{Value, nearest};

pub(crate) use serde_json::Value as Json;

/// Stands for a number that JSON has no word for, in front of Python's name of it. A noncharacter, so that no text begins with it.
const MARK: char = '\u{fdd0}';
const WORDS: [(&str, f64); 3] =
    [("NaN", f64::NAN), ("-Infinity", f64::NEG_INFINITY), ("Infinity", f64::INFINITY)];

/// Reads one document.
pub(crate) fn parse(text: &str) -> Result<Json, String> {
    read(text)
}

/// Reads one document as a type; bare words in it are for [`value`] to read.
pub(crate) fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
    match serde_json::from_str(text) {
        Ok(read) => Ok(read),
        Err(error) => match mark_words(text) {
            Some(marked) => serde_json::from_str(&marked).map_err(|error| error.to_string()),
            None => Err(error.to_string()),
        },
    }
}

/// Reads the document that a program printed: the whole text, or its last line that is an object, or the text from its last line that
/// begins with `{`. Programs print other things first.
pub(crate) fn parse_printed(text: &str) -> Result<Json, String> {
    let whole = match parse(text) {
        Ok(json) => return Ok(json),
        Err(error) => error,
    };
    let is_object = |line: &&str| line.trim_start().starts_with('{');
    if let Some(json) = text.lines().rev().filter(is_object).take(1).find_map(|line| parse(line).ok()) {
        return Ok(json);
    }
    match text.rfind("\n{").map(|at| parse(&text[at..])) {
        Some(Ok(json)) => Ok(json),
        _ => Err(whole),
    }
}

/// The text with the bare words as marked strings; `None` where there are none.
fn mark_words(text: &str) -> Option<String> {
    let mut marked = String::new();
    let mut done = 0;
    let (mut in_string, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        if at < done {
            continue;
        }
        match c {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            'N' | 'I' | '-' if !in_string => {
                if let Some((word, _)) = WORDS.iter().find(|(word, _)| text[at..].starts_with(word)) {
                    marked.push_str(&text[done..at]);
                    marked.extend(['"', MARK]);
                    marked.push_str(word);
                    marked.push('"');
                    done = at + word.len();
                }
            }
            _ => {}
        }
    }
    (done > 0).then(|| marked + &text[done..])
}

/// The value of a scalar; arrays and objects are kept as their JSON text.
pub(crate) fn value(json: &Json) -> Value {
    match json {
        Json::String(text) => match text.strip_prefix(MARK) {
            Some(word) => Value::Float(WORDS.iter().find(|(w, _)| *w == word).map_or(f64::NAN, |(_, x)| *x)),
            None => Value::string(text.as_str()),
        },
        Json::Array(_) | Json::Object(_) => {
            let mut text = json.to_string();
            for (word, _) in WORDS {
                text = text.replace(&format!("\"{MARK}{word}\""), word);
            }
            Value::string(text)
        }
        scalar => Value::from_json(scalar),
    }
}

/// The path of a field: `a.b[0]`, empty for the whole document.
#[derive(Debug)]
pub(crate) struct Path {
    text: String,
    keys: Vec<Key>,
}

#[derive(Debug, PartialEq)]
enum Key {
    Field(String),
    Item(usize),
}

impl Path {
    pub fn new(text: &str) -> Path {
        let mut keys = Vec::new();
        for part in text.split('.').filter(|part| !part.is_empty()) {
            let (name, mut rest) = part.split_at(part.find('[').unwrap_or(part.len()));
            let mut items = Vec::new();
            while let Some((number, after)) = rest.strip_prefix('[').and_then(|r| r.split_once(']')) {
                let Ok(number) = number.trim().parse() else { break };
                items.push(Key::Item(number));
                rest = after;
            }
            if !rest.is_empty() {
                // Not an index after all: the brackets belong to the name.
                keys.push(Key::Field(part.to_owned()));
                continue;
            }
            if !name.is_empty() {
                keys.push(Key::Field(name.to_owned()));
            }
            keys.extend(items);
        }
        Path { text: text.to_owned(), keys }
    }

    /// The field of a document, or why it is not there. The message fits "{document} {message}".
    pub fn find<'a>(&self, document: &'a Json) -> Result<&'a Json, String> {
        // A field whose name has a dot in it.
        if let Some(json) = document.as_object().and_then(|object| object.get(&self.text)) {
            return Ok(json);
        }
        let mut json = document;
        let mut so_far = String::new();
        for key in &self.keys {
            let place = if so_far.is_empty() { String::new() } else { format!(" in `{so_far}`") };
            json = match (key, json) {
                (Key::Field(name), Json::Object(object)) => object.get(name).ok_or_else(|| {
                    let names: Vec<&str> = object.keys().map(String::as_str).collect();
                    let hint = match nearest(name, names.iter().copied()) {
                        Some(near) => format!("; did you mean `{near}`?"),
                        None if names.is_empty() => "; it is empty".to_owned(),
                        None => format!("; it has: {}", list(&names)),
                    };
                    format!("has no field `{name}`{place}{hint}")
                })?,
                (Key::Item(number), Json::Array(items)) => items.get(*number).ok_or_else(|| {
                    format!("has no item [{number}]{place}; there are {}, counted from 0", items.len())
                })?,
                (Key::Field(name), other) => {
                    return Err(format!("has no field `{name}`{place}, which is {}", kind(other)));
                }
                (Key::Item(number), other) => {
                    return Err(format!("has no item [{number}]{place}, which is {}", kind(other)));
                }
            };
            match key {
                Key::Field(name) if so_far.is_empty() => so_far.push_str(name),
                Key::Field(name) => so_far.extend([".", name]),
                Key::Item(number) => so_far.push_str(&format!("[{number}]")),
            }
        }
        Ok(json)
    }
}

/// The first dozen names.
pub(crate) fn list(names: &[&str]) -> String {
    let shown: Vec<String> = names.iter().take(12).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > 12 { format!(" and {} more", names.len() - 12) } else { String::new() };
    shown.join(", ") + &more
}

fn kind(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(text) if text.starts_with(MARK) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn field(text: &str, path: &str) -> Result<Value, String> {
        Path::new(path).find(&parse(text)?).map(value)
    }

    #[test]
    fn fields_are_found() {
        let text = r#"{"a": {"b": [1, {"c": "x"}]}, "d.e": 2, "n": NaN, "m": [-Infinity, "NaN \" Infinity"], "z": null}"#;
        for (path, expected) in [
            ("a.b[0]", Value::Integer(1)),
            ("a.b[1].c", "x".into()),
            ("d.e", Value::Integer(2)),
            ("n", Value::Float(f64::NAN)),
            ("m[0]", Value::Float(f64::NEG_INFINITY)),
            ("m[1]", "NaN \" Infinity".into()),
            ("m", r#"[-Infinity,"NaN \" Infinity"]"#.into()),
            ("z", Value::Missing),
        ] {
            assert_eq!(field(text, path), Ok(expected), "{path}");
        }
        assert_eq!(field("3.5", ""), Ok(Value::Float(3.5)));
        assert_eq!(field("[[1, 2], [3]]", "[1][0]"), Ok(Value::Integer(3)));
    }

    #[test]
    fn what_is_not_there_is_named() {
        for (text, path, message) in [
            (r#"{"period": 1}"#, "perod", "has no field `perod`; did you mean `period`?"),
            (r#"{"a": {"b": 1, "c": 2}}"#, "a.xyz", "has no field `xyz` in `a`; it has: `b`, `c`"),
            (r#"{"a": [1]}"#, "a[3]", "has no item [3] in `a`; there are 1, counted from 0"),
            (r#"{"a": 1}"#, "a.b", "has no field `b` in `a`, which is a number"),
            ("{}", "a", "has no field `a`; it is empty"),
        ] {
            assert_eq!(field(text, path), Err(message.to_owned()));
        }
    }

    #[test]
    fn a_document_may_follow_other_lines() {
        for text in [
            "hello\n{\"a\": 1}\n",
            "hello\n{\n \"a\": 1\n}\n",
            "{not json}\nx\n{\"a\": 1}\nbye {",
            "{\"a\":\n1}",
        ] {
            let json = parse_printed(text).unwrap();
            assert_eq!(Path::new("a").find(&json).map(value), Ok(Value::Integer(1)), "{text}");
        }
        assert!(parse_printed("hello").is_err());
    }

    proptest! {
        #[test]
        fn marking_words_never_breaks_a_document(text in "\\PC*", number in any::<i32>()) {
            let json = serde_json::json!({ "text": text, "number": number });
            let with_nan = format!("[NaN, {json}, Infinity]");
            let read = parse(&with_nan).unwrap();
            prop_assert_eq!(&read[1], &json);
            prop_assert_eq!(value(&read[2]), Value::Float(f64::INFINITY));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[-NaInfity{}\\[\\]\",:0-9.\\\\]*") {
            let _ = parse_printed(&text);
            let _ = Path::new(&text);
        }
    }
}
