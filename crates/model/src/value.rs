//! A single value of a parameter or an output.
//!
//! Values are small and cheap to clone: a run's point is a `Vec<Value>` made millions of times.

use std::fmt;
use std::sync::Arc;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One value. `Missing` is an output that a run did not give, or a JSON `null`.
#[derive(Clone, Debug)]
pub enum Value {
    Missing,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    String(Arc<str>),
}

/// The type of a column of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ValueType {
    Boolean,
    Integer,
    Float,
    String,
}

impl ValueType {
    /// The narrowest type that holds values of both: integers widen to floats, anything else to strings.
    pub fn join(self, other: ValueType) -> ValueType {
        use ValueType::*;
        match (self, other) {
            (a, b) if a == b => a,
            (Integer, Float) | (Float, Integer) => Float,
            _ => String,
        }
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ValueType::Boolean => "boolean",
            ValueType::Integer => "integer",
            ValueType::Float => "float",
            ValueType::String => "string",
        })
    }
}

impl Value {
    pub fn string(text: impl Into<Arc<str>>) -> Value {
        Value::String(text.into())
    }

    /// The type, or `None` for a missing value, which fits every type.
    pub fn value_type(&self) -> Option<ValueType> {
        match self {
            Value::Missing => None,
            Value::Boolean(_) => Some(ValueType::Boolean),
            Value::Integer(_) => Some(ValueType::Integer),
            Value::Float(_) => Some(ValueType::Float),
            Value::String(_) => Some(ValueType::String),
        }
    }

    pub fn is_missing(&self) -> bool {
        matches!(self, Value::Missing)
    }

    /// The value as a number, where it is one (booleans count as 0 and 1).
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Value::Integer(i) => Some(*i as f64),
            Value::Float(x) => Some(*x),
            Value::Boolean(b) => Some(f64::from(*b)),
            Value::Missing | Value::String(_) => None,
        }
    }

    /// A scalar of a JSON document; arrays and objects are kept as their JSON text.
    pub fn from_json(json: &serde_json::Value) -> Value {
        match json {
            serde_json::Value::Null => Value::Missing,
            serde_json::Value::Bool(b) => Value::Boolean(*b),
            serde_json::Value::Number(n) => match n.as_i64() {
                Some(i) => Value::Integer(i),
                None => Value::Float(n.as_f64().unwrap_or(f64::NAN)),
            },
            serde_json::Value::String(s) => Value::string(s.as_str()),
            other => Value::string(other.to_string()),
        }
    }

    /// As JSON. Numbers that JSON has no word for become the strings `"NaN"`, `"inf"` and `"-inf"`.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Value::Missing => serde_json::Value::Null,
            Value::Boolean(b) => (*b).into(),
            Value::Integer(i) => (*i).into(),
            Value::Float(x) => match serde_json::Number::from_f64(*x) {
                Some(n) => serde_json::Value::Number(n),
                None => serde_json::Value::String(x.to_string()),
            },
            Value::String(s) => serde_json::Value::String(s.to_string()),
        }
    }

    /// Reads text as the narrowest of integer, float, boolean and string.
    pub fn parse(text: &str) -> Value {
        let trimmed = text.trim();
        if let Ok(i) = trimmed.parse::<i64>() {
            return Value::Integer(i);
        }
        // `parse::<f64>` also takes "infinity" and "nan"; as words on a command line only the usual spellings are numbers.
        let word = trimmed.trim_start_matches(['-', '+']);
        let number = word.starts_with(|c: char| c.is_ascii_digit() || c == '.');
        if (number || matches!(word, "nan" | "NaN" | "inf"))
            && let Ok(x) = trimmed.parse::<f64>()
        {
            return Value::Float(x);
        }
        match trimmed {
            "true" => Value::Boolean(true),
            "false" => Value::Boolean(false),
            _ => Value::string(text),
        }
    }
}

