//! Columns of values: one for each output of the application.
//!
//! The first byte names the type, the second says which values are there (0: all; 1: a bit map follows, the lowest bit of
//! the first byte first); then come the values that are there. A column that holds several types (an output whose type is
//! not declared may give an integer now and a float then) keeps each value with its own type, so that all come back as
//! they were.

use std::collections::HashMap;
use std::sync::Arc;

use paramo_model::{Value, ValueType};

use super::integers::{integers, put_integers};
use super::wire::{Broken, Reader, Wire, put_float, put_signed, put_text, put_varint};

const MISSING: u8 = 0;
const BOOLEAN: u8 = 1;
const INTEGER: u8 = 2;
const FLOAT: u8 = 3;
const STRING: u8 = 4;
const MIXED: u8 = 5;

/// The values of one output, in the order of the runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Which values are there; `None`: all of them. The others hold zero, `false` or an empty text below.
    pub present: Option<Vec<bool>>,
    pub values: Values,
}

/// The values of a column, by type.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// None is there; the number of runs.
    Missing(usize),
    Boolean(Vec<bool>),
    Integer(Vec<i64>),
    Float(Vec<f64>),
    String(Vec<Arc<str>>),
    /// Of several types.
    Mixed(Vec<Value>),
}

impl Column {
    pub fn len(&self) -> usize {
        match &self.values {
            Values::Missing(length) => *length,
            Values::Boolean(values) => values.len(),
            Values::Integer(values) => values.len(),
            Values::Float(values) => values.len(),
            Values::String(values) => values.len(),
            Values::Mixed(values) => values.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value at a position; `Missing` beyond the end.
    pub fn value(&self, at: usize) -> Value {
        if let Some(present) = &self.present
            && !present.get(at).copied().unwrap_or(false)
        {
            return Value::Missing;
        }
        let value = match &self.values {
            Values::Missing(_) => None,
            Values::Boolean(values) => values.get(at).map(|b| Value::Boolean(*b)),
            Values::Integer(values) => values.get(at).map(|i| Value::Integer(*i)),
            Values::Float(values) => values.get(at).map(|x| Value::Float(*x)),
            Values::String(values) => values.get(at).map(|s| Value::String(s.clone())),
            Values::Mixed(values) => values.get(at).cloned(),
        };
        value.unwrap_or(Value::Missing)
    }
}

/// Writes the values of one output.
pub fn put_column(out: &mut Vec<u8>, values: &[&Value]) {
    let mut kinds = values.iter().filter_map(|value| value.value_type());
    let form = match kinds.next() {
        None => MISSING,
        Some(first) if kinds.all(|kind| kind == first) => match first {
            ValueType::Boolean => BOOLEAN,
            ValueType::Integer => INTEGER,
            ValueType::Float => FLOAT,
            ValueType::String => STRING,
        },
        Some(_) => MIXED,
    };
    out.push(form);
    if form == MISSING {
        return;
    }
    put_presence(out, values.iter().map(|value| !value.is_missing()));
    let present = values.iter().copied().filter(|value| !value.is_missing());
    match form {
        BOOLEAN => put_bits(out, present.map(|value| matches!(value, Value::Boolean(true)))),
        INTEGER => {
            let integers: Vec<i64> =
                present.map(|v| if let Value::Integer(i) = v { *i } else { 0 }).collect();
            put_integers(out, &integers);
        }
        FLOAT => {
            let floats: Vec<f64> = present.map(|v| if let Value::Float(x) = v { *x } else { 0.0 }).collect();
            put_floats(out, &floats);
        }
        STRING => {
            let texts: Vec<&str> =
                present.map(|v| if let Value::String(s) = v { &**s } else { "" }).collect();
            put_texts(out, &texts);
        }
        _ => present.for_each(|value| put_value(out, value)),
    }
}

pub fn column(reader: &mut Reader<'_>, length: usize) -> Wire<Column> {
    let form = reader.byte()?;
    if form == MISSING {
        return Ok(Column { present: None, values: Values::Missing(length) });
    }
    let present = presence(reader, length)?;
    let here = present.as_ref().map_or(length, |present| present.iter().filter(|p| **p).count());
    let values = match form {
        BOOLEAN => {
            let values = bits(reader, here)?;
            Values::Boolean(spread(reader, &present, values, || false)?)
        }
        INTEGER => {
            let values = integers(reader, here)?;
            Values::Integer(spread(reader, &present, values, || 0)?)
        }
        FLOAT => {
            let values = floats(reader, here)?;
            Values::Float(spread(reader, &present, values, || 0.0)?)
        }
        STRING => {
            let values = texts(reader, here)?;
            let empty: Arc<str> = Arc::from("");
            Values::String(spread(reader, &present, values, || empty.clone())?)
        }
        MIXED => {
            reader.charge::<Value>(here)?;
            let values = (0..here).map(|_| value(reader)).collect::<Wire<Vec<Value>>>()?;
            Values::Mixed(spread(reader, &present, values, || Value::Missing)?)
        }
        _ => return Err(Broken("a column has an unknown type")),
    };
    Ok(Column { present, values })
}

/// Puts values that are there at their places among those that are not.
fn spread<T>(
    reader: &mut Reader<'_>,
    present: &Option<Vec<bool>>,
    values: Vec<T>,
    mut filler: impl FnMut() -> T,
) -> Wire<Vec<T>> {
    let Some(present) = present else { return Ok(values) };
    reader.charge::<T>(present.len())?;
    let mut values = values.into_iter();
    Ok(present.iter().map(|p| p.then(|| values.next()).flatten().unwrap_or_else(&mut filler)).collect())
}

/// Writes which of some things are there.
pub fn put_presence(out: &mut Vec<u8>, present: impl Iterator<Item = bool> + Clone) {
    if present.clone().all(|p| p) {
        out.push(0);
    } else {
        out.push(1);
        put_bits(out, present);
    }
}

/// Which are there; `None`: all.
pub fn presence(reader: &mut Reader<'_>, length: usize) -> Wire<Option<Vec<bool>>> {
    match reader.byte()? {
        0 => Ok(None),
        1 => bits(reader, length).map(Some),
        _ => Err(Broken("a bit map has an unknown form")),
    }
}

fn put_bits(out: &mut Vec<u8>, bits: impl Iterator<Item = bool>) {
    let mut byte = 0;
    let mut filled = 0;
    for bit in bits {
        byte |= u8::from(bit) << filled;
        filled += 1;
        if filled == 8 {
            out.push(byte);
            (byte, filled) = (0, 0);
        }
    }
    if filled > 0 {
        out.push(byte);
    }
}

fn bits(reader: &mut Reader<'_>, length: usize) -> Wire<Vec<bool>> {
    let bytes = reader.take(length.div_ceil(8))?;
    reader.charge::<bool>(length)?;
    Ok((0..length).map(|i| bytes[i / 8] >> (i % 8) & 1 == 1).collect())
}

/// Floats that are all whole numbers are written as integers; others with the bytes of equal weight together, which lets
/// the compression see that signs and exponents repeat. 0: integers; 1: bytes.
fn put_floats(out: &mut Vec<u8>, values: &[f64]) {
    // Beyond 2^53 not every whole number is a float, and -0.0 has no integer.
    let whole = |x: &f64| x.fract() == 0.0 && x.abs() < 9e15 && x.to_bits() != (-0.0f64).to_bits();
    if values.iter().all(whole) {
        out.push(0);
        put_integers(out, &values.iter().map(|x| *x as i64).collect::<Vec<_>>());
        return;
    }
    out.push(1);
    out.reserve(values.len() * 8);
    for weight in (0..8).rev() {
        out.extend(values.iter().map(|x| x.to_le_bytes()[weight]));
    }
}

fn floats(reader: &mut Reader<'_>, length: usize) -> Wire<Vec<f64>> {
    match reader.byte()? {
        0 => Ok(integers(reader, length)?.into_iter().map(|i| i as f64).collect()),
        1 => {
            reader.charge::<f64>(length)?;
            let bytes = reader.take(length.checked_mul(8).ok_or(Broken("a column is too long"))?)?;
            let planes: [&[u8]; 8] = std::array::from_fn(|weight| &bytes[(7 - weight) * length..][..length]);
            Ok((0..length).map(|i| f64::from_le_bytes(std::array::from_fn(|w| planes[w][i]))).collect())
        }
        _ => Err(Broken("a column of floats has an unknown form")),
    }
}

/// Texts, each distinct one once when few are distinct. 0: each; 1: the distinct ones, then which it is for each.
pub fn put_texts(out: &mut Vec<u8>, texts: &[&str]) {
    let mut codes = HashMap::new();
    let mut distinct = Vec::new();
    let coded: Vec<i64> = texts
        .iter()
        .map(|text| {
            *codes.entry(*text).or_insert_with(|| {
                distinct.push(*text);
                distinct.len() as i64 - 1
            })
        })
        .collect();
    if distinct.len() * 2 <= texts.len() {
        out.push(1);
        put_varint(out, distinct.len() as u64);
        distinct.iter().for_each(|text| put_text(out, text));
        put_integers(out, &coded);
    } else {
        out.push(0);
        texts.iter().for_each(|text| put_text(out, text));
    }
}

pub fn texts(reader: &mut Reader<'_>, length: usize) -> Wire<Vec<Arc<str>>> {
    match reader.byte()? {
        0 => {
            reader.charge::<Arc<str>>(length)?;
            (0..length).map(|_| Ok(Arc::from(reader.text()?))).collect()
        }
        1 => {
            let count = reader.length()?;
            reader.charge::<Arc<str>>(count)?;
            reader.charge::<Arc<str>>(length)?;
            let distinct: Vec<Arc<str>> =
                (0..count).map(|_| Ok(Arc::from(reader.text()?))).collect::<Wire<_>>()?;
            let text = |code: i64| usize::try_from(code).ok().and_then(|code| distinct.get(code)).cloned();
            let codes = integers(reader, length)?;
            codes
                .into_iter()
                .map(|code| text(code).ok_or(Broken("a text is not among those it lists")))
                .collect()
        }
        _ => Err(Broken("a column of texts has an unknown form")),
    }
}

fn put_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Missing => out.push(MISSING),
        Value::Boolean(b) => out.extend([BOOLEAN, u8::from(*b)]),
        Value::Integer(i) => {
            out.push(INTEGER);
            put_signed(out, *i);
        }
        Value::Float(x) => {
            out.push(FLOAT);
            put_float(out, *x);
        }
        Value::String(s) => {
            out.push(STRING);
            put_text(out, s);
        }
    }
}

fn value(reader: &mut Reader<'_>) -> Wire<Value> {
    match reader.byte()? {
        MISSING => Ok(Value::Missing),
        BOOLEAN => Ok(Value::Boolean(reader.byte()? != 0)),
        INTEGER => reader.signed().map(Value::Integer),
        FLOAT => reader.float().map(Value::Float),
        STRING => reader.text().map(Value::string),
        _ => Err(Broken("a value has an unknown type")),
    }
}
