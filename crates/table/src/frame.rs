//! The results of a study in memory, for those who ask often: read once, and then grown by each batch that is committed.
//!
//! A [`Frame`] is how they stood after some batch and never changes; who reads one keeps it while a [`Growing`] goes on. Rows stand
//! in the order in which runs were committed, and a list says which of them count, by index. Nothing is copied to grow unless
//! somebody still reads what is older.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use paramo_design::Space;
use paramo_model::{Name, SpaceSpec, Timestamp, Value};
use paramo_store::{Batch, Content, Seq, StudyRow};
use roaring::RoaringTreemap;

use crate::builder::{Builder, Rest, grow};
use crate::coding::Coding;
use crate::few::Few;
use crate::groups::{Groups, Parts};
use crate::lattice::{Grid, Lattice};
use crate::levels::{self, Levels};
use crate::load::append;
use crate::names::{Heading, headings};
use crate::select::{column_named, holding, split_sort};
use crate::{Column, Data, Options, ResultTable, Role, Summary, TableError, order};

/// One row in so many is few.
const FEW: usize = 8;

/// The results as they stood after a batch. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Frame {
    pub study: Name,
    pub version: u32,
    /// The last batch that is in it; `None` before the first.
    pub seq: Option<Seq>,
    /// Rows of every column, those that no longer count among them.
    rows: usize,
    /// The rows that count, by index.
    order: Arc<Vec<usize>>,
    /// `index` first, as they are named in the table.
    columns: Vec<Arc<Column>>,
    /// The rows that count of runs that succeeded; `None`: all.
    succeeded: Arc<OnceLock<Option<Vec<usize>>>>,
    codings: Arc<Mutex<Vec<Option<Arc<Coding>>>>>,
    /// By the places of their columns.
    lattices: Arc<Few<Vec<usize>, Lattice>>,
    /// All rows that count in the order of a column, from high to low or not.
    rankings: Arc<Few<(usize, bool), Vec<u32>>>,
}

/// Which runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Which {
    /// Those that succeeded, or those that failed.
    pub succeeded: Option<bool>,
    /// Those that failed for this cause: `time-out`.
    pub cause: Option<String>,
    /// Those for which this [`Expression`](paramo_model::Expression) over all columns holds.
    pub condition: Option<String>,
}

impl Frame {
    /// All columns; rows are those that [`Frame::rows`] names.
    pub fn columns(&self) -> &[Arc<Column>] {
        &self.columns
    }

    /// Rows that count.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The column of a name; [`TableError::NoColumn`] with the nearest name when there is none.
    pub fn column(&self, name: &str) -> Result<&Column, TableError> {
        self.place(name).map(|at| &*self.columns[at])
    }

    /// The column of a role; none of a summary's are there.
    pub fn of_role(&self, role: Role) -> Option<&Column> {
        self.columns.iter().find(|column| column.role == role).map(|column| &**column)
    }

    fn place(&self, name: &str) -> Result<usize, TableError> {
        let names: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
        column_named(name, &names)
    }

