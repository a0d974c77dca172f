//! Symmetric positive definite matrices: the inverse, its determinant, and both after a change of rank one.

/// A square matrix, row by row.
#[derive(Clone, Debug)]
pub(super) struct Matrix {
    pub order: usize,
    pub entries: Vec<f64>,
}

impl Matrix {
    /// Σ row rowᵀ, and `ridge` on the diagonal.
    pub fn information<'a>(order: usize, rows: impl Iterator<Item = &'a [f64]>, ridge: f64) -> Matrix {
        let mut entries = vec![0.0; order * order];
        for row in rows {
            for (i, a) in row.iter().enumerate() {
                for (entry, b) in entries[i * order..][..order].iter_mut().zip(row) {
                    *entry += a * b;
                }
            }
        }
        for i in 0..order {
            entries[i * order + i] += ridge;
        }
        Matrix { order, entries }
    }

    /// The inverse and the logarithm of the determinant, by Cholesky's decomposition; `None` if the matrix is singular as
    /// far as floats can tell.
    pub fn inverse(&self) -> Option<(Matrix, f64)> {
        let n = self.order;
        let mut lower = self.entries.clone();
        let mut log_determinant = 0.0;
        for j in 0..n {
            let before: f64 = lower[j * n..][..j].iter().map(|x| x * x).sum();
            let pivot = self.entries[j * n + j] - before;
            if pivot.is_nan() || pivot <= 1e-10 * self.entries[j * n + j] {
                return None;
            }
            let root = pivot.sqrt();
            log_determinant += libm::log(pivot);
            lower[j * n + j] = root;
            for i in j + 1..n {
                let dot: f64 = (0..j).map(|k| lower[i * n + k] * lower[j * n + k]).sum();
                lower[i * n + j] = (self.entries[i * n + j] - dot) / root;
            }
        }
        let mut entries = vec![0.0; n * n];
        let mut column = vec![0.0; n];
        for c in 0..n {
            for i in 0..n {
                let dot: f64 = (c..i).map(|k| lower[i * n + k] * column[k]).sum();
                column[i] = if i < c { 0.0 } else { (f64::from(u8::from(i == c)) - dot) / lower[i * n + i] };
            }
            for i in (0..n).rev() {
                let dot: f64 = (i + 1..n).map(|k| lower[k * n + i] * entries[k * n + c]).sum();
                entries[i * n + c] = (column[i] - dot) / lower[i * n + i];
            }
        }
        Some((Matrix { order: n, entries }, log_determinant))
    }

    pub fn times(&self, vector: &[f64]) -> Vec<f64> {
        self.entries.chunks_exact(self.order).map(|row| dot(row, vector)).collect()
    }

    /// vᵀ M v.
    pub fn square(&self, vector: &[f64]) -> f64 {
        dot(&self.times(vector), vector)
    }

    /// Of the inverse of an information matrix: what it is after one row takes the place of another, and its product with
    /// the new one. Of the old and the new row the products with the inverse before are given.
    ///
    /// Two changes of rank one (Sherman & Morrison 1950). The new row is added first: without the old one alone there may be
    /// no inverse.
    pub fn exchange(&mut self, old: (&[f64], &[f64]), new: (&[f64], &[f64])) -> Vec<f64> {
        let grown = 1.0 + dot(new.0, new.1);
        let share = dot(new.1, old.0) / grown;
        let old_times: Vec<f64> = old.1.iter().zip(new.1).map(|(u, w)| u - w * share).collect();
        let left = 1.0 - dot(&old_times, old.0);
        for (entries, (u, w)) in self.entries.chunks_exact_mut(self.order).zip(old_times.iter().zip(new.1)) {
            let (u, w) = (u / left, w / grown);
            for (entry, (a, b)) in entries.iter_mut().zip(old_times.iter().zip(new.1)) {
                *entry += u * a - w * b;
            }
        }
        let back = dot(&old_times, new.0) / left;
        new.1.iter().zip(&old_times).map(|(w, u)| w / grown + u * back).collect()
    }
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_known_inverse() {
        let matrix = Matrix { order: 2, entries: vec![4.0, 2.0, 2.0, 3.0] };
        let (inverse, log_determinant) = matrix.inverse().unwrap();
        let expected = [0.375, -0.25, -0.25, 0.5];
        assert!(inverse.entries.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15), "{inverse:?}");
        assert!((log_determinant - 8f64.ln()).abs() < 1e-15);
        assert!(Matrix { order: 2, entries: vec![1.0, 1.0, 1.0, 1.0] }.inverse().is_none());
    }

    proptest! {
        #[test]
        fn an_inverse_follows_its_matrix(
            rows in proptest::collection::vec(proptest::array::uniform4(-1.0f64..1.0), 8..12),
            new in proptest::array::uniform4(-1.0f64..1.0),
        ) {
            let of = |rows: &[[f64; 4]]| Matrix::information(4, rows.iter().map(|row| &row[..]), 0.1);
            let Some((mut inverse, _)) = of(&rows).inverse() else { return Err(TestCaseError::fail("singular")) };
            let identity: Vec<f64> = (0..4).flat_map(|i| {
                let column: Vec<f64> = (0..4).map(|j| inverse.entries[4 * j + i]).collect();
                of(&rows).times(&column)
            }).collect();
            for (place, x) in identity.iter().enumerate() {
                prop_assert!((x - f64::from(u8::from(place % 5 == 0))).abs() < 1e-8);
            }
            let mut exchanged = rows.clone();
            exchanged[0] = new;
            let Some((expected, _)) = of(&exchanged).inverse() else { return Err(TestCaseError::fail("singular")) };
            let (old_times, new_times) = (inverse.times(&rows[0]), inverse.times(&new));
            let times = inverse.exchange((&rows[0], &old_times), (&new, &new_times));
            prop_assert!(inverse.entries.iter().zip(&expected.entries).all(|(a, b)| (a - b).abs() < 1e-6));
            prop_assert!(times.iter().zip(expected.times(&new)).all(|(a, b)| (a - b).abs() < 1e-6));
        }
    }
}
