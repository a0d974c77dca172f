//! What a method is told beside count and seed: the fields of a `sample` that only the method knows.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use paramo_model::{Setting, Value, nearest};

use crate::method::Refusal;

/// An option of a method, for people who choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionHelp {
    /// As study files name it, beside `method`, `count`, `seed` and `start`.
    pub name: &'static str,
    /// What it is good for, one sentence.
    pub help: &'static str,
    /// What it may be: `"owen", "shift" or "none"`.
    pub values: &'static str,
    /// What it is when it is not given.
    pub default: &'static str,
}

/// The options of a sample as they were written.
#[derive(Clone, Debug, Default)]
pub struct Options {
    given: BTreeMap<String, Setting>,
}

impl Options {
    pub fn new(given: BTreeMap<String, Setting>) -> Options {
        Options { given }
    }

    /// The first name that a method does not know, with what is known instead.
    pub(crate) fn unknown(&self, known: &[OptionHelp]) -> Option<Refusal> {
        let name = self.given.keys().find(|name| known.iter().all(|option| option.name != **name))?;
        let names = ["method", "count", "seed", "start"].into_iter().chain(known.iter().map(|o| o.name));
        let help = match nearest(name, names) {
            Some(name) => format!("did you mean `{name}`?"),
            None if known.is_empty() => "the fields are method, count, seed, start".to_owned(),
            None => {
                let known: Vec<&str> = known.iter().map(|option| option.name).collect();
                format!("its options are {}", known.join(", "))
            }
        };
        Some(Refusal::new(name, format!("there is no option `{name}`")).help(help))
    }

    /// One of some words; `None` if the option is not given.
    ///
    /// # Errors
    ///
    /// The words there are, and the nearest.
    pub fn word<T: Clone>(&self, name: &'static str, words: &[(&str, T)]) -> Result<Option<T>, Refusal> {
        let Some(setting) = self.given.get(name) else { return Ok(None) };
        let text = match setting {
            Setting::Value(Value::String(text)) => text.as_ref(),
            _ => "",
        };
        if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text) {
            return Ok(Some(meaning.clone()));
        }
        let list: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        let refusal =
            Refusal::new(name, format!("expected one of {}, found {}", list.join(", "), found(setting)));
        Err(match nearest(text, words.iter().map(|(word, _)| *word)) {
            Some(word) if !text.is_empty() => refusal.help(format!("did you mean \"{word}\"?")),
            _ => refusal,
        })
    }

    /// An integer within bounds; `None` if the option is not given.
    ///
    /// # Errors
    ///
    /// Anything else.
    pub fn integer(&self, name: &'static str, within: RangeInclusive<i64>) -> Result<Option<i64>, Refusal> {
        match self.given.get(name) {
            None => Ok(None),
            Some(Setting::Value(Value::Integer(i))) if within.contains(i) => Ok(Some(*i)),
            Some(setting) => Err(not_within(name, "an integer", &within, setting)),
        }
    }

    /// One integer or a list of them, each within bounds; `None` if the option is not given.
    ///
    /// # Errors
    ///
    /// Anything else, an empty list among it.
    pub fn integers(
        &self,
        name: &'static str,
        within: RangeInclusive<i64>,
    ) -> Result<Option<Vec<i64>>, Refusal> {
        let Some(setting) = self.given.get(name) else { return Ok(None) };
        let list = match setting {
            Setting::Value(value) => std::slice::from_ref(value),
            Setting::List(list) => list.as_slice(),
        };
        let whole = |value: &Value| match value {
            Value::Integer(i) if within.contains(i) => Some(*i),
            _ => None,
        };
        match list.iter().map(whole).collect::<Option<Vec<i64>>>() {
            Some(list) if !list.is_empty() => Ok(Some(list)),
            _ => Err(not_within(name, "an integer or a list of integers", &within, setting)),
        }
    }

    /// A finite number; `None` if the option is not given.
    ///
    /// # Errors
    ///
    /// Anything else.
    pub fn number(&self, name: &'static str) -> Result<Option<f64>, Refusal> {
        match self.given.get(name) {
            None => Ok(None),
            Some(Setting::Value(value @ (Value::Integer(_) | Value::Float(_))))
                if value.as_f64().is_some_and(f64::is_finite) =>
            {
                Ok(value.as_f64())
            }
            Some(setting) => {
                Err(Refusal::new(name, format!("expected a finite number, found {}", found(setting))))
            }
        }
    }

    /// True or false; `None` if the option is not given.
    ///
    /// # Errors
    ///
    /// Anything else.
    pub fn boolean(&self, name: &'static str) -> Result<Option<bool>, Refusal> {
        match self.given.get(name) {
            None => Ok(None),
            Some(Setting::Value(Value::Boolean(b))) => Ok(Some(*b)),
            Some(setting) => {
                Err(Refusal::new(name, format!("expected true or false, found {}", found(setting))))
            }
        }
    }

    /// A string; `None` if the option is not given.
    ///
    /// # Errors
    ///
    /// Anything else.
    pub fn text(&self, name: &'static str) -> Result<Option<&str>, Refusal> {
        match self.given.get(name) {
            None => Ok(None),
            Some(Setting::Value(Value::String(text))) => Ok(Some(text)),
            Some(setting) => Err(Refusal::new(name, format!("expected a string, found {}", found(setting)))),
        }
    }

    /// Whether an option is a word rather than a number, where it may be either.
    pub fn is_text(&self, name: &str) -> bool {
        matches!(self.given.get(name), Some(Setting::Value(Value::String(_))))
    }

    /// The options in words, in the order of their names: ", scramble owen".
    pub(crate) fn words(&self) -> String {
        self.given.iter().map(|(name, setting)| format!(", {name} {}", words(setting))).collect()
    }
}

