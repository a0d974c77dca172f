//! Those who mean no good, and those whose means are poor: too much, too deep, too slow, of the wrong type, too late, or from elsewhere.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use paramo_tests::engines::Ground;
use paramo_tests::group::{Group, Person};
use paramo_tests::http::Reply;
use paramo_tests::on_both_engines;
use serde_json::{Value, json};

use crate::people_roles::STUDY;

on_both_engines!(
    what_has_expired_or_was_withdrawn_is_told_apart,
    a_gigabyte_is_refused_early_and_takes_no_memory,
    slow_senders_are_cut_off_while_others_are_served,
    what_is_too_deep_or_of_the_wrong_type_is_refused_with_its_field,
    every_answer_is_closed_to_other_pages
);

const GIGABYTE: usize = 1 << 30;

/// Connects and sends the head of a request that has a body.
fn begin(group: &Group, token: &str, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(&group.http.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let head = format!(
        "POST /api/v1/studies HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n{body}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

/// The head of the answer.
fn head_of(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read > 0) {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

fn token(root: &Person) -> (String, i64) {
    let wanted = json!({ "name": "machine", "scopes": ["read", "write", "admin"] });
    let made = root.post("/api/v1/tokens", &wanted).json();
    (made["token"].as_str().unwrap().to_owned(), made["id"].as_i64().unwrap())
}

fn a_gigabyte_is_refused_early_and_takes_no_memory(ground: &Ground) {
    let desk = &ground.desk;
    let group = Group::with_root(desk);
    let root = group.sign_in("root");
    let (token, _) = token(&root);
    let before = group.most_memory();
    // What is announced is refused before it comes.
    let mut announced = begin(&group, &token, &format!("content-length: {GIGABYTE}"));
    assert!(head_of(&mut announced).starts_with("HTTP/1.1 413"));
    // What is not is refused once it has become too much, and whoever sends it is told.
    let mut streamed = begin(&group, &token, "transfer-encoding: chunked");
    let over = AtomicBool::new(false);
    let head = std::thread::scope(|scope| {
        let mut sender = streamed.try_clone().unwrap();
        let over = &over;
        scope.spawn(move || {
            let mut chunk = format!("{:x}\r\n", 1 << 20).into_bytes();
            chunk.resize(chunk.len() + (1 << 20), b' ');
            chunk.extend(b"\r\n");
            let mut sent = 0;
            while sent < GIGABYTE && !over.load(Ordering::Relaxed) && sender.write_all(&chunk).is_ok() {
                sent += 1 << 20;
            }
        });
        let head = head_of(&mut streamed);
        over.store(true, Ordering::Relaxed);
        let _ = streamed.shutdown(Shutdown::Both);
        head
    });
    assert!(head.starts_with("HTTP/1.1 413"), "{head}");
    assert!(head.contains("application/problem+json"), "{head}");
    let taken = group.most_memory() - before;
    assert!(taken < 100 << 20, "{taken} bytes were taken");
    assert_eq!(root.get("/api/v1/version").status, 200);
}

fn slow_senders_are_cut_off_while_others_are_served(ground: &Ground) {
    let desk = &ground.desk;
    desk.file("server.toml", "patience = 0.4\n");
    let group = Group::start(desk, &["--config", "server.toml"]);
    let root = group
        .nobody()
        .post(&group.welcome(), &json!({ "name": "root", "password": paramo_tests::group::PASSWORD }));
    let root = group.with_cookie(&root);
    let (token, _) = token(&root);
    let mut head = TcpStream::connect(&group.http.address).unwrap();
    head.write_all(b"GET /api/v1/version HTTP/1.1\r\nhost: a\r\nx-slow: ").unwrap();
    let body = begin(&group, &token, "content-length: 1000");
    // A byte now and then, as long as anybody listens; and what was answered.
    let trickle = |stream: TcpStream| {
        let mut sender = stream.try_clone().unwrap();
        let answer = std::thread::spawn(move || {
            let (mut stream, mut said) = (stream, Vec::new());
            let _ = stream.set_read_timeout(Some(Duration::from_secs(30)));
            // Whether it is closed or broken off is one.
            let ended = stream.read_to_end(&mut said).map_err(|error| error.kind());
            (String::from_utf8_lossy(&said).into_owned(), ended)
        });
        while !answer.is_finished() {
            let _ = sender.write_all(b" ");
            std::thread::sleep(Duration::from_millis(20));
        }
        answer.join().unwrap()
    };
    let (head, body) = std::thread::scope(|scope| {
        let (head, body) = (scope.spawn(|| trickle(head)), scope.spawn(|| trickle(body)));
        let mut served = 0;
        while !head.is_finished() || !body.is_finished() {
            assert_eq!(root.get("/api/v1/version").status, 200);
            served += 1;
        }
        assert!(served > 0);
        (head.join().unwrap(), body.join().unwrap())
    });
    let waited = |ended| ended != Err(std::io::ErrorKind::WouldBlock);
    assert!(waited(head.1) && !head.0.contains("200 OK"), "{head:?}");
    assert!(waited(body.1) && body.0.starts_with("HTTP/1.1 408"), "{body:?}");
}

fn what_is_too_deep_or_of_the_wrong_type_is_refused_with_its_field(ground: &Ground) {
    let desk = &ground.desk;
    let group = Group::with_root(desk);
    let root = group.sign_in("root");
    assert_eq!(root.post("/api/v1/studies", &json!({ "file": STUDY })).status, 201);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for (path, body, status) in [
        ("studies", format!("{{\"definition\": {deep}}}"), 400),
        ("studies/estimate", format!("{{\"space\": {deep}}}"), 400),
        ("studies/squares/extend", format!("{{\"space\": {deep}}}"), 400),
        ("studies/squares/extend", format!("{{\"space\": {}", "{\"a\":".repeat(100_000)), 400),
        ("studies", format!("{{\"other\": {deep}}}"), 422),
        ("projects", deep.clone(), 422),
    ] {
        let reply = root.send("POST", &format!("/api/v1/{path}"), &body);
        assert_eq!(reply.status, status, "{path} {}…: {}", &body[..30], reply.text());
    }
    for (method, path, body, field) in [
        ("POST", "/api/v1/studies", r#"{ "project": 7 }"#, "project"),
        ("POST", "/api/v1/studies", r#"{ "start": "yes" }"#, "start"),
        ("POST", "/api/v1/studies", r#"{ "attachments": { "a.csv": 7 } }"#, "attachments.a.csv"),
        ("POST", "/api/v1/studies/squares/retry", r#"{ "runs": [1, "2"] }"#, "runs[1]"),
        ("PUT", "/api/v1/studies/squares/slots", r#"{ "slots": -1 }"#, "slots"),
        ("PUT", "/api/v1/studies/squares/slots", r#"{ "slots": 1.5 }"#, "slots"),
        ("PUT", "/api/v1/studies/squares/limits", r#"{ "cpu_hours": "much" }"#, "cpu_hours"),
        ("PUT", "/api/v1/studies/squares/limits", r#"{ "max_failures": [] }"#, "max_failures"),
        ("POST", "/api/v1/projects", r#"{ "name": "a", "title": 1 }"#, "title"),
        ("POST", "/api/v1/projects", r#"{ "name": "a" }"#, "title"),
        ("PUT", "/api/v1/projects/default/quota", r#"{ "runs": "many" }"#, "runs"),
        ("PUT", "/api/v1/projects/default/members/root", r#"{ "role": 1 }"#, "role"),
        (
            "POST",
            "/api/v1/users",
            r#"{ "name": "a", "display_name": "A", "administrator": 1 }"#,
            "administrator",
        ),
        ("PATCH", "/api/v1/users/root", r#"{ "disabled": "no" }"#, "disabled"),
        ("POST", "/api/v1/tokens", r#"{ "name": "a", "scopes": "read" }"#, "scopes"),
        (
            "POST",
            "/api/v1/tokens",
            r#"{ "name": "a", "scopes": ["read"], "expires_days": -1 }"#,
            "expires_days",
        ),
        ("POST", "/api/v1/session", r#"{ "name": "root", "pasword": "x" }"#, "pasword"),
        ("POST", "/api/v1/applications", r#"{ "file": {} }"#, "file"),
    ] {
        let reply = root.send(method, path, body);
        assert_eq!(reply.status, 422, "{method} {path} {body}: {}", reply.text());
        let problem = reply.json();
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(field), "{body}: {detail}");
    }
    for (method, path, body, status) in [
        ("POST", "/api/v1/projects", "[\"name\", \"title\"]", 422),
        ("POST", "/api/v1/projects", "7", 422),
        ("POST", "/api/v1/projects", "", 400),
        ("POST", "/api/v1/projects", "{\"name\": \"a\u{0}\"", 400),
        ("GET", "/api/v1/studies?limit=-1", "", 400),
        ("GET", "/api/v1/studies?limit=1&limit=2", "", 400),
        ("GET", "/api/v1/studies/squares/results?succeeded=perhaps", "", 400),
        ("GET", "/api/v1/studies/squares/runs/1e9", "", 404),
        ("GET", "/api/v1/studies/99999999999999999999", "", 404),
        ("GET", "/api/v1/studies/%00", "", 404),
        ("GET", "/api/v1/studies/%ff", "", 404),
    ] {
        let reply = root.send(method, path, body);
        assert_eq!(reply.status, status, "{method} {path} {body}: {}", reply.text());
        assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{method} {path}");
    }
}

#[track_caller]
fn refused(reply: &Reply, kind: &str) {
    assert_eq!((reply.status, reply.json()["type"].as_str()), (401, Some(kind)), "{}", reply.text());
    assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
}

fn what_has_expired_or_was_withdrawn_is_told_apart(ground: &Ground) {
    let group = Group::with_root(&ground.desk);
    let root = group.sign_in("root");
    let ((token, id), other) = (token(&root), group.sign_in("root"));
    let machine = group.bearer(&token);
    let made = machine.post("/api/v1/studies", &json!({ "file": STUDY, "start": false }));
    assert_eq!(made.status, 201, "{}", made.text());
    let link = machine.post("/api/v1/studies/squares/shares", &json!({})).json()["link"].clone();
    let code = link.as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let share = group.bearer(&code);
    let study = "/api/v1/studies/squares";
    assert_eq!((machine.get(study).status, share.get(study).status), (200, 200));
    ground.sql("UPDATE tokens SET expires = 1");
    ground.sql("UPDATE shares SET expires = 1");
    refused(&machine.get(study), "/problems/expired");
    refused(&machine.post("/api/v1/projects", &json!({ "name": "a", "title": "A" })), "/problems/expired");
    refused(&share.get(study), "/problems/expired");
    refused(&group.bearer("prm_nothing").get(study), "/problems/no-token");
    // One that was withdrawn was never there.
    assert_eq!(root.send("DELETE", &format!("/api/v1/tokens/{id}"), "").status, 204);
    refused(&machine.get(study), "/problems/no-token");
    // Sessions, of which only one is over.
    assert_eq!(other.send("DELETE", "/api/v1/session", "").status, 204);
    refused(&other.get(study), "/problems/no-token");
    ground.sql("UPDATE sessions SET expires = 1");
    refused(&root.get(study), "/problems/expired");
    refused(&root.send("POST", &format!("{study}/start"), ""), "/problems/expired");
    let session = root.get("/api/v1/session");
    assert_eq!((session.status, &session.json()["user"]), (200, &Value::Null));
    assert_eq!(group.sign_in("root").get(study).status, 200);
}

fn every_answer_is_closed_to_other_pages(ground: &Ground) {
    let desk = &ground.desk;
    let group = Group::with_root(desk);
    let root = group.sign_in("root");
    root.post("/api/v1/studies", &json!({ "file": STUDY }));
    let kinds: [(&str, &str, u16); 14] = [
        ("GET", "/api/v1/version", 200),
        ("HEAD", "/api/v1/version", 200),
        ("GET", "/api/v1/openapi.json", 200),
        ("GET", "/api/v1/studies/squares/results?format=csv", 200),
        ("GET", "/api/v1/studies/nothing", 404),
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api/v1/studies?limit=x", 400),
        ("DELETE", "/api/v1/studies", 405),
        ("OPTIONS", "/api/v1/studies", 405),
        ("POST", "/api/v1/projects", 415),
        ("GET", "/api/docs/", 200),
        ("GET", "/api/docs", 308),
        ("GET", "/", 200),
        ("GET", "/share/shr_nothing", 404),
    ];
    for (method, path, status) in kinds {
        let foreign = [("origin", "https://elsewhere.example"), ("sec-fetch-site", "same-origin")];
        let asked = [&foreign[..], &[("access-control-request-method", "POST")]].concat();
        let plain = if status == 415 { [("content-type", "text/plain")].to_vec() } else { Vec::new() };
        let reply = match method {
            "POST" => root.send_plain(method, path, &[&foreign[1..], &plain].concat()),
            _ => root.send_with(method, path, &asked, ""),
        };
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.text());
        closed(&reply, &format!("{method} {path}"));
    }
    closed(&group.nobody().get("/api/v1/studies"), "a stranger");
    let elsewhere = [("origin", "https://elsewhere.example")];
    let forged = root.send_with("POST", "/api/v1/projects", &elsewhere, "{}");
    assert_eq!(forged.status, 403, "{}", forged.text());
    closed(&forged, "a forged request");
}

#[track_caller]
fn closed(reply: &Reply, what: &str) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(reply.header(name), Some(value), "{what}: {name}");
    }
    assert!(reply.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"), "{what}");
    assert!(reply.header("cache-control").is_some(), "{what}");
    let allows = reply.headers.iter().find(|(name, _)| name.starts_with("access-control"));
    assert_eq!(allows, None, "{what}");
}
