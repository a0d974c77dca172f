//! D-optimal: the runs that estimate the coefficients of a given model best, for any number of runs.
//!
//! The determinant of the information matrix is made as large as can be by exchanges (V. V. Fedorov, "Theory of Optimal
//! Experiments", 1972; T. J. Mitchell, "An algorithm for the construction of D-optimal experimental designs", 1974), one
//! coordinate at a time (R. K. Meyer & C. J. Nachtsheim, "The coordinate-exchange algorithm for constructing exact optimal
//! experimental designs", 1995), so that no list of candidates limits the number of parameters. The search is a function of
//! the seed, with a bounded amount of work; it finds a good design, not with certainty the best.

mod exchange;
mod matrix;
mod model;

use super::{Design, Method, Refusal};
use crate::options::OptionHelp;
use crate::sampler::{Access, Property, Reach, Sampler};
use exchange::Found;
use model::{Kind, Model};

pub struct DOptimal;

const MOST_RUNS: u64 = 5_000;
const MOST_TERMS: usize = 500;

struct Points {
    model: Model,
    kind: Kind,
    found: Found,
}

impl Method for DOptimal {
    fn name(&self) -> &'static str {
        "d-optimal"
    }

    fn help(&self) -> &'static str {
        "the best runs for a given model and number of runs, where no classical design fits"
    }

    fn options(&self) -> &'static [OptionHelp] {
        &[
            OptionHelp {
                name: "model",
                help: "what is to be fitted: main effects, with products of two, with squares too",
                values: "\"linear\", \"interactions\" or \"quadratic\"",
                default: "linear",
            },
            OptionHelp {
                name: "levels",
                help: "levels of every parameter, equally far apart",
                values: "an integer from 2 to 101",
                default: "2; 3 for a quadratic model",
            },
        ]
    }

    fn build(&self, design: &Design) -> Result<Box<dyn Sampler>, Refusal> {
        let kinds =
            [("linear", Kind::Linear), ("interactions", Kind::Interactions), ("quadratic", Kind::Quadratic)];
        let kind = design.options.word("model", &kinds)?.unwrap_or(Kind::Linear);
        let model = Model::new(kind, design.dimensions, MOST_TERMS).ok_or_else(|| {
            let message =
                format!("the model has more than {MOST_TERMS} terms for {} parameters", design.dimensions);
            Refusal::new("model", message).help("take a simpler one, or fewer parameters")
        })?;
        let terms = model.terms();
        let levels = design.options.integer("levels", 2..=101)?.unwrap_or(kind.least_levels()) as u64;
        if (levels as i64) < kind.least_levels() {
            let message = format!("a quadratic model needs at least 3 levels, found {levels}");
            return Err(Refusal::new("levels", message));
        }
        let runs = design.count.ok_or_else(|| {
            let message = format!("`count` is missing: how many runs; the model has {terms} terms");
            Refusal::new("count", message).help(format!("add it, as in `count = {}`", terms + terms / 4 + 1))
        })?;
        if !(terms as u64..=MOST_RUNS).contains(&runs) {
            let message = format!("a model of {terms} terms takes {terms} to {MOST_RUNS} runs, found {runs}");
            return Err(Refusal::new("count", message));
        }
        let found = exchange::search(&model, runs as usize, levels, design.seed).ok_or_else(|| {
            let message =
                format!("the search over {runs} runs of {terms} terms takes too long or finds nothing");
            Refusal::new("count", message).help("take fewer runs or a simpler model")
        })?;
        Ok(Box::new(Points { model, kind, found }))
    }
}

impl Sampler for Points {
    fn points(&self) -> u64 {
        self.found.rows.len() as u64
    }

    fn coordinate(&self, index: u64, dimension: usize) -> f64 {
        (self.found.rows[index as usize][dimension] + 1.0) / 2.0
    }

    fn reach(&self) -> Reach {
        Reach::WithEnds
    }

    fn properties(&self) -> Vec<Property> {
        let (runs, terms) = (self.found.rows.len() as f64, self.model.terms() as f64);
        let mut properties = vec![
            Property::text("model", format!("{}, {} terms", self.kind.word(), self.model.terms())),
            Property::number(
                "D-efficiency in %",
                100.0 * libm::exp(self.found.log_determinant / terms) / runs,
            ),
        ];
        if let Some(variance) = self.found.greatest_variance(&self.model) {
            properties.push(Property::number("G-efficiency in %", 100.0 * terms / (runs * variance)));
        }
        properties
    }

    fn access(&self) -> Access {
        Access::Kept("all runs are searched for together")
    }
}

#[cfg(test)]
mod tests;
