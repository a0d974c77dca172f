//! Pictures of a result table, fit for a paper: data in, bytes of SVG, PNG or a page of HTML out.
//!
//! Nothing here reads or writes a file, asks the clock or looks at the fonts of the system, so the same table gives the same
//! bytes everywhere.
//!
//! ```
//! use paramo_plot::{Column, Data, Format, Request, Role, Values, choose};
//!
//! let column = |name: &str, role, numbers: Vec<f64>| Column {
//!     name: name.to_string(),
//!     unit: Some("s".to_string()),
//!     role,
//!     log: false,
//!     values: Values::Numbers(numbers),
//! };
//! let data = Data {
//!     columns: vec![
//!         column("delay", Role::Parameter, vec![1.0, 2.0, 3.0]),
//!         column("period", Role::Output, vec![2.1, 3.9, 6.2]),
//!     ],
//!     ..Data::default()
//! };
//! let choice = choose(&data, &Request::default())?;
//! assert_eq!(choice.to_string(), "line of `period` over `delay`");
//! let picture = choice.draw(Format::Svg)?;
//! assert!(picture.bytes.starts_with(b"<svg"));
//! # Ok::<(), String>(())
//! ```

mod axis;
mod r#box;
mod colour;
mod contour;
mod curve;
mod data;
mod efficiency;
mod facts;
mod font;
mod frame;
mod gantt;
mod heatmap;
mod histogram;
mod html;
mod isoline;
mod kind;
mod layout;
mod line;
mod numbers;
mod parallel;
mod raster;
mod request;
mod scaling;
mod scatter;
mod scatter_matrix;
mod scene;
mod schedule;
mod speed_up;
mod stats;
mod svg;
mod throughput;
mod ticks;

#[cfg(test)]
mod tests;

pub use data::{Bar, Column, Data, Role, Timing, Values};
pub use facts::Facts;
pub use kind::{Choice, Columns, Drawing, KINDS, Kind, Picture, choose, kind};
pub use request::{AxisScale, Band, Format, Request};
