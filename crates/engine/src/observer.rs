//! Who is told what happens.

use paramo_model::{Event, Moment};

/// Receives the events of a study, in order, on the engine's own task: it must not block.
pub trait Observer {
    /// Whether single runs are of interest. Without it only the events of the study as a whole are made, which matters at 50,000 runs/s.
    fn wants_runs(&self) -> bool;
    fn event(&mut self, event: Event);
    /// Whether somebody looks on who wants to know what runs now.
    fn watched(&self) -> bool {
        false
    }
    /// What goes on now, several times a second while [`Observer::watched`].
    fn moment(&mut self, _moment: Moment) {}
}
