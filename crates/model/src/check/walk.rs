//! Walking over everything a space gives to a parameter.

use crate::{Axis, Block, Distribution, Factor, FieldPath, Name, PointTable};

/// What a parameter is given in one place.
pub(super) enum Given<'a> {
    Axis(&'a Axis),
    Dimension(&'a Distribution),
    /// A column of a table, by its number.
    Column(&'a PointTable, usize),
}

pub(super) enum GivenMut<'a> {
    Axis(&'a mut Axis),
    /// Nothing of it is ever changed.
    Dimension,
    Column(&'a mut PointTable, usize),
}

impl Given<'_> {
    /// Whether the parameter has one value here.
    pub(super) fn is_constant(&self) -> bool {
        matches!(self, Given::Axis(Axis::Values(values)) if values.len() == 1)
    }
}

/// The path of each factor, by its number in the block: what a file calls it.
fn factor_path(path: &FieldPath, block: &Block, number: usize) -> FieldPath {
    match &block.factors[number] {
        Factor::Zip(_) => {
            let before =
                block.factors[..number].iter().filter(|factor| matches!(factor, Factor::Zip(_))).count();
            path.join("zip").join(before.to_string())
        }
        Factor::Points(_) => path.join("points"),
        Factor::Blocks(_) => path.join("block"),
        Factor::Axis(..) | Factor::Sample(_) => path.clone(),
    }
}

/// Every block, those within others included, with its path.
pub(super) fn blocks<'a>(
    blocks_: &'a [Block],
    path: &FieldPath,
    visit: &mut dyn FnMut(&FieldPath, &'a Block),
) {
    for (number, block) in blocks_.iter().enumerate() {
        let path = path.join(number.to_string());
        visit(&path, block);
        for (number, factor) in block.factors.iter().enumerate() {
            if let Factor::Blocks(inner) = factor {
                blocks(inner, &factor_path(&path, block, number), visit);
            }
        }
    }
}

/// What the factors of one block give, those within inner blocks left out.
pub(super) fn given<'a>(
    block: &'a Block,
    path: &FieldPath,
    visit: &mut dyn FnMut(&FieldPath, &'a Name, Given<'a>),
) {
    for (number, factor) in block.factors.iter().enumerate() {
        let path = factor_path(path, block, number);
        match factor {
            Factor::Axis(name, axis) => visit(&path.join(name.as_str()), name, Given::Axis(axis)),
            Factor::Zip(axes) => {
                axes.iter()
                    .for_each(|(name, axis)| visit(&path.join(name.as_str()), name, Given::Axis(axis)));
            }
            Factor::Sample(sample) => {
                for (name, distribution) in &sample.dimensions {
                    visit(&path.join(name.as_str()), name, Given::Dimension(distribution));
                }
            }
            Factor::Points(table) => {
                for (column, name) in table.columns.iter().enumerate() {
                    visit(&path, name, Given::Column(table, column));
                }
            }
            Factor::Blocks(_) => {}
        }
    }
}

/// What a whole space gives.
pub(super) fn all_given<'a>(
    space: &'a [Block],
    path: &FieldPath,
    visit: &mut dyn FnMut(&FieldPath, &'a Name, Given<'a>),
) {
    blocks(space, path, &mut |path, block| given(block, path, visit));
}

/// What a whole space gives, to be changed.
pub(super) fn all_given_mut(
    space: &mut [Block],
    path: &FieldPath,
    visit: &mut dyn FnMut(&FieldPath, &Name, GivenMut<'_>),
) {
    for (number, block) in space.iter_mut().enumerate() {
        let path = path.join(number.to_string());
        let paths: Vec<_> =
            (0..block.factors.len()).map(|number| factor_path(&path, block, number)).collect();
        for (factor, path) in block.factors.iter_mut().zip(paths) {
            match factor {
                Factor::Axis(name, axis) => visit(&path.join(name.as_str()), name, GivenMut::Axis(axis)),
                Factor::Zip(axes) => {
                    for (name, axis) in axes {
                        visit(&path.join(name.as_str()), name, GivenMut::Axis(axis));
                    }
                }
                Factor::Sample(sample) => {
                    for (name, _) in &sample.dimensions {
                        visit(&path.join(name.as_str()), name, GivenMut::Dimension);
                    }
                }
                Factor::Points(table) => {
                    for column in 0..table.columns.len() {
                        let name = table.columns[column].clone();
                        visit(&path, &name, GivenMut::Column(table, column));
                    }
                }
                Factor::Blocks(inner) => all_given_mut(inner, &path, visit),
            }
        }
    }
}
