//! Codes that open something: made at random, handed out once, and kept as a hash only.

use paramo_store::Hashed;
use ring::digest;

/// Letters that are not mistaken for each other, and no vowels, so that no words come out (RFC 8628, 6.1).
const CLEAR: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// Random bytes of the system.
pub fn bytes<const N: usize>() -> std::io::Result<[u8; N]> {
    let mut bytes = [0u8; N];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())?;
    Ok(bytes)
}

/// A code of 256 bits, in hexadecimal digits.
pub fn random() -> std::io::Result<String> {
    Ok(hex(&bytes::<32>()?))
}

/// A code that a person can type: `ABCD-EFGH`, 34 bits. It is short, so it must not be good for long.
pub fn typed() -> std::io::Result<String> {
    let mut code = String::with_capacity(9);
    while code.len() < 9 {
        for byte in bytes::<16>()? {
            // 240 is a multiple of 20: each letter is as likely as the others.
            if byte < 240 && code.len() < 9 {
                if code.len() == 4 {
                    code.push('-');
                }
                code.push(char::from(CLEAR[usize::from(byte) % CLEAR.len()]));
            }
        }
    }
    Ok(code)
}

/// What is kept of a code: its SHA-256. Codes are random, so a plain hash gives nothing away.
pub fn hash(code: &str) -> Hashed {
    let mut hash = [0u8; 32];
    // SHA-256 gives 32 bytes.
    hash.copy_from_slice(digest::digest(&digest::SHA256, code.as_bytes()).as_ref());
    Hashed(hash)
}

/// Whether two texts are the same. The time it takes says nothing about how much of them is.
pub fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    a.len() == b.len() && a.iter().zip(b).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_differ_and_have_their_shapes() {
        let (a, b) = (random().unwrap(), random().unwrap());
        assert_ne!(a, b);
        assert_eq!(a.len(), 64);
        let typed = typed().unwrap();
        assert_eq!((typed.len(), typed.find('-')), (9, Some(4)), "{typed}");
        assert!(typed.chars().all(|c| c == '-' || CLEAR.contains(&(c as u8))), "{typed}");
    }

    #[test]
    fn a_hash_is_sha_256() {
        // FIPS 180-2, example of "abc".
        assert_eq!(hex(&hash("abc").0), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert!(same("abc", "abc") && !same("abc", "abd") && !same("abc", "abcd"));
    }
}
