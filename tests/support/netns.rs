//! A network namespace that is joined to this one by a cable which can be pulled.
//!
//! Its addresses are of TEST-NET-1 (RFC 5737): they lead nowhere but over the cable.

use std::process::Command;

/// A namespace, until it is dropped. Needs root and iproute2.
pub struct Netns {
    pub name: String,
    /// The address of this side.
    pub here: String,
    cable: String,
}

impl Netns {
    /// `number` tells those apart that are there at the same time, below 60.
    #[track_caller]
    pub fn new(number: u8) -> Netns {
        let name = format!("paramo-{}-{number}", std::process::id());
        let (cable, far) = (format!("pa{number}-{}", std::process::id()), "cable");
        let (here, there) = (format!("192.0.2.{}", number * 4 + 1), format!("192.0.2.{}", number * 4 + 2));
        let netns = Netns { name: name.clone(), here: here.clone(), cable: cable.clone() };
        ip(&["netns", "add", &name]);
        ip(&["link", "add", &cable, "type", "veth", "peer", "name", far, "netns", &name]);
        ip(&["address", "add", &format!("{here}/30"), "dev", &cable]);
        ip(&["link", "set", &cable, "up"]);
        for words in [
            &["address", "add", &format!("{there}/30"), "dev", far][..],
            &["link", "set", far, "up"],
            &["link", "set", "lo", "up"],
        ] {
            ip(&[&["-n", &name], words].concat());
        }
        netns
    }

    /// Nothing comes through, in either direction, and nobody is told.
    #[track_caller]
    pub fn pull(&self) {
        ip(&["-n", &self.name, "link", "set", "cable", "down"]);
    }

    #[track_caller]
    pub fn plug_in(&self) {
        ip(&["-n", &self.name, "link", "set", "cable", "up"]);
    }
}

impl Drop for Netns {
    fn drop(&mut self) {
        // What is left of it does no harm, and a test that fails has said why.
        let _ = Command::new("ip").args(["link", "delete", &self.cable]).output();
        let _ = Command::new("ip").args(["netns", "delete", &self.name]).output();
    }
}

#[track_caller]
fn ip(words: &[&str]) {
    let output = Command::new("ip").args(words).output();
    let output = output.unwrap_or_else(|error| panic!("ip does not start: {error}; install iproute2"));
    assert!(output.status.success(), "ip {words:?}: {}", String::from_utf8_lossy(&output.stderr));
}
