//! One of some values, in proportion to their weights: for choices, texts and numbers alike.

use std::sync::Arc;

use paramo_model::Value;

#[derive(Clone, Debug)]
pub(crate) struct Discrete {
    values: Arc<[Value]>,
    /// The probability of each value and those before it; empty if all are alike.
    cumulative: Arc<[f64]>,
}

impl Discrete {
    /// At least one value; weights are as many, 0 or more, with a sum above 0, or none. Values of no weight never come.
    pub fn new(values: Vec<Value>, weights: &[f64]) -> Discrete {
        if weights.is_empty() {
            return Discrete { values: values.into(), cumulative: Arc::default() };
        }
        let total: f64 = weights.iter().sum();
        let (values, weights): (Vec<Value>, Vec<f64>) =
            values.into_iter().zip(weights).filter(|(_, weight)| **weight > 0.0).unzip();
        let mut sum = 0.0;
        let cumulative = weights.iter().map(|weight| {
            sum += weight;
            sum / total
        });
        Discrete { cumulative: cumulative.collect(), values: values.into() }
    }

    /// The first value at 0, the last at 1.
    pub fn value(&self, coordinate: f64) -> Value {
        let place = match self.cumulative.is_empty() {
            true => (coordinate * self.values.len() as f64) as usize,
            false => self.cumulative.partition_point(|below| *below <= coordinate),
        };
        self.values[place.min(self.values.len() - 1)].clone()
    }
}