    /// The rows of some runs, by index.
    pub fn rows(&self, which: &Which) -> Result<Cow<'_, [usize]>, TableError> {
        let mut rows = match which.succeeded {
            None => Cow::Borrowed(self.order.as_slice()),
            Some(true) => Cow::Borrowed(self.succeeded()),
            Some(false) => self.with_word(&self.order, Role::State, "failed"),
        };
        if let Some(cause) = &which.cause {
            rows = Cow::Owned(self.with_word(&rows, Role::Cause, cause).into_owned());
        }
        if let Some(condition) = &which.condition {
            rows = match rows {
                Cow::Borrowed(rows) => holding(&self.columns, rows, condition)?,
                Cow::Owned(rows) => Cow::Owned(holding(&self.columns, &rows, condition)?.into_owned()),
            };
        }
        Ok(rows)
    }

    /// Those that succeeded, which most charts are made of: looked for once.
    fn succeeded(&self) -> &[usize] {
        let made =
            self.succeeded.get_or_init(|| match self.with_word(&self.order, Role::State, "succeeded") {
                Cow::Borrowed(_) => None,
                Cow::Owned(rows) => Some(rows),
            });
        made.as_deref().unwrap_or(&self.order)
    }

    /// Those of some rows in which a column of texts has this one.
    fn with_word<'a>(&self, rows: &'a [usize], role: Role, word: &str) -> Cow<'a, [usize]> {
        let Some(column) = self.of_role(role) else { return Cow::Borrowed(rows) };
        let Data::String(texts) = &column.data else { return Cow::Borrowed(rows) };
        let wanted = texts.labels.iter().position(|label| &**label == word);
        let holds = |row: &usize| wanted == Some(texts.codes[*row] as usize) && column.is_present(*row);
        match rows.iter().all(holds) {
            true => Cow::Borrowed(rows),
            false => Cow::Owned(rows.iter().copied().filter(holds).collect()),
        }
    }

    /// Rows in the order that `by` asks for, as [`ResultTable::sort`] has it, at the most so many. They are some that [`Frame::rows`]
    /// named, in that order.
    pub fn sorted(&self, rows: &[usize], by: &str, most: Option<usize>) -> Result<Vec<usize>, TableError> {
        let names: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
        let (name, falling) = split_sort(by, &names);
        let at = column_named(name, &names)?;
        let most = most.unwrap_or(usize::MAX).min(rows.len());
        let sorted = |rows: &[usize], most| order::sorted(&self.columns[at], rows, falling, most);
        // The first few are found at once. Who goes on reading further down asks again and again.
        if most <= rows.len() / FEW || rows.len() < self.rows / FEW || u32::try_from(self.rows).is_err() {
            return Ok(sorted(rows, Some(most)));
        }
        let all = || Some(sorted(&self.order, None).into_iter().map(|row| row as u32).collect());
        let Some(ranking) = self.rankings.of((at, falling), all) else { return Ok(sorted(rows, Some(most))) };
        let ranked = ranking.iter().map(|row| *row as usize);
        if rows.len() == self.order.len() {
            return Ok(ranked.take(most).collect());
        }
        let mut wanted = vec![false; self.rows];
        rows.iter().for_each(|row| wanted[*row] = true);
        Ok(ranked.filter(|row| wanted[*row]).take(most).collect())
    }

    /// Some rows as a table with these columns; empty: all.
    pub fn table(&self, rows: &[usize], columns: &[String]) -> Result<ResultTable, TableError> {
        let mut places: Vec<usize> = Vec::new();
        for name in columns {
            let place = self.place(name)?;
            if !places.contains(&place) {
                places.push(place);
            }
        }
        if columns.is_empty() {
            places = (0..self.columns.len()).collect();
        }
        let columns = places.into_iter().map(|at| self.columns[at].picked(rows)).collect();
        Ok(ResultTable { study: self.study.clone(), version: self.version, rows: rows.len(), columns })
    }

    /// The same table as [`ResultTable::load`] gives.
    pub fn select(&self, options: &Options) -> Result<ResultTable, TableError> {
        let succeeded = options.succeeded_only.then_some(true);
        let which = Which { succeeded, condition: options.condition.clone(), cause: None };
        let mut rows = self.rows(&which)?;
        if let Some(summary) = &options.summary {
            let mut table = self.summary(&rows, summary)?;
            if let Some(sort) = &options.sort {
                table.sort(&summary.sort_by(sort, &table)?)?;
            }
            table.truncate(options.limit.unwrap_or(usize::MAX));
            if !options.columns.is_empty() {
                table.select(&options.columns)?;
            }
            return Ok(table);
        }
        if let Some(sort) = &options.sort {
            rows = Cow::Owned(self.sorted(&rows, sort, options.limit)?);
        }
        let most = options.limit.unwrap_or(usize::MAX).min(rows.len());
        self.table(&rows[..most], &options.columns)
    }

    /// A summary of some rows.
    pub fn summary(&self, rows: &[usize], summary: &Summary) -> Result<ResultTable, TableError> {
        let columns: Vec<&Column> = self.columns.iter().map(|column| &**column).collect();
        let places = summary.by.iter().map(|name| self.place(name)).collect::<Result<Vec<_>, _>>()?;
        let parts = match self.lattice(&places, rows) {
            Some(lattice) => lattice.parts(),
            None => self.parts(rows, &summary.by)?,
        };
        summary.summarise(&columns, rows, &parts, (&self.study, self.version))
    }

    /// Which rows have the same values in some columns. No group is empty.
    pub fn parts(&self, rows: &[usize], by: &[String]) -> Result<Parts, TableError> {
        let codings = by.iter().map(|name| self.place(name).map(|at| self.coding(at)));
        Ok(Parts::coded(rows, &codings.collect::<Result<Vec<_>, _>>()?))
    }

    /// Rows in groups of those that have the same values in some columns.
    pub fn groups(&self, rows: &[usize], by: &[String]) -> Result<Groups, TableError> {
        let parts = self.parts(rows, by)?;
        Ok(Groups::of(rows, &parts))
    }

    /// The grid of the values of one or two columns of numbers: `None` where a list of the rows' groups is the better way.
    pub fn grid(&self, levels: &[&Levels], rows: &[usize]) -> Option<Grid> {
        let places: Vec<usize> = levels.iter().map(|levels| levels.column).collect();
        Some(Grid::new(&*self.lattice(&places, rows)?, levels))
    }

    /// The lattice of some columns of numbers, if it is not too large; for few rows it is not worth it.
    fn lattice(&self, places: &[usize], rows: &[usize]) -> Option<Arc<Lattice>> {
        let number = |at: &usize| matches!(self.columns[*at].data, Data::Integer(_) | Data::Float(_));
        if places.is_empty() || !places.iter().all(number) || rows.len() < self.rows / FEW {
            return None;
        }
        let codings: Vec<Arc<Coding>> = places.iter().map(|at| self.coding(*at)).collect();
        self.lattices.of(places.to_vec(), || Lattice::new(&codings, self.rows))
    }

    /// The distinct values of a column among some rows; `None` when they are more than `most`.
    pub fn levels(&self, name: &str, rows: &[usize], most: usize) -> Result<Option<Levels>, TableError> {
        let at = self.place(name)?;
        let column = &self.columns[at];
        // One that has been coded may be known to have few.
        if self.coded(at).is_none_or(|coding| coding.distinct() > most) && levels::many(column, rows, most) {
            return Ok(None);
        }
        Ok(Levels::new((at, column), self.coding(at), rows, most))
    }

    fn coded(&self, at: usize) -> Option<Arc<Coding>> {
        let kind = self.columns[at].kind();
        // A list is whole between two statements.
        let codings = self.codings.lock().unwrap_or_else(PoisonError::into_inner);
        codings.get(at)?.clone().filter(|coding| coding.covers(kind, self.rows))
    }

    /// Made once for all who read this study, and gone on with when it has grown.
    pub(crate) fn coding(&self, at: usize) -> Arc<Coding> {
        let column = &self.columns[at];
        let kind = column.kind();
        // A list is whole between two statements.
        let mut codings = self.codings.lock().unwrap_or_else(PoisonError::into_inner);
        if codings.len() <= at {
            codings.resize(at + 1, None);
        }
        let place = &mut codings[at];
        if let Some(coding) = place
            && coding.covers(kind, self.rows)
        {
            return coding.clone();
        }
        let mut coding =
            place.take().filter(|coding| coding.is_of(kind)).unwrap_or_else(|| Arc::new(Coding::new(kind)));
        Arc::make_mut(&mut coding).go_on(column, self.rows);
        codings[at] = Some(coding.clone());
        coding
    }

    /// About the memory that it takes.
    pub fn bytes(&self) -> usize {
        // A list is whole between two statements.
        let codings = self.codings.lock().unwrap_or_else(PoisonError::into_inner);
        let codings: usize = codings.iter().flatten().map(|coding| coding.bytes()).sum();
        let kept = self.lattices.bytes(Lattice::bytes) + self.rankings.bytes(|ranking| ranking.len() * 4);
        self.order.len() * 8
            + codings
            + kept
            + self.columns.iter().map(|column| column.bytes()).sum::<usize>()
    }
}

