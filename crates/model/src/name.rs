//! Names of studies, parameters and outputs.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A name: a letter or `_`, then letters, digits, `_`, `-` or `.`; at most 100 characters. Letters are those of any script.
///
/// A name can stand in a template as `{name}`, in a file name, and in an address, without quoting.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(Arc<str>);

/// Why a text is not a name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NameError {
    #[error("a name cannot be empty")]
    Empty,
    #[error("a name has at most 100 characters, this one has {0}")]
    Long(usize),
    #[error("`{0}` is not a name: it starts with a letter or `_`, not with `{1}`")]
    Start(String, char),
    #[error("`{0}` is not a name: `{1}` is neither a letter, a digit, `_`, `-` nor `.`")]
    Character(String, char),
}

impl Name {
    pub fn new(text: &str) -> Result<Name, NameError> {
        let length = text.chars().count();
        if length > 100 {
            return Err(NameError::Long(length));
        }
        let first = text.chars().next().ok_or(NameError::Empty)?;
        if !(first.is_alphabetic() || first == '_') {
            return Err(NameError::Start(text.to_owned(), first));
        }
        match text.chars().find(|c| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))) {
            Some(wrong) => Err(NameError::Character(text.to_owned(), wrong)),
            None => Ok(Name(text.into())),
        }
    }

    /// The project that is always there, to which every study belongs that says no other.
    pub fn default_project() -> Name {
        Name("default".into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Name {
    type Error = NameError;
    fn try_from(text: String) -> Result<Name, NameError> {
        Name::new(&text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> String {
        name.0.to_string()
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_templates_files_and_addresses() {
        for good in ["k1", "_x", "α", "k_on", "hes1-2", "a.b"] {
            assert!(Name::new(good).is_ok(), "{good}");
        }
        assert_eq!(Name::new(""), Err(NameError::Empty));
        assert_eq!(Name::new("1k"), Err(NameError::Start("1k".into(), '1')));
        assert_eq!(Name::new("a/b"), Err(NameError::Character("a/b".into(), '/')));
        assert_eq!(Name::new(&"x".repeat(101)), Err(NameError::Long(101)));
    }
}
