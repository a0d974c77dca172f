//! The result table as people see it: one row for each run that has ended, one column for each parameter and output.
//!
//! [`ResultTable::load`] reads a study's batches from the store, computes the parameters from the space, and selects rows
//! and columns. A [`Format`] writes a table to a file or a pipe.

mod builder;
mod column;
mod error;
mod file;
mod format;
mod load;
mod names;
mod select;

#[cfg(test)]
mod tests;

pub use column::{Column, Data, ResultTable, Role, Texts};
pub use error::TableError;
pub use file::replace_file;
pub use format::{FORMATS, Format, format, format_of};
pub use load::Options;
