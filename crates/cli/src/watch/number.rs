//! Numbers and times in few characters.

/// Four significant digits: `0.3`, `1.234e9`, `12.5`.
pub fn brief(x: f64) -> String {
    if !x.is_finite() || x == 0.0 {
        return format!("{x}");
    }
    let magnitude = x.abs();
    let trimmed = |text: String| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    };
    // What rounds up to the next power of ten is as long as that.
    if (1e-3..99_995.0).contains(&magnitude) {
        let decimals = (3 - magnitude.log10().floor() as i32).clamp(0, 6) as usize;
        return trimmed(format!("{x:.decimals$}"));
    }
    let text = format!("{x:.3e}");
    match text.split_once('e') {
        Some((digits, exponent)) => format!("{}e{exponent}", trimmed(digits.to_owned())),
        None => text,
    }
}

/// Seconds as people read a clock: `7 s`, `2:05`, `1:02:05`, `3 d 4 h`.
pub fn clock(seconds: f64) -> String {
    let whole = if seconds.is_finite() { seconds.max(0.0) as u64 } else { 0 };
    let (days, hours, minutes, rest) = (whole / 86400, whole / 3600 % 24, whole / 60 % 60, whole % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{rest} s"),
        (0, 0, _) => format!("{minutes}:{rest:02}"),
        (0, _, _) => format!("{hours}:{minutes:02}:{rest:02}"),
        _ => format!("{days} d {hours} h"),
    }
}

/// The beginning of a text, so that it is no wider than this; an ellipsis says that there is more.
pub fn shortened(text: &str, width: usize) -> String {
    use ratatui::text::Span;
    if Span::raw(text).width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    for c in text.chars() {
        let longer = format!("{out}{c}");
        if Span::raw(longer.as_str()).width() + 1 > width {
            break;
        }
        out = longer;
    }
    if width > 0 {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_brief() {
        let texts =
            [0.1 + 0.2, 1e9, 123_456.7, 1e-10, 42.0, 0.0, -99_999.9, 12_345.6, 0.001_234_56].map(brief);
        assert_eq!(texts, ["0.3", "1e9", "1.235e5", "1e-10", "42", "0", "-1e5", "12346", "0.001235"]);
    }

    #[test]
    fn times_are_clocks() {
        let texts = [0.4, 59.9, 125.0, 3725.0, 273_700.0, f64::NAN].map(clock);
        assert_eq!(texts, ["0 s", "59 s", "2:05", "1:02:05", "3 d 4 h", "0 s"]);
    }

    #[test]
    fn texts_keep_to_their_width() {
        assert_eq!(
            ["k1=5", "k1=50000", "長い名前"].map(|text| shortened(text, 6)),
            ["k1=5", "k1=50…", "長い…"]
        );
        assert_eq!(shortened("abc", 0), "");
    }
}
