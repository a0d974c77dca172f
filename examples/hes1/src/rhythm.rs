//! Period and amplitude of a noisy protein series.
//!
//! Hes1 in this model is a noise-driven oscillator of low coherence: single repression by one site is too weak to
//! cycle without noise, and the slow decay of mRNA and protein paints every spectrum red, so neither the
//! autocorrelation nor the raw spectrum has a dependable peak. What the feedback does shows in the *ratio* of the
//! protein's spectrum to the one that the same cell would have without feedback, which is known in closed form from
//! the decay rates. Without feedback the ratio is flat; negative feedback lowers it at long periods, and the loop's
//! delay raises it where the loop resonates (the loop's closed-loop gain; Simpson, Cox and Sayler, 2003, PNAS
//! 100:4551, look at feedback in this way). The place of that maximum is the period.
//!
//! Spectra are sine-multitaper estimates (Riedel and Sidorenko, 1995, IEEE Trans. Signal Process. 43:188), which keep
//! the strong slow fluctuations from leaking over the weak fast ones.

use std::f64::consts::PI;

/// Shortest and longest period looked for, min.
const SHORTEST: f64 = 40.0;
const LONGEST: f64 = 360.0;
/// Fluctuations slower than this are the reference that the maximum is compared with, min.
const SLOW: f64 = 480.0;
/// Fluctuations between these periods make the amplitude, min.
const AMPLITUDE_BAND: (f64, f64) = (60.0, 360.0);
/// Sine tapers that are averaged.
const TAPERS: usize = 4;
/// Width (standard deviation) of the smoothing over the natural logarithm of frequency.
const WIDTH: f64 = 0.3;
/// Step of the search for the maximum, in the same logarithm.
const STEP: f64 = 0.01;
/// How far the maximum must rise above the slow fluctuations to count: by this factor …
const LEAST_RESONANCE: f64 = 1.5;
/// … and by so many standard errors of the logarithm of the ratio. Three, because a maximum is picked.
const LEAST_SIGMAS: f64 = 3.0;

/// Shortest series that can be judged, min: six of the slowest reference fluctuations.
pub const LEAST_TIME: f64 = 6.0 * SLOW;
/// Coarsest sampling that still shows the shortest period, min.
pub const LONGEST_SAMPLE: f64 = SHORTEST / 4.0;

/// The decay and translation rates that shape the spectrum without feedback, 1/min.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    pub mu_m: f64,
    pub mu_p: f64,
    /// Proteins per minute from one average mRNA; those in the nucleus give none.
    pub translation: f64,
}

impl Shape {
    /// Spectrum of the protein number without feedback, up to a factor, at angular frequency `w` in 1/min: Poisson
    /// births of mRNA and protein seen through their two exponential decays.
    fn without_feedback(&self, w: f64) -> f64 {
        let from_mrna = self.translation * self.mu_m / (w * w + self.mu_m * self.mu_m);
        (1.0 + from_mrna) / (w * w + self.mu_p * self.mu_p)
    }
}

/// What was found in one series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rhythm {
    /// Period of the resonance, min; none unless it stands out.
    pub period: Option<f64>,
    /// Height of the resonance over the slow fluctuations; 1 without feedback.
    pub resonance: f64,
    /// Half the peak-to-trough distance of a sine with the variance that the series has between 60 and 360 min.
    pub amplitude: f64,
}

