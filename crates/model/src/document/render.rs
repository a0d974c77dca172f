//! A diagnostic as a terminal shows it: the message, the place, the line and what is wrong in it.

use std::fmt::Write;

use crate::Diagnostic;

/// The most of a line that is shown, in characters.
const WIDEST: usize = 120;

/// The diagnostic with its source line, as plain text that ends with a line break:
///
/// ```text
/// `space.k1.step`: a step cannot be 0
///   --> study.toml:7:32
///    |
///  7 | k1 = { from = 0, to = 1, step = 0 }
///    |                                 ^
///    = help: write how far one value is from the next, such as `step = 0.1`
/// ```
pub fn render(diagnostic: &Diagnostic, text: &str, file: &str) -> String {
    let mut out = String::new();
    if !diagnostic.field.0.is_empty() {
        // Writing to a string cannot fail, here and below.
        let _ = write!(out, "`{}`: ", diagnostic.field);
    }
    out.push_str(&diagnostic.message);
    out.push('\n');
    let number = diagnostic.position.as_ref().map_or(String::new(), |position| position.line.to_string());
    let margin = " ".repeat(number.len() + 1);
    match &diagnostic.position {
        None => {
            let _ = writeln!(out, "{margin}--> {file}");
        }
        Some(position) => {
            let line = text.lines().nth(position.line - 1).unwrap_or("");
            let before = position.column - 1;
            let marked = match text.get(position.bytes.clone()) {
                Some(bytes) => bytes.lines().next().unwrap_or("").chars().count(),
                None => 1,
            };
            // A long line is shown from a little before what is wrong.
            let skipped =
                if before + marked.min(40) > WIDEST { before.saturating_sub(WIDEST / 3) } else { 0 };
            let shown: String = line.chars().skip(skipped).take(WIDEST).map(visible).collect();
            let room = shown.chars().count().saturating_sub(before - skipped);
            let indent: String =
                shown.chars().chain(std::iter::repeat(' ')).take(before - skipped).map(blank).collect();
            let _ = writeln!(out, "{margin}--> {file}:{}:{}", position.line, position.column);
            let _ = writeln!(out, "{margin} |");
            let _ = writeln!(out, " {number} | {}", shown.trim_end());
            let _ = writeln!(out, "{margin} | {indent}{}", "^".repeat(marked.min(room).max(1)));
        }
    }
    if let Some(help) = &diagnostic.help {
        let _ = writeln!(out, "{margin} = help: {help}");
    }
    out
}

/// Control characters would move the cursor.
fn visible(c: char) -> char {
    if c.is_control() && c != '\t' { '\u{fffd}' } else { c }
}

/// The indent of the marks has the tabs of the line, so that both are equally wide.
fn blank(c: char) -> char {
    if c == '\t' { '\t' } else { ' ' }
}
