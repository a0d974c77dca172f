//! Tables and their columns in memory.

use std::sync::Arc;

use paramo_model::{Name, Value, ValueType};

/// The results of a study, one row for each run that has ended; or a summary of them, one row for each group.
#[derive(Clone, Debug, PartialEq)]
pub struct ResultTable {
    pub study: Name,
    pub version: u32,
    /// Rows of every column.
    pub rows: usize,
    pub columns: Vec<Column>,
}

impl ResultTable {
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// A named column of one type.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Different from the name of every other column.
    pub name: String,
    pub unit: Option<String>,
    pub role: Role,
    pub data: Data,
    /// Which cells hold a value; `None`: all. The others hold zero, `false` or a code without a text below.
    pub present: Option<Vec<bool>>,
}

/// What a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Of the application, by its position there.
    Parameter(usize),
    Output(usize),
    Index,
    State,
    Cause,
    Attempts,
    ExitCode,
    Wall,
    Cpu,
    PeakMemory,
    Started,
    Worker,
    Slot,
    /// Of a summary: how many runs stand behind a row.
    Runs,
    /// Of a summary: how many of those have failed.
    Failed,
    /// Of a summary: of how many of those that succeeded a column has no value.
    Absent,
    /// Of a summary: what was asked for.
    Statistic,
}

/// The cells of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    Boolean(Vec<bool>),
    Integer(Vec<i64>),
    Float(Vec<f64>),
    String(Texts),
}

/// Texts, each distinct one kept once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Texts {
    pub labels: Vec<Arc<str>>,
    /// For each row which of the labels it is.
    pub codes: Vec<u32>,
}

impl Texts {
    /// The text of a row; `None` beyond the end and for a code without a text.
    pub fn get(&self, row: usize) -> Option<&Arc<str>> {
        self.labels.get(*self.codes.get(row)? as usize)
    }
}

impl Column {
    pub fn kind(&self) -> ValueType {
        match self.data {
            Data::Boolean(_) => ValueType::Boolean,
            Data::Integer(_) => ValueType::Integer,
            Data::Float(_) => ValueType::Float,
            Data::String(_) => ValueType::String,
        }
    }

    /// Whether a cell holds a value.
    pub fn is_present(&self, row: usize) -> bool {
        self.present.as_ref().is_none_or(|present| present.get(row).copied().unwrap_or(false))
    }

    /// The value of a cell; `Missing` beyond the end.
    pub fn value(&self, row: usize) -> Value {
        if !self.is_present(row) {
            return Value::Missing;
        }
        let value = match &self.data {
            Data::Boolean(values) => values.get(row).map(|b| Value::Boolean(*b)),
            Data::Integer(values) => values.get(row).map(|i| Value::Integer(*i)),
            Data::Float(values) => values.get(row).map(|x| Value::Float(*x)),
            Data::String(texts) => texts.get(row).map(|text| Value::String(text.clone())),
        };
        value.unwrap_or(Value::Missing)
    }

    /// The rows named, in that order. Rows beyond the end are left out.
    pub(crate) fn take(&mut self, rows: &[usize]) {
        fn pick<T: Copy>(values: &mut Vec<T>, rows: &[usize]) {
            *values = rows.iter().filter_map(|row| values.get(*row).copied()).collect();
        }
        match &mut self.data {
            Data::Boolean(values) => pick(values, rows),
            Data::Integer(values) => pick(values, rows),
            Data::Float(values) => pick(values, rows),
            Data::String(texts) => pick(&mut texts.codes, rows),
        }
        if let Some(present) = &mut self.present {
            pick(present, rows);
        }
    }
}
