//! A block of rows, small enough to stay in the nearest cache while it goes through the operations.

use std::borrow::Cow;

use super::{CellData, Cells, Mask, Number, Whole};
use crate::expression::evaluate::remainder;
use crate::expression::{Comparison, Function, Operator};

/// Rows of a block.
pub(super) const ROWS: usize = 1024;

// In this order `and` is the least of two, and `or` the largest.
const FALSE: u8 = 0;
const MISSING: u8 = 1;
const TRUE: u8 = 2;

/// Some rows, all of which the columns have.
pub(super) struct Block<'a> {
    columns: &'a [Cells<'a>],
    rows: &'a [usize],
    /// The first row, when the others follow it one by one.
    run: Option<usize>,
}

/// For which rows of a block a condition is true.
pub(super) enum Held {
    All,
    /// Of each row whether it is true, false or missing.
    Some(Vec<u8>),
}

/// The values of a side: one for all rows, or one each.
enum Lane<'a, T: Copy + 'static> {
    One(T),
    Each(Cow<'a, [T]>),
}

impl<'a> Block<'a> {
    pub(super) fn new(columns: &'a [Cells<'a>], rows: &'a [usize]) -> Block<'a> {
        let start = rows.first().copied().unwrap_or(0);
        // Without a branch, so that several are compared at once.
        let apart = rows.iter().zip(start..).fold(0, |apart, (row, place)| apart | (row ^ place));
        Block { columns, rows, run: (apart == 0).then_some(start) }
    }

    /// The largest row.
    pub(super) fn last(&self) -> Option<usize> {
        match self.run {
            Some(_) => self.rows.last().copied(),
            None => self.rows.iter().max().copied(),
        }
    }

    /// For which of the rows a condition is true.
    pub(super) fn held(&self, condition: &Mask) -> Held {
        let held = self.mask(condition);
        match held.iter().fold(TRUE, |least, held| least.min(*held)) == TRUE {
            true => Held::All,
            false => Held::Some(held),
        }
    }

    /// Appends the rows for which it was true.
    pub(super) fn keep(&self, held: &[u8], kept: &mut Vec<usize>) {
        let mut found = [0; ROWS];
        let mut count = 0;
        // Written always and counted when it is one of them: there is nothing to guess for the processor.
        for (row, held) in self.rows.iter().zip(held) {
            found[count] = *row;
            count += usize::from(*held == TRUE);
        }
        kept.extend_from_slice(&found[..count]);
    }

    fn mask(&self, mask: &Mask) -> Vec<u8> {
        let all = |held: bool| vec![truth(held); self.rows.len()];
        match mask {
            Mask::Constant(b) => all(*b),
            Mask::Flag(at) => {
                let mut made = match self.columns[*at].data {
                    CellData::Boolean(flags) => self.picked(flags, truth).into_owned(),
                    _ => all(false),
                };
                if let Some(present) = self.columns[*at].present {
                    let there = self.picked(present, |there| there);
                    made.iter_mut()
                        .zip(there.iter())
                        .filter(|(_, there)| !**there)
                        .for_each(|(made, _)| *made = MISSING);
                }
                made
            }
            Mask::Present(columns) => {
                let mut made = all(true);
                for column in columns.iter().map(|at| &self.columns[*at]) {
                    if let Some(present) = column.present {
                        least(&mut made, &self.picked(present, truth));
                    }
                    if let CellData::Text { labels, codes } = column.data {
                        least(&mut made, &self.picked(codes, |code| truth((code as usize) < labels.len())));
                    }
                }
                made
            }
            Mask::Floats(comparison, a, b) => {
                compared(*comparison, self.floats(a), self.floats(b), self.rows.len())
            }
            Mask::Integers(comparison, a, b) => {
                compared(*comparison, self.integers(*a), self.integers(*b), self.rows.len())
            }
            Mask::Labels(at, holds) => match self.columns[*at].data {
                CellData::Text { codes, .. } => {
                    let mut made = self
                        .picked(codes, |code| truth(holds.get(code as usize).copied().unwrap_or(false)))
                        .into_owned();
                    if let Some(present) = self.columns[*at].present {
                        least(&mut made, &self.picked(present, truth));
                    }
                    made
                }
                _ => all(false),
            },
            Mask::Not(inner) => {
                let mut made = self.mask(inner);
                made.iter_mut().for_each(|held| *held = TRUE - *held);
                made
            }
            Mask::All(masks) => {
                let mut made = all(true);
                masks.iter().for_each(|mask| least(&mut made, &self.mask(mask)));
                made
            }
            Mask::Any(masks) => {
                let mut made = all(false);
                for mask in masks {
                    made.iter_mut().zip(self.mask(mask)).for_each(|(made, held)| *made = held.max(*made));
                }
                made
            }
        }
    }

