//! `paramo run --ui`: a study that this process works on, with the page of it.

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStderr};

use paramo_tests::http::Http;
use paramo_tests::{Desk, until};
use serde_json::json;

/// Runs above 2 wait for a file.
const STUDY: &str = r#"
name = "squares"
[application]
command = ["sh", "-c", "until [ {x} -lt 3 ] || [ -e go ]; do sleep 0.01; done; echo $(( {x} * {x} ))"]
directory = false
[application.outputs]
square = { regex = "\\d+", type = "integer" }
[application.resources]
cpus = 0.25
[space]
x = [1, 2, 3, 4]
"#;

/// A running command, with its page and what it says from then on.
fn run(desk: &Desk, words: &[&str]) -> (Child, Http, Lines<BufReader<ChildStderr>>) {
    desk.file("study.toml", STUDY);
    let mut child = desk.start(&[&["run", "study.toml", "--ui"], words].concat());
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    let link = said.find_map(|line| line.unwrap().strip_prefix("the page: ").map(str::to_owned));
    let link = link.expect("no link was printed");
    assert!(link.contains("/studies/1?token="), "{link}");
    (child, Http::of_link(&link.replace("studies/1", "")), said)
}

fn signal(child: &Child, signal: &str) {
    let sent = std::process::Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()));
}

#[test]
fn the_page_shows_and_steers_what_this_process_makes_and_ends_with_it() {
    let desk = Desk::new();
    let (child, http, said) = run(&desk, &[]);
    let study = || http.get("/api/v1/studies/squares").json();
    until("the first runs do not end", || study()["succeeded"] == 2);
    assert_eq!((study()["working"].clone(), study()["state"].clone()), (json!(true), json!("open")));
    until("nobody tells what runs", || study()["progress"]["running"] == 2);
    assert_eq!(http.get("/api/v1/workers").json()[0]["name"], "local");
    assert_eq!(http.get("/").status, 200);

    let changed = http.send(
        "PUT",
        "/api/v1/studies/squares/slots",
        &[("authorization", &format!("Bearer {}", http.token)), ("content-type", "application/json")],
        r#"{ "slots": 1 }"#,
    );
    assert!(changed.status < 300, "{}", changed.text());
    until("it is not taken over", || study()["slots"] == 1);
    desk.file("go", "");
    let rest: Vec<String> = said.map_while(Result::ok).collect();
    assert!(rest.iter().any(|line| line.contains("4 succeeded")), "{rest:?}");
    assert!(!rest.iter().any(|line| line.contains("stays")), "{rest:?}");
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
}

#[test]
fn a_page_that_stays_goes_on_with_what_is_asked_of_it() {
    let desk = Desk::new();
    desk.file("go", "");
    let (mut child, http, mut said) = run(&desk, &["--stay", "--json"]);
    assert!(said.any(|line| line.unwrap().starts_with("the page stays until Ctrl-C: http://127.0.0.1:")));
    let more = http.post("/api/v1/studies/squares/extend", &json!({ "space": { "x": [5, 6] } }));
    assert_eq!(more.status, 200, "{}", more.text());
    let study = || http.get("/api/v1/studies/squares").json();
    until("the new points are not made", || study()["state"] == "finished" && study()["succeeded"] == 6);
    // The study is free: another process may have it.
    desk.paramo(&["run", "squares", "--quiet"]).expect(0);
    signal(&child, "-INT");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn an_interrupted_study_takes_its_page_along() {
    let desk = Desk::new();
    let (mut child, http, _said) = run(&desk, &["--stay"]);
    until("nothing runs", || http.get("/api/v1/studies/1").json()["progress"]["running"] == 2);
    signal(&child, "-TERM");
    assert_eq!(child.wait().unwrap().code(), Some(3));
    desk.file("go", "");
    desk.paramo(&["run", "squares", "--quiet"]).expect(0);
}
