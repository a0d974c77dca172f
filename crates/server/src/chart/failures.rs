//! Failures by cause, with some runs to look at.

use paramo_table::{Role, Which};
use serde::Serialize;
use utoipa::ToSchema;

use super::Source;
use crate::problem::Result;

/// Runs named for each cause.
const EXAMPLES: usize = 10;

#[derive(Debug, Serialize, ToSchema)]
pub struct Failures {
    pub kind: &'static str,
    /// The commonest first.
    pub causes: Vec<Failed>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Failed {
    pub cause: String,
    pub count: usize,
    /// What the first of the examples says.
    pub message: Option<String>,
    /// Indices of runs.
    pub examples: Vec<u64>,
}

/// Without the messages, which the results in memory do not have.
pub fn of(source: &Source) -> Result<Failures> {
    let condition = source.asked.condition.clone();
    let which = Which { succeeded: Some(false), cause: None, condition };
    let rows = source.frame.rows(&which)?;
    let Some(cause) = source.frame.of_role(Role::Cause) else {
        return Ok(Failures { kind: "failures", causes: Vec::new() });
    };
    let groups = source.frame.groups(&rows, std::slice::from_ref(&cause.name))?;
    let mut causes: Vec<Failed> = groups
        .each()
        .filter(|rows| !rows.is_empty())
        .map(|rows| Failed {
            cause: cause.value(rows[0]).to_string(),
            count: rows.len(),
            message: None,
            examples: rows.iter().take(EXAMPLES).map(|row| source.index(*row)).collect(),
        })
        .collect();
    causes.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.cause.cmp(&b.cause)));
    Ok(Failures { kind: "failures", causes })
}
