//! One run from parameters to the figures that are printed.

use serde::Serialize;

use crate::cell::Cell;
use crate::error::Error;
use crate::parameters::Parameters;
use crate::rhythm::{LEAST_TIME, LONGEST_SAMPLE, Shape, rhythm};
use crate::series::Series;
use crate::simulation::Simulation;

/// The figures of one run. All but `events` and `voxels` are over the time after the warm-up.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Period of the protein's rhythm, min; null if none stands out (see [`rhythm`]).
    pub period: Option<f64>,
    /// Half the peak-to-trough distance, in molecules, of a sine with the variance of the total protein between
    /// periods of 60 and 360 min. Also there when nothing oscillates: noise fluctuates, too.
    pub amplitude: f64,
    /// Whether a rhythm stands out.
    pub oscillates: bool,
    /// Height of the rhythm over the slow fluctuations; about 1 without feedback.
    pub resonance: f64,
    /// Mean of the free proteins in the cell, molecules.
    pub protein_mean: f64,
    /// Their standard deviation over time, molecules.
    pub protein_sd: f64,
    /// Mean of the mRNAs in the cell, molecules.
    pub mrna_mean: f64,
    /// Fraction of the time during which a protein occupies the promoter.
    pub occupied_fraction: f64,
    /// Events drawn, warm-up included; nearly all are jumps between voxels.
    pub events: u64,
    /// Voxels of the cell.
    pub voxels: usize,
}

/// A run's figures and its time series.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    pub summary: Summary,
    /// Every sample from time 0 on, warm-up included.
    pub series: Series,
}

/// Simulates one cell and summarises it; the same parameters and seed give the same outcome.
///
/// # Errors
/// [`Error::Parameter`] if the parameters have no meaning, the time after the warm-up is too short for a rhythm to be
/// judged or the samples too sparse; [`Error::TooManyMolecules`] if synthesis outruns degradation.
pub fn run(parameters: &Parameters, seed: u64) -> Result<Outcome, Error> {
    let refuse = |name, value, expected| Err(Error::Parameter { name, value, expected });
    parameters.validate()?;
    let judged = parameters.time - parameters.warmup;
    if judged < LEAST_TIME {
        return refuse("time", parameters.time, "at least 2880 min more than --warmup");
    }
    if parameters.sample > LONGEST_SAMPLE {
        return refuse("sample", parameters.sample, "at most 10 min");
    }

    let (series, tally) = Simulation::run(parameters, seed)?;
    let kept = series.after(parameters.warmup);
    let mean = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / kept.len() as f64;
    let protein: Vec<f64> = kept.iter().map(|s| f64::from(s.protein())).collect();
    let protein_mean = mean(&mut protein.iter().copied());
    let variance = mean(&mut protein.iter().map(|p| (p - protein_mean).powi(2)));
    let mrna_mean = mean(&mut kept.iter().map(|s| f64::from(s.mrna())));
    let mrna_cytoplasm = mean(&mut kept.iter().map(|s| f64::from(s.mrna_cytoplasm)));
    let translated = if mrna_mean > 0.0 { mrna_cytoplasm / mrna_mean } else { 0.0 };
    let shape =
        Shape { mu_m: parameters.mu_m, mu_p: parameters.mu_p, translation: parameters.alpha_p * translated };
    let found = rhythm(&protein, parameters.sample, shape);
    let summary = Summary {
        period: found.period,
        amplitude: found.amplitude,
        oscillates: found.period.is_some(),
        resonance: found.resonance,
        protein_mean,
        protein_sd: variance.sqrt(),
        mrna_mean,
        occupied_fraction: tally.occupied / judged,
        events: tally.events,
        voxels: Cell::new(parameters).len(),
    };
    Ok(Outcome { summary, series })
}
