//! Morris trajectories: walks through a grid that change one parameter at a time, for elementary effects.
//!
//! M. D. Morris, "Factorial sampling plans for preliminary computational experiments" (1991). A trajectory begins at a random
//! point of a grid of `levels`, and each of its k steps moves one parameter by Δ = levels / (2 (levels − 1)) of its range, each
//! parameter once, up or down. A point is a function of (seed, trajectory, step), so nothing is kept. With
//! `optimised`, those trajectories are taken from a larger number that are furthest apart: see `spread`.

mod spread;

use super::{Design, Method, Refusal};
use crate::options::OptionHelp;
use crate::permutation::Permutation;
use crate::philox::{self, Domain};
use crate::sampler::{Access, Property, Reach, Sampler};

pub struct Morris;

/// Permutations of trajectories are numbered with 32 bits.
const MOST_TRAJECTORIES: u64 = 1 << 31;
const MOST_DIMENSIONS: usize = 1_000_000;

/// All trajectories of a seed.
#[derive(Clone, Debug)]
struct Walks {
    seed: u64,
    dimensions: usize,
    /// Even, so that steps up and down are alike.
    levels: u64,
}

struct Points {
    walks: Walks,
    trajectories: u64,
    /// The numbers of the trajectories that were chosen; of the first ones otherwise.
    chosen: Option<Vec<u64>>,
}

impl Method for Morris {
    fn name(&self) -> &'static str {
        "morris"
    }

    fn help(&self) -> &'static str {
        "trajectories that change one parameter at a time, for finding the few that matter among many"
    }

    fn options(&self) -> &'static [OptionHelp] {
        &[
            OptionHelp {
                name: "trajectories",
                help: "how many; each has one point more than there are parameters",
                values: "an integer",
                default: "10, or by the count",
            },
            OptionHelp {
                name: "levels",
                help: "levels of the grid",
                values: "an even integer",
                default: "4",
            },
            OptionHelp {
                name: "optimised",
                help: "take those trajectories of a larger number that are furthest apart (Campolongo et al. 2007)",
                values: "true or false",
                default: "false",
            },
            OptionHelp {
                name: "candidates",
                help: "the larger number, with optimised",
                values: "an integer",
                default: "ten times the trajectories, less for many parameters",
            },
        ]
    }

    fn build(&self, design: &Design) -> Result<Box<dyn Sampler>, Refusal> {
        let options = design.options;
        design.at_most(MOST_DIMENSIONS)?;
        let levels = options.integer("levels", 2..=1_000_000)?.unwrap_or(4) as u64;
        if levels % 2 == 1 {
            let message = format!("expected an even number of levels, found {levels}");
            return Err(Refusal::new("levels", message).help(format!("take {}", levels + 1)));
        }
        let each = design.dimensions as u64 + 1;
        let most = MOST_TRAJECTORIES as i64;
        let trajectories = match (options.integer("trajectories", 1..=most)?, design.count) {
            (Some(trajectories), _) => trajectories as u64,
            (None, None) => 10,
            (None, Some(count)) if count.is_multiple_of(each) && count / each <= MOST_TRAJECTORIES => {
                count / each
            }
            (None, Some(count)) => {
                let message = format!(
                    "a trajectory of {} parameters has {each} points, and {count} is no multiple of that (up to 2^31 trajectories)",
                    design.dimensions
                );
                return Err(Refusal::new("count", message).help("give `trajectories` in its place"));
            }
        };
        design.has(trajectories * each)?;
        let walks = Walks { seed: design.seed, dimensions: design.dimensions, levels };
        let candidates = options.integer("candidates", 1..=most)?.map(|n| n as u64);
        let chosen = match (options.boolean("optimised")?.unwrap_or(false), candidates) {
            (true, candidates) => Some(spread::choose(&walks, trajectories, candidates)?),
            (false, None) => None,
            (false, Some(_)) => {
                let message = "there is nothing to choose from candidates";
                return Err(Refusal::new("candidates", message).help("add optimised = true, or leave it out"));
            }
        };
        Ok(Box::new(Points { walks, trajectories, chosen }))
    }
}

impl Walks {
    /// Levels that a step goes: Δ in levels.
    fn stride(&self) -> u64 {
        self.levels / 2
    }

    /// When each parameter moves: at the step of this number, from 0.
    fn turns(&self, trajectory: u64) -> Permutation {
        Permutation::new(self.dimensions as u64, self.seed, Domain::Walk, trajectory as u32)
    }

    /// The place of a parameter after `steps` steps, in levels.
    fn level(&self, trajectory: u64, turns: &Permutation, steps: u64, dimension: usize) -> u64 {
        let random = philox::bits(self.seed, Domain::Trajectory, dimension as u32, trajectory);
        // The lower end of the move is one of the levels that leave room for it. A level in 2^31 and a direction are drawn
        // from different bits.
        let lower = ((random >> 33) * (self.levels - self.stride())) >> 31;
        let down = random & 1 == 1;
        let moved = turns.apply(dimension as u64) < steps;
        if moved != down { lower + self.stride() } else { lower }
    }

    fn coordinate(&self, level: u64) -> f64 {
        level as f64 / (self.levels - 1) as f64
    }

    /// All points of a trajectory, row by row.
    fn points(&self, trajectory: u64) -> Vec<f64> {
        let turns = self.turns(trajectory);
        let steps = 0..=self.dimensions as u64;
        steps
            .flat_map(|steps| (0..self.dimensions).map(move |dimension| (steps, dimension)))
            .map(|(steps, dimension)| self.coordinate(self.level(trajectory, &turns, steps, dimension)))
            .collect()
    }
}

impl Points {
    /// The number of a point's trajectory among all, and the steps before the point.
    fn place(&self, index: u64) -> (u64, u64) {
        let each = self.walks.dimensions as u64 + 1;
        let trajectory = index / each;
        let number = self.chosen.as_ref().map_or(trajectory, |chosen| chosen[trajectory as usize]);
        (number, index % each)
    }
}

impl Sampler for Points {
    fn points(&self) -> u64 {
        self.trajectories * (self.walks.dimensions as u64 + 1)
    }

    fn coordinate(&self, index: u64, dimension: usize) -> f64 {
        let (trajectory, steps) = self.place(index);
        let turns = self.walks.turns(trajectory);
        self.walks.coordinate(self.walks.level(trajectory, &turns, steps, dimension))
    }

    fn fill(&self, index: u64, out: &mut [f64]) {
        let (trajectory, steps) = self.place(index);
        let turns = self.walks.turns(trajectory);
        for (dimension, out) in out.iter_mut().enumerate() {
            *out = self.walks.coordinate(self.walks.level(trajectory, &turns, steps, dimension));
        }
    }

    fn reach(&self) -> Reach {
        Reach::WithEnds
    }

    fn properties(&self) -> Vec<Property> {
        let Walks { dimensions, levels, .. } = self.walks;
        let mut properties = vec![
            Property::text("trajectories", format!("{} of {} points", self.trajectories, dimensions + 1)),
            Property::text("step", format!("{}/{} of each range", self.walks.stride(), levels - 1)),
        ];
        if let Some(chosen) = &self.chosen {
            properties.push(Property::number("spread of trajectories", spread::spread(&self.walks, chosen)));
        }
        properties
    }

    fn access(&self) -> Access {
        match self.chosen {
            None => Access::Constant,
            Some(_) => Access::Kept(
                "which trajectories are furthest apart is searched for; their numbers are kept, not their points",
            ),
        }
    }
}

#[cfg(test)]
mod tests;
