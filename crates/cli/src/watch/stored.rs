//! What the store says of a study, as the view shows it: counts, columns to draw, failures by cause, and how many runs ended when.

use std::collections::HashMap;
use std::sync::Arc;

use paramo_design::Space;
use paramo_engine::Code;
use paramo_model::{Axis, Block, CauseKind, Ended, Factor, Name, StudyId, StudyState, Value};
use paramo_store::{Counts, StudyRow};
use paramo_table::{Column, Data, Options, ResultTable, Role};

use super::number::brief;
use crate::failure::{Failure, Result};
use crate::reason::{reason, words};
use crate::store::Place;

/// A study at rest, or what has been committed of a running one.
#[derive(Clone, Debug)]
pub struct Stored {
    pub state: StudyState,
    /// The first thing in its way while nobody works on it, in words.
    pub waits: Option<String>,
    pub results: Arc<Results>,
}

/// What changes only when runs end or points are added.
#[derive(Clone, Debug, Default)]
pub struct Results {
    /// Points of the space.
    pub total: u64,
    pub counts: Counts,
    /// Runs at once at the most, where somebody has said so.
    pub slots: Option<u32>,
    /// The parameters that vary, those that only repeat points last.
    pub parameters: Vec<Series>,
    /// How many of them do not only repeat points.
    pub axes: usize,
    /// The outputs that are numbers, then the wall time.
    pub outputs: Vec<Series>,
    pub failures: Vec<Failures>,
    pub history: History,
    /// The points of running runs are computed from it.
    pub space: Option<Space>,
    /// Of all parameters, in the order of a point; with whether it varies.
    pub names: Vec<(String, bool)>,
}

impl Results {
    /// What a run is of: the parameters that vary, in words.
    pub fn point(&self, index: u64) -> String {
        let point = self.space.as_ref().and_then(|space| space.point(index)).unwrap_or_default();
        let varying = self.names.iter().zip(point).filter(|((_, varies), _)| *varies);
        let words = varying.map(|((name, _), value)| match value {
            Value::Float(x) => format!("{name}={}", brief(x)),
            value => format!("{name}={value}"),
        });
        words.collect::<Vec<_>>().join(" ")
    }
}

/// A column as a picture takes it, one value a run that succeeded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    pub name: String,
    pub unit: Option<String>,
    /// NaN where there is none.
    pub values: Vec<f64>,
    /// The texts that the values 0, 1, … stand for.
    pub labels: Option<Vec<String>>,
}

/// The failed runs of one cause.
#[derive(Clone, Debug, PartialEq)]
pub struct Failures {
    pub cause: CauseKind,
    pub runs: u64,
    /// The one that failed last: its index, and what it said.
    pub last: Option<(u64, String)>,
}

/// How many runs ended in each of the last stretches of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Seconds of a stretch.
    pub stretch: f64,
    /// The newest last.
    pub ended: Vec<u64>,
}

/// Reads a study again and again, and no more of it than has changed.
pub struct Reader {
    last: Option<(StudyRow, Arc<Results>)>,
    /// What the last failed run of a cause said.
    said: HashMap<u64, String>,
}

impl Reader {
    pub fn new() -> Reader {
        Reader { last: None, said: HashMap::new() }
    }

    /// Reads what is stored now.
    pub async fn read(&mut self, place: &Place, study: StudyId) -> Result<Stored> {
        let row = place.store.study(study).await?;
        let state = row.state;
        let waits = match place.holder(row.id) {
            Some(_) => None,
            None => reason(place, &row, None)
                .filter(|why| !why.code.is_over() && why.code != Code::NotStarted)
                .map(|why| words(&why)),
        };
        if let Some((last, results)) = &self.last
            && last.counts == row.counts
            && last.study == row.study
        {
            return Ok(Stored { state, waits, results: results.clone() });
        }
        let results = Arc::new(self.read_results(place, &row).await?);
        self.last = Some((row, results.clone()));
        Ok(Stored { state, waits, results })
    }

