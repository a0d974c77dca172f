//! The result table as people see it: one row for each run that has ended, one column for each parameter and output.
//!
//! [`ResultTable::load`] reads a study's batches from the store, computes the parameters from the space, selects rows
//! and columns, and makes a [`Summary`] of them if one is asked for. A [`Format`] writes a table to a file or a pipe.
//! A [`Frame`] is the same in memory, for a server that is asked often.
//! [`read_points`] goes the other way: the points of a study from a Parquet file.

mod builder;
mod coding;
mod column;
mod error;
mod few;
mod file;
mod format;
mod frame;
mod groups;
mod lattice;
mod levels;
mod load;
mod moments;
mod names;
mod order;
mod picture;
mod pieces;
mod points;
mod select;
mod spread;
mod statistic;
mod summary;

#[cfg(test)]
mod tests;

pub use column::{Column, Data, ResultTable, Role, Texts};
pub use error::TableError;
pub use file::replace_file;
pub use format::{FORMATS, Format, format, format_of};
pub use frame::{Frame, Growing, Which};
pub use groups::{Groups, NOWHERE, Parts};
pub use lattice::Grid;
pub use levels::Levels;
pub use load::Options;
pub use moments::Moments;
pub use picture::{logarithmic, picture_data, replicates, timing};
pub use points::read_points;
pub use spread::Spread;
pub use statistic::{STATISTICS, Statistic, statistic};
pub use summary::{Asked, Summary};