/// A frame that grows.
#[derive(Debug)]
pub struct Growing {
    frame: Arc<Frame>,
    headings: Vec<Heading>,
    rest: Vec<Rest>,
    created: Timestamp,
    space: Space,
    spec: SpaceSpec,
    /// Used again for each row.
    point: Vec<Value>,
    /// Rows that stand in the order of their runs.
    settled: usize,
}

impl Growing {
    /// The results of a study without a batch. [`TableError::Space`] when its space cannot be computed.
    pub fn new(row: &StudyRow) -> Result<Growing, TableError> {
        let application = &row.study.application;
        let headings = headings(application);
        let space = Space::new(&row.study.space, &application.parameters).map_err(TableError::Space)?;
        let column = |heading: &Heading| {
            let builder = Builder::new(heading.kind);
            Arc::new(builder.finish(heading.name.clone(), heading.unit.clone(), heading.role))
        };
        let frame = Frame {
            study: row.name.clone(),
            version: row.version,
            seq: None,
            rows: 0,
            order: Arc::default(),
            columns: headings.iter().map(column).collect(),
            succeeded: Arc::default(),
            codings: Arc::default(),
            lattices: Arc::default(),
            rankings: Arc::default(),
        };
        Ok(Growing {
            frame: Arc::new(frame),
            rest: headings.iter().map(|heading| Rest::new(heading.kind)).collect(),
            headings,
            created: row.created,
            space,
            spec: row.study.space.clone(),
            point: Vec::new(),
            settled: 0,
        })
    }

