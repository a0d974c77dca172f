//! From the store's batches to a table.
//!
//! Batches are read a few at a time and only the columns that are wanted are kept, so a million runs with some ten columns
//! take some tens of megabytes. A batch supersedes what earlier ones say of the same run. Rows are chosen before anything is
//! moved, and parameters by which none is chosen are computed for those that stay only.

use std::collections::HashSet;

use paramo_design::Space;
use paramo_model::Expression;
use paramo_store::{Columns, Content, Store, StudyRow};
use roaring::RoaringTreemap;

use crate::builder::Builder;
use crate::names::{Heading, headings};
use crate::select::{column_named, holding, in_order, split_sort};
use crate::{Column, Data, ResultTable, Role, Summary, TableError};

/// Batches held at a time.
const BATCHES: usize = 8;

/// Which rows and columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// Leave out the runs that failed.
    pub succeeded_only: bool,
    /// Only the rows for which this [`Expression`] over all columns holds.
    pub condition: Option<String>,
    /// The column to sort by; with a leading `-` from high to low. By index when not given.
    pub sort: Option<String>,
    /// Rows at the most.
    pub limit: Option<usize>,
    /// Only these columns, in this order; empty: all.
    pub columns: Vec<String>,
    /// Rows for groups of runs instead of for runs. The condition then chooses runs, while `sort`, `limit` and `columns` are
    /// of the summary.
    pub summary: Option<Summary>,
}

impl ResultTable {
    /// Reads the results of a study as they are now.
    ///
    /// Errors: [`TableError::Store`] when the store cannot be read; [`TableError::Space`] when the study's space cannot be
    /// computed; the others when the options do not fit the table.
    pub async fn load(
        store: &dyn Store,
        row: &StudyRow,
        options: &Options,
    ) -> Result<ResultTable, TableError> {
        let application = &row.study.application;
        let headings = headings(application);
        let needs = Needs::of(&headings, options)?;
        let mut collector = Collector::new(&headings, &needs.all);
        let mut after = None;
        loop {
            let batches = store.batches(row.id, after, BATCHES).await?;
            for batch in &batches {
                match batch.decode()? {
                    Content::Runs(columns) => collector.add(&columns, options.succeeded_only),
                    Content::Reopened(indices) => collector.reopen(&indices),
                }
            }
            match batches.last() {
                Some(last) if batches.len() == BATCHES => after = Some(last.seq),
                _ => break,
            }
        }
        let Collected { mut index, mut columns, order } = collector.finish();
        let computed = |wanted: &HashSet<Role>, index: &[u64]| -> Result<Vec<Column>, TableError> {
            if !wanted.iter().any(|role| matches!(role, Role::Parameter(_))) {
                return Ok(Vec::new());
            }
            let space = Space::new(&row.study.space, &application.parameters).map_err(TableError::Space)?;
            Ok(parameters(&space, &headings, wanted, index))
        };
        columns.extend(computed(&needs.choosing, &index)?);
        if needs.choosing.contains(&Role::Index) {
            columns.extend(numbered(&headings, &index));
        }
        if let Some(rows) = chosen(&columns, index.len(), order, options)? {
            columns.iter_mut().for_each(|column| column.take(&rows));
            index = rows.into_iter().map(|row| index[row]).collect();
        }
        let rest: HashSet<Role> = needs.all.difference(&needs.choosing).copied().collect();
        columns.extend(computed(&rest, &index)?);
        if rest.contains(&Role::Index) {
            columns.extend(numbered(&headings, &index));
        }
        let place = |role: Role| headings.iter().position(|heading| heading.role == role);
        columns.sort_by_key(|column| place(column.role));
        let mut table =
            ResultTable { study: row.name.clone(), version: row.version, rows: index.len(), columns };
        if let Some(summary) = &options.summary {
            table = summary.of(&table)?;
            if let Some(sort) = &options.sort {
                table.sort(&summary.sort_by(sort, &table)?)?;
            }
            table.truncate(options.limit.unwrap_or(usize::MAX));
        }
        if !options.columns.is_empty() {
            table.select(&options.columns)?;
        }
        Ok(table)
    }
}

