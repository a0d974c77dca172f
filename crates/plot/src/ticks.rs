//! Where an axis has its ticks and what is written at them.
//!
//! Linear steps are 1, 2 or 5 times a power of ten. Logarithmic axes have powers of ten, with 1-2-5 steps between where they
//! are few. Long numbers are shortened by a factor or an offset that is shown once, at the end of the axis.

/// From one named power of ten to the next.
const STRIDES: [i32; 15] = [1, 2, 3, 4, 5, 6, 10, 20, 30, 50, 100, 150, 200, 300, 1000];

/// A tick; the small ones between have no text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    pub value: f64,
    pub label: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Ticks {
    pub ticks: Vec<Tick>,
    /// What all labels are to be multiplied by or added to: `×10⁸`, `+1000000`.
    pub common: Option<String>,
}

/// At most about `most` ticks from `lo` to `hi`, both finite and different. `whole`: no steps below 1.
pub(crate) fn linear(lo: f64, hi: f64, most: usize, whole: bool) -> Ticks {
    let most = most.max(1) as f64;
    // The next round number after the largest numbers would be infinite.
    let mut step = nice_step((hi / most - lo / most).min(f64::MAX / 2.0));
    if whole {
        step = step.max(1.0);
    }
    let size = lo.abs().max(hi.abs());
    // A round number near the middle, in units that the whole axis does not reach.
    let round = scaled(1.0, exponent(hi / 4.0 - lo / 4.0) + 2);
    let offset = if size / step > 1e6 && size > 1e-290 {
        ((lo / 2.0 + hi / 2.0) / round).round() * round
    } else {
        0.0
    };
    let (from, to) = (lo - offset, hi - offset);
    // A hair of room, so that an end that is a tick is not lost to rounding.
    let first = (from / step - 1e-6).ceil();
    let count = ((to / step + 1e-6).floor() - first).clamp(0.0, 1000.0) as usize;
    let values: Vec<f64> = (0..=count).map(|i| (first + i as f64) * step).collect();
    let largest = values.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
    let unit = exponent(step);
    let factor = if largest >= 1e6 || (largest < 1e-3 && largest > 0.0) { exponent(largest) } else { 0 };
    let decimals = (factor - unit).max(0) as usize;
    let label = |v: f64| minus(format!("{:.decimals$}", scaled(v, -factor)));
    let common = match (factor, offset) {
        (0, 0.0) => None,
        (0, _) => Some(signed(offset, (-unit).max(0) as usize)),
        (_, 0.0) => Some(format!("×10{}", superscript(factor))),
        _ => Some(format!("×10{} {}", superscript(factor), signed(offset, (-unit).max(0) as usize))),
    };
    let ticks = values.into_iter().map(|v| Tick { value: (v + offset).clamp(lo, hi), label: Some(label(v)) });
    Ticks { ticks: ticks.collect(), common }
}

/// Ticks of a logarithmic axis; `fits` says whether labels at these places have room.
pub(crate) fn log(lo: f64, hi: f64, most: usize, fits: &dyn Fn(&[Tick]) -> bool) -> Ticks {
    let (from, to) = (lo.log10() - 1e-9, hi.log10() + 1e-9);
    let (first, last) = (from.floor() as i32, to.ceil() as i32);
    let inside = |v: f64| (from..=to).contains(&v.log10());
    let at = |digit: u32, power: i32| scaled(f64::from(digit), power);
    // Short spans: name 1, 2, 5 or 1, 3 of each decade where there is room for it.
    if to - from < 3.0 {
        for digits in [&[1, 2, 3, 4, 5, 6, 7, 8, 9][..], &[1, 2, 5], &[1, 3]] {
            let named: Vec<(u32, i32)> = (first..=last)
                .flat_map(|p| digits.iter().map(move |d| (*d, p)))
                .filter(|(d, p)| inside(at(*d, *p)))
                .collect();
            if !(2..=most.max(3)).contains(&named.len()) {
                continue;
            }
            let plain = named.iter().all(|(_, p)| (-3..=4).contains(p));
            let labels =
                named.iter().map(|(d, p)| Tick { value: at(*d, *p), label: Some(log_label(*d, *p, plain)) });
            let ticks: Vec<Tick> = labels.collect();
            if fits(&ticks) {
                return Ticks { ticks: with_small(ticks, first, last, &inside), common: None };
            }
        }
    }
    let powers: Vec<i32> = (first..=last).filter(|p| inside(at(1, *p))).collect();
    if powers.len() < 2 {
        // Less than a decade and no room for more: as on a linear axis.
        return (2..=most.max(2))
            .rev()
            .map(|n| linear(lo, hi, n, false))
            .find(|t| fits(&t.ticks))
            .unwrap_or_default();
    }
    let plain = powers.iter().all(|p| (-3..=4).contains(p));
    let strided = |stride: i32| -> Vec<Tick> {
        let named = powers.iter().filter(|p| p.rem_euclid(stride) == 0);
        named.map(|p| Tick { value: at(1, *p), label: Some(log_label(1, *p, plain)) }).collect()
    };
    let found = STRIDES.iter().map(|stride| (*stride, strided(*stride)));
    let found =
        found.into_iter().find(|(_, ticks)| (ticks.len() <= most.max(2) && fits(ticks)) || ticks.len() <= 1);
    let Some((stride, ticks)) = found else { return Ticks::default() };
    let ticks =
        if stride == 1 && powers.len() <= 10 { with_small(ticks, first, last, &inside) } else { ticks };
    Ticks { ticks, common: None }
}