fn not_within(name: &str, what: &str, within: &RangeInclusive<i64>, setting: &Setting) -> Refusal {
    let (least, most) = (within.start(), within.end());
    let bounds =
        if *most == i64::MAX { format!("at least {least}") } else { format!("from {least} to {most}") };
    Refusal::new(name, format!("expected {what} {bounds}, found {}", found(setting)))
}

fn words(setting: &Setting) -> String {
    match setting {
        Setting::Value(value) => value.to_string(),
        Setting::List(list) => {
            format!("[{}]", list.iter().map(Value::to_string).collect::<Vec<_>>().join(", "))
        }
    }
}

fn found(setting: &Setting) -> String {
    match setting {
        Setting::Value(Value::String(text)) => format!("\"{text}\""),
        Setting::List(list) if list.is_empty() => "an empty list".to_owned(),
        setting => words(setting),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(name: &str, setting: Setting) -> Options {
        Options::new([(name.to_owned(), setting)].into())
    }

    fn one(value: impl Into<Value>) -> Options {
        options("o", Setting::Value(value.into()))
    }

    #[test]
    fn options_are_what_they_were_set_to() {
        let none = Options::default();
        assert_eq!(none.word("o", &[("a", 1)]), Ok(None));
        assert_eq!(none.integers("o", 0..=9), Ok(None));
        assert_eq!(one("b").word("o", &[("a", 1), ("b", 2)]), Ok(Some(2)));
        assert_eq!(one(3).integer("o", 0..=9), Ok(Some(3)));
        assert_eq!(one(3).integers("o", 0..=9), Ok(Some(vec![3])));
        let list = options("o", Setting::List(vec![1.into(), 2.into()]));
        assert_eq!(list.integers("o", 0..=9), Ok(Some(vec![1, 2])));
        assert_eq!((one(2).number("o"), one(0.5).number("o")), (Ok(Some(2.0)), Ok(Some(0.5))));
        assert_eq!((one(true).boolean("o"), one("x").text("o")), (Ok(Some(true)), Ok(Some("x"))));
        assert!(one("x").is_text("o") && !one(1).is_text("o"));
    }

    #[test]
    fn what_else_is_refused_says_what_was_expected() {
        let said = |refusal: Option<Refusal>| {
            refusal.map_or("nothing".to_owned(), |r| {
                format!("{}: {} ({})", r.field, r.message, r.help.unwrap_or_default())
            })
        };
        let known = [OptionHelp { name: "scramble", help: "", values: "", default: "" }];
        let empty = options("o", Setting::List(Vec::new()));
        let refusals = [
            one("owne").word("o", &[("owen", 1), ("none", 2)]).err(),
            one(1).word("o", &[("owen", 1), ("none", 2)]).err(),
            one(10).integer("o", 0..=9).err(),
            one(0.5).integer("o", 1..=i64::MAX).err(),
            empty.integers("o", 0..=9).err(),
            one(f64::NAN).number("o").err(),
            one("yes").boolean("o").err(),
            one(1).text("o").err(),
            options("scrambel", Setting::Value(1.into())).unknown(&known),
            options("sed", Setting::Value(1.into())).unknown(&known),
            options("zzz", Setting::Value(1.into())).unknown(&known),
            options("zzz", Setting::Value(1.into())).unknown(&[]),
        ];
        insta::assert_snapshot!(refusals.map(said).join("\n"), @r#"
        o: expected one of "owen", "none", found "owne" (did you mean "owen"?)
        o: expected one of "owen", "none", found 1 ()
        o: expected an integer from 0 to 9, found 10 ()
        o: expected an integer at least 1, found 0.5 ()
        o: expected an integer or a list of integers from 0 to 9, found an empty list ()
        o: expected a finite number, found NaN ()
        o: expected true or false, found "yes" ()
        o: expected a string, found 1 ()
        scrambel: there is no option `scrambel` (did you mean `scramble`?)
        sed: there is no option `sed` (did you mean `seed`?)
        zzz: there is no option `zzz` (its options are scramble)
        zzz: there is no option `zzz` (the fields are method, count, seed, start)
        "#);
    }
}
