//! Quantities with a unit, as people write them: `"256 MiB"`, `"10 min"`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// An amount of memory or storage, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bytes(pub u64);

/// A length of time, in seconds; never negative, never infinite.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seconds(pub f64);

const MEMORY: [(&str, u64); 14] = [
    ("B", 1),
    ("kB", 1_000),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("K", 1 << 10),
    ("M", 1 << 20),
    ("G", 1 << 30),
    ("T", 1 << 40),
];

const TIME: [(&str, f64); 12] = [
    ("us", 1e-6),
    ("µs", 1e-6),
    ("ms", 1e-3),
    ("s", 1.0),
    ("sec", 1.0),
    ("min", 60.0),
    ("m", 60.0),
    ("h", 3600.0),
    ("hour", 3600.0),
    ("hours", 3600.0),
    ("d", 86_400.0),
    ("days", 86_400.0),
];

/// Splits `"1.5 GiB"` into its number and its unit.
fn split(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let end = text
        .char_indices()
        .find(|&(i, c)| {
            let exponent = matches!(c, 'e' | 'E')
                && text[i + 1..].trim_start_matches(['-', '+']).starts_with(|d: char| d.is_ascii_digit());
            let sign = matches!(c, '-' | '+') && (i == 0 || text[..i].ends_with(['e', 'E']));
            !(c.is_ascii_digit() || c == '.' || exponent || sign)
        })
        .map_or(text.len(), |(i, _)| i);
    let number: f64 = text[..end].parse().ok()?;
    Some((number, text[end..].trim()))
}

impl FromStr for Bytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Bytes, String> {
        let expected = || {
            format!(
                "`{text}` is not an amount of memory; write a number and a unit, such as \"256 MiB\" or \"2 GB\""
            )
        };
        let (number, unit) = split(text).ok_or_else(expected)?;
        let factor = MEMORY.iter().find(|(u, _)| *u == unit).ok_or_else(expected)?.1;
        let bytes = number * factor as f64;
        if !(bytes >= 1.0 && bytes < 2f64.powi(63)) {
            return Err(format!(
                "`{text}` is not a possible amount of memory; it must be at least 1 B and below 8 EiB"
            ));
        }
        Ok(Bytes(bytes.round() as u64))
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, factor) = [("TiB", 1u64 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
            .into_iter()
            .find(|&(_, factor)| self.0 >= factor)
            .unwrap_or(("B", 1));
        let number = self.0 as f64 / factor as f64;
        if number.fract() == 0.0 { write!(f, "{number} {unit}") } else { write!(f, "{number:.1} {unit}") }
    }
}

impl FromStr for Seconds {
    type Err = String;

    fn from_str(text: &str) -> Result<Seconds, String> {
        let expected = || {
            format!(
                "`{text}` is not a length of time; write a number and a unit, such as \"10 min\", \"1.5 h\" or \"30 s\""
            )
        };
        let (number, unit) = split(text).ok_or_else(expected)?;
        let factor = TIME.iter().find(|(u, _)| *u == unit).ok_or_else(expected)?.1;
        Seconds::new(number * factor).ok_or_else(|| {
            format!("`{text}` is not a possible length of time; it must be above zero and below 1000 years")
        })
    }
}

impl Seconds {
    /// `None` unless above zero and below 1,000 years.
    pub fn new(seconds: f64) -> Option<Seconds> {
        (seconds > 0.0 && seconds < 3.2e10).then_some(Seconds(seconds))
    }

    pub fn duration(self) -> Duration {
        Duration::from_secs_f64(self.0)
    }
}

impl fmt::Display for Seconds {
    /// Two significant parts at most: `350 ms`, `4.2 s`, `3 min 20 s`, `2 d 3 h`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = self.0;
        if s < 1e-3 {
            return write!(f, "{:.0} µs", s * 1e6);
        }
        if s < 1.0 {
            return write!(f, "{:.0} ms", s * 1e3);
        }
        if s < 60.0 {
            let tenth = (s * 10.0).round() / 10.0;
            return write!(f, "{tenth} s");
        }
        let whole = s.round() as u64;
        let (big, small, a, b) = match whole {
            0..3600 => (60, 1, "min", "s"),
            3600..86_400 => (3600, 60, "h", "min"),
            _ => (86_400, 3600, "d", "h"),
        };
        match whole % big / small {
            0 => write!(f, "{} {a}", whole / big),
            rest => write!(f, "{} {a} {rest} {b}", whole / big),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_and_shown() {
        for (text, bytes) in [
            ("256 MiB", 256 << 20),
            ("2GB", 2_000_000_000),
            ("1.5 GiB", 3 << 29),
            ("1e3 B", 1000),
            ("4G", 4 << 30),
        ] {
            assert_eq!(text.parse(), Ok(Bytes(bytes)), "{text}");
        }
        for wrong in ["", "MiB", "12", "1 XB", "-1 MiB", "0 B", "1e30 TiB", "NaN B"] {
            assert!(wrong.parse::<Bytes>().is_err(), "{wrong}");
        }
        assert_eq!(Bytes(256 << 20).to_string(), "256 MiB");
        assert_eq!(Bytes(1500).to_string(), "1.5 KiB");
    }

    #[test]
    fn time_is_read_and_shown() {
        for (text, seconds) in
            [("10 min", 600.0), ("1.5h", 5400.0), ("30 s", 30.0), ("250ms", 0.25), ("2 d", 172_800.0)]
        {
            assert_eq!(text.parse(), Ok(Seconds(seconds)), "{text}");
        }
        for wrong in ["", "10", "10 minutes ago", "-1 s", "0 s", "inf s"] {
            assert!(wrong.parse::<Seconds>().is_err(), "{wrong}");
        }
        for (seconds, text) in [
            (0.35, "350 ms"),
            (4.21, "4.2 s"),
            (200.0, "3 min 20 s"),
            (7200.0, "2 h"),
            (183_600.0, "2 d 3 h"),
        ] {
            assert_eq!(Seconds(seconds).to_string(), text);
        }
    }
}