    async fn read_results(&mut self, place: &Place, row: &StudyRow) -> Result<Results> {
        let application = &row.study.application;
        let space = Space::new(&row.study.space, &application.parameters).map_err(|found| {
            Failure::input(found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\nerror: "))
        })?;
        let table = ResultTable::load(place.store.as_ref(), row, &Options::default()).await?;
        let varying = space.varying();
        let succeeded = succeeded(&table);
        let by_role = |wanted: Role| table.columns.iter().find(|column| column.role == wanted);
        let names: Vec<(String, bool)> = (application.parameters.iter().enumerate())
            .map(|(at, parameter)| (parameter.name.to_string(), varying.contains(&at)))
            .collect();
        let mut parameters: Vec<Series> = (varying.iter())
            .filter_map(|at| by_role(Role::Parameter(*at)))
            .map(|column| series(column, &succeeded))
            .collect();
        let only_repeats = |parameter: &Series| repeats(&row.study.space.blocks, &parameter.name);
        parameters.sort_by_key(only_repeats);
        let axes = parameters.iter().filter(|parameter| !only_repeats(parameter)).count();
        if parameters.is_empty() {
            parameters.extend(by_role(Role::Index).map(|column| series(column, &succeeded)));
        }
        let numeric = |column: &&Column| matches!(column.data, Data::Integer(_) | Data::Float(_));
        let outputs = table.columns.iter().filter(|column| matches!(column.role, Role::Output(_)));
        let mut outputs: Vec<Series> =
            outputs.filter(numeric).map(|column| series(column, &succeeded)).collect();
        outputs.extend(
            by_role(Role::Wall)
                .map(|column| Series { unit: Some("s".to_owned()), ..series(column, &succeeded) }),
        );
        let failures = self.failures(place, row, &table).await?;
        Ok(Results {
            total: space.len(),
            counts: row.counts.clone(),
            slots: row.study.run.slots_now(),
            parameters,
            axes,
            outputs,
            failures,
            history: history(&ends(&table).collect::<Vec<_>>()),
            space: Some(space),
            names,
        })
    }

    /// The failed runs by cause, the commonest first.
    async fn failures(
        &mut self,
        place: &Place,
        row: &StudyRow,
        table: &ResultTable,
    ) -> Result<Vec<Failures>> {
        let column = |wanted: Role| table.columns.iter().find(|column| column.role == wanted);
        let mut last: HashMap<String, (f64, u64)> = HashMap::new();
        if let (Some(causes), Some(indices)) = (column(Role::Cause), column(Role::Index)) {
            for (at, end) in ends(table).enumerate() {
                if let (Value::String(cause), Value::Integer(index)) = (causes.value(at), indices.value(at)) {
                    let entry = last.entry(cause.to_string()).or_insert((f64::NEG_INFINITY, 0));
                    if end >= entry.0 {
                        *entry = (end, index.unsigned_abs());
                    }
                }
            }
        }
        let mut failures = Vec::new();
        for (cause, runs) in &row.counts.by_cause {
            let last = match last.get(cause.word()) {
                Some((_, index)) => Some((*index, self.words(place, row, *index).await?)),
                None => None,
            };
            failures.push(Failures { cause: *cause, runs: *runs, last });
        }
        failures.sort_by_key(|failures| std::cmp::Reverse(failures.runs));
        Ok(failures)
    }

    /// Why a run failed: the cause with its particulars, and the last line it wrote to standard error.
    async fn words(&mut self, place: &Place, row: &StudyRow, index: u64) -> Result<String> {
        if let Some(words) = self.said.get(&index) {
            return Ok(words.clone());
        }
        let Some(record) = place.store.run(row.id, index).await? else { return Ok(String::new()) };
        let mut words = match &record.last.ended {
            Ended::Failed(cause) => cause.to_string(),
            Ended::Succeeded => String::new(),
        };
        let said = String::from_utf8_lossy(&record.last.stderr.tail);
        if let Some(line) = said.lines().rev().map(str::trim).find(|line| !line.is_empty()) {
            words.push_str(": ");
            words.extend(line.chars().filter(|c| !c.is_control()));
        }
        self.said.insert(index, words.clone());
        Ok(words)
    }
}

/// Which rows are of runs that succeeded.
fn succeeded(table: &ResultTable) -> Vec<bool> {
    let state = table.columns.iter().find(|column| column.role == Role::State);
    let is =
        |at| state.is_some_and(|state| matches!(state.value(at), Value::String(s) if &*s == "succeeded"));
    (0..table.rows).map(is).collect()
}

fn series(column: &Column, chosen: &[bool]) -> Series {
    let rows = (0..chosen.len()).filter(|at| chosen[*at]);
    let (values, labels) = match &column.data {
        Data::String(texts) => {
            let code = |at| match texts.get(at).filter(|_| column.is_present(at)) {
                Some(_) => f64::from(texts.codes[at]),
                None => f64::NAN,
            };
            (rows.map(code).collect(), Some(texts.labels.iter().map(ToString::to_string).collect()))
        }
        Data::Boolean(values) => {
            let code = |at| if column.is_present(at) { f64::from(u8::from(values[at])) } else { f64::NAN };
            (rows.map(code).collect(), Some(vec!["false".to_owned(), "true".to_owned()]))
        }
        _ => (rows.map(|at| column.value(at).as_f64().unwrap_or(f64::NAN)).collect(), None),
    };
    Series { name: column.name.clone(), unit: column.unit.clone(), values, labels }
}

/// When the runs of a table ended, in seconds since 1970.
fn ends(table: &ResultTable) -> impl Iterator<Item = f64> {
    let column = |wanted: Role| table.columns.iter().find(|column| column.role == wanted);
    let (started, wall) = (column(Role::Started), column(Role::Wall));
    let seconds = |column: Option<&Column>, at| column.and_then(|c| c.value(at).as_f64()).unwrap_or(0.0);
    (0..table.rows).map(move |at| seconds(started, at) + seconds(wall, at))
}

/// Stretches of a history at the most, and how long they may be.
const STRETCHES: usize = 60;
const STRETCH: [f64; 9] = [1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 3600.0];

/// Counts ends by stretches that reach back as far as the study does, at the most two days and a half.
pub fn history(ends: &[f64]) -> History {
    let (first, last) = ends
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), end| (low.min(*end), high.max(*end)));
    if !first.is_finite() || !last.is_finite() {
        return History::default();
    }
    let fits = |stretch: &&f64| (last - first) / **stretch < STRETCHES as f64;
    let stretch = STRETCH.iter().find(fits).copied().unwrap_or(3600.0);
    let count = (((last - first) / stretch) as usize + 1).min(STRETCHES);
    let mut ended = vec![0; count];
    for end in ends {
        let back = ((last - end) / stretch) as usize;
        if let Some(bin) = count.checked_sub(back + 1).and_then(|at| ended.get_mut(at)) {
            *bin += 1;
        }
    }
    History { stretch, ended }
}

