//! `paramo ui` in a desk's directory, as tests speak to it.

use std::io::{BufRead, BufReader};
use std::process::Child;

use serde_json::Value;

use crate::http::Http;
use crate::{Desk, until};

/// A server that ends with the test.
pub struct Server {
    pub process: Child,
    pub http: Http,
}

impl Server {
    #[track_caller]
    pub fn start(desk: &Desk) -> Server {
        let mut process = desk.start(&["ui", "--listen", "127.0.0.1:0", "--cpus", "2"]);
        let mut link = String::new();
        let out = process.stdout.take().unwrap_or_else(|| panic!("the server says nothing"));
        let read = BufReader::new(out).read_line(&mut link);
        read.unwrap_or_else(|error| panic!("the server prints no link: {error}"));
        Server { http: Http::of_link(&link), process }
    }

    #[track_caller]
    pub fn signal(&self, signal: &str) {
        let pid = self.process.id().to_string();
        let sent = std::process::Command::new("kill").args([signal, &pid]).status();
        assert!(sent.is_ok_and(|status| status.success()), "{signal} could not be sent");
    }

    /// Waits until a study is in this state, and gives it.
    #[track_caller]
    pub fn study(&self, name: &str, state: &str) -> Value {
        let mut study = Value::Null;
        until(&format!("{name} does not become {state}"), || {
            study = self.http.get(&format!("/api/v1/studies/{name}")).json();
            study["state"] == state && (state == "paused" || study["working"] == false)
        });
        study
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