/// Adds the unlabelled 1…9 of each decade.
fn with_small(mut ticks: Vec<Tick>, first: i32, last: i32, inside: &dyn Fn(f64) -> bool) -> Vec<Tick> {
    for power in first..=last {
        for digit in 1..=9 {
            let value = scaled(f64::from(digit), power);
            if inside(value) && !ticks.iter().any(|t| t.value == value) {
                ticks.push(Tick { value, label: None });
            }
        }
    }
    ticks
}

fn log_label(digit: u32, power: i32, plain: bool) -> String {
    if plain {
        return scaled(f64::from(digit), power).to_string();
    }
    match digit {
        1 => format!("10{}", superscript(power)),
        _ => format!("{digit}×10{}", superscript(power)),
    }
}

/// 1, 2 or 5 times a power of ten, the next not below `raw`.
fn nice_step(raw: f64) -> f64 {
    let power = exponent(raw);
    let lead = scaled(raw, -power);
    let digit = [1.0, 2.0, 5.0].into_iter().find(|d| lead <= d * 1.000_001).unwrap_or(10.0);
    scaled(digit, power)
}

/// The power of ten of the first digit.
pub(crate) fn exponent(v: f64) -> i32 {
    let guess = v.abs().log10().floor();
    if !guess.is_finite() {
        return 0;
    }
    let guess = guess as i32;
    // The logarithm of 1000 may be a hair below 3.
    if scaled(v.abs(), -guess) >= 10.0 { guess + 1 } else { guess }
}

/// `v` times a power of ten. As decimal text where it is small, so that 3 × 10⁻¹ is 0.3; in two steps where one would
/// overflow.
pub(crate) fn scaled(v: f64, power: i32) -> f64 {
    match power {
        0..=22 => v * 10f64.powi(power),
        -22..=-1 => v / 10f64.powi(-power),
        _ => {
            let half = power / 2;
            v * 10f64.powi(half) * 10f64.powi(power - half)
        }
    }
}

fn signed(v: f64, decimals: usize) -> String {
    let size = v.abs();
    let text = if !(1e-6..1e15).contains(&size) { format!("{size:e}") } else { format!("{size:.decimals$}") };
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{}{text}", if v < 0.0 { '−' } else { '+' })
}

/// A real minus sign, and none before zero.
pub(crate) fn minus(text: String) -> String {
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|c| c == '0' || c == '.') => rest.to_string(),
        Some(rest) => format!("−{rest}"),
        None => text,
    }
}

pub(crate) fn superscript(power: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let raise = |c: char| c.to_digit(10).map_or('⁻', |d| DIGITS[d as usize]);
    power.to_string().chars().map(raise).collect()
}

