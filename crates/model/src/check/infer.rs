//! The types of parameters that only the space gives.

use std::collections::{HashMap, HashSet};

use super::walk::{self, Given};
use super::{Broken, top};
use crate::{Axis, Distribution, Name, Parameter, ParameterType, Scale, SpaceSpec, Steps, Value, ValueType};

/// Adds a parameter for every name that is given and not declared, in the order of the space.
pub(super) fn infer(parameters: &mut Vec<Parameter>, space: &SpaceSpec, broken: &Broken) {
    let declared: HashSet<Name> = parameters.iter().map(|p| p.name.clone()).collect();
    let mut order = Vec::new();
    let mut found: HashMap<Name, Option<ValueType>> = HashMap::new();
    walk::all_given(&space.blocks, &top(), &mut |_, name, given| {
        if declared.contains(name) || broken.names.contains(name.as_str()) {
            return;
        }
        let kind = type_of(&given);
        match found.get_mut(name) {
            Some(known) => *known = [*known, kind].into_iter().flatten().reduce(ValueType::join),
            None => {
                order.push(name.clone());
                found.insert(name.clone(), kind);
            }
        }
    });
    parameters.extend(order.into_iter().map(|name| {
        let kind = match found.get(&name).copied().flatten() {
            Some(ValueType::Boolean) => ParameterType::Boolean,
            Some(ValueType::Integer) => ParameterType::Integer,
            Some(ValueType::Float) => ParameterType::Float,
            Some(ValueType::String) | None => ParameterType::String,
        };
        Parameter { inferred: true, ..Parameter::new(name, kind) }
    }));
}

fn type_of(given: &Given) -> Option<ValueType> {
    match given {
        Given::Axis(Axis::Values(values)) => join(values.iter()),
        Given::Axis(Axis::Range { from, to, steps, scale }) => {
            let whole = stays_integer(from, to, *steps, *scale);
            Some(if whole { ValueType::Integer } else { ValueType::Float })
        }
        Given::Axis(Axis::Replicate { .. }) => Some(ValueType::Integer),
        Given::Dimension(Distribution::Discrete { values, .. }) => join(values.iter()),
        Given::Dimension(_) => Some(ValueType::Float),
        Given::Column(table, column) => join(table.rows.iter().filter_map(|row| row.get(*column)).flatten()),
    }
}

fn join<'a>(values: impl Iterator<Item = &'a Value>) -> Option<ValueType> {
    values.filter_map(Value::value_type).reduce(ValueType::join)
}

/// Whether every value of a range is an integer.
fn stays_integer(from: &Value, to: &Value, steps: Steps, scale: Scale) -> bool {
    let (Value::Integer(from), Value::Integer(to)) = (from, to) else { return false };
    match steps {
        _ if scale == Scale::Log => from == to,
        Steps::By(step) => step.fract() == 0.0,
        Steps::Count(count) => {
            count < 2 || (i128::from(*to) - i128::from(*from)) % (i128::from(count) - 1) == 0
        }
    }
}
