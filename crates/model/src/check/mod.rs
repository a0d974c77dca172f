//! Whether a study fits together, wherever it came from: a file, a command line, a program.
//!
//! The checks know no text. They name fields by their path, and whoever read the study places them. What the application
//! does not declare is completed here: parameters that only the space gives get their type from the values, and values are
//! brought to the types of their parameters.

mod application;
mod axes;
mod cells;
mod cover;
mod infer;
#[cfg(test)]
mod tests;
mod usage;
mod values;
mod walk;

use std::collections::HashSet;
use std::ops::Range;

use crate::{Application, Diagnostic, FieldPath, Parameter, SpaceSpec, Study};

/// The words of a block that cannot be names of parameters.
pub const RESERVED: [&str; 5] = ["sample", "zip", "points", "where", "block"];

/// The most findings that are looked for; more would hide each other.
pub(crate) const MOST: usize = 100;

/// Checks and completes a study that was put together by a program.
///
/// # Errors
///
/// Everything that does not fit, by field path (`space.0.k1.step`); the study is then in no particular state.
pub fn complete(study: &mut Study) -> Result<(), Vec<Diagnostic>> {
    let found = self::study(study, &Broken::default());
    if found.is_empty() { Ok(()) } else { Err(found.into_iter().map(|finding| finding.diagnostic).collect()) }
}

/// Something that does not fit, with what is wrong inside the field's text.
pub(crate) struct Finding {
    pub(crate) diagnostic: Diagnostic,
    pub(crate) within: Option<Within>,
}

impl From<Diagnostic> for Finding {
    fn from(diagnostic: Diagnostic) -> Finding {
        Finding { diagnostic, within: None }
    }
}

impl Finding {
    /// What is wrong is the name, not the value.
    fn at_key(diagnostic: Diagnostic) -> Finding {
        Finding { diagnostic, within: Some(Within::Key) }
    }
}

/// A part of a field.
pub(crate) enum Within {
    Key,
    /// These bytes of the value, which is known to be this text.
    Bytes {
        of: String,
        at: Range<usize>,
    },
    /// This text, wherever it stands in the value.
    Needle(String),
}

/// What could not be read and has been reported. Nothing is said about it again, nor about what would follow from it.
#[derive(Default)]
pub(crate) struct Broken {
    /// What the program uses is not known.
    pub(crate) program: bool,
    /// What the space gives is not known.
    pub(crate) space: bool,
    /// There is no space yet: values come with a study.
    pub(crate) later: bool,
    /// Parameters whose declaration or axis could not be read.
    pub(crate) names: HashSet<String>,
}

/// Checks and completes a study.
pub(crate) fn study(study: &mut Study, broken: &Broken) -> Vec<Finding> {
    let mut found = Vec::new();
    application::check(&mut study.application, &mut found);
    cells::read(&study.application.parameters, &mut study.space);
    axes::check(&study.space, &mut found);
    let used = usage::Used::by(&study.application, broken);
    usage::check(&study.application, &study.space, &used, broken, &mut found);
    let Application { parameters, .. } = &mut study.application;
    infer::infer(parameters, &study.space, broken);
    application::clashes(&study.application, &mut found);
    fit(&study.application.parameters, &mut study.space, true, broken, &mut found);
    found
}

/// Checks a space for an application with these parameters, and brings its values to their types.
pub(crate) fn space(parameters: &[Parameter], space: &mut SpaceSpec, broken: &Broken) -> Vec<Finding> {
    let mut found = Vec::new();
    cells::read(parameters, space);
    axes::check(space, &mut found);
    usage::check_known(parameters, space, broken, &mut found);
    fit(parameters, space, false, broken, &mut found);
    found
}

fn fit(
    parameters: &[Parameter],
    space: &mut SpaceSpec,
    whole: bool,
    broken: &Broken,
    found: &mut Vec<Finding>,
) {
    values::accept(parameters, space, broken, found);
    cover::check(parameters, space, whole, broken, found);
    usage::check_conditions(parameters, space, broken, found);
}

fn top() -> FieldPath {
    FieldPath::new(["space"])
}
