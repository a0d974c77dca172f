//! Rows in groups of those that have the same values in some columns.
//!
//! Groups stand in the order of their values: numbers from low to high, texts and booleans as they first occur among the rows, then
//! NaN, then nothing. A table that is made once is sorted into groups; where columns are coded, rows are counted into them, and where
//! many ask for the same groups of other rows they share what says of each row where it belongs (see [`crate::lattice`]).

use std::sync::Arc;

use crate::coding::{Coding, NAN};
use crate::order::{keys, rank};
use crate::pieces::{Piece, ROWS, pieces};
use crate::{Column, Data};

/// What no group is called: of rows that are in none.
pub const NOWHERE: u32 = u32::MAX;

/// Which group each of some rows is in.
#[derive(Clone, Debug, PartialEq)]
pub struct Parts {
    cells: Cells,
    /// Groups; their numbers are below.
    pub count: usize,
}

/// The number of each row's group, or [`NOWHERE`].
#[derive(Clone, Debug, PartialEq)]
enum Cells {
    /// All are in the first.
    One,
    /// In the order of the rows.
    Listed(Vec<u32>),
    /// By the row, of all rows that there are.
    Shared(Arc<Vec<u32>>),
}

static FIRST: [u32; ROWS] = [0; ROWS];

/// Rows, group after group, those of a group in their order.
#[derive(Clone, Debug, PartialEq)]
pub struct Groups {
    rows: Vec<usize>,
    /// Where each group begins, and behind the last one the end.
    starts: Vec<usize>,
}

impl Parts {
    /// So many groups, some of which may be empty; for each of the rows the number of its group, or [`NOWHERE`].
    pub fn listed(cells: Vec<u32>, count: usize) -> Parts {
        Parts { cells: Cells::Listed(cells), count }
    }

    /// The same by the row, of all rows that there are.
    pub(crate) fn shared(cells: Arc<Vec<u32>>, count: usize) -> Parts {
        Parts { cells: Cells::Shared(cells), count }
    }

    /// All rows in one group; without rows there is none.
    fn whole(rows: usize) -> Parts {
        Parts { cells: Cells::One, count: usize::from(rows > 0) }
    }

    /// The group of each of the rows.
    pub fn of_rows<'a>(&'a self, rows: &'a [usize]) -> impl Iterator<Item = u32> + use<'a> {
        rows.iter().enumerate().map(|(place, row)| match &self.cells {
            Cells::One => 0,
            Cells::Listed(cells) => cells.get(place).copied().unwrap_or(NOWHERE),
            Cells::Shared(cells) => cells.get(*row).copied().unwrap_or(NOWHERE),
        })
    }

    /// The rows in pieces, with the group of each.
    pub(crate) fn visit(&self, rows: &[usize], mut each: impl FnMut(&Piece, &[u32])) {
        let mut room = Vec::new();
        for (at, piece) in pieces(rows).enumerate() {
            let groups = match &self.cells {
                Cells::One => &FIRST,
                Cells::Listed(cells) => cells.get(at * ROWS..).unwrap_or_default(),
                Cells::Shared(cells) => piece.cells(cells, NOWHERE, &mut room),
            };
            each(&piece, &groups[..piece.rows.len().min(groups.len())]);
        }
    }

    /// The groups of all rows of a table.
    pub(crate) fn of(rows: usize, by: &[&Column]) -> Parts {
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
        codes.map_or_else(|| Parts::whole(rows), |codes| Parts::numbered(&codes))
    }

