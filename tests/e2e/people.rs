//! People come in, and go: the first administrator, invitations, passwords, tokens, devices, links to a study, secrets and the trail of it all.

use paramo_tests::engines::Ground;
use paramo_tests::group::{Group, PASSWORD};
use paramo_tests::{Desk, Postgres, on_both_engines};
use serde_json::{Value, json};

use crate::people_roles::STUDY;

on_both_engines!(
    guessing_becomes_slow,
    pages_of_others_change_nothing_and_sign_nobody_in,
    an_expired_token_or_session_is_none
);

/// Has a test tried with a store in a directory and with one in a database.
macro_rules! in_both {
    ($($test:ident => $directory:ident, $database:ident;)+) => {
        $(
            #[test]
            fn $directory() {
                $test(&Desk::new());
            }

            #[test]
            fn $database() {
                let postgres = Postgres::start("shared");
                $test(&Desk::named("people").at(&postgres.database(stringify!($test))));
            }
        )+
    };
}

in_both! {
    come_in => people_come_in_by_links_and_passwords, people_come_in_by_links_and_passwords_in_a_database;
    tokens => tokens_are_good_for_what_they_say, tokens_are_good_for_what_they_say_in_a_database;
    devices => a_device_is_let_in_once, a_device_is_let_in_once_in_a_database;
    shares => a_link_shows_one_study_and_changes_nothing, a_link_shows_one_study_and_changes_nothing_in_a_database;
    trail => the_trail_tells_all_and_no_secret, the_trail_tells_all_and_no_secret_in_a_database;
}

