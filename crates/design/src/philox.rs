//! The one source of randomness: a counter-based generator.
//!
//! Philox 4×32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011). A block of
//! random bits is a function of a key and a counter, without state: any worker computes the numbers of any point. It is
//! written here because its counter is the interface: a generator with a stream position would hide it.

/// What a number is for: the same seed and index give independent numbers in different domains.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Domain {
    Replicate = 1,
    Random = 2,
    Stratum = 3,
    Jitter = 4,
    Shift = 5,
    Order = 6,
    Scramble = 7,
    Digits = 8,
    Level = 9,
    Within = 10,
    Row = 11,
    Search = 12,
    Trajectory = 20,
    Walk = 21,
    Exchange = 22,
    Phase = 23,
}

/// 64 random bits as a function of (seed, domain, stream, index).
pub(crate) fn bits(seed: u64, domain: Domain, stream: u32, index: u64) -> u64 {
    let counter = [index as u32, (index >> 32) as u32, stream, domain as u32];
    let [a, b, ..] = philox(counter, [seed as u32, (seed >> 32) as u32]);
    u64::from(b) << 32 | u64::from(a)
}

/// A float in [0, 1), a multiple of 2⁻⁵³.
pub(crate) fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    const MULTIPLIERS: [u64; 2] = [0xD251_1F53, 0xCD9E_8D57];
    const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
    for _ in 0..10 {
        let (a, b) = (MULTIPLIERS[0] * u64::from(counter[0]), MULTIPLIERS[1] * u64::from(counter[2]));
        counter = [
            (b >> 32) as u32 ^ counter[1] ^ key[0],
            b as u32,
            (a >> 32) as u32 ^ counter[3] ^ key[1],
            a as u32,
        ];
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    counter
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `kat_vectors` of the authors' Random123 library, the lines `philox4x32 10`.
    #[test]
    fn the_published_known_answers_come_out() {
        for (counter, key, expected) in [
            ([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            ([u32::MAX; 4], [u32::MAX; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
            (
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
            ),
        ] {
            assert_eq!(philox(counter, key), expected);
        }
    }

    #[test]
    fn floats_stay_below_one() {
        assert_eq!(unit(0), 0.0);
        assert_eq!(unit(u64::MAX), 1.0 - f64::EPSILON / 2.0);
    }
}
