//! A server for a group, with people who have signed in.

use std::io::{BufRead, BufReader};
use std::process::Child;

use serde_json::{Value, json};

use crate::Desk;
use crate::http::{Http, Reply};

/// Of everybody in the tests.
pub const PASSWORD: &str = "correct horse battery";

/// A server that ends with the test.
pub struct Group {
    process: Child,
    pub http: Http,
    /// What it printed: the link for the first administrator, or its address.
    pub link: String,
}

/// Somebody, with what they show: a cookie, a token, or nothing.
#[derive(Clone)]
pub struct Person<'a> {
    http: &'a Http,
    header: (&'static str, String),
}

impl Group {
    /// `words` come after `paramo server`.
    #[track_caller]
    pub fn start(desk: &Desk, words: &[&str]) -> Group {
        let any: &[&str] = if words.contains(&"--listen") { &[] } else { &["--listen", "127.0.0.1:0"] };
        let all = [&["server", "--cpus", "1"], any, words].concat();
        let mut process = desk.start(&all);
        let mut link = String::new();
        let out = process.stdout.take().unwrap_or_else(|| panic!("no output"));
        let _ = BufReader::new(out).read_line(&mut link);
        let link = link.trim().to_owned();
        let address = link.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
        Group { http: Http { address: address.to_owned(), token: String::new() }, link, process }
    }

    /// The same, with its first administrator, `root`.
    #[track_caller]
    pub fn with_root(desk: &Desk) -> Group {
        let group = Group::start(desk, &[]);
        let made = group.nobody().post(&group.welcome(), &json!({ "name": "root", "password": PASSWORD }));
        assert_eq!(made.status, 200, "{}", made.text());
        group
    }

    /// The path of the API for the link that was printed.
    pub fn welcome(&self) -> String {
        format!("/api/v1/welcome/{}", self.link.rsplit('/').next().unwrap_or_default())
    }

    pub fn nobody(&self) -> Person<'_> {
        Person { http: &self.http, header: ("cookie", "none=1".to_owned()) }
    }

    /// Whoever has this token, or code of a link.
    pub fn bearer(&self, token: &str) -> Person<'_> {
        Person { http: &self.http, header: ("authorization", format!("Bearer {token}")) }
    }

    /// Signs in.
    #[track_caller]
    pub fn sign_in(&self, name: &str) -> Person<'_> {
        let reply = self.nobody().post("/api/v1/session", &json!({ "name": name, "password": PASSWORD }));
        assert_eq!(reply.status, 200, "{}", reply.text());
        self.with_cookie(&reply)
    }

    /// Whoever keeps the cookie of an answer.
    #[track_caller]
    pub fn with_cookie(&self, reply: &Reply) -> Person<'_> {
        let cookie = reply.header("set-cookie").unwrap_or_else(|| panic!("no cookie: {}", reply.text()));
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        Person { http: &self.http, header: ("cookie", cookie) }
    }

    /// Invites somebody, who chooses a password.
    #[track_caller]
    pub fn invite(&self, root: &Person, name: &str) -> Person<'_> {
        let made = root.post("/api/v1/users", &json!({ "name": name, "display_name": name }));
        assert_eq!(made.status, 201, "{}", made.text());
        let link = made.json()["link"].as_str().unwrap_or_default().to_owned();
        let code = link.rsplit('/').next().unwrap_or_default();
        let come = self.nobody().post(&format!("/api/v1/welcome/{code}"), &json!({ "password": PASSWORD }));
        assert_eq!(come.status, 200, "{}", come.text());
        self.with_cookie(&come)
    }

    /// The most memory that it has had, in bytes.
    #[track_caller]
    pub fn most_memory(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()));
        let status = status.unwrap_or_else(|error| panic!("no status of the server: {error}"));
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        let kilobytes = line.trim().trim_end_matches(" kB").parse::<usize>();
        kilobytes.unwrap_or_else(|error| panic!("{line}: {error}")) * 1024
    }

    /// Ends it, and waits for that.
    pub fn end(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end();
    }
}

impl Person<'_> {
    #[track_caller]
    pub fn get(&self, path: &str) -> Reply {
        self.send("GET", path, "")
    }

    #[track_caller]
    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.send("POST", path, &body.to_string())
    }

    #[track_caller]
    pub fn put(&self, path: &str, body: &Value) -> Reply {
        self.send("PUT", path, &body.to_string())
    }

    /// As a page of the server itself sends it.
    #[track_caller]
    pub fn send(&self, method: &str, path: &str, body: &str) -> Reply {
        self.send_with(method, path, &[("sec-fetch-site", "same-origin")], body)
    }

    #[track_caller]
    pub fn send_with(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let own = [(self.header.0, self.header.1.as_str()), ("content-type", "application/json")];
        self.http.send(method, path, &[&own, headers].concat(), body)
    }

    /// A request with these headers only, and without a body.
    #[track_caller]
    pub fn send_plain(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Reply {
        let own = [(self.header.0, self.header.1.as_str())];
        self.http.send(method, path, &[&own, headers].concat(), "")
    }

    /// The value of their cookie.
    pub fn cookie(&self) -> &str {
        self.header.1.split_once('=').map_or("", |(_, value)| value)
    }
}