/// Which columns are needed.
struct Needs {
    /// Those that are asked for or that rows are chosen by.
    all: HashSet<Role>,
    /// Those that rows are chosen by.
    choosing: HashSet<Role>,
}

impl Needs {
    fn of(headings: &[Heading], options: &Options) -> Result<Needs, TableError> {
        let names: Vec<&str> = headings.iter().map(|heading| heading.name.as_str()).collect();
        let role = |name: &str| column_named(name, &names).map(|at| headings[at].role);
        let mut choosing = HashSet::new();
        if let (Some(sort), None) = (&options.sort, &options.summary) {
            choosing.insert(role(split_sort(sort, &names).0)?);
        }
        if let Some(condition) = &options.condition {
            let expression = Expression::parse(condition, &names)
                .map_err(|error| TableError::condition(condition, error))?;
            choosing.extend(
                expression.references().filter_map(|at| headings.get(at)).map(|heading| heading.role),
            );
        }
        let mut all = choosing.clone();
        match &options.summary {
            Some(summary) => {
                all.insert(Role::State);
                for name in summary.columns() {
                    all.insert(role(name)?);
                }
            }
            None if options.columns.is_empty() => all.extend(headings.iter().map(|heading| heading.role)),
            None => {
                for name in &options.columns {
                    all.insert(role(name)?);
                }
            }
        }
        Ok(Needs { all, choosing })
    }
}

/// The rows that are asked for, in their order; `None`: all as they are. `order` has those that count, by index.
fn chosen(
    columns: &[Column],
    count: usize,
    order: Option<Vec<usize>>,
    options: &Options,
) -> Result<Option<Vec<usize>>, TableError> {
    let all = || (0..count).collect::<Vec<usize>>();
    let mut rows = order;
    if let Some(condition) = &options.condition {
        rows = Some(holding(columns, &rows.unwrap_or_else(all), condition)?.into_owned());
    }
    if options.summary.is_some() {
        return Ok(rows);
    }
    if let Some(sort) = &options.sort {
        rows = Some(in_order(columns, &rows.unwrap_or_else(all), sort, options.limit)?);
    }
    if let Some(limit) = options.limit.filter(|limit| *limit < count) {
        match &mut rows {
            Some(rows) => rows.truncate(limit),
            None => rows = Some((0..limit).collect()),
        }
    }
    Ok(rows)
}

/// The column of the indices.
fn numbered(headings: &[Heading], index: &[u64]) -> Option<Column> {
    let heading = headings.iter().find(|heading| heading.role == Role::Index)?;
    let data = Data::Integer(index.iter().map(|index| *index as i64).collect());
    Some(Column { name: heading.name.clone(), unit: None, role: Role::Index, data, present: None })
}

/// Columns in the order in which runs were committed.
struct Collector<'a> {
    index: Vec<u64>,
    /// Rows that a later batch has taken back, or that were not asked for.
    dropped: Vec<bool>,
    any_dropped: bool,
    columns: Vec<(&'a Heading, Builder)>,
}

