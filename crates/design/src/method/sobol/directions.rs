//! Joe & Kuo's direction numbers, packed as `data/README.md` says.

pub(super) const MOST_DIMENSIONS: usize = 21_201;
/// Binary digits of a coordinate, and of an index.
pub(super) const BITS: usize = 32;

static NUMBERS: &[u8] = include_bytes!("../../../data/joe-kuo-6.21201.bin");

/// The generator matrices, dimension by dimension: their columns, the first binary digit in the highest bit.
#[derive(Default)]
pub(super) struct Directions {
    dimension: usize,
    /// The bit that is read next.
    at: usize,
}

impl Iterator for Directions {
    type Item = [u32; BITS];

    fn next(&mut self) -> Option<[u32; BITS]> {
        if self.dimension == MOST_DIMENSIONS {
            return None;
        }
        let mut columns = if self.dimension == 0 { [1; BITS] } else { self.numbers() };
        self.dimension += 1;
        // m_j becomes the binary fraction m_j / 2^j.
        for (j, column) in columns.iter_mut().enumerate() {
            *column <<= BITS - 1 - j;
        }
        Some(columns)
    }
}

impl Directions {
    fn bits(&mut self, count: usize) -> u32 {
        let mut value = 0;
        for bit in 0..count {
            let byte = NUMBERS.get(self.at / 8).copied().unwrap_or_default();
            value |= u32::from(byte >> (self.at % 8) & 1) << bit;
            self.at += 1;
        }
        value
    }

    /// The numbers m₁, m₂, … of the next dimension: the first are given, the rest follow from the polynomial.
    fn numbers(&mut self) -> [u32; BITS] {
        let degree = self.bits(5) as usize;
        let coefficients = self.bits(degree - 1);
        let mut m = [0u32; BITS];
        for (j, m) in m.iter_mut().enumerate().take(degree) {
            *m = self.bits(j) << 1 | 1;
        }
        for j in degree..BITS {
            m[j] = m[j - degree] ^ m[j - degree] << degree;
            for k in 1..degree {
                if coefficients >> (degree - 1 - k) & 1 == 1 {
                    m[j] ^= m[j - k] << k;
                }
            }
        }
        m
    }
}
