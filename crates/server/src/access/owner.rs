//! The token of whoever started the server: it may do everything. Embedded, it is part of the printed link; a server for a group takes
//! one for machines.

use std::fmt;
use std::sync::Arc;

use crate::people::code;

/// A secret. It is never printed by `Debug`.
#[derive(Clone)]
pub struct Token(Arc<str>);

impl Token {
    /// A token of one's own making: at least 32 characters, from a source of real randomness.
    pub fn new(text: &str) -> Result<Token, String> {
        let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
        match plain && (32..=256).contains(&text.len()) {
            true => Ok(Token(text.into())),
            false => Err("a token has 32 to 256 letters, digits, `-` and `_`".to_owned()),
        }
    }

    /// A new token of 256 bits.
    pub fn random() -> std::io::Result<Token> {
        Ok(Token(code::random()?.into()))
    }

    /// For the link that is printed once.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether this is the token. The time it takes says nothing about how much of it is right.
    pub fn is(&self, other: &str) -> bool {
        code::same(&self.0, other)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}
