//! Whether every point has exactly one value for every parameter.

use std::collections::HashSet;

use super::walk;
use super::{Broken, Finding, MOST, top};
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
        twice(block, &top().join(number.to_string()), &HashSet::new(), found);
    }
    if broken.space || broken.later {
        return;
    }
    let mut given = HashSet::new();
    walk::all_given(&space.blocks, &top(), &mut |_, name, _| {
        given.insert(name.as_str());
    });
    let needed = parameters.iter().filter(|p| p.default.is_none()).map(|p| p.name.as_str());
    let needed: Vec<&str> = needed.filter(|name| !broken.names.contains(*name)).collect();
    for name in needed.iter().filter(|name| whole && !given.contains(**name)).take(MOST) {
        let path = FieldPath::new(["application", "parameters", name]);
        let wrong = Diagnostic::new(path, format!("`{name}` has no value anywhere"));
        found.push(Finding::at_key(wrong.help("give it an axis or a value in [space], or a `default` here")));
    }
    for (number, block) in space.blocks.iter().enumerate() {
        let always = always(block);
        for name in
            needed.iter().filter(|name| !always.contains(**name) && (!whole || given.contains(**name)))
        {
            if found.len() >= MOST {
                return;
            }
            let path = innermost(block, name, top().join(number.to_string()));
            let wrong =
                Diagnostic::new(path, format!("this block gives `{name}` no value, and it has no default"));
            let declare = if whole { ", or declare its default in [application.parameters]" } else { "" };
            found.push(wrong.help(format!("add {name} = … to the block{declare}")).into());
        }
    }
}

/// The names that every point of a block gets from it.
fn always(block: &Block) -> HashSet<&str> {
    let mut names = HashSet::new();
    walk::given(block, &FieldPath::default(), &mut |_, name, _| {
        names.insert(name.as_str());
    });
    for factor in &block.factors {
        let Factor::Blocks(inner) = factor else { continue };
        let mut inner = inner.iter().map(always);
        let Some(mut common) = inner.next() else { continue };
        for other in inner {
            common.retain(|name| other.contains(name));
        }
        names.extend(common);
    }
    names
}

/// The path of the innermost block that leaves a name out which its neighbours give.
fn innermost(block: &Block, name: &str, path: FieldPath) -> FieldPath {
    for factor in &block.factors {
        let Factor::Blocks(inner) = factor else { continue };
        let gives: Vec<bool> = inner.iter().map(|block| always(block).contains(name)).collect();
        let lacking = gives.iter().position(|gives| !gives);
        if let Some(lacking) = lacking.filter(|_| gives.contains(&true)) {
            return innermost(&inner[lacking], name, path.join("block").join(lacking.to_string()));
        }
    }
    path
}

/// Reports names that one point would get from two factors.
fn twice<'a>(block: &'a Block, path: &FieldPath, outer: &HashSet<&'a str>, found: &mut Vec<Finding>) {
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
                twice(block, &path.join("block").join(number.to_string()), &own, found);
            }
        }
    }
}
