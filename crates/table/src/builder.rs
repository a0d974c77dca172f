//! Columns in the making: values come in pieces whose types may differ, and the column widens to hold them all.

use std::collections::HashMap;
use std::sync::Arc;

use paramo_model::{Value, ValueType};
use paramo_store::Values;

use crate::{Column, Data, Role, Texts};

/// A code that no text has: of a cell without a value.
const NO_TEXT: u32 = u32::MAX;

/// What a column that grows later needs beside itself.
#[derive(Clone, Debug)]
pub struct Rest {
    codes: HashMap<Arc<str>, u32>,
    /// Nothing but missing values has come, so its type is not known yet.
    untyped: bool,
}

impl Rest {
    pub fn new(kind: Option<ValueType>) -> Rest {
        Rest { codes: HashMap::new(), untyped: kind.is_none() }
    }
}

/// Appends to a column of so many rows.
pub fn grow(column: &mut Column, rest: &mut Rest, rows: usize, add: impl FnOnce(&mut Builder)) {
    let data = std::mem::replace(&mut column.data, Data::Float(Vec::new()));
    let mut builder = Builder {
        data: (!rest.untyped).then_some(data),
        codes: std::mem::take(&mut rest.codes),
        present: column.present.take(),
        rows,
    };
    add(&mut builder);
    rest.untyped = builder.data.is_none();
    rest.codes = builder.codes;
    column.data = builder.data.unwrap_or_else(|| empty(ValueType::Float, builder.rows));
    column.present = builder.present;
}

/// A growing column.
#[derive(Debug)]
pub struct Builder {
    /// `None` while nothing but missing values has come.
    data: Option<Data>,
    /// The codes of the texts so far.
    codes: HashMap<Arc<str>, u32>,
    present: Option<Vec<bool>>,
    rows: usize,
}

impl Builder {
    /// A column of a type, or of whatever type comes.
    pub fn new(kind: Option<ValueType>) -> Builder {
        Builder { data: kind.map(|kind| empty(kind, 0)), codes: HashMap::new(), present: None, rows: 0 }
    }

    /// Appends the values of one output of a batch.
    pub fn extend(&mut self, column: &paramo_store::Column) {
        if column.present.is_none() {
            match (&column.values, &mut self.data) {
                (Values::Float(new), Some(Data::Float(values))) => values.extend_from_slice(new),
                (Values::Integer(new), Some(Data::Integer(values))) => values.extend_from_slice(new),
                (Values::Boolean(new), Some(Data::Boolean(values))) => values.extend_from_slice(new),
                _ => return (0..column.len()).for_each(|at| self.push(column.value(at))),
            }
            self.filled(column.len());
        } else {
            (0..column.len()).for_each(|at| self.push(column.value(at)));
        }
    }

    /// Appends integers that are all there.
    pub fn extend_integers(&mut self, values: impl ExactSizeIterator<Item = i64>) {
        let count = values.len();
        if let Some(Data::Integer(all)) = &mut self.data {
            all.extend(values);
            self.filled(count);
        } else {
            values.for_each(|value| self.push(Value::Integer(value)));
        }
    }

    /// Appends floats that are all there.
    pub fn extend_floats(&mut self, values: impl ExactSizeIterator<Item = f64>) {
        let count = values.len();
        if let Some(Data::Float(all)) = &mut self.data {
            all.extend(values);
            self.filled(count);
        } else {
            values.for_each(|value| self.push(Value::Float(value)));
        }
    }

    /// Appends one text, or nothing.
    pub fn push_text(&mut self, text: Option<&str>) {
        let Some(text) = text else { return self.push(Value::Missing) };
        // Mostly it is the one before.
        if let Some(Data::String(texts)) = &mut self.data
            && let Some(last) = texts.codes.last().copied()
            && texts.labels.get(last as usize).is_some_and(|label| &**label == text)
        {
            texts.codes.push(last);
            return self.filled(1);
        }
        match (&mut self.data, self.codes.get(text)) {
            (Some(Data::String(texts)), Some(code)) => {
                texts.codes.push(*code);
                self.filled(1);
            }
            _ => self.push(Value::string(text)),
        }
    }

    pub fn push(&mut self, value: Value) {
        let Some(kind) = value.value_type() else { return self.push_missing() };
        let have = self.data.as_ref().map(kind_of);
        let wide = have.map_or(kind, |have| have.join(kind));
        if have != Some(wide) {
            self.widen(wide);
        }
        match (&mut self.data, value) {
            (Some(Data::Boolean(values)), Value::Boolean(b)) => values.push(b),
            (Some(Data::Integer(values)), Value::Integer(i)) => values.push(i),
            (Some(Data::Float(values)), Value::Float(x)) => values.push(x),
            (Some(Data::Float(values)), Value::Integer(i)) => values.push(i as f64),
            (Some(Data::String(texts)), Value::String(text)) => {
                texts.codes.push(code(&mut self.codes, &mut texts.labels, text))
            }
            (Some(Data::String(texts)), other) => {
                texts.codes.push(code(&mut self.codes, &mut texts.labels, other.to_string().into()));
            }
            // The type was widened to hold this value.
            (_, _) => return self.push_missing(),
        }
        self.filled(1);
    }

