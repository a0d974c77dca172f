//! The rates, the geometry and the numerical choices, with the published values as defaults.

use crate::error::Error;

/// Avogadro's constant, 1/mol.
const AVOGADRO: f64 = 6.022_140_76e23;
/// Cubic micrometres in a litre.
const CUBIC_MICROMETRES_PER_LITRE: f64 = 1e15;
/// Rows of the time series that a run may hold in memory.
const MAX_SAMPLES: f64 = 1e7;

/// Everything that a run depends on except the seed. Times are minutes, lengths micrometres.
///
/// The defaults of the rates, the radii and the start are those of Sturrock et al. (2013) as its co-author published them
/// in the PyURDME example `hes1` (Drawert et al., 2016); `voxel`, `time`, `sample` and `warmup`
/// are ours.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    /// Binding of protein to the free promoter, 1/(M min).
    pub k1: f64,
    /// Unbinding of protein from the promoter, 1/min.
    pub k2: f64,
    /// Transcription from the free promoter, 1/min.
    pub alpha_m: f64,
    /// By how much an occupied promoter transcribes more slowly.
    pub gamma: f64,
    /// Translation of one mRNA in the cytoplasm, 1/min.
    pub alpha_p: f64,
    /// Degradation of one mRNA, 1/min.
    pub mu_m: f64,
    /// Degradation of one protein, 1/min.
    pub mu_p: f64,
    /// Diffusion of mRNA and protein, µm²/min (0.6 µm²/min is 6·10⁻¹³ m²/min).
    pub diffusion: f64,
    /// Radius of the spherical cell, µm.
    pub cell_radius: f64,
    /// Radius of the nucleus, concentric with the cell, µm.
    pub nucleus_radius: f64,
    /// Distance of the promoter from the centre, µm.
    pub promoter_radius: f64,
    /// Proteins at time 0, spread over the cytoplasm.
    pub protein_start: u32,
    /// mRNAs at time 0, spread over the nucleus.
    pub mrna_start: u32,
    /// Edge of a voxel, µm.
    pub voxel: f64,
    /// Simulated time, min.
    pub time: f64,
    /// Time between two rows of the series, min.
    pub sample: f64,
    /// Time left out of every statistic so that the start is forgotten, min.
    pub warmup: f64,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            k1: 1e9,
            k2: 0.1,
            alpha_m: 3.0,
            gamma: 30.0,
            alpha_p: 1.0,
            mu_m: 0.015,
            mu_p: 0.043,
            diffusion: 0.6,
            cell_radius: 7.5,
            nucleus_radius: 3.0,
            promoter_radius: 0.0,
            protein_start: 60,
            mrna_start: 10,
            voxel: 1.5,
            time: 30_000.0,
            sample: 5.0,
            warmup: 300.0,
        }
    }
}

impl Parameters {
    /// Checks what the model can mean at all. Rates may be zero here (a test switches reactions off so); the command
    /// line asks for more.
    ///
    /// # Errors
    /// [`Error::Parameter`] with the first value that does not fit.
    pub fn validate(&self) -> Result<(), Error> {
        let rates = [
            ("k1", self.k1),
            ("k2", self.k2),
            ("alpha-m", self.alpha_m),
            ("alpha-p", self.alpha_p),
            ("mu-m", self.mu_m),
            ("mu-p", self.mu_p),
            ("diffusion", self.diffusion),
        ];
        for (name, value) in rates {
            // The bounds are far beyond any chemistry; they keep sums of rates finite.
            check(name, value, (0.0..=1e18).contains(&value), "a number from 0 to 1e18")?;
        }
        check("gamma", self.gamma, self.gamma >= 1.0, "a finite number of at least 1")?;
        for (name, value) in [
            ("cell-radius", self.cell_radius),
            ("nucleus-radius", self.nucleus_radius),
            ("voxel", self.voxel),
            ("time", self.time),
            ("sample", self.sample),
        ] {
            check(name, value, value > 0.0, "a finite number above 0")?;
        }
        let inside = self.nucleus_radius < self.cell_radius;
        check("nucleus-radius", self.nucleus_radius, inside, "less than --cell-radius")?;
        let inside = (0.0..self.nucleus_radius).contains(&self.promoter_radius);
        check("promoter-radius", self.promoter_radius, inside, "0 or more and less than --nucleus-radius")?;
        // Coarser voxels leave no cytoplasm around the nucleus; far finer ones only cost memory.
        let layers = self.cell_radius / self.voxel;
        check("voxel", self.voxel, layers >= 2.0, "at most half of --cell-radius")?;
        check("voxel", self.voxel, layers <= 100.0, "at least a hundredth of --cell-radius")?;
        let thick = self.voxel <= self.cell_radius - self.nucleus_radius;
        check("voxel", self.voxel, thick, "at most the thickness of the cytoplasm")?;
        check(
            "warmup",
            self.warmup,
            (0.0..self.time).contains(&self.warmup),
            "0 or more and less than --time",
        )?;
        check(
            "sample",
            self.sample,
            self.time / self.sample <= MAX_SAMPLES,
            "a ten-millionth of --time or more",
        )
    }

    /// Binding of one protein that shares the promoter's voxel, 1/min: k1 / (N_A · volume of the voxel).
    ///
    /// The voxel is the promoter's reaction volume, so a finer grid binds faster inside a smaller volume; see the
    /// crate's README for what that does to the result.
    pub fn binding_per_protein(&self) -> f64 {
        self.k1 * CUBIC_MICROMETRES_PER_LITRE / AVOGADRO / self.voxel.powi(3)
    }

    /// Jumps of one molecule to one neighbouring voxel, 1/min.
    pub fn hop(&self) -> f64 {
        self.diffusion / (self.voxel * self.voxel)
    }
}

fn check(name: &'static str, value: f64, holds: bool, expected: &'static str) -> Result<(), Error> {
    if holds && value.is_finite() { Ok(()) } else { Err(Error::Parameter { name, value, expected }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_values_are_accepted_and_give_the_published_rates() {
        let published = Parameters { voxel: 1.0, ..Parameters::default() };
        published.validate().unwrap();
        // 10⁹ l/(mol min) is 1.66 µm³/min per molecule.
        assert!((published.binding_per_protein() - 1.660_539).abs() < 1e-6);
        assert!((published.hop() - 0.6).abs() < 1e-12);
    }

    #[test]
    fn values_without_meaning_are_refused_by_name() {
        let base = Parameters::default();
        let cases = [
            ("k1", Parameters { k1: f64::NAN, ..base.clone() }),
            ("k2", Parameters { k2: -1.0, ..base.clone() }),
            ("diffusion", Parameters { diffusion: 1e300, ..base.clone() }),
            ("mu-p", Parameters { mu_p: f64::INFINITY, ..base.clone() }),
            ("gamma", Parameters { gamma: 0.5, ..base.clone() }),
            ("voxel", Parameters { voxel: 0.0, ..base.clone() }),
            ("voxel", Parameters { voxel: 5.0, ..base.clone() }),
            ("voxel", Parameters { voxel: 0.01, ..base.clone() }),
            ("nucleus-radius", Parameters { nucleus_radius: 8.0, ..base.clone() }),
            ("promoter-radius", Parameters { promoter_radius: 3.0, ..base.clone() }),
            ("warmup", Parameters { warmup: 1e5, ..base.clone() }),
            ("sample", Parameters { sample: 1e-9, ..base.clone() }),
        ];
        for (expected, parameters) in cases {
            match parameters.validate() {
                Err(Error::Parameter { name, .. }) => assert_eq!(name, expected),
                other => panic!("{expected}: {other:?}"),
            }
        }
    }
}
