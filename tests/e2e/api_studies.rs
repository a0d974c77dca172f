//! Beginning and widening studies over HTTP: from files, from JSON, with the files that they name, and what they would take.

use paramo_tests::engines::Ground;
use paramo_tests::http::Http;
use paramo_tests::server::Server;
use paramo_tests::{Desk, on_both_engines};
use serde_json::{Value, json};

on_both_engines!(
    a_definition_in_json_is_a_study_with_its_axes_in_order,
    points_come_along_as_files,
    what_a_study_would_take_is_said_before_it_is_begun,
    limits_are_set_and_what_stands_in_the_way_is_said,
    an_application_is_published_and_swept_by_its_name,
    a_request_with_a_key_is_carried_out_once,
);

const PROGRAM: &str = "echo '{{\"y\": '$(({x} * 2))'}}'; mkdir -p out; echo {x} > out/x.dat";

/// A definition as JSON, as text, for the order of its axes matters.
fn definition(space: &str) -> String {
    let application = json!({
        "command": ["sh", "-c", PROGRAM],
        "outputs": { "y": { "json": "y" } },
        "keep": ["out/*"],
    });
    format!(r#"{{ "definition": {{ "name": "doubles", "space": {space}, "application": {application} }} "#)
}

#[track_caller]
fn post(http: &Http, path: &str, body: &str, status: u16) -> Value {
    let reply = http.send("POST", path, &[("content-type", "application/json")], body);
    assert_eq!(reply.status, status, "{body}: {}", reply.text());
    reply.json()
}

fn a_definition_in_json_is_a_study_with_its_axes_in_order(ground: &Ground) {
    let server = Server::start(&ground.desk);
    let http = &server.http;
    let space = r#"{ "x": { "from": 1, "to": 3, "step": 1 }, "a": ["p", "q"] }"#;
    let text = definition(space).replace("mkdir", ": {a}; mkdir") + "}";
    post(http, "/api/v1/studies", &text, 201);
    let study = server.study("doubles", "finished");
    assert_eq!((&study["points"], &study["why"]["code"]), (&json!(6), &json!("finished")));
    let runs = http.get("/api/v1/studies/doubles/runs").json();
    assert_eq!(runs["rows"][1]["parameters"], json!({ "x": 1, "a": "q" }), "the last axis turns fastest");

    let files = http.get("/api/v1/studies/doubles/runs/4/files").json();
    assert_eq!(files, json!([{ "name": "out/x.dat", "size_bytes": 2 }]));
    let path = "/api/v1/studies/doubles/runs/4/files/out%2Fx.dat";
    let file = http.get(path);
    assert_eq!((file.status, file.text().as_str(), file.header("content-length")), (200, "3\n", Some("2")));
    let part = http.send("GET", path, &[("range", "bytes=1-")], "");
    assert_eq!(
        (part.status, part.text().as_str(), part.header("content-range")),
        (206, "\n", Some("bytes 1-1/2"))
    );
    assert_eq!(http.send("GET", path, &[("range", "bytes=9-")], "").status, 416);
    let tag = file.header("etag").unwrap();
    assert_eq!(part.header("etag"), Some(tag));
    let same = http.send("GET", path, &[("if-none-match", tag)], "");
    assert_eq!((same.status, same.body.len(), same.header("etag")), (304, 0, Some(tag)));
    let rest = |seen: &str| http.send("GET", path, &[("range", "bytes=1-"), ("if-range", seen)], "").status;
    assert_eq!((rest(tag), rest("\"other\"")), (206, 200));
    for name in ["out%2F..%2F..%2Fx", "..%2F5%2Fout%2Fx.dat", "%2Fetc%2Fpasswd", "none", "out"] {
        assert_eq!(http.get(&format!("/api/v1/studies/doubles/runs/4/files/{name}")).status, 404, "{name}");
    }

    // What it is written as makes the same study.
    let file = http.get("/api/v1/studies/doubles/file");
    assert_eq!(file.header("content-type"), Some("application/toml"));
    assert_eq!(file.header("content-disposition"), Some("attachment; filename=\"doubles.toml\""));
    let same = post(http, "/api/v1/studies", &json!({ "file": file.text() }).to_string(), 200);
    assert_eq!(same["id"], study["id"], "{}", file.text());
    let toml = ground.desk.file("doubles.toml", file.text());
    let again = ground.desk.paramo(&["run", toml.to_str().unwrap(), "--dry-run"]);
    assert_eq!(again.code, Some(0), "{again:?}");

    let more = post(http, "/api/v1/studies/doubles/extend", r#"{ "space": { "x": [9], "a": ["r"] } }"#, 200);
    assert_eq!(more["points"], 7);
    assert_eq!(server.study("doubles", "finished")["succeeded"], 7);
    assert_eq!(
        http.get("/api/v1/studies/doubles/runs?where=x==9").json()["rows"][0]["outputs"],
        json!({ "y": 18 })
    );
    for (body, status) in [
        (r#"{ "space": { "x": [9] }, "count": 3 }"#, 422),
        ("{}", 422),
        (r#"{ "count": 3 }"#, 422),
        (r#"{ "space": { "z": [9] } }"#, 422),
        (r#"{ "space": { "x": "file" } }"#, 422),
        (r#"{ "space": 3 }"#, 422),
        (r#"{ "spce": {} }"#, 422),
    ] {
        post(http, "/api/v1/studies/doubles/extend", body, status);
    }
}

fn points_come_along_as_files(ground: &Ground) {
    let desk = &ground.desk;
    let server = Server::start(desk);
    let http = &server.http;
    let space = r#"{ "points": "points.csv" }"#;
    let with = |attachments: Value| {
        format!("{}, \"attachments\": {attachments} }}", definition(space).replace("mkdir", ": {k}; mkdir"))
    };
    post(http, "/api/v1/studies", &with(json!({ "points.csv": "x,k\n5,a\n6,b\n" })), 201);
    assert_eq!(server.study("doubles", "finished")["succeeded"], 2);
    let same = with(json!({ "points.csv": "base64:eCxrCjUsYQo2LGIK" }));
    post(http, "/api/v1/studies", &same, 200);
    for wrong in
        [json!({ "other.csv": "x\n1\n" }), json!({ "points.csv": "base64:???" }), json!({ "points.csv": "" })]
    {
        let problem = post(http, "/api/v1/studies", &with(wrong), 422);
        assert!(problem["errors"][0]["field"].as_str().unwrap().starts_with("space"), "{problem}");
    }
    // What came along is all there is: no file of the server takes its place.
    desk.file("secret.csv", "x,k\n1,a\n");
    let body = with(json!({ "points.csv": "x,k\n5,a\n" }))
        .replace("\"points\": \"points.csv\"", "\"points\": \"secret.csv\"");
    let problem = post(http, "/api/v1/studies", &body, 422);
    assert!(problem["detail"].as_str().unwrap().contains("did not come along"), "{problem}");
}

fn what_a_study_would_take_is_said_before_it_is_begun(ground: &Ground) {
    let server = Server::start(&ground.desk);
    let http = &server.http;
    let space = r#"{ "x": { "from": 1, "to": 10, "step": 1 }, "where": "x > 4" }"#;
    let body = definition(space) + "}";
    let before = post(http, "/api/v1/studies/estimate", &body, 200);
    assert_eq!(
        (&before["points"], &before["left_out"], &before["basis"]),
        (&json!(10), &json!(4), &json!("unknown"))
    );
    assert_eq!(
        (&before["slots"], &before["why"], &before["sample"][0]),
        (&json!(2), &Value::Null, &json!({ "x": 1 }))
    );
    assert_eq!(http.get("/api/v1/studies").json(), json!([]), "nothing is begun");
    let timed = body.replace("\"keep\"", "\"resources\": { \"time\": \"1 h\", \"cpus\": 2 }, \"keep\"");
    let declared = post(http, "/api/v1/studies/estimate", &timed, 200);
    assert_eq!((&declared["basis"], &declared["slots"]), (&json!("declared"), &json!(1)));
    assert_eq!((&declared["seconds"], &declared["cpu_hours"]), (&json!(6.0 * 3600.0), &json!(12.0)));
    let large =
        post(http, "/api/v1/studies/estimate", &timed.replace("\"cpus\": 2", "\"memory\": \"900 TiB\""), 200);
    assert_eq!(large["why"]["code"], "too-large");
    post(http, "/api/v1/studies", &body, 201);
    server.study("doubles", "finished");
    let measured = post(http, "/api/v1/studies/estimate", &body.replace("doubles", "again"), 200);
    assert_eq!(measured["basis"], "measured");
    assert!(measured["seconds"].as_f64().unwrap() > 0.0);
    for (body, status) in [
        ("{}", 422),
        (r#"{ "definition": 3 }"#, 422),
        (r#"{ "definition": {} }"#, 422),
        (r#"{ "definition": { "name": "a" }, "file": "" }"#, 422),
        (r#"{ "file": "", "name": "a" }"#, 422),
        (r#"{ "definition": { "name": null, "a": [null] } }"#, 422),
        ("[", 400),
    ] {
        post(http, "/api/v1/studies/estimate", body, status);
    }
    let deep = format!("{{\"definition\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    post(http, "/api/v1/studies", &deep, 400);
}

fn limits_are_set_and_what_stands_in_the_way_is_said(ground: &Ground) {
    let server = Server::start(&ground.desk);
    let http = &server.http;
    post(http, "/api/v1/studies", &(definition(r#"{ "x": [1] }"#) + r#", "start": false }"#), 201);
    assert_eq!(http.get("/api/v1/studies/doubles/why").json()["code"], "not-started");
    let put = |body: &str| {
        let json = ("content-type", "application/json");
        http.send("PUT", "/api/v1/studies/doubles/limits", &[json], body)
    };
    let set = put(r#"{ "cpu_hours": 2, "wall_seconds": null, "max_failures": "5 %" }"#);
    assert_eq!(set.status, 200, "{}", set.text());
    let kept = &set.json()["definition"]["run"]["wished_limits"];
    assert_eq!(kept, &json!({ "cpu": 7200.0, "time": null, "failures": "5 %" }));
    for wrong in [r#"{ "cpu_hours": 0 }"#, r#"{ "wall_seconds": -1 }"#] {
        assert_eq!(put(wrong).status, 400, "{wrong}");
    }
    assert_eq!(put(r#"{ "max_failures": 0 }"#).status, 422);
    assert_eq!(
        http.get("/api/v1/pools").json(),
        json!([{
            "name": "local", "site": "local", "workers": 1, "running": 0, "cpus": 2.0, "minimum": null, "maximum": null, "trouble": null,
            "allocations": []
        }])
    );
}

#[test]
fn the_api_is_documented_on_a_page_of_its_own() {
    let desk = Desk::new();
    let server = Server::start(&desk);
    let page = server.http.get("/api/docs/");
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html")));
    let text = page.text();
    let linked = text.split(['"', '\'']).filter(|word| word.ends_with(".js") || word.ends_with(".css"));
    let parts: Vec<String> = linked.map(|word| word.trim_start_matches("./").to_owned()).collect();
    assert!(!parts.is_empty() && !text.contains("//unpkg") && !text.contains("https://"), "{text}");
    for part in parts {
        assert_eq!(server.http.get(&format!("/api/docs/{part}")).status, 200, "{part}");
    }
    // The policy allows no script in the page itself.
    assert!(!text.contains("<script>"), "{text}");
    assert!(server.http.get("/api/docs/swagger-initializer.js").text().contains("../v1/openapi.json"));
    assert_eq!(server.http.get("/api/docs/none.js").status, 404);
}

const APPLICATION: &str = r#"
name = "doubler"
description = "Twice a number"
[application]
command = ["sh", "-c", "echo '{{\"y\": '$(({x} * 2))'}}'"]
[application.parameters]
x = { type = "integer", unit = "m", min = 0, max = 100, default = 7 }
[application.outputs]
y = { json = "y", unit = "m" }
"#;

fn an_application_is_published_and_swept_by_its_name(ground: &Ground) {
    let server = Server::start(&ground.desk);
    let http = &server.http;
    assert_eq!(http.get("/api/v1/applications").json(), json!([]));
    let first = post(http, "/api/v1/applications", &json!({ "file": APPLICATION }).to_string(), 201);
    assert_eq!(
        (&first["version"], &first["by"], &first["description"]),
        (&json!(1), &json!("owner"), &json!("Twice a number"))
    );
    let parameter = &first["parameters"][0];
    assert_eq!(
        (&parameter["default"], &parameter["maximum"], &parameter["kind"]),
        (&json!(7), &json!(100.0), &json!("integer"))
    );
    let second = APPLICATION.replace("* 2", "* 3");
    post(http, "/api/v1/applications", &json!({ "file": second }).to_string(), 201);
    let list = http.get("/api/v1/applications?project=default").json();
    assert_eq!(
        (list.as_array().unwrap().len(), &list[0]["version"], &list[0]["versions"]),
        (1, &json!(2), &json!(2))
    );
    assert_eq!(http.get("/api/v1/applications/default/doubler").json().as_array().unwrap().len(), 2);
    assert_eq!(http.get("/api/v1/applications/default/doubler/1").json()["file"], APPLICATION);

    let study = json!({ "application": "default/doubler@1", "name": "swept", "space": { "x": [1, 2] } });
    post(http, "/api/v1/studies", &study.to_string(), 201);
    server.study("swept", "finished");
    assert_eq!(http.get("/api/v1/studies/swept/runs/1").json()["outputs"], json!({ "y": 4 }));
    let newest = json!({ "application": "doubler", "name": "newest" });
    post(http, "/api/v1/studies", &newest.to_string(), 201);
    server.study("newest", "finished");
    assert_eq!(
        http.get("/api/v1/studies/newest/runs/0").json()["outputs"],
        json!({ "y": 21 }),
        "its default"
    );
    let beyond = json!({ "application": "doubler", "name": "beyond", "space": { "x": [101] } });
    post(http, "/api/v1/studies", &beyond.to_string(), 422);

    let place = "/api/v1/applications/default/doubler/1/deprecate";
    let old = post(http, place, r#"{ "reason": "version 2 is right" }"#, 200);
    assert_eq!(old["deprecated"], "version 2 is right");
    assert_eq!(http.send("DELETE", place, &[], "").json()["deprecated"], Value::Null);
    post(http, place, r#"{ "reason": " " }"#, 400);
    for (wrong, status) in [
        (json!({ "application": "other", "name": "a" }), 404),
        (json!({ "application": "nobody/doubler", "name": "a" }), 404),
        (json!({ "application": "doubler@9", "name": "a" }), 404),
        (json!({ "application": "doubler@x", "name": "a" }), 400),
    ] {
        post(http, "/api/v1/studies", &wrong.to_string(), status);
    }
    for wrong in [
        APPLICATION.replace("{x}", "{z}"),
        format!("{APPLICATION}[space]\nx = [1]\n"),
        APPLICATION.replace("type", "kind"),
        String::new(),
    ] {
        let problem = post(http, "/api/v1/applications", &json!({ "file": wrong }).to_string(), 422);
        assert_eq!(problem["type"], "/problems/bad-document");
    }
    for path in ["/default/none", "/default/doubler/3", "/default/doubler/x", "/none/doubler"] {
        assert_eq!(http.get(&format!("/api/v1/applications{path}")).status, 404, "{path}");
    }
}

fn a_request_with_a_key_is_carried_out_once(ground: &Ground) {
    let server = Server::start(&ground.desk);
    let send = |key: &str, body: &str| {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        server.http.send("POST", "/api/v1/studies", &headers, body)
    };
    let body = definition(r#"{ "x": [1] }"#) + r#", "changed": "new-version" }"#;
    let first = send("k1", &body);
    assert_eq!((first.status, first.json()["version"].clone()), (201, json!(1)));
    let again = send("k1", &body);
    assert_eq!((again.status, again.body), (201, first.body));
    assert_eq!(send("k1", &body.replace("[1]", "[2]")).status, 422);
    assert_eq!(send("k2", &body).json()["version"], 2);
    assert_eq!(server.http.get("/api/v1/studies").json().as_array().unwrap().len(), 2);
    let wrong = body.replace("\"x\": [1]", "\"x\": {}");
    assert_eq!(send("k3", &wrong).status, 422);
    assert_eq!(send("k3", &wrong).status, 422, "what was refused may be tried again");
    assert_eq!(send(&"k".repeat(300), &body).status, 400);
}
