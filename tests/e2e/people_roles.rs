//! Who may do what: every cell of the table of roles through the real API, with what belongs to others too, and every route.

use std::collections::BTreeMap;

use paramo_tests::engines::Ground;
use paramo_tests::group::{Group, Person};
use paramo_tests::{Desk, Postgres, on_both_engines};
use serde_json::{Value, json};

on_both_engines!(
    every_route_is_closed_to_strangers_and_to_people_of_other_projects,
    names_are_looked_for_in_what_one_sees,
    events_are_of_what_one_sees_and_end_when_it_is_taken_away
);

pub const STUDY: &str = r#"
name = "squares"
[application]
command = ["sh", "-c", "echo $(({x} * {x}))"]
outputs.y = { regex = "(.+)" }
[space]
x = { from = 1, to = 3, step = 1 }
"#;

const ROLES: [&str; 4] = ["viewer", "member", "manager", "administrator"];

/// A request for each action, on a project and a study of it. None of them leaves anything behind that another would stumble over: what
/// would destroy something is not carried out for another reason.
fn requests(project: &str, study: i64) -> Vec<(&'static str, &'static str, String, Value)> {
    let studies = format!("/api/v1/studies/{study}");
    let projects = format!("/api/v1/projects/{project}");
    vec![
        ("study.read", "GET", studies.clone(), json!({})),
        ("study.read", "GET", format!("{studies}/results"), json!({})),
        ("study.create", "POST", "/api/v1/studies".into(), json!({ "project": project, "file": "no study" })),
        ("study.control", "POST", format!("{studies}/pause"), json!({})),
        ("study.control", "PUT", format!("{studies}/slots"), json!({ "slots": 0 })),
        ("study.delete", "DELETE", studies.clone(), json!({})),
        ("study.share", "GET", format!("{studies}/shares"), json!({})),
        ("study.share", "POST", format!("{studies}/shares"), json!({ "expires_days": 0 })),
        ("job.read", "GET", format!("/api/v1/jobs?project={project}"), json!({})),
        ("job.read", "GET", format!("/api/v1/jobs/{project}:late"), json!({})),
        ("job.read", "GET", format!("/api/v1/schedules?project={project}"), json!({})),
        (
            "job.submit",
            "POST",
            "/api/v1/jobs".into(),
            json!({ "project": project, "site": "x", "text": "no script" }),
        ),
        (
            "job.submit",
            "POST",
            "/api/v1/schedules".into(),
            json!({ "project": project, "site": "x", "text": "no script" }),
        ),
        ("job.control", "POST", format!("/api/v1/jobs/{project}:late/cancel"), json!({})),
        ("job.control", "DELETE", format!("/api/v1/jobs/{project}:late"), json!({})),
        ("secret.read", "GET", format!("{projects}/secrets"), json!({})),
        ("secret.write", "PUT", format!("{projects}/secrets/key"), json!({ "value": "hush" })),
        ("project.read", "GET", projects.clone(), json!({})),
        ("project.read", "GET", format!("{projects}/members"), json!({})),
        ("project.manage", "PATCH", projects.clone(), json!({ "title": "Cells" })),
        ("project.manage", "PUT", format!("{projects}/groups/lab"), json!({ "role": "viewer" })),
        ("project.quota", "PUT", format!("{projects}/quota"), json!({ "runs": 4 })),
        ("project.delete", "DELETE", projects.clone(), json!({})),
        ("audit.read", "GET", format!("/api/v1/audit?project={project}"), json!({})),
    ]
}

/// The same for what belongs to no project.
fn requests_of_the_server() -> Vec<(&'static str, &'static str, String, Value)> {
    vec![
        ("project.create", "POST", "/api/v1/projects".into(), json!({ "name": "Not A Name", "title": "x" })),
        ("user.manage", "GET", "/api/v1/users".into(), json!({})),
        ("user.manage", "PATCH", "/api/v1/users/root".into(), json!({ "administrator": false })),
        ("site.read", "GET", "/api/v1/workers".into(), json!({})),
        ("worker.manage", "GET", "/api/v1/workers/tokens".into(), json!({})),
        (
            "worker.manage",
            "POST",
            "/api/v1/workers/tokens".into(),
            json!({ "name": "w", "expires_hours": 0 }),
        ),
        ("token.own", "GET", "/api/v1/tokens".into(), json!({})),
        ("system.read", "GET", "/api/v1/version".into(), json!({})),
    ]
}

/// Routes of these actions belong to another part of the server.
const ELSEWHERE: [&str; 2] = ["application.read", "application.write"];

