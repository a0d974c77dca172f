//! One run from parameters to the figures that are printed.

use serde::Serialize;

use crate::error::Error;
use crate::parameters::Parameters;
use crate::rhythm::rhythm;
use crate::series::Series;
use crate::simulation::Simulation;

/// The figures of one run, over the time after the warm-up.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    pub period: Option<f64>,
    pub amplitude: f64,
    pub oscillates: bool,
    pub protein_mean: f64,
    pub protein_sd: f64,
    pub mrna_mean: f64,
    pub occupied_fraction: f64,
    pub bindings: u64,
    pub events: u64,
    pub voxels: usize,
}

/// A run's figures and its time series.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    pub summary: Summary,
    pub series: Series,
}

pub fn run(parameters: &Parameters, seed: u64) -> Result<Outcome, Error> {
    let (series, tally) = Simulation::run(parameters, seed)?;
    let kept = series.after(parameters.warmup);
    let protein: Vec<f64> = kept.iter().map(|s| f64::from(s.protein())).collect();
    let mean = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / kept.len() as f64;
    let protein_mean = mean(&mut protein.iter().copied());
    let variance = mean(&mut protein.iter().map(|p| (p - protein_mean).powi(2)));
    let found = rhythm(&protein, parameters.sample);
    let summary = Summary {
        period: found.period,
        amplitude: found.amplitude,
        oscillates: found.period.is_some(),
        protein_mean,
        protein_sd: variance.sqrt(),
        mrna_mean: mean(&mut kept.iter().map(|s| f64::from(s.mrna()))),
        occupied_fraction: tally.occupied / (parameters.time - parameters.warmup),
        bindings: tally.bindings,
        events: tally.events,
        voxels: crate::cell::Cell::new(parameters).len(),
    };
    Ok(Outcome { summary, series })
}
