//! Summaries: one row for each group of runs, and what their cells have in common.
//!
//! A group is the runs that have the same values in the columns it is made by: floats are the same when they are equal as
//! numbers, NaN is a group of its own, and so are cells without a value. Groups stand in the order of their values: numbers
//! from low to high, texts and booleans as they first occur in the order of the runs, then NaN, then nothing.
//!
//! Every row says how many runs stand behind it (`n`) and how many of those have failed (`failed`). A statistic leaves out
//! cells without a value and NaN; `missing_…` says for how many of the runs that succeeded that was so.

use paramo_model::{Name, Value};

use crate::builder::Builder;
use crate::groups::Parts;
use crate::order::rank;
use crate::select::column_named;
use crate::{Column, Data, ResultTable, Role, Spread, Statistic, TableError};

/// What a summary is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// The columns whose values make the groups; empty: all runs are one group.
    pub by: Vec<String>,
    pub statistics: Vec<Asked>,
}

/// A statistic of a column.
#[derive(Clone, Debug)]
pub struct Asked {
    pub statistic: &'static Statistic,
    pub column: String,
    /// From 0 to 1, of a quantile.
    pub fraction: f64,
}

impl PartialEq for Asked {
    fn eq(&self, other: &Asked) -> bool {
        let key = |asked: &Asked| (asked.statistic.name, asked.fraction.to_bits());
        key(self) == key(other) && self.column == other.column
    }
}

impl Asked {
    /// Reads what stands behind the name of a statistic: a column, behind a fraction where the statistic takes one.
    ///
    /// Errors: what was expected, lower case.
    pub fn parse(statistic: &'static Statistic, text: &str) -> Result<Asked, String> {
        if !statistic.takes_fraction {
            return Ok(Asked { statistic, column: text.to_owned(), fraction: 0.0 });
        }
        let (fraction, column) = text
            .split_once(':')
            .ok_or_else(|| format!("expected a fraction and a column, such as 0.9:{text}, found `{text}`"))?;
        match fraction.parse::<f64>() {
            Ok(fraction) if (0.0..=1.0).contains(&fraction) => {
                Ok(Asked { statistic, column: column.to_owned(), fraction })
            }
            _ => Err(format!("expected a fraction from 0 to 1 before the `:`, found `{fraction}`")),
        }
    }

    /// What its column is called: `mean_period`, `quantile_0.9_wall`.
    fn name(&self) -> String {
        match self.statistic.takes_fraction {
            true => format!("{}_{}_{}", self.statistic.name, self.fraction, self.column),
            false => format!("{}_{}", self.statistic.name, self.column),
        }
    }
}