/// A number for a legend or a note: up to four digits, powers of ten where it is very large or small.
pub(crate) fn short(v: f64) -> String {
    let power = exponent(v);
    if v == 0.0 {
        return "0".to_string();
    }
    if !(-4..=6).contains(&power) {
        let lead = (scaled(v, -power) * 1000.0).round() / 1000.0;
        return match minus(lead.to_string()).as_str() {
            "1" => format!("10{}", superscript(power)),
            lead => format!("{lead}×10{}", superscript(power)),
        };
    }
    let decimals = (3 - power).max(0);
    minus(scaled(scaled(v, decimals).round(), -decimals).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(ticks: &Ticks) -> String {
        let labels: Vec<&str> = ticks.ticks.iter().filter_map(|t| t.label.as_deref()).collect();
        match &ticks.common {
            Some(common) => format!("{} [{common}]", labels.join(" ")),
            None => labels.join(" "),
        }
    }

    #[test]
    fn linear_ticks_are_what_a_person_would_write() {
        for (lo, hi, most, expected) in [
            (0.0, 10.0, 5, "0 2 4 6 8 10"),
            (0.0, 1.0, 4, "0.0 0.5 1.0"),
            (-1.0, 1.0, 4, "−1.0 −0.5 0.0 0.5 1.0"),
            (0.0, 0.3, 3, "0.0 0.1 0.2 0.3"),
            (0.0, 2e9, 4, "0.0 0.5 1.0 1.5 2.0 [×10⁹]"),
            (0.0, 2e-7, 2, "0 1 2 [×10⁻⁷]"),
            (1e6 + 0.001, 1e6 + 0.003, 2, "0.001 0.002 0.003 [+1000000]"),
            (1e6 - 0.001, 1e6 + 0.001, 2, "−0.001 0.000 0.001 [+1000000]"),
            (-1e300, 1e300, 2, "−1 0 1 [×10³⁰⁰]"),
            (0.0, 3e-300, 3, "0 1 2 3 [×10⁻³⁰⁰]"),
            (99.0, 103.0, 4, "99 100 101 102 103"),
        ] {
            assert_eq!(shown(&linear(lo, hi, most, false)), expected);
        }
        assert_eq!(shown(&linear(0.0, 2.0, 8, true)), "0 1 2");
        for most in [1, 2, 4] {
            assert_eq!(shown(&linear(-f64::MAX, f64::MAX, most, false)), "−1 0 1 [×10³⁰⁸]");
            assert!(linear(-f64::MAX, 0.0, most, false).ticks.iter().all(|tick| tick.value.is_finite()));
        }
    }

    #[test]
    fn logarithmic_ticks_name_powers_and_what_has_room_between() {
        let all = |_: &[Tick]| true;
        for (lo, hi, most, expected) in [
            (1e8, 2e9, 6, "10⁸ 2×10⁸ 5×10⁸ 10⁹ 2×10⁹"),
            (1e8, 2e9, 3, "10⁸ 3×10⁸ 10⁹"),
            (0.01, 0.2, 6, "0.01 0.02 0.05 0.1 0.2"),
            (1.0, 1e4, 6, "1 10 100 1000 10000"),
            (1.0, 1e12, 5, "10⁰ 10³ 10⁶ 10⁹ 10¹²"),
            (1e-300, 1e300, 5, "10⁻³⁰⁰ 10⁻¹⁵⁰ 10⁰ 10¹⁵⁰ 10³⁰⁰"),
            (3.1, 3.6, 5, "3.1 3.2 3.3 3.4 3.5 3.6"),
        ] {
            assert_eq!(shown(&log(lo, hi, most, &all)), expected);
        }
        let few = |ticks: &[Tick]| ticks.len() <= 2;
        assert_eq!(shown(&log(1e8, 2e9, 9, &few)), "10⁸ 10⁹");
        let small = log(1.0, 100.0, 3, &all);
        assert_eq!(small.ticks.iter().filter(|t| t.label.is_none()).count(), 16);
    }

    #[test]
    fn short_numbers() {
        for (v, text) in [
            (0.0, "0"),
            (0.01, "0.01"),
            (-1.5, "−1.5"),
            (1e8, "10⁸"),
            (2.5e-9, "2.5×10⁻⁹"),
            (1.0 / 3.0, "0.3333"),
            (1234.5678, "1235"),
            (120_000.0, "120000"),
        ] {
            assert_eq!(short(v), text);
        }
    }
}