    fn push_missing(&mut self) {
        match &mut self.data {
            None => {}
            Some(Data::Boolean(values)) => values.push(false),
            Some(Data::Integer(values)) => values.push(0),
            Some(Data::Float(values)) => values.push(0.0),
            Some(Data::String(texts)) => texts.codes.push(NO_TEXT),
        }
        let rows = self.rows;
        self.present.get_or_insert_with(|| vec![true; rows]).push(false);
        self.rows += 1;
    }

    /// Notes rows that hold values.
    fn filled(&mut self, count: usize) {
        self.rows += count;
        if let Some(present) = &mut self.present {
            present.resize(self.rows, true);
        }
    }

    /// Turns what there is into a wider type.
    fn widen(&mut self, kind: ValueType) {
        let rows = self.rows;
        let present = |row: usize| self.present.as_ref().is_none_or(|present| present[row]);
        let narrow = self.data.take();
        self.data = Some(match (narrow, kind) {
            (None, kind) => empty(kind, rows),
            (Some(Data::Integer(values)), ValueType::Float) => {
                Data::Float(values.into_iter().map(|i| i as f64).collect())
            }
            (Some(data), _) => {
                let mut texts = Texts::default();
                let column =
                    Column { name: String::new(), unit: None, role: Role::Index, data, present: None };
                for row in 0..rows {
                    let code = match present(row) {
                        true => {
                            code(&mut self.codes, &mut texts.labels, column.value(row).to_string().into())
                        }
                        false => NO_TEXT,
                    };
                    texts.codes.push(code);
                }
                Data::String(texts)
            }
        });
    }

    /// The finished column. One that never got a value holds floats.
    pub fn finish(self, name: String, unit: Option<String>, role: Role) -> Column {
        let data = self.data.unwrap_or_else(|| empty(ValueType::Float, self.rows));
        Column { name, unit, role, data, present: self.present }
    }
}

/// A column of cells without values.
fn empty(kind: ValueType, rows: usize) -> Data {
    match kind {
        ValueType::Boolean => Data::Boolean(vec![false; rows]),
        ValueType::Integer => Data::Integer(vec![0; rows]),
        ValueType::Float => Data::Float(vec![0.0; rows]),
        ValueType::String => Data::String(Texts { labels: Vec::new(), codes: vec![NO_TEXT; rows] }),
    }
}

fn kind_of(data: &Data) -> ValueType {
    match data {
        Data::Boolean(_) => ValueType::Boolean,
        Data::Integer(_) => ValueType::Integer,
        Data::Float(_) => ValueType::Float,
        Data::String(_) => ValueType::String,
    }
}

fn code(codes: &mut HashMap<Arc<str>, u32>, labels: &mut Vec<Arc<str>>, text: Arc<str>) -> u32 {
    *codes.entry(text).or_insert_with_key(|text| {
        labels.push(text.clone());
        labels.len() as u32 - 1
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn build(kind: Option<ValueType>, values: &[Value]) -> Column {
        let mut builder = Builder::new(kind);
        values.iter().for_each(|value| builder.push(value.clone()));
        builder.finish("x".into(), None, Role::Index)
    }

    #[test]
    fn columns_widen_to_hold_what_comes() {
        let (i, x, b) = (Value::Integer(1), Value::Float(2.5), Value::Boolean(true));
        for (values, kind, expected) in [
            (vec![Value::Missing, i.clone()], ValueType::Integer, vec![Value::Missing, i.clone()]),
            (vec![i.clone(), x.clone()], ValueType::Float, vec![Value::Float(1.0), x.clone()]),
            (
                vec![x.clone(), Value::Missing, i.clone()],
                ValueType::Float,
                vec![x.clone(), Value::Missing, Value::Float(1.0)],
            ),
            (
                vec![i.clone(), Value::Missing, b],
                ValueType::String,
                vec!["1".into(), Value::Missing, "true".into()],
            ),
            (vec![x, "a".into(), "a".into()], ValueType::String, vec!["2.5".into(), "a".into(), "a".into()]),
            (vec![Value::Missing], ValueType::Float, vec![Value::Missing]),
        ] {
            let column = build(None, &values);
            assert_eq!(column.kind(), kind, "{values:?}");
            assert_eq!((0..values.len()).map(|row| column.value(row)).collect::<Vec<_>>(), expected);
        }
        assert_eq!(build(Some(ValueType::Float), &[Value::Integer(3)]).value(0), Value::Float(3.0));
    }

    proptest! {
        #[test]
        fn values_of_one_type_come_back(values in prop::collection::vec(prop::option::of("[ab]{0,2}"), 0..30)) {
            let values: Vec<Value> = values.into_iter().map(|text| text.map_or(Value::Missing, Value::string)).collect();
            let column = build(Some(ValueType::String), &values);
            prop_assert_eq!((0..values.len()).map(|row| column.value(row)).collect::<Vec<_>>(), values);
        }
    }
}
