//! What can go wrong with a table.

use std::io;

use paramo_model::{Diagnostic, ExpressionError};
use paramo_store::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum TableError {
    #[error(transparent)]
    Store(#[from] StoreError),

    #[error("the study's space cannot be computed: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Space(Vec<Diagnostic>),

    #[error("the condition `{condition}` cannot be used: {message}{}", .help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default())]
    Condition { condition: String, message: String, help: Option<String> },

    #[error("there is no column `{wanted}`; {}", match .nearest { Some(name) => format!("did you mean `{name}`?"), None => format!("the columns are {names}") })]
    NoColumn { wanted: String, nearest: Option<String>, names: String },

    #[error("several columns summarise `{wanted}`: {names}; name one of them")]
    SeveralSummaries { wanted: String, names: String },

    #[error("`{statistic}` needs numbers, and `{column}` holds texts; of texts there are {others}")]
    NotNumbers { statistic: &'static str, column: String, others: String },

    #[error("there is no format `{wanted}`; the formats are {names}")]
    NoFormat { wanted: String, names: String },

    /// Also a pipe that was closed: see the kind.
    #[error("the table could not be written: {0}")]
    Io(#[from] io::Error),

    #[error("the table could not be written as Parquet: {0}")]
    Parquet(String),
}

impl TableError {
    pub(crate) fn condition(condition: &str, error: ExpressionError) -> TableError {
        // In a study file the names are those of parameters.
        let message = error.message.replace("there is no parameter", "there is no column");
        TableError::Condition { condition: condition.to_owned(), message, help: error.help }
    }
}
