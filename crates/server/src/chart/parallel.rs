//! Parallel coordinates: a line a run across several axes.

use paramo_table::{Column, Levels};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Source, numeric, range, thinned};
use crate::problem::{Problem, Result};
use crate::shape;

/// Lines at the most.
const MOST: usize = 2000;
/// Axes that are chosen, and that may be asked for.
const AXES: usize = 12;
const MOST_AXES: usize = 50;
const CATEGORIES: usize = 1000;

#[derive(Debug, Serialize, ToSchema)]
pub struct Parallel {
    pub kind: &'static str,
    pub axes: Vec<Axis>,
    /// The value on each axis, of an axis with categories its place among them, and last the index of the run.
    #[schema(value_type = Vec<Vec<Option<f64>>>)]
    pub rows: Vec<Vec<serde_json::Value>>,
    pub shown: usize,
    pub total: usize,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Axis {
    pub column: String,
    pub unit: Option<String>,
    pub minimum: Option<f64>,
    pub maximum: Option<f64>,
    /// Of texts.
    pub categories: Option<Vec<String>>,
}

pub fn of(source: &Source) -> Result<Parallel> {
    let rows = source.rows(false)?;
    let columns: Vec<&Column> = match source.asked.columns.as_slice() {
        [] => source.swept().into_iter().chain(source.outputs()).take(AXES).collect(),
        names if names.len() > MOST_AXES => {
            return Err(Problem::bad_input(format!("at most {MOST_AXES} columns are drawn side by side")));
        }
        names => names.iter().map(|name| source.frame.column(name)).collect::<std::result::Result<_, _>>()?,
    };
    let mut axes = Vec::with_capacity(columns.len());
    let mut scales: Vec<(&Column, Option<Levels>)> = Vec::with_capacity(columns.len());
    for column in columns {
        let levels = match numeric(column, "") {
            Ok(_) => None,
            Err(_) => Some(source.frame.levels(&column.name, &rows, CATEGORIES)?.ok_or_else(|| {
                Problem::bad_input(format!("`{}` has more than {CATEGORIES} different texts", column.name))
            })?),
        };
        let range = match &levels {
            None => range(column.numbers(&rows).into_iter()),
            Some(levels) => levels.values.len().checked_sub(1).map(|last| (0.0, last as f64)),
        };
        let texts = levels.as_ref().map(|levels| levels.values.iter().map(ToString::to_string).collect());
        axes.push(Axis {
            column: column.name.clone(),
            unit: column.unit.clone(),
            minimum: range.map(|range| range.0),
            maximum: range.map(|range| range.1),
            categories: texts,
        });
        scales.push((column, levels));
    }
    let shown = thinned(&rows, MOST);
    let cells = |row: &usize| {
        let values = scales.iter().map(|(column, levels)| match levels {
            Some(levels) => levels.of(*row).map_or(serde_json::Value::Null, Into::into),
            None => shape::value(&paramo_model::Value::Float(column.number(*row))),
        });
        values.chain([source.index(*row).into()]).collect()
    };
    Ok(Parallel {
        kind: "parallel",
        axes,
        rows: shown.iter().map(cells).collect(),
        shown: shown.len(),
        total: rows.len(),
    })
}
