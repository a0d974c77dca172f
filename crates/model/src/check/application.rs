//! Whether an application's own parts are right: defaults, bounds, patterns, names.

use std::collections::HashSet;

use super::{Finding, RESERVED};
use crate::{Application, Diagnostic, FieldPath, OutputSource, Parameter, Value};

pub(super) fn check(application: &mut Application, found: &mut Vec<Finding>) {
    let path = FieldPath::new(["application"]);
    for parameter in &mut application.parameters {
        let path = path.join("parameters").join(parameter.name.as_str());
        parameter_is_right(parameter, &path, found);
    }
    for output in &application.outputs {
        if let OutputSource::Regex { pattern, .. } = &output.source {
            let path = path.join("outputs").join(output.name.as_str()).join("regex");
            regex_is_right(pattern, path, found);
        }
    }
    if let Some(pattern) = &application.success.pattern {
        regex_is_right(pattern, path.join("success").join("pattern"), found);
    }
    if application.success.exit_codes.is_empty() {
        let path = path.join("success").join("exit_codes");
        found.push(Diagnostic::new(path, "expected at least one exit code, such as [0]").into());
    }
}

fn parameter_is_right(parameter: &mut Parameter, path: &FieldPath, found: &mut Vec<Finding>) {
    let name = parameter.name.as_str();
    if RESERVED.contains(&name) {
        let message = format!("`{name}` has a meaning in [space] and cannot be a parameter's name");
        found.push(Finding::at_key(
            Diagnostic::new(path.clone(), message).help("give the parameter another name"),
        ));
    } else if name.starts_with("paramo.") {
        found.push(Finding::at_key(Diagnostic::new(
            path.clone(),
            "names that begin with `paramo.` belong to Paramo",
        )));
    }
    for (field, bound) in [("min", parameter.min), ("max", parameter.max)] {
        if bound.is_some_and(f64::is_nan) {
            found.push(Diagnostic::new(path.join(field), "a bound is a number, not NaN").into());
        }
    }
    if let (Some(min), Some(max)) = (parameter.min, parameter.max)
        && min > max
    {
        let (min, max) = (Value::Float(min), Value::Float(max));
        let message = format!("no value is at least {min} and at most {max}");
        found.push(Diagnostic::new(path.join("min"), message).help("swap `min` and `max`").into());
        return;
    }
    if let Some(default) = parameter.default.take() {
        match parameter.accept(default) {
            Ok(value) => parameter.default = Some(value),
            Err(message) => {
                found.push(Diagnostic::new(path.join("default"), message).into());
                // There is a default, wrong as it is: nothing else is said for the lack of one.
                parameter.default = Some(Value::Missing);
            }
        }
    }
}

fn regex_is_right(pattern: &str, path: FieldPath, found: &mut Vec<Finding>) {
    if let Err(error) = regex::Regex::new(pattern) {
        // The library draws the pattern over several lines; its last says what is wrong.
        let text = error.to_string();
        let said = text.lines().last().unwrap_or("").trim_start_matches("error: ");
        found.push(Diagnostic::new(path, format!("not a regular expression: {said}")).into());
    }
}

/// Names that stand for two things. The result table has one column for each parameter and each output.
pub(super) fn clashes(application: &Application, found: &mut Vec<Finding>) {
    let path = FieldPath::new(["application"]);
    let mut names = HashSet::new();
    for parameter in &application.parameters {
        if !names.insert(parameter.name.as_str()) {
            let path = path.join("parameters").join(parameter.name.as_str());
            found.push(Diagnostic::new(path, "this parameter is declared twice").into());
        }
    }
    for output in &application.outputs {
        let name = output.name.as_str();
        if !names.insert(name) {
            let path = path.join("outputs").join(name);
            let message = match application.parameter(name) {
                Some(_) => {
                    format!("`{name}` is a parameter and an output; both are columns of the result table")
                }
                None => "this output is declared twice".to_owned(),
            };
            found.push(Finding::at_key(Diagnostic::new(path, message).help("give the output another name")));
        }
    }
}
