//! `paramo ui` from outside: studies over HTTP, who may ask, what happens as it happens, and that nothing is lost when it dies.

use paramo_tests::engines::Ground;
use paramo_tests::server::Server;
use paramo_tests::{Desk, on_both_engines, until};
use serde_json::{Value, json};

on_both_engines!(
    a_study_goes_from_a_file_to_a_table_over_http,
    what_is_wrong_is_said_with_its_place,
    only_the_token_opens_and_other_pages_change_nothing,
    studies_pause_resume_and_cancel_side_by_side,
    a_killed_server_goes_on_and_makes_nothing_twice,
    commands_reach_a_study_that_a_server_works_on,
    a_server_told_to_end_leaves_studies_open_and_no_process,
    events_tell_what_happens_and_go_on_where_a_reader_was_cut_off,
);

const STUDY: &str = r#"
name = "squares"
[application]
command = ["sh", "-c", "echo '{{\"y\": '$(({x} * {x}))'}}'; test {x} -ne 7"]
[application.parameters]
x = { type = "integer", unit = "m" }
[application.outputs]
y = { json = "y", unit = "m²" }
[space]
x = { from = 1, to = 10, step = 1 }
"#;

/// A study whose runs wait for a file `go`, all but the first `free`, and put their points into `made`.
fn sleepers(home: &std::path::Path, points: u32, free: u32) -> String {
    let text = r#"
name = "sleepers"
[application]
command = ["sh", "-c", "echo {x} >> HOME/made; while [ {x} -gt FREE ] && [ ! -e HOME/go ]; do sleep 0.02; done"]
[space]
x = { from = 1, to = POINTS, step = 1 }
"#;
    let text = text.replace("HOME", &home.display().to_string());
    text.replace("FREE", &free.to_string()).replace("POINTS", &points.to_string())
}

fn a_study_goes_from_a_file_to_a_table_over_http(ground: &Ground) {
    let desk = &ground.desk;
    let server = Server::start(desk);
    let http = &server.http;
    let made = http.post("/api/v1/studies", &json!({ "file": STUDY }));
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(made.header("location"), Some("/api/v1/studies/1"));
    let study = server.study("squares", "finished");
    assert_eq!((study["succeeded"].clone(), study["failed"].clone()), (json!(9), json!(1)));
    assert_eq!(study["failed_by_cause"], json!({ "exit": 1 }));
    assert_eq!(study["points"], 10);
    assert_eq!(study["parameters"][0]["unit"], "m");

    let rows = http.get("/api/v1/studies/squares/results?where=y%20%3E%2030&sort=-y&columns=x,y&limit=2");
    assert_eq!(rows.json(), json!([{ "x": 10, "y": 100 }, { "x": 9, "y": 81 }]));
    let csv = http.get("/api/v1/studies/squares@1/results?format=csv&columns=x,y&succeeded=true");
    assert!(csv.text().starts_with("x,y\n1,1\n2,4\n"), "{}", csv.text());
    let part = http.send(
        "GET",
        "/api/v1/studies/1/results?format=csv&columns=x,y",
        &[("range", "bytes=4-7"), ("authorization", &format!("Bearer {}", http.token))],
        "",
    );
    assert_eq!((part.status, part.text().as_str()), (206, "1,1\n"));
    // What is known is not sent again, and a part goes on with the same table only.
    let table = "/api/v1/studies/1/results?format=csv&columns=x,y";
    let tag = http.get(table).header("etag").unwrap().to_owned();
    let asked = |headers: &[(&str, &str)]| http.send("GET", table, headers, "").status;
    assert_eq!(asked(&[("if-none-match", &tag)]), 304);
    assert_eq!(asked(&[("range", "bytes=4-"), ("if-range", &tag)]), 206);
    let other = http.get("/api/v1/studies/1/results?format=csv&columns=x").header("etag").unwrap().to_owned();
    assert_ne!(other, tag);
    assert_eq!(asked(&[("if-none-match", &other)]), 200);
    assert_eq!(asked(&[("range", "bytes=4-"), ("if-range", &other)]), 200);
    // The same table as the command gives.
    let parquet = http.get("/api/v1/studies/squares/results?format=parquet").body;
    assert!(desk.paramo(&["export", "squares", "--output", "t.parquet"]).code == Some(0));
    assert_eq!(parquet, std::fs::read(desk.path().join("t.parquet")).unwrap());

    let run = http.get("/api/v1/studies/squares/runs/6").json();
    assert_eq!(run["parameters"], json!({ "x": 7 }));
    assert_eq!(
        (run["attempts"][0]["cause"].clone(), run["attempts"][0]["exit_code"].clone()),
        (json!("exit"), json!(1))
    );
    assert_eq!(http.get("/api/v1/studies/squares/runs/6/stdout").text(), "{\"y\": 49}\n");
    let again = http.post("/api/v1/studies", &json!({ "file": STUDY }));
    assert_eq!(again.status, 200, "it is the same study");
    assert_eq!(http.post("/api/v1/studies/squares/retry", &json!({})).json(), json!({ "opened": 1 }));
    server.study("squares", "finished");
    assert_eq!(http.get("/api/v1/health").json(), json!({ "studies": 1, "workers": 1 }));
}

