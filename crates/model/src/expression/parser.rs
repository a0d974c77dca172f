//! From words to a tree, by recursive descent with limited depth.

use std::ops::Range;

use super::lexer::{self, Token};
use super::{Comparison, Expression, ExpressionError, Function, Node, Operator};
use crate::nearest;

/// How deep parentheses, lists, signs and powers may nest. Ten frames of the parser stand behind each.
const DEEPEST: usize = 64;

/// The words that cannot be variables unless they stand in braces.
const WORDS: [&str; 6] = ["and", "or", "not", "in", "true", "false"];

type Parsed = Result<Node, ExpressionError>;

/// The tree and the variables it uses, in the order and as often as they occur.
pub(super) fn parse(source: &str, names: &[&str]) -> Result<(Node, Vec<usize>), ExpressionError> {
    if source.len() > Expression::LONGEST {
        return Err(ExpressionError {
            message: format!(
                "a condition has at most {} bytes, this one has {}",
                Expression::LONGEST,
                source.len()
            ),
            at: 0..source.len(),
            help: None,
        });
    }
    let tokens = lexer::tokens(source)?;
    let mut parser = Parser { source, tokens, next: 0, names, depth: 0, references: Vec::new() };
    let root = parser.any()?;
    match parser.peek() {
        None => Ok((root, parser.references)),
        Some(Token::Symbol(")")) => Err(parser.error("a `)` without its `(`")),
        Some(token) => {
            let message = format!("expected an operator such as `and` or `<`, found {}", token.described());
            Err(parser.error(message))
        }
    }
}

