//! From a coarse grid to a fine one.
//!
//! Every dimension of a block's product has levels: level 0 of an axis is its two ends, and every further level halves the
//! distances (the multiples of a power of two, and the last). Level L of the product is the product of the level L of its
//! dimensions without that of level L − 1. It is walked without a list of what was visited, as a sum of disjoint parts:
//!
//! > new = ⋃ₖ (dimensions before k: old) × (dimension k: new) × (dimensions after k: old or new)
//!
//! Each of these sets can be counted and indexed in constant time, so a part is walked by counting.

use crate::Space;
use crate::product::{Factor, Refinement};

/// The indices of a part of a space, block after block, each from coarse to fine.
#[derive(Clone, Debug)]
pub(super) struct Coarse {
    space: Space,
    from: u64,
    to: u64,
    /// The next block.
    next: usize,
    block: Option<(u64, Walk)>,
}

impl Coarse {
    pub fn new(space: Space, from: u64, to: u64) -> Coarse {
        Coarse { space, from, to, next: 0, block: None }
    }
}

impl Iterator for Coarse {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        loop {
            if let Some((start, walk)) = &mut self.block {
                match walk.next() {
                    // A part of a space usually starts and ends with a block; where it does not, the rest is passed over.
                    Some(local) if !(self.from..self.to).contains(&(*start + local)) => continue,
                    Some(local) => return Some(*start + local),
                    None => self.block = None,
                }
            }
            let blocks = self.space.compiled();
            let (start, product) = (*blocks.starts.get(self.next)?, blocks.products.get(self.next)?);
            self.next += 1;
            if start < self.to && start + product.len > self.from {
                self.block = Some((start, Walk::new(&product.factors)));
            }
        }
    }
}

/// One dimension of a product.
#[derive(Clone, Copy, Debug)]
struct Dimension {
    len: u64,
    /// How far apart neighbours are in the product's index.
    stride: u64,
    refinement: Refinement,
}

/// What of a dimension takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// What earlier levels had.
    Old,
    /// What this level adds.
    New,
    /// Both.
    Full,
}

impl Dimension {
    /// The first level that has all of it.
    fn finest(&self) -> u32 {
        match self.refinement {
            Refinement::Spread => bits(self.len.saturating_sub(2)),
            Refinement::Prefix => bits(self.len - 1),
            Refinement::Whole | Refinement::Repeat => 0,
        }
    }

    /// How many coordinates a part has at a level.
    fn count(&self, part: Part, level: u32) -> u64 {
        match part {
            Part::Full => self.up_to(level),
            // Nothing is older than level 0.
            Part::Old => level.checked_sub(1).map_or(0, |level| self.up_to(level)),
            Part::New => self.count(Part::Full, level) - self.count(Part::Old, level),
        }
    }

    fn up_to(&self, level: u32) -> u64 {
        if level >= self.finest() {
            return self.len;
        }
        match self.refinement {
            Refinement::Spread => {
                let last = self.len - 1;
                let shift = self.finest() - level;
                (last >> shift) + 1 + u64::from(last & ((1 << shift) - 1) != 0)
            }
            Refinement::Prefix => 1 << level,
            Refinement::Whole | Refinement::Repeat => self.len,
        }
    }

    /// The coordinate at a place of a part, below its count.
    fn coordinate(&self, part: Part, level: u32, place: u64) -> u64 {
        match (self.refinement, part) {
            (Refinement::Spread, Part::Full) => self.spread(level, place),
            (Refinement::Spread, Part::Old) => self.spread(level - 1, place),
            // At level 0 everything is new; later the odd multiples, of which the last coordinate is none that is new.
            (Refinement::Spread, Part::New) if level == 0 => self.spread(0, place),
            (Refinement::Spread, Part::New) => (2 * place + 1) << (self.finest() - level),
            (Refinement::Prefix, Part::New) => self.count(Part::Old, level) + place,
            _ => place,
        }
    }

