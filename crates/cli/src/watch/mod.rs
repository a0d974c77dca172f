//! The terminal view of a study: `paramo watch`, and `--watch` of the commands that work on one.
//!
//! The view only looks on. What runs now comes from the process that works on the study, several times a second; all else comes from the
//! store; wishes go to the store. So it is the same view whichever process works on the study, and it stays when that process dies.

mod draw;
mod lines;
mod look;
mod number;
mod palette;
mod picture;
mod plot;
mod seat;
mod source;
mod stored;
mod terminal;
mod view;

#[cfg(test)]
mod tests;

pub use lines::lines;
pub use look::{Watcher, look, pace};
pub use seat::Seat;
pub use source::Source;
pub use terminal::can_show;
