//! What a picture is made of: the columns of a result table, when each run ran, and how long whole studies took.

/// A result table. All columns have the same number of rows, one for each run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Data {
    /// Drawn above the picture, unless the request has a title of its own.
    pub title: Option<String>,
    pub columns: Vec<Column>,
    /// When runs ran, for the Gantt chart and the throughput; empty where that is not known.
    pub bars: Vec<Bar>,
    /// How long studies took, for speed-up and efficiency; empty unless several studies are compared.
    pub timings: Vec<Timing>,
}

/// A named column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    pub name: String,
    /// Shown in parentheses after the name.
    pub unit: Option<String>,
    pub role: Role,
    /// The axis of the space is logarithmic, and so is that of the picture unless the request says otherwise.
    pub log: bool,
    pub values: Values,
}

/// What a column is in the study; it decides what is drawn when nobody says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Swept: an axis or a series.
    Parameter,
    /// Only tells repetitions apart (a seed); values that differ in nothing else are averaged.
    Replicate,
    /// Measured.
    Output,
}

/// The cells of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// NaN for a missing value. Infinite values are counted and not drawn.
    Numbers(Vec<f64>),
    /// Texts, choices, booleans. Row `i` has the label `labels[codes[i]]`; a code without a label is a missing value.
    Labels { labels: Vec<String>, codes: Vec<u32> },
}

/// The time that one run took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    /// The worker that made the run: with several, each has rows of its own.
    pub worker: u32,
    /// The row of the Gantt chart.
    pub slot: u32,
    /// Seconds since any common moment.
    pub start: f64,
    /// Seconds since the same moment.
    pub end: f64,
    pub ok: bool,
}

impl Bar {
    /// What tells the rows of the Gantt chart apart, and puts them in order.
    pub(crate) fn row(&self) -> (u32, u32) {
        (self.worker, self.slot)
    }
}

/// What one study took on some number of slots.
#[derive(Clone, Debug, PartialEq)]
pub struct Timing {
    pub study: String,
    /// Slots that ran at least one run.
    pub slots: u32,
    /// From the start of the first run to the end of the last.
    pub seconds: f64,
    /// Runs that ended in this time.
    pub runs: u64,
}

impl Values {
    pub fn len(&self) -> usize {
        match self {
            Values::Numbers(numbers) => numbers.len(),
            Values::Labels { codes, .. } => codes.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Column {
    /// The numbers, or why there are none.
    pub(crate) fn numbers(&self) -> Result<&[f64], String> {
        match &self.values {
            Values::Numbers(numbers) => Ok(numbers),
            Values::Labels { .. } => Err(format!("`{}` holds text, and numbers are needed here", self.name)),
        }
    }

    pub(crate) fn is_numeric(&self) -> bool {
        matches!(self.values, Values::Numbers(_))
    }

    /// What stands at an axis: `k1 (1/(M min))`.
    pub(crate) fn label(&self) -> String {
        match &self.unit {
            Some(unit) if !unit.is_empty() => format!("{} ({unit})", self.name),
            _ => self.name.clone(),
        }
    }
}

impl Data {
    pub(crate) fn rows(&self) -> usize {
        self.columns.first().map_or(0, |column| column.values.len())
    }

    /// Refuses columns of different lengths.
    pub(crate) fn check(&self) -> Result<(), String> {
        let rows = self.rows();
        match self.columns.iter().find(|column| column.values.len() != rows) {
            Some(column) => Err(format!(
                "all columns need the same number of rows: `{}` has {} and `{}` has {rows}",
                column.name,
                column.values.len(),
                self.columns[0].name,
            )),
            None => Ok(()),
        }
    }
}