    /// As it stands now.
    pub fn frame(&self) -> Arc<Frame> {
        self.frame.clone()
    }

    /// Whether it is of this study as it is now: its columns are the same, and its space at the most has grown. Otherwise it is to be
    /// begun anew.
    pub fn fits(&mut self, row: &StudyRow) -> Result<bool, TableError> {
        let application = &row.study.application;
        if row.created != self.created
            || row.name != self.frame.study
            || headings(application) != self.headings
        {
            return Ok(false);
        }
        let (old, new) = (&self.spec.blocks, &row.study.space.blocks);
        // Who read the study before it grew asks as well.
        let common = old.len().min(new.len());
        if old[..common] != new[..common] {
            return Ok(false);
        }
        if new.len() > old.len() {
            self.space = Space::new(&row.study.space, &application.parameters).map_err(TableError::Space)?;
            self.spec = row.study.space.clone();
        }
        Ok(true)
    }

    /// Adds the next batch. After an error nothing has been added.
    pub fn add(&mut self, batch: &Batch) -> Result<(), TableError> {
        let content = batch.decode()?;
        let frame = Arc::make_mut(&mut self.frame);
        frame.seq = Some(batch.seq);
        frame.succeeded = Arc::default();
        frame.lattices = Arc::default();
        frame.rankings = Arc::default();
        match content {
            Content::Reopened(indices) => reopen(frame, &indices),
            Content::Runs(runs) => {
                let before = frame.rows;
                frame.rows += runs.len();
                let mut builders = frame.columns.iter_mut().zip(&mut self.rest).zip(&self.headings);
                for ((column, rest), heading) in &mut builders {
                    match heading.role {
                        Role::Index => grow(Arc::make_mut(column), rest, before, |builder| {
                            builder.extend_integers(runs.index.iter().map(|index| *index as i64));
                        }),
                        Role::Parameter(_) => {}
                        role => grow(Arc::make_mut(column), rest, before, |b| append(b, role, &runs)),
                    }
                }
                points(frame, &mut self.rest, &self.headings, (&self.space, &mut self.point), &runs.index);
                merge(frame, before);
            }
        }
        Ok(())
    }
}

