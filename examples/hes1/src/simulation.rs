//! The event loop: an exact sample path of the reaction–diffusion master equation, molecule by molecule.
//!
//! It is Gillespie's direct method (1977) with a bound that is cheap to sum. All molecules of a kind jump, translate
//! and decay at the same rates, so the total rate is a product of counts and constants, and picking an event is picking
//! a molecule; no heap or tree over voxels is needed. Where the bound exceeds the true rate (a jump through the cell's
//! surface, a translation in the nucleus) the event is drawn and does nothing, which leaves the process unchanged
//! (thinning; Lewis and Shedler, 1979). The next subvolume method (Elf and Ehrenberg, 2004) samples the same process at
//! a logarithmic cost per jump.

use crate::cell::{Cell, Region};
use crate::error::Error;
use crate::parameters::Parameters;
use crate::rng::Random;
use crate::series::{Sample, Series};

/// Molecules that a run may hold; far beyond the model, far below memory.
const MAX_MOLECULES: usize = 20_000_000;
/// Products of uniform deviates are turned into a time before they lose digits below this.
const SMALLEST_PRODUCT: f64 = 1e-250;

/// What is counted over a whole run besides the samples.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Tally {
    /// Drawn events: jumps, reactions, and draws that do nothing.
    pub events: u64,
    /// Minutes after the warm-up during which the promoter was occupied.
    pub occupied: f64,
    /// Times a protein bound to the promoter.
    pub bindings: u64,
}

/// One cell at one time.
#[derive(Debug, Clone)]
pub struct Simulation {
    cell: Cell,
    rates: Rates,
    /// The voxel of every mRNA, in no order.
    mrna: Vec<u32>,
    /// The voxel of every free protein, in no order.
    protein: Vec<u32>,
    /// Free proteins in the promoter's voxel, kept so that the binding rate is known without a search.
    near_promoter: u32,
    occupied: bool,
    time: f64,
    random: Random,
    tally: Tally,
}

/// The constants of the loop, 1/min, and some of their inverses because a product is cheaper than a quotient.
#[derive(Debug, Clone, Copy)]
struct Rates {
    six_hops: f64,
    bind: f64,
    unbind: f64,
    transcribe_free: f64,
    transcribe_occupied: f64,
    translate: f64,
    decay_mrna: f64,
    decay_protein: f64,
    /// All that one protein can do.
    protein: f64,
    /// All that one mRNA can do.
    mrna: f64,
    per_hop: f64,
    per_protein: f64,
    per_mrna: f64,
}

impl Rates {
    fn new(p: &Parameters) -> Self {
        let six_hops = 6.0 * p.hop();
        let (protein, mrna) = (six_hops + p.mu_p, six_hops + p.alpha_p + p.mu_m);
        Self {
            six_hops,
            bind: p.binding_per_protein(),
            unbind: p.k2,
            transcribe_free: p.alpha_m,
            transcribe_occupied: p.alpha_m / p.gamma,
            translate: p.alpha_p,
            decay_mrna: p.mu_m,
            decay_protein: p.mu_p,
            protein,
            mrna,
            per_hop: 1.0 / p.hop(),
            per_protein: 1.0 / protein,
            per_mrna: 1.0 / mrna,
        }
    }
}

/// The rates of all that can happen to a cell in one state, 1/min.
struct Totals {
    proteins: f64,
    mrnas: f64,
    transcription: f64,
    total: f64,
}

impl Totals {
    fn of(now: &Simulation) -> Self {
        let rates = &now.rates;
        let proteins = now.protein.len() as f64 * rates.protein;
        let mrnas = now.mrna.len() as f64 * rates.mrna;
        let (transcription, switching) = match now.occupied {
            true => (rates.transcribe_occupied, rates.unbind),
            false => (rates.transcribe_free, rates.bind * f64::from(now.near_promoter)),
        };
        Self { proteins, mrnas, transcription, total: proteins + mrnas + transcription + switching }
    }
}

