//! An axis of a grid: the few values that a column has, or bins of equal width where it has many.

use paramo_model::Value;
use paramo_table::{Column, Levels, NOWHERE, Parts, logarithmic};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Source, numeric, range};
use crate::problem::{Problem, Result};
use crate::shape;

/// Values on an axis that holds texts.
const TEXTS: usize = 1000;

/// An axis.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GridAxis)]
pub struct Axis {
    pub column: String,
    pub unit: Option<String>,
    /// The values, or the middles of the bins.
    #[schema(value_type = Vec<serde_json::Value>)]
    pub values: Vec<serde_json::Value>,
    /// Where bins begin and the last one ends; `null` where every value stands for itself.
    pub edges: Option<Vec<f64>>,
}

/// How rows are put on an axis.
pub enum Scale<'a> {
    Levels(Levels),
    Bins { column: &'a Column, edges: Edges },
}

/// Bins of one width, between which a logarithm may lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edges {
    from: f64,
    to: f64,
    pub count: usize,
    log: bool,
}

impl Edges {
    /// Bins that hold all numbers from the least to the most.
    pub fn new((least, most): (f64, f64), count: usize, log: bool) -> Edges {
        let log = log && least > 0.0;
        // All numbers are the same: one bin around them.
        if least == most {
            let half = if least == 0.0 { 0.5 } else { least.abs() * 0.5 };
            return Edges { from: least - half, to: most + half, count: 1, log: false };
        }
        Edges { from: least, to: most, count: count.max(1), log }
    }

    /// The bin of a number; one that is the end of the last bin is in it. `None` for what lies outside or is not finite.
    pub fn of(&self, x: f64) -> Option<usize> {
        if !(self.from..=self.to).contains(&x) {
            return None;
        }
        let part = match self.log {
            true => (x / self.from).ln() / (self.to / self.from).ln(),
            // Halved, for the difference of two large numbers may not be one.
            false => (x / 2.0 - self.from / 2.0) / (self.to / 2.0 - self.from / 2.0),
        };
        Some(((part * self.count as f64) as usize).min(self.count - 1))
    }

    pub fn edge(&self, at: usize) -> f64 {
        match at {
            0 => self.from,
            at if at == self.count => self.to,
            at => self.between(at as f64 / self.count as f64),
        }
    }

    pub fn middle(&self, bin: usize) -> f64 {
        self.between((bin as f64 + 0.5) / self.count as f64)
    }

    fn between(&self, part: f64) -> f64 {
        match self.log {
            true => self.from * (self.to / self.from).powf(part),
            false => self.from * (1.0 - part) + self.to * part,
        }
    }

    pub fn all(&self) -> Vec<f64> {
        (0..=self.count).map(|at| self.edge(at)).collect()
    }
}

/// A grid, and the rows that are in its cells: those of the first scale side by side, those of the second one above the other.
pub struct Grid {
    pub parts: Parts,
    /// Of each cell its group; `None`: groups are cells.
    cells: Option<Vec<u32>>,
}

impl Grid {
    pub fn new(source: &Source, across: &Scale, up: Option<&Scale>, rows: &[usize]) -> Grid {
        fn cells(rows: &[usize], width: u32, x: impl Fn(usize) -> u32, y: impl Fn(usize) -> u32) -> Vec<u32> {
            let cell = |row: &usize| match (x(*row), y(*row)) {
                (NOWHERE, _) | (_, NOWHERE) => NOWHERE,
                (x, y) => y * width + x,
            };
            rows.iter().map(cell).collect()
        }
        let shared = match (up, across) {
            (None, Scale::Levels(x)) => source.frame.grid(&[x], rows),
            (Some(Scale::Levels(y)), Scale::Levels(x)) => source.frame.grid(&[y, x], rows),
            _ => None,
        };
        if let Some(shared) = shared {
            return Grid { parts: shared.parts, cells: Some(shared.cells) };
        }
        let width = across.len();
        let cells = match (across, up) {
            (Scale::Levels(x), None) => cells(rows, width as u32, |row| x.place(row), |_| 0),
            (Scale::Levels(x), Some(Scale::Levels(y))) => {
                cells(rows, width as u32, |row| x.place(row), |row| y.place(row))
            }
            (x, y) => cells(rows, width as u32, |row| x.place(row), |row| y.map_or(0, |y| y.place(row))),
        };
        Grid { parts: Parts::listed(cells, width * up.map_or(1, Scale::len)), cells: None }
    }

    /// For each cell what its group has come to.
    pub fn by_cell<T: Clone>(&self, groups: Vec<T>) -> Vec<T> {
        match &self.cells {
            None => groups,
            Some(cells) => cells.iter().filter_map(|group| groups.get(*group as usize).cloned()).collect(),
        }
    }
}

impl<'a> Scale<'a> {
    /// The scale of a column for some rows: its values when there are at most `most`, else `bins` bins.
    pub fn of(
        source: &Source<'a>,
        column: &'a Column,
        rows: &[usize],
        most: usize,
        bins: usize,
    ) -> Result<Scale<'a>> {
        let most = if numeric(column, "").is_ok() { most } else { TEXTS };
        if let Some(levels) = source.frame.levels(&column.name, rows, most)? {
            return Ok(Scale::Levels(levels));
        }
        if numeric(column, "").is_err() {
            return Err(Problem::bad_input(format!(
                "`{}` has more than {TEXTS} different texts",
                column.name
            )));
        }
        let numbers = column.numbers(rows).into_iter();
        let log = logarithmic(source.study, &column.name);
        // There are more than `most` values, so some are finite.
        let range = range(numbers).unwrap_or((0.0, 0.0));
        Ok(Scale::Bins { column, edges: Edges::new(range, bins, log) })
    }

    pub fn len(&self) -> usize {
        match self {
            Scale::Levels(levels) => levels.values.len(),
            Scale::Bins { edges, .. } => edges.count,
        }
    }

    /// Where a row stands; [`NOWHERE`] where it has no value.
    fn place(&self, row: usize) -> u32 {
        match self {
            Scale::Levels(levels) => levels.place(row),
            Scale::Bins { column, edges } => edges.of(column.number(row)).map_or(NOWHERE, |bin| bin as u32),
        }
    }

    pub fn values(&self) -> Vec<serde_json::Value> {
        match self {
            Scale::Levels(levels) => levels.values.iter().map(shape::value).collect(),
            Scale::Bins { edges, .. } => {
                (0..edges.count).map(|bin| shape::value(&Value::Float(edges.middle(bin)))).collect()
            }
        }
    }

    pub fn axis(&self, column: &Column) -> Axis {
        let edges = match self {
            Scale::Levels(_) => None,
            Scale::Bins { edges, .. } => Some(edges.all()),
        };
        Axis { column: column.name.clone(), unit: column.unit.clone(), values: self.values(), edges }
    }
}
