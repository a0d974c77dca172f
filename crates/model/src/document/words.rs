//! A command line in one string, split into words as a shell splits it, without anything else a shell does.

/// Why a text cannot be split.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SplitError {
    pub(super) message: String,
    /// The part of the text that is wrong.
    pub(super) word: String,
    pub(super) help: Option<String>,
}

/// What a shell takes for itself when it stands alone.
const SHELL: [&str; 12] = ["|", "||", "&", "&&", ";", ">", ">>", "<", "<<", "2>", "2>&1", "&>"];

/// Words are separated by white space. `'…'` is literal; in `"…"` a backslash stands before `"` and itself; elsewhere it
/// takes the next character as it is.
pub(super) fn split(text: &str) -> Result<Vec<String>, SplitError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            c if c.is_whitespace() => finish(&mut words, word.take(), std::mem::take(&mut quoted))?,
            '\'' | '"' => {
                quoted = true;
                let started = format!("{c}{}", rest.as_str());
                let word = word.get_or_insert_default();
                loop {
                    match rest.next() {
                        None => {
                            return Err(SplitError {
                                message: format!("a word that begins with {c} must end with {c}"),
                                word: started,
                                help: None,
                            });
                        }
                        Some(end) if end == c => break,
                        Some('\\') if c == '"' => match rest.next() {
                            Some(escaped @ ('"' | '\\')) => word.push(escaped),
                            Some(other) => word.extend(['\\', other]),
                            None => word.push('\\'),
                        },
                        Some(other) => word.push(other),
                    }
                }
            }
            '\\' => match rest.next() {
                Some(escaped) => {
                    quoted = true;
                    word.get_or_insert_default().push(escaped);
                }
                None => word.get_or_insert_default().push('\\'),
            },
            c => word.get_or_insert_default().push(c),
        }
    }
    finish(&mut words, word, quoted)?;
    Ok(words)
}

fn finish(words: &mut Vec<String>, word: Option<String>, quoted: bool) -> Result<(), SplitError> {
    let Some(word) = word else { return Ok(()) };
    if !quoted && SHELL.contains(&word.as_str()) {
        return Err(SplitError {
            message: format!("`{word}` needs a shell, and commands run without one"),
            word,
            help: Some("write `command = [\"sh\", \"-c\", \"…\"]`, or put the word in quotes".to_owned()),
        });
    }
    words.push(word);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_a_shell_splits_them() {
        for (text, words) in [
            ("sim --x {x}", vec!["sim", "--x", "{x}"]),
            ("  a\t b\n", vec!["a", "b"]),
            ("'a b' \"c \\\"d\\\" \\n\" e\\ f", vec!["a b", "c \"d\" \\n", "e f"]),
            ("--x='{x} M'y", vec!["--x={x} My"]),
            ("'' \"\"", vec!["", ""]),
            ("echo '|' \\; a|b", vec!["echo", "|", ";", "a|b"]),
            ("", vec![]),
        ] {
            assert_eq!(split(text), Ok(words.into_iter().map(str::to_owned).collect()), "{text}");
        }
        assert_eq!(split("a 'b c").unwrap_err().word, "'b c");
        assert_eq!(split("a | b").unwrap_err().message, "`|` needs a shell, and commands run without one");
    }
}