impl Simulation {
    /// A cell at time 0: promoter free, proteins spread over the cytoplasm, mRNAs over the nucleus.
    ///
    /// # Errors
    /// [`Error::Parameter`] if `parameters` do not validate.
    pub fn new(parameters: &Parameters, seed: u64) -> Result<Self, Error> {
        parameters.validate()?;
        let cell = Cell::new(parameters);
        let mut random = Random::new(seed);
        let mut scatter = |count: u32, region: Region| -> Vec<u32> {
            let voxels = cell.voxels(region);
            (0..count).map(|_| voxels[random.below(voxels.len())]).collect()
        };
        let protein = scatter(parameters.protein_start, Region::Cytoplasm);
        let mrna = scatter(parameters.mrna_start, Region::Nucleus);
        Ok(Self {
            rates: Rates::new(parameters),
            cell,
            mrna,
            protein,
            near_promoter: 0,
            occupied: false,
            time: 0.0,
            random,
            tally: Tally::default(),
        })
    }

    /// Runs from 0 to `parameters.time`, sampling every `parameters.sample` minutes.
    ///
    /// # Errors
    /// [`Error::Parameter`] if `parameters` do not validate, [`Error::TooManyMolecules`] if the cell explodes.
    pub fn run(parameters: &Parameters, seed: u64) -> Result<(Series, Tally), Error> {
        let mut simulation = Self::new(parameters, seed)?;
        let rows = (parameters.time / parameters.sample).floor() as usize;
        let mut samples = Vec::with_capacity(rows + 1);
        for row in 0..=rows {
            let time = row as f64 * parameters.sample;
            simulation.advance(time, parameters.warmup)?;
            samples.push(simulation.sample());
        }
        simulation.advance(parameters.time, parameters.warmup)?;
        Ok((Series(samples), simulation.tally))
    }

