//! Where the runs of a study may be made.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Name;

/// The site that the process which works on a study is on, with the workers that were started by hand.
const LOCAL: &str = "local";
/// Any site there is.
const AUTO: &str = "auto";

/// Names of sites, the preferred first; or any that fits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Words", into = "Words")]
pub struct SiteList(Vec<Name>);

/// As files and the API say it: a word, or a list of words.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Words {
    One(String),
    Many(Vec<String>),
}

impl SiteList {
    /// What is expected of a field that says it.
    pub const EXPECTED: &str = "the name of a site, several in a list, or \"auto\"";

    /// A list of these names, at least one, no one twice; `auto` stands alone.
    ///
    /// # Errors
    ///
    /// What is wrong, for people.
    pub fn of<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<SiteList, String> {
        let mut names: Vec<Name> = Vec::new();
        for word in words {
            let name = Name::new(word.trim()).map_err(|error| error.to_string())?;
            if names.contains(&name) {
                return Err(format!("the site `{name}` is there twice"));
            }
            names.push(name);
        }
        match names.as_slice() {
            [] => Err("expected at least one site, such as \"local\"".to_owned()),
            [_, _, ..] if names.iter().any(|name| name.as_str() == AUTO) => {
                Err("`auto` stands for every site there is; leave out the others".to_owned())
            }
            _ => Ok(SiteList(names)),
        }
    }

    /// Whether every site will do.
    pub fn is_auto(&self) -> bool {
        self.0.iter().any(|name| name.as_str() == AUTO)
    }

    /// Whether runs may be made at a site.
    pub fn takes(&self, site: &str) -> bool {
        self.is_auto() || self.0.iter().any(|name| name.as_str() == site)
    }

    /// Whether runs may be made where the study is worked on.
    pub fn takes_local(&self) -> bool {
        self.takes(LOCAL)
    }

    /// Whether runs are made where the study is worked on and nowhere else.
    pub fn is_local(&self) -> bool {
        matches!(self.0.as_slice(), [only] if only.as_str() == LOCAL)
    }

    /// The sites elsewhere that are named; none for `auto`.
    pub fn elsewhere(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(Name::as_str).filter(|name| ![LOCAL, AUTO].contains(name))
    }

    /// The words, as they were said.
    pub fn words(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(Name::as_str)
    }
}

impl Default for SiteList {
    /// The site of the process that works on the study.
    fn default() -> SiteList {
        SiteList(Name::new(LOCAL).into_iter().collect())
    }
}

/// With commas between the names, as on the command line.
impl FromStr for SiteList {
    type Err = String;

    fn from_str(text: &str) -> Result<SiteList, String> {
        SiteList::of(text.split(','))
    }
}

impl fmt::Display for SiteList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words().collect::<Vec<_>>().join(","))
    }
}

impl TryFrom<Words> for SiteList {
    type Error = String;

    fn try_from(words: Words) -> Result<SiteList, String> {
        match words {
            Words::One(word) => SiteList::of([word.as_str()]),
            Words::Many(words) => SiteList::of(words.iter().map(String::as_str)),
        }
    }
}

impl From<SiteList> for Words {
    fn from(list: SiteList) -> Words {
        let mut words: Vec<String> = list.words().map(str::to_owned).collect();
        match words.len() {
            1 => Words::One(words.remove(0)),
            _ => Words::Many(words),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_several_or_any() {
        let both: SiteList = "hpc, local".parse().unwrap();
        assert!(both.takes("hpc") && both.takes_local() && !both.takes("other") && !both.is_local());
        assert_eq!(both.elsewhere().collect::<Vec<_>>(), ["hpc"]);
        assert_eq!(both.to_string(), "hpc,local");
        let any: SiteList = "auto".parse().unwrap();
        assert!(any.takes("anywhere") && any.takes_local() && any.elsewhere().next().is_none());
        assert!(SiteList::default().is_local());
    }

    #[test]
    fn what_is_no_list_of_sites_is_refused() {
        for (text, word) in
            [("", "empty"), ("hpc,hpc", "twice"), ("auto,hpc", "leave out the others"), ("1", "starts with")]
        {
            let error = text.parse::<SiteList>().unwrap_err();
            assert!(error.contains(word), "{text}: {error}");
        }
        assert!(SiteList::of([]).is_err());
    }

    #[test]
    fn json_is_a_word_or_a_list() {
        for json in ["\"local\"", "[\"hpc\",\"local\"]"] {
            let list: SiteList = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&list).unwrap(), json);
        }
        assert!(serde_json::from_str::<SiteList>("[]").is_err());
    }
}
