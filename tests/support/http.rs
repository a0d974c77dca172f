//! The least of an HTTP client: one request a connection, over loopback.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A server as tests speak to it.
pub struct Http {
    /// `127.0.0.1:8090`.
    pub address: String,
    pub token: String,
}

/// What it answered.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    /// Lower-case names.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Http {
    /// From a link with a token in it.
    #[track_caller]
    pub fn of_link(link: &str) -> Http {
        let rest = link.trim().strip_prefix("http://").unwrap_or_else(|| panic!("no link: {link}"));
        let (address, token) = rest.split_once("/?token=").unwrap_or_else(|| panic!("no token: {link}"));
        Http { address: address.to_owned(), token: token.to_owned() }
    }

    #[track_caller]
    pub fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], "")
    }

    #[track_caller]
    pub fn post(&self, path: &str, json: &serde_json::Value) -> Reply {
        self.send("POST", path, &[("content-type", "application/json")], &json.to_string())
    }

    /// A request with the token, unless an `authorization` is given.
    #[track_caller]
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut stream = self.open(method, path, headers, body);
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let split = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let split = split.unwrap_or_else(|| panic!("{method} {path}: no answer"));
        let head = String::from_utf8_lossy(&bytes[..split]).into_owned();
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
        let headers = lines.filter_map(|line| line.split_once(": "));
        Reply {
            status: status.unwrap_or_else(|| panic!("{method} {path}: {head}")),
            headers: headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect(),
            body: bytes[split + 4..].to_vec(),
        }
    }

    /// Server-sent events, each as its lines, from an answer that does not end: all that happen from now on.
    #[track_caller]
    pub fn events(&self, path: &str, headers: &[(&str, &str)]) -> impl Iterator<Item = Vec<String>> + use<> {
        let mut lines = BufReader::new(self.open("GET", path, headers, "")).lines().map_while(Result::ok);
        // The answer begins once the server listens for them.
        let head = lines.by_ref().take_while(|line| !line.is_empty()).count();
        assert!(head > 0, "{path} is not answered");
        // Chunks of the transfer have their sizes between the lines; what follows keeps to `field: value`.
        std::iter::from_fn(move || {
            let mut event = Vec::new();
            loop {
                let line = lines.next()?;
                match line.split_once(':') {
                    Some((field, _)) if ["id", "event", "data"].contains(&field) => event.push(line),
                    _ if line.is_empty() && event.iter().any(|line| line.starts_with("data:")) => {
                        return Some(event);
                    }
                    _ => {}
                }
            }
        })
    }

    #[track_caller]
    fn open(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> TcpStream {
        let mut stream =
            TcpStream::connect(&self.address).unwrap_or_else(|error| panic!("{}: {error}", self.address));
        let _ = stream.set_read_timeout(Some(Duration::from_secs(30)));
        let mut text = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.address);
        if !headers.iter().any(|(name, _)| ["authorization", "cookie"].contains(name)) {
            text += &format!("authorization: Bearer {}\r\n", self.token);
        }
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        text += &format!("content-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(text.as_bytes()).unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        stream
    }
}

impl Reply {
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}
