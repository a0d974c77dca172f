//! The words of an expression, with their places.

use std::ops::Range;

use super::ExpressionError;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Integer(i64),
    Float(f64),
    Text(String),
    /// A bare name; words of the language (`and`, `in`, …) as well.
    Word(String),
    /// A name in braces.
    Braced(String),
    Symbol(&'static str),
}

impl Token {
    /// As messages show it.
    pub(super) fn described(&self) -> String {
        match self {
            Token::Integer(_) | Token::Float(_) => "a number".to_owned(),
            Token::Text(text) => format!("the text '{text}'"),
            Token::Word(word) => format!("`{word}`"),
            Token::Braced(name) => format!("`{{{name}}}`"),
            Token::Symbol(symbol) => format!("`{symbol}`"),
        }
    }
}

/// Longer symbols first. Those of other languages are brought to ours.
const SYMBOLS: [(&str, &str); 24] = [
    ("**", "**"),
    ("<=", "<="),
    (">=", ">="),
    ("==", "=="),
    ("!=", "!="),
    ("<>", "!="),
    ("&&", "and"),
    ("||", "or"),
    ("≤", "<="),
    ("≥", ">="),
    ("≠", "!="),
    ("^", "**"),
    ("=", "=="),
    ("!", "not"),
    ("<", "<"),
    (">", ">"),
    ("+", "+"),
    ("-", "-"),
    ("*", "*"),
    ("/", "/"),
    ("%", "%"),
    ("(", "("),
    (")", ")"),
    (",", ","),
];

pub(super) fn tokens(source: &str) -> Result<Vec<(Token, Range<usize>)>, ExpressionError> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(c) = source[at..].chars().next() {
        let rest = &source[at..];
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let (token, length) = if c.is_ascii_digit()
            || (c == '.' && rest[1..].starts_with(|d: char| d.is_ascii_digit()))
        {
            number(rest, at)?
        } else if c.is_alphabetic() || c == '_' {
            let end =
                rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.'))).unwrap_or(rest.len());
            (Token::Word(rest[..end].to_owned()), end)
        } else if c == '\'' || c == '"' {
            match rest[1..].find(c) {
                Some(end) => (Token::Text(rest[1..=end].to_owned()), end + 2),
                None => {
                    return Err(error(
                        format!("a text that begins with {c} must end with {c}"),
                        at..source.len(),
                    ));
                }
            }
        } else if c == '{' {
            match rest.find('}') {
                Some(end) => (Token::Braced(rest[1..end].to_owned()), end + 1),
                None => return Err(error("a name that begins with { must end with }", at..source.len())),
            }
        } else if let Some(symbol) = ["[", "]"].into_iter().find(|symbol| rest.starts_with(symbol)) {
            (Token::Symbol(symbol), 1)
        } else if let Some((written, symbol)) = SYMBOLS.iter().find(|(written, _)| rest.starts_with(written))
        {
            (Token::Symbol(symbol), written.len())
        } else {
            let mut error = error(format!("`{c}` has no meaning here"), at..at + c.len_utf8());
            error.help = match c {
                '&' => Some("write `and`".to_owned()),
                '|' => Some("write `or`".to_owned()),
                _ => None,
            };
            return Err(error);
        };
        found.push((token, at..at + length));
        at += length;
    }
    Ok(found)
}

/// A number at the beginning of a text: `1`, `1_000`, `1.5`, `.5`, `1e-9`.
fn number(rest: &str, at: usize) -> Result<(Token, usize), ExpressionError> {
    let digits = |from: usize| {
        let tail = &rest[from..];
        from + tail.find(|c: char| !(c.is_ascii_digit() || c == '_')).unwrap_or(tail.len())
    };
    let mut end = digits(0);
    let mut float = false;
    if rest[end..].starts_with('.') {
        float = true;
        end = digits(end + 1);
    }
    if let Some(exponent) = rest[end..].strip_prefix(['e', 'E']) {
        let sign = usize::from(exponent.starts_with(['+', '-']));
        if exponent[sign..].starts_with(|c: char| c.is_ascii_digit()) {
            float = true;
            end = digits(end + 1 + sign);
        }
    }
    let text = rest[..end].replace('_', "");
    let follows = &rest[end..];
    let tail =
        follows.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.'))).unwrap_or(follows.len());
    let wrong = || error(format!("`{}` is not a number", &rest[..end + tail]), at..at + end + tail);
    if tail > 0 {
        return Err(wrong());
    }
    match text.parse::<i64>() {
        Ok(i) if !float => Ok((Token::Integer(i), end)),
        _ => match text.parse::<f64>() {
            Ok(x) if x.is_finite() => Ok((Token::Float(x), end)),
            _ => Err(wrong()),
        },
    }
}

fn error(message: impl Into<String>, at: Range<usize>) -> ExpressionError {
    ExpressionError { message: message.into(), at, help: None }
}
