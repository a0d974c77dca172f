//! Distinguished names, as far as groups need them (RFC 4514): the first value, and whether one is below another.

/// The first value of a name: `hes` of `cn=hes,ou=groups,dc=example`. `None` for what is no such name.
pub fn first_value(name: &str) -> Option<String> {
    let first = parts(name).into_iter().next()?;
    // Of a first part with several attributes the first counts.
    let first = split(first, '+').into_iter().next()?;
    let (_, value) = first.split_once('=')?;
    unescaped(value.trim()).filter(|value| !value.is_empty())
}

/// Whether an entry is below another one, or is that one.
pub fn below(name: &str, base: &str) -> bool {
    let (name, base) = (normal(name), normal(base));
    name.ends_with(&base)
}

/// The parts with what may be written differently made the same: letters, and blanks beside signs.
fn normal(name: &str) -> Vec<String> {
    let part = |part: &str| match part.split_once('=') {
        Some((attribute, value)) => format!("{}={}", attribute.trim(), value.trim()).to_lowercase(),
        None => part.trim().to_lowercase(),
    };
    parts(name).into_iter().map(part).collect()
}

fn parts(name: &str) -> Vec<&str> {
    if name.trim().is_empty() { Vec::new() } else { split(name, ',') }
}

/// Splits at a sign that is not escaped.
fn split(text: &str, sign: char) -> Vec<&str> {
    let (mut found, mut start, mut escaped) = (Vec::new(), 0, false);
    for (at, character) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if character == '\\' {
            escaped = true;
        } else if character == sign {
            found.push(&text[start..at]);
            start = at + sign.len_utf8();
        }
    }
    found.push(&text[start..]);
    found
}

/// A value without its escapes: `\,` or `\2C`. `None` where they are not whole, or the value is no text.
fn unescaped(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let next = rest.next()?;
        match (next as char).to_digit(16) {
            Some(high) => bytes.push((high * 16 + (rest.next()? as char).to_digit(16)?) as u8),
            None => bytes.push(next),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use ldap3::dn_escape;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn groups_are_called_by_their_first_value() {
        for (name, value) in [
            ("cn=hes,ou=groups,dc=example", Some("hes")),
            ("CN = Big Group , ou=x", Some("Big Group")),
            (r"cn=a\,b\2c \c3\a4+uid=2,dc=x", Some("a,b, ä")),
            (r"cn=a\+b,dc=x", Some("a+b")),
            ("hes", None),
            ("", None),
            ("cn=", None),
            (r"cn=a\", None),
            (r"cn=\ff", None),
        ] {
            assert_eq!(first_value(name).as_deref(), value, "{name}");
        }
    }

    #[test]
    fn an_entry_is_below_another_by_whole_parts() {
        for (name, base, is) in [
            ("cn=a,ou=groups,dc=x", "ou=groups,dc=x", true),
            ("cn=a, OU=Groups , dc=x", "ou=groups,dc=X", true),
            ("ou=groups,dc=x", "ou=groups,dc=x", true),
            ("cn=a,ou=moregroups,dc=x", "groups,dc=x", false),
            (r"cn=a\,ou=groups,dc=x", "ou=groups,dc=x", false),
            ("dc=x", "ou=groups,dc=x", false),
            ("cn=a", "", true),
        ] {
            assert_eq!(below(name, base), is, "{name} below {base}");
        }
    }

    proptest! {
        #[test]
        fn what_was_escaped_is_read_back(value in "[ -~äß]{1,20}") {
            prop_assume!(value.trim() == value);
            let name = format!("cn={},dc=x", dn_escape(value.as_str()));
            prop_assert_eq!(first_value(&name), Some(value));
        }

        #[test]
        fn any_text_is_read_without_failing(name in "\\PC{0,40}") {
            let _ = (first_value(&name), below(&name, &name));
        }
    }
}
