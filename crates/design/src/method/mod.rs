//! Designs of experiments: a unit struct each, in a file (or a folder) each, and one line in [`METHODS`].

mod box_behnken;
mod central_composite;
mod d_optimal;
mod efast;
mod fractional_factorial;
mod full_factorial;
mod halton;
mod latin_hypercube;
mod morris;
mod plackett_burman;
mod r_sequence;
mod random;
mod saltelli;
mod sobol;

use paramo_model::nearest;

use crate::MAX_POINTS;
use crate::options::{OptionHelp, Options};
use crate::sampler::Sampler;

/// What a design is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Design<'a> {
    /// Points; `None` if the design is to fix their number itself.
    pub count: Option<u64>,
    /// The index in the sequence of the first point; 0 for a method that does not [continue](Method::continues).
    pub start: u64,
    pub seed: u64,
    /// At least 1.
    pub dimensions: usize,
    /// Only names that the method knows.
    pub options: &'a Options,
}

impl Design<'_> {
    /// The number of points, for a design that needs to be given one.
    ///
    /// # Errors
    ///
    /// None is given.
    pub fn counted(&self) -> Result<u64, Refusal> {
        let missing = || {
            Refusal::new("count", "`count` is missing: how many points").help("add it, as in `count = 100`")
        };
        self.count.ok_or_else(missing)
    }

    /// For a design that fixes its own number of points.
    ///
    /// # Errors
    ///
    /// Another number is asked for.
    pub fn has(&self, points: u64) -> Result<(), Refusal> {
        match self.count {
            Some(count) if count != points => {
                let message = format!("this design has {points} points, and {count} are asked for");
                Err(Refusal::new("count", message).help(format!("leave `count` out, or write {points}")))
            }
            _ => Ok(()),
        }
    }

    /// Refuses more dimensions than a method has.
    ///
    /// # Errors
    ///
    /// With the number there may be.
    pub fn at_most(&self, dimensions: usize) -> Result<(), Refusal> {
        if self.dimensions <= dimensions {
            return Ok(());
        }
        let message = format!("has at most {dimensions} dimensions, found {}", self.dimensions);
        Err(Refusal::new("", message).help("`random` has no limit"))
    }

    /// The end of a sequence's points, which has at most so many.
    ///
    /// # Errors
    ///
    /// The points would go beyond.
    pub fn end(&self, most: u64, words: &str) -> Result<u64, Refusal> {
        let count = self.counted()?;
        match self.start.checked_add(count).filter(|end| *end <= most) {
            Some(end) => Ok(end),
            None if self.start == 0 => {
                Err(Refusal::new("count", format!("has at most {words} points, found {count}")))
            }
            None => {
                let message = format!(
                    "has at most {words} points, and {count} from point {} on go beyond them",
                    self.start
                );
                Err(Refusal::new("count", message))
            }
        }
    }
}

/// Why a design is not possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The field of the sample that is wrong: `count`, `seed`, `start`, an option; empty for the sample as a whole.
    pub field: String,
    /// What is not possible; it fits "{method}: {message}".
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl Refusal {
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Refusal {
        Refusal { field: field.into(), message: message.into(), help: None }
    }

    pub fn help(mut self, help: impl Into<String>) -> Refusal {
        self.help = Some(help.into());
        self
    }
}

/// A kind of design.
pub trait Method: Send + Sync {
    /// As study files name it.
    fn name(&self) -> &'static str;

    /// One sentence on what it is good for, for people who choose.
    fn help(&self) -> &'static str;

    /// The options it knows, beside count and seed.
    fn options(&self) -> &'static [OptionHelp] {
        &[]
    }

    /// Whether a longer design begins with the points of a shorter, so that `start` goes on where one ended.
    fn continues(&self) -> bool {
        false
    }

    /// Prepares a design. It is done several times for a study, so what it costs is bounded: some tenths of a second at the most,
    /// and memory for what is kept.
    ///
    /// # Errors
    ///
    /// What is not possible, and what to do.
    fn build(&self, design: &Design) -> Result<Box<dyn Sampler>, Refusal>;
}

/// Every design there is.
pub static METHODS: &[&dyn Method] = &[
    &box_behnken::BoxBehnken,
    &central_composite::CentralComposite,
    &d_optimal::DOptimal,
    &efast::Efast,
    &fractional_factorial::FractionalFactorial,
    &full_factorial::FullFactorial,
    &halton::Halton,
    &latin_hypercube::LatinHypercube,
    &morris::Morris,
    &plackett_burman::PlackettBurman,
    &r_sequence::RSequence,
    &random::Random,
    &saltelli::Saltelli,
    &sobol::Sobol,
];

/// The design of a name; the error says what to do.
pub(crate) fn find(name: &str) -> Result<&'static dyn Method, (String, String)> {
    METHODS.iter().find(|method| method.name() == name).copied().ok_or_else(|| {
        let help = match nearest(name, METHODS.iter().map(|method| method.name())) {
            Some(name) => format!("did you mean `{name}`?"),
            None => "`paramo space methods` lists them".to_owned(),
        };
        (format!("there is no design `{name}`"), help)
    })
}

/// Checks what holds for every design, and prepares it.
///
/// # Errors
///
/// What is not possible, and what to do.
pub(crate) fn build(method: &dyn Method, design: &Design) -> Result<Box<dyn Sampler>, Refusal> {
    if let Some(count) = design.count.filter(|count| *count == 0 || *count > MAX_POINTS) {
        return Err(Refusal::new("count", format!("expected 1 to 2^63 - 1 points, found {count}")));
    }
    if let Some(refusal) = design.options.unknown(method.options()) {
        return Err(refusal);
    }
    if design.start > 0 && !method.continues() {
        let names: Vec<String> =
            METHODS.iter().filter(|m| m.continues()).map(|m| format!("`{}`", m.name())).collect();
        let message = "its points depend on their number, so it cannot go on from another point";
        return Err(
            Refusal::new("start", message).help(format!("leave `start` out, or take {}", names.join(", ")))
        );
    }
    method.build(design)
}

#[cfg(test)]
mod tests;