fn come_in(desk: &Desk) {
    let mut group = Group::start(desk, &[]);
    assert!(group.link.contains("/welcome/"), "{}", group.link);
    let first = group.welcome();
    assert_eq!(group.nobody().get(&first).json(), json!({ "purpose": "first-administrator", "name": null }));
    let session = group.nobody().get("/api/v1/session").json();
    assert_eq!((&session["user"], &session["embedded"]), (&Value::Null, &json!(false)));
    assert_eq!(session["login"], json!({ "local": true, "ldap": false, "oidc": null }));
    // A link that was printed before is no longer good once another was.
    group.end();
    let group = Group::start(desk, &[]);
    assert_eq!(group.nobody().get(&first).status, 404);
    let first = group.welcome();
    for (body, status) in [
        (json!({ "name": "root", "password": "short" }), 400),
        (json!({ "name": "root", "password": "x".repeat(2000) }), 400),
        (json!({ "name": "../root", "password": PASSWORD }), 400),
        (json!({ "password": PASSWORD }), 400),
        (json!({ "name": 1, "password": PASSWORD }), 422),
    ] {
        assert_eq!(group.nobody().post(&first, &body).status, status, "{body}");
    }
    let root = group.nobody().post(&first, &json!({ "name": "root", "password": PASSWORD }));
    let cookie = root.header("set-cookie").unwrap();
    assert!(cookie.contains("HttpOnly; SameSite=Lax") && !cookie.contains("Secure"), "{cookie}");
    assert_eq!(root.json()["user"]["administrator"], true);
    let root = group.with_cookie(&root);
    assert_eq!(group.nobody().post(&first, &json!({ "name": "eve", "password": PASSWORD })).status, 404);

    // An invitation is good once.
    let made = root
        .post("/api/v1/users", &json!({ "name": "ada", "display_name": "Ada", "email": "ada@lab.example" }));
    assert_eq!(made.json()["user"]["welcomed"], false);
    let link = made.json()["link"].as_str().unwrap().to_owned();
    assert!(link.starts_with(&format!("http://{}/welcome/", group.http.address)), "{link}");
    let welcome = format!("/api/v1/welcome/{}", link.rsplit('/').next().unwrap());
    assert_eq!(group.nobody().get(&welcome).json(), json!({ "purpose": "invitation", "name": "ada" }));
    let before = json!({ "name": "ada", "password": PASSWORD });
    assert_eq!(group.nobody().post("/api/v1/session", &before).status, 401, "there is no password yet");
    let ada = group.nobody().post(&welcome, &json!({ "password": PASSWORD }));
    let ada = group.with_cookie(&ada);
    assert_eq!(group.nobody().get(&welcome).status, 404);
    assert_eq!(ada.get("/api/v1/session").json()["user"]["display_name"], "Ada");
    assert_eq!(root.post("/api/v1/users", &json!({ "name": "ada", "display_name": "x" })).status, 409);

    // A wrong password and a wrong name are told apart by nobody.
    let wrong = |name: &str| {
        group.nobody().post("/api/v1/session", &json!({ "name": name, "password": "wrong wrong" }))
    };
    let (known, unknown) = (wrong("ada"), wrong("nobody"));
    assert_eq!((known.status, known.text()), (401, unknown.text()));

    // A new password ends the other sessions; the old one has to be known.
    let second = group.sign_in("ada");
    let change =
        |old: &str, new: &str| ada.put("/api/v1/session/password", &json!({ "old": old, "new": new })).status;
    let new = "another long password";
    assert_eq!(
        (change("wrong wrong", new), change(PASSWORD, "short"), change(PASSWORD, new)),
        (401, 400, 204)
    );
    assert_eq!((ada.get("/api/v1/version").status, second.get("/api/v1/version").status), (200, 401));
    assert_eq!(group.nobody().post("/api/v1/session", &before).status, 401);

    // A reset, and signing out.
    let link =
        root.post("/api/v1/users/ada/invitation", &json!({})).json()["link"].as_str().unwrap().to_owned();
    let reset = format!("/api/v1/welcome/{}", link.rsplit('/').next().unwrap());
    assert_eq!(group.nobody().get(&reset).json()["purpose"], "reset");
    assert_eq!(group.nobody().post(&reset, &json!({ "password": PASSWORD })).status, 200);
    assert_eq!(ada.get("/api/v1/version").status, 401, "a reset ends sessions");
    let ada = group.sign_in("ada");
    assert_eq!(ada.send("DELETE", "/api/v1/session", "").status, 204);
    assert_eq!(ada.get("/api/v1/version").status, 401);

    // Disabled at once; the last administrator stays.
    let ada = group.sign_in("ada");
    assert_eq!(root.send("PATCH", "/api/v1/users/ada", "{\"disabled\": true}").status, 200);
    assert_eq!(ada.get("/api/v1/version").status, 401);
    assert_eq!(group.nobody().post("/api/v1/session", &before).status, 401);
    for body in ["{\"disabled\": true}", "{\"administrator\": false}"] {
        assert_eq!(root.send("PATCH", "/api/v1/users/root", body).status, 409);
    }
    assert_eq!(root.send("DELETE", "/api/v1/users/root", "").status, 409);
    assert_eq!(root.send("DELETE", "/api/v1/users/ada", "").status, 204);
    assert_eq!(root.get("/api/v1/users/ada").status, 404);
}

fn guessing_becomes_slow(ground: &Ground) {
    let desk = &ground.desk;
    let group = Group::with_root(desk);
    let guess =
        || group.nobody().post("/api/v1/session", &json!({ "name": "root", "password": "guess guess" }));
    let mut last = guess();
    for _ in 0..20 {
        if last.status == 429 {
            break;
        }
        assert_eq!(last.status, 401);
        last = guess();
    }
    assert_eq!(last.status, 429, "{}", last.text());
    assert!(last.header("retry-after").unwrap().parse::<u32>().unwrap() >= 1);
    assert_eq!(last.json()["type"], "/problems/too-many-tries");
    // Also for the right password, or guessing would go on.
    let right = json!({ "name": "root", "password": PASSWORD });
    assert_eq!(group.nobody().post("/api/v1/session", &right).status, 429);
}

