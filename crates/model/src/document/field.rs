//! Fields of a TOML document, with their paths and places: what every reader of a part of a file takes.
//!
//! An accessor either gives what was asked for or reports what was found instead, and where; a reader goes on after an
//! error, so that one look at a file finds everything that is wrong with it.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;
use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::{Diagnostic, FieldPath, Name, Position, Template, Value};

/// What is wrong with a text so far.
pub(super) struct Problems<'a> {
    text: &'a str,
    found: RefCell<Vec<Diagnostic>>,
}

impl<'a> Problems<'a> {
    pub(super) fn new(text: &'a str) -> Problems<'a> {
        Problems { text, found: RefCell::new(Vec::new()) }
    }

    pub(super) fn report(&self, diagnostic: Diagnostic) {
        self.found.borrow_mut().push(diagnostic);
    }

    /// A diagnostic at some bytes. Lines are counted when all is read: a list may have a million wrong values.
    fn at(&self, path: &Path, bytes: Range<usize>, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(path.full(), message).at(Position { line: 0, column: 0, bytes })
    }

    pub(super) fn count(&self) -> usize {
        self.found.borrow().len()
    }

    /// The first so many of them in the order of the text.
    pub(super) fn into_first(self, most: usize) -> Vec<Diagnostic> {
        let mut found = self.found.into_inner();
        found.sort_by_key(|diagnostic| {
            diagnostic.position.as_ref().map_or(0, |position| position.bytes.start)
        });
        found.truncate(most);
        for position in found.iter_mut().filter_map(|diagnostic| diagnostic.position.as_mut()) {
            *position = Position::of(self.text, position.bytes.clone());
        }
        found
    }
}

/// A path from the top, built only when it is shown.
#[derive(Clone)]
struct Path<'a>(Option<Rc<(Path<'a>, Part<'a>)>>);

enum Part<'a> {
    Key(&'a str),
    Index(usize),
}

impl<'a> Path<'a> {
    fn join(&self, part: Part<'a>) -> Path<'a> {
        Path(Some(Rc::new((self.clone(), part))))
    }

    fn full(&self) -> FieldPath {
        let mut parts = Vec::new();
        let mut rest = &self.0;
        while let Some(node) = rest {
            parts.push(match &node.1 {
                Part::Key(key) => (*key).to_owned(),
                Part::Index(index) => index.to_string(),
            });
            rest = &node.0.0;
        }
        parts.reverse();
        FieldPath(parts)
    }
}

/// A value in the document.
#[derive(Clone)]
pub struct Field<'a> {
    problems: &'a Problems<'a>,
    path: Path<'a>,
    /// The place of the key, where there is one.
    key: Option<Range<usize>>,
    place: Range<usize>,
    value: &'a DeValue<'a>,
}

impl<'a> Field<'a> {
    /// What was read, as it stands in the document.
    pub fn value(&self) -> &'a DeValue<'a> {
        self.value
    }

    /// A diagnostic at the value.
    pub fn wrong(&self, message: impl Into<String>) -> Diagnostic {
        self.problems.at(&self.path, self.place.clone(), message)
    }

    /// A diagnostic at the key.
    pub fn wrong_key(&self, message: impl Into<String>) -> Diagnostic {
        let place = self.key.clone().unwrap_or_else(|| self.place.clone());
        self.problems.at(&self.path, place, message)
    }

    /// A diagnostic at a part of the value's text, where that can be found; else at the value.
    pub(super) fn wrong_within(&self, needle: &str, message: impl Into<String>) -> Diagnostic {
        let place =
            find_within(self.problems.text, &self.place, needle).unwrap_or_else(|| self.place.clone());
        self.problems.at(&self.path, place, message)
    }

    /// Adds what is wrong to what is found so far.
    pub fn report(&self, diagnostic: Diagnostic) {
        self.problems.report(diagnostic);
    }

    /// Reports that the value is wrong, and gives nothing.
    pub fn reject<T>(&self, message: impl Into<String>) -> Option<T> {
        self.report(self.wrong(message));
        None
    }

    fn expected<T>(&self, what: &str) -> Option<T> {
        self.reject(format!("expected {what}, found {}", self.found()))
    }

    /// What the value is, as messages say it.
    pub fn found(&self) -> String {
        match self.value {
            DeValue::String(text) if text.chars().count() > 40 => {
                format!("the string \"{}…\"", text.chars().take(39).collect::<String>())
            }
            DeValue::String(text) => format!("the string \"{text}\""),
            DeValue::Integer(integer) => format!("the integer {integer}"),
            DeValue::Float(float) => format!("the float {float}"),
            DeValue::Boolean(boolean) => format!("the boolean {boolean}"),
            DeValue::Datetime(date) => format!("the date {date}"),
            DeValue::Array(list) if list.is_empty() => "an empty list".to_owned(),
            DeValue::Array(_) => "a list".to_owned(),
            DeValue::Table(_) => "a table".to_owned(),
        }
    }