fn what_is_wrong_is_said_with_its_place(ground: &Ground) {
    let server = Server::start(&ground.desk);
    let http = &server.http;
    let wrong = http.post("/api/v1/studies", &json!({ "file": STUDY.replace("step", "stp") }));
    assert_eq!(wrong.status, 422);
    assert_eq!(wrong.header("content-type"), Some("application/problem+json"));
    let problem = wrong.json();
    assert_eq!(problem["type"], "/problems/bad-document");
    assert!(problem["errors"][0]["field"].as_str().unwrap().contains("space"), "{problem}");
    for (method, path, body, status) in [
        ("GET", "/api/v1/studies/nothing", "", 404),
        ("GET", "/api/v1/studies/99", "", 404),
        ("GET", "/api/v1/studies/a@x", "", 400),
        ("GET", "/api/v1/nothing", "", 404),
        ("GET", "/api/v1/studies?state=odd", "", 400),
        ("GET", "/api/v1/studies?limt=1", "", 400),
        ("DELETE", "/api/v1/studies", "", 405),
        ("POST", "/api/v1/studies", "{", 400),
        ("POST", "/api/v1/studies", "{}", 422),
        ("POST", "/api/v1/studies", "{\"file\": 1}", 422),
    ] {
        let reply = http.send(method, path, &[("content-type", "application/json")], body);
        assert_eq!(reply.status, status, "{method} {path} {body}: {}", reply.text());
    }
    let large = format!("{{\"file\": \"{}\"}}", "x".repeat(17 << 20));
    assert_eq!(
        http.send("POST", "/api/v1/studies", &[("content-type", "application/json")], &large).status,
        413
    );
    http.post("/api/v1/studies", &json!({ "file": STUDY }));
    server.study("squares", "finished");
    for (path, status) in [
        ("/api/v1/studies/squares/results?where=z%3E1", 400),
        ("/api/v1/studies/squares/results?format=xls", 400),
        ("/api/v1/studies/squares/runs/10", 404),
        ("/api/v1/studies/squares/runs/x", 404),
        ("/api/v1/studies/squares/runs/1/stdin", 404),
    ] {
        assert_eq!(http.get(path).status, status, "{path}");
    }
    let differs = http.post("/api/v1/studies", &json!({ "file": STUDY.replace("-ne 7", "-ne 8") }));
    assert_eq!(differs.status, 409, "{}", differs.text());
    let new = http.post(
        "/api/v1/studies",
        &json!({ "file": STUDY.replace("-ne 7", "-ne 8"), "changed": "new-version" }),
    );
    assert_eq!((new.status, new.json()["version"].clone()), (201, json!(2)));
}

