//! Columns as codes: a small number for each distinct value, so that rows are put into groups by counting and not by sorting.
//!
//! A coding goes on where it ended when its column has grown, and codes keep their meaning: so one that was made for more rows
//! serves those who see fewer.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

use paramo_model::ValueType;

use crate::order::{float_key, integer_key};
use crate::{Column, Data};

/// The code of NaN.
pub const NAN: u32 = u32::MAX - 1;
/// The code of a cell without a value.
pub const NOTHING: u32 = u32::MAX;

/// A code for each row of a column.
#[derive(Clone, Debug)]
pub struct Coding {
    kind: ValueType,
    pub codes: Vec<u32>,
    /// For each code a number that sorts as its value does; of booleans and texts the code itself.
    keys: Vec<u64>,
    seen: HashMap<u64, u32, Mix>,
}

impl Coding {
    pub fn new(kind: ValueType) -> Coding {
        Coding { kind, codes: Vec::new(), keys: Vec::new(), seen: HashMap::with_hasher(Mix::new()) }
    }

    /// Whether it tells the values of so many rows of a column of this type apart.
    pub fn covers(&self, kind: ValueType, rows: usize) -> bool {
        self.kind == kind && self.codes.len() >= rows
    }

    /// Distinct values.
    pub fn distinct(&self) -> usize {
        self.keys.len()
    }

    /// About the memory that it takes.
    pub fn bytes(&self) -> usize {
        // A value stands in the list and, with its hash, in the map.
        self.codes.len() * 4 + self.keys.len() * 32
    }

    pub fn is_of(&self, kind: ValueType) -> bool {
        self.kind == kind
    }

    /// Codes the rows of a column up to `rows` that are not yet coded.
    pub fn go_on(&mut self, column: &Column, rows: usize) {
        let new = self.codes.len()..rows;
        self.codes.reserve(new.len());
        match &column.data {
            Data::Boolean(values) => {
                self.keys = vec![0, 1];
                self.codes.extend(new.map(|row| match column.is_present(row) {
                    true => u32::from(values[row]),
                    false => NOTHING,
                }));
            }
            Data::String(texts) => {
                self.keys = (0..texts.labels.len() as u64).collect();
                self.codes.extend(new.map(|row| match column.is_present(row) {
                    true => texts.codes[row],
                    false => NOTHING,
                }));
            }
            Data::Integer(values) => self.number(column, new, |row| Some(integer_key(values[row]))),
            Data::Float(values) => {
                self.number(column, new, |row| (!values[row].is_nan()).then(|| float_key(values[row])));
            }
        }
    }

    fn number(&mut self, column: &Column, rows: std::ops::Range<usize>, key: impl Fn(usize) -> Option<u64>) {
        // Mostly it is the one before.
        let mut last = None;
        for row in rows {
            if !column.is_present(row) {
                self.codes.push(NOTHING);
                continue;
            }
            let Some(key) = key(row) else {
                self.codes.push(NAN);
                continue;
            };
            let code = match last {
                Some((before, code)) if before == key => code,
                _ => *self.seen.entry(key).or_insert_with(|| {
                    self.keys.push(key);
                    self.keys.len() as u32 - 1
                }),
            };
            last = Some((key, code));
            self.codes.push(code);
        }
    }

    /// The place of each code among the groups of some rows: numbers from the lowest, booleans and texts as they first occur in
    /// these rows.
    pub fn places(&self, rows: &[usize]) -> Vec<u32> {
        let mut places = vec![u32::MAX; self.keys.len()];
        match self.kind {
            ValueType::Integer | ValueType::Float => {
                let mut order: Vec<u32> = (0..self.keys.len() as u32).collect();
                order.sort_unstable_by_key(|code| self.keys[*code as usize]);
                for (place, code) in order.into_iter().enumerate() {
                    places[code as usize] = place as u32;
                }
            }
            ValueType::Boolean | ValueType::String => {
                let mut count = 0;
                for row in rows {
                    if let Some(place) = places.get_mut(self.codes[*row] as usize).filter(|p| **p == u32::MAX)
                    {
                        *place = count;
                        count += 1;
                        if count as usize == self.keys.len() {
                            break;
                        }
                    }
                }
            }
        }
        places
    }
}

/// A hash of one multiplication, with a secret so that nobody can make values that meet.
#[derive(Clone, Debug)]
struct Mix([u64; 2]);

impl Mix {
    fn new() -> Mix {
        let secret = RandomState::new();
        Mix([secret.hash_one(1u8), secret.hash_one(2u8) | 1])
    }
}

impl BuildHasher for Mix {
    type Hasher = Mixed;

    fn build_hasher(&self) -> Mixed {
        Mixed { secret: self.0, state: 0 }
    }
}

#[derive(Debug)]
struct Mixed {
    secret: [u64; 2],
    state: u64,
}

impl Hasher for Mixed {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, number: u64) {
        let product =
            u128::from(self.state ^ number ^ self.secret[0]).wrapping_mul(u128::from(self.secret[1]));
        self.state = product as u64 ^ (product >> 64) as u64;
    }

    fn finish(&self) -> u64 {
        self.state
    }
}
