//! Blocks ready for use: products of factors, and blocks one after the other.

use std::fmt;
use std::sync::Arc;

use paramo_model::{Expression, Value};

use crate::axis::Axis;
use crate::distribution::Inverse;
use crate::sampler::Sampler;
use crate::table::Table;

/// An ordered product of factors; the first varies slowest.
#[derive(Clone, Debug)]
pub(crate) struct Product {
    pub len: u64,
    pub factors: Vec<Factor>,
    pub condition: Option<Condition>,
}

#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub source: String,
    pub expression: Expression,
}

/// One dimension of a product.
#[derive(Clone, Debug)]
pub(crate) struct Factor {
    pub len: u64,
    pub values: Values,
    /// How `paramo space show` and plots describe it.
    pub words: String,
    /// The parameters by their places in a point, each with its own description.
    pub parameters: Vec<(usize, String)>,
    pub refinement: Refinement,
}

/// How a dimension is walked from coarse to fine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refinement {
    /// The ends first, then what halves the distances.
    Spread,
    /// The first few, then twice as many: the points of a design are spread in their own order.
    Prefix,
    /// All at once: there is nothing between two words.
    Whole,
    /// All at once, but one after the other over everything else: replicates.
    Repeat,
}

#[derive(Clone)]
pub(crate) enum Values {
    Axis(usize, Axis),
    Zip(Vec<(usize, Axis)>),
    Sample(Sampled),
    Table(Table),
    Blocks(Blocks),
}

/// A design, and what its dimensions stand for.
#[derive(Clone)]
pub(crate) struct Sampled {
    pub method: &'static str,
    pub sampler: Arc<dyn Sampler>,
    /// The places of the parameters in a point.
    pub dimensions: Arc<[(usize, Inverse)]>,
}

/// Products one after the other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Blocks {
    /// The index of the first point of each, ascending.
    pub starts: Vec<u64>,
    pub products: Vec<Product>,
}

impl Product {
    /// Writes the values of a point into their places. `index` counts in this product, `point` in the whole space.
    pub fn fill(&self, index: u64, point: u64, out: &mut [Value]) {
        let mut rest = index;
        for factor in self.factors.iter().rev() {
            let place = rest % factor.len;
            rest /= factor.len;
            factor.fill(place, point, out);
        }
    }

    /// Whether the conditions of the product and of the blocks inside it hold for its point with an index and these values.
    pub fn included(&self, index: u64, values: &[Value]) -> Result<bool, String> {
        if let Some(condition) = &self.condition
            && !condition.expression.test(values)?
        {
            return Ok(false);
        }
        let mut rest = index;
        for factor in self.factors.iter().rev() {
            if let Values::Blocks(blocks) = &factor.values {
                let (product, index) = blocks.find(rest % factor.len);
                if !product.included(index, values)? {
                    return Ok(false);
                }
            }
            rest /= factor.len;
        }
        Ok(true)
    }

    /// Whether any point is subject to a condition.
    pub fn has_conditions(&self) -> bool {
        let inside = |factor: &Factor| match &factor.values {
            Values::Blocks(blocks) => blocks.products.iter().any(Product::has_conditions),
            _ => false,
        };
        self.condition.is_some() || self.factors.iter().any(inside)
    }
}

impl Factor {
    fn fill(&self, index: u64, point: u64, out: &mut [Value]) {
        match &self.values {
            Values::Axis(slot, axis) => out[*slot] = axis.value(index, point),
            Values::Zip(axes) => {
                for (slot, axis) in axes {
                    out[*slot] = axis.value(index, point);
                }
            }
            Values::Sample(sampled) => sampled.fill(index, out),
            Values::Table(table) => table.fill(index, out),
            Values::Blocks(blocks) => {
                let (product, index) = blocks.find(index);
                product.fill(index, point, out);
            }
        }
    }
}

impl Sampled {
    fn fill(&self, index: u64, out: &mut [Value]) {
        // A point is made millions of times; few designs have more dimensions than this.
        let mut few = [0.0; 32];
        let mut many = Vec::new();
        let coordinates = match few.get_mut(..self.dimensions.len()) {
            Some(few) => few,
            None => {
                many.resize(self.dimensions.len(), 0.0);
                &mut many
            }
        };
        self.sampler.fill(index, coordinates);
        for ((slot, inverse), coordinate) in self.dimensions.iter().zip(coordinates) {
            out[*slot] = inverse.value(*coordinate);
        }
    }
}

impl Blocks {
    /// The product that an index below the length falls in, and the index there.
    pub fn find(&self, index: u64) -> (&Product, u64) {
        let place = self.starts.partition_point(|start| *start <= index) - 1;
        (&self.products[place], index - self.starts[place])
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Values::Axis(slot, axis) => f.debug_tuple("Axis").field(slot).field(axis).finish(),
            Values::Zip(axes) => f.debug_tuple("Zip").field(axes).finish(),
            Values::Sample(sampled) => f.debug_tuple("Sample").field(&sampled.dimensions).finish(),
            Values::Table(table) => f.debug_tuple("Table").field(table).finish(),
            Values::Blocks(blocks) => f.debug_tuple("Blocks").field(blocks).finish(),
        }
    }
}
