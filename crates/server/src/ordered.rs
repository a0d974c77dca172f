//! JSON whose fields keep their order, and the study file that it stands for: in a space the order of the axes is the order of the points.
//!
//! A definition in JSON has the fields of a study file, so it is written as one and read as one: there is one reader, and one set of
//! messages.

use std::fmt::{self, Write};

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Ordered {
    Null,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Ordered>),
    Object(Vec<(String, Ordered)>),
}

impl<'de> Deserialize<'de> for Ordered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Ordered, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Ordered;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Ordered, E> {
        Ok(Ordered::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Ordered, E> {
        Ok(Ordered::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Ordered, D::Error> {
        Ordered::deserialize(deserializer)
    }

    fn visit_bool<E: Error>(self, b: bool) -> Result<Ordered, E> {
        Ok(Ordered::Boolean(b))
    }

    fn visit_i64<E: Error>(self, i: i64) -> Result<Ordered, E> {
        Ok(Ordered::Integer(i))
    }

    fn visit_u64<E: Error>(self, i: u64) -> Result<Ordered, E> {
        Ok(i64::try_from(i).map_or(Ordered::Float(i as f64), Ordered::Integer))
    }

    fn visit_f64<E: Error>(self, x: f64) -> Result<Ordered, E> {
        Ok(Ordered::Float(x))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Ordered, E> {
        Ok(Ordered::Text(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Ordered, E> {
        Ok(Ordered::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Ordered, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Ordered::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Ordered, A::Error> {
        let mut object: Vec<(String, Ordered)> = Vec::new();
        while let Some(field) = fields.next_entry()? {
            object.push(field);
        }
        Ok(Ordered::Object(object))
    }
}

impl From<&toml::Value> for Ordered {
    fn from(value: &toml::Value) -> Ordered {
        match value {
            toml::Value::String(text) => Ordered::Text(text.clone()),
            toml::Value::Integer(i) => Ordered::Integer(*i),
            toml::Value::Float(x) => Ordered::Float(*x),
            toml::Value::Boolean(b) => Ordered::Boolean(*b),
            // No field of a study file is a date.
            toml::Value::Datetime(date) => Ordered::Text(date.to_string()),
            toml::Value::Array(items) => Ordered::List(items.iter().map(Ordered::from).collect()),
            toml::Value::Table(fields) => {
                Ordered::Object(fields.iter().map(|(name, value)| (name.clone(), value.into())).collect())
            }
        }
    }
}

impl Ordered {
    /// As a TOML document. What is `null` is left out. The error says what TOML has no word for.
    pub fn toml(&self) -> Result<String, String> {
        let Ordered::Object(fields) = self else {
            return Err("a definition is an object with the fields of a study file".to_owned());
        };
        let mut text = String::new();
        let is_table = |value: &Ordered| match value {
            Ordered::Object(_) => true,
            Ordered::List(items) => {
                !items.is_empty() && items.iter().all(|item| matches!(item, Ordered::Object(_)))
            }
            _ => false,
        };
        for (name, value) in fields.iter().filter(|(_, value)| !is_table(value)) {
            field(&mut text, name, value)?;
        }
        for (name, value) in fields.iter().filter(|(_, value)| is_table(value)) {
            let tables = match value {
                Ordered::List(items) => items.as_slice(),
                one => std::slice::from_ref(one),
            };
            let (open, close) = if matches!(value, Ordered::List(_)) { ("[[", "]]") } else { ("[", "]") };
            for table in tables {
                text.push_str(if text.is_empty() { "" } else { "\n" });
                text.push_str(open);
                key(&mut text, name)?;
                text.push_str(close);
                text.push('\n');
                let Ordered::Object(fields) = table else { continue };
                for (name, value) in fields {
                    field(&mut text, name, value)?;
                }
            }
        }
        Ok(text)
    }
}

fn field(out: &mut String, name: &str, value: &Ordered) -> Result<(), String> {
    if *value == Ordered::Null {
        return Ok(());
    }
    key(out, name)?;
    out.push_str(" = ");
    inline(out, name, value)?;
    out.push('\n');
    Ok(())
}

fn key(out: &mut String, name: &str) -> Result<(), String> {
    let bare = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    match bare {
        true => {
            out.push_str(name);
            Ok(())
        }
        false => text(out, name),
    }
}

fn inline(out: &mut String, name: &str, value: &Ordered) -> Result<(), String> {
    match value {
        Ordered::Null => return Err(format!("`{name}`: a list has no place for null; leave it out")),
        Ordered::Boolean(b) => put(out, format_args!("{b}")),
        Ordered::Integer(i) => put(out, format_args!("{i}")),
        // With a point or an exponent, so that it stays a float.
        Ordered::Float(x) => put(out, format_args!("{x:?}")),
        Ordered::Text(string) => text(out, string)?,
        Ordered::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                inline(out, name, item)?;
            }
            out.push(']');
        }
        Ordered::Object(fields) => {
            out.push('{');
            let given = fields.iter().filter(|(_, value)| *value != Ordered::Null);
            for (at, (name, value)) in given.enumerate() {
                out.push_str(if at == 0 { " " } else { ", " });
                key(out, name)?;
                out.push_str(" = ");
                inline(out, name, value)?;
            }
            out.push_str(" }");
        }
    }
    Ok(())
}

/// A JSON text is a TOML text, but for one sign.
fn text(out: &mut String, string: &str) -> Result<(), String> {
    let json = serde_json::to_string(string).map_err(|error| error.to_string())?;
    out.push_str(&json.replace('\u{7f}', "\\u007F"));
    Ok(())
}

fn put(out: &mut String, what: fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = out.write_fmt(what);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_is_a_study_file_with_its_axes_in_their_order() {
        let json = r#"{
            "name": "a", "description": null,
            "application": { "command": ["sim", "{z}", "a\"b\n\u007f"], "outputs": { "y-1": { "json": "y" }, "ü": { "json": "" } } },
            "space": { "z": [1, 2.0, 1e300], "a": { "from": 0, "to": 18446744073709551615, "count": null } },
            "run": { "retries": 2 }
        }"#;
        let definition: Ordered = serde_json::from_str(json).unwrap();
        insta::assert_snapshot!(definition.toml().unwrap(), @r#"
        name = "a"

        [application]
        command = ["sim", "{z}", "a\"b\n\u007F"]
        outputs = { y-1 = { json = "y" }, "ü" = { json = "" } }

        [space]
        z = [1, 2.0, 1e300]
        a = { from = 0, to = 1.8446744073709552e19 }

        [run]
        retries = 2
        "#);
        let blocks: Ordered = serde_json::from_str(r#"{"space": [{"x": [1]}, {"x": [2]}]}"#).unwrap();
        assert_eq!(blocks.toml().unwrap(), "[[space]]\nx = [1]\n\n[[space]]\nx = [2]\n");
        for wrong in ["[1]", r#"{"a": [null]}"#] {
            assert!(serde_json::from_str::<Ordered>(wrong).unwrap().toml().is_err());
        }
    }

    proptest::proptest! {
        #[test]
        fn every_text_comes_back(string: String, name: String) {
            let value = Ordered::Object(vec![(name.clone(), Ordered::Text(string.clone()))]);
            let table: toml::Table = value.toml().unwrap().parse().unwrap();
            proptest::prop_assert_eq!(table[&name].as_str(), Some(string.as_str()));
        }
    }
}
