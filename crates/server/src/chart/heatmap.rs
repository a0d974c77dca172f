//! Heat map: what a value comes to in each cell of a grid.

use paramo_table::Spread;
use serde::Serialize;
use utoipa::ToSchema;

use super::grid::{Axis, Grid, Scale};
use super::{Source, numeric};
use crate::problem::{Problem, Result};

/// Bins of an axis with many values, unless asked otherwise.
const BINS: usize = 100;
/// Cells at the most: each is some bytes in the answer.
const CELLS: usize = 250_000;

#[derive(Debug, Serialize, ToSchema)]
pub struct HeatMap {
    pub kind: &'static str,
    pub x: Axis,
    pub y: Axis,
    pub value: Summarised,
    /// A row for each value of y, in it a cell for each value of x.
    pub cells: Vec<Vec<Option<f64>>>,
    /// Runs behind each cell.
    pub counts: Vec<Vec<u64>>,
    pub minimum: Option<f64>,
    pub maximum: Option<f64>,
    /// Runs that were looked at.
    pub rows_read: usize,
}

/// A column of which something is computed.
#[derive(Debug, Serialize, ToSchema)]
pub struct Summarised {
    pub column: String,
    pub unit: Option<String>,
    pub statistic: String,
}

pub fn of(source: &Source) -> Result<HeatMap> {
    let asked = source.asked;
    let rows = source.rows(false)?;
    let swept = if asked.x.is_some() && asked.y.is_some() { Vec::new() } else { source.swept() };
    let not =
        |other: &Option<String>| swept.iter().copied().find(|column| other.as_ref() != Some(&column.name));
    let x = source.column(&asked.x, "x", || not(&asked.y))?;
    let other = Some(x.name.clone());
    let y = source.column(&asked.y, "y", || not(&other))?;
    let value = numeric(source.column(&asked.value, "value", || source.measured())?, "value")?;
    let bins = asked.bins.unwrap_or(BINS);
    let (across, up) = (Scale::of(source, x, &rows, bins, bins)?, Scale::of(source, y, &rows, bins, bins)?);
    let (width, height) = (across.len(), up.len());
    if width * height > CELLS {
        return Err(Problem::bad_input(format!(
            "a grid of {width} × {height} cells is too large; at most {CELLS} cells are given: use fewer bins"
        )));
    }
    let grid = Grid::new(source, &across, Some(&up), &rows);
    let spread = Spread { column: value, rows: &rows, parts: &grid.parts };
    let values = grid.by_cell(source.values(&spread));
    let counts = grid.by_cell(grid.parts.sizes(&rows));
    let value_of = |(value, count): (Option<f64>, &u64)| value.filter(|_| *count > 0);
    let values: Vec<Option<f64>> = values.into_iter().zip(&counts).map(value_of).collect();
    let range = super::range(values.iter().flatten().copied());
    let lines = |width: usize| width.max(1);
    Ok(HeatMap {
        kind: "heatmap",
        x: across.axis(x),
        y: up.axis(y),
        value: Summarised {
            column: value.name.clone(),
            unit: value.unit.clone().filter(|_| asked.statistic.keeps_unit),
            statistic: asked.statistic.name.to_owned(),
        },
        cells: values.chunks(lines(width)).map(<[_]>::to_vec).collect(),
        counts: counts.chunks(lines(width)).map(<[_]>::to_vec).collect(),
        minimum: range.map(|range| range.0),
        maximum: range.map(|range| range.1),
        rows_read: rows.len(),
    })
}
