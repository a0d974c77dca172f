//! Every value that a space gives, brought to the type of its parameter.
//!
//! What a range or a sample may be for its parameter is for the design to say, which makes points of it.

use std::collections::HashMap;

use super::walk::{self, GivenMut};
use super::{Broken, Finding, top};
use crate::{Axis, Diagnostic, FieldPath, Parameter, ParameterType, SpaceSpec, Value};

/// The most wrong values of one list that are reported; more would hide everything else.
const REPORTED: usize = 5;

pub(super) fn accept(
    parameters: &[Parameter],
    space: &mut SpaceSpec,
    broken: &Broken,
    found: &mut Vec<Finding>,
) {
    let parameters: HashMap<&str, &Parameter> = parameters.iter().map(|p| (p.name.as_str(), p)).collect();
    walk::all_given_mut(&mut space.blocks, &top(), &mut |path, name, given| {
        if broken.names.contains(name.as_str()) {
            return;
        }
        let Some(parameter) = parameters.get(name.as_str()) else { return };
        let mut wrong = |path: FieldPath, message: String| found.push(Diagnostic::new(path, message).into());
        match given {
            GivenMut::Axis(Axis::Values(values)) => {
                let alone = values.len() == 1;
                let mut refused = 0;
                for (number, value) in values.iter_mut().enumerate() {
                    let Err(message) = take(parameter, value) else { continue };
                    // A scalar and a list of one are the same here; the place is right for both.
                    wrong(if alone { path.clone() } else { path.join(number.to_string()) }, message);
                    refused += 1;
                    if refused == REPORTED {
                        break;
                    }
                }
            }
            GivenMut::Axis(Axis::Range { from, to, .. })
                if matches!(parameter.kind, ParameterType::Integer | ParameterType::Float) =>
            {
                for (field, end) in [("from", from), ("to", to)] {
                    if let Err(message) = take(parameter, end) {
                        wrong(path.join(field), message);
                    }
                }
            }
            GivenMut::Column(table, column) => {
                for (number, row) in table.rows.iter_mut().enumerate() {
                    for value in row.get_mut(column).into_iter().flatten() {
                        if let Err(message) = take(parameter, value) {
                            let source = &table.source;
                            wrong(
                                path.clone(),
                                format!("row {} of {source}, column `{name}`: {message}", number + 1),
                            );
                            // One row is enough: a wrong type is wrong in all of them.
                            return;
                        }
                    }
                }
            }
            GivenMut::Axis(_) | GivenMut::Dimension => {}
        }
    });
}

fn take(parameter: &Parameter, value: &mut Value) -> Result<(), String> {
    if matches!(value, Value::Missing) || matches!(value, Value::Float(x) if !x.is_finite()) {
        // Reported with the axis.
        return Ok(());
    }
    *value = parameter.accept(std::mem::replace(value, Value::Missing))?;
    Ok(())
}
