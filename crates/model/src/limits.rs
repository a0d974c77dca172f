//! The caps of a study: how much CPU time, how long, how many failures, before nothing more of it is started.

use std::fmt;
use std::str::FromStr;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Micros, Seconds};

/// What a study may use before nothing more of it is started. `None`: as much as it takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// CPU time of all attempts together.
    pub cpu: Option<Seconds>,
    /// Wall time during which it is worked on, all sessions together; pauses do not count.
    pub time: Option<Seconds>,
    /// Runs that have failed and were not opened again.
    pub failures: Option<FailureLimit>,
}

/// What a study has used of its limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    pub cpu: Micros,
    pub worked: Micros,
    pub failed: u64,
}

/// A limit of a study that has been reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cap {
    Cpu,
    Time,
    Failures,
}

/// How many runs may fail: a number of them, or a part of the study's points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FailureLimit {
    /// At least 1.
    Runs(u64),
    /// Of all points; above 0, up to 100.
    Percent(f64),
}

impl Limits {
    /// The first limit that has been reached, of a study of so many points.
    pub fn reached(&self, spent: &Spent, points: u64) -> Option<Cap> {
        let over =
            |limit: Option<Seconds>, used: Micros| limit.is_some_and(|limit| used.seconds() >= limit.0);
        if over(self.cpu, spent.cpu) {
            Some(Cap::Cpu)
        } else if over(self.time, spent.worked) {
            Some(Cap::Time)
        } else if self.failures.is_some_and(|limit| spent.failed >= limit.of(points)) {
            Some(Cap::Failures)
        } else {
            None
        }
    }
}

impl FailureLimit {
    /// The number of failed runs that is too many, for a study of so many points: at least 1.
    pub fn of(self, points: u64) -> u64 {
        match self {
            FailureLimit::Runs(runs) => runs,
            FailureLimit::Percent(percent) => ((points as f64 * percent / 100.0).ceil() as u64).max(1),
        }
    }

    /// What is expected of one, for messages.
    pub const EXPECTED: &'static str =
        "failed runs: an integer of at least 1, or a part of the points such as \"5 %\"";
}

impl fmt::Display for FailureLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FailureLimit::Runs(runs) => write!(f, "{runs}"),
            FailureLimit::Percent(percent) => write!(f, "{percent} %"),
        }
    }
}

impl FromStr for FailureLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<FailureLimit, String> {
        let text = text.trim();
        let read = match text.strip_suffix('%') {
            Some(percent) => {
                let percent = percent.trim_end().parse().ok();
                percent.filter(|percent| *percent > 0.0 && *percent <= 100.0).map(FailureLimit::Percent)
            }
            None => text.parse().ok().filter(|runs| *runs > 0).map(FailureLimit::Runs),
        };
        read.ok_or_else(|| format!("`{text}` is no limit of {}", FailureLimit::EXPECTED))
    }
}

/// A number stays a number, as it was before there were parts.
impl Serialize for FailureLimit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            FailureLimit::Runs(runs) => serializer.serialize_u64(*runs),
            FailureLimit::Percent(_) => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for FailureLimit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<FailureLimit, D::Error> {
        struct Either;

        impl Visitor<'_> for Either {
            type Value = FailureLimit;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(FailureLimit::EXPECTED)
            }

            fn visit_u64<E: Error>(self, runs: u64) -> Result<FailureLimit, E> {
                match runs {
                    0 => Err(E::invalid_value(Unexpected::Unsigned(0), &self)),
                    runs => Ok(FailureLimit::Runs(runs)),
                }
            }

            fn visit_i64<E: Error>(self, runs: i64) -> Result<FailureLimit, E> {
                let positive = u64::try_from(runs).ok().filter(|runs| *runs > 0);
                positive
                    .map(FailureLimit::Runs)
                    .ok_or_else(|| E::invalid_value(Unexpected::Signed(runs), &self))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<FailureLimit, E> {
                text.parse().map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_any(Either)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_failures_is_a_number_or_a_part() {
        for (text, json, of_200) in
            [("3", "3", 3), ("5 %", "\"5 %\"", 10), ("0.1%", "\"0.1 %\"", 1), ("7%", "\"7 %\"", 14)]
        {
            let limit: FailureLimit = text.parse().unwrap();
            assert_eq!(serde_json::to_string(&limit).unwrap(), json);
            assert_eq!(serde_json::from_str::<FailureLimit>(json).unwrap(), limit);
            assert_eq!(limit.of(200), of_200, "{text}");
        }
        for text in ["0", "-1", "0 %", "101 %", "nan %", "many", "1.5", ""] {
            assert!(text.parse::<FailureLimit>().is_err(), "{text}");
            let json = serde_json::to_string(text).unwrap();
            assert!(serde_json::from_str::<FailureLimit>(&json).is_err(), "{json}");
        }
        for json in ["0", "-1", "1.5", "null", "[]"] {
            assert!(serde_json::from_str::<FailureLimit>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn the_first_limit_that_is_reached_is_named() {
        let limits = Limits {
            cpu: Some(Seconds(10.0)),
            time: Some(Seconds(60.0)),
            failures: Some(FailureLimit::Percent(50.0)),
        };
        let spent = |cpu, worked, failed| Spent { cpu: Micros(cpu), worked: Micros(worked), failed };
        for (spent, cap) in [
            (spent(9_999_999, 59_999_999, 4), None),
            (spent(10_000_000, 60_000_000, 5), Some(Cap::Cpu)),
            (spent(0, 60_000_000, 5), Some(Cap::Time)),
            (spent(0, 0, 5), Some(Cap::Failures)),
        ] {
            assert_eq!(limits.reached(&spent, 10), cap);
        }
        assert_eq!(Limits::default().reached(&spent(u64::MAX, u64::MAX, u64::MAX), 1), None);
    }
}
