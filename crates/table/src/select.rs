//! Rows and columns of a table: which, and in which order.
//!
//! Rows are chosen as lists of their places first, so that cells are moved once, and only those that stay.

use std::borrow::{Borrow, Cow};

use paramo_model::expression::Cells;
use paramo_model::{Expression, Value, nearest};

use crate::order::sorted;
use crate::{Column, ResultTable, TableError};

impl ResultTable {
    /// Keeps the rows for which an expression over the columns holds. Names of columns that are not plain words stand in
    /// braces, as the language of [`Expression`] has it.
    pub fn filter(&mut self, condition: &str) -> Result<(), TableError> {
        let rows: Vec<usize> = (0..self.rows).collect();
        self.take(&holding(&self.columns, &rows, condition)?);
        Ok(())
    }

    /// Sorts by a column; with a leading `-` from high to low. Rows that are equal stay in their order; NaN comes behind all
    /// numbers and cells without a value come last, in either direction.
    pub fn sort(&mut self, by: &str) -> Result<(), TableError> {
        let rows: Vec<usize> = (0..self.rows).collect();
        self.take(&in_order(&self.columns, &rows, by, None)?);
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

    pub(crate) fn take(&mut self, rows: &[usize]) {
        self.columns.iter_mut().for_each(|column| column.take(rows));
        self.rows = rows.len();
    }
}

/// Those of some rows for which an expression over the columns holds.
pub fn holding<'r, C: Borrow<Column>>(
    columns: &[C],
    rows: &'r [usize],
    condition: &str,
) -> Result<Cow<'r, [usize]>, TableError> {
    let names: Vec<&str> = columns.iter().map(|column| column.borrow().name.as_str()).collect();
    let expression =
        Expression::parse(condition, &names).map_err(|error| TableError::condition(condition, error))?;
    let cells: Vec<Cells> = columns.iter().map(|column| column.borrow().cells()).collect();
    match expression.holding(&cells, rows) {
        Some(held) => Ok(held),
        None => row_by_row(columns, rows, &expression).map(Cow::Owned).map_err(|message| {
            TableError::Condition { condition: condition.to_owned(), message, help: None }
        }),
    }
}

fn row_by_row<C: Borrow<Column>>(
    columns: &[C],
    rows: &[usize],
    expression: &Expression,
) -> Result<Vec<usize>, String> {
    let used: Vec<usize> = expression.references().collect();
    let mut values = vec![Value::Missing; columns.len()];
    let mut held = Vec::new();
    for row in rows {
        for at in &used {
            values[*at] = columns[*at].borrow().value(*row);
        }
        if expression.test(&values)? {
            held.push(*row);
        }
    }
    Ok(held)
}

/// Rows in the order that `by` asks for (see [`ResultTable::sort`]), at the most so many.
pub fn in_order<C: Borrow<Column>>(
    columns: &[C],
    rows: &[usize],
    by: &str,
    most: Option<usize>,
) -> Result<Vec<usize>, TableError> {
    let names: Vec<&str> = columns.iter().map(|column| column.borrow().name.as_str()).collect();
    let (name, falling) = split_sort(by, &names);
    Ok(sorted(columns[column_named(name, &names)?].borrow(), rows, falling, most))
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
