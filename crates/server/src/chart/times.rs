//! When runs ran: what the charts of time are made of. Of a run that was tried again the last attempt counts.

use std::borrow::Cow;

use paramo_model::Timestamp;
use paramo_table::{Column, Data, Parts, Role};

use super::Source;
use crate::problem::Result;
use crate::shape;

/// The attempts that decided, in seconds since the first of them began.
pub struct Times<'a> {
    /// The first start, in seconds since 1970-01-01 UTC; 0 without runs.
    pub origin: f64,
    /// To the last end.
    pub seconds: f64,
    /// The runs, by index.
    pub rows: Cow<'a, [usize]>,
    started: &'a [f64],
    wall: &'a [f64],
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    pub row: usize,
    pub start: f64,
    pub end: f64,
}

impl<'a> Times<'a> {
    pub fn of(source: &Source<'a>) -> Result<Times<'a>> {
        let mut rows = source.rows(true)?;
        let (started, wall) = (numbers(source, Role::Started), numbers(source, Role::Wall));
        let told = |row: &usize| {
            let at = |numbers: &[f64]| numbers.get(*row).is_some_and(|x| x.is_finite());
            at(started) && at(wall)
        };
        if !rows.iter().all(told) {
            rows = Cow::Owned(rows.iter().copied().filter(told).collect());
        }
        let (mut origin, mut last) = (f64::INFINITY, f64::NEG_INFINITY);
        for row in rows.iter() {
            origin = origin.min(started[*row]);
            last = last.max(started[*row] + wall[*row].max(0.0));
        }
        let (origin, seconds) = if rows.is_empty() { (0.0, 0.0) } else { (origin, near(last - origin)) };
        Ok(Times { origin, seconds, rows, started, wall })
    }

    /// The runs with their times, by index.
    pub fn spans(&self) -> impl Iterator<Item = Span> {
        self.rows.iter().map(|row| {
            let start = self.started[*row];
            let end = start + self.wall[*row].max(0.0);
            Span { row: *row, start: near(start - self.origin), end: near(end - self.origin) }
        })
    }

    /// The slot of each run among all slots, those of the first worker first.
    pub fn slots(&self, source: &Source) -> Result<Parts> {
        let column = |role| source.frame.of_role(role).map(|column| column.name.clone());
        let by: Vec<String> = [Role::Worker, Role::Slot].into_iter().filter_map(column).collect();
        Ok(source.frame.parts(&self.rows, &by)?)
    }

    /// The first start as people read it; `None` without runs.
    pub fn from(&self) -> Option<String> {
        (!self.rows.is_empty()).then(|| shape::moment(Timestamp((self.origin * 1e6).round() as i64)))
    }
}

/// What the store tells apart, so that rounding shows no runs of negative length. Of what is not negative.
fn near(seconds: f64) -> f64 {
    (seconds * 1e6 + 0.5) as i64 as f64 / 1e6
}

fn numbers<'a>(source: &Source<'a>, role: Role) -> &'a [f64] {
    match source.frame.of_role(role).map(|column| &column.data) {
        Some(Data::Float(values)) => values,
        _ => &[],
    }
}

/// Which worker and which of its slots made a run.
pub fn place(source: &Source, row: usize) -> (u32, u32) {
    let number = |role| source.frame.of_role(role).map_or(0, |column| column.number(row) as u32);
    (number(Role::Worker), number(Role::Slot))
}

/// Whether a run succeeded.
pub fn succeeded<'a>(source: &Source<'a>) -> impl Fn(usize) -> bool + use<'a> {
    let state: Option<&Column> = source.frame.of_role(Role::State);
    let texts = state.and_then(|column| match &column.data {
        Data::String(texts) => Some(texts),
        _ => None,
    });
    let wanted = texts.and_then(|texts| texts.labels.iter().position(|label| &**label == "succeeded"));
    move |row| texts.is_some_and(|texts| wanted == texts.codes.get(row).map(|code| *code as usize))
}

/// A width of bins that is easy to read, of which at most so many make up the time.
pub fn nice(seconds: f64, most: usize) -> f64 {
    let least = seconds / most.max(1) as f64;
    let steps =
        [1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 21_600.0];
    if least > 21_600.0 {
        return (least / 86_400.0).ceil() * 86_400.0;
    }
    if least >= 1.0 {
        return steps.into_iter().find(|step| *step >= least).unwrap_or(86_400.0);
    }
    let decimals = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1];
    let finer = decimals.into_iter().flat_map(|ten| [ten, 2.0 * ten, 5.0 * ten]);
    finer.into_iter().find(|step| *step >= least).unwrap_or(1.0)
}
