//! Rows in groups of those that have the same values in some columns.
//!
//! Groups stand in the order of their values: numbers from low to high, texts and booleans as they first occur among the rows, then
//! NaN, then nothing. A table that is made once is sorted into groups; where columns are coded, rows are counted into them.

use std::sync::Arc;

use crate::coding::{Coding, NAN};
use crate::order::{keys, rank};
use crate::{Column, Data};

/// The rows of a table, group after group, those of a group in their order.
#[derive(Clone, Debug, PartialEq)]
pub struct Groups {
    rows: Vec<usize>,
    /// Where each group begins, and behind the last one the end.
    starts: Vec<usize>,
}

impl Groups {
    pub(crate) fn of(rows: usize, by: &[&Column]) -> Groups {
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
        let all: Vec<usize> = (0..rows).collect();
        Groups::counted(&all, &codes.unwrap_or_default())
    }

    /// The groups of some rows by the codes of the columns that make them.
    pub(crate) fn coded(rows: &[usize], codings: &[Arc<Coding>]) -> Groups {
        if codings.is_empty() {
            return Groups { rows: rows.to_vec(), starts: vec![0, rows.len()] };
        }
        let mut cells = vec![0u64; rows.len()];
        let mut count = 1u64;
        for coding in codings {
            let places = coding.places(rows);
            // Behind the values come NaN and nothing.
            let own = places.len() as u64 + 2;
            if count.saturating_mul(own) > u64::from(u32::MAX) {
                cells = ranks(cells);
                count = cells.iter().max().map_or(1, |most| most + 1);
            }
            for (cell, row) in cells.iter_mut().zip(rows) {
                let code = coding.codes[*row];
                let place = match places.get(code as usize) {
                    Some(place) => u64::from(*place),
                    None => own - if code == NAN { 2 } else { 1 },
                };
                *cell = *cell * own + place;
            }
            count *= own;
        }
        if count > (4 * rows.len() as u64).max(1 << 16) {
            return Groups::counted(rows, &ranks(cells));
        }
        // Cells without a row are no groups.
        let mut number = vec![0u64; count as usize];
        cells.iter().for_each(|cell| number[*cell as usize] = 1);
        let taken = number.iter_mut().filter(|number| **number == 1);
        taken.zip(0..).for_each(|(number, next)| *number = next);
        cells.iter_mut().for_each(|cell| *cell = number[*cell as usize]);
        Groups::counted(rows, &cells)
    }

    /// Groups of rows whose groups are numbered without gaps.
    fn counted(rows: &[usize], codes: &[u64]) -> Groups {
        let count = codes.iter().max().map_or(0, |most| *most as usize + 1);
        Groups::of_cells(rows, codes, count)
    }

    /// So many groups, some of which may be empty; `cells` says for each of the rows which one it is in, below `count`.
    pub fn of_cells(rows: &[usize], cells: &[u64], count: usize) -> Groups {
        let codes = cells;
        let mut starts = vec![0usize; count + 1];
        codes.iter().for_each(|code| starts[*code as usize + 1] += 1);
        for group in 0..count {
            starts[group + 1] += starts[group];
        }
        let mut next = starts.clone();
        let mut ordered = vec![0; rows.len()];
        for (row, code) in rows.iter().zip(codes) {
            let place = &mut next[*code as usize];
            ordered[*place] = *row;
            *place += 1;
        }
        Groups { rows: ordered, starts }
    }

    /// The rows of each group, in their order.
    pub fn each(&self) -> impl Iterator<Item = &[usize]> {
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