/// Whether a parameter only repeats points.
fn repeats(blocks: &[Block], name: &str) -> bool {
    let repeats =
        |(parameter, axis): (&Name, &Axis)| parameter == name && matches!(axis, Axis::Replicate { .. });
    blocks.iter().flat_map(|block| &block.factors).any(|factor| match factor {
        Factor::Axis(parameter, axis) => repeats((parameter, axis)),
        Factor::Zip(axes) => axes.iter().any(|(parameter, axis)| repeats((parameter, axis))),
        Factor::Blocks(inner) => self::repeats(inner, name),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_reaches_back_to_the_first_end() {
        assert_eq!(history(&[]), History::default());
        let ended = history(&[100.0, 101.5, 103.2, 103.9]);
        assert_eq!(ended, History { stretch: 1.0, ended: vec![1, 1, 0, 2] });
        let day: Vec<f64> = (0..864).map(|i| f64::from(i) * 100.0).collect();
        let day = history(&day);
        assert_eq!((day.stretch, day.ended.len(), day.ended.iter().sum::<u64>()), (3600.0, 24, 864));
        let week = history(&[0.0, 7.0 * 86400.0]);
        assert_eq!((week.ended.len(), week.ended.iter().sum::<u64>()), (STRETCHES, 1));
    }
}
