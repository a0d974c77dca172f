//! The lattice of the distinct numbers of some columns, and on which of its points each row is.
//!
//! It is made once for all who ask for groups by the same columns, whichever rows they choose; so a question costs a look at each of
//! its rows and nothing else. Points on which there is no row are groups without rows.

use std::sync::Arc;

use crate::coding::Coding;
use crate::groups::{Parts, place};
use crate::levels::Levels;

/// Points that are never too many.
const FEW: usize = 1 << 16;

/// Where each row is.
#[derive(Clone, Debug)]
pub struct Lattice {
    /// Of each column the place of every code; behind the values come NaN and nothing.
    places: Vec<Vec<u32>>,
    points: Arc<Vec<u32>>,
    count: usize,
}

impl Lattice {
    /// `None` when there are more points than rows and more than a few. The codings tell so many rows apart.
    pub(crate) fn new(codings: &[Arc<Coding>], rows: usize) -> Option<Lattice> {
        let most = rows.max(FEW);
        let width = |coding: &Arc<Coding>| coding.distinct() + 2;
        let count = codings.iter().map(width).try_fold(1usize, |count, width| {
            count.checked_mul(width).filter(|count| *count <= most && u32::try_from(*count).is_ok())
        })?;
        // Of numbers the order does not depend on the rows.
        let places: Vec<Vec<u32>> = codings.iter().map(|coding| coding.places(&[])).collect();
        let mut points = vec![0u32; rows];
        for (coding, places) in codings.iter().zip(&places) {
            let width = places.len() as u32 + 2;
            for (point, code) in points.iter_mut().zip(&coding.codes) {
                *point = *point * width + place(places, *code);
            }
        }
        Some(Lattice { places, points: Arc::new(points), count })
    }

    /// About the memory that it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.points.len() * 4
    }

    /// The rows on each of its points, one after the other as their values are.
    pub(crate) fn parts(&self) -> Parts {
        Parts::shared(self.points.clone(), self.count)
    }

    /// For each cell of a grid of some of the values the point that it is: a row for each value of the first column, in it a cell for
    /// each of the second; of one column a cell for each value.
    fn cells(&self, levels: &[&Levels]) -> Vec<u32> {
        let mut cells = vec![0u32];
        for (places, levels) in self.places.iter().zip(levels) {
            let width = places.len() as u32 + 2;
            let own: Vec<u32> = levels.codes().map(|code| place(places, code)).collect();
            cells = cells.iter().flat_map(|cell| own.iter().map(move |own| cell * width + own)).collect();
        }
        cells
    }
}

/// Which point of a lattice each cell of a grid is.
#[derive(Clone, Debug)]
pub struct Grid {
    pub parts: Parts,
    /// For each cell its group.
    pub cells: Vec<u32>,
}

impl Grid {
    pub(crate) fn new(lattice: &Lattice, levels: &[&Levels]) -> Grid {
        Grid { parts: lattice.parts(), cells: lattice.cells(levels) }
    }
}
