//! Summaries: one row for each group of runs, and what their cells have in common.
//!
//! A group is the runs that have the same values in the columns it is made by: floats are the same when they are equal as
//! numbers, NaN is a group of its own, and so are cells without a value. Groups stand in the order of their values: numbers
//! from low to high, texts and booleans as they first occur in the order of the runs, then NaN, then nothing.
//!
//! Every row says how many runs stand behind it (`n`) and how many of those have failed (`failed`). A statistic leaves out
//! cells without a value and NaN; `missing_…` says for how many of the runs that succeeded that was so.

use crate::builder::Builder;
use crate::order::{keys, rank};
use crate::select::column_named;
use crate::{Column, Data, ResultTable, Role, Statistic, TableError};

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
    pub(crate) fn sort_by(&self, by: &str, summary: &ResultTable) -> Result<String, TableError> {
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
        let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        let column = |name: &str| column_named(name, &names).map(|at| &table.columns[at]);
        let by: Vec<&Column> = self.by.iter().map(|name| column(name)).collect::<Result<_, _>>()?;
        let groups = Groups::of(table.rows, &by);
        let succeeded = succeeded(table);
        let firsts: Vec<usize> = groups.each().filter_map(|rows| rows.first().copied()).collect();
        let mut out: Vec<Column> = Vec::new();
        for key in by {
            if !out.iter().any(|column| column.name == key.name) {
                let mut key = key.clone();
                key.take(&firsts);
                out.push(key);
            }
        }
        let counts = |count: &dyn Fn(&[usize]) -> usize| -> Data {
            Data::Integer(groups.each().map(|rows| count(rows) as i64).collect())
        };
        let runs = counts(&<[usize]>::len);
        push(&mut out, "n".to_owned(), None, Role::Runs, runs);
        let failed = counts(&|rows| rows.iter().filter(|row| !succeeded[**row]).count());
        push(&mut out, "failed".to_owned(), None, Role::Failed, failed);
        let mut absent: Vec<&Column> = Vec::new();
        for (at, asked) in self.statistics.iter().enumerate() {
            if self.statistics[..at].contains(asked) {
                continue;
            }
            let source = column(&asked.column)?;
            asked.statistic.check(source)?;
            let mut builder = Builder::new(None);
            let mut valued = Vec::new();
            for rows in groups.each() {
                valued.clear();
                valued.extend(rows.iter().copied().filter(|row| rank(source, *row) == 0));
                builder.push(asked.statistic.of(source, &valued, asked.fraction));
            }
            let unit = source.unit.clone().filter(|_| asked.statistic.keeps_unit);
            let name = free(asked.name(), &out);
            out.push(builder.finish(name, unit, Role::Statistic));
            if !absent.iter().any(|column| column.name == source.name) {
                absent.push(source);
            }
        }
        for source in absent {
            let missing = |rows: &[usize]| {
                rows.iter().filter(|row| succeeded[**row] && rank(source, **row) > 0).count()
            };
            push(&mut out, format!("missing_{}", source.name), None, Role::Absent, counts(&missing));
        }
        Ok(ResultTable {
            study: table.study.clone(),
            version: table.version,
            rows: firsts.len(),
            columns: out,
        })
    }
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

/// Which of the runs have succeeded.
fn succeeded(table: &ResultTable) -> Vec<bool> {
    let state = table.columns.iter().find(|column| column.role == Role::State);
    match state.map(|state| &state.data) {
        Some(Data::String(texts)) => {
            let right: Vec<bool> = texts.labels.iter().map(|label| &**label == "succeeded").collect();
            texts.codes.iter().map(|code| right.get(*code as usize).copied().unwrap_or(false)).collect()
        }
        _ => vec![true; table.rows],
    }
}

/// The rows of a table, group after group, those of a group in their order.
struct Groups {
    rows: Vec<usize>,
    /// Where each group begins, and behind the last one the end.
    starts: Vec<usize>,
}

impl Groups {
    fn of(rows: usize, by: &[&Column]) -> Groups {
        if by.is_empty() {
            return Groups { rows: (0..rows).collect(), starts: vec![0, rows] };
        }
        let mut codes: Option<Vec<u64>> = None;
        for column in by {
            let own = places(column, rows);
            codes = Some(match codes {
                None => own,
                Some(codes) => {
                    let distinct = own.iter().max().map_or(1, |most| most + 1);
                    ranks(codes.iter().zip(&own).map(|(code, own)| code * distinct + own).collect())
                }
            });
        }
        let codes = codes.unwrap_or_default();
        let count = codes.iter().max().map_or(0, |most| *most as usize + 1);
        let mut starts = vec![0usize; count + 1];
        codes.iter().for_each(|code| starts[*code as usize + 1] += 1);
        for group in 0..count {
            starts[group + 1] += starts[group];
        }
        let mut next = starts.clone();
        let mut ordered = vec![0; rows];
        for (row, code) in codes.into_iter().enumerate() {
            let place = &mut next[code as usize];
            ordered[*place] = row;
            *place += 1;
        }
        Groups { rows: ordered, starts }
    }

    fn each(&self) -> impl Iterator<Item = &[usize]> {
        self.starts.windows(2).map(|ends| &self.rows[ends[0]..ends[1]])
    }
}

/// The place of each cell's value among the distinct values of its column.
fn places(column: &Column, rows: usize) -> Vec<u64> {
    match &column.data {
        Data::Boolean(values) => {
            first_seen(rows, |row| column.is_present(row).then(|| usize::from(values[row])))
        }
        Data::String(texts) => {
            first_seen(rows, |row| column.is_present(row).then(|| texts.codes[row] as usize))
        }
        Data::Integer(_) | Data::Float(_) => {
            let valued = ranks(keys(column));
            let behind = valued.iter().max().map_or(0, |most| most + 1);
            if (0..rows).all(|row| rank(column, row) == 0) {
                return valued;
            }
            let place = |row: usize| match rank(column, row) {
                0 => valued[row],
                rank => behind + u64::from(rank),
            };
            ranks((0..rows).map(place).collect())
        }
    }
}

/// Values in the order in which they first occur; those that are `None` come last.
fn first_seen(rows: usize, code: impl Fn(usize) -> Option<usize>) -> Vec<u64> {
    let mut seen: Vec<Option<u64>> = Vec::new();
    let mut count = 0;
    let places: Vec<Option<u64>> = (0..rows)
        .map(|row| {
            let code = code(row)?;
            if seen.len() <= code {
                seen.resize(code + 1, None);
            }
            Some(*seen[code].get_or_insert_with(|| {
                count += 1;
                count - 1
            }))
        })
        .collect();
    places.into_iter().map(|place| place.unwrap_or(count)).collect()
}

/// The place of each number among the distinct ones, from the lowest.
fn ranks(numbers: Vec<u64>) -> Vec<u64> {
    let mut order: Vec<(u64, usize)> =
        numbers.iter().enumerate().map(|(row, number)| (*number, row)).collect();
    order.sort_unstable();
    let mut ranks = numbers;
    for (place, same) in order.chunk_by(|a, b| a.0 == b.0).enumerate() {
        same.iter().for_each(|(_, row)| ranks[*row] = place as u64);
    }
    ranks
}