impl Growing {
    /// Puts the rows in the order of their runs, and leaves out those that no longer count, when enough have come since that was done
    /// last: what is asked then reads cells one after the other.
    pub fn settle(&mut self) {
        let rows = self.frame.rows;
        if rows - self.settled <= rows / FEW {
            return;
        }
        self.settled = self.frame.order.len();
        if self.settled == rows && self.frame.order.iter().zip(0..).all(|(row, place)| *row == place) {
            return;
        }
        let frame = Arc::make_mut(&mut self.frame);
        for column in &mut frame.columns {
            *column = Arc::new(column.picked(&frame.order));
        }
        frame.rows = self.settled;
        frame.order = Arc::new((0..self.settled).collect());
        frame.succeeded = Arc::default();
        // What is shared with older frames is about other rows.
        frame.codings = Arc::default();
        frame.lattices = Arc::default();
        frame.rankings = Arc::default();
    }
}

/// Appends the columns of the parameters, computed from the space.
fn points(
    frame: &mut Frame,
    rest: &mut [Rest],
    headings: &[Heading],
    (space, point): (&Space, &mut Vec<Value>),
    index: &[u64],
) {
    let before = frame.rows - index.len();
    let first = headings.iter().position(|heading| matches!(heading.role, Role::Parameter(_)));
    let Some(first) = first else { return };
    let count = headings.iter().filter(|heading| matches!(heading.role, Role::Parameter(_))).count();
    // The values of all runs, parameter after parameter: each column is then grown in one go.
    let mut values: Vec<Vec<Value>> = vec![Vec::with_capacity(index.len()); count];
    for index in index {
        let known = space.point_into(*index, point);
        for (at, values) in values.iter_mut().enumerate() {
            // An index that the space does not have tells of no point.
            values.push(point.get(at).filter(|_| known).cloned().unwrap_or(Value::Missing));
        }
    }
    for (at, values) in values.into_iter().enumerate() {
        let column = Arc::make_mut(&mut frame.columns[first + at]);
        grow(column, &mut rest[first + at], before, |builder| {
            values.into_iter().for_each(|value| builder.push(value));
        });
    }
}

/// Takes back the rows of runs that are open again.
fn reopen(frame: &mut Frame, indices: &RoaringTreemap) {
    let Some(column) = frame.columns.first() else { return };
    let Data::Integer(index) = &column.data else { return };
    Arc::make_mut(&mut frame.order).retain(|row| !indices.contains(index[*row] as u64));
}

/// Puts the rows from `before` on among those that count; of two of the same run the newer counts.
fn merge(frame: &mut Frame, before: usize) {
    let Some(column) = frame.columns.first() else { return };
    let Data::Integer(index) = &column.data else { return };
    let order = Arc::make_mut(&mut frame.order);
    let mut new: Vec<usize> = (before..frame.rows).collect();
    if !new.is_sorted_by(|a, b| index[*a] < index[*b]) {
        // The sort is stable, so of the rows of one run the last is the newest.
        new.sort_by_key(|row| index[*row]);
        let same = new.chunk_by(|a, b| index[*a] == index[*b]);
        new = same.filter_map(|rows| rows.last().copied()).collect();
    }
    let Some(least) = new.first().map(|row| index[*row]) else { return };
    let tail = order.split_off(order.partition_point(|row| index[*row] < least));
    let mut tail = tail.into_iter().peekable();
    for row in new {
        while let Some(old) = tail.next_if(|old| index[*old] < index[row]) {
            order.push(old);
        }
        tail.next_if(|old| index[*old] == index[row]);
        order.push(row);
    }
    order.extend(tail);
}

#[cfg(test)]
mod tests;
