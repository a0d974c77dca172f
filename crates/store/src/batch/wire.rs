//! Reading and writing the smallest parts of a batch: bytes, variable-length integers, floats, texts.
//!
//! A [`Reader`] trusts nothing: every length is held against the bytes that are left and against a budget of memory.

/// What is wrong with the bytes of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Broken(pub &'static str);

pub type Wire<T> = Result<T, Broken>;

/// The memory that one batch may need at the most, in bytes. What is written stays far below it.
pub const BUDGET: usize = 512 << 20;

pub struct Reader<'a> {
    bytes: &'a [u8],
    budget: usize,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, budget: BUDGET }
    }

    /// Accounts for memory that is about to be taken: so many items of a type.
    pub fn charge<T>(&mut self, items: usize) -> Wire<()> {
        let bytes = items.checked_mul(size_of::<T>()).ok_or(Broken("it claims more than memory can hold"))?;
        self.budget = self.budget.checked_sub(bytes).ok_or(Broken("it claims more than a batch can hold"))?;
        Ok(())
    }

    pub fn take(&mut self, length: usize) -> Wire<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(length).ok_or(Broken("it ends too early"))?;
        self.bytes = rest;
        Ok(taken)
    }

    /// All that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.bytes)
    }

    pub fn byte(&mut self) -> Wire<u8> {
        Ok(self.take(1)?[0])
    }

    /// An unsigned integer of seven bits a byte, least first (LEB128).
    pub fn varint(&mut self) -> Wire<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(Broken("a number has too many digits"));
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Broken("a number has too many digits"))
    }

    /// A length or count that must fit the memory of this machine.
    pub fn length(&mut self) -> Wire<usize> {
        usize::try_from(self.varint()?).map_err(|_| Broken("a length is too large"))
    }

    pub fn signed(&mut self) -> Wire<i64> {
        Ok(unzigzag(self.varint()?))
    }

    pub fn float(&mut self) -> Wire<f64> {
        let mut bits = [0; 8];
        bits.copy_from_slice(self.take(8)?);
        Ok(f64::from_le_bytes(bits))
    }

    pub fn text(&mut self) -> Wire<&'a str> {
        let length = self.length()?;
        let text = std::str::from_utf8(self.take(length)?).map_err(|_| Broken("a text is not UTF-8"))?;
        self.charge::<u8>(length)?;
        Ok(text)
    }

    pub fn is_at_end(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Everything must have been read.
    pub fn end(&self) -> Wire<()> {
        if self.is_at_end() { Ok(()) } else { Err(Broken("there is more than it should hold")) }
    }
}

pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub fn put_signed(out: &mut Vec<u8>, value: i64) {
    put_varint(out, zigzag(value));
}

pub fn put_float(out: &mut Vec<u8>, value: f64) {
    out.extend_from_slice(&value.to_le_bytes());
}

pub fn put_text(out: &mut Vec<u8>, text: &str) {
    put_varint(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// The bytes that [`put_varint`] needs.
pub fn varint_length(value: u64) -> usize {
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

/// Small magnitudes of either sign become small numbers.
pub fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

pub fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_come_back(value: u64, shift in 0u32..64, float: f64) {
            let value = value >> shift;
            let mut out = Vec::new();
            put_varint(&mut out, value);
            prop_assert_eq!(out.len(), varint_length(value));
            put_signed(&mut out, value as i64);
            put_float(&mut out, float);
            let mut reader = Reader::new(&out);
            prop_assert_eq!(reader.varint(), Ok(value));
            prop_assert_eq!(reader.signed(), Ok(value as i64));
            prop_assert_eq!(reader.float().unwrap().to_bits(), float.to_bits());
            prop_assert_eq!(reader.end(), Ok(()));
        }
    }

    #[test]
    fn what_is_too_long_or_too_short_is_refused() {
        assert_eq!(Reader::new(&[0xff; 10]).varint(), Err(Broken("a number has too many digits")));
        assert_eq!(Reader::new(&[0x80]).varint(), Err(Broken("it ends too early")));
        assert_eq!(Reader::new(&[5, b'a']).text(), Err(Broken("it ends too early")));
        assert!(Reader::new(&[]).charge::<u64>(usize::MAX).is_err());
        assert!(Reader::new(&[]).charge::<u8>(BUDGET + 1).is_err());
    }
}
