//! Tables and their columns in memory.

use std::sync::Arc;

use paramo_model::expression::{CellData, Cells};
use paramo_model::{Name, Value, ValueType};

use crate::order::rank;
use crate::pieces::{Piece, pieces};

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

/// Room for the cells of a piece that do not lie side by side, used again for the next one.
#[derive(Debug, Default)]
pub(crate) struct Room {
    numbers: Vec<f64>,
    integers: Vec<i64>,
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

    /// A column of the rows named, in that order. Rows beyond the end are left out.
    pub fn picked(&self, rows: &[usize]) -> Column {
        fn pick<T: Copy>(values: &[T], rows: &[usize]) -> Vec<T> {
            rows.iter().filter_map(|row| values.get(*row).copied()).collect()
        }
        let data = match &self.data {
            Data::Boolean(values) => Data::Boolean(pick(values, rows)),
            Data::Integer(values) => Data::Integer(pick(values, rows)),
            Data::Float(values) => Data::Float(pick(values, rows)),
            Data::String(texts) => {
                Data::String(Texts { labels: texts.labels.clone(), codes: pick(&texts.codes, rows) })
            }
        };
        Column {
            name: self.name.clone(),
            unit: self.unit.clone(),
            role: self.role,
            data,
            present: self.present.as_ref().map(|present| pick(present, rows)),
        }
    }

    /// The number in a cell; NaN where there is none. Booleans count as 0 and 1.
    pub fn number(&self, row: usize) -> f64 {
        if !self.is_present(row) {
            return f64::NAN;
        }
        match &self.data {
            Data::Boolean(values) => values.get(row).map_or(f64::NAN, |b| f64::from(*b)),
            Data::Integer(values) => values.get(row).map_or(f64::NAN, |i| *i as f64),
            Data::Float(values) => values.get(row).copied().unwrap_or(f64::NAN),
            Data::String(_) => f64::NAN,
        }
    }

    /// As a condition reads it.
    pub(crate) fn cells(&self) -> Cells<'_> {
        let data = match &self.data {
            Data::Boolean(values) => CellData::Boolean(values),
            Data::Integer(values) => CellData::Integer(values),
            Data::Float(values) => CellData::Float(values),
            Data::String(texts) => CellData::Text { labels: &texts.labels, codes: &texts.codes },
        };
        Cells { data, present: self.present.as_deref() }
    }

    /// Whether two of some rows have different cells.
    pub fn varies(&self, rows: &[usize]) -> bool {
        fn differ<T: Copy>(values: &[T], rows: &[usize], same: impl Fn(T, T) -> bool) -> bool {
            let mut cells = rows.iter().filter_map(|row| values.get(*row).copied());
            let Some(first) = cells.next() else { return false };
            cells.any(|cell| !same(first, cell))
        }
        let equal = match &self.data {
            Data::Boolean(values) => !differ(values, rows, |a, b| a == b),
            Data::Integer(values) => !differ(values, rows, |a, b| a == b),
            // As values are compared: NaN is itself.
            Data::Float(values) => !differ(values, rows, |a, b| a == b || (a.is_nan() && b.is_nan())),
            Data::String(texts) => !differ(&texts.codes, rows, |a, b| a == b),
        };
        !equal || self.present.as_ref().is_some_and(|present| differ(present, rows, |a, b| a == b))
    }

    /// The numbers in some cells, as [`Column::number`] has them.
    pub fn numbers(&self, rows: &[usize]) -> Vec<f64> {
        let mut numbers = Vec::with_capacity(rows.len());
        let mut room = Room::default();
        pieces(rows).for_each(|piece| numbers.extend_from_slice(self.numbers_of(&piece, &mut room)));
        numbers
    }

    /// The same of a piece, where they lie if they lie side by side.
    pub(crate) fn numbers_of<'a>(&'a self, piece: &Piece, room: &'a mut Room) -> &'a [f64] {
        let Room { numbers, .. } = room;
        match (&self.data, &self.present) {
            (Data::Float(values), None) => piece.cells(values, f64::NAN, numbers),
            (Data::Integer(values), None) => {
                let cells = piece.cells(values, 0, &mut room.integers);
                numbers.clear();
                numbers.extend(cells.iter().map(|i| *i as f64));
                numbers
            }
            _ => {
                numbers.clear();
                numbers.extend(piece.rows.iter().map(|row| self.number(*row)));
                numbers
            }
        }
    }

    /// Whether all of some cells hold a value that is not NaN.
    pub fn is_whole(&self, rows: &[usize]) -> bool {
        let mut room = Room::default();
        match (&self.data, &self.present) {
            (Data::Float(_), None) => pieces(rows).all(|piece| {
                // Without a branch, so that several are looked at at once.
                !self.numbers_of(&piece, &mut room).iter().fold(false, |gap, x| gap | x.is_nan())
            }),
            (_, None) => true,
            _ => rows.iter().all(|row| rank(self, *row) == 0),
        }
    }

    /// About the memory that it takes.
    pub fn bytes(&self) -> usize {
        let cells = match &self.data {
            Data::Boolean(values) => values.len(),
            Data::Integer(values) => values.len() * 8,
            Data::Float(values) => values.len() * 8,
            // A label stands in the column and in what makes it grow.
            Data::String(texts) => {
                texts.codes.len() * 4 + texts.labels.iter().map(|label| label.len() + 64).sum::<usize>()
            }
        };
        cells + self.present.as_ref().map_or(0, Vec::len)
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