fn pages_of_others_change_nothing_and_sign_nobody_in(ground: &Ground) {
    let desk = &ground.desk;
    let group = Group::with_root(desk);
    let root = group.sign_in("root");
    let body = json!({ "name": "cells", "title": "Cells" }).to_string();
    let here = format!("http://{}", group.http.address);
    for (header, status) in [
        (("origin", "http://elsewhere.example"), 403),
        (("origin", "null"), 403),
        (("sec-fetch-site", "cross-site"), 403),
        (("sec-fetch-site", "same-site"), 403),
        (("sec-fetch-site", "none"), 403),
        (("accept", "*/*"), 403),
        (("origin", here.as_str()), 201),
    ] {
        let reply = root.send_with("POST", "/api/v1/projects", &[header], &body);
        assert_eq!(reply.status, status, "{header:?}: {}", reply.text());
    }
    let right = json!({ "name": "root", "password": PASSWORD }).to_string();
    let foreign = [("sec-fetch-site", "cross-site")];
    assert_eq!(group.nobody().send_with("POST", "/api/v1/session", &foreign, &right).status, 403);
    // Programs that sign in do not say where they are.
    assert_eq!(group.nobody().send_with("POST", "/api/v1/session", &[], &right).status, 200);
    let reply = root.get("/api/v1/version");
    assert_eq!(reply.header("access-control-allow-origin"), None);
    assert!(!reply.header("content-security-policy").unwrap().contains("unsafe-inline"));
}

fn tokens(desk: &Desk) {
    let group = Group::with_root(desk);
    let root = group.sign_in("root");
    root.post("/api/v1/projects", &json!({ "name": "ours", "title": "Ours" }));
    let make = |body: Value| {
        let made = root.post("/api/v1/tokens", &body);
        assert_eq!(made.status, 201, "{}", made.text());
        let token = made.json()["token"].as_str().unwrap().to_owned();
        assert!(token.starts_with("prm_") && token.len() > 64, "{token}");
        (made.json()["id"].as_i64().unwrap(), token)
    };
    let (_, read) = make(json!({ "name": "reader", "scopes": ["read"] }));
    let (_, write) = make(json!({ "name": "writer", "scopes": ["write"], "expires_days": 1 }));
    let (id, admin) = make(json!({ "name": "admin", "scopes": ["read", "write", "admin"] }));
    let (_, bound) = make(json!({ "name": "bound", "scopes": ["admin"], "project": "ours" }));
    let study = |project: &str| json!({ "project": project, "file": STUDY, "start": false });
    for (token, get, create, manage, foreign) in [
        (&read, 200, 403, 403, 403),
        (&write, 200, 201, 403, 201),
        (&admin, 200, 200, 200, 200),
        (&bound, 200, 200, 403, 404),
    ] {
        let person = group.bearer(token);
        let seen = [
            person.get("/api/v1/studies").status,
            person.post("/api/v1/studies", &study("ours")).status,
            person.get("/api/v1/users").status,
            person.post("/api/v1/studies", &study("default")).status,
        ];
        assert_eq!(seen, [get, create, manage, foreign], "{token}");
    }
    // A token needs no proof of where it comes from, and shows up in no list.
    assert_eq!(
        group.bearer(&admin).send_with("POST", "/api/v1/studies", &[], &study("ours").to_string()).status,
        200
    );
    let list = root.get("/api/v1/tokens");
    assert_eq!(list.json().as_array().unwrap().len(), 4);
    assert_eq!(list.json()[1]["scopes"], json!(["write"]));
    assert!(![&read, &write, &admin, &bound].iter().any(|token| list.text().contains(token.as_str())));
    for (body, status) in [
        (json!({ "name": "x", "scopes": [] }), 400),
        (json!({ "name": "x", "scopes": ["all"] }), 400),
        (json!({ "name": "x", "scopes": ["read"], "expires_days": 0 }), 400),
        (json!({ "name": "", "scopes": ["read"] }), 400),
        (json!({ "name": "x", "scopes": ["read"], "project": "nowhere" }), 404),
    ] {
        assert_eq!(root.post("/api/v1/tokens", &body).status, status, "{body}");
    }
    // Withdrawn, it is nothing at once.
    assert_eq!(root.send("DELETE", &format!("/api/v1/tokens/{id}"), "").status, 204);
    for token in [admin.as_str(), "prm_", "prm_0000", "", &read[..60]] {
        assert_eq!(group.bearer(token).get("/api/v1/version").status, 401, "{token}");
    }
    let ada = group.invite(&root, "ada");
    let made = ada.post("/api/v1/tokens", &json!({ "name": "x", "scopes": ["read"] })).json();
    let hers = made["token"].as_str().unwrap();
    assert_eq!(group.bearer(hers).get("/api/v1/version").status, 200);
    assert_eq!(
        root.send("DELETE", &format!("/api/v1/tokens/{}", made["id"]), "").status,
        404,
        "it is of somebody else"
    );
    root.send("PATCH", "/api/v1/users/ada", "{\"disabled\": true}");
    assert_eq!(group.bearer(hers).get("/api/v1/version").status, 401);
}

