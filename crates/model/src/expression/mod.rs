//! Conditions over parameters: `k_on > k_off and mode in ['a', 'b']`.
//!
//! The language is arithmetic as people write it. Operators, from the loosest to the tightest:
//!
//! | operator | also | meaning |
//! | --- | --- | --- |
//! | `or` | `\|\|` | either; the right side is looked at only when it matters |
//! | `and` | `&&` | both; likewise |
//! | `not x` | `!x` | the contrary |
//! | `<` `<=` `>` `>=` `==` `!=` `in [a, b]` `not in [a, b]` | `=` | comparisons, which chain: `1 < x <= 3` |
//! | `+` `-` | | |
//! | `*` `/` `%` | | `/` always gives a float; `%` takes the sign of its right side, as in Python |
//! | `-x` `+x` | | |
//! | `**` | `^` | power, from the right: `2**3**2` is 512, `-2**2` is -4 |
//!
//! Functions: `abs` `min` `max` `sqrt` `exp` `log` (natural) `log10` `floor` `ceil` `round` (halves away from zero). Texts
//! stand in `'…'` or `"…"`. A name with a `-` in it, or one that is also a word of the language, stands in braces: `{k-on}`.
//!
//! Integers stay exact and become floats where they overflow. Division by zero gives an infinity or NaN, never an error.
//! A missing value makes arithmetic missing and every comparison false.

mod columns;
mod evaluate;
mod lexer;
mod parser;
#[cfg(test)]
mod tests;

use std::ops::Range;

use crate::Value;

pub use columns::{CellData, Cells};

/// A parsed expression over variables that are known by their position.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    root: Node,
    /// The variables it uses, in ascending order, each once.
    references: Vec<usize>,
}

/// What is wrong with the text of an expression, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExpressionError {
    /// What is wrong and what was expected, lower case, without a full stop.
    pub message: String,
    /// The offending bytes of the source.
    pub at: Range<usize>,
    /// What to do about it, where that is known.
    pub help: Option<String>,
}

impl Expression {
    /// The longest source, in bytes.
    pub const LONGEST: usize = 10_000;

    /// Parses a text in which the variables `names` may occur; values are later given in the order of the names.
    pub fn parse(source: &str, names: &[&str]) -> Result<Expression, ExpressionError> {
        let (root, mut references) = parser::parse(source, names)?;
        references.sort_unstable();
        references.dedup();
        Ok(Expression { root, references })
    }

    /// The value for given values of the variables. An error says which operation met which types.
    pub fn eval(&self, values: &[Value]) -> Result<Value, String> {
        evaluate::evaluate(&self.root, values).map(evaluate::Term::into_value)
    }

    /// Whether the condition holds. A missing result does not; any other result that is no boolean is an error.
    pub fn test(&self, values: &[Value]) -> Result<bool, String> {
        match evaluate::evaluate(&self.root, values)? {
            evaluate::Term::Boolean(holds) => Ok(holds),
            evaluate::Term::Missing => Ok(false),
            other => Err(format!("a condition must be true or false, this one is {}", other.described())),
        }
    }

    /// The positions of the variables it uses, in ascending order, each once.
    pub fn references(&self) -> impl Iterator<Item = usize> {
        self.references.iter().copied()
    }
}

/// A node of the tree. Operators of one precedence are one node however many there are, so that the depth of the tree is
/// the nesting of the source, which the parser limits: neither evaluating nor dropping can exhaust the stack.
#[derive(Clone, Debug, PartialEq)]
enum Node {
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(Box<str>),
    Variable(usize),
    Negate(Box<Node>),
    Not(Box<Node>),
    Arithmetic { first: Box<Node>, rest: Vec<(Operator, Node)> },
    Compare { first: Box<Node>, rest: Vec<(Comparison, Node)> },
    In { item: Box<Node>, list: Vec<Node>, negated: bool },
    All(Vec<Node>),
    Any(Vec<Node>),
    Call(Function, Vec<Node>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
}

impl Operator {
    fn symbol(self) -> &'static str {
        match self {
            Operator::Add => "+",
            Operator::Subtract => "-",
            Operator::Multiply => "*",
            Operator::Divide => "/",
            Operator::Remainder => "%",
            Operator::Power => "**",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Abs,
    Min,
    Max,
    Sqrt,
    Exp,
    Log,
    Log10,
    Floor,
    Ceil,
    Round,
}

impl Function {
    const ALL: [(&str, Function); 10] = [
        ("abs", Function::Abs),
        ("min", Function::Min),
        ("max", Function::Max),
        ("sqrt", Function::Sqrt),
        ("exp", Function::Exp),
        ("log", Function::Log),
        ("log10", Function::Log10),
        ("floor", Function::Floor),
        ("ceil", Function::Ceil),
        ("round", Function::Round),
    ];

    fn name(self) -> &'static str {
        Function::ALL.iter().find(|(_, function)| *function == self).map_or("", |(name, _)| name)
    }

    fn takes_many(self) -> bool {
        matches!(self, Function::Min | Function::Max)
    }
}
