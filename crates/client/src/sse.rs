//! Server-sent events, taken apart as they come.

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    pub id: Option<String>,
    pub kind: String,
    pub data: String,
}

/// A line that grows beyond this is no event of ours.
const LONGEST: usize = 16 << 20;

/// Makes events of bytes, however they are cut.
#[derive(Debug, Default)]
pub struct Parser {
    /// The beginning of a line.
    line: Vec<u8>,
    sent: Sent,
    any: bool,
}

impl Parser {
    /// The events that these bytes complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Sent> {
        let mut events = Vec::new();
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.line.len() + part.len() > LONGEST {
                self.line.clear();
                continue;
            }
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                let line = String::from_utf8_lossy(&line);
                events.extend(self.take(line.trim_end_matches(['\n', '\r'])));
            }
        }
        events
    }

    fn take(&mut self, line: &str) -> Option<Sent> {
        if line.is_empty() {
            let sent = std::mem::take(&mut self.sent);
            return std::mem::take(&mut self.any).then_some(sent);
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => self.sent.id = Some(value.to_owned()),
            "event" => self.sent.kind = value.to_owned(),
            "data" => {
                if self.any {
                    self.sent.data.push('\n');
                }
                self.sent.data.push_str(value);
                self.any = true;
            }
            // A comment keeps the connection open; how long to wait is ours to say.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "retry: 1000\n\n:\n\nid: 7-1\nevent: progress\ndata: {\"a\":\r\ndata: 1}\n\nevent: missed\ndata: {}\n\nid: 7-2\n";

    fn sent(id: Option<&str>, kind: &str, data: &str) -> Sent {
        Sent { id: id.map(str::to_owned), kind: kind.to_owned(), data: data.to_owned() }
    }

    proptest! {
        #[test]
        fn events_are_the_same_however_they_are_cut(cuts in prop::collection::vec(1usize..9, 0..60)) {
            let (mut parser, mut rest, mut events) = (Parser::default(), TEXT.as_bytes(), Vec::new());
            for cut in cuts {
                let (now, later) = rest.split_at(cut.min(rest.len()));
                events.extend(parser.push(now));
                rest = later;
            }
            events.extend(parser.push(rest));
            prop_assert_eq!(events, vec![sent(Some("7-1"), "progress", "{\"a\":\n1}"), sent(None, "missed", "{}")]);
        }

        #[test]
        fn any_bytes_are_taken(bytes: Vec<u8>) {
            Parser::default().push(&bytes);
        }
    }
}