fn an_expired_token_or_session_is_none(ground: &Ground) {
    let desk = &ground.desk;
    let group = Group::with_root(desk);
    let root = group.sign_in("root");
    let token =
        root.post("/api/v1/tokens", &json!({ "name": "x", "scopes": ["read"] })).json()["token"].clone();
    let token = group.bearer(token.as_str().unwrap());
    assert_eq!((token.get("/api/v1/version").status, root.get("/api/v1/version").status), (200, 200));
    // A session that is used goes on: an hour after it was used last it ends an hour later.
    ground.sql("UPDATE sessions SET used = used - 3600000000");
    assert_eq!(root.get("/api/v1/version").status, 200);
    let hour: u64 = 3_600_000_000;
    let shorter =
        format!("UPDATE sessions SET expires = 1 WHERE expires - created < {}", hour * (14 * 24 + 1));
    ground.sql(&shorter);
    assert_eq!(root.get("/api/v1/version").status, 200, "it goes on for longer");
    ground.sql("UPDATE tokens SET expires = 1");
    ground.sql("UPDATE sessions SET expires = 1");
    assert_eq!((token.get("/api/v1/version").status, root.get("/api/v1/version").status), (401, 401));
}

fn devices(desk: &Desk) {
    let group = Group::with_root(desk);
    let root = group.sign_in("root");
    let begin = || group.nobody().post("/api/v1/device", &json!({ "name": "paramo on laptop" })).json();
    let ask = |codes: &Value| {
        group.nobody().post("/api/v1/device/token", &json!({ "device_code": codes["device_code"] }))
    };
    let codes = begin();
    let user_code = codes["user_code"].as_str().unwrap();
    assert!(
        codes["verification_uri_complete"].as_str().unwrap().ends_with(&format!("/device?code={user_code}"))
    );
    let pending = ask(&codes);
    assert_eq!(
        (pending.status, pending.json()["type"].clone()),
        (400, json!("/problems/authorization-pending"))
    );
    let page = format!("/api/v1/device/{}", user_code.to_lowercase().replace('-', ""));
    assert_eq!(root.get(&page).json()["name"], "paramo on laptop");
    assert_eq!(group.nobody().get(&page).status, 401);
    assert_eq!(root.post(&page, &json!({ "approve": true })).status, 204);
    let granted = ask(&codes).json();
    assert_eq!(granted["user"], "root");
    let device = group.bearer(granted["token"].as_str().unwrap());
    assert_eq!((device.get("/api/v1/studies").status, device.get("/api/v1/users").status), (200, 403));
    assert_eq!(ask(&codes).json()["type"], "/problems/expired", "it is given once");
    // A token lets nobody in, and what was refused is over.
    let codes = begin();
    let page = format!("/api/v1/device/{}", codes["user_code"].as_str().unwrap());
    assert_eq!(device.post(&page, &json!({ "approve": true })).status, 403);
    assert_eq!(root.post(&page, &json!({ "approve": false })).status, 204);
    assert_eq!(ask(&codes).json()["type"], "/problems/expired");
    assert_eq!(root.get(&page).status, 404);
}

