//! The order in which indices are handed out.

mod coarse;

use paramo_model::Order;

use crate::Space;
use crate::permutation::Permutation;
use crate::philox::Domain;
use coarse::Coarse;

/// Every index of a part of a space exactly once, in an order; in constant memory, and a step costs the same however large
/// the part is. Conditions are not asked.
#[derive(Clone, Debug)]
pub struct Sequence {
    walk: Walk,
    left: u64,
}

#[derive(Clone, Debug)]
enum Walk {
    /// The next index, upwards.
    Up(u64),
    /// One above the next index, downwards.
    Down(u64),
    Shuffled {
        permutation: Permutation,
        from: u64,
        next: u64,
    },
    Coarse(Box<Coarse>),
}

impl Sequence {
    /// The indices from `from` up to but without `to`; what lies beyond the space is left out.
    ///
    /// A random order is a function of its seed and of both ends. The coarse order goes block by block, and in each block from
    /// the ends of all axes to ever finer grids; a level's points come with the first replicate of all of them first.
    pub fn new(space: &Space, order: Order, from: u64, to: u64) -> Sequence {
        let to = to.min(space.len());
        let left = to.saturating_sub(from);
        let walk = match order {
            Order::Sequential => Walk::Up(from),
            Order::Reverse => Walk::Down(to),
            Order::Random(seed) => {
                Walk::Shuffled { permutation: Permutation::new(left, seed, Domain::Order, 0), from, next: 0 }
            }
            Order::Coarse => Walk::Coarse(Box::new(Coarse::new(space.clone(), from, to))),
        };
        Sequence { walk, left }
    }
}

impl Iterator for Sequence {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        match &mut self.walk {
            Walk::Up(next) => {
                *next += 1;
                Some(*next - 1)
            }
            Walk::Down(end) => {
                *end -= 1;
                Some(*end)
            }
            Walk::Shuffled { permutation, from, next } => {
                *next += 1;
                Some(*from + permutation.apply(*next - 1))
            }
            Walk::Coarse(coarse) => coarse.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::try_from(self.left).ok();
        (left.unwrap_or(usize::MAX), left)
    }
}

#[cfg(test)]
mod tests;
