//! The command line through the doors that servers really have: TLS with a certificate of one's own, and a proxy with a base path.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Command, Stdio};

use paramo_tests::group::Group;
use paramo_tests::{Answer, Desk};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

const STUDY: &str = r#"
name = "squares"
[application]
command = ["sh", "-c", "echo tried $PARAMO_ATTEMPT {x} >&2; echo $(({x} * {x}))"]
outputs.y = { regex = "(.+)", type = "integer" }
[space]
x = { from = 1, to = 5, step = 1 }
"#;

/// Somebody who types at a desk of their own.
struct Typing<'a> {
    here: Desk,
    server: String,
    authority: Option<&'a str>,
}

impl Typing<'_> {
    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.here.command(words);
        command.env("XDG_CONFIG_HOME", self.here.path()).env("PARAMO_SERVER", &self.server);
        command.envs(self.authority.map(|file| ("PARAMO_CA_FILE", file)));
        command
    }

    #[track_caller]
    fn types(&self, words: &[&str]) -> Answer {
        Answer::from(self.command(words).output().unwrap())
    }

    #[track_caller]
    fn login(&self) -> Answer {
        let mut child = self
            .command(&["login", &self.server, "--with-token"])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(TOKEN.as_bytes()).unwrap();
        Answer::from(child.wait_with_output().unwrap())
    }

    /// A study from its file to its table, followed as it goes.
    #[track_caller]
    fn works(&self) {
        self.login().expect(0);
        self.here.file("squares.toml", STUDY);
        let run = self.types(&["run", "squares.toml"]).expect(0);
        assert!(run.err.contains("squares: 5 succeeded"), "{}", run.err);
        assert!(self.types(&["list"]).expect(0).out.contains("squares"));
        let table = self.types(&["export", "squares", "--columns", "x,y"]).expect(0).out;
        assert_eq!(table, "x,y\n1,1\n2,4\n3,9\n4,16\n5,25\n");
        assert_eq!(self.types(&["logs", "squares/2", "--stderr"]).expect(0).out, "tried 1 3\n");
        self.types(&["rm", "squares", "--force"]).expect(0);
    }
}

#[test]
fn commands_trust_a_certificate_of_ones_own_when_they_are_told_to() {
    let there = Desk::new();
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let authority = there.file("cert.pem", made.cert.pem()).display().to_string();
    there.file("key.pem", made.signing_key.serialize_pem());
    there.file("server.toml", "tls = { certificate = \"cert.pem\", key = \"key.pem\" }\n");
    there.file("token", TOKEN);
    let group = Group::start(&there, &["--config", "server.toml", "--token-file", "token"]);
    let server = format!("https://{}", group.http.address);
    let stranger = Typing { here: Desk::new(), server: server.clone(), authority: None };
    let refused = stranger.login();
    assert!(refused.code != Some(0) && refused.err.contains("PARAMO_CA_FILE"), "{}", refused.err);
    assert!(!refused.err.contains(TOKEN));
    let typing = Typing { here: Desk::new(), server, authority: Some(&authority) };
    typing.works();
    // Another authority vouches for nobody here.
    let other = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let other = there.file("other.pem", other.cert.pem()).display().to_string();
    let misled = Typing { authority: Some(&other), ..typing };
    misled.types(&["list"]).expect(4);
    let missing = Typing { authority: Some("/nothing.pem"), ..misled };
    let missing = missing.types(&["list"]).expect(2);
    assert!(missing.err.contains("PARAMO_CA_FILE: cannot use /nothing.pem"), "{}", missing.err);
}

#[test]
fn commands_go_through_a_proxy_with_a_base_path() {
    for takes_away in [true, false] {
        let there = Desk::new();
        there.file("token", TOKEN);
        let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = format!("http://{}/lab/paramo", proxy.local_addr().unwrap());
        let behind = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let words = ["--token-file", "token", "--public-url", &server, "--listen", &behind];
        let group = Group::start(&there, &words);
        assert!(group.link.starts_with(&format!("{server}/welcome/")), "{}", group.link);
        // It ends with the test's process.
        std::thread::spawn(move || {
            for stream in proxy.incoming().flatten() {
                let behind = behind.clone();
                std::thread::spawn(move || pass(stream, &behind, takes_away));
            }
        });
        Typing { here: Desk::new(), server, authority: None }.works();
    }
}

/// One request of a connection: from below the base path to the server, and its answer back. Anything else is not there.
fn pass(mut from: TcpStream, behind: &str, takes_away: bool) -> Option<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        from.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).ok()?;
    let (request, rest) = head.split_once("\r\n")?;
    let (method, target) = request.split_once(' ')?;
    let Some(below) = target.strip_prefix("/lab/paramo") else {
        let _ = from.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        return None;
    };
    let target = if takes_away { below } else { target };
    let mut to = TcpStream::connect(behind).ok()?;
    to.write_all(format!("{method} {target}\r\nconnection: close\r\n{rest}").as_bytes()).ok()?;
    let (mut reader, mut writer) = (from.try_clone().ok()?, to.try_clone().ok()?);
    std::thread::spawn(move || std::io::copy(&mut reader, &mut writer));
    let _ = std::io::copy(&mut to, &mut from);
    let _ = from.shutdown(Shutdown::Both);
    Some(())
}
