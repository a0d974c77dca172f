//! Generators of two-level fractions of minimum aberration (A. Fries & W. G. Hunter, 1980), for 3 to 15 factors.
//!
//! Those of up to 11 factors, and the 16-run designs, are the generators of Table 12.15 of G. E. P. Box, W. G. Hunter &
//! J. S. Hunter, "Statistics for Experimenters" (1978), where it has them. The others were found by a search over generators
//! for the least word-length pattern; for up to 64 runs the patterns are those of J. Chen, D. X. Sun & C. F. J. Wu,
//! "A catalogue of two-level and three-level fractional factorial designs with small runs" (1993).

use super::Fraction;

pub(super) const MOST_FACTORS: usize = 15;

/// Factors, p, and the product that each of the last p factors is of the first ones.
#[rustfmt::skip]
const TABLE: &[(usize, usize, &str)] = &[
    (3, 1, "AB"),
    (4, 1, "ABC"),
    (5, 1, "ABCD"), (5, 2, "AB AC"),
    (6, 1, "ABCDE"), (6, 2, "ABC BCD"), (6, 3, "AB AC BC"),
    (7, 1, "ABCDEF"), (7, 2, "ABCD ABDE"), (7, 3, "ABC BCD ACD"), (7, 4, "AB AC BC ABC"),
    (8, 1, "ABCDEFG"), (8, 2, "ABCD ABEF"), (8, 3, "ABC ABD BCDE"), (8, 4, "BCD ACD ABC ABD"),
    (9, 1, "ABCDEFGH"), (9, 2, "ACDFG BCEFG"), (9, 3, "ABCD ACEF CDEF"), (9, 4, "BCDE ACDE ABDE ABCE"),
    (9, 5, "ABC BCD ACD ABD ABCD"),
    (10, 1, "ABCDEFGHJ"), (10, 2, "ABCEFG ABCDH"), (10, 3, "ABCG BCDE ACDF"), (10, 4, "BCDF ACDF ABDE ABCE"),
    (10, 5, "ABCD ABCE ABDE ACDE BCDE"), (10, 6, "ABC BCD ACD ABD ABCD AB"),
    (11, 1, "ABCDEFGHJK"), (11, 2, "ABCDEF ABCEGHJ"), (11, 3, "ABCDF ABDEG BDEFH"), (11, 4, "ABCG BCDE ACDF ABCDEFG"),
    (11, 5, "CDE ABCD ABF BDEF ADEF"), (11, 6, "ABC BCD CDE ACD ADE BDE"), (11, 7, "ABC BCD ACD ABD ABCD AB AC"),
    (12, 1, "ABCDEFGHJKL"), (12, 2, "ACDEFGH ABCEFJK"), (12, 3, "ABCEG ABCDEFH ABDFGJ"),
    (12, 4, "ABCDG ABEFG ABCEH ACDFH"), (12, 5, "ABDF ACEF BCG ABDEG CDEFG"), (12, 6, "ABE BCE ACDE ABCDF ACEF BDEF"),
    (12, 7, "ABC ABD ACD BCE ADE CDE ABCDE"), (12, 8, "ABC ABD ACD BCD ABCD AB AC AD"),
    (13, 1, "ABCDEFGHJKLM"), (13, 2, "ABDEGHJK BCDFHKL"), (13, 3, "ABCGHJ CEFGHK ADEGJK"),
    (13, 4, "ABDEF ACFGH ABCEGJ BCDHJ"), (13, 5, "ABCD ABDEFG ABCEFH ACDEGH AFGH"),
    (13, 6, "ABCD ACE ABEF ADEG ABCDFG CEFG"), (13, 7, "ABC ACE ABDE ABF BCDF AEF ACDEF"),
    (13, 8, "ABC ABD ACD BCD BCE BDE CDE ABCDE"), (13, 9, "ABC ABD ACD BCD ABCD AB AC AD BC"),
    (14, 1, "ABCDEFGHJKLMN"), (14, 2, "BCEFGJKL ADEFGHKLM"), (14, 3, "ABCFGHK ACDEGHL ACEFJKL"),
    (14, 4, "BDEFGJ ABCDFHJ ABEFGHK ABCEJK"), (14, 5, "BCDEFH ABDGH ABCDEJ ABEFGJ BCFGHJ"),
    (14, 6, "ADEF ACDEG ABFG ACGH BCDGH BEFGH"), (14, 7, "ACDF BCDF ABCEF ABCDG ABEG ABDFG CEFG"),
    (14, 8, "ABCD ABCE BDE CDE ADF BDF CDF ABCDEF"), (14, 9, "ABC ABD ACD BCD BCE ADE BDE CDE ABCDE"),
    (14, 10, "ABC ABD ACD BCD ABCD AB AC AD BC BD"),
    (15, 1, "ABCDEFGHJKLMNO"), (15, 2, "ABCEFGJKM ADEGHJKLN"), (15, 3, "BCDEFHJ ABDGHJKL BCFJKLM"),
    (15, 4, "ABDEGHJ BCDEFJK BDFGHKL ABCGJKL"), (15, 5, "ABDEGHJ CDFGHJ ADEFGK BCEFGHK ABCGJK"),
    (15, 6, "ABCDEFG ABFGH ABCFJ ABEHJ BDFHJ BCDEGHJ"), (15, 7, "ABCD ACDEF BCDEG ADFG BDFH AEFH ACDEGH"),
    (15, 8, "ACD ABCE ABDF ACDEF BCDEG CDFG BCEFG DEFG"), (15, 9, "ACE BCDE ABCF ADF BDF CDF AEF BCEF ABDEF"),
    (15, 10, "ABC ABD ACD BCD ABE ACE BCE ADE BDE CDE"), (15, 11, "ABC ABD ACD BCD ABCD AB AC AD BC BD CD"),
];

/// The fraction of the table.
pub(super) fn find(factors: usize, p: usize) -> Result<Fraction, String> {
    let row = TABLE.iter().find(|row| (row.0, row.1) == (factors, p));
    row.and_then(|(.., words)| super::words::after_basic(words, factors)).ok_or_else(|| {
        let most = TABLE.iter().filter(|row| row.0 == factors).map(|row| row.1).max().unwrap_or(0);
        match factors {
            0..=2 => format!("there is no fraction of {factors} parameters; the smallest has 3"),
            3..=MOST_FACTORS => {
                format!("fractions of {factors} parameters go up to 1/2^{most}, found 1/2^{p}")
            }
            _ => too_many(factors),
        }
    })
}

pub(super) fn too_many(factors: usize) -> String {
    format!("the tables go up to {MOST_FACTORS} parameters, found {factors}")
}

#[cfg(test)]
pub(super) fn rows() -> impl Iterator<Item = (usize, usize)> {
    TABLE.iter().map(|row| (row.0, row.1))
}
