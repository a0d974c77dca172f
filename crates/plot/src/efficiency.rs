//! How much of each slot the same work used on more slots.

use crate::facts::Facts;
use crate::kind::{Columns, Drawing, Kind};
use crate::request::Request;
use crate::scaling::{self, What};

/// See the module.
pub struct Efficiency;

impl Kind for Efficiency {
    fn name(&self) -> &'static str {
        "efficiency"
    }

    fn help(&self) -> &'static str {
        "several studies: their speed-up divided by their slots"
    }

    fn compares(&self) -> bool {
        true
    }

    fn fits(&self, _: &Facts, _: Columns) -> u32 {
        // The speed-up is drawn where nobody asks.
        0
    }

    fn columns(&self, facts: &Facts, asked: Columns) -> Result<Columns, String> {
        scaling::columns("an efficiency", facts, asked)
    }

    fn draw(&self, facts: &Facts, _: Columns, request: &Request) -> Result<Drawing, String> {
        scaling::draw(What::Efficiency, facts, request)
    }
}
