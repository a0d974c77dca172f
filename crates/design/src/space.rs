//! The space: points by index.

use std::sync::Arc;

use paramo_model::{Diagnostic, FieldPath, Parameter, SpaceSpec, Value};

use crate::compile::Compiler;
use crate::info::{self, BlockInfo};
use crate::measure::{self, DesignInfo};
use crate::product::{Blocks, Product};

/// An ordered set of points, addressed by index. Cheap to clone; nothing in it grows with the number of points.
#[derive(Clone, Debug)]
pub struct Space {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    blocks: Blocks,
    len: u64,
    /// One for each parameter.
    defaults: Vec<Value>,
}

impl Space {
    /// Checks a space for an application with these parameters. Fields are named as in a study file, from `space` on, with
    /// the number of the block: `space.0.k1.step`.
    pub fn new(spec: &SpaceSpec, parameters: &[Parameter]) -> Result<Space, Vec<Diagnostic>> {
        let mut compiler = Compiler::new(parameters);
        let blocks = compiler.space(&spec.blocks);
        let mut wrong = compiler.wrong;
        let defaults = parameters
            .iter()
            .map(|parameter| {
                let Some(default) = &parameter.default else { return Value::Missing };
                parameter.accept(default.clone()).unwrap_or_else(|message| {
                    let path = ["application", "parameters", parameter.name.as_str(), "default"];
                    wrong.push(Diagnostic::new(FieldPath::new(path), message));
                    Value::Missing
                })
            })
            .collect();
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let len = blocks.products.iter().map(|product| product.len).sum();
        Ok(Space { inner: Arc::new(Inner { blocks, len, defaults }) })
    }

    /// The number of points, those that conditions exclude among them; at most [`MAX_POINTS`](crate::MAX_POINTS).
    pub fn len(&self) -> u64 {
        self.inner.len
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values of a point in the order of the parameters, each of its parameter's type; a parameter that the block leaves
    /// out has its default. `None` beyond the end.
    pub fn point(&self, index: u64) -> Option<Vec<Value>> {
        let mut point = Vec::with_capacity(self.inner.defaults.len());
        self.point_into(index, &mut point).then_some(point)
    }

    /// As [`point`](Space::point), into a vector that is used again; `false` beyond the end.
    pub fn point_into(&self, index: u64, point: &mut Vec<Value>) -> bool {
        point.clear();
        if index >= self.len() {
            return false;
        }
        point.extend_from_slice(&self.inner.defaults);
        let (product, local) = self.inner.blocks.find(index);
        product.fill(local, index, point);
        true
    }

    /// Whether the conditions keep a point; `false` beyond the end. The error says why a condition has no answer there.
    pub fn included(&self, index: u64) -> Result<bool, String> {
        if index >= self.len() {
            return Ok(false);
        }
        let (product, local) = self.inner.blocks.find(index);
        if !product.has_conditions() {
            return Ok(true);
        }
        let mut point = Vec::new();
        self.point_into(index, &mut point);
        product.included(local, &point)
    }

    /// The space described, block by block.
    pub fn blocks(&self) -> Vec<BlockInfo> {
        info::describe(&self.inner.blocks, &self.inner.defaults)
    }

    /// The designs in it, with what they say of themselves and what can be measured on their points; that takes up to some tenths
    /// of a second for each.
    pub fn designs(&self) -> Vec<DesignInfo> {
        measure::designs(&self.inner.blocks)
    }

    /// Whether any condition may leave points out.
    pub fn has_conditions(&self) -> bool {
        self.inner.blocks.products.iter().any(Product::has_conditions)
    }

    /// The parameters, by their place in a point, that take more than one value.
    pub fn varying(&self) -> Vec<usize> {
        info::varying_in(&self.inner.blocks, &self.inner.defaults)
    }

    /// The compiled blocks, for orders.
    pub(crate) fn compiled(&self) -> &Blocks {
        &self.inner.blocks
    }
}

#[cfg(test)]
mod tests;
