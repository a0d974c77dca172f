//! Points: which values the parameters of every run take, as a pure function of the run's index.
//!
//! A [`Space`] is made from a [`SpaceSpec`](paramo_model::SpaceSpec) once and then asked for point after point; it stores
//! no point, so a space of 10¹² points is as small as one of ten. A [`Sequence`] says in which order the indices are handed
//! out. Nothing here reads or writes anything, and nothing depends on the machine: the same space gives the same bits
//! everywhere.

mod axis;
mod compile;
mod decimal;
mod distribution;
mod fraction;
mod info;
mod measure;
mod method;
mod normal;
mod options;
mod permutation;
mod philox;
mod product;
mod range;
mod sampler;
mod sequence;
mod space;
mod table;

pub use info::{BlockInfo, FactorInfo};
pub use measure::DesignInfo;
pub use method::{Design, METHODS, Method, Refusal};
pub use options::{OptionHelp, Options};
pub use sampler::{Access, Property, PropertyValue, Reach, Sampler};
pub use sequence::Sequence;
pub use space::Space;

/// The largest space: stores and tables keep indices as signed 64-bit integers.
pub const MAX_POINTS: u64 = i64::MAX as u64;
