//! An entry of a directory. The library's own reading gives up the thread where a server answers nonsense; this one says so.

use ldap3::ResultEntry;

/// Where it is, and what it has.
pub struct Entry {
    pub dn: String,
    attributes: Vec<(String, Vec<Vec<u8>>)>,
}

impl Entry {
    /// `None` for what is not built like an entry (RFC 4511, 4.5.2).
    pub fn read(found: ResultEntry) -> Option<Entry> {
        let mut parts = found.0.match_id(4)?.expect_constructed()?.into_iter();
        let dn = String::from_utf8(parts.next()?.expect_primitive()?).ok()?;
        let mut attributes = Vec::new();
        for attribute in parts.next()?.expect_constructed()? {
            let mut pair = attribute.expect_constructed()?.into_iter();
            let name = String::from_utf8(pair.next()?.expect_primitive()?).ok()?;
            let values = pair.next()?.expect_constructed()?.into_iter().map(|value| value.expect_primitive());
            attributes.push((name, values.collect::<Option<_>>()?));
        }
        Some(Entry { dn, attributes })
    }

    /// The values of an attribute, whose name the directory may write in other letters. What is no text is in hexadecimal.
    pub fn values(&self, attribute: &str) -> impl Iterator<Item = String> {
        let named = self.attributes.iter().filter(move |(name, _)| name.eq_ignore_ascii_case(attribute));
        named.flat_map(|(_, values)| values).map(|value| match str::from_utf8(value) {
            Ok(text) if !text.contains(char::is_control) => text.to_owned(),
            _ => value.iter().map(|byte| format!("{byte:02x}")).collect(),
        })
    }
}
