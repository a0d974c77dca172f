//! Whether every point has exactly one value for every parameter.

use std::collections::HashSet;

use super::walk;
use super::{Broken, Finding, top};
use crate::{Block, Diagnostic, Factor, FieldPath, Parameter, SpaceSpec};

/// `whole`: the parameters are declared beside the space, so that what no block gives is a matter of the declaration.
pub(super) fn check(
    parameters: &[Parameter],
    space: &SpaceSpec,
    whole: bool,
    broken: &Broken,
    found: &mut Vec<Finding>,
) {
    for (number, block) in space.blocks.iter().enumerate() {
        twice(block, &top().join(number.to_string()), &mut HashSet::new(), found);
    }
    if broken.space {
        return;
    }
    let mut given = HashSet::new();
    walk::all_given(&space.blocks, &top(), &mut |_, name, _| {
        given.insert(name.as_str());
    });
    let needed = parameters.iter().filter(|p| p.default.is_none());
    for name in needed.map(|p| p.name.as_str()).filter(|name| !broken.names.contains(*name)) {
        if whole && !given.contains(name) {
            let path = FieldPath::new(["application", "parameters", name]);
            let wrong = Diagnostic::new(path, format!("`{name}` has no value anywhere"));
            found.push(Finding::at_key(
                wrong.help("give it an axis or a value in [space], or a `default` here"),
            ));
            continue;
        }
        for (number, block) in space.blocks.iter().enumerate() {
            if let Some(path) = missing(block, name, top().join(number.to_string())) {
                let wrong = Diagnostic::new(
                    path,
                    format!("this block gives `{name}` no value, and it has no default"),
                );
                let declare = if whole { ", or declare its default in [application.parameters]" } else { "" };
                found.push(wrong.help(format!("add {name} = … to the block{declare}")).into());
            }
        }
    }
}

/// Reports names that one point would get from two factors.
fn twice<'a>(block: &'a Block, path: &FieldPath, outer: &mut HashSet<&'a str>, found: &mut Vec<Finding>) {
    let mut own = outer.clone();
    walk::given(block, path, &mut |path, name, _| {
        if !own.insert(name.as_str()) {
            let message = format!("`{name}` gets its values in two places of this block");
            found.push(Finding::at_key(Diagnostic::new(path.clone(), message)));
        }
    });
    for factor in &block.factors {
        if let Factor::Blocks(inner) = factor {
            for (number, block) in inner.iter().enumerate() {
                twice(block, &path.join("block").join(number.to_string()), &mut own, found);
            }
        }
    }
}

/// The path of the innermost block that leaves a parameter out.
fn missing(block: &Block, name: &str, path: FieldPath) -> Option<FieldPath> {
    let mut here = false;
    walk::given(block, &path, &mut |_, given, _| here |= *given == *name);
    if here {
        return None;
    }
    // One list of inner blocks that always gives the parameter is enough.
    let mut innermost = None;
    for factor in &block.factors {
        let Factor::Blocks(inner) = factor else { continue };
        let mut lacking = inner
            .iter()
            .enumerate()
            .map(|(number, block)| missing(block, name, path.join("block").join(number.to_string())));
        let lacks: Vec<_> = lacking.by_ref().collect();
        if !lacks.is_empty() && lacks.iter().all(Option::is_none) {
            return None;
        }
        if lacks.iter().any(Option::is_none) {
            innermost = lacks.into_iter().flatten().next();
        }
    }
    Some(innermost.unwrap_or(path))
}