    /// A string; it may be empty.
    pub fn string(&self, what: &str) -> Option<&'a str> {
        match self.value {
            DeValue::String(text) => Some(text),
            _ => self.expected(what),
        }
    }

    /// A string that is not empty.
    pub fn text(&self, what: &str) -> Option<&'a str> {
        let text = self.string(what)?;
        if text.trim().is_empty() { self.expected(what) } else { Some(text) }
    }

    /// True or false.
    pub fn boolean(&self) -> Option<bool> {
        match self.value {
            DeValue::Boolean(boolean) => Some(*boolean),
            _ => self.expected("true or false"),
        }
    }

    /// An integer of the type, which must be at least `least`.
    pub fn integer<T: TryFrom<i64>>(&self, least: i64, what: &str) -> Option<T> {
        let DeValue::Integer(integer) = self.value else { return self.expected(what) };
        let read = i64::from_str_radix(integer.as_str(), integer.radix()).ok().filter(|i| *i >= least);
        match read.and_then(|i| T::try_from(i).ok()) {
            Some(i) => Some(i),
            None => self.expected(what),
        }
    }

    /// A finite number.
    pub fn number(&self, what: &str) -> Option<f64> {
        match self.scalar_of(what)? {
            Value::Integer(i) => Some(i as f64),
            Value::Float(x) if x.is_finite() => Some(x),
            _ => self.expected(what),
        }
    }

    /// An integer or a finite float, as it was written.
    pub(super) fn numeric(&self, what: &str) -> Option<Value> {
        match self.scalar_of(what)? {
            Value::Float(x) if !x.is_finite() => self.expected("a finite number"),
            number @ (Value::Integer(_) | Value::Float(_)) => Some(number),
            _ => self.expected(what),
        }
    }

    /// A boolean, a number or a string.
    pub(super) fn scalar(&self) -> Option<Value> {
        self.scalar_of("a number, a string, true or false")
    }

    fn scalar_of(&self, what: &str) -> Option<Value> {
        match self.value {
            DeValue::String(text) => Some(Value::string(&**text)),
            DeValue::Boolean(boolean) => Some(Value::Boolean(*boolean)),
            DeValue::Integer(integer) => match i64::from_str_radix(integer.as_str(), integer.radix()) {
                Ok(i) => Some(Value::Integer(i)),
                Err(_) => {
                    self.reject(format!("the integer {integer} does not fit 64 bits; write it as a float"))
                }
            },
            DeValue::Float(float) => match float.as_str().parse::<f64>() {
                Ok(x) if x.is_finite() || float.as_str().contains(['n', 'N']) => Some(Value::Float(x)),
                _ => self.reject(format!("the number {float} is too large for a float")),
            },
            DeValue::Datetime(date) => {
                self.report(
                    self.wrong(format!("expected {what}, found the date {date}")).help("put it in quotes"),
                );
                None
            }
            DeValue::Array(_) | DeValue::Table(_) => self.expected(what),
        }
    }

    /// A list, as the fields in it.
    pub fn list(&self, what: &str) -> Option<Vec<Field<'a>>> {
        let DeValue::Array(list) = self.value else { return self.expected(what) };
        Some(
            list.iter()
                .enumerate()
                .map(|(index, value)| self.below(Part::Index(index), None, value))
                .collect(),
        )
    }

    /// A table.
    pub fn table(&self, what: &str) -> Option<Table<'a>> {
        match self.value {
            DeValue::Table(entries) => Some(Table { field: self.clone(), entries, known: Vec::new() }),
            _ => self.expected(what),
        }
    }

    /// A table, or a list of tables: what TOML calls an array of tables.
    pub(super) fn tables(&self, what: &str) -> Option<Vec<Table<'a>>> {
        match self.value {
            DeValue::Array(list) if !list.is_empty() => {
                let tables: Vec<_> = self.list(what)?.iter().map(|field| field.table(what)).collect();
                tables.into_iter().collect()
            }
            _ => Some(vec![self.table(what)?]),
        }
    }

    /// A string that is a name of ours.
    pub fn name(&self, what: &str) -> Option<Name> {
        let text = self.string(what)?;
        Name::new(text).map_err(|error| self.report(self.wrong(error.to_string()))).ok()
    }

    /// The key as a name.
    pub fn key_name(&self) -> Option<Name> {
        Name::new(self.key()).map_err(|error| self.report(self.wrong_key(error.to_string()))).ok()
    }

    /// The key, or nothing in a list.
    pub fn key(&self) -> &'a str {
        match self.path.0.as_deref() {
            Some((_, Part::Key(key))) => key,
            _ => "",
        }
    }

    /// A string that is parsed: a quantity, say.
    pub fn parsed<T: FromStr<Err = String>>(&self, what: &str) -> Option<T> {
        self.string(what)?.parse().map_err(|message: String| self.report(self.wrong(message))).ok()
    }

    pub(super) fn template(&self, what: &str) -> Option<Template> {
        let text = self.string(what)?;
        Template::parse(text).map_err(|error| self.wrong_template(&error)).ok()
    }

    pub(super) fn wrong_template(&self, error: &crate::TemplateError) {
        let crate::TemplateError::Reserved(name) = error;
        self.report(self.wrong_within(&format!("{{{name}}}"), error.to_string()));
    }

    /// One of some words.
    pub fn word<T: Clone>(&self, what: &str, words: &[(&str, T)]) -> Option<T> {
        let list = || words.iter().map(|(word, _)| format!("\"{word}\"")).collect::<Vec<_>>().join(", ");
        let DeValue::String(text) = self.value else {
            return self.expected(&format!("{what}: one of {}", list()));
        };
        if let Some((_, meaning)) = words.iter().find(|(word, _)| word == text) {
            return Some(meaning.clone());
        }
        let wrong = self.wrong(format!("expected {what}: one of {}, found \"{text}\"", list()));
        self.report(wrong.did_you_mean(text, words.iter().map(|(word, _)| *word)));
        None
    }

    fn below(&self, part: Part<'a>, key: Option<Range<usize>>, value: &'a Spanned<DeValue<'a>>) -> Field<'a> {
        Field {
            problems: self.problems,
            path: self.path.join(part),
            key,
            place: value.span(),
            value: value.get_ref(),
        }
    }
}

