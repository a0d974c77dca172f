//! The spatial stochastic Hes1 gene regulatory network of Sturrock, Hellander, Matzavinos and Chaplain (2013),
//! J. R. Soc. Interface 10:20120988.
//!
//! Hes1 protein switches its own gene off; mRNA and protein need time to diffuse between the gene and the cytoplasm;
//! the two together make the protein number rise and fall about every two hours, noisily. The crate is a library so
//! that its tests can look inside; people use the `hes1` binary.
//!
//! ```
//! let parameters = hes1::Parameters { time: 4000.0, ..hes1::Parameters::default() };
//! let summary = hes1::run(&parameters, 1)?.summary;
//! assert!(0.0 < summary.occupied_fraction && summary.occupied_fraction < 1.0);
//! # Ok::<(), hes1::Error>(())
//! ```

mod cell;
mod error;
mod parameters;
mod rhythm;
mod rng;
mod series;
mod simulation;
mod summary;

pub use cell::{Cell, Region};
pub use error::Error;
pub use parameters::Parameters;
pub use rhythm::{Rhythm, Shape, rhythm};
pub use rng::Random;
pub use series::{Sample, Series};
pub use simulation::{Simulation, Tally};
pub use summary::{Outcome, Summary, run};
