//! A typed, bounded input of an application.

use serde::{Deserialize, Serialize};

use crate::{Name, Value, ValueType};

/// What a parameter may hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ParameterType {
    Integer,
    Float,
    String,
    Boolean,
    /// One of a list of values, all of one type.
    Choice(Vec<Value>),
    /// The path of a file, relative to the study file.
    File,
}

impl ParameterType {
    /// The type of the column in the result table.
    pub fn value_type(&self) -> ValueType {
        match self {
            ParameterType::Integer => ValueType::Integer,
            ParameterType::Float => ValueType::Float,
            ParameterType::Boolean => ValueType::Boolean,
            ParameterType::String | ParameterType::File => ValueType::String,
            ParameterType::Choice(values) => values
                .iter()
                .filter_map(Value::value_type)
                .reduce(ValueType::join)
                .unwrap_or(ValueType::String),
        }
    }

    /// The word used in files and messages.
    pub fn word(&self) -> &'static str {
        match self {
            ParameterType::Integer => "integer",
            ParameterType::Float => "float",
            ParameterType::String => "string",
            ParameterType::Boolean => "boolean",
            ParameterType::Choice(_) => "choice",
            ParameterType::File => "file",
        }
    }
}

/// A parameter of an application.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    pub name: Name,
    #[serde(rename = "type")]
    pub kind: ParameterType,
    pub unit: Option<String>,
    pub description: Option<String>,
    /// Inclusive bounds, for integers and floats.
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub default: Option<Value>,
    /// The file did not declare it: its type was taken from the values it was given.
    pub inferred: bool,
}

impl Parameter {
    pub fn new(name: Name, kind: ParameterType) -> Parameter {
        Parameter {
            name,
            kind,
            unit: None,
            description: None,
            min: None,
            max: None,
            default: None,
            inferred: false,
        }
    }

    /// Brings a value to the parameter's type and checks its bounds. The message fits "{parameter}: {message}".
    pub fn accept(&self, value: Value) -> Result<Value, String> {
        let refuse = |value: &Value| {
            let found = match value.value_type() {
                Some(ValueType::String) => format!("the string \"{value}\""),
                Some(kind) => format!("the {kind} {value}"),
                None => "nothing".to_owned(),
            };
            Err(format!("expected {} {}, found {found}", article(self.kind.word()), self.kind.word()))
        };
        let value = match (&self.kind, value) {
            (ParameterType::Integer, Value::Integer(i)) => Value::Integer(i),
            // 1e6 is how people write a large integer.
            (ParameterType::Integer, Value::Float(x)) if x.fract() == 0.0 && x.abs() < 9e15 => {
                Value::Integer(x as i64)
            }
            (ParameterType::Float, Value::Float(x)) => Value::Float(x),
            (ParameterType::Float, Value::Integer(i)) => Value::Float(i as f64),
            (ParameterType::Boolean, Value::Boolean(b)) => Value::Boolean(b),
            (ParameterType::String | ParameterType::File, Value::String(s)) => Value::String(s),
            (ParameterType::String, number @ (Value::Integer(_) | Value::Float(_) | Value::Boolean(_)))
                if self.inferred =>
            {
                Value::string(number.to_string())
            }
            (ParameterType::Choice(values), value) => match values.iter().find(|v| same_choice(v, &value)) {
                Some(choice) => choice.clone(),
                None => {
                    let list: Vec<String> = values.iter().map(|v| format!("`{v}`")).collect();
                    return Err(format!("`{value}` is not one of {}", list.join(", ")));
                }
            },
            (_, value) => return refuse(&value),
        };
        if let Some(x) = value.as_f64().filter(|_| !matches!(value, Value::Boolean(_))) {
            if let Some(min) = self.min.filter(|min| x < *min || x.is_nan()) {
                return Err(format!("{value} is below the minimum {}", Value::Float(min)));
            }
            if let Some(max) = self.max.filter(|max| x > *max || x.is_nan()) {
                return Err(format!("{value} is above the maximum {}", Value::Float(max)));
            }
        }
        Ok(value)
    }
}

fn same_choice(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Integer(i), Value::Float(x)) | (Value::Float(x), Value::Integer(i)) => *x == *i as f64,
        _ => a == b,
    }
}

fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(kind: ParameterType) -> Parameter {
        Parameter::new(Name::new("p").unwrap(), kind)
    }

    #[test]
    fn values_are_brought_to_the_type() {
        assert_eq!(parameter(ParameterType::Float).accept(Value::Integer(2)), Ok(Value::Float(2.0)));
        assert_eq!(
            parameter(ParameterType::Integer).accept(Value::Float(1e6)),
            Ok(Value::Integer(1_000_000))
        );
        assert_eq!(
            parameter(ParameterType::Integer).accept(Value::Float(0.5)),
            Err("expected an integer, found the float 0.5".into())
        );
        assert_eq!(
            parameter(ParameterType::Choice(vec!["a".into(), "b".into()])).accept("c".into()),
            Err("`c` is not one of `a`, `b`".into())
        );
    }

    #[test]
    fn bounds_are_inclusive_and_nan_is_outside() {
        let bounded = Parameter { min: Some(0.0), max: Some(1.0), ..parameter(ParameterType::Float) };
        assert!(bounded.accept(Value::Float(0.0)).is_ok() && bounded.accept(Value::Float(1.0)).is_ok());
        assert_eq!(bounded.accept(Value::Float(1.5)), Err("1.5 is above the maximum 1".into()));
        assert!(bounded.accept(Value::Float(f64::NAN)).is_err());
    }
}
