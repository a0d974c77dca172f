//! Text with `{name}` places for parameters.
//!
//! `{name}` is replaced by the value; `{{` and the `}}` that belongs to it are literal braces; a brace that does not enclose a name
//! (as in JSON or awk) is literal too. A few names belong to Paramo: see [`Slot`].

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Name, Value};

/// A parsed template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Template {
    source: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Text(String),
    Slot(Slot),
}

/// A place in a template.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Slot {
    /// The value of a parameter.
    Parameter(Name),
    /// `{paramo.index}`: the run's index.
    Index,
    /// `{paramo.attempt}`: which try this is, from 1.
    Attempt,
    /// `{paramo.study}`: the study's name.
    Study,
    /// `{paramo.source}`: the directory of the study file.
    Source,
    /// `{paramo.directory}`: the run's own directory.
    Directory,
    /// `{paramo.cpus}`: the CPUs the run may use, rounded up.
    Cpus,
}

/// The bytes of 100 characters.
const LONGEST_NAME: usize = 400;

/// The names that belong to Paramo, with their slots.
pub(crate) const RESERVED: [(&str, Slot); 6] = [
    ("paramo.index", Slot::Index),
    ("paramo.attempt", Slot::Attempt),
    ("paramo.study", Slot::Study),
    ("paramo.source", Slot::Source),
    ("paramo.directory", Slot::Directory),
    ("paramo.cpus", Slot::Cpus),
];

/// Why a text is not a template.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TemplateError {
    #[error("`{{{0}}}` is not a name that Paramo knows; they are {known}", known = RESERVED.map(|(n, _)| format!("{{{n}}}")).join(", "))]
    Reserved(String),
}

impl Template {
    pub fn parse(source: &str) -> Result<Template, TemplateError> {
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut rest = source;
        let mut close = source.find('}');
        // A doubled closing brace is one brace only where a doubled opening one waits for it: nested JSON ends in `}}`.
        let mut doubled = 0usize;
        while let Some(at) = rest.find(['{', '}']) {
            text.push_str(&rest[..at]);
            let tail = &rest[at..];
            let opens = tail.starts_with("{{");
            if opens || (doubled > 0 && tail.starts_with("}}")) {
                doubled = if opens { doubled + 1 } else { doubled - 1 };
                text.push_str(&tail[..1]);
                rest = &tail[2..];
                continue;
            }
            // Found once for all the open braces before it, which keeps a text full of them linear.
            let at = source.len() - tail.len();
            if close.is_some_and(|close| close < at) {
                close = source[at..].find('}').map(|i| at + i);
            }
            let name = close.filter(|_| tail.starts_with('{')).and_then(|close| source.get(at + 1..close));
            let name = name.filter(|name| name.len() <= LONGEST_NAME);
            let name = name.and_then(|name| Name::new(name).ok());
            let Some(name) = name else {
                text.push_str(&tail[..1]);
                rest = &tail[1..];
                continue;
            };
            rest = &tail[name.as_str().len() + 2..];
            let slot = match RESERVED.iter().find(|(word, _)| *word == name.as_str()) {
                Some((_, slot)) => slot.clone(),
                None if name.as_str().starts_with("paramo.") => {
                    return Err(TemplateError::Reserved(name.as_str().to_owned()));
                }
                None => Slot::Parameter(name),
            };
            if !text.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut text)));
            }
            parts.push(Part::Slot(slot));
        }
        text.push_str(rest);
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        Ok(Template { source: source.to_owned(), parts })
    }

    /// A template that is the text itself, braces and all.
    pub fn literal(text: &str) -> Template {
        let mut source = String::with_capacity(text.len());
        let mut doubled = 0usize;
        for c in text.chars() {
            source.push(c);
            match c {
                '{' => doubled += 1,
                '}' if doubled > 0 => doubled -= 1,
                _ => continue,
            }
            source.push(c);
        }
        let parts = if text.is_empty() { Vec::new() } else { vec![Part::Text(text.to_owned())] };
        Template { source, parts }
    }

    /// The text as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The places, in order, with repetitions.
    pub fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.parts.iter().filter_map(|part| match part {
            Part::Slot(slot) => Some(slot),
            Part::Text(_) => None,
        })
    }

    /// The names of the parameters it uses, in order, with repetitions.
    pub fn parameters(&self) -> impl Iterator<Item = &Name> {
        self.slots().filter_map(|slot| match slot {
            Slot::Parameter(name) => Some(name),
            _ => None,
        })
    }

    /// Fills the places. `fill` appends the text of a slot.
    pub fn render(&self, mut fill: impl FnMut(&Slot, &mut String)) -> String {
        let mut out = String::with_capacity(self.source.len() + 16);
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Slot(slot) => fill(slot, &mut out),
            }
        }
        out
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl TryFrom<String> for Template {
    type Error = TemplateError;
    fn try_from(text: String) -> Result<Template, TemplateError> {
        Template::parse(&text)
    }
}

impl From<Template> for String {
    fn from(template: Template) -> String {
        template.source
    }
}

/// Appends a value as a command line shows it.
impl Slot {
    pub fn push(value: &Value, out: &mut String) {
        use fmt::Write;
        // Writing to a string cannot fail.
        let _ = write!(out, "{value}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn render(source: &str) -> String {
        Template::parse(source).unwrap().render(|slot, out| match slot {
            Slot::Parameter(name) => out.push_str(&format!("<{name}>")),
            other => out.push_str(&format!("<{other:?}>")),
        })
    }

    #[test]
    fn names_are_filled_and_other_braces_stay() {
        for (source, expected) in [
            ("--k={k1}", "--k=<k1>"),
            ("{a}{b}", "<a><b>"),
            ("{{a}}", "{a}"),
            ("{\"x\": {x}}", "{\"x\": <x>}"),
            ("awk '{print $1}'", "awk '{print $1}'"),
            ("{\"a\": {\"b\": {x}}}", "{\"a\": {\"b\": <x>}}"),
            ("{{\"a\": {\"b\": 1}}}", "{\"a\": {\"b\": 1}}"),
            ("{{{x}}}", "{<x>}"),
            ("}}", "}}"),
            ("{", "{"),
            ("{}", "{}"),
            ("{a", "{a"),
            ("{paramo.index}", "<Index>"),
            ("{α}", "<α>"),
            ("", ""),
        ] {
            assert_eq!(render(source), expected, "{source}");
        }
        assert_eq!(Template::parse("{paramo.x}"), Err(TemplateError::Reserved("paramo.x".into())));
    }

    proptest! {
        #[test]
        fn a_literal_renders_as_itself(text in "\\PC*") {
            let template = Template::literal(&text);
            prop_assert_eq!(template.render(|_, _| unreachable!()), text.clone());
            let again = Template::parse(template.source()).unwrap();
            prop_assert_eq!(again.render(|_, _| unreachable!()), text);
        }

        #[test]
        fn any_text_parses_or_names_a_reserved_word(text in "[{}a-zé.\\n]*") {
            let _ = Template::parse(&text);
        }
    }
}
