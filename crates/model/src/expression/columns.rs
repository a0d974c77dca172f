//! Conditions over whole columns: the types are looked at once and not for every row, and blocks of rows go through each operation
//! together.
//!
//! Only what cannot go wrong for any row is done so. Where the type of a result depends on the cells (integers that may overflow
//! become floats) or an operation would refuse what it meets, there is no plan, and each row is to be asked by itself.

mod block;

use std::borrow::Cow;
use std::sync::Arc;

use super::evaluate::{Term, compare, evaluate};
use super::{Comparison, Expression, Function, Node, Operator};
use block::{Block, Held};

/// A column as a condition reads it.
#[derive(Clone, Copy, Debug)]
pub struct Cells<'a> {
    pub data: CellData<'a>,
    /// Which cells hold a value; `None`: all.
    pub present: Option<&'a [bool]>,
}

/// The cells of a column, of one type.
#[derive(Clone, Copy, Debug)]
pub enum CellData<'a> {
    Boolean(&'a [bool]),
    Integer(&'a [i64]),
    Float(&'a [f64]),
    /// For each row which of the labels it is; a code without a label is a cell without a value.
    Text {
        labels: &'a [Arc<str>],
        codes: &'a [u32],
    },
}

impl Expression {
    /// Those of some rows for which the condition holds, in their order; `columns` are the values of the variables, by position.
    /// Nothing is copied where all of them stay. `None` where it has to be tried row by row with [`Expression::test`], which may then
    /// have an error to tell.
    pub fn holding<'r>(&self, columns: &[Cells], rows: &'r [usize]) -> Option<Cow<'r, [usize]>> {
        let plan = Plan { columns }.mask(&self.root)?;
        let shortest = self.references().filter_map(|at| columns.get(at)).map(Cells::len).min();
        let mut kept: Option<Vec<usize>> = None;
        for (at, piece) in rows.chunks(block::ROWS).enumerate() {
            let block = Block::new(columns, piece);
            // Beyond its end a column has no values.
            if shortest.is_some_and(|shortest| block.last() >= Some(shortest)) {
                return None;
            }
            let held = block.held(&plan);
            match (&mut kept, held) {
                (None, Held::All) => {}
                (None, Held::Some(held)) => {
                    let mut begun = Vec::with_capacity(rows.len());
                    begun.extend_from_slice(&rows[..at * block::ROWS]);
                    block.keep(&held, &mut begun);
                    kept = Some(begun);
                }
                (Some(kept), Held::All) => kept.extend_from_slice(piece),
                (Some(kept), Held::Some(held)) => block.keep(&held, kept),
            }
        }
        Some(kept.map_or(Cow::Borrowed(rows), Cow::Owned))
    }
}

impl Cells<'_> {
    fn len(&self) -> usize {
        let cells = match self.data {
            CellData::Boolean(values) => values.len(),
            CellData::Integer(values) => values.len(),
            CellData::Float(values) => values.len(),
            CellData::Text { codes, .. } => codes.len(),
        };
        self.present.map_or(cells, |present| present.len().min(cells))
    }
}

/// What is true, false or missing for a row.
#[derive(Debug)]
enum Mask {
    Constant(bool),
    /// A column of booleans.
    Flag(usize),
    /// The columns all have a value.
    Present(Vec<usize>),
    /// Never missing, whatever the cells: who compares asks for [`Mask::Present`] as well.
    Floats(Comparison, Number, Number),
    Integers(Comparison, Whole, Whole),
    /// For each label of a column of texts whether it holds; for cells without a value it does not.
    Labels(usize, Vec<bool>),
    Not(Box<Mask>),
    All(Vec<Mask>),
    Any(Vec<Mask>),
}

/// A float for each row.
#[derive(Clone, Debug)]
enum Number {
    Constant(f64),
    Column(usize),
    /// Integers as floats.
    Widened(usize),
    Negate(Box<Number>),
    Arithmetic(Operator, Box<Number>, Box<Number>),
    Call(Function, Box<Number>),
}

/// An integer for each row.
#[derive(Clone, Copy, Debug)]
enum Whole {
    Constant(i64),
    Column(usize),
}

/// A side of a comparison.
#[derive(Clone, Debug)]
enum Side<'a> {
    Boolean(bool),
    Flag(usize),
    Integer(Whole),
    Float(Number),
    Text(&'a str),
    Texts(usize),
}

impl Side<'_> {
    fn number(&self) -> Option<Number> {
        match self {
            Side::Integer(Whole::Constant(i)) => Some(Number::Constant(*i as f64)),
            Side::Integer(Whole::Column(at)) => Some(Number::Widened(*at)),
            Side::Float(number) => Some(number.clone()),
            _ => None,
        }
    }

    /// The columns whose cells are to hold a value.
    fn uses(&self, columns: &mut Vec<usize>) {
        match self {
            Side::Flag(at) | Side::Texts(at) | Side::Integer(Whole::Column(at)) => columns.push(*at),
            Side::Float(number) => number.uses(columns),
            _ => {}
        }
    }
}

impl Number {
    fn uses(&self, columns: &mut Vec<usize>) {
        match self {
            Number::Constant(_) => {}
            Number::Column(at) | Number::Widened(at) => columns.push(*at),
            Number::Negate(inner) | Number::Call(_, inner) => inner.uses(columns),
            Number::Arithmetic(_, a, b) => {
                a.uses(columns);
                b.uses(columns);
            }
        }
    }
}

/// Looks at the types.
struct Plan<'a> {
    columns: &'a [Cells<'a>],
}

