//! `[application.parameters]`: what an application takes.

use super::field::{Field, Table};
use crate::check::Broken;
use crate::{Parameter, ParameterType, Value};

pub(super) const TYPES: [(&str, ParameterType); 6] = [
    ("integer", ParameterType::Integer),
    ("float", ParameterType::Float),
    ("string", ParameterType::String),
    ("boolean", ParameterType::Boolean),
    ("choice", ParameterType::Choice(Vec::new())),
    ("file", ParameterType::File),
];

pub(super) fn parameters(entries: &Table, broken: &mut Broken) -> Vec<Parameter> {
    let mut parameters = Vec::new();
    for field in entries.fields() {
        match parameter(&field) {
            Some(parameter) => parameters.push(parameter),
            None => {
                broken.names.insert(field.key().to_owned());
            }
        }
    }
    parameters
}

fn parameter(field: &Field) -> Option<Parameter> {
    let name = field.key_name()?;
    if field.value().as_str().is_some() {
        let kind = field.word("a type", &TYPES)?;
        if matches!(kind, ParameterType::Choice(_)) {
            return field.reject("a choice needs its values: write { choices = [\"a\", \"b\"] }");
        }
        return Some(Parameter::new(name, kind));
    }
    let mut table = field.table("a type, such as \"float\", or a table with a `type`")?;
    let kind = table.get("type").map(|field| field.word("a type", &TYPES));
    let choices = table.get("choices").map(|field| (field.clone(), choices(&field)));
    let default = table.get("default").map(|field| field.scalar());
    let unit = table.get("unit").and_then(|f| f.text("a unit, a string"));
    let description = table.get("description").and_then(|f| f.string("a string"));
    let (min, max) = (table.get("min"), table.get("max"));
    let bounds = [&min, &max].map(|bound| bound.as_ref().map(|f| f.number("a finite number")));
    let kind = match (kind, choices) {
        (Some(None), _) | (_, Some((_, None))) => None,
        (None | Some(Some(ParameterType::Choice(_))), Some((_, Some(values)))) => {
            Some(ParameterType::Choice(values))
        }
        (Some(Some(kind)), Some((field, Some(values)))) => {
            typed_choices(Parameter::new(name.clone(), kind), &field, values)
        }
        (Some(Some(ParameterType::Choice(_))), None) => {
            field.reject("a choice needs its values: add `choices = [\"a\", \"b\"]`")
        }
        (Some(Some(kind)), None) => Some(kind),
        (None, None) => match &default {
            Some(Some(value)) => value.value_type().map(|kind| match kind {
                crate::ValueType::Boolean => ParameterType::Boolean,
                crate::ValueType::Integer => ParameterType::Integer,
                crate::ValueType::Float => ParameterType::Float,
                crate::ValueType::String => ParameterType::String,
            }),
            Some(None) => None,
            None => field.reject(
                "`type` is missing: one of \"integer\", \"float\", \"string\", \"boolean\", \"file\"",
            ),
        },
    };
    table.finish();
    let kind = kind?;
    for bound in [&min, &max].into_iter().flatten() {
        if !matches!(kind, ParameterType::Integer | ParameterType::Float) {
            bound.report(
                bound.wrong_key(format!("bounds belong to integers and floats, not to a {}", kind.word())),
            );
        }
    }
    let [min, max] = bounds.map(Option::flatten);
    // A default of the wrong shape has been reported; without it the parameter is what it would be with it.
    let default = match default {
        Some(None) => return None,
        Some(value) => value,
        None => None,
    };
    Some(Parameter {
        unit: unit.map(str::to_owned),
        description: description.map(str::to_owned),
        min,
        max,
        default,
        ..Parameter::new(name, kind)
    })
}

fn choices(field: &Field) -> Option<Vec<Value>> {
    let list = field.list("a list of values")?;
    if list.is_empty() {
        return field.reject("a choice needs at least one value");
    }
    let values: Vec<_> = list.iter().map(Field::scalar).collect();
    values.into_iter().collect()
}

/// The choices of a parameter that also says what type they have.
fn typed_choices(parameter: Parameter, field: &Field, values: Vec<Value>) -> Option<ParameterType> {
    let mut accepted = Vec::new();
    for (value, field) in values.into_iter().zip(field.list("a list of values")?) {
        accepted.push(parameter.accept(value).map_err(|message| field.report(field.wrong(message))).ok()?);
    }
    Some(ParameterType::Choice(accepted))
}