/// Equal as data: NaN equals NaN, and 0.0 does not equal -0.0, so that a table can be compared with itself.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Value::Missing, Value::Missing) => true,
            (Value::Boolean(a), Value::Boolean(b)) => a == b,
            (Value::Integer(a), Value::Integer(b)) => a == b,
            (Value::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()),
            (Value::String(a), Value::String(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Value {}

impl fmt::Display for Value {
    /// As it is put into a command line: the shortest text that reads back as the same value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Missing => Ok(()),
            Value::Boolean(b) => write!(f, "{b}"),
            Value::Integer(i) => write!(f, "{i}"),
            Value::Float(x) => {
                let magnitude = x.abs();
                if magnitude == 0.0 || (1e-4..1e15).contains(&magnitude) || !x.is_finite() {
                    write!(f, "{x}")
                } else {
                    write!(f, "{x:e}")
                }
            }
            Value::String(s) => f.write_str(s),
        }
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Value {
        Value::Boolean(b)
    }
}

impl From<i64> for Value {
    fn from(i: i64) -> Value {
        Value::Integer(i)
    }
}

impl From<f64> for Value {
    fn from(x: f64) -> Value {
        Value::Float(x)
    }
}

impl From<&str> for Value {
    fn from(s: &str) -> Value {
        Value::string(s)
    }
}

/// Values are written natively (`null`, `true`, `1`, `1.5`, `"text"`). In formats for people a float always shows that it is
/// one, and the three that JSON lacks are strings behind `~`, so that every value comes back as what it was.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Missing => serializer.serialize_none(),
            Value::Boolean(b) => serializer.serialize_bool(*b),
            Value::Integer(i) => serializer.serialize_i64(*i),
            Value::Float(x) if x.is_finite() || !serializer.is_human_readable() => {
                serializer.serialize_f64(*x)
            }
            Value::Float(x) => serializer.serialize_str(&format!("~{x}")),
            Value::String(s) if s.starts_with('~') && serializer.is_human_readable() => {
                serializer.serialize_str(&format!("~{s}"))
            }
            Value::String(s) => serializer.serialize_str(s),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        struct AnyValue {
            human: bool,
        }
        impl Visitor<'_> for AnyValue {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a boolean, an integer, a float, a string or null")
            }
            fn visit_unit<E>(self) -> Result<Value, E> {
                Ok(Value::Missing)
            }
            fn visit_none<E>(self) -> Result<Value, E> {
                Ok(Value::Missing)
            }
            fn visit_bool<E>(self, b: bool) -> Result<Value, E> {
                Ok(Value::Boolean(b))
            }
            fn visit_i64<E>(self, i: i64) -> Result<Value, E> {
                Ok(Value::Integer(i))
            }
            fn visit_u64<E: de::Error>(self, i: u64) -> Result<Value, E> {
                i64::try_from(i)
                    .map(Value::Integer)
                    .map_err(|_| E::custom(format!("{i} does not fit a 64-bit signed integer")))
            }
            fn visit_f64<E>(self, x: f64) -> Result<Value, E> {
                Ok(Value::Float(x))
            }
            fn visit_str<E: de::Error>(self, s: &str) -> Result<Value, E> {
                if !self.human {
                    return Ok(Value::string(s));
                }
                match s.strip_prefix('~') {
                    None => Ok(Value::string(s)),
                    Some("NaN") => Ok(Value::Float(f64::NAN)),
                    Some("inf") => Ok(Value::Float(f64::INFINITY)),
                    Some("-inf") => Ok(Value::Float(f64::NEG_INFINITY)),
                    Some(escaped) => Ok(Value::string(escaped)),
                }
            }
        }
        let human = deserializer.is_human_readable();
        deserializer.deserialize_any(AnyValue { human })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_the_shortest_that_reads_back() {
        for (value, text) in [
            (Value::Float(2e9), "2000000000"),
            (Value::Float(1e-10), "1e-10"),
            (Value::Float(0.1), "0.1"),
            (Value::Float(1e300), "1e300"),
            (Value::Float(-0.0), "-0"),
            (Value::Integer(-3), "-3"),
            (Value::Boolean(true), "true"),
        ] {
            assert_eq!(value.to_string(), text);
        }
    }

    #[test]
    fn words_are_not_numbers() {
        assert_eq!(Value::parse("1e3"), Value::Float(1000.0));
        assert_eq!(Value::parse(".5"), Value::Float(0.5));
        assert_eq!(Value::parse("infinity"), Value::string("infinity"));
        assert_eq!(Value::parse("-7"), Value::Integer(-7));
        assert_eq!(Value::parse("a b"), Value::string("a b"));
    }

    #[test]
    fn json_brings_back_what_it_was() {
        for value in [
            Value::Missing,
            Value::Boolean(false),
            Value::Integer(i64::MIN),
            Value::Float(1.0),
            Value::Float(f64::NAN),
            Value::Float(f64::NEG_INFINITY),
            Value::string("~tilde"),
            Value::string("NaN"),
        ] {
            let text = serde_json::to_string(&value).unwrap();
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value, "{text}");
        }
    }
}
