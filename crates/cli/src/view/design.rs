//! Designs of experiments: what they are like, and which there are.

use paramo_design::{Access, DesignInfo, Method, Property, PropertyValue};
use serde_json::{Map, Value, json};

use super::count;

/// A design in lines, in two columns. `names` are those of its parameters.
pub fn design_lines(design: &DesignInfo, names: &[String]) -> Vec<String> {
    let mut lines = vec![design.words.clone()];
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).max(22);
    let mut say = |name: &str, text: &str| lines.push(format!("  {name:<width$} {text}"));
    for (name, words) in names.iter().zip(&design.details) {
        say(name, words);
    }
    say("a point is", &design.access.to_string());
    for property in &design.properties {
        for (i, line) in property_lines(property).iter().enumerate() {
            say(if i == 0 { property.name } else { "" }, line);
        }
    }
    let part = match design.measured < design.points {
        true => format!(" (of the first {} points)", count(design.measured)),
        false => String::new(),
    };
    for property in &design.measures {
        for line in property_lines(property) {
            say(property.name, &format!("{line}{part}"));
        }
    }
    lines
}

fn property_lines(property: &Property) -> Vec<String> {
    match &property.value {
        PropertyValue::Number(x) => vec![significant(*x)],
        PropertyValue::Text(text) => vec![text.clone()],
        PropertyValue::List(lines) => lines.clone(),
    }
}

/// A number with four digits that count.
fn significant(x: f64) -> String {
    if x == 0.0 || !x.is_finite() {
        return x.to_string();
    }
    let magnitude = x.abs().log10().floor() as i32;
    match magnitude {
        -4..=5 => format!("{x:.*}", usize::try_from(3 - magnitude).unwrap_or(0)),
        _ => format!("{x:.3e}"),
    }
}

pub fn design_json(design: &DesignInfo, names: &[String]) -> Value {
    let parameters: Vec<Value> = names
        .iter()
        .zip(&design.details)
        .map(|(name, words)| json!({ "name": name, "description": words }))
        .collect();
    json!({
        "method": design.method,
        "description": design.words,
        "parameters": parameters,
        "points": design.points,
        "access": access_json(design.access),
        "properties": properties_json(&design.properties),
        "measured_points": design.measured,
        "measures": properties_json(&design.measures),
    })
}

fn access_json(access: Access) -> Value {
    match access {
        Access::Constant => json!({ "kind": "constant" }),
        Access::Logarithmic => json!({ "kind": "logarithmic" }),
        Access::Kept(why) => json!({ "kind": "kept", "because": why }),
    }
}

/// Names are words with `_` between them.
fn properties_json(properties: &[Property]) -> Value {
    let value = |property: &Property| match &property.value {
        PropertyValue::Number(x) => json!(x),
        PropertyValue::Text(text) => json!(text),
        PropertyValue::List(lines) => json!(lines),
    };
    let named =
        |property: &Property| (property.name.replace([' ', '-'], "_").to_lowercase(), value(property));
    Value::Object(properties.iter().map(named).collect::<Map<_, _>>())
}

/// A method in lines: what it is good for, and its options.
pub fn method_lines(method: &dyn Method) -> Vec<String> {
    let mut lines = vec![method.name().to_owned(), format!("  {}", method.help())];
    for option in method.options() {
        lines.push(format!("  {} = {}", option.name, option.values));
        lines.push(format!("      {}; if not given: {}", option.help, option.default));
    }
    lines
}

pub fn method_json(method: &dyn Method) -> Value {
    let options: Vec<Value> = method
        .options()
        .iter()
        .map(|o| json!({ "name": o.name, "help": o.help, "values": o.values, "default": o.default }))
        .collect();
    json!({ "name": method.name(), "help": method.help(), "continues": method.continues(), "options": options })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_four_digits_that_count() {
        let shown = [0.0, 1.0, 0.012_345_6, 123_456.7, 1.5e-9, 2e9, f64::INFINITY].map(significant);
        assert_eq!(shown, ["0", "1.000", "0.01235", "123457", "1.500e-9", "2.000e9", "inf"]);
    }
}
