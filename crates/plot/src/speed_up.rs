//! How many times as fast the same work was on more slots.

use crate::facts::Facts;
use crate::kind::{Columns, Drawing, Kind};
use crate::request::Request;
use crate::scaling::{self, What};

/// See the module.
pub struct SpeedUp;

impl Kind for SpeedUp {
    fn name(&self) -> &'static str {
        "speed-up"
    }

    fn help(&self) -> &'static str {
        "several studies: how many times as fast they were on more slots, beside the ideal"
    }

    fn compares(&self) -> bool {
        true
    }

    fn fits(&self, facts: &Facts, asked: Columns) -> u32 {
        // Several studies were named, and no other kind shows them.
        if facts.data.timings.len() > 1 && asked == Columns::default() { 100 } else { 0 }
    }

    fn columns(&self, facts: &Facts, asked: Columns) -> Result<Columns, String> {
        scaling::columns("a speed-up", facts, asked)
    }

    fn draw(&self, facts: &Facts, _: Columns, request: &Request) -> Result<Drawing, String> {
        scaling::draw(What::SpeedUp, facts, request)
    }
}
