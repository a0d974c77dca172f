//! Points written down in a table: each row is the product of its cells, and the rows follow one another.

use std::sync::Arc;

use paramo_model::{Diagnostic, FieldPath, Parameter, PointTable, Value};

use crate::MAX_POINTS;

/// Wrong cells of a table that are reported; more would hide the rest of the report.
const REPORTED: usize = 5;

/// A table laid flat.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// The places of the columns' parameters in a point.
    slots: Vec<usize>,
    values: Arc<[Value]>,
    /// Where the values of each cell start, row by row, and where the last end.
    cells: Vec<usize>,
    /// The index of the first point of each row.
    starts: Vec<u64>,
}

impl Table {
    /// The point at an index, written into its places in `out`.
    pub fn fill(&self, index: u64, out: &mut [Value]) {
        let row = self.starts.partition_point(|start| *start <= index) - 1;
        let mut rest = index - self.starts[row];
        let first = row * self.slots.len();
        for (column, slot) in self.slots.iter().enumerate().rev() {
            let (start, end) = (self.cells[first + column], self.cells[first + column + 1]);
            let len = (end - start) as u64;
            // Nearly every cell of nearly every table holds one value.
            let place = if len == 1 { 0 } else { rest % len };
            rest = if len == 1 { rest } else { rest / len };
            out[*slot] = self.values[start + place as usize].clone();
        }
    }

    /// Every value of a column, in order.
    pub fn column(&self, column: usize) -> impl Iterator<Item = &Value> {
        let width = self.slots.len();
        (0..self.starts.len()).flat_map(move |row| {
            let cell = row * width + column;
            &self.values[self.cells[cell]..self.cells[cell + 1]]
        })
    }

    /// Checks a table, whose columns are the parameters at `slots`, and makes it ready, with its length.
    pub fn compile(
        spec: &PointTable,
        slots: Vec<usize>,
        parameters: &[Parameter],
        path: &FieldPath,
    ) -> Result<(Table, u64), Vec<Diagnostic>> {
        let error = |message: String| Diagnostic::new(path.clone(), message);
        if spec.rows.is_empty() || spec.columns.is_empty() {
            return Err(vec![error(format!("`{}` has no points", spec.source))]);
        }
        let mut wrong = Vec::new();
        let (mut values, mut cells, mut starts) = (Vec::new(), vec![0], Vec::with_capacity(spec.rows.len()));
        let mut len = 0u64;
        for (number, row) in spec.rows.iter().enumerate() {
            let mut refuse = |message: String| {
                wrong.push(error(format!("`{}`, row {}: {message}", spec.source, number + 1)));
            };
            if row.len() != spec.columns.len() {
                refuse(format!("expected {} cells, found {}", spec.columns.len(), row.len()));
            }
            starts.push(len);
            let mut product = Some(1u64);
            for ((cell, column), slot) in row.iter().zip(&spec.columns).zip(&slots) {
                if cell.is_empty() {
                    refuse(format!("`{column}` has no value"));
                }
                for value in cell {
                    match parameters[*slot].accept(value.clone()) {
                        Ok(value) => values.push(value),
                        Err(message) => refuse(format!("`{column}`: {message}")),
                    }
                }
                cells.push(values.len());
                product = product.and_then(|n| n.checked_mul(cell.len() as u64));
            }
            match product.and_then(|n| n.checked_add(len)).filter(|n| *n <= MAX_POINTS) {
                Some(sum) => len = sum,
                None => refuse("the points up to here are more than 2^63 - 1".to_owned()),
            }
            if wrong.len() >= REPORTED {
                break;
            }
        }
        if wrong.is_empty() {
            Ok((Table { slots, values: values.into(), cells, starts }, len))
        } else {
            Err(wrong)
        }
    }
}