fn shares(desk: &Desk) {
    let group = Group::with_root(desk);
    let root = group.sign_in("root");
    let study = |name: &str| {
        let file = STUDY.replace("squares", name);
        root.post("/api/v1/studies", &json!({ "file": file, "start": false })).json()["id"].as_i64().unwrap()
    };
    let (one, other) = (study("one"), study("other"));
    let made = root.post(&format!("/api/v1/studies/{one}/shares"), &json!({ "expires_days": 3 })).json();
    let link = made["link"].as_str().unwrap();
    let path = link.strip_prefix(&format!("http://{}", group.http.address)).unwrap();
    let token = path.strip_prefix("/share/").unwrap();
    assert!(token.starts_with("shr_"), "{token}");
    let followed = group.nobody().get(path);
    let to = format!("/studies/{one}");
    assert_eq!((followed.status, followed.header("location")), (303, Some(to.as_str())));
    let cookie = group.with_cookie(&followed);
    for guest in [cookie, group.bearer(token)] {
        let seen = |path: &str| guest.get(&format!("/api/v1/{path}")).status;
        for path in ["", "/results", "/running"] {
            assert_eq!(seen(&format!("studies/{one}{path}")), 200, "{path}");
        }
        assert_eq!(seen("studies/one"), 200);
        assert_eq!((seen(&format!("studies/{other}")), seen("studies/other")), (404, 404));
        assert_eq!(guest.get("/api/v1/studies").json().as_array().unwrap().len(), 1);
        assert_eq!(guest.get("/api/v1/session").json()["shared"], json!(one));
        for path in ["users", "workers", "tokens", "projects", "audit"] {
            assert_eq!(seen(path), 403, "{path}");
        }
        for (method, path) in
            [("POST", "start"), ("POST", "cancel"), ("POST", "shares"), ("GET", "shares"), ("DELETE", "")]
        {
            let path = format!("/api/v1/studies/{one}/{path}");
            let reply = guest.send(method, path.trim_end_matches('/'), "{}");
            assert_eq!(reply.status, 403, "{method} {path}: {}", reply.text());
        }
        assert_eq!(guest.post("/api/v1/studies", &json!({ "file": STUDY })).status, 404);
    }
    // Somebody with an account that does not see the study may follow the link as well.
    let ada = group.invite(&root, "ada");
    let both = format!("paramo_session={}; paramo_share={token}", ada.cookie());
    let get = |path: String| group.http.send("GET", &path, &[("cookie", &both)], "").status;
    assert_eq!((get(format!("/api/v1/studies/{one}")), get(format!("/api/v1/studies/{other}"))), (200, 404));
    // Withdrawn.
    let listed = root.get(&format!("/api/v1/studies/{one}/shares"));
    assert_eq!((listed.json()[0]["by"].clone(), listed.text().contains(token)), (json!("root"), false));
    let share = format!("/api/v1/studies/{one}/shares/{}", made["id"]);
    assert_eq!(root.send("DELETE", &share, "").status, 204);
    assert_eq!(group.bearer(token).get(&format!("/api/v1/studies/{one}")).status, 401);
    assert_eq!(group.nobody().get(path).status, 404);
}