/// A table whose fields are asked for by name; what nobody asked for is reported at the end.
pub struct Table<'a> {
    pub field: Field<'a>,
    entries: &'a DeTable<'a>,
    known: Vec<&'static str>,
}

impl<'a> Table<'a> {
    /// The document itself.
    pub(super) fn root(problems: &'a Problems<'a>, value: &'a DeValue<'a>) -> Option<Table<'a>> {
        Field { problems, path: Path(None), key: None, place: 0..0, value }.table("a table")
    }

    /// A field that may be there.
    pub fn get(&mut self, key: &'static str) -> Option<Field<'a>> {
        #[cfg(test)]
        ASKED.with_borrow_mut(|asked| asked.insert((self.field.path.full().0, key.to_owned())));
        self.known.push(key);
        self.field_of(key)
    }

    /// Takes fields for right without looking at them.
    pub(super) fn know(&mut self, keys: &[&'static str]) {
        self.known.extend(keys);
    }

    /// A field that must be there.
    pub fn require(&mut self, key: &'static str, what: &str) -> Option<Field<'a>> {
        let found = self.get(key);
        if found.is_none() {
            self.field.reject::<()>(format!("`{key}` is missing: {what}"));
        }
        found
    }

    /// Whether the field is there.
    pub fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// Whether there is no field at all.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn field_of(&self, key: &str) -> Option<Field<'a>> {
        let (key, value) = self.entries.get_key_value(key)?;
        Some(self.field.below(Part::Key(key.get_ref()), Some(key.span()), value))
    }

    /// Every field, in the order of the file.
    pub fn fields(&self) -> impl Iterator<Item = Field<'a>> + use<'a> {
        let field = self.field.clone();
        self.entries
            .iter()
            .map(move |(key, value)| field.below(Part::Key(key.get_ref()), Some(key.span()), value))
    }

    /// Reports the fields that were not asked for.
    pub fn finish(self) {
        for field in self.fields().filter(|field| !self.known.contains(&field.key())) {
            let mut wrong = field.wrong_key(format!("there is no field `{}` here", field.key()));
            wrong = wrong.did_you_mean(field.key(), self.known.iter().copied());
            if wrong.help.is_none() {
                wrong = wrong.help(format!("the fields are {}", self.known.join(", ")));
            }
            field.report(wrong);
        }
    }
}

/// Where a part of a value's text stands in the document, if it stands there as it is (without escapes).
pub(super) fn find_within(text: &str, place: &Range<usize>, needle: &str) -> Option<Range<usize>> {
    let start = place.start + text.get(place.clone())?.find(needle)?;
    Some(start..start + needle.len())
}

#[cfg(test)]
thread_local! {
    /// Every field that was asked for: the path of its table, and its key.
    static ASKED: RefCell<std::collections::BTreeSet<(Vec<String>, String)>> = const { RefCell::new(std::collections::BTreeSet::new()) };
}

/// The fields that are asked for while something is done.
#[cfg(test)]
pub(super) fn asked_for(work: impl FnOnce()) -> std::collections::BTreeSet<(Vec<String>, String)> {
    ASKED.take();
    work();
    ASKED.take()
}