/// Analyses `series`, protein numbers `step` minutes apart.
///
/// Meant for at least [`LEAST_TIME`] minutes sampled at most [`LONGEST_SAMPLE`] apart; a constant series has no rhythm.
pub fn rhythm(series: &[f64], step: f64, shape: Shape) -> Rhythm {
    let silent = Rhythm { period: None, resonance: 0.0, amplitude: 0.0 };
    let spectrum = Spectrum::new(series, step);
    let amplitude = (2.0 * spectrum.variance_between(AMPLITUDE_BAND)).sqrt();
    let ratio: Vec<f64> = spectrum
        .bins()
        .map(|(frequency, power)| power / shape.without_feedback(2.0 * PI * frequency))
        .collect();

    // The first bins carry what removing the mean took away, so the reference starts above them.
    let slow: Vec<f64> =
        spectrum.bins().zip(&ratio).filter(|((f, _), _)| *f < 1.0 / SLOW).map(|(_, r)| *r).collect();
    let slow = &slow[slow.len().min(1)..];
    let floor = slow.iter().sum::<f64>() / slow.len() as f64;
    if slow.is_empty() || !floor.is_normal() {
        return silent;
    }

    let steps = ((LONGEST / SHORTEST).ln() / STEP) as usize;
    let curve: Vec<(f64, f64, f64)> = (0..=steps)
        .map(|i| {
            let centre = -LONGEST.ln() + i as f64 * STEP;
            let (level, bins) = smoothed(&spectrum, &ratio, centre);
            (centre, level, bins)
        })
        .collect();
    let best = (0..curve.len()).fold(0, |best, i| if curve[i].1 > curve[best].1 { i } else { best });
    let (centre, level, bins) = curve[best];
    let resonance = level / floor;
    // A mean over n exponential variables has a relative standard error of 1/√n.
    let error = (1.0 / slow.len() as f64 + 1.0 / bins).sqrt();
    let inside = best > 0 && best + 1 < curve.len();
    let stands_out = inside && resonance >= LEAST_RESONANCE && resonance.ln() >= LEAST_SIGMAS * error;
    Rhythm { period: stands_out.then(|| (-centre).exp()), resonance, amplitude }
}

/// The ratio near the frequency exp(`centre`), and over how many bins it is in effect averaged.
fn smoothed(spectrum: &Spectrum, ratio: &[f64], centre: f64) -> (f64, f64) {
    let (mut sum, mut weights, mut squares) = (0.0, 0.0, 0.0);
    for ((frequency, _), value) in spectrum.bins().zip(ratio) {
        // Dividing by the frequency makes the weight one of the logarithm, since bins lie evenly in frequency.
        let weight = (-0.5 * ((frequency.ln() - centre) / WIDTH).powi(2)).exp() / frequency;
        sum += weight * value;
        weights += weight;
        squares += weight * weight;
    }
    (sum / weights, weights * weights / squares)
}

/// One-sided power per bin of width 1/duration, so that the bins sum to the variance.
struct Spectrum {
    duration: f64,
    power: Vec<f64>,
}

impl Spectrum {
    /// Bins up to half of the shortest period looked for, which is where the smoothing still reaches.
    fn new(series: &[f64], step: f64) -> Self {
        let n = series.len();
        let mean = series.iter().sum::<f64>() / n as f64;
        let duration = n as f64 * step;
        let bins = ((2.0 * duration / SHORTEST) as usize).min(n / 2);
        // The transform with taper k at f is a difference of plain transforms at f ± k half bins, so one plain
        // transform on the grid of half bins serves all tapers.
        let transform: Vec<(f64, f64)> =
            (0..=2 * bins + TAPERS).map(|half| fourier(series, mean, PI * half as f64 / n as f64)).collect();
        let at = |half: isize| match transform[half.unsigned_abs()] {
            (re, im) if half < 0 => (re, -im),
            value => value,
        };
        let power = (1..=bins as isize)
            .map(|bin| {
                let sum: f64 = (1..=TAPERS as isize)
                    .map(|k| {
                        let (low, high) = (at(2 * bin - k), at(2 * bin + k));
                        (low.0 - high.0).powi(2) + (low.1 - high.1).powi(2)
                    })
                    .sum();
                // |difference / 2|² · 2/n is the density per sample; times 2 for one side, over n for a bin.
                sum / TAPERS as f64 / (n * n) as f64
            })
            .collect();
        Self { duration, power }
    }

    /// Frequency (1/min) and power of every bin.
    fn bins(&self) -> impl Iterator<Item = (f64, f64)> {
        self.power.iter().enumerate().map(|(i, &power)| ((i + 1) as f64 / self.duration, power))
    }