/// The project `name`, with a study; the number of the study.
fn project(root: &Person, name: &str) -> i64 {
    let made = root.post("/api/v1/projects", &json!({ "name": name, "title": name }));
    assert_eq!(made.status, 201, "{}", made.text());
    let study = json!({ "project": name, "file": STUDY, "start": false });
    let made = root.post("/api/v1/studies", &study);
    assert_eq!((made.status, made.json()["project"].clone()), (201, json!(name)), "{}", made.text());
    made.json()["id"].as_i64().unwrap()
}

/// Sends a request; a study is not removed because of its tag.
fn send(person: &Person, method: &str, path: &str, body: &Value) -> paramo_tests::http::Reply {
    let headers = [("sec-fetch-site", "same-origin"), ("if-match", "\"0-0\"")];
    person.send_with(method, path, &headers, &if method == "GET" { String::new() } else { body.to_string() })
}

/// A job that was written down, and of which nobody knows how it is: its site is away.
fn late_job(root: &Person, project: &str) {
    let job = json!({ "project": project, "site": "away", "name": "late", "text": "#!/bin/sh\n" });
    let made = root.post("/api/v1/jobs", &job);
    assert_eq!(made.status, 503, "{}", made.text());
}

fn every_cell(desk: &Desk) {
    let site = desk.path().join("site");
    desk.file(
        "sites.toml",
        format!(
            "[sites.away]\nkind = \"slurm\"\naccess = {{ url = \"http://127.0.0.1:9\", user = \"x\", token_command = \"echo x\" }}\ndirectory = \"{}\"\n",
            site.display()
        ),
    );
    let group = Group::with_root(desk);
    let root = group.sign_in("root");
    let (ours, theirs) = (project(&root, "ours"), project(&root, "theirs"));
    late_job(&root, "ours");
    late_job(&root, "theirs");
    let table = root.get("/api/v1/roles").json();
    let mut tried: BTreeMap<String, usize> = BTreeMap::new();
    for role in ROLES {
        let person = group.invite(&root, role);
        let given = root.put(&format!("/api/v1/projects/ours/members/{role}"), &json!({ "role": role }));
        assert_eq!(given.status, 204, "{}", given.text());
        let allowed = |action: &str| {
            let all = table["actions"].as_array().unwrap();
            let line = all.iter().find(|line| line["name"] == action).unwrap();
            let role = if line["of"] == "server" { "viewer" } else { role };
            line["roles"].as_array().unwrap().contains(&json!(role))
        };
        for (action, method, path, body) in requests("ours", ours).into_iter().chain(requests_of_the_server())
        {
            let reply = send(&person, method, &path, &body);
            let got_through = ![401, 403, 404].contains(&reply.status);
            let refused = reply.status == 403;
            let cell = format!("{role} {action}: {method} {path}: {} {}", reply.status, reply.text());
            assert_eq!((got_through, refused), (allowed(action), !allowed(action)), "{cell}");
            *tried.entry(action.to_owned()).or_default() += 1;
        }
        // What belongs to others looks as if it were not there, to the letter.
        let nothing = requests("nowhere", 999);
        for ((action, method, path, body), (_, _, no_path, no_body)) in
            requests("theirs", theirs).iter().zip(nothing)
        {
            let reply = send(&person, method, path, body);
            assert_eq!(reply.status, 404, "{role} {action}: {method} {path}: {}", reply.text());
            let none = send(&person, method, &no_path, &no_body);
            let same = none.text().replace("nowhere", "theirs").replace("999", &theirs.to_string());
            assert_eq!(reply.text(), same, "{action}: {method} {path}");
        }
    }
    for line in table["actions"].as_array().unwrap() {
        let name = line["name"].as_str().unwrap();
        assert!(tried.contains_key(name) || ELSEWHERE.contains(&name), "no request tries {name}");
    }
    // An administrator of the server gets everywhere.
    for (action, method, path, body) in requests("theirs", theirs).into_iter().chain(requests_of_the_server())
    {
        let reply = send(&root, method, &path, &body);
        assert!(![401, 403, 404].contains(&reply.status), "{action}: {method} {path}: {}", reply.text());
    }
}

#[test]
fn every_cell_of_the_table_is_what_the_api_does() {
    every_cell(&Desk::new());
}

#[test]
fn every_cell_of_the_table_is_what_the_api_does_in_a_database() {
    let postgres = Postgres::start("shared");
    every_cell(&Desk::named("people").at(&postgres.database("people_cells")));
}

/// Routes for everybody.
const OPEN: [&str; 7] = [
    "GET /session",
    "POST /session",
    "DELETE /session",
    "GET /session/oidc",
    "GET /session/oidc/callback",
    "POST /device",
    "POST /device/token",
];