    fn spread(&self, level: u32, place: u64) -> u64 {
        let shift = self.finest().saturating_sub(level);
        (place << shift).min(self.len - 1)
    }
}

/// How many binary digits a number has.
fn bits(n: u64) -> u32 {
    u64::BITS - n.leading_zeros()
}

/// The walk through one product.
#[derive(Clone, Debug)]
struct Walk {
    dimensions: Vec<Dimension>,
    /// Those walked one after the other over everything else.
    repeats: Vec<Dimension>,
    level: u32,
    finest: u32,
    /// The repetition, and how many there are.
    repeat: (u64, u64),
    /// Which dimension contributes what is new.
    fresh: usize,
    /// The place in each dimension's part; `None` before the first point of the part.
    places: Option<Vec<u64>>,
}

impl Walk {
    fn new(factors: &[Factor]) -> Walk {
        let mut stride = 1;
        let mut dimensions: Vec<Dimension> = factors
            .iter()
            .rev()
            .map(|factor| {
                let dimension = Dimension { len: factor.len, stride, refinement: factor.refinement };
                stride *= factor.len;
                dimension
            })
            .collect();
        dimensions.reverse();
        let (repeats, mut dimensions): (Vec<Dimension>, Vec<Dimension>) =
            dimensions.into_iter().partition(|dimension| dimension.refinement == Refinement::Repeat);
        if dimensions.is_empty() {
            dimensions.push(Dimension { len: 1, stride: 0, refinement: Refinement::Whole });
        }
        let finest = dimensions.iter().map(Dimension::finest).max().unwrap_or(0);
        let repeat = (0, repeats.iter().map(|dimension| dimension.len).product());
        Walk { dimensions, repeats, level: 0, finest, repeat, fresh: 0, places: None }
    }

    fn part(&self, dimension: usize) -> Part {
        match dimension.cmp(&self.fresh) {
            std::cmp::Ordering::Less => Part::Old,
            std::cmp::Ordering::Equal => Part::New,
            std::cmp::Ordering::Greater => Part::Full,
        }
    }

    /// Goes on to the next point of this part; `false` at its end.
    fn step(&mut self) -> bool {
        let counts = |walk: &Walk, d: usize| walk.dimensions[d].count(walk.part(d), walk.level);
        let Some(mut places) = self.places.take() else {
            let empty = (0..self.dimensions.len()).any(|d| counts(self, d) == 0);
            self.places = (!empty).then(|| vec![0; self.dimensions.len()]);
            return !empty;
        };
        for d in (0..places.len()).rev() {
            places[d] += 1;
            if places[d] < counts(self, d) {
                self.places = Some(places);
                return true;
            }
            places[d] = 0;
        }
        false
    }

    /// Goes on to the next part, repetition or level; `false` at the end of everything.
    fn turn(&mut self) -> bool {
        self.fresh += 1;
        // At level 0 nothing is old, so that all is in the part whose first dimension is new.
        if self.level > 0 && self.fresh < self.dimensions.len() {
            return true;
        }
        self.fresh = 0;
        self.repeat.0 += 1;
        if self.repeat.0 < self.repeat.1 {
            return true;
        }
        self.repeat.0 = 0;
        self.level += 1;
        self.level <= self.finest
    }

    fn index(&self, places: &[u64]) -> u64 {
        let grid: u64 = self
            .dimensions
            .iter()
            .zip(places)
            .enumerate()
            .map(|(d, (dimension, place))| {
                dimension.coordinate(self.part(d), self.level, *place) * dimension.stride
            })
            .sum();
        let mut rest = self.repeat.0;
        let repeats = self.repeats.iter().rev().map(|dimension| {
            let place = rest % dimension.len;
            rest /= dimension.len;
            place * dimension.stride
        });
        grid + repeats.sum::<u64>()
    }
}

impl Iterator for Walk {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        loop {
            if self.level > self.finest {
                return None;
            }
            if self.step()
                && let Some(places) = &self.places
            {
                return Some(self.index(places));
            }
            if !self.turn() {
                return None;
            }
        }
    }
}
