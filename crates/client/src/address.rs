//! Where a server is, as it is typed: `https://host/base`, with the project that is spoken of.

use std::fmt;

use url::Url;

use crate::{ClientError, Result};

/// The address of a server, and perhaps the project whose studies are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAddress {
    /// Without a slash at its end.
    base: String,
    /// Plain HTTP over a network that others read.
    open: bool,
    pub project: Option<String>,
}

impl ServerAddress {
    /// Whether a text begins as the address of a server does.
    pub fn is_one(text: &str) -> bool {
        ["http://", "https://"]
            .iter()
            .any(|scheme| text.get(..scheme.len()).is_some_and(|t| t.eq_ignore_ascii_case(scheme)))
    }

    /// Reads what was typed. A token or a password in it is refused, and not repeated.
    pub fn parse(text: &str) -> Result<ServerAddress> {
        let (address, token) = ServerAddress::parse_link(text)?;
        match token {
            None => Ok(address),
            Some(_) => Err(ClientError::Input(format!(
                "the address of the server holds a token, which every user of this machine can read in the list of processes; \
                 give it to `paramo login {address} --with-token`"
            ))),
        }
    }

    /// The same, of a link as a server prints it, with its token.
    pub fn parse_link(text: &str) -> Result<(ServerAddress, Option<String>)> {
        let wrong = |why: &str| {
            ClientError::Input(format!(
                "the address of the server is not valid: {why}; write https://HOST or http://HOST:PORT"
            ))
        };
        if !ServerAddress::is_one(text) {
            return Err(wrong("it begins neither with https:// nor with http://"));
        }
        let url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("it holds the name of a user; `paramo login` says who you are"));
        }
        let host = url.host().ok_or_else(|| wrong("it names no host"))?;
        let here = match &host {
            url::Host::Ipv4(address) => address.is_loopback(),
            url::Host::Ipv6(address) => address.is_loopback(),
            url::Host::Domain(name) => *name == "localhost",
        };
        let (mut project, mut token) = (None, None);
        for (key, value) in url.query_pairs() {
            match &*key {
                "project" => project = Some(value.into_owned()),
                "token" => token = Some(value.into_owned()),
                other => return Err(wrong(&format!("nothing is known of `{other}` in it"))),
            }
        }
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let path = url.path().trim_end_matches('/');
        let base = format!("{}://{host}{port}{path}", url.scheme());
        Ok((ServerAddress { base, open: url.scheme() == "http" && !here, project }, token))
    }

    /// The same server, and this project.
    pub fn of_project(mut self, project: Option<&str>) -> ServerAddress {
        if let Some(project) = project {
            self.project = Some(project.to_owned());
        }
        self
    }

    /// As it can be typed again, the project included.
    pub fn typed(&self) -> String {
        match &self.project {
            Some(project) => {
                let project: String = url::form_urlencoded::byte_serialize(project.as_bytes()).collect();
                format!("{}?project={project}", self.base)
            }
            None => self.base.clone(),
        }
    }

    /// `https://host/base`: what a token is kept under.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Whether others can read what is said to it.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Where a path of the API is.
    pub(crate) fn api(&self, path: &str) -> String {
        format!("{}/api/v1{path}", self.base)
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base)
    }
}

/// A word as part of a path.
pub(crate) fn segment(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    for byte in word.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'@' | b':' => {
                out.push(byte.into())
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

/// A word as a value in a query.
pub(crate) fn value(word: &str) -> String {
    url::form_urlencoded::byte_serialize(word.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_shown() {
        for (text, base, open, project) in [
            ("http://127.0.0.1:8090/", "http://127.0.0.1:8090", false, None),
            ("HTTPS://Lab.Example/paramo/?project=cells", "https://lab.example/paramo", false, Some("cells")),
            ("http://lab.example", "http://lab.example", true, None),
            ("http://[::1]:80", "http://[::1]", false, None),
        ] {
            let address = ServerAddress::parse(text).unwrap();
            assert_eq!((address.base(), address.is_open()), (base, open), "{text}");
            assert_eq!(address.project.as_deref(), project);
            assert_eq!(ServerAddress::parse(&address.typed()).unwrap(), address);
        }
    }

    #[test]
    fn what_is_no_address_or_holds_a_secret_is_refused_and_not_repeated() {
        for text in [
            "lab.example",
            "ftp://lab",
            "http://",
            "http://me:geheim@lab",
            "http://lab/?token=geheim",
            "http://lab/?x=1",
        ] {
            let error = ServerAddress::parse(text).unwrap_err().to_string();
            assert!(!error.contains("geheim"), "{error}");
        }
        let (address, token) = ServerAddress::parse_link("http://127.0.0.1:1/?token=abc").unwrap();
        assert_eq!((address.base(), token.as_deref()), ("http://127.0.0.1:1", Some("abc")));
    }

    #[test]
    fn words_stand_in_paths() {
        assert_eq!(segment("cells:höhe/1@2"), "cells:h%C3%B6he%2F1@2");
    }
}