fn every_route_is_closed_to_strangers_and_to_people_of_other_projects(ground: &Ground) {
    let desk = &ground.desk;
    let group = Group::with_root(desk);
    let root = group.sign_in("root");
    let study = project(&root, "theirs");
    let outsider = group.invite(&root, "outsider");
    let document = root.get("/api/v1/openapi.json").json();
    let mut tried = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let method = method.to_uppercase();
            let route = format!("{method} {}", path.trim_start_matches("/api/v1"));
            if OPEN.contains(&route.as_str()) || path.contains("{code}") {
                continue;
            }
            let filled = path.replace("{study}", &study.to_string()).replace("{project}", "theirs");
            let filled = filled.split('/').map(|part| if part.starts_with('{') { "1" } else { part });
            let filled = filled.collect::<Vec<_>>().join("/");
            let nobody = group.nobody().send(&method, &filled, "{}");
            assert_eq!(nobody.status, 401, "{route}: {}", nobody.text());
            if path.contains("{study}") || path.contains("{project}") {
                let reply = outsider.send(&method, &filled, "{}");
                assert_eq!(reply.status, 404, "{route}: {}", reply.text());
            }
            tried += 1;
        }
    }
    assert!(tried > 40, "{tried}");
    // Lists hold nothing of others.
    for list in ["studies", "projects"] {
        assert_eq!(outsider.get(&format!("/api/v1/{list}")).json(), json!([]), "{list}");
    }
    assert_eq!(outsider.get("/api/v1/session").json()["projects"], json!([]));
    assert_eq!(outsider.get("/api/v1/audit").status, 403);
    // Neither what there is not nor a method that it does not take gets past.
    assert_eq!(root.get("/api/v1/nothing").status, 404);
    assert_eq!(root.send("DELETE", "/api/v1/version", "").header("allow"), Some("GET"));
}

fn names_are_looked_for_in_what_one_sees(ground: &Ground) {
    let desk = &ground.desk;
    let group = Group::with_root(desk);
    let root = group.sign_in("root");
    let (ours, _) = (project(&root, "ours"), project(&root, "theirs"));
    let ada = group.invite(&root, "ada");
    root.put("/api/v1/projects/ours/members/ada", &json!({ "role": "manager" }));
    for word in ["squares", "squares@1", "ours:squares", "ours:squares@1"] {
        assert_eq!(ada.get(&format!("/api/v1/studies/{word}")).json()["id"], json!(ours), "{word}");
    }
    assert_eq!(ada.get("/api/v1/studies/theirs:squares").status, 404);
    let several = root.get("/api/v1/studies/squares");
    assert_eq!(several.status, 409);
    let detail = several.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("ours:squares, theirs:squares"), "{detail}");
    assert_eq!(ada.get("/api/v1/studies").json().as_array().unwrap().len(), 1);
    assert_eq!(root.get("/api/v1/studies?project=theirs").json().as_array().unwrap().len(), 1);
    assert_eq!(ada.get("/api/v1/studies?project=theirs").status, 404);
    // Nobody gives a role above their own, nor takes one away.
    group.invite(&root, "bob");
    let give = |name: &str, role: &str| {
        ada.put(&format!("/api/v1/projects/ours/members/{name}"), &json!({ "role": role })).status
    };
    assert_eq!(
        (give("bob", "manager"), give("bob", "administrator"), give("nobody", "viewer")),
        (204, 403, 404)
    );
    root.put("/api/v1/projects/ours/members/bob", &json!({ "role": "administrator" }));
    assert_eq!(give("bob", "viewer"), 403);
    assert_eq!(ada.send("DELETE", "/api/v1/projects/ours/members/bob", "").status, 403);
}

fn events_are_of_what_one_sees_and_end_when_it_is_taken_away(ground: &Ground) {
    let desk = &ground.desk;
    let group = Group::with_root(desk);
    let root = group.sign_in("root");
    let (ours, theirs) = (project(&root, "ours"), project(&root, "theirs"));
    let ada = group.invite(&root, "ada");
    root.put("/api/v1/projects/ours/members/ada", &json!({ "role": "viewer" }));
    let cookie = format!("paramo_session={}", ada.cookie());
    let mut events = group.http.events("/api/v1/events", &[("cookie", &cookie)]);
    root.put(&format!("/api/v1/studies/{theirs}/slots"), &json!({ "slots": 1 }));
    root.put(&format!("/api/v1/studies/{ours}/slots"), &json!({ "slots": 1 }));
    let first = events.next().unwrap();
    assert!(first.iter().any(|line| line == &format!("data: {{\"study\":{ours}}}")), "{first:?}");
    assert_eq!(group.nobody().get("/api/v1/events").status, 401);
    // Disabled, she hears no more: the stream ends.
    root.send("PATCH", "/api/v1/users/ada", "{\"disabled\": true}");
    root.put(&format!("/api/v1/studies/{ours}/slots"), &json!({ "slots": 2 }));
    assert_eq!(events.next(), None);
}