impl Summary {
    /// The columns that it is made of.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> {
        let asked = self.statistics.iter().map(|asked| asked.column.as_str());
        self.by.iter().map(String::as_str).chain(asked)
    }

    /// What `--sort` means: a column of the summary, or one that was summarised if there is only one statistic of it.
    pub fn sort_by(&self, by: &str, summary: &ResultTable) -> Result<String, TableError> {
        let (sign, name) = match by.strip_prefix('-') {
            Some(name) if summary.column(by).is_none() => ("-", name),
            _ => ("", by),
        };
        if summary.column(name).is_some() {
            return Ok(by.to_owned());
        }
        let of: Vec<String> =
            self.statistics.iter().filter(|asked| asked.column == name).map(Asked::name).collect();
        match of.as_slice() {
            [] => Ok(by.to_owned()),
            [only] => Ok(format!("{sign}{only}")),
            several => {
                Err(TableError::SeveralSummaries { wanted: name.to_owned(), names: several.join(", ") })
            }
        }
    }

    /// Summarises the rows of a table, which has the columns that this is made of and that of the runs' states.
    pub(crate) fn of(&self, table: &ResultTable) -> Result<ResultTable, TableError> {
        let columns: Vec<&Column> = table.columns.iter().collect();
        let rows: Vec<usize> = (0..table.rows).collect();
        let parts = Parts::of(table.rows, &self.keys(&columns)?);
        self.summarise(&columns, &rows, &parts, (&table.study, table.version))
    }

    /// The columns that make the groups.
    pub(crate) fn keys<'a>(&self, columns: &[&'a Column]) -> Result<Vec<&'a Column>, TableError> {
        self.by.iter().map(|name| column_of(name, columns)).collect()
    }

    /// Summarises groups of rows of some columns; those without rows are left out.
    pub(crate) fn summarise(
        &self,
        columns: &[&Column],
        rows: &[usize],
        parts: &Parts,
        (study, version): (&Name, u32),
    ) -> Result<ResultTable, TableError> {
        let failed = failed(columns);
        let mut found: Vec<(u32, (usize, i64))> = (0..).zip(parts.firsts(rows)).collect();
        found.retain(|(_, (_, runs))| *runs > 0);
        let (filled, (firsts, runs)): (Vec<u32>, (Vec<usize>, Vec<i64>)) = found.into_iter().unzip();
        let of_filled = |all: Vec<i64>| filled.iter().map(|group| all[*group as usize]).collect();
        let mut out: Vec<Column> = Vec::new();
        for key in self.keys(columns)? {
            if !out.iter().any(|column| column.name == key.name) {
                out.push(key.picked(&firsts));
            }
        }
        push(&mut out, "n".to_owned(), None, Role::Runs, Data::Integer(runs));
        let lost = match &failed {
            Some(failed) => of_filled(parts.counted(rows, failed)),
            None => vec![0; filled.len()],
        };
        push(&mut out, "failed".to_owned(), None, Role::Failed, Data::Integer(lost));
        let mut absent: Vec<&Column> = Vec::new();
        for (at, asked) in self.statistics.iter().enumerate() {
            if self.statistics[..at].contains(asked) {
                continue;
            }
            let source = column_of(&asked.column, columns)?;
            asked.statistic.check(source)?;
            let mut builder = Builder::new(None);
            let spread = Spread { column: source, rows, parts };
            let mut values = asked.statistic.of_each(&spread, asked.fraction);
            for group in &filled {
                builder.push(std::mem::replace(&mut values[*group as usize], Value::Missing));
            }
            let unit = source.unit.clone().filter(|_| asked.statistic.keeps_unit);
            let name = free(asked.name(), &out);
            out.push(builder.finish(name, unit, Role::Statistic));
            if !absent.iter().any(|column| column.name == source.name) {
                absent.push(source);
            }
        }
        for source in absent {
            let missing = match &failed {
                _ if source.is_whole(rows) => vec![0; filled.len()],
                Some(failed) => of_filled(parts.counted(rows, |row| rank(source, row) > 0 && !failed(row))),
                None => of_filled(parts.counted(rows, |row| rank(source, row) > 0)),
            };
            push(&mut out, format!("missing_{}", source.name), None, Role::Absent, Data::Integer(missing));
        }
        Ok(ResultTable { study: study.clone(), version, rows: filled.len(), columns: out })
    }
}

fn column_of<'a>(name: &str, columns: &[&'a Column]) -> Result<&'a Column, TableError> {
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    column_named(name, &names).map(|at| columns[at])
}

fn push(out: &mut Vec<Column>, name: String, unit: Option<String>, role: Role, data: Data) {
    out.push(Column { name: free(name, out), unit, role, data, present: None });
}

/// A name that no column has: with `_` in front as often as needed.
fn free(mut name: String, columns: &[Column]) -> String {
    while columns.iter().any(|column| column.name == name) {
        name.insert(0, '_');
    }
    name
}

/// Which of the runs have failed; `None`: none.
fn failed<'a>(columns: &[&'a Column]) -> Option<impl Fn(usize) -> bool + 'a> {
    let state = columns.iter().find(|column| column.role == Role::State)?;
    let Data::String(texts) = &state.data else { return None };
    let right = texts.labels.iter().position(|label| &**label == "succeeded");
    let all = texts.labels.len() == 1 && right.is_some() && state.present.is_none();
    let of = |row: usize| texts.codes.get(row).map(|code| *code as usize);
    (!all).then_some(move |row: usize| right.is_none() || of(row) != right)
}