struct Parser<'a> {
    source: &'a str,
    tokens: Vec<(Token, Range<usize>)>,
    next: usize,
    names: &'a [&'a str],
    depth: usize,
    references: Vec<usize>,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(token, _)| token)
    }

    /// The place of the next token; at the end, that of the last one's end.
    fn place(&self) -> Range<usize> {
        match self.tokens.get(self.next) {
            Some((_, at)) => at.clone(),
            None => self.source.trim_end().len()..self.source.len(),
        }
    }

    fn error(&self, message: impl Into<String>) -> ExpressionError {
        ExpressionError { message: message.into(), at: self.place(), help: None }
    }

    /// Takes the next token if it is this symbol or word.
    fn take(&mut self, wanted: &str) -> bool {
        let found = match self.peek() {
            Some(Token::Symbol(symbol)) => *symbol == wanted,
            Some(Token::Word(word)) => WORDS.contains(&wanted) && word == wanted,
            _ => false,
        };
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, wanted: &str) -> Result<(), ExpressionError> {
        if self.take(wanted) {
            return Ok(());
        }
        Err(match self.peek() {
            Some(token) => self.error(format!("expected `{wanted}`, found {}", token.described())),
            None => self.error(format!("expected `{wanted}` before the end")),
        })
    }

    fn deeper(&mut self, parse: impl FnOnce(&mut Self) -> Parsed) -> Parsed {
        if self.depth == DEEPEST {
            return Err(self.error(format!("nested more than {DEEPEST} deep")));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn any(&mut self) -> Parsed {
        let first = self.all()?;
        let mut nodes = vec![first];
        while self.take("or") {
            nodes.push(self.all()?);
        }
        Ok(single_or(nodes, Node::Any))
    }

    fn all(&mut self) -> Parsed {
        let first = self.not()?;
        let mut nodes = vec![first];
        while self.take("and") {
            nodes.push(self.not()?);
        }
        Ok(single_or(nodes, Node::All))
    }

    fn not(&mut self) -> Parsed {
        if self.take("not") {
            let inner = self.deeper(Self::not)?;
            return Ok(Node::Not(Box::new(inner)));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Parsed {
        let first = self.sum()?;
        if self.take("in") {
            return self.list(first, false);
        }
        if matches!(self.peek(), Some(Token::Word(word)) if word == "not")
            && matches!(self.tokens.get(self.next + 1), Some((Token::Word(word), _)) if word == "in")
        {
            self.next += 2;
            return self.list(first, true);
        }
        let mut rest = Vec::new();
        while let Some(comparison) = self.comparator() {
            rest.push((comparison, self.sum()?));
        }
        if rest.is_empty() { Ok(first) } else { Ok(Node::Compare { first: Box::new(first), rest }) }
    }

    fn comparator(&mut self) -> Option<Comparison> {
        let Some(Token::Symbol(symbol)) = self.peek() else { return None };
        let comparison = match *symbol {
            "<" => Comparison::Less,
            "<=" => Comparison::LessOrEqual,
            ">" => Comparison::Greater,
            ">=" => Comparison::GreaterOrEqual,
            "==" => Comparison::Equal,
            "!=" => Comparison::NotEqual,
            _ => return None,
        };
        self.next += 1;
        Some(comparison)
    }

    /// The list of `in`, which has at least one element.
    fn list(&mut self, item: Node, negated: bool) -> Parsed {
        self.expect("[")?;
        let list = self.arguments("]")?;
        Ok(Node::In { item: Box::new(item), list, negated })
    }

    fn arguments(&mut self, end: &str) -> Result<Vec<Node>, ExpressionError> {
        let mut nodes = Vec::new();
        loop {
            nodes.push(self.deeper(Self::any)?);
            if !self.take(",") {
                self.expect(end)?;
                return Ok(nodes);
            }
            if self.take(end) {
                return Ok(nodes);
            }
        }
    }

    fn sum(&mut self) -> Parsed {
        self.chain(Self::product, &[("+", Operator::Add), ("-", Operator::Subtract)])
    }

    fn product(&mut self) -> Parsed {
        let operators = [("*", Operator::Multiply), ("/", Operator::Divide), ("%", Operator::Remainder)];
        self.chain(Self::signed, &operators)
    }

    fn chain(&mut self, operand: fn(&mut Self) -> Parsed, operators: &[(&str, Operator)]) -> Parsed {
        let first = operand(self)?;
        let mut rest = Vec::new();
        while let Some((_, operator)) = operators.iter().find(|(symbol, _)| self.take(symbol)) {
            rest.push((*operator, operand(self)?));
        }
        if rest.is_empty() { Ok(first) } else { Ok(Node::Arithmetic { first: Box::new(first), rest }) }
    }

    fn signed(&mut self) -> Parsed {
        if self.take("-") {
            // The smallest integer is the negative of one that does not fit.
            if let Some((Token::Float(x), _)) = self.tokens.get(self.next)
                && *x == 9_223_372_036_854_775_808.0
                && &self.source[self.place()] == "9223372036854775808"
            {
                self.next += 1;
                return Ok(Node::Integer(i64::MIN));
            }
            let inner = self.deeper(Self::signed)?;
            return Ok(match inner {
                Node::Integer(i) => i.checked_neg().map_or(Node::Float(-(i as f64)), Node::Integer),
                Node::Float(x) => Node::Float(-x),
                other => Node::Negate(Box::new(other)),
            });
        }
        if self.take("+") {
            return self.deeper(Self::signed);
        }
        self.power()
    }

    fn power(&mut self) -> Parsed {
        let base = self.primary()?;
        if !self.take("**") {
            return Ok(base);
        }
        let exponent = self.deeper(Self::signed)?;
        Ok(Node::Arithmetic { first: Box::new(base), rest: vec![(Operator::Power, exponent)] })
    }

    fn primary(&mut self) -> Parsed {
        let place = self.place();
        let Some((token, _)) = self.tokens.get(self.next).cloned() else {
            return Err(self.error("expected a value before the end"));
        };
        let node = match token {
            Token::Integer(i) => Node::Integer(i),
            Token::Float(x) => Node::Float(x),
            Token::Text(text) => Node::Text(text.into()),
            Token::Braced(name) => self.variable(&name, place)?,
            Token::Word(word) if word == "true" => Node::Boolean(true),
            Token::Word(word) if word == "false" => Node::Boolean(false),
            Token::Word(word) if !WORDS.contains(&word.as_str()) => {
                if matches!(self.tokens.get(self.next + 1), Some((Token::Symbol("("), _))) {
                    return self.call(&word, place);
                }
                self.variable(&word, place)?
            }
            Token::Symbol("(") => {
                self.next += 1;
                let inner = self.deeper(Self::any)?;
                self.expect(")")?;
                return Ok(inner);
            }
            other => return Err(self.error(format!("expected a value, found {}", other.described()))),
        };
        self.next += 1;
        Ok(node)
    }

    fn variable(&mut self, name: &str, at: Range<usize>) -> Parsed {
        if let Some(position) = self.names.iter().position(|known| *known == name) {
            self.references.push(position);
            return Ok(Node::Variable(position));
        }
        let rest = &self.source[at.start..];
        let hyphenated = self.names.iter().find(|known| known.contains('-') && rest.starts_with(**known));
        let help = if let Some(known) = hyphenated {
            Some(format!("a name with a `-` stands in braces: {{{known}}}"))
        } else if let Some(known) = nearest(name, self.names.iter().copied()) {
            Some(format!("did you mean `{known}`?"))
        } else if self.names.is_empty() || self.names.len() > 20 {
            None
        } else {
            Some(format!("the names known here are {}", self.names.join(", ")))
        };
        Err(ExpressionError { message: format!("there is no parameter `{name}`"), at, help })
    }

    fn call(&mut self, name: &str, at: Range<usize>) -> Parsed {
        let Some((_, function)) = Function::ALL.iter().find(|(known, _)| *known == name) else {
            let help = match nearest(name, Function::ALL.iter().map(|(known, _)| *known)) {
                Some(known) => format!("did you mean `{known}`?"),
                None => format!("the functions are {}", Function::ALL.map(|(known, _)| known).join(", ")),
            };
            return Err(ExpressionError {
                message: format!("there is no function `{name}`"),
                at,
                help: Some(help),
            });
        };
        self.next += 2;
        if self.take(")") {
            let message = format!("`{name}` needs a value between its parentheses");
            return Err(ExpressionError { message, at, help: None });
        }
        let arguments = self.arguments(")")?;
        if arguments.len() > 1 && !function.takes_many() {
            let message = format!("`{name}` takes one value, {} are given", arguments.len());
            return Err(ExpressionError { message, at, help: None });
        }
        Ok(Node::Call(*function, arguments))
    }
}

fn single_or(mut nodes: Vec<Node>, many: fn(Vec<Node>) -> Node) -> Node {
    match nodes.pop() {
        Some(only) if nodes.is_empty() => only,
        Some(last) => {
            nodes.push(last);
            many(nodes)
        }
        None => many(nodes),
    }
}
