//! Cells of point tables: text as it stands in the file, read by the type of its parameter.
//!
//! `007` is a string where a string was declared, and a number where a number was. Without a declaration a column is numbers
//! or booleans if all its cells are, and otherwise the text as it was written.

use std::collections::HashMap;

use super::top;
use super::walk::{self, GivenMut};
use crate::{Name, Parameter, ParameterType, PointTable, SpaceSpec, Value, ValueType};

/// Reads the cells that are one plain text. Lists have typed elements already.
pub(super) fn read(parameters: &[Parameter], space: &mut SpaceSpec) {
    let declared: HashMap<&Name, &ParameterType> =
        parameters.iter().filter(|p| !p.inferred).map(|p| (&p.name, &p.kind)).collect();
    walk::all_given_mut(&mut space.blocks, &top(), &mut |_, name, given| {
        let GivenMut::Column(table, column) = given else { return };
        if table.typed {
            return;
        }
        match declared.get(name) {
            Some(ParameterType::String | ParameterType::File) => {}
            Some(ParameterType::Choice(choices)) => each(table, column, &mut |cell| {
                let chosen = choices.iter().find(|choice| choice.to_string() == cell.to_string());
                *cell = chosen.cloned().unwrap_or_else(|| parsed(cell));
            }),
            Some(_) => each(table, column, &mut |cell| *cell = parsed(cell)),
            None => {
                let mut kind: Option<ValueType> = None;
                each(table, column, &mut |cell| {
                    kind = [kind, parsed(cell).value_type()].into_iter().flatten().reduce(ValueType::join);
                });
                if kind != Some(ValueType::String) {
                    each(table, column, &mut |cell| *cell = parsed(cell));
                }
            }
        }
    });
}

fn parsed(cell: &Value) -> Value {
    match cell {
        Value::String(text) => Value::parse(text),
        other => other.clone(),
    }
}

/// The plain cells of a column.
fn each(table: &mut PointTable, column: usize, change: &mut dyn FnMut(&mut Value)) {
    for row in &mut table.rows {
        if let Some([cell @ Value::String(_)]) = row.get_mut(column).map(Vec::as_mut_slice) {
            change(cell);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Block, Factor};

    fn column(texts: &[&str], kind: Option<ParameterType>) -> Vec<Value> {
        let name = Name::new("p").unwrap();
        let rows = texts.iter().map(|text| vec![vec![Value::string(*text)]]).collect();
        let table = PointTable { columns: vec![name.clone()], rows, source: "p.csv".into(), typed: false };
        let mut space =
            SpaceSpec { blocks: vec![Block { factors: vec![Factor::Points(table)], condition: None }] };
        let parameters: Vec<Parameter> = kind.map(|kind| Parameter::new(name, kind)).into_iter().collect();
        read(&parameters, &mut space);
        let Factor::Points(table) = space.blocks.remove(0).factors.remove(0) else { unreachable!() };
        table.rows.into_iter().flatten().flatten().collect()
    }

    #[test]
    fn text_is_read_by_the_type_of_the_parameter() {
        assert_eq!(column(&["007", "1e5"], Some(ParameterType::String)), ["007".into(), "1e5".into()]);
        assert_eq!(column(&["007", "1e5"], None), [Value::Integer(7), Value::Float(1e5)]);
        assert_eq!(column(&["1e5", "fast"], None), ["1e5".into(), "fast".into()]);
        let choices = ParameterType::Choice(vec!["1".into(), "2".into()]);
        assert_eq!(column(&["2"], Some(choices)), ["2".into()]);
        assert_eq!(column(&["true"], Some(ParameterType::Boolean)), [Value::Boolean(true)]);
    }
}
