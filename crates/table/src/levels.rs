//! The few distinct values of a column: an axis of a grid, the series of a picture.

use std::collections::HashSet;
use std::sync::Arc;

use paramo_model::Value;

use crate::coding::Coding;
use crate::pieces::pieces;
use crate::{Column, Data, NOWHERE};

/// Rows that are looked at to see that a column is one of measured numbers, of which hardly two are the same.
const LOOK: usize = 1 << 14;

/// Distinct values among some rows, numbers ascending, texts and booleans as they first occur. NaN and cells without a value are none.
#[derive(Clone, Debug)]
pub struct Levels {
    pub values: Vec<Value>,
    /// The place of the column in its frame.
    pub(crate) column: usize,
    coding: Arc<Coding>,
    /// For each code of the column its place among the values.
    places: Vec<u32>,
    /// Of each of the values.
    codes: Vec<u32>,
}

/// Whether the first of some rows already have more distinct numbers than `most`.
pub(crate) fn many(column: &Column, rows: &[usize], most: usize) -> bool {
    if matches!(column.data, Data::Boolean(_) | Data::String(_)) {
        return false;
    }
    let mut seen = HashSet::new();
    let numbers = rows.iter().take(LOOK).map(|row| column.number(*row)).filter(|x| !x.is_nan());
    numbers.map(f64::to_bits).any(|bits| seen.insert(bits) && seen.len() > most.saturating_add(1))
}

impl Levels {
    /// `None` when there are more than `most`.
    pub(crate) fn new(
        (at, column): (usize, &Column),
        coding: Arc<Coding>,
        rows: &[usize],
        most: usize,
    ) -> Option<Levels> {
        let by_code = coding.places(rows);
        let mut holder: Vec<Option<usize>> = vec![None; by_code.len()];
        let mut found = 0;
        let mut room = Vec::new();
        for piece in pieces(rows) {
            let codes = piece.cells(&coding.codes, NOWHERE, &mut room);
            for (code, row) in codes.iter().zip(piece.rows) {
                if let Some(holder @ None) = holder.get_mut(*code as usize) {
                    *holder = Some(*row);
                    found += 1;
                }
            }
            if found == by_code.len() {
                break;
            }
        }
        let mut found: Vec<(u32, usize, usize)> = holder
            .iter()
            .enumerate()
            .filter_map(|(code, row)| Some((by_code[code], code, (*row)?)))
            .collect();
        if found.len() > most {
            return None;
        }
        found.sort_unstable();
        let mut places = vec![NOWHERE; by_code.len()];
        for (place, (_, code, _)) in found.iter().enumerate() {
            places[*code] = place as u32;
        }
        let codes = found.iter().map(|(_, code, _)| *code as u32).collect();
        let values = found.into_iter().map(|(_, _, row)| column.value(row)).collect();
        Some(Levels { values, column: at, coding, places, codes })
    }

    /// The code of each of the values.
    pub(crate) fn codes(&self) -> impl Iterator<Item = u32> {
        self.codes.iter().copied()
    }

    /// Which of the values a row has; [`NOWHERE`] when it has none of them.
    #[inline]
    pub fn place(&self, row: usize) -> u32 {
        let code = self.coding.codes.get(row).copied().unwrap_or(NOWHERE);
        self.places.get(code as usize).copied().unwrap_or(NOWHERE)
    }

    /// The same; `None` when it has none of them.
    pub fn of(&self, row: usize) -> Option<usize> {
        Some(self.place(row)).filter(|place| *place != NOWHERE).map(|place| place as usize)
    }
}
