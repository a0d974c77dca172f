//! Points, one a run; of very many some, and how dense all of them lie.

use serde::Serialize;
use utoipa::ToSchema;

use super::grid::Edges;
use super::{Named, Source, numeric, range, thinned};
use crate::problem::Result;
use crate::shape;

/// Points at the most.
const MOST: usize = 5000;
const BINS: usize = 100;

#[derive(Debug, Serialize, ToSchema)]
pub struct Scatter {
    pub kind: &'static str,
    pub x: Named,
    pub y: Named,
    pub colour: Option<Named>,
    pub points: Vec<Point>,
    pub shown: usize,
    /// Runs that have both numbers.
    pub total: usize,
    /// Of all points, when not all are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub density: Option<Density>,
}

/// x, y, the colour's value, and the index of the run.
#[derive(Debug, Serialize, ToSchema)]
pub struct Point(pub f64, pub f64, #[schema(value_type = serde_json::Value)] pub serde_json::Value, pub u64);

#[derive(Debug, Serialize, ToSchema)]
pub struct Density {
    pub x_edges: Vec<f64>,
    pub y_edges: Vec<f64>,
    /// A row for each bin of y, in it a number of runs for each bin of x.
    pub counts: Vec<Vec<u64>>,
}

pub fn of(source: &Source) -> Result<Scatter> {
    let asked = source.asked;
    let x = source.column(&asked.x, "x", || source.swept().first().copied())?;
    // What other charts call the value is along y here.
    let along = asked.y.clone().or_else(|| asked.value.clone());
    let y = source.column(&along, "y", || source.measured())?;
    let (x, y) = (numeric(x, "x")?, numeric(y, "y")?);
    let colour = asked.colour.as_ref().map(|name| source.frame.column(name)).transpose()?;
    let rows = source.rows(false)?;
    let places = x.numbers(&rows).into_iter().zip(y.numbers(&rows)).zip(rows.iter().copied());
    let drawn = |((x, y), _): &((f64, f64), usize)| x.is_finite() && y.is_finite();
    let (places, rows): (Vec<(f64, f64)>, Vec<usize>) = places.filter(drawn).unzip();
    let shown = thinned(&rows, MOST);
    let value =
        |row: usize| colour.map_or(serde_json::Value::Null, |column| shape::value(&column.value(row)));
    let points =
        shown.iter().map(|row| Point(x.number(*row), y.number(*row), value(*row), source.index(*row)));
    let density = (shown.len() < rows.len()).then(|| {
        let bins = asked.bins.unwrap_or(BINS);
        let edges = |range: Option<(f64, f64)>| Edges::new(range.unwrap_or((0.0, 0.0)), bins, false);
        let across = edges(range(places.iter().map(|place| place.0)));
        let up = edges(range(places.iter().map(|place| place.1)));
        let mut counts = vec![vec![0; across.count]; up.count];
        for (x, y) in &places {
            if let (Some(across), Some(up)) = (across.of(*x), up.of(*y)) {
                counts[up][across] += 1;
            }
        }
        Density { x_edges: across.all(), y_edges: up.all(), counts }
    });
    Ok(Scatter {
        kind: "scatter",
        x: Named::of(x),
        y: Named::of(y),
        colour: colour.map(Named::of),
        points: points.collect(),
        shown: shown.len(),
        total: rows.len(),
        density,
    })
}
