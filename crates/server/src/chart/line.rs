//! Lines: a value over another, averaged where several runs share it, with the band in which most of them lie.

use paramo_table::{Column, Groups, statistic};
use serde::Serialize;
use utoipa::ToSchema;

use super::grid::Scale;
use super::{Named, Source, numeric};
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
        Some(column) => Some(source.frame.levels(&column.name, &rows, SERIES)?.ok_or_else(|| {
            Problem::bad_input(format!(
                "`{}` has more than {SERIES} values; a chart of lines shows at most so many",
                column.name
            ))
        })?),
    };
    let lines = levels.as_ref().map_or(1, |levels| levels.values.len());
    let width = scale.len();
    let (mut kept, mut cells) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
    for row in rows.iter() {
        let line = levels.as_ref().map_or(Some(0), |levels| levels.of(*row));
        if let (Some(line), Some(place)) = (line, scale.place(*row)) {
            kept.push(*row);
            cells.push((line * width + place) as u64);
        }
    }
    let groups = Groups::of_cells(&kept, &cells, lines * width);
    let places = scale.values();
    let mut each = groups.each();
    let mut series = Vec::with_capacity(lines);
    for line in 0..lines {
        let name = levels.as_ref().and_then(|levels| levels.values.get(line));
        let points = each.by_ref().take(width).zip(&places);
        series.push(Series {
            name: name.map_or_else(|| value.name.clone(), ToString::to_string),
            points: points.filter_map(|(rows, x)| point(source, value, rows, x)).collect(),
        });
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

/// `None` where no run has a value.
fn point(source: &Source, value: &Column, rows: &[usize], x: &serde_json::Value) -> Option<Point> {
    let mut numbers = Vec::new();
    let middle = source.value(value, rows, &mut numbers);
    if numbers.is_empty() {
        return None;
    }
    let quantile = |fraction| {
        let found = statistic("quantile")?.of(value, &numbers, fraction);
        found.as_f64().filter(|x| x.is_finite())
    };
    Some(Point(x.clone(), middle, quantile(0.1), quantile(0.9), numbers.len() as u64))
}