    /// Something of the cells of the rows.
    fn picked<T: Copy, U: Copy + 'static>(&self, cells: &'a [T], of: impl Fn(T) -> U) -> Cow<'a, [U]> {
        Cow::Owned(match self.run {
            Some(first) => cells[first..first + self.rows.len()].iter().map(|cell| of(*cell)).collect(),
            None => self.rows.iter().map(|row| of(cells[*row])).collect(),
        })
    }

    /// The cells of the rows, where they are when they stand side by side.
    fn cells<T: Copy + 'static>(&self, cells: &'a [T]) -> Lane<'a, T> {
        Lane::Each(match self.run {
            Some(first) => Cow::Borrowed(&cells[first..first + self.rows.len()]),
            None => self.picked(cells, |cell| cell),
        })
    }

    fn integers(&self, whole: Whole) -> Lane<'a, i64> {
        match whole {
            Whole::Constant(i) => Lane::One(i),
            Whole::Column(at) => match self.columns[at].data {
                CellData::Integer(cells) => self.cells(cells),
                _ => Lane::One(0),
            },
        }
    }

    fn floats(&self, number: &Number) -> Lane<'a, f64> {
        match number {
            Number::Constant(x) => Lane::One(*x),
            Number::Column(at) => match self.columns[*at].data {
                CellData::Float(cells) => self.cells(cells),
                _ => Lane::One(f64::NAN),
            },
            Number::Widened(at) => match self.columns[*at].data {
                CellData::Integer(cells) => Lane::Each(self.picked(cells, |i| i as f64)),
                _ => Lane::One(f64::NAN),
            },
            Number::Negate(inner) => self.floats(inner).map(|x| -x),
            Number::Call(function, inner) => {
                let inner = self.floats(inner);
                match function {
                    Function::Abs => inner.map(f64::abs),
                    Function::Sqrt => inner.map(f64::sqrt),
                    Function::Exp => inner.map(f64::exp),
                    Function::Log => inner.map(f64::ln),
                    Function::Log10 => inner.map(f64::log10),
                    // No plan has another.
                    _ => Lane::One(f64::NAN),
                }
            }
            Number::Arithmetic(operator, a, b) => {
                let (a, b) = (self.floats(a), self.floats(b));
                match operator {
                    Operator::Add => a.with(b, |a, b| a + b),
                    Operator::Subtract => a.with(b, |a, b| a - b),
                    Operator::Multiply => a.with(b, |a, b| a * b),
                    Operator::Divide => a.with(b, |a, b| a / b),
                    Operator::Remainder => a.with(b, remainder),
                    Operator::Power => a.with(b, f64::powf),
                }
            }
        }
    }
}

impl<'a> Lane<'a, f64> {
    fn map(self, of: impl Fn(f64) -> f64) -> Lane<'a, f64> {
        match self {
            Lane::One(x) => Lane::One(of(x)),
            Lane::Each(cells) => Lane::Each(cells.iter().map(|x| of(*x)).collect()),
        }
    }

    fn with(self, other: Lane<'a, f64>, of: impl Fn(f64, f64) -> f64) -> Lane<'a, f64> {
        match (self, other) {
            (Lane::One(a), other) => other.map(|b| of(a, b)),
            (one, Lane::One(b)) => one.map(|a| of(a, b)),
            (Lane::Each(a), Lane::Each(b)) => {
                Lane::Each(a.iter().zip(b.iter()).map(|(a, b)| of(*a, *b)).collect())
            }
        }
    }
}

fn truth(held: bool) -> u8 {
    if held { TRUE } else { FALSE }
}

fn least(made: &mut [u8], other: &[u8]) {
    made.iter_mut().zip(other).for_each(|(made, held)| *made = (*held).min(*made));
}

/// As Rust compares floats: nothing holds of NaN but that it differs.
fn compared<T: Copy + PartialOrd>(comparison: Comparison, a: Lane<T>, b: Lane<T>, rows: usize) -> Vec<u8> {
    match comparison {
        Comparison::Less => each(a, b, rows, |a, b| a < b),
        Comparison::LessOrEqual => each(a, b, rows, |a, b| a <= b),
        Comparison::Greater => each(a, b, rows, |a, b| a > b),
        Comparison::GreaterOrEqual => each(a, b, rows, |a, b| a >= b),
        Comparison::Equal => each(a, b, rows, |a, b| a == b),
        Comparison::NotEqual => each(a, b, rows, |a, b| a != b),
    }
}

fn each<T: Copy>(a: Lane<T>, b: Lane<T>, rows: usize, held: impl Fn(T, T) -> bool) -> Vec<u8> {
    match (a, b) {
        (Lane::One(a), Lane::One(b)) => vec![truth(held(a, b)); rows],
        (Lane::One(a), Lane::Each(b)) => b.iter().map(|b| truth(held(a, *b))).collect(),
        (Lane::Each(a), Lane::One(b)) => a.iter().map(|a| truth(held(*a, b))).collect(),
        (Lane::Each(a), Lane::Each(b)) => a.iter().zip(b.iter()).map(|(a, b)| truth(held(*a, *b))).collect(),
    }
}
