//! The door of a server for a group: TLS, the base path behind a proxy, its configuration, and those who send too much or too slowly.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

use paramo_tests::engines::Ground;
use paramo_tests::group::{Group, PASSWORD};
use paramo_tests::{Desk, on_both_engines};
use serde_json::json;

on_both_engines!(
    a_certificate_makes_it_secure,
    behind_a_proxy_it_has_a_base_path,
    too_much_and_too_deep_is_refused
);

/// Asks by curl, which knows TLS: the status, and the answer with its head.
fn curl(words: &[&str]) -> String {
    let output =
        Command::new("curl").args(["-s", "-S", "-i", "--max-time", "20"]).args(words).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn a_certificate_makes_it_secure(ground: &Ground) {
    let desk = &ground.desk;
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    desk.file("tls/cert.pem", made.cert.pem());
    desk.file("tls/key.pem", made.signing_key.serialize_pem());
    desk.file("server.toml", "tls = { certificate = \"tls/cert.pem\", key = \"tls/key.pem\" }\n");
    let group = Group::start(desk, &["--config", "server.toml"]);
    assert!(group.link.starts_with("https://127.0.0.1:"), "{}", group.link);
    let here = format!("https://{}", group.http.address);
    let cert = desk.path().join("tls/cert.pem").display().to_string();
    let body = json!({ "name": "root", "password": PASSWORD }).to_string();
    let link = format!("{here}{}", group.welcome());
    let reply = curl(&["--cacert", &cert, "-H", "content-type: application/json", "-d", &body, &link]);
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    assert!(reply.contains("; Secure"), "{reply}");
    assert!(reply.to_lowercase().contains("strict-transport-security: max-age="), "{reply}");
    // Who does not speak TLS gets nothing, and others go on.
    let mut plain = TcpStream::connect(&group.http.address).unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
    let mut bytes = Vec::new();
    let _ = plain.read_to_end(&mut bytes);
    assert!(!bytes.starts_with(b"HTTP"), "{}", String::from_utf8_lossy(&bytes));
    assert!(curl(&["--cacert", &cert, &format!("{here}/api/v1/session")]).starts_with("HTTP/1.1 200"));
}

fn behind_a_proxy_it_has_a_base_path(ground: &Ground) {
    let desk = &ground.desk;
    desk.file("server.toml", "public_url = \"https://paramo.example/lab\"\ntrust_proxy = true\n");
    let mut group = Group::start(desk, &["--config", "server.toml"]);
    let code = group
        .link
        .strip_prefix("https://paramo.example/lab/welcome/")
        .unwrap_or_else(|| panic!("{}", group.link));
    let welcome = format!("/lab/api/v1/welcome/{code}");
    // The link names the proxy, so the port is to be found out otherwise.
    group.end();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let listen = format!("127.0.0.1:{port}");
    let mut group = Group::start(desk, &["--config", "server.toml", "--listen", &listen]);
    group.http.address.clone_from(&listen);
    assert_eq!(group.nobody().get(&welcome).status, 404, "a new link was printed");
    let come = group
        .nobody()
        .post(&format!("/lab{}", group.welcome()), &json!({ "name": "root", "password": PASSWORD }));
    let cookie = come.header("set-cookie").unwrap();
    assert!(cookie.contains("Path=/lab;") && cookie.contains("; Secure"), "{cookie}");
    let root = group.with_cookie(&come);
    // A proxy leaves the base path or takes it away.
    for path in ["/lab/api/v1/version", "/api/v1/version"] {
        assert_eq!(root.get(path).status, 200, "{path}");
    }
    // What is not below it is a page like any other, and none of the API.
    let page = root.get("/labs/api/v1/version");
    assert!(page.header("content-type").unwrap().starts_with("text/html"), "{page:?}");
    let ours = [("origin", "https://paramo.example")];
    let body = json!({ "name": "cells", "title": "Cells" }).to_string();
    assert_eq!(root.send_with("POST", "/lab/api/v1/projects", &ours, &body).status, 201);
    let made = root.post("/api/v1/users", &json!({ "name": "ada", "display_name": "Ada" })).json();
    assert!(made["link"].as_str().unwrap().starts_with("https://paramo.example/lab/welcome/"), "{made}");
}

#[test]
fn a_configuration_that_is_wrong_is_named_with_its_line() {
    let desk = Desk::new();
    for (text, message) in [
        ("listen = 1\n", "server.toml:1: listen: "),
        ("\n[login]\nlocal = false\n", "server.toml:3: login.local: nobody could sign in"),
        ("tls = { certificate = \"no.pem\", key = \"no.pem\" }\n", "no.pem"),
    ] {
        desk.file("server.toml", text);
        let answer = desk.paramo(&["server", "--listen", "127.0.0.1:0", "--config", "server.toml"]);
        assert_eq!(answer.code, Some(2), "{}", answer.err);
        assert!(answer.err.contains(message), "{}", answer.err);
    }
    let public = desk.paramo(&["ui", "--listen", "0.0.0.0:0"]);
    assert!(public.code == Some(2) && public.err.contains("paramo server"), "{}", public.err);
}

fn too_much_and_too_deep_is_refused(ground: &Ground) {
    let desk = &ground.desk;
    let group = Group::with_root(desk);
    let root = group.sign_in("root");
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for (body, status) in [
        (deep.clone(), 422),
        (format!("{{\"name\": {deep}}}"), 422),
        ("x".repeat(17 << 20), 413),
        ("\u{0}".to_owned(), 400),
        ("{\"name\": \"a\", \"name\": \"b\"}".to_owned(), 422),
    ] {
        let reply = root.send("POST", "/api/v1/projects", &body);
        assert_eq!(reply.status, status, "{}…: {}", &body[..body.len().min(20)], reply.text());
    }
    let strangers = group.nobody().send("POST", "/api/v1/session", &"x".repeat(70_000));
    assert_eq!(strangers.status, 413);
    // A body that is announced and large is not read for somebody who is not known.
    let mut stream = TcpStream::connect(&group.http.address).unwrap();
    let head = "POST /api/v1/studies HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000000\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut begin = [0; 12];
    stream.read_exact(&mut begin).unwrap();
    assert_eq!(&begin, b"HTTP/1.1 401");
}
