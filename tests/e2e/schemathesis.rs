//! What the API answers is what its description says, to whatever is asked: nothing brings the server down, what is wrong is refused, and
//! every answer has its shape.

use std::process::Command;

use paramo_tests::group::{Group, Person};
use paramo_tests::{Desk, Postgres, python_of_peers, repository, until};
use serde_json::json;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

const APPLICATION: &str = r#"
name = "doubler"
[application]
command = ["sh", "-c", "echo {x} > out.txt; echo $(({x} * 2)); test {x} -ne 7"]
keep = ["out.txt"]
[application.parameters]
x = { type = "integer", unit = "m", min = 0, max = 100, default = 7 }
[application.outputs]
y = { regex = "(.+)", type = "float" }
"#;

#[test]
fn every_answer_is_as_it_is_described() {
    ask(&Desk::new());
}

#[test]
fn every_answer_is_as_it_is_described_in_a_database() {
    let postgres = Postgres::start("shared");
    ask(&Desk::new().at(&postgres.database("schemathesis")));
}

#[track_caller]
fn ask(desk: &Desk) {
    desk.file("token", TOKEN);
    let group = Group::start(desk, &["--token-file", "token"]);
    fill(&group.bearer(TOKEN));
    let url = format!("http://{}/api/v1", group.http.address);
    let rig = Command::new(python_of_peers())
        .arg(repository().join("tests/rigs/schemathesis"))
        .arg(url)
        .env("PARAMO_TOKEN", TOKEN)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&rig.stdout);
    assert!(rig.status.success(), "{said}{}", String::from_utf8_lossy(&rig.stderr));
    println!("{said}");
}

/// What the rig wants to be there.
#[track_caller]
fn fill(owner: &Person) {
    let made = |reply: paramo_tests::http::Reply| assert!(reply.status < 300, "{}", reply.text());
    for name in ["ada", "bob"] {
        made(owner.post("/api/v1/users", &json!({ "name": name, "display_name": name })));
    }
    made(owner.post("/api/v1/projects", &json!({ "name": "cells", "title": "Cells" })));
    made(owner.put("/api/v1/projects/cells/members/ada", &json!({ "role": "member" })));
    made(owner.put("/api/v1/projects/cells/secrets/key", &json!({ "value": "hush" })));
    made(owner.post("/api/v1/applications", &json!({ "project": "cells", "file": APPLICATION })));
    for name in ["swept", "spare"] {
        let space = json!({ "x": { "from": 1, "to": 20, "step": 1 } });
        let study =
            json!({ "project": "cells", "application": "cells/doubler@1", "name": name, "space": space });
        made(owner.post("/api/v1/studies", &study));
        until("it does not end", || {
            owner.get(&format!("/api/v1/studies/{name}")).json()["state"] == "finished"
        });
    }
}
