//! Evaluation: no allocation unless something is wrong.

use std::cmp::Ordering;

use super::{Comparison, Function, Node, Operator};
use crate::Value;

/// A value that borrows its text.
#[derive(Clone, Copy, Debug)]
pub(super) enum Term<'a> {
    Missing,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(&'a str),
}

type Evaluated<'a> = Result<Term<'a>, String>;

impl<'a> Term<'a> {
    #[inline]
    fn of(value: &'a Value) -> Term<'a> {
        match value {
            Value::Missing => Term::Missing,
            Value::Boolean(b) => Term::Boolean(*b),
            Value::Integer(i) => Term::Integer(*i),
            Value::Float(x) => Term::Float(*x),
            Value::String(s) => Term::Text(s),
        }
    }

    pub(super) fn into_value(self) -> Value {
        match self {
            Term::Missing => Value::Missing,
            Term::Boolean(b) => Value::Boolean(b),
            Term::Integer(i) => Value::Integer(i),
            Term::Float(x) => Value::Float(x),
            Term::Text(s) => Value::string(s),
        }
    }

    /// As messages show it: the type and the value.
    pub(super) fn described(self) -> String {
        match self {
            Term::Missing => "missing".to_owned(),
            Term::Boolean(b) => format!("the boolean {b}"),
            Term::Integer(i) => format!("the integer {i}"),
            Term::Float(x) => format!("the float {}", Value::Float(x)),
            Term::Text(s) => format!("the text '{s}'"),
        }
    }

    fn number(self) -> Option<f64> {
        match self {
            Term::Integer(i) => Some(i as f64),
            Term::Float(x) => Some(x),
            _ => None,
        }
    }
}

/// The value of a node. Leaves, which are most nodes, are taken without a call.
#[inline]
pub(super) fn evaluate<'a>(node: &'a Node, values: &'a [Value]) -> Evaluated<'a> {
    match node {
        Node::Variable(position) if *position < values.len() => Ok(Term::of(&values[*position])),
        Node::Integer(i) => Ok(Term::Integer(*i)),
        Node::Float(x) => Ok(Term::Float(*x)),
        other => evaluate_operation(other, values),
    }
}

fn evaluate_operation<'a>(node: &'a Node, values: &'a [Value]) -> Evaluated<'a> {
    match node {
        Node::Boolean(b) => Ok(Term::Boolean(*b)),
        Node::Text(text) => Ok(Term::Text(text)),
        Node::Integer(_) | Node::Float(_) => evaluate(node, values),
        Node::Variable(position) => {
            Err(format!("variable {position} has no value: {} were given", values.len()))
        }
        Node::Negate(inner) => match evaluate(inner, values)? {
            Term::Missing => Ok(Term::Missing),
            Term::Integer(i) => Ok(i.checked_neg().map_or(Term::Float(-(i as f64)), Term::Integer)),
            Term::Float(x) => Ok(Term::Float(-x)),
            other => Err(format!("`-` takes a number, not {}", other.described())),
        },
        Node::Not(inner) => match evaluate(inner, values)? {
            Term::Missing => Ok(Term::Missing),
            Term::Boolean(b) => Ok(Term::Boolean(!b)),
            other => Err(format!("`not` takes true or false, not {}", other.described())),
        },
        Node::Arithmetic { first, rest } => {
            let mut left = evaluate(first, values)?;
            for (operator, right) in rest {
                left = arithmetic(*operator, left, evaluate(right, values)?)?;
            }
            Ok(left)
        }
        Node::Compare { first, rest } => {
            let mut left = evaluate(first, values)?;
            for (comparison, right) in rest {
                let right = evaluate(right, values)?;
                if !compare(*comparison, left, right)? {
                    return Ok(Term::Boolean(false));
                }
                left = right;
            }
            Ok(Term::Boolean(true))
        }
        Node::In { item, list, negated } => {
            let item = evaluate(item, values)?;
            if matches!(item, Term::Missing) {
                return Ok(Term::Boolean(false));
            }
            for element in list {
                if compare(Comparison::Equal, item, evaluate(element, values)?)? {
                    return Ok(Term::Boolean(!negated));
                }
            }
            Ok(Term::Boolean(*negated))
        }
        Node::All(nodes) => decide(nodes, values, false, "and"),
        Node::Any(nodes) => decide(nodes, values, true, "or"),
        Node::Call(function, arguments) => call(*function, arguments, values),
    }
}

/// `and` and `or`: the first operand that decides ends it; a missing one leaves it missing unless another decides.
fn decide<'a>(nodes: &'a [Node], values: &'a [Value], deciding: bool, word: &str) -> Evaluated<'a> {
    let mut result = Term::Boolean(!deciding);
    for node in nodes {
        match evaluate(node, values)? {
            Term::Boolean(b) if b == deciding => return Ok(Term::Boolean(deciding)),
            Term::Boolean(_) => {}
            Term::Missing => result = Term::Missing,
            other => return Err(format!("`{word}` takes true or false, not {}", other.described())),
        }
    }
    Ok(result)
}

fn arithmetic<'a>(operator: Operator, left: Term<'a>, right: Term<'a>) -> Evaluated<'a> {
    if let (Term::Integer(a), Term::Integer(b)) = (left, right) {
        let exact = match operator {
            Operator::Add => a.checked_add(b),
            Operator::Subtract => a.checked_sub(b),
            Operator::Multiply => a.checked_mul(b),
            Operator::Divide => None,
            Operator::Remainder => {
                a.checked_rem(b).map(|r| if r != 0 && (r < 0) != (b < 0) { r + b } else { r })
            }
            Operator::Power => u32::try_from(b).ok().and_then(|b| a.checked_pow(b)),
        };
        if let Some(i) = exact {
            return Ok(Term::Integer(i));
        }
    }
    if matches!(left, Term::Missing) || matches!(right, Term::Missing) {
        return Ok(Term::Missing);
    }
    let number = |term: Term| {
        term.number()
            .ok_or_else(|| format!("`{}` takes numbers, not {}", operator.symbol(), term.described()))
    };
    let (a, b) = (number(left)?, number(right)?);
    Ok(Term::Float(match operator {
        Operator::Add => a + b,
        Operator::Subtract => a - b,
        Operator::Multiply => a * b,
        Operator::Divide => a / b,
        Operator::Remainder => remainder(a, b),
        Operator::Power => a.powf(b),
    }))
}

/// The remainder with the sign of the right side.
pub(super) fn remainder(a: f64, b: f64) -> f64 {
    let r = a % b;
    if r != 0.0 && (r < 0.0) != (b < 0.0) { r + b } else { r }
}

#[inline]
pub(super) fn compare(comparison: Comparison, left: Term, right: Term) -> Result<bool, String> {
    let order = match (left, right) {
        (Term::Integer(a), Term::Integer(b)) => Some(a.cmp(&b)),
        (Term::Float(a), Term::Float(b)) => a.partial_cmp(&b),
        (Term::Integer(a), Term::Float(b)) => (a as f64).partial_cmp(&b),
        (Term::Float(a), Term::Integer(b)) => a.partial_cmp(&(b as f64)),
        (Term::Text(a), Term::Text(b)) => Some(a.cmp(b)),
        (Term::Boolean(a), Term::Boolean(b))
            if matches!(comparison, Comparison::Equal | Comparison::NotEqual) =>
        {
            Some(a.cmp(&b))
        }
        (Term::Missing, _) | (_, Term::Missing) => return Ok(false),
        (Term::Boolean(_), Term::Boolean(_)) => return Err("true and false have no order".to_owned()),
        (a, b) => return Err(format!("cannot compare {} with {}", a.described(), b.described())),
    };
    Ok(match comparison {
        Comparison::Less => order == Some(Ordering::Less),
        Comparison::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        Comparison::Greater => order == Some(Ordering::Greater),
        Comparison::GreaterOrEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        Comparison::Equal => order == Some(Ordering::Equal),
        // NaN differs from everything, itself included.
        Comparison::NotEqual => order != Some(Ordering::Equal),
    })
}

fn call<'a>(function: Function, arguments: &'a [Node], values: &'a [Value]) -> Evaluated<'a> {
    let mut best = Term::Missing;
    for (position, argument) in arguments.iter().enumerate() {
        let term = evaluate(argument, values)?;
        let Some(x) = term.number() else {
            return match term {
                Term::Missing => Ok(Term::Missing),
                other => Err(format!("`{}` takes numbers, not {}", function.name(), other.described())),
            };
        };
        let better = match function {
            Function::Min => compare(Comparison::Less, term, best)?,
            Function::Max => compare(Comparison::Greater, term, best)?,
            Function::Abs => return Ok(absolute(term, x)),
            Function::Sqrt => return Ok(Term::Float(x.sqrt())),
            Function::Exp => return Ok(Term::Float(x.exp())),
            Function::Log => return Ok(Term::Float(x.ln())),
            Function::Log10 => return Ok(Term::Float(x.log10())),
            Function::Floor => return Ok(whole(term, x.floor())),
            Function::Ceil => return Ok(whole(term, x.ceil())),
            Function::Round => return Ok(whole(term, x.round())),
        };
        // Once NaN, always NaN: no comparison with it is true.
        if position == 0 || better || x.is_nan() {
            best = term;
        }
    }
    Ok(best)
}

fn absolute(term: Term, x: f64) -> Term {
    match term {
        Term::Integer(i) => i.checked_abs().map_or(Term::Float(x.abs()), Term::Integer),
        _ => Term::Float(x.abs()),
    }
}

/// A rounded float as an integer where it fits.
fn whole(term: Term, rounded: f64) -> Term {
    match term {
        Term::Integer(i) => Term::Integer(i),
        // Both bounds are exact floats; the upper one is 2^63 itself.
        _ if (i64::MIN as f64..9_223_372_036_854_775_808.0).contains(&rounded) => {
            Term::Integer(rounded as i64)
        }
        _ => Term::Float(rounded),
    }
}
