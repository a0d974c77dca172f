//! What a picture draws, as a table of numbers for its page.

/// More rows would make a page heavy; the whole table is a file of its own.
const MOST_ROWS: usize = 1000;

/// A table of cells of text, of which only the first rows are kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Numbers {
    pub headings: Vec<String>,
    pub rows: Vec<Vec<String>>,
    /// Rows with those that are not kept.
    pub all: usize,
}

impl Numbers {
    pub fn new<S: Into<String>>(headings: impl IntoIterator<Item = S>) -> Numbers {
        Numbers { headings: headings.into_iter().map(Into::into).collect(), rows: Vec::new(), all: 0 }
    }

    /// Counts a row, and keeps it while there is room.
    pub fn push(&mut self, row: impl FnOnce() -> Vec<String>) {
        self.all += 1;
        if self.rows.len() < MOST_ROWS {
            self.rows.push(row());
        }
    }
}

/// A number in full; empty for none. Exponents where zeros would have to be counted.
pub(crate) fn plain(v: f64) -> String {
    match v {
        _ if v.is_nan() => String::new(),
        _ if v == 0.0 => "0".to_string(),
        _ if (1e-5..1e15).contains(&v.abs()) => v.to_string(),
        _ => format!("{v:e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_whole_and_short() {
        for (v, text) in [
            (0.1, "0.1"),
            (-0.0, "0"),
            (f64::NAN, ""),
            (1e300, "1e300"),
            (2.5e-7, "2.5e-7"),
            (1e9, "1000000000"),
        ] {
            assert_eq!(plain(v), text);
        }
    }

    #[test]
    fn rows_beyond_the_last_are_counted() {
        let mut numbers = Numbers::new(["a"]);
        (0..MOST_ROWS + 5).for_each(|i| numbers.push(|| vec![i.to_string()]));
        assert_eq!((numbers.rows.len(), numbers.all), (MOST_ROWS, MOST_ROWS + 5));
    }
}
