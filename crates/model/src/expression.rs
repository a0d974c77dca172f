//! Conditions over parameters.

/// A parsed expression over named values.
#[derive(Clone, Debug)]
pub struct Expression;