    /// The groups of some rows by the codes of the columns that make them.
    pub(crate) fn coded(rows: &[usize], codings: &[Arc<Coding>]) -> Parts {
        if codings.is_empty() {
            return Parts::whole(rows.len());
        }
        let places: Vec<Vec<u32>> = codings.iter().map(|coding| coding.places(rows)).collect();
        // Behind the values come NaN and nothing.
        let width = |places: &Vec<u32>| places.len() + 2;
        let room = places.iter().map(width).try_fold(1usize, |room, width| {
            room.checked_mul(width).filter(|room| *room <= (4 * rows.len()).max(1 << 16))
        });
        let Some(room) = room.filter(|room| u32::try_from(*room).is_ok()) else {
            return Parts::sparse(rows, codings, &places);
        };
        let mut cells = vec![0u32; rows.len()];
        for (coding, places) in codings.iter().zip(&places) {
            let own = width(places) as u32;
            for (cell, row) in cells.iter_mut().zip(rows) {
                *cell = *cell * own + place(places, coding.codes[*row]);
            }
        }
        // Cells without a row are no groups.
        let mut number = vec![NOWHERE; room];
        cells.iter().for_each(|cell| number[*cell as usize] = 0);
        let mut count = 0;
        for number in number.iter_mut().filter(|number| **number == 0) {
            *number = count;
            count += 1;
        }
        cells.iter_mut().for_each(|cell| *cell = number[*cell as usize]);
        Parts::listed(cells, count as usize)
    }

    /// The same where there is room for more groups than there are rows.
    fn sparse(rows: &[usize], codings: &[Arc<Coding>], places: &[Vec<u32>]) -> Parts {
        let mut cells = vec![0u64; rows.len()];
        for (coding, places) in codings.iter().zip(places) {
            let own = places.len() as u64 + 2;
            // As many as there are rows at the most, so that the product fits.
            cells = ranks(cells);
            for (cell, row) in cells.iter_mut().zip(rows) {
                *cell = *cell * own + u64::from(place(places, coding.codes[*row]));
            }
        }
        Parts::numbered(&ranks(cells))
    }

    /// Of groups that are numbered without gaps.
    fn numbered(codes: &[u64]) -> Parts {
        let count = codes.iter().max().map_or(0, |most| *most as usize + 1);
        Parts::listed(codes.iter().map(|code| u32::try_from(*code).unwrap_or(NOWHERE)).collect(), count)
    }

    /// Of each group the first of its rows, and how many there are.
    pub fn firsts(&self, rows: &[usize]) -> Vec<(usize, i64)> {
        let mut found = vec![(0, 0); self.count];
        self.visit(rows, |piece, groups| {
            let mut at = 0;
            for same in groups.chunk_by(|a, b| a == b) {
                if let Some((first, count)) = found.get_mut(same[0] as usize) {
                    if *count == 0 {
                        *first = piece.rows[at];
                    }
                    *count += same.len() as i64;
                }
                at += same.len();
            }
        });
        found
    }

    /// How many rows each group has.
    pub fn sizes(&self, rows: &[usize]) -> Vec<u64> {
        let mut sizes = vec![0; self.count];
        self.visit(rows, |_, groups| {
            for same in groups.chunk_by(|a, b| a == b) {
                if let Some(size) = sizes.get_mut(same[0] as usize) {
                    *size += same.len() as u64;
                }
            }
        });
        sizes
    }

    /// How many of its rows each group has for which something holds.
    pub(crate) fn counted(&self, rows: &[usize], holds: impl Fn(usize) -> bool) -> Vec<i64> {
        let mut counts = vec![0; self.count];
        self.visit(rows, |piece, groups| {
            for (group, row) in groups.iter().zip(piece.rows) {
                if let Some(count) = counts.get_mut(*group as usize) {
                    *count += i64::from(holds(*row));
                }
            }
        });
        counts
    }
}

/// The place of a code: of its value, or behind all values.
pub(crate) fn place(places: &[u32], code: u32) -> u32 {
    match places.get(code as usize) {
        Some(place) => *place,
        None => places.len() as u32 + u32::from(code != NAN),
    }
}

/// Where each group begins when the rows stand group after group, and behind the last one the end.
pub(crate) fn starts(sizes: &[u64]) -> Vec<usize> {
    let mut end = 0;
    let ends = sizes.iter().map(|size| {
        end += *size as usize;
        end
    });
    std::iter::once(0).chain(ends).collect()
}

impl Groups {
    /// The rows of some groups, some of which may be empty.
    pub fn of(rows: &[usize], parts: &Parts) -> Groups {
        let starts = starts(&parts.sizes(rows));
        let mut next = starts.clone();
        let mut ordered = vec![0; starts.last().copied().unwrap_or(0)];
        for (row, group) in
            rows.iter().zip(parts.of_rows(rows)).filter(|(_, group)| (*group as usize) < parts.count)
        {
            let place = &mut next[group as usize];
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
