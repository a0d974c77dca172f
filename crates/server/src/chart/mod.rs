//! The numbers behind each chart of the page, made from the results in memory, one file a kind.
//!
//! Charts show runs that succeeded; those that show time show all. What is many becomes few here: grids, bins, evenly thinned points.

mod efficiency;
mod failures;
mod gantt;
mod grid;
mod heatmap;
mod histogram;
mod line;
mod parallel;
mod scatter;
mod throughput;
mod times;

use paramo_model::{Study, Value};
use paramo_table::{Column, Data, Frame, Role, Spread, Statistic, Which, replicates, statistic};
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::{Problem, Result};

pub use failures::Failures;

/// The kinds, by the names under which they are asked for.
pub const KINDS: [&str; 9] =
    ["heatmap", "line", "scatter", "histogram", "parallel", "gantt", "throughput", "efficiency", "failures"];

/// What a chart is made of.
#[derive(Clone, Debug)]
pub struct Asked {
    pub x: Option<String>,
    pub y: Option<String>,
    pub value: Option<String>,
    pub colour: Option<String>,
    pub statistic: &'static Statistic,
    /// Of a quantile.
    pub fraction: f64,
    pub condition: Option<String>,
    pub bins: Option<usize>,
    pub columns: Vec<String>,
}

/// The numbers behind a chart.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Chart {
    HeatMap(heatmap::HeatMap),
    Line(line::Line),
    Scatter(scatter::Scatter),
    Histogram(histogram::Histogram),
    Parallel(parallel::Parallel),
    Gantt(gantt::Gantt),
    Throughput(throughput::Throughput),
    Efficiency(efficiency::Efficiency),
    Failures(Failures),
}

/// A column of a chart.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Named {
    pub column: String,
    pub unit: Option<String>,
}

impl Named {
    fn of(column: &Column) -> Named {
        Named { column: column.name.clone(), unit: column.unit.clone() }
    }
}

/// Makes a chart. `kind` is one of [`KINDS`].
pub fn chart(kind: &str, frame: &Frame, study: &Study, asked: &Asked) -> Result<Chart> {
    let source = Source { frame, study, asked };
    Ok(match kind {
        "heatmap" => Chart::HeatMap(heatmap::of(&source)?),
        "line" => Chart::Line(line::of(&source)?),
        "scatter" => Chart::Scatter(scatter::of(&source)?),
        "histogram" => Chart::Histogram(histogram::of(&source)?),
        "parallel" => Chart::Parallel(parallel::of(&source)?),
        "gantt" => Chart::Gantt(gantt::of(&source)?),
        "throughput" => Chart::Throughput(throughput::of(&source)?),
        "efficiency" => Chart::Efficiency(efficiency::of(&source)?),
        "failures" => Chart::Failures(failures::of(&source)?),
        other => return Err(unknown(other)),
    })
}

/// That there is no such kind.
pub fn unknown(kind: &str) -> Problem {
    Problem::not_found(format!("there is no chart `{kind}`; the charts are {}", KINDS.join(", ")))
}

/// Where a chart comes from.
struct Source<'a> {
    frame: &'a Frame,
    study: &'a Study,
    asked: &'a Asked,
}

impl<'a> Source<'a> {
    /// The runs that are shown, by index.
    fn rows(&self, all: bool) -> Result<std::borrow::Cow<'a, [usize]>> {
        let succeeded = (!all).then_some(true);
        let which = Which { succeeded, cause: None, condition: self.asked.condition.clone() };
        Ok(self.frame.rows(&which)?)
    }

    /// The column asked for, or one that is chosen.
    fn column(
        &self,
        asked: &Option<String>,
        what: &str,
        choose: impl FnOnce() -> Option<&'a Column>,
    ) -> Result<&'a Column> {
        match asked {
            Some(name) => Ok(self.frame.column(name)?),
            None => choose().ok_or_else(|| {
                Problem::bad_input(format!("name the column for `{what}`; none suggests itself"))
            }),
        }
    }

    /// The parameters that are swept, those left out that only repeat or never change.
    fn swept(&self) -> Vec<&'a Column> {
        let rows = self.frame.rows(&Which::default()).unwrap_or_default();
        let varies = |column: &&Column| column.varies(&rows);
        let columns = self.frame.columns().iter().map(|column| &**column);
        let swept = columns.filter(|column| matches!(column.role, Role::Parameter(_)));
        swept.filter(|column| !replicates(self.study, &column.name)).filter(varies).collect()
    }

    /// The first output that has numbers.
    fn measured(&self) -> Option<&'a Column> {
        self.outputs().find(|column| is_numeric(column))
    }

    fn outputs(&self) -> impl Iterator<Item = &'a Column> + use<'a> {
        let columns = self.frame.columns().iter().map(|column| &**column);
        columns.filter(|column| matches!(column.role, Role::Output(_)))
    }

    fn index(&self, row: usize) -> u64 {
        self.frame.of_role(Role::Index).map_or(0, |column| column.number(row) as u64)
    }

    /// The statistic of each group of some rows of a column, cells without a number left out.
    fn values(&self, spread: &Spread) -> Vec<Option<f64>> {
        let values = self.asked.statistic.of_each(spread, self.asked.fraction);
        values.iter().map(finite).collect()
    }
}

/// A number that can be drawn.
fn finite(value: &Value) -> Option<f64> {
    value.as_f64().filter(|x| x.is_finite())
}

fn is_numeric(column: &Column) -> bool {
    matches!(column.data, Data::Integer(_) | Data::Float(_))
}

fn numeric<'a>(column: &'a Column, what: &str) -> Result<&'a Column> {
    match column.data {
        Data::String(_) => {
            Err(Problem::bad_input(format!("`{what}` needs numbers, and `{}` holds texts", column.name)))
        }
        _ => Ok(column),
    }
}

/// So many of the rows at the most, evenly spread over all of them.
fn thinned(rows: &[usize], most: usize) -> Vec<usize> {
    match rows.len() <= most {
        true => rows.to_vec(),
        false => (0..most).map(|at| rows[at * rows.len() / most]).collect(),
    }
}

/// The least and the largest finite number.
fn range(numbers: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
    for x in numbers.filter(|x| x.is_finite()) {
        least = least.min(x);
        most = most.max(x);
    }
    (least <= most).then_some((least, most))
}

/// Reads `mean` or `quantile:0.9`.
pub fn read_statistic(text: &str) -> Result<(&'static Statistic, f64)> {
    let (name, fraction) = match text.split_once(':') {
        Some((name, fraction)) => (name, fraction.parse().ok()),
        None => (text, Some(0.0)),
    };
    let names = || {
        let all = paramo_table::STATISTICS.iter().filter(|s| s.name != "first");
        let named = all.map(|s| if s.takes_fraction { format!("{}:0.9", s.name) } else { s.name.to_owned() });
        named.collect::<Vec<_>>().join(", ")
    };
    let found = statistic(name).filter(|statistic| statistic.takes_fraction == text.contains(':'));
    let fraction = fraction.filter(|fraction: &f64| (0.0..=1.0).contains(fraction));
    found.zip(fraction).ok_or_else(|| {
        Problem::bad_input(format!("there is no statistic `{text}`; the statistics are {}", names()))
    })
}

#[cfg(test)]
mod tests;
