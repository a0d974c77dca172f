//! The `hes1` command: one run of the model, one JSON document on standard output.
//!
//! Exit codes: 0 done, 1 the run or the writing failed, 2 the command line makes no sense.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use hes1::{Error, Outcome, Parameters};

/// Simulates the spatial stochastic Hes1 gene regulatory network of Sturrock et al. (2013) in one cell.
///
/// Prints one JSON document: the period (min; null if no rhythm stands out) and amplitude (molecules) of the total
/// Hes1 protein, means, and how long the promoter was occupied. The same options and seed print the same bytes.
#[derive(Parser)]
#[command(version, allow_negative_numbers = true)]
struct Options {
    /// Binding of Hes1 protein to its promoter, 1/(M min)
    #[arg(long, value_name = "RATE", default_value = "1e9", value_parser = positive)]
    k1: f64,
    /// Unbinding from the promoter, 1/min
    #[arg(long, value_name = "RATE", default_value = "0.1", value_parser = positive)]
    k2: f64,
    /// Seed of the random numbers
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Transcription from the free promoter, 1/min
    #[arg(long, value_name = "RATE", default_value = "3", value_parser = positive)]
    alpha_m: f64,
    /// Factor by which the occupied promoter transcribes more slowly
    #[arg(long, value_name = "FACTOR", default_value = "30", value_parser = positive)]
    gamma: f64,
    /// Translation of one cytoplasmic mRNA, 1/min
    #[arg(long, value_name = "RATE", default_value = "1", value_parser = positive)]
    alpha_p: f64,
    /// Degradation of one mRNA, 1/min
    #[arg(long, value_name = "RATE", default_value = "0.015", value_parser = positive)]
    mu_m: f64,
    /// Degradation of one protein, 1/min
    #[arg(long, value_name = "RATE", default_value = "0.043", value_parser = positive)]
    mu_p: f64,
    /// Diffusion of mRNA and protein, µm²/min
    #[arg(long, value_name = "D", default_value = "0.6", value_parser = positive)]
    diffusion: f64,
    /// Radius of the cell, µm
    #[arg(long, value_name = "UM", default_value = "7.5", value_parser = positive)]
    cell_radius: f64,
    /// Radius of the nucleus, µm
    #[arg(long, value_name = "UM", default_value = "3", value_parser = positive)]
    nucleus_radius: f64,
    /// Distance of the promoter from the centre, µm
    #[arg(long, value_name = "UM", default_value = "0", value_parser = not_negative)]
    promoter_radius: f64,
    /// Proteins at the start
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u32).range(..=1_000_000))]
    protein_start: u32,
    /// mRNAs at the start
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(..=1_000_000))]
    mrna_start: u32,
    /// Edge of a voxel, µm; smaller is finer and slower
    #[arg(long, value_name = "UM", default_value = "1.5", value_parser = positive)]
    voxel: f64,
    /// Simulated time, min
    #[arg(long, value_name = "MIN", default_value = "30000", value_parser = positive)]
    time: f64,
    /// Time between samples, min
    #[arg(long, value_name = "MIN", default_value = "5", value_parser = positive)]
    sample: f64,
    /// Time at the start that is left out of all figures, min
    #[arg(long, value_name = "MIN", default_value = "300", value_parser = not_negative)]
    warmup: f64,
    /// Write the time series to this CSV file
    #[arg(long, value_name = "FILE")]
    series: Option<PathBuf>,
}

impl Options {
    fn parameters(&self) -> Parameters {
        Parameters {
            k1: self.k1,
            k2: self.k2,
            alpha_m: self.alpha_m,
            gamma: self.gamma,
            alpha_p: self.alpha_p,
            mu_m: self.mu_m,
            mu_p: self.mu_p,
            diffusion: self.diffusion,
            cell_radius: self.cell_radius,
            nucleus_radius: self.nucleus_radius,
            promoter_radius: self.promoter_radius,
            protein_start: self.protein_start,
            mrna_start: self.mrna_start,
            voxel: self.voxel,
            time: self.time,
            sample: self.sample,
            warmup: self.warmup,
        }
    }
}

fn positive(text: &str) -> Result<f64, String> {
    number(text).filter(|value| *value > 0.0).ok_or_else(|| "expected a finite number above 0".to_owned())
}

fn not_negative(text: &str) -> Result<f64, String> {
    number(text)
        .filter(|value| *value >= 0.0)
        .ok_or_else(|| "expected a finite number of 0 or more".to_owned())
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err((code, message)) => {
            eprintln!("error: {message}");
            ExitCode::from(code)
        }
    }
}

/// The whole command; an error carries its exit code.
fn run(options: &Options) -> Result<(), (u8, String)> {
    // Opened first, so that a wrong path does not cost a run.
    let file = match &options.series {
        Some(path) => {
            let file =
                File::create(path).map_err(|e| (1, format!("failed to create {}: {e}", path.display())))?;
            Some((path, file))
        }
        None => None,
    };
    let Outcome { summary, series } = hes1::run(&options.parameters(), options.seed).map_err(|error| {
        let code = if matches!(error, Error::Parameter { .. }) { 2 } else { 1 };
        (code, error.to_string())
    })?;
    if let Some((path, file)) = file {
        series.write_csv(file).map_err(|e| (1, format!("failed to write {}: {e}", path.display())))?;
    }
    let document =
        serde_json::to_string(&summary).map_err(|e| (1, format!("failed to form the result: {e}")))?;
    writeln!(std::io::stdout(), "{document}").map_err(|e| (1, format!("failed to print the result: {e}")))
}
