//! The normal distribution and its inverse.

use std::f64::consts::FRAC_1_SQRT_2;

/// The probability of a standard normal below `x`.
pub(crate) fn probability(x: f64) -> f64 {
    0.5 * libm::erfc(-x * FRAC_1_SQRT_2)
}

/// The value of a standard normal below which lies the probability `p`, 0 < p < 1; relative error about 10⁻¹⁶.
///
/// M. J. Wichura, "Algorithm AS 241: The percentage points of the normal distribution" (1988), PPND16. It is written here on
/// `libm`, because a library on the C library's logarithm would give other last bits on other machines.
pub(crate) fn quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * ratio(r, &CENTRE.0, &CENTRE.1);
    }
    let r = libm::log(if q < 0.0 { p } else { 1.0 - p });
    let r = (-r).sqrt();
    let x = if r <= 5.0 { ratio(r - 1.6, &FLANK.0, &FLANK.1) } else { ratio(r - 5.0, &TAIL.0, &TAIL.1) };
    x.copysign(q)
}

/// Two polynomials, their constants first.
fn ratio(r: f64, numerator: &[f64; 8], denominator: &[f64; 8]) -> f64 {
    let at = |coefficients: &[f64; 8]| coefficients.iter().rev().fold(0.0, |sum, c| sum * r + c);
    at(numerator) / at(denominator)
}

type Ratio = ([f64; 8], [f64; 8]);

#[rustfmt::skip]
#[expect(clippy::excessive_precision, reason = "the digits as they were published")]
const CENTRE: Ratio = (
    [3.387_132_872_796_366_608, 133.141_667_891_784_377_45, 1_971.590_950_306_551_442_7, 13_731.693_765_509_461_125,
     45_921.953_931_549_871_457, 67_265.770_927_008_700_853, 33_430.575_583_588_128_105, 2_509.080_928_730_122_672_7],
    [1.0, 42.313_330_701_600_911_252, 687.187_007_492_057_908_3, 5_394.196_021_424_751_107_7,
     21_213.794_301_586_595_867, 39_307.895_800_092_710_61, 28_729.085_735_721_942_674, 5_226.495_278_852_545_925],
);
#[rustfmt::skip]
#[expect(clippy::excessive_precision, reason = "the digits as they were published")]
const FLANK: Ratio = (
    [1.423_437_110_749_683_577_34, 4.630_337_846_156_545_295_9, 5.769_497_221_460_691_405_5, 3.647_848_324_763_204_605_04,
     1.270_458_252_452_368_382_58, 0.241_780_725_177_450_611_77, 0.022_723_844_989_269_184_583_3, 7.745_450_142_783_414_076_4e-4],
    [1.0, 2.053_191_626_637_758_821_87, 1.676_384_830_183_803_849_4, 0.689_767_334_985_100_004_55,
     0.148_103_976_427_480_074_59, 0.015_198_666_563_616_457_196_6, 5.475_938_084_995_344_946e-4, 1.050_750_071_644_416_843_24e-9],
);
#[rustfmt::skip]
#[expect(clippy::excessive_precision, reason = "the digits as they were published")]
const TAIL: Ratio = (
    [6.657_904_643_501_103_777_2, 5.463_784_911_164_114_369_9, 1.784_826_539_917_291_335_8, 0.296_560_571_828_504_891_23,
     0.026_532_189_526_576_123_093, 0.001_242_660_947_388_078_438_6, 2.711_555_568_743_487_578_15e-5, 2.010_334_399_292_288_132_65e-7],
    [1.0, 0.599_832_206_555_887_937_69, 0.136_929_880_922_735_805_31, 0.014_875_361_290_850_614_852_5,
     7.868_691_311_456_132_591e-4, 1.846_318_317_510_054_681_8e-5, 1.421_511_758_316_445_888_7e-7, 2.044_263_103_389_939_785_64e-15],
);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `scipy.special.ndtri(p)` of SciPy 1.17.1.
    #[test]
    fn quantiles_are_those_of_scipy() {
        for (p, expected) in [
            (1e-300, -37.0470962993612),
            (1e-20, -9.262340089798409),
            (5.551115123125783e-17, -8.292361075813597),
            (1e-09, -5.9978070150076865),
            (1e-05, -4.264890793922825),
            (0.001, -3.090232306167813),
            (0.025, -1.9599639845400545),
            (0.07, -1.4757910281791706),
            (0.0751, -1.4388253927525403),
            (0.2, -0.8416212335729142),
            (0.4, -0.2533471031357997),
            (0.6, 0.2533471031357997),
            (0.9, 1.2815515655446004),
            (0.975, 1.959963984540054),
            (0.999999, 4.753424308817087),
        ] {
            let x = quantile(p);
            assert!((x - expected).abs() <= 4e-16 * expected.abs(), "{p}: {x}, expected {expected}");
        }
        assert_eq!(quantile(0.5), 0.0);
    }

    proptest! {
        #[test]
        fn the_quantile_inverts_the_probability(x in -37.0f64..4.0) {
            prop_assert!((quantile(probability(x)) - x).abs() < 1e-10);
        }
    }
}