impl<'a> Collector<'a> {
    fn new(headings: &'a [Heading], wanted: &HashSet<Role>) -> Collector<'a> {
        let collected = |heading: &&Heading| {
            wanted.contains(&heading.role) && !matches!(heading.role, Role::Index | Role::Parameter(_))
        };
        let columns =
            headings.iter().filter(collected).map(|heading| (heading, Builder::new(heading.kind))).collect();
        Collector { index: Vec::new(), dropped: Vec::new(), any_dropped: false, columns }
    }

    fn add(&mut self, runs: &Columns, succeeded_only: bool) {
        let rows = runs.len();
        self.index.extend_from_slice(&runs.index);
        self.dropped.resize(self.index.len(), false);
        if succeeded_only {
            let start = self.index.len() - rows;
            for row in (0..rows).filter(|row| !runs.succeeded(*row)) {
                self.dropped[start + row] = true;
                self.any_dropped = true;
            }
        }
        for (heading, builder) in &mut self.columns {
            append(builder, heading.role, runs);
        }
    }

    fn reopen(&mut self, indices: &RoaringTreemap) {
        for (index, dropped) in self.index.iter().zip(&mut self.dropped) {
            if indices.contains(*index) {
                *dropped = true;
                self.any_dropped = true;
            }
        }
    }

    fn finish(self) -> Collected {
        let Collector { index, dropped, any_dropped, columns } = self;
        let finished = columns.into_iter().map(|(heading, builder)| {
            builder.finish(heading.name.clone(), heading.unit.clone(), heading.role)
        });
        let columns = finished.collect();
        if !any_dropped && index.is_sorted_by(|a, b| a < b) {
            return Collected { index, columns, order: None };
        }
        let mut rows: Vec<usize> = (0..index.len()).collect();
        // The sort is stable, so of the rows of one run the last is the newest.
        rows.sort_by_key(|row| index[*row]);
        let mut kept = Vec::with_capacity(rows.len());
        for same in rows.chunk_by(|a, b| index[*a] == index[*b]) {
            kept.extend(same.last().filter(|row| !dropped[**row]));
        }
        Collected { index, columns, order: Some(kept) }
    }
}

/// Appends what the runs of a batch say of a column. What is computed, or of summaries only, they do not say.
pub fn append(builder: &mut Builder, role: Role, runs: &Columns) {
    let (rows, last) = (runs.len(), &runs.last);
    match role {
        Role::Index | Role::Parameter(_) => {}
        Role::Runs | Role::Failed | Role::Absent | Role::Statistic => {}
        Role::Output(output) => match runs.outputs.get(output) {
            Some(column) => builder.extend(column),
            None => (0..rows).for_each(|_| builder.push(paramo_model::Value::Missing)),
        },
        Role::State => (0..rows).for_each(|row| {
            builder.push_text(Some(if runs.succeeded(row) { "succeeded" } else { "failed" }))
        }),
        Role::Cause => last
            .cause
            .iter()
            .for_each(|cause| builder.push_text(cause.as_ref().map(|cause| cause.kind().word()))),
        Role::Attempts => builder.extend_integers(runs.earlier.iter().map(|count| i64::from(*count) + 1)),
        Role::ExitCode => last.exit_code.iter().for_each(|code| match code {
            Some(code) => builder.push(i64::from(*code).into()),
            None => builder.push(paramo_model::Value::Missing),
        }),
        Role::Wall => builder.extend_floats(last.wall.iter().map(|wall| wall.seconds())),
        Role::Cpu => builder.extend_floats(last.cpu.iter().map(|cpu| cpu.seconds())),
        Role::PeakMemory => {
            last.peak_memory.iter().for_each(|memory| match i64::try_from(memory.0) {
                // It ended before it could be told.
                Ok(0) => builder.push(paramo_model::Value::Missing),
                bytes => builder.push(bytes.unwrap_or(i64::MAX).into()),
            });
        }
        Role::Started => builder.extend_floats(last.started.iter().map(|started| started.0 as f64 / 1e6)),
        Role::Worker => builder.extend_integers(last.worker.iter().map(|worker| i64::from(*worker))),
        Role::Slot => builder.extend_integers(last.slot.iter().map(|slot| i64::from(*slot))),
    }
}

/// What has been collected: a row for each run that was committed, some of which no longer count.
struct Collected {
    index: Vec<u64>,
    columns: Vec<Column>,
    /// The rows that count, each run once, by index; `None`: all as they are.
    order: Option<Vec<usize>>,
}

/// The columns of the parameters that are wanted, computed from the space.
fn parameters(space: &Space, headings: &[Heading], wanted: &HashSet<Role>, index: &[u64]) -> Vec<Column> {
    let mut builders: Vec<(usize, &Heading, Builder)> = headings
        .iter()
        .filter(|heading| wanted.contains(&heading.role))
        .filter_map(|heading| match heading.role {
            Role::Parameter(at) => Some((at, heading, Builder::new(heading.kind))),
            _ => None,
        })
        .collect();
    let mut point = Vec::new();
    for index in index {
        let known = space.point_into(*index, &mut point);
        for (at, _, builder) in &mut builders {
            // An index that the space does not have tells of no point.
            builder.push(point.get(*at).filter(|_| known).cloned().unwrap_or(paramo_model::Value::Missing));
        }
    }
    let finish = |(_, heading, builder): (usize, &Heading, Builder)| {
        builder.finish(heading.name.clone(), heading.unit.clone(), heading.role)
    };
    builders.into_iter().map(finish).collect()
}