    /// Lets the cell live until `until` (nothing happens if that is past); occupation is tallied from `warmup` on.
    ///
    /// The waiting time that crosses `until` is cut off there and drawn anew afterwards, which the memoryless
    /// exponential allows.
    ///
    /// # Errors
    /// [`Error::TooManyMolecules`] if the cell explodes.
    pub fn advance(&mut self, until: f64, warmup: f64) -> Result<(), Error> {
        if until <= self.time {
            return Ok(());
        }
        'living: while self.time < until {
            if self.mrna.len() + self.protein.len() > MAX_MOLECULES {
                return Err(Error::TooManyMolecules { limit: MAX_MOLECULES, time: self.time });
            }
            let rates = Totals::of(self);
            if rates.total <= 0.0 {
                self.pass(until - self.time, warmup);
                break;
            }
            // While the total stays, waiting times add up and their uniform deviates multiply, so one logarithm per
            // change of the total is enough, and reaching `until` is a comparison.
            let reaching = (-rates.total * (until - self.time)).exp();
            let mut product = 1.0;
            loop {
                product *= 1.0 - self.random.uniform();
                if product < reaching {
                    self.pass(until - self.time, warmup);
                    break 'living;
                }
                self.tally.events += 1;
                let occupied = self.occupied;
                let changed = self.event(&rates);
                if changed || product < SMALLEST_PRODUCT {
                    let wait = -product.ln() / rates.total;
                    let after = std::mem::replace(&mut self.occupied, occupied);
                    self.pass(wait, warmup);
                    self.occupied = after;
                    break;
                }
            }
        }
        // Exactly there, not a rounding beside it: the time is printed.
        self.time = until;
        Ok(())
    }

    /// Moves the clock and tallies the promoter's state, which held all the while.
    fn pass(&mut self, wait: f64, warmup: f64) {
        let from = self.time.max(warmup);
        self.time += wait;
        if self.occupied {
            self.tally.occupied += (self.time - from).max(0.0);
        }
    }

    /// Draws one event and lets it happen; true if it changed the total rate.
    #[inline]
    fn event(&mut self, now: &Totals) -> bool {
        let mut pick = self.random.uniform() * now.total;
        if pick < now.proteins {
            return self.protein_event(pick);
        }
        pick -= now.proteins;
        if pick < now.mrnas {
            return self.mrna_event(pick);
        }
        pick -= now.mrnas;
        if pick < now.transcription {
            self.mrna.push(self.cell.promoter());
        } else {
            self.switch_promoter();
        }
        true
    }

    /// A protein jumps or decays; `pick` is uniform below the proteins' total rate and chooses molecule and event.
    #[inline]
    fn protein_event(&mut self, pick: f64) -> bool {
        let rates = &self.rates;
        let which = ((pick * rates.per_protein) as usize).min(self.protein.len() - 1);
        let rest = pick - which as f64 * rates.protein;
        let from = self.protein[which];
        let gene = self.cell.promoter();
        if rest < rates.six_hops {
            let to = self.cell.neighbours(from)[face(rest, rates.per_hop)];
            self.protein[which] = to;
            let (arrives, leaves) = (u32::from(to == gene), u32::from(from == gene));
            self.near_promoter = self.near_promoter + arrives - leaves;
            // Only a free promoter minds who is near.
            arrives != leaves && !self.occupied
        } else if rates.decay_protein > 0.0 {
            self.protein.swap_remove(which);
            self.near_promoter -= u32::from(from == gene);
            true
        } else {
            false
        }
    }

    /// An mRNA jumps, decays or is translated; `pick` as above.
    #[inline]
    fn mrna_event(&mut self, pick: f64) -> bool {
        let rates = &self.rates;
        let which = ((pick * rates.per_mrna) as usize).min(self.mrna.len() - 1);
        let rest = pick - which as f64 * rates.mrna;
        let at = self.mrna[which];
        if rest < rates.six_hops {
            self.mrna[which] = self.cell.neighbours(at)[face(rest, rates.per_hop)];
            return false;
        }
        if rest < rates.six_hops + rates.translate {
            // Ribosomes work in the cytoplasm only.
            if self.cell.region(at) == Region::Nucleus {
                return false;
            }
            self.protein.push(at);
        } else if rates.decay_mrna > 0.0 {
            self.mrna.swap_remove(which);
        }
        true
    }

    /// A protein leaves the promoter, or one of those beside it binds.
    fn switch_promoter(&mut self) {
        let gene = self.cell.promoter();
        if self.occupied {
            self.occupied = false;
            self.protein.push(gene);
            self.near_promoter += 1;
        } else if let Some(which) = self.protein.iter().position(|&voxel| voxel == gene) {
            // Those in one voxel are alike, so the first found will do; the search is rare.
            self.protein.swap_remove(which);
            self.near_promoter -= 1;
            self.occupied = true;
            self.tally.bindings += 1;
        }
    }

    /// The state now.
    pub fn sample(&self) -> Sample {
        let nucleus = |voxels: &[u32]| {
            voxels.iter().filter(|&&v| self.cell.region(v) == Region::Nucleus).count() as u32
        };
        let (mrna_nucleus, protein_nucleus) = (nucleus(&self.mrna), nucleus(&self.protein));
        Sample {
            time: self.time,
            mrna_nucleus,
            mrna_cytoplasm: self.mrna.len() as u32 - mrna_nucleus,
            protein_nucleus,
            protein_cytoplasm: self.protein.len() as u32 - protein_nucleus,
            occupied: self.occupied,
        }
    }

    /// The cell's voxels.
    pub fn cell(&self) -> &Cell {
        &self.cell
    }

    /// The voxel of every free protein, in no order.
    pub fn proteins(&self) -> &[u32] {
        &self.protein
    }

    /// Free proteins beside the promoter, as the binding rate sees them.
    pub fn near_promoter(&self) -> u32 {
        self.near_promoter
    }

    /// What was counted so far.
    pub fn tally(&self) -> Tally {
        self.tally
    }
}

/// Which of the six faces a number below six times the jump rate means.
#[inline]
fn face(rest: f64, per_hop: f64) -> usize {
    ((rest * per_hop) as usize).min(5)
}
