//! placeholder
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rhythm { pub period: Option<f64>, pub amplitude: f64 }
pub fn rhythm(_x: &[f64], _dt: f64) -> Rhythm { Rhythm { period: None, amplitude: 0.0 } }
