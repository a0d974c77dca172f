//! Small texts: numbers, times, counts.

use chrono::{DateTime, Local, SecondsFormat, Utc};
use paramo_model::{Attempt, Ended, Seconds, Timestamp};

/// `1 234 567`, with thin groups that do not break.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    if digits.len() <= 4 {
        return digits;
    }
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// `1 run`, `2 runs`.
pub fn plural(n: u64, word: &str) -> String {
    format!("{} {word}{}", count(n), if n == 1 { "" } else { "s" })
}

/// The local time of a moment, to the second.
pub fn local_time(at: Timestamp) -> String {
    match DateTime::<Utc>::from_timestamp_micros(at.0) {
        Some(time) => time.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S").to_string(),
        None => "at an unknown time".to_owned(),
    }
}

/// A moment as RFC 3339 in UTC, for JSON.
pub fn timestamp_json(at: Timestamp) -> serde_json::Value {
    DateTime::<Utc>::from_timestamp_micros(at.0)
        .map_or(serde_json::Value::Null, |time| time.to_rfc3339_opts(SecondsFormat::Micros, true).into())
}

/// A bar of `width` characters, filled in eighths.
pub fn bar(fraction: f64, width: usize) -> String {
    const PARTS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];
    let eighths = (fraction.clamp(0.0, 1.0) * width as f64 * 8.0).floor() as usize;
    let mut out: String = std::iter::repeat_n('█', eighths / 8).collect();
    if !eighths.is_multiple_of(8) {
        out.push(PARTS[eighths % 8 - 1]);
    }
    let filled = out.chars().count();
    out.extend(std::iter::repeat_n(' ', width.saturating_sub(filled)));
    out
}

/// One attempt in a line: how it ended, when it started, what it took.
pub fn attempt_line(attempt: &Attempt) -> String {
    let how = match &attempt.ended {
        Ended::Succeeded => "succeeded".to_owned(),
        Ended::Failed(cause) => cause.to_string(),
    };
    let memory = match attempt.peak_memory.0 {
        0 => String::new(),
        _ => format!(", at most {} of memory", attempt.peak_memory),
    };
    format!(
        "{how}; started {}, took {} ({} of CPU){memory}, slot {}",
        local_time(attempt.started),
        Seconds(attempt.wall.seconds()),
        Seconds(attempt.cpu.seconds()),
        attempt.slot
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_from_five_digits() {
        assert_eq!((count(625), count(1_000_000_000)), ("625".into(), "1 000 000 000".into()));
        assert_eq!((plural(1, "run"), plural(10_000, "run")), ("1 run".into(), "10 000 runs".into()));
    }

    #[test]
    fn bars_have_their_width() {
        for tenth in 0..=10 {
            assert_eq!(bar(f64::from(tenth) / 10.0, 12).chars().count(), 12);
        }
        assert_eq!(bar(0.5, 4), "██  ");
    }
}
