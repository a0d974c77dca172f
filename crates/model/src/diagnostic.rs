//! What is wrong with a document, where, and what would be right.
//!
//! Checks all over the house name a field by its path (`space.k1.step`). The document that was read knows where each path
//! stands in the text, so a floor that has never seen the file still points at its line and column.

use std::fmt;

/// The path of a field from the top of a document: `["space", "k1", "step"]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldPath(pub Vec<String>);

impl FieldPath {
    pub fn new<S: Into<String>>(parts: impl IntoIterator<Item = S>) -> FieldPath {
        FieldPath(parts.into_iter().map(Into::into).collect())
    }

    /// The path of a field below this one.
    pub fn join(&self, part: impl Into<String>) -> FieldPath {
        let mut parts = self.0.clone();
        parts.push(part.into());
        FieldPath(parts)
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

/// A place in a text: line and column count from 1, in characters; the bytes are those of the offending part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    pub line: usize,
    pub column: usize,
    pub bytes: std::ops::Range<usize>,
}

impl Position {
    /// The position of a range of bytes in a text.
    pub fn of(text: &str, bytes: std::ops::Range<usize>) -> Position {
        let start = text.floor_char_boundary(bytes.start.min(text.len()));
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        Position {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            bytes,
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The field that is wrong; empty for the document as a whole.
    pub field: FieldPath,
    /// What is wrong and what was expected, in one sentence, lower case, without a full stop.
    pub message: String,
    /// What to do about it, where that is known: the nearest right name, an example.
    pub help: Option<String>,
    /// Where it stands, once a document has placed it.
    pub position: Option<Position>,
}

impl Diagnostic {
    pub fn new(field: FieldPath, message: impl Into<String>) -> Diagnostic {
        Diagnostic { field, message: message.into(), help: None, position: None }
    }

    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }

    /// Adds "did you mean …?" where one of the names is near.
    pub fn did_you_mean<'a>(mut self, wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Diagnostic {
        if let Some(name) = nearest(wrong, names) {
            self.help = Some(format!("did you mean `{name}`?"));
        }
        self
    }

    pub fn at(mut self, position: Position) -> Diagnostic {
        self.position = Some(position);
        self
    }
}

impl fmt::Display for Diagnostic {
    /// One line, as an API or a log shows it; the terminal draws the source as well.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(position) = &self.position {
            write!(f, "line {}, column {}: ", position.line, position.column)?;
        }
        if !self.field.0.is_empty() {
            write!(f, "`{}`: ", self.field)?;
        }
        f.write_str(&self.message)?;
        match &self.help {
            Some(help) => write!(f, " ({help})"),
            None => Ok(()),
        }
    }
}

/// The name nearest to a wrong one, if any is near enough to be what was meant.
pub fn nearest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // The distance takes time and memory in proportion to both lengths.
    if wrong.len() > 400 {
        return None;
    }
    names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&wrong.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(distance, name)| {
            let length = name.chars().count().max(wrong.chars().count());
            *distance <= 1 + length / 4 && *distance < length
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let text = "α = 1\nβγ = 2\n";
        let place = text.find('2').unwrap();
        let position = Position::of(text, place..place + 1);
        assert_eq!((position.line, position.column), (2, 6));
        assert_eq!(Position::of("", 5..9).line, 1);
    }

    #[test]
    fn only_near_names_are_offered() {
        assert_eq!(nearest("memroy", ["cpus", "memory", "time"]), Some("memory"));
        assert_eq!(nearest("zzz", ["cpus", "memory"]), None);
        assert_eq!(nearest("k3", ["k1", "k2"]), Some("k1"));
        assert_eq!(nearest("x", ["y"]), None);
    }
}
