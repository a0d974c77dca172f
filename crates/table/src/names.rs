//! What the columns of a study's table are called.
//!
//! First `index`, then the parameters and the outputs by their own names, then what Paramo knows of every run. A parameter
//! or output keeps its name whatever it is; a column of Paramo's whose name is taken gets `_` in front (`_wall`), and so does
//! an output that is named like a parameter.

use std::collections::HashSet;

use paramo_model::{Application, ValueType};

use crate::Role;

/// A column before it has cells.
#[derive(Clone, Debug, PartialEq)]
pub struct Heading {
    pub name: String,
    pub unit: Option<String>,
    pub role: Role,
    /// `None`: whatever the runs give.
    pub kind: Option<ValueType>,
}

/// Behind the outputs, in this order.
const BUILT_IN: [(&str, Option<&str>, Role, ValueType); 10] = [
    ("state", None, Role::State, ValueType::String),
    ("cause", None, Role::Cause, ValueType::String),
    ("attempts", None, Role::Attempts, ValueType::Integer),
    ("exit_code", None, Role::ExitCode, ValueType::Integer),
    ("wall", Some("s"), Role::Wall, ValueType::Float),
    ("cpu", Some("s"), Role::Cpu, ValueType::Float),
    ("peak_memory", Some("B"), Role::PeakMemory, ValueType::Integer),
    ("started", Some("s since 1970-01-01 UTC"), Role::Started, ValueType::Float),
    ("worker", None, Role::Worker, ValueType::Integer),
    ("slot", None, Role::Slot, ValueType::Integer),
];

/// The columns of an application's results.
pub fn headings(application: &Application) -> Vec<Heading> {
    let mut headings: Vec<Heading> = Vec::new();
    for (i, parameter) in application.parameters.iter().enumerate() {
        headings.push(Heading {
            name: parameter.name.as_str().to_owned(),
            unit: parameter.unit.clone(),
            role: Role::Parameter(i),
            kind: Some(parameter.kind.value_type()),
        });
    }
    let parameters = headings.len();
    for (i, output) in application.outputs.iter().enumerate() {
        headings.push(Heading {
            name: output.name.as_str().to_owned(),
            unit: output.unit.clone(),
            role: Role::Output(i),
            kind: output.kind,
        });
    }
    let mut taken: HashSet<String> = headings.iter().map(|heading| heading.name.clone()).collect();
    let free = |name: &str, taken: &mut HashSet<String>| {
        let mut name = name.to_owned();
        while !taken.insert(name.clone()) {
            name.insert(0, '_');
        }
        name
    };
    let mut seen: HashSet<String> =
        headings[..parameters].iter().map(|heading| heading.name.clone()).collect();
    for heading in &mut headings[parameters..] {
        if !seen.insert(heading.name.clone()) {
            heading.name = free(&heading.name, &mut taken);
            seen.insert(heading.name.clone());
        }
    }
    let index = free("index", &mut taken);
    headings
        .insert(0, Heading { name: index, unit: None, role: Role::Index, kind: Some(ValueType::Integer) });
    for (name, unit, role, kind) in BUILT_IN {
        let name = free(name, &mut taken);
        headings.push(Heading { name, unit: unit.map(str::to_owned), role, kind: Some(kind) });
    }
    headings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{application, output, parameter};

    #[test]
    fn names_are_kept_and_clashes_move_what_is_ours() {
        let names = |parameters: &[&str], outputs: &[&str]| {
            let mut application = application();
            application.parameters = parameters.iter().map(|name| parameter(name)).collect();
            application.outputs = outputs.iter().map(|name| output(name)).collect();
            headings(&application).into_iter().map(|heading| heading.name).collect::<Vec<_>>().join(" ")
        };
        let rest = "state cause attempts exit_code wall cpu peak_memory started worker slot";
        assert_eq!(names(&["k"], &["y"]), format!("index k y {rest}"));
        assert_eq!(
            names(&["index", "_index"], &["wall"]),
            format!("__index index _index wall {}", rest.replace("wall", "_wall"))
        );
        assert_eq!(names(&["x"], &["x", "_x"]), format!("index x __x _x {rest}"));
    }
}