fn trail(desk: &Desk) {
    const SECRET: &str = "hush-hush-0123456789";
    let group = Group::with_root(desk);
    let root = group.sign_in("root");
    root.post("/api/v1/projects", &json!({ "name": "ours", "title": "Ours" }));
    let ada = group.invite(&root, "ada");
    root.put("/api/v1/projects/ours/members/ada", &json!({ "role": "manager" }));
    let answers = [
        root.put("/api/v1/projects/ours/secrets/slurm", &json!({ "value": SECRET })),
        root.put("/api/v1/projects/ours/secrets/slurm", &json!({ "value": SECRET, "valeu": SECRET })),
        root.send("PUT", "/api/v1/projects/ours/secrets/slurm", &format!("{SECRET}{{")),
        root.put("/api/v1/projects/ours/secrets/slurm", &json!({ "value": [SECRET] })),
        ada.get("/api/v1/projects/ours/secrets"),
        ada.post("/api/v1/users", &json!({ "name": "eve", "display_name": "Eve" })),
        group.nobody().post("/api/v1/session", &json!({ "name": SECRET, "password": SECRET })),
        group.nobody().post("/api/v1/session", &json!({ "name": "ada", "password": SECRET })),
    ];
    let statuses: Vec<u16> = answers.iter().map(|reply| reply.status).collect();
    assert_eq!(statuses, [200, 422, 400, 422, 200, 403, 401, 401]);
    assert_eq!(answers[4].json()[0]["name"], "slurm");
    assert!(answers.iter().all(|reply| !reply.text().contains(SECRET)));
    let gone = ada.post("/api/v1/studies", &json!({ "project": "default", "file": STUDY }));
    assert_eq!(gone.status, 404);

    let all = root.get("/api/v1/audit?limit=1000");
    for secret in [SECRET, PASSWORD, root.cookie(), group.welcome().rsplit('/').next().unwrap()] {
        assert!(!all.text().contains(secret), "{secret}");
    }
    let entries = all.json();
    let of = |user: Value, action: &str| -> Vec<(Value, Value)> {
        let entries = entries.as_array().unwrap().iter().rev();
        let wanted = entries.filter(|entry| entry["user"] == user && entry["action"] == action);
        wanted.map(|entry| (entry["outcome"].clone(), entry["target"].clone())).collect()
    };
    let entry = |outcome: &str, target: &str| (json!(outcome), json!(target));
    assert_eq!(of(json!("root"), "welcome.use"), [entry("done", "user root")]);
    assert_eq!(of(json!("root"), "session.open"), [entry("done", "user root")]);
    assert_eq!(of(json!("root"), "project.create"), [entry("done", "project ours")]);
    assert_eq!(of(json!("root"), "user.manage"), [entry("done", "user ada")]);
    assert_eq!(of(json!("ada"), "user.manage"), [entry("refused", "")]);
    let secrets = of(json!("root"), "secret.write");
    let outcomes: Vec<&Value> = secrets.iter().map(|(outcome, _)| outcome).collect();
    assert_eq!(outcomes, ["done", "failed", "failed", "failed"]);
    assert_eq!(secrets[0].1, "project ours, name slurm");
    assert_eq!(of(json!("ada"), "study.create").len(), 1);
    assert_eq!(of(Value::Null, "session.open"), [entry("refused", ""), entry("refused", "user ada")]);
    // A manager sees what was done in the project.
    let hers = ada.get("/api/v1/audit").json();
    assert!(!hers.as_array().unwrap().is_empty());
    assert!(hers.as_array().unwrap().iter().all(|entry| entry["project"] == "ours"), "{hers}");
    let page = root.get(&format!("/api/v1/audit?limit=1&before={}", entries[1]["id"])).json();
    assert_eq!(page[0]["id"], entries[2]["id"]);
    assert_eq!(root.get("/api/v1/audit?action=project.create").json().as_array().unwrap().len(), 1);
    assert_eq!(root.send("DELETE", "/api/v1/audit", "").status, 405);

    // Neither the store nor anything beside it holds a secret in clear.
    let session = root.cookie().to_owned();
    drop(group);
    let folder = desk.path().join(".paramo");
    for file in std::fs::read_dir(folder).into_iter().flatten().flatten().filter(|file| file.path().is_file())
    {
        let bytes = std::fs::read(file.path()).unwrap();
        for secret in [SECRET, PASSWORD, session.as_str()] {
            let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!found, "{secret} is in {}", file.path().display());
        }
    }
}
