//! Hadamard matrices, entry by entry: their rows are orthogonal, and so are their columns.
//!
//! R. E. A. C. Paley, "On orthogonal matrices" (1933): of order q + 1 for a prime power q ≡ 3 (mod 4), and 2 (q + 1) for
//! q ≡ 1 (mod 4); J. J. Sylvester (1867): of twice any order. Together they give every multiple of 4 up to 180 but 92, 116,
//! 156, 172, which need other constructions.

use super::field::Field;

/// A matrix whose first column is +1 throughout.
#[derive(Clone, Debug)]
pub(super) enum Hadamard {
    One,
    /// In the form of Plackett and Burman: rows that are shifts of the first, and a last one of −1.
    Cyclic(Field),
    Symmetric(Field),
    Doubled(Box<Hadamard>),
}

impl Hadamard {
    /// A matrix of this order, if one of the constructions gives it.
    pub fn new(order: u64) -> Option<Hadamard> {
        if order == 1 {
            return Some(Hadamard::One);
        }
        if order < 2 || (order > 2 && !order.is_multiple_of(4)) {
            return None;
        }
        if let Some(field) = Field::new(order - 1).filter(|field| field.order() % 4 == 3) {
            return Some(Hadamard::Cyclic(field));
        }
        if let Some(field) = Field::new(order / 2 - 1).filter(|field| field.order() % 4 == 1) {
            return Some(Hadamard::Symmetric(field));
        }
        Hadamard::new(order / 2).map(|half| Hadamard::Doubled(Box::new(half)))
    }

    pub fn order(&self) -> u64 {
        match self {
            Hadamard::One => 1,
            Hadamard::Cyclic(field) => field.order() + 1,
            Hadamard::Symmetric(field) => 2 * (field.order() + 1),
            Hadamard::Doubled(half) => 2 * half.order(),
        }
    }

    /// Whether an entry is +1, not −1.
    pub fn is_plus(&self, row: u64, column: u64) -> bool {
        match self {
            Hadamard::One => true,
            Hadamard::Cyclic(field) => {
                let Some(column) = column.checked_sub(1) else { return true };
                if row == field.order() {
                    return false;
                }
                row == column || field.is_square(field.difference(column, row))
            }
            Hadamard::Symmetric(field) => symmetric(field, row, column) == symmetric(field, row, 0),
            Hadamard::Doubled(half) => {
                let order = half.order();
                half.is_plus(row % order, column % order) != (row >= order && column >= order)
            }
        }
    }

    /// How it was made, in words.
    pub fn words(&self) -> String {
        match self {
            Hadamard::One => "a single run".to_owned(),
            Hadamard::Cyclic(field) => format!("Paley's construction over {} elements", field.order()),
            Hadamard::Symmetric(field) => {
                format!("Paley's second construction over {} elements", field.order())
            }
            Hadamard::Doubled(half) => format!("twice {} runs", half.order()),
        }
    }
}

/// C ⊗ (+ + / + −) + I ⊗ (+ − / − −), where C is the symmetric conference matrix of the field, its first row and column +1.
fn symmetric(field: &Field, row: u64, column: u64) -> bool {
    let (a, b) = (row / 2, column / 2);
    let (lower, right) = (row % 2 == 1, column % 2 == 1);
    if a == b {
        return !lower && !right;
    }
    let conference = match (a.checked_sub(1), b.checked_sub(1)) {
        (Some(a), Some(b)) => field.is_square(field.difference(a, b)),
        _ => true,
    };
    conference != (lower && right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_columns_are_orthogonal() {
        for order in [1, 2, 4, 8, 12, 16, 20, 24, 28, 36, 40, 52, 56, 76, 100] {
            let matrix = Hadamard::new(order).unwrap();
            assert_eq!(matrix.order(), order);
            let sign = |row, column| if matrix.is_plus(row, column) { 1i64 } else { -1 };
            assert!((0..order).all(|row| matrix.is_plus(row, 0)));
            for a in 0..order {
                for b in 0..a {
                    let sum: i64 = (0..order).map(|row| sign(row, a) * sign(row, b)).sum();
                    assert_eq!(sum, 0, "{order}: columns {a} and {b}");
                }
            }
        }
    }

    #[test]
    fn what_is_missing_is_what_the_page_says() {
        let missing: Vec<u64> =
            (1..=45).map(|n| 4 * n).filter(|order| Hadamard::new(*order).is_none()).collect();
        assert_eq!(missing, [92, 116, 156, 172]);
        assert!(Hadamard::new(6).is_none() && Hadamard::new(0).is_none());
    }
}
