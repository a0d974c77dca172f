//! Points from a JSON Lines file: an object a line, whose fields are the parameters. A value is a number, a string or a
//! boolean, or a list of these, of which the line's product is taken.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value as Json;

use crate::{Name, PointTable, Value, nearest};

/// The table, or the first thing that is wrong with it. The first line says which parameters there are.
pub(super) fn parse(bytes: &[u8], source: &str) -> Result<PointTable, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut columns: Vec<Name> = Vec::new();
    let mut rows = Vec::new();
    for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let number = number + 1;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let mut object = object(line).map_err(|message| format!("line {number}: {message}"))?;
        if rows.is_empty() {
            let names = object.iter().map(|(key, _)| Name::new(key));
            columns = names.collect::<Result<_, _>>().map_err(|error| format!("line {number}: {error}"))?;
        }
        let mut row = Vec::with_capacity(columns.len());
        for name in &columns {
            let Some(at) = object.iter().position(|(key, _)| *name == **key) else {
                let other = nearest(name.as_str(), object.iter().map(|(key, _)| key.as_str()));
                let other = other.map(|other| format!(" (it has `{other}`)")).unwrap_or_default();
                return Err(format!(
                    "line {number}: `{name}` is missing{other}; every line gives every parameter"
                ));
            };
            let (_, json) = object.swap_remove(at);
            row.push(cell(&json).map_err(|message| format!("line {number}, field `{name}`: {message}"))?);
        }
        if let Some((key, _)) = object.first() {
            return Err(format!(
                "line {number}: `{key}` is not in the first line; every line gives every parameter"
            ));
        }
        rows.push(row);
    }
    if rows.is_empty() {
        return Err("the file is empty; expected an object a line, such as {\"x\": 1.5}".to_owned());
    }
    Ok(PointTable { columns, rows, source: source.to_owned(), typed: true })
}

/// The fields of an object as they stand: the first parameter of a product of lists varies slowest, so their order counts.
struct Fields(Vec<(String, Json)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Fields, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Fields;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

fn object(line: &[u8]) -> Result<Vec<(String, Json)>, String> {
    let text = std::str::from_utf8(line).map_err(|_| "the file is not UTF-8 text".to_owned())?;
    let Fields(fields) = serde_json::from_str(text.trim()).map_err(|error| {
        // The parser sees one line, so its own line number would be 1 everywhere.
        let text = error.to_string();
        let reason = text.split(" at line ").next().unwrap_or(&text);
        format!("expected a JSON object, such as {{\"x\": 1.5}}: {reason}")
    })?;
    if fields.is_empty() {
        return Err("the object is empty; expected a field for every parameter".to_owned());
    }
    if let Some(place) =
        (1..fields.len()).find(|place| fields[..*place].iter().any(|f| f.0 == fields[*place].0))
    {
        return Err(format!("`{}` stands twice in it", fields[place].0));
    }
    Ok(fields)
}

fn cell(json: &Json) -> Result<Vec<Value>, String> {
    match json {
        Json::Array(list) => scalars(list),
        Json::Null | Json::Object(_) => {
            Err(format!("expected a number, a string, a boolean or a list of them, found {}", kind(json)))
        }
        scalar => Ok(vec![Value::from_json(scalar)]),
    }
}

/// The elements of a list in a cell.
pub(super) fn scalars(list: &[Json]) -> Result<Vec<Value>, String> {
    if list.is_empty() {
        return Err("the list is empty".to_owned());
    }
    list.iter()
        .map(|json| match json {
            Json::Null | Json::Array(_) | Json::Object(_) => {
                Err(format!("expected a list of numbers, strings or booleans, found {json} in it"))
            }
            scalar => Ok(Value::from_json(scalar)),
        })
        .collect()
}

fn kind(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_keep_their_types() {
        let text = "\u{feff}{\"k1\": 1, \"mode\": \"007\", \"on\": true}\r\n\n {\"on\":false,\"mode\":[\"a\",\"b\"],\"k1\":2.5e-3}\n";
        let table = parse(text.as_bytes(), "p.jsonl").unwrap();
        assert!(table.typed);
        assert_eq!(table.columns.iter().map(Name::as_str).collect::<Vec<_>>(), ["k1", "mode", "on"]);
        assert_eq!(table.rows[0], [vec![1.into()], vec!["007".into()], vec![true.into()]]);
        assert_eq!(table.rows[1], [vec![2.5e-3.into()], vec!["a".into(), "b".into()], vec![false.into()]]);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let wrong = |text: &[u8]| parse(text, "p.jsonl").unwrap_err();
        insta::assert_snapshot!(
            [
                &b""[..],
                b"\n\n",
                b"[1, 2]\n",
                b"{}\n",
                b"{\"a\": 1,\n\"b\": 2}\n",
                b"{\"a\": 1}\n\n{\"A\": 2}\n",
                b"{\"a\": 1}\n{\"a\": 2, \"b\": 3}\n",
                b"{\"a\": null}\n",
                b"{\"a\": {\"b\": 1}}\n",
                b"{\"a\": []}\n",
                b"{\"a\": [1, null]}\n",
                b"{\"a\": [[1], [2]]}\n",
                b"{\"2a\": 1}\n",
                b"{\"a\": 1}\n{\"a\": \"\xff\"}\n",
                b"{\"a\": 1, \"a\": 2}\n",
            ]
            .map(wrong)
            .join("\n"),
            @r#"
            the file is empty; expected an object a line, such as {"x": 1.5}
            the file is empty; expected an object a line, such as {"x": 1.5}
            line 1: expected a JSON object, such as {"x": 1.5}: invalid type: sequence, expected an object
            line 1: the object is empty; expected a field for every parameter
            line 1: expected a JSON object, such as {"x": 1.5}: EOF while parsing a value
            line 3: `a` is missing (it has `A`); every line gives every parameter
            line 2: `b` is not in the first line; every line gives every parameter
            line 1, field `a`: expected a number, a string, a boolean or a list of them, found null
            line 1, field `a`: expected a number, a string, a boolean or a list of them, found an object
            line 1, field `a`: the list is empty
            line 1, field `a`: expected a list of numbers, strings or booleans, found null in it
            line 1, field `a`: expected a list of numbers, strings or booleans, found [1] in it
            line 1: `2a` is not a name: it starts with a letter or `_`, not with `2`
            line 2: the file is not UTF-8 text
            line 1: `a` stands twice in it
            "#
        );
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in "(\\{?\"?[ab:1,\\[\\]{}\" n]{0,12}\\}?\n?){0,4}") {
            if let Ok(table) = parse(text.as_bytes(), "p.jsonl") {
                prop_assert!(table.rows.iter().all(|row| row.len() == table.columns.len()));
                prop_assert!(table.rows.iter().flatten().all(|cell| !cell.is_empty()));
            }
        }
    }
}
