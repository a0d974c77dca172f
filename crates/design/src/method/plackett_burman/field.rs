//! Finite fields of odd order: differences, and which elements are squares.

/// The field of q = p^n elements. Element Σ dᵢ pⁱ is the polynomial Σ dᵢ xⁱ modulo an irreducible one.
#[derive(Clone, Debug)]
pub(super) struct Field {
    characteristic: u64,
    order: u64,
    /// Whether an element is the square of another, 0 not among them.
    squares: Vec<bool>,
}

impl Field {
    /// The field of this many elements, if there is one and the number is odd.
    pub fn new(order: u64) -> Option<Field> {
        let (characteristic, degree) = prime_power(order)?;
        if characteristic == 2 {
            return None;
        }
        // The lower coefficients of a monic polynomial, as an element. One in `degree` is irreducible.
        (0..order).find_map(|modulus| {
            let ring = Ring { characteristic, degree, modulus };
            let mut squares = vec![false; order as usize];
            for element in 1..order {
                squares[ring.square(element) as usize] = true;
            }
            // Only in a field is 0 no square of another, and is every other square that of just two.
            let count = squares.iter().filter(|square| **square).count() as u64;
            (!squares[0] && 2 * count == order - 1).then_some(Field { characteristic, order, squares })
        })
    }

    pub fn order(&self) -> u64 {
        self.order
    }

    pub fn is_square(&self, element: u64) -> bool {
        self.squares[element as usize]
    }

    /// a − b.
    pub fn difference(&self, a: u64, b: u64) -> u64 {
        let p = self.characteristic;
        let (mut a, mut b, mut place, mut difference) = (a, b, 1, 0);
        while place < self.order {
            difference += (a % p + p - b % p) % p * place;
            (a, b, place) = (a / p, b / p, place * p);
        }
        difference
    }
}

/// The prime and the exponent of a prime power.
fn prime_power(order: u64) -> Option<(u64, u32)> {
    let prime = (2..).take_while(|p| p * p <= order).find(|p| order.is_multiple_of(*p)).unwrap_or(order);
    let (mut rest, mut exponent) = (order, 0);
    while rest > 1 && rest.is_multiple_of(prime) {
        rest /= prime;
        exponent += 1;
    }
    (rest == 1 && exponent > 0).then_some((prime, exponent))
}

/// Polynomials modulo a monic one, which may be reducible.
struct Ring {
    characteristic: u64,
    degree: u32,
    modulus: u64,
}

impl Ring {
    fn digits(&self, mut element: u64) -> Vec<u64> {
        let digit = |_| {
            let digit = element % self.characteristic;
            element /= self.characteristic;
            digit
        };
        (0..self.degree).map(digit).collect()
    }

    fn square(&self, element: u64) -> u64 {
        let (p, n) = (self.characteristic, self.degree as usize);
        let (digits, modulus) = (self.digits(element), self.digits(self.modulus));
        let mut product = vec![0; 2 * n - 1];
        for (i, a) in digits.iter().enumerate() {
            for (j, b) in digits.iter().enumerate() {
                product[i + j] = (product[i + j] + a * b) % p;
            }
        }
        for top in (n..product.len()).rev() {
            let lead = product[top];
            for (i, m) in modulus.iter().enumerate() {
                product[top - n + i] = (product[top - n + i] + (p - lead) * m) % p;
            }
        }
        product[..n].iter().rev().fold(0, |element, digit| element * p + digit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_odd_prime_powers() {
        let orders: Vec<u64> = (0..60).filter(|q| Field::new(*q).is_some()).collect();
        assert_eq!(orders, [3, 5, 7, 9, 11, 13, 17, 19, 23, 25, 27, 29, 31, 37, 41, 43, 47, 49, 53, 59]);
    }

    /// Σ χ(x) χ(x + c) = −1 for c ≠ 0: what conference matrices are made of (Paley 1933).
    #[test]
    fn squares_are_spread_evenly() {
        for order in [7, 9, 25, 27, 49, 81, 125, 243] {
            let field = Field::new(order).unwrap();
            let character = |x| {
                if x == 0 {
                    0
                } else if field.is_square(x) {
                    1
                } else {
                    -1
                }
            };
            for c in [1, 2, order - 1] {
                let sum: i64 = (0..order).map(|x| character(x) * character(field.difference(x, c))).sum();
                assert_eq!(sum, -1, "{order}, {c}");
            }
            assert!((0..order).all(|x| field.difference(x, x) == 0 && field.difference(x, 0) == x));
        }
    }
}
