//! Rows and columns of a table: which, and in which order.

use std::cmp::Ordering;

use paramo_model::{Expression, Value, nearest};

use crate::{Column, Data, ResultTable, TableError};

impl ResultTable {
    /// Keeps the rows for which an expression over the columns holds. Names of columns that are not plain words stand in
    /// braces, as the language of [`Expression`] has it.
    pub fn filter(&mut self, condition: &str) -> Result<(), TableError> {
        let names: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
        let expression =
            Expression::parse(condition, &names).map_err(|error| TableError::condition(condition, error))?;
        let used: Vec<usize> = expression.references().collect();
        let mut values = vec![Value::Missing; self.columns.len()];
        let mut kept = Vec::new();
        for row in 0..self.rows {
            for at in &used {
                values[*at] = self.columns[*at].value(row);
            }
            let holds = expression.test(&values).map_err(|message| TableError::Condition {
                condition: condition.to_owned(),
                message,
                help: None,
            })?;
            if holds {
                kept.push(row);
            }
        }
        self.take(&kept);
        Ok(())
    }

    /// Sorts by a column; with a leading `-` from high to low. Rows that are equal stay in their order; NaN comes behind all
    /// numbers and cells without a value come last, in either direction.
    pub fn sort(&mut self, by: &str) -> Result<(), TableError> {
        let names: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
        let (name, falling) = split_sort(by, &names);
        let column = &self.columns[column_named(name, &names)?];
        let mut rows: Vec<usize> = (0..self.rows).collect();
        rows.sort_by(|a, b| {
            rank(column, *a).cmp(&rank(column, *b)).then_with(|| match compare(column, *a, *b) {
                order if falling => order.reverse(),
                order => order,
            })
        });
        self.take(&rows);
        Ok(())
    }

    /// Keeps the first rows.
    pub fn truncate(&mut self, rows: usize) {
        if rows < self.rows {
            self.take(&(0..rows).collect::<Vec<_>>());
        }
    }

    /// Keeps some columns, in the order given; one that is named twice is there once.
    pub fn select(&mut self, names: &[String]) -> Result<(), TableError> {
        let all: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
        let mut places: Vec<usize> = Vec::new();
        for name in names {
            let place = column_named(name, &all)?;
            if !places.contains(&place) {
                places.push(place);
            }
        }
        let mut columns: Vec<Option<Column>> =
            std::mem::take(&mut self.columns).into_iter().map(Some).collect();
        self.columns = places.into_iter().filter_map(|place| columns[place].take()).collect();
        Ok(())
    }

    fn take(&mut self, rows: &[usize]) {
        self.columns.iter_mut().for_each(|column| column.take(rows));
        self.rows = rows.len();
    }
}

/// The column meant and whether it is sorted from high to low. No name begins with `-`.
pub fn split_sort<'a>(by: &'a str, names: &[&str]) -> (&'a str, bool) {
    match by.strip_prefix('-') {
        Some(name) if !names.contains(&by) => (name, true),
        _ => (by, false),
    }
}

/// The position of a column.
pub fn column_named(name: &str, names: &[&str]) -> Result<usize, TableError> {
    names.iter().position(|candidate| *candidate == name).ok_or_else(|| TableError::NoColumn {
        wanted: name.to_owned(),
        nearest: nearest(name, names.iter().copied()).map(str::to_owned),
        names: names.join(", "),
    })
}

/// Numbers and texts, then NaN, then nothing.
fn rank(column: &Column, row: usize) -> u8 {
    match &column.data {
        _ if !column.is_present(row) => 2,
        Data::Float(values) if values[row].is_nan() => 1,
        _ => 0,
    }
}

fn compare(column: &Column, a: usize, b: usize) -> Ordering {
    match &column.data {
        Data::Boolean(values) => values[a].cmp(&values[b]),
        Data::Integer(values) => values[a].cmp(&values[b]),
        Data::Float(values) => values[a].partial_cmp(&values[b]).unwrap_or(Ordering::Equal),
        Data::String(texts) => texts.get(a).cmp(&texts.get(b)),
    }
}
