//! Lines: a value over another, averaged where several runs share it, with the band in which most of them lie.

use paramo_model::Value;
use paramo_table::Spread;
use serde::Serialize;
use utoipa::ToSchema;

use super::grid::{Grid, Scale};
use super::{Named, Source, finite, numeric};
use crate::problem::{Problem, Result};

/// Values of x that stand for themselves; where there are more they are binned.
const VALUES: usize = 1000;
const BINS: usize = 100;
/// More lines nobody can tell apart.
const SERIES: usize = 50;

#[derive(Debug, Serialize, ToSchema)]
pub struct Line {
    pub kind: &'static str,
    pub x: Named,
    pub value: Named,
    pub colour: Option<Named>,
    pub statistic: &'static str,
    pub series: Vec<Series>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Series {
    /// The value of the colour's column; the name of the value where there is one line.
    pub name: String,
    /// x, the statistic, the 10th and the 90th percentile, and the number of runs.
    pub points: Vec<Point>,
}

/// `x` is a text where its column holds texts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LinePoint)]
pub struct Point(
    #[schema(value_type = serde_json::Value)] pub serde_json::Value,
    pub Option<f64>,
    pub Option<f64>,
    pub Option<f64>,
    pub u64,
);

pub fn of(source: &Source) -> Result<Line> {
    let asked = source.asked;
    let rows = source.rows(false)?;
    let x = source.column(&asked.x, "x", || source.swept().first().copied())?;
    let value = numeric(source.column(&asked.value, "value", || source.measured())?, "value")?;
    let scale = Scale::of(source, x, &rows, asked.bins.unwrap_or(VALUES), asked.bins.unwrap_or(BINS))?;
    let colour = asked.colour.as_ref().map(|name| source.frame.column(name)).transpose()?;
    let levels = match colour {
        None => None,
        Some(column) => {
            Some(source.frame.levels(&column.name, &rows, SERIES)?.map(Scale::Levels).ok_or_else(|| {
                Problem::bad_input(format!(
                    "`{}` has more than {SERIES} values; a chart of lines shows at most so many",
                    column.name
                ))
            })?)
        }
    };
    let names: Vec<String> = match &levels {
        Some(Scale::Levels(levels)) => levels.values.iter().map(ToString::to_string).collect(),
        _ => vec![value.name.clone()],
    };
    let width = scale.len();
    let grid = Grid::new(source, &scale, levels.as_ref(), &rows);
    let spread = Spread { column: value, rows: &rows, parts: &grid.parts };
    let middles = grid.by_cell(source.values(&spread));
    let counts = grid.by_cell(spread.numbers().unwrap_or_default());
    let band = spread.quantiles(&[0.1, 0.9]).unwrap_or_default();
    let band: Vec<Vec<Value>> = band.into_iter().map(|part| grid.by_cell(part)).collect();
    let at = |values: Option<&Vec<Value>>, cell: usize| values.and_then(|values| finite(values.get(cell)?));
    let places = scale.values();
    let mut series = Vec::with_capacity(names.len());
    for (line, name) in names.into_iter().enumerate() {
        let cells = (line * width..(line + 1) * width).zip(&places).filter(|(cell, _)| counts[*cell] > 0);
        let point = |(cell, x): (usize, &serde_json::Value)| {
            Point(x.clone(), middles[cell], at(band.first(), cell), at(band.get(1), cell), counts[cell])
        };
        series.push(Series { name, points: cells.map(point).collect() });
    }
    Ok(Line {
        kind: "line",
        x: Named::of(x),
        value: Named::of(value),
        colour: colour.map(Named::of),
        statistic: asked.statistic.name,
        series,
    })
}
