//! What can go wrong in a run; each message fits "error: {message}".

use std::fmt;

/// Why a run could not be made.
#[derive(Debug, Clone, PartialEq)]
pub enum Error {
    /// A parameter lies outside what the model means; `name` is the command line option without its dashes.
    Parameter { name: &'static str, value: f64, expected: &'static str },
    /// The molecules outgrew memory: synthesis is too fast for the degradation.
    TooManyMolecules { limit: usize, time: f64 },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Parameter { name, value, expected } => {
                write!(f, "invalid value {value} for '--{name}': expected {expected}")
            }
            Error::TooManyMolecules { limit, time } => write!(
                f,
                "more than {limit} molecules at {time:.1} min; raise --mu-m or --mu-p, or lower --alpha-m or --alpha-p"
            ),
        }
    }
}

impl std::error::Error for Error {}
