//! A range that is continued in a straight line, for designs with points beyond its ends.

use paramo_model::Value;

/// The value at 0 is `from`, at 1 `to`; with `log` its logarithm lies on the line.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub from: f64,
    pub to: f64,
    pub log: bool,
    pub integer: bool,
    /// The least and the greatest value that come.
    pub ends: (f64, f64),
}

impl Line {
    pub fn at(&self, coordinate: f64) -> f64 {
        if self.log {
            super::exponential((libm::log(self.from), libm::log(self.to)), coordinate)
        } else {
            self.from * (1.0 - coordinate) + self.to * coordinate
        }
    }

    pub fn value(&self, coordinate: f64) -> Value {
        let x = self.at(coordinate).clamp(self.ends.0, self.ends.1);
        if self.integer { Value::Integer(x.round() as i64) } else { Value::Float(x) }
    }
}