impl<'a> Plan<'a> {
    fn mask(&self, node: &'a Node) -> Option<Mask> {
        match node {
            Node::Boolean(b) => Some(Mask::Constant(*b)),
            Node::Variable(at) => match self.columns.get(*at)?.data {
                CellData::Boolean(_) => Some(Mask::Flag(*at)),
                _ => None,
            },
            Node::Not(inner) => Some(Mask::Not(Box::new(self.mask(inner)?))),
            Node::All(nodes) => Some(Mask::All(self.masks(nodes)?)),
            Node::Any(nodes) => Some(Mask::Any(self.masks(nodes)?)),
            Node::Compare { first, rest } => {
                let mut left = self.side(first)?;
                let mut pairs = Vec::with_capacity(rest.len());
                for (comparison, right) in rest {
                    let right = self.side(right)?;
                    pairs.push(self.pair(*comparison, &left, &right)?);
                    left = right;
                }
                match pairs.len() {
                    1 => pairs.pop(),
                    _ => Some(Mask::All(pairs)),
                }
            }
            Node::In { item, list, negated } => {
                let item = self.side(item)?;
                let pair = |element| self.pair(Comparison::Equal, &item, &self.side(element)?);
                let any = Mask::Any(list.iter().map(pair).collect::<Option<_>>()?);
                let mut used = Vec::new();
                item.uses(&mut used);
                let found = if *negated { Mask::Not(Box::new(any)) } else { any };
                Some(Mask::All(vec![Mask::Present(used), found]))
            }
            _ => None,
        }
    }

    fn masks(&self, nodes: &'a [Node]) -> Option<Vec<Mask>> {
        nodes.iter().map(|node| self.mask(node)).collect()
    }

    fn side(&self, node: &'a Node) -> Option<Side<'a>> {
        // What has no variables is computed here.
        if let Ok(term) = evaluate(node, &[]) {
            return match term {
                Term::Missing => None,
                Term::Boolean(b) => Some(Side::Boolean(b)),
                Term::Integer(i) => Some(Side::Integer(Whole::Constant(i))),
                Term::Float(x) => Some(Side::Float(Number::Constant(x))),
                Term::Text(text) => Some(Side::Text(text)),
            };
        }
        match node {
            Node::Variable(at) => Some(match self.columns.get(*at)?.data {
                CellData::Boolean(_) => Side::Flag(*at),
                CellData::Integer(_) => Side::Integer(Whole::Column(*at)),
                CellData::Float(_) => Side::Float(Number::Column(*at)),
                CellData::Text { .. } => Side::Texts(*at),
            }),
            Node::Negate(inner) => match self.side(inner)? {
                Side::Float(number) => Some(Side::Float(Number::Negate(Box::new(number)))),
                _ => None,
            },
            Node::Arithmetic { first, rest } => {
                let mut left = self.side(first)?;
                for (operator, right) in rest {
                    let right = self.side(right)?;
                    let (a, b) = (left.number()?, right.number()?);
                    // Integers stay integers while they fit, which only the cells tell.
                    let whole = matches!((&left, &right), (Side::Integer(_), Side::Integer(_)));
                    if whole && *operator != Operator::Divide {
                        return None;
                    }
                    left = Side::Float(Number::Arithmetic(*operator, Box::new(a), Box::new(b)));
                }
                Some(left)
            }
            Node::Call(function, arguments) => {
                let [argument] = arguments.as_slice() else { return None };
                let side = self.side(argument)?;
                let number = Box::new(side.number()?);
                match (function, side) {
                    (Function::Abs, Side::Float(_))
                    | (Function::Sqrt | Function::Exp | Function::Log | Function::Log10, _) => {
                        Some(Side::Float(Number::Call(*function, number)))
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// A comparison, which is false where either side has no value.
    fn pair(&self, comparison: Comparison, left: &Side, right: &Side) -> Option<Mask> {
        let held = match (left, right) {
            (Side::Integer(a), Side::Integer(b)) => Mask::Integers(comparison, *a, *b),
            (Side::Texts(at), Side::Text(text)) => {
                return self.labels(*at, |label| compare(comparison, Term::Text(label), Term::Text(text)));
            }
            (Side::Text(text), Side::Texts(at)) => {
                return self.labels(*at, |label| compare(comparison, Term::Text(text), Term::Text(label)));
            }
            (Side::Flag(at), Side::Boolean(b)) | (Side::Boolean(b), Side::Flag(at)) => {
                let wanted = match comparison {
                    Comparison::Equal => *b,
                    Comparison::NotEqual => !*b,
                    _ => return None,
                };
                if wanted { Mask::Flag(*at) } else { Mask::Not(Box::new(Mask::Flag(*at))) }
            }
            (a, b) => Mask::Floats(comparison, a.number()?, b.number()?),
        };
        let mut used = Vec::new();
        left.uses(&mut used);
        right.uses(&mut used);
        used.sort_unstable();
        used.dedup();
        used.retain(|at| self.columns.get(*at).is_some_and(|column| column.present.is_some()));
        Some(if used.is_empty() { held } else { Mask::All(vec![Mask::Present(used), held]) })
    }

    fn labels(&self, at: usize, holds: impl Fn(&str) -> Result<bool, String>) -> Option<Mask> {
        let CellData::Text { labels, .. } = self.columns.get(at)?.data else { return None };
        let each = labels.iter().map(|label| holds(label).ok()).collect::<Option<_>>()?;
        Some(Mask::Labels(at, each))
    }
}

#[cfg(test)]
mod tests;
