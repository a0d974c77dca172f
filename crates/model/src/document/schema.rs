//! The JSON Schema of a study file, for editors that complete and check while somebody types.
//!
//! It is made from the same list as the reference ([`super::reference`]). It says what single fields look like; what must
//! fit together is said when the file is read.

use serde_json::{Map, Value, json};

use super::reference::{FieldHelp, Shape, TABLES, TableHelp};

/// The schema, of draft 2020-12.
pub fn schema() -> Value {
    let mut whole = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Paramo study file",
        "description": "What is run, over which points, and how.",
    });
    let mut definitions = Map::new();
    for table in TABLES {
        match table.path {
            "" => merge(&mut whole, object(table)),
            path => drop(definitions.insert(key(path), object(table))),
        }
    }
    // Exactly one of them says what is run.
    if let Some(application) = definitions.get_mut("application") {
        application["oneOf"] = json!([{ "required": ["command"] }, { "required": ["function"] }]);
    }
    whole["$defs"] = definitions.into();
    whole
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}

/// The name of a definition: a path without what a reference would have to escape.
fn key(path: &str) -> String {
    path.replace(".*", ".any")
}

fn object(table: &TableHelp) -> Value {
    let properties: Map<String, Value> =
        table.fields.iter().map(|field| (field.name.to_owned(), property(field))).collect();
    let required: Vec<&str> =
        table.fields.iter().filter(|field| field.default.is_none()).map(|field| field.name).collect();
    let others = table.others.as_ref().map_or(Value::Bool(false), shape);
    let mut object = json!({ "type": "object", "properties": properties, "additionalProperties": others });
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    object
}

fn property(field: &FieldHelp) -> Value {
    let mut property = shape(&field.shape);
    property["description"] = field.help.into();
    // A default in words is no value.
    if let Some(value) = field.default.and_then(|default| serde_json::from_str::<Value>(default).ok()) {
        property["default"] = value;
    }
    property
}

fn shape(of: &Shape) -> Value {
    match of {
        Shape::Text => json!({ "type": "string" }),
        Shape::Words(words) => json!({ "enum": words() }),
        Shape::Boolean => json!({ "type": "boolean" }),
        Shape::Integer(least) => json!({ "type": "integer", "minimum": least }),
        Shape::Number => json!({ "type": "number" }),
        Shape::Scalar => json!({ "type": ["boolean", "number", "string"] }),
        Shape::Amount(example) => json!({ "type": "string", "examples": [example] }),
        Shape::List(inner) => json!({ "type": "array", "items": shape(inner) }),
        Shape::Map(inner) => json!({ "type": "object", "additionalProperties": shape(inner) }),
        Shape::Table(path) => json!({ "$ref": format!("#/$defs/{}", key(path)) }),
        Shape::Any(shapes) => json!({ "anyOf": shapes.iter().map(shape).collect::<Vec<_>>() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_leads_somewhere() {
        fn references(value: &Value, found: &mut Vec<String>) {
            match value {
                Value::Object(fields) => {
                    found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
                    fields.values().for_each(|value| references(value, found));
                }
                Value::Array(items) => items.iter().for_each(|value| references(value, found)),
                _ => {}
            }
        }
        let schema = schema();
        let mut found = Vec::new();
        references(&schema, &mut found);
        assert!(found.len() > 10, "{found:?}");
        for reference in found {
            assert!(schema.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
        }
        let defined = schema["$defs"].as_object().map_or(0, serde_json::Map::len);
        assert_eq!(defined + 1, TABLES.len());
    }
}
