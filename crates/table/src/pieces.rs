//! Rows in pieces, small enough to stay in the nearest cache while something is made of them.
//!
//! The rows of a piece nearly always follow one another (see [`Growing::settle`](crate::Growing::settle)), and then their cells are
//! read where they lie.

/// Rows of a piece.
pub const ROWS: usize = 1024;

/// Some rows, and whether they follow one another.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    pub rows: &'a [usize],
    /// The first row, when the others follow it one by one.
    run: Option<usize>,
}

/// Pieces of [`ROWS`] rows; the last one may have fewer.
pub fn pieces(rows: &[usize]) -> impl Iterator<Item = Piece<'_>> {
    rows.chunks(ROWS).map(Piece::new)
}

impl<'a> Piece<'a> {
    fn new(rows: &'a [usize]) -> Piece<'a> {
        let start = rows.first().copied().unwrap_or(0);
        // Without a branch, so that several are compared at once.
        let apart = rows.iter().zip(start..).fold(0, |apart, (row, place)| apart | (row ^ place));
        Piece { rows, run: (apart == 0).then_some(start) }
    }

    /// The cells of the rows; `room` is used where they do not lie side by side. Rows beyond the end have `beyond`.
    pub fn cells<'c, T: Copy>(&self, cells: &'c [T], beyond: T, room: &'c mut Vec<T>) -> &'c [T] {
        if let Some(first) = self.run
            && let Some(cells) = cells.get(first..first + self.rows.len())
        {
            return cells;
        }
        room.clear();
        room.extend(self.rows.iter().map(|row| cells.get(*row).copied().unwrap_or(beyond)));
        room
    }
}