    fn variance_between(&self, (shortest, longest): (f64, f64)) -> f64 {
        self.bins().filter(|(f, _)| (1.0 / longest..1.0 / shortest).contains(f)).map(|(_, power)| power).sum()
    }
}

/// The Fourier transform of `series` less `mean` at `angle` per sample.
fn fourier(series: &[f64], mean: f64, angle: f64) -> (f64, f64) {
    // Turning a pointer by a fixed angle costs four products a sample; over the lengths here the rounding stays
    // around 10⁻¹².
    let (sin, cos) = angle.sin_cos();
    let (mut re, mut im, mut x, mut y) = (0.0, 0.0, 1.0, 0.0);
    for value in series {
        re += (value - mean) * x;
        im -= (value - mean) * y;
        (x, y) = (x * cos - y * sin, x * sin + y * cos);
    }
    (re, im)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Random;

    const SHAPE: Shape = Shape { mu_m: 0.015, mu_p: 0.043, translation: 1.0 };
    const STEP_MIN: f64 = 5.0;
    const ROWS: usize = 6000;

    /// Protein of a cell without feedback, well mixed, in steps of 1 min: births of mRNA at `rate`(time) decay twice.
    fn two_decays(seed: u64, rate: impl Fn(f64) -> f64) -> Vec<f64> {
        let mut random = Random::new(seed);
        let mut normal = || (0..12).map(|_| random.uniform()).sum::<f64>() - 6.0;
        let (mut mrna, mut protein) = (40.0, 900.0);
        let mut series = Vec::new();
        for minute in 0..ROWS * STEP_MIN as usize {
            if minute % STEP_MIN as usize == 0 {
                series.push(protein);
            }
            protein += mrna - SHAPE.mu_p * protein;
            mrna += rate(minute as f64) + normal() - SHAPE.mu_m * mrna;
        }
        series
    }

    #[test]
    fn a_pure_sine_has_its_amplitude() {
        let sine: Vec<f64> =
            (0..ROWS).map(|i| 500.0 + 70.0 * (2.0 * PI * i as f64 * STEP_MIN / 120.0).sin()).collect();
        let found = rhythm(&sine, STEP_MIN, SHAPE);
        assert!((found.amplitude - 70.0).abs() < 0.5, "{found:?}");
    }

    #[test]
    fn a_rhythm_in_transcription_is_found_under_red_noise() {
        for period in [90.0, 120.0, 200.0] {
            let series = two_decays(1, |t| 0.6 + 0.4 * (2.0 * PI * t / period).sin());
            let found = rhythm(&series, STEP_MIN, SHAPE);
            assert!(found.period.is_some_and(|p| (p / period - 1.0).abs() < 0.1), "{period}: {found:?}");
        }
    }

    #[test]
    fn noise_alone_has_no_rhythm() {
        let found: Vec<Rhythm> =
            (0..20).map(|seed| rhythm(&two_decays(seed, |_| 0.6), STEP_MIN, SHAPE)).collect();
        let mistaken = found.iter().filter(|r| r.period.is_some()).count();
        assert!(mistaken <= 1, "{mistaken} of 20");
        let mean = found.iter().map(|r| r.resonance).sum::<f64>() / 20.0;
        assert!((0.9..1.4).contains(&mean), "{mean}");
    }

    #[test]
    fn the_bins_sum_to_the_variance() {
        let series = two_decays(7, |_| 0.6);
        let mean = series.iter().sum::<f64>() / ROWS as f64;
        let variance = series.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / ROWS as f64;
        let sum: f64 = Spectrum::new(&series, STEP_MIN).power.iter().sum();
        // The lowest half bin is missing and the tapers weigh the middle, so the two agree only roughly.
        assert!((sum / variance - 1.0).abs() < 0.1, "{sum} {variance}");
    }

    #[test]
    fn a_constant_has_no_rhythm() {
        assert_eq!(rhythm(&vec![3.0; ROWS], STEP_MIN, SHAPE).period, None);
    }
}