fn only_the_token_opens_and_other_pages_change_nothing(ground: &Ground) {
    let desk = &ground.desk;
    let server = Server::start(desk);
    let http = &server.http;
    let path = "/api/v1/version";
    for headers in [
        [("authorization", "Bearer wrong")],
        [("authorization", "")],
        [("cookie", "paramo=wrong")],
        [("cookie", "other=1")],
    ] {
        let reply = http.send("GET", path, &headers, "");
        assert_eq!(reply.status, 401, "{headers:?}");
        assert!(!reply.text().contains(&http.token));
    }
    let link = http.send("GET", &format!("/?token={}", http.token), &[("cookie", "none=1")], "");
    assert_eq!((link.status, link.header("location")), (303, Some("/")));
    let cookie = link.header("set-cookie").unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    assert_eq!(http.send("GET", path, &[("cookie", cookie)], "").status, 200);
    let body = json!({ "file": STUDY }).to_string();
    let post = |origin: (&str, &str)| {
        let json = ("content-type", "application/json");
        http.send("POST", "/api/v1/studies", &[("cookie", cookie), origin, json], &body).status
    };
    assert_eq!(post(("origin", "http://elsewhere.example")), 403);
    assert_eq!(post(("sec-fetch-site", "cross-site")), 403);
    assert_eq!(post(("accept", "*/*")), 403, "who does not say where it comes from");
    assert_eq!(post(("origin", &format!("http://{}", http.address))), 201);
    let headers = http.get(path);
    assert_eq!(headers.header("x-content-type-options"), Some("nosniff"));
    assert!(headers.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
    // Beside the store, or where files of the database are kept.
    let home = desk.path().join(".paramo");
    let below = std::fs::read_dir(&home).unwrap().flatten().map(|entry| entry.path());
    let file = below
        .chain([home.clone()])
        .map(|folder| folder.join("server-token"))
        .find(|file| file.exists())
        .unwrap();
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

fn studies_pause_resume_and_cancel_side_by_side(ground: &Ground) {
    let desk = &ground.desk;
    let server = Server::start(desk);
    let http = &server.http;
    http.post("/api/v1/studies", &json!({ "file": sleepers(desk.path(), 6, 0) }));
    until("two do not run", || desk.read("made").lines().count() == 2);
    until("what runs is not said", || {
        http.get("/api/v1/studies/sleepers/running").json().as_array().is_some_and(|runs| runs.len() == 2)
    });
    assert_eq!(http.get("/api/v1/workers").json()[0]["studies"], json!([1]));
    assert_eq!(http.send("POST", "/api/v1/studies/sleepers/pause", &[], "").status, 200);
    until("the pause does not come", || {
        http.get("/api/v1/studies/sleepers").json()["progress"]["paused"] == true
    });
    desk.file("go", "");
    until("the running runs do not end", || http.get("/api/v1/studies/sleepers").json()["succeeded"] == 2);
    let paused = server.study("sleepers", "paused");
    assert_eq!(paused["progress"]["paused"], true);
    assert_eq!(desk.read("made").lines().count(), 2, "nothing is started in a pause");
    assert_eq!(http.send("POST", "/api/v1/studies/sleepers/resume", &[], "").status, 200);
    assert_eq!(server.study("sleepers", "finished")["succeeded"], 6);

    std::fs::remove_file(desk.path().join("go")).unwrap();
    let second = sleepers(desk.path(), 4, 0).replace("sleepers", "second");
    http.post("/api/v1/studies", &json!({ "file": second }));
    until("the second does not run", || desk.read("made").lines().count() == 8);
    let busy = http.send("DELETE", "/api/v1/studies/second", &[], "");
    assert_eq!(busy.status, 409, "{}", busy.text());
    assert_eq!(http.send("POST", "/api/v1/studies/second/cancel", &[], "").status, 200);
    server.study("second", "cancelled");
    let stale = http.send("DELETE", "/api/v1/studies/second", &[("if-match", "\"2-0\"")], "");
    assert_eq!(stale.status, 412);
    let tag = http.get("/api/v1/studies/second").header("etag").unwrap().to_owned();
    let same = http.send("GET", "/api/v1/studies/second", &[("if-none-match", &tag)], "");
    assert_eq!(same.status, 304);
    assert_eq!(http.send("DELETE", "/api/v1/studies/second", &[("if-match", &tag)], "").status, 204);
    assert_eq!(http.get("/api/v1/studies").json().as_array().unwrap().len(), 1);
}

fn a_killed_server_goes_on_and_makes_nothing_twice(ground: &Ground) {
    let desk = &ground.desk;
    let first = Server::start(desk);
    first.http.post("/api/v1/studies", &json!({ "file": sleepers(desk.path(), 40, 10) }));
    until("ten do not end and two run", || {
        let study = first.http.get("/api/v1/studies/sleepers").json();
        study["succeeded"] == 10 && desk.read("made").lines().count() == 12
    });
    first.signal("-KILL");
    desk.file("go", "");
    let second = Server::start(desk);
    assert_eq!(second.http.token, first.http.token, "links stay good");
    assert_eq!(second.study("sleepers", "finished")["succeeded"], 40);
    // Only the two that were open when it died are made again.
    assert_eq!(desk.read("made").lines().count(), 42);
}

fn commands_reach_a_study_that_a_server_works_on(ground: &Ground) {
    let desk = &ground.desk;
    let server = Server::start(desk);
    server.http.post("/api/v1/studies", &json!({ "file": sleepers(desk.path(), 6, 0) }));
    until("two do not run", || desk.read("made").lines().count() == 2);
    assert_eq!(desk.paramo(&["pause", "sleepers"]).code, Some(0));
    until("the pause does not come", || {
        server.http.get("/api/v1/studies/sleepers").json()["progress"]["paused"] == true
    });
    assert_eq!(desk.paramo(&["resume", "sleepers"]).code, Some(0));
    desk.file("go", "");
    assert_eq!(server.study("sleepers", "finished")["succeeded"], 6);
}

fn a_server_told_to_end_leaves_studies_open_and_no_process(ground: &Ground) {
    let desk = &ground.desk;
    let mut first = Server::start(desk);
    first.http.post("/api/v1/studies", &json!({ "file": sleepers(desk.path(), 4, 0) }));
    until("two do not run", || desk.read("made").lines().count() == 2);
    first.signal("-TERM");
    assert!(first.process.wait().unwrap().success());
    let status = desk.paramo(&["status", "sleepers", "--json"]).out;
    assert!(status.contains("\"state\":\"stopped\""), "{status}");
    desk.file("go", "");
    let second = Server::start(desk);
    assert_eq!(second.study("sleepers", "finished")["succeeded"], 4);
}

fn events_tell_what_happens_and_go_on_where_a_reader_was_cut_off(ground: &Ground) {
    let server = Server::start(&ground.desk);
    let http = &server.http;
    let mut all = http.events("/api/v1/events", &[]);
    http.post("/api/v1/studies", &json!({ "file": STUDY }));
    let mut seen = Vec::new();
    let mut ids = Vec::new();
    while !seen.iter().any(|kind| kind == "study-stopped") {
        let event = all.next().unwrap();
        let field = |name: &str| {
            event.iter().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned())
        };
        seen.push(field("event:").unwrap());
        ids.push(field("id:").unwrap());
        let data: Value = serde_json::from_str(&field("data:").unwrap()).unwrap();
        assert_eq!(data["study"], 1);
    }
    assert_eq!(seen.first().map(String::as_str), Some("study-created"));
    assert!(seen.iter().any(|kind| kind == "progress"));
    let mut rest = http.events("/api/v1/events?study=squares", &[("last-event-id", &ids[0])]);
    assert!(rest.next().unwrap().contains(&format!("id: {}", ids[1])), "the one after it");
    let mut stranger = http.events("/api/v1/events", &[("last-event-id", "1-1")]);
    assert!(stranger.next().unwrap().contains(&"event: missed".to_owned()));
}

#[test]
fn the_api_is_described_and_the_description_is_kept() {
    let desk = Desk::new();
    let server = Server::start(&desk);
    let document = server.http.get("/api/v1/openapi.json").json();
    assert_eq!(document["openapi"], "3.1.0");
    let kept = paramo_tests::repository().join("docs/openapi.json");
    let now = serde_json::to_string_pretty(&document).unwrap() + "\n";
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&kept, &now).unwrap();
    }
    let kept = std::fs::read_to_string(kept).unwrap_or_default();
    assert!(kept == now, "docs/openapi.json is not what the code says; run this test with UPDATE_DOCS=1");
}
