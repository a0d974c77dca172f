//! Workers in processes of their own: they make what a worker of the server would, and outlive whatever breaks between them and it.

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use paramo_tests::workers::{Far, Hub, Way, begun, squares};
use paramo_tests::{Desk, Postgres, binary, until};

/// The whole table holds, and each run has begun so often at the most.
#[track_caller]
fn whole(desk: &Desk, hub: &Hub, name: &str, points: u64, times: usize) {
    hub.finished(name);
    let rows = hub.http.get(&format!("/api/v1/studies/{name}/results?columns=index,square")).json();
    let rows = rows.as_array().cloned().unwrap_or_default();
    assert_eq!(rows.len() as u64, points);
    for row in rows {
        let index = row["index"].as_u64().unwrap();
        assert_eq!(row["square"].as_u64(), Some(index * index), "{row}");
        let began = begun(desk.path(), index);
        assert!((1..=times).contains(&began), "run {index} was made {began} times");
    }
}

fn all_begun(desk: &Desk, points: u64) -> usize {
    (0..points).map(|index| begun(desk.path(), index)).sum()
}

#[test]
fn the_table_is_byte_for_byte_that_of_a_local_run() {
    let desk = Desk::named("same table");
    // In a directory of its own a run finds the study's files by the name of the study's directory.
    let program = "#!/bin/sh\nread factor < \"$2/data/factor.txt\"\nprintf '%s\\n' \"$(( $1 * factor ))\"\nprintf 'kept %s\\n' \"$1\" > result.dat\n\
        if [ \"$1\" = 3 ]; then head -c 300000 /dev/zero | tr '\\0' a; echo; fi\nif [ \"$1\" = 5 ]; then echo wrong >&2; exit 3; fi\n";
    let commands = "name = \"commands\"\n[application]\ncommand = [\"./tools/prog ram\", \"{x}\", \"{paramo.source}\"]\nkeep = [\"*.dat\"]\ndirectory = true\n\
        [application.outputs]\ny = { regex = '^\\d+', type = \"integer\" }\n[space]\nx = { from = 0, to = 11, step = 1 }\n";
    let path = desk.file("tools/prog ram", program);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    desk.file("data/factor.txt", "7\n");
    desk.file("helper.py", "def twice(x):\n    return 2 * x\n");
    desk.file("model.py", "import helper\n\ndef f(x):\n    return {'y': helper.twice(x) + 0.1}\n");
    let functions = "name = \"functions\"\n[application]\nfunction = \"model:f\"\n[application.outputs]\ny = { json = \"y\" }\n[space]\nx = { from = 0, to = 99, step = 1 }\n";
    desk.file("commands.toml", commands);
    desk.file("functions.toml", functions);
    desk.paramo(&["--store", "local", "run", "commands.toml", "--quiet"]).expect(1);
    desk.paramo(&["--store", "local", "run", "functions.toml", "--quiet"]).expect(0);

    let hub = Hub::start(&desk, "60 s");
    hub.token(&desk);
    let _workers: Vec<Far> =
        ["a", "b", "c"].map(|name| Far::start(&desk, name, &hub.http.address, &[])).into();
    hub.await_workers(3, "connected");
    hub.submit(&desk, commands);
    hub.submit(&desk, functions);
    for name in ["commands", "functions"] {
        hub.finished(name);
        let export = |store: &str| {
            desk.paramo(&["--store", store, "export", name, "--columns", "index,x,y,state,cause"])
                .expect(0)
                .out
        };
        assert_eq!(export(".paramo"), export("local"), "{name}");
    }
    let sent = desk.path().join(".scratch-a/0/source").read_dir().unwrap().map(|entry| entry.unwrap().path());
    for sent in sent {
        assert!(
            sent.join("model.py").exists() && !sent.join("owner").exists(),
            "the server's token stays with it"
        );
    }
    // Large outputs and kept files are where they are after a local run.
    let logs = |store: &str| desk.command(&["--store", store, "logs", "commands/3"]).output().unwrap().stdout;
    assert_eq!((logs("local").len(), logs(".paramo").len()), (300_004, 300_004));
    assert!(logs(".paramo") == logs("local"));
    let id = hub.study("commands")["id"].as_i64().unwrap();
    let kept = |store: &str, id: i64| desk.read(&format!("{store}/files/{id}/4/result.dat"));
    assert_eq!((kept(".paramo", id), kept("local", 1)), ("kept 4\n".to_owned(), "kept 4\n".to_owned()));
    assert!(
        !desk.path().join(".scratch-a/0/files").read_dir().is_ok_and(|mut left| {
            left.any(|store| {
                store
                    .unwrap()
                    .path()
                    .join(id.to_string())
                    .read_dir()
                    .is_ok_and(|mut runs| runs.next().is_some())
            })
        }),
        "what the server has is not kept at the worker"
    );
}

#[test]
fn workers_are_seen_and_go_by_themselves() {
    let desk = Desk::new();
    let hub = Hub::start(&desk, "60 s");
    hub.token(&desk);
    let far = Far::start(&desk, "one", &hub.http.address, &["--allocation", "job-7", "--ends-in", "1h"]);
    hub.await_workers(1, "connected");
    let worker = &hub.workers()[0];
    assert_eq!((worker["name"].as_str(), worker["allocation"].as_str()), (Some("one"), Some("job-7")));
    assert_eq!(worker["cpus"].as_f64(), Some(2.0));
    assert!(worker["host"].is_string() && worker["version"].is_string(), "{worker}");
    assert!(worker["ends_in_seconds"].as_f64().is_some_and(|left| left > 3000.0), "{worker}");
    let pools = hub.http.get("/api/v1/pools").json();
    assert_eq!((pools[0]["name"].as_str(), pools[0]["workers"].as_u64()), (Some("elsewhere"), Some(1)));
    far.signal("-TERM");
    far.end().expect(0);
    until("it is still there", || hub.workers().is_empty());
    let idle = Far::start(&desk, "idle", &hub.http.address, &["--idle", "1 s"]);
    idle.end().expect(0);
    // With a token that is none, and with a server that is none.
    desk.file("token", "prw_00000000000000000000000000000000");
    let answer = Far::start(&desk, "wrong", &hub.http.address, &[]).end().expect(4);
    assert!(answer.err.contains("does not take this worker"), "{}", answer.err);
    let answer = desk.paramo(&["worker", "--token-file", "token"]).expect(2);
    assert!(answer.err.contains("--server"), "{}", answer.err);
}

#[test]
fn the_token_of_a_worker_is_good_for_nothing_else() {
    let desk = Desk::new();
    let hub = Hub::start(&desk, "60 s");
    hub.token(&desk);
    let bearer = format!("Bearer {}", desk.read("token"));
    for (method, path) in [
        ("GET", "/api/v1/studies"),
        ("POST", "/api/v1/studies"),
        ("GET", "/api/v1/workers"),
        ("POST", "/api/v1/workers/tokens"),
        ("GET", "/api/v1/events"),
        ("GET", "/api/v1/version"),
        ("POST", "/api/v1/session"),
        ("POST", "/api/v1/device/ABCD-EFGH"),
    ] {
        let reply = hub.http.send(method, path, &[("authorization", &bearer)], "{}");
        assert_eq!(reply.status, 403, "{method} {path}: {}", reply.text());
    }
    let connect = "/api/v1/workers/connect";
    assert_eq!(hub.http.send("GET", connect, &[("authorization", &bearer)], "").status, 426, "no WebSocket");
    assert_eq!(hub.http.send("GET", connect, &[("cookie", "none=1")], "").status, 401);
}

#[test]
fn a_worker_that_is_killed_costs_only_what_it_held() {
    let desk = Desk::new();
    // Long enough that none of the others is given up on a busy machine.
    let hub = Hub::start(&desk, "3 s");
    hub.token(&desk);
    let mut workers: Vec<Far> =
        ["a", "b", "c"].map(|name| Far::start(&desk, name, &hub.http.address, &[])).into();
    hub.await_workers(3, "connected");
    // All slots are in the middle of a run when one worker goes.
    let waits = format!("0.01; until [ -e {}/go ]; do sleep 0.02; done", desk.path().display());
    hub.submit(&desk, &squares(&desk, "killed", 60, &waits));
    until("not all slots are taken", || all_begun(&desk, 60) == 6);
    workers[1].process.kill().unwrap();
    until("it is not given up", || hub.workers().len() == 2);
    desk.file("go", "");
    whole(&desk, &hub, "killed", 60, 2);
    assert_eq!(all_begun(&desk, 60), 62, "what ran at that moment is made again, and nothing else");
    assert_eq!(hub.workers().len(), 2);
}

/// Two workers that each hold some runs, behind a way.
fn two(desk: &Desk, hub: &Hub, way: &Way) -> Vec<Far> {
    hub.token(desk);
    let workers = ["a", "b"].map(|name| Far::start(desk, name, &way.address, &[])).into();
    hub.await_workers(2, "connected");
    workers
}

/// Kills the server, or has it end, while its workers go on.
fn server_away(store: Option<&str>, kill: bool) {
    let desk = match store {
        Some(store) => Desk::new().at(store),
        None => Desk::new(),
    };
    let mut hub = Hub::start(&desk, "60 s");
    let way = Way::new(&hub.http.address);
    let workers = two(&desk, &hub, &way);
    hub.submit(&desk, &squares(&desk, "away", 60, "0.3"));
    until("nothing is made", || hub.done("away") >= 8);
    if kill {
        hub.kill();
    } else {
        hub.signal("-TERM");
        hub.wait();
    }
    let before = all_begun(&desk, 60);
    until("the workers do not go on", || all_begun(&desk, 60) >= before + 4);
    drop(hub);
    let hub = Hub::start(&desk, "60 s");
    way.lead_to(&hub.http.address);
    whole(&desk, &hub, "away", 60, 1);
    assert_eq!(hub.workers().len(), 2);
    for worker in &workers {
        assert_eq!(worker.events(&desk).iter().filter(|event| *event == "connected").count(), 2);
    }
}

#[test]
fn workers_go_on_while_their_server_is_killed_and_hand_in_what_they_made() {
    server_away(None, true);
}

#[test]
fn workers_go_on_while_their_server_is_started_again() {
    server_away(None, false);
}

#[test]
fn a_server_with_a_database_has_its_workers_back() {
    let postgres = Postgres::start("shared");
    server_away(Some(&postgres.database("workers_away")), true);
}

#[test]
fn a_network_that_breaks_or_falls_silent_costs_nothing() {
    let desk = Desk::new();
    let hub = Hub::start(&desk, "60 s");
    let way = Way::new(&hub.http.address);
    let workers = two(&desk, &hub, &way);
    hub.submit(&desk, &squares(&desk, "broken", 80, "0.1"));
    until("nothing is made", || hub.done("broken") >= 5);
    way.reset();
    hub.await_workers(2, "connected");
    until("nothing is made any more", || hub.done("broken") >= 25);
    way.silence();
    hub.await_workers(2, "away");
    way.restore();
    whole(&desk, &hub, "broken", 80, 1);
    assert!(workers.iter().all(|worker| worker.events(&desk).iter().any(|event| event == "lost")));
}

#[test]
fn a_cut_that_lasts_too_long_gives_the_runs_to_others_and_the_first_result_wins() {
    let desk = Desk::new();
    let hub = Hub::start(&desk, "2 s");
    let way = Way::new(&hub.http.address);
    hub.token(&desk);
    let _near = Far::start(&desk, "near", &hub.http.address, &[]);
    let _cut = Far::start(&desk, "cut", &way.address, &[]);
    hub.await_workers(2, "connected");
    hub.submit(&desk, &squares(&desk, "cut", 60, "0.2"));
    until("nothing is made", || hub.done("cut") >= 8);
    way.silence();
    until("it is not given up", || hub.workers().len() == 1);
    until("the other one does not go on", || hub.done("cut") >= 45);
    way.restore();
    hub.await_workers(2, "connected");
    whole(&desk, &hub, "cut", 60, 2);
    // It is as good as any other from then on.
    hub.submit(&desk, &squares(&desk, "after", 12, "0.1").replace("/begun/", "/begun/after-"));
    hub.finished("after");
    assert!(hub.workers().iter().all(|worker| worker["reported"].as_u64() > Some(0)), "{:?}", hub.workers());
}

#[test]
fn a_worker_that_is_told_to_end_hands_back_its_runs_and_none_has_failed() {
    let desk = Desk::new();
    let hub = Hub::start(&desk, "60 s");
    hub.token(&desk);
    let first = Far::start(&desk, "first", &hub.http.address, &[]);
    hub.await_workers(1, "connected");
    let home = desk.path().display().to_string();
    let study =
        squares(&desk, "back", 4, "0.01").replace("sleep 0.01", &format!("test -e {home}/go || sleep 1000"));
    hub.submit(&desk, &study);
    until("nothing begins", || all_begun(&desk, 4) == 2);
    first.signal("-TERM");
    first.end().expect(0);
    desk.file("go", "");
    let _second = Far::start(&desk, "second", &hub.http.address, &[]);
    whole(&desk, &hub, "back", 4, 2);
    let rows = hub.http.get("/api/v1/studies/back/runs").json();
    assert!(rows["rows"].as_array().unwrap().iter().all(|row| row["attempts"] == 1), "{rows}");
}

#[test]
fn no_run_is_begun_that_would_not_end_before_the_allocation_does() {
    let desk = Desk::new();
    let hub = Hub::start(&desk, "60 s");
    hub.token(&desk);
    let short = Far::start(&desk, "short", &hub.http.address, &["--ends-in", "4 s"]);
    hub.await_workers(1, "connected");
    let long = squares(&desk, "long", 3, "0.01")
        .replace("[space]", "[application.resources]\ntime = \"1 min\"\n[space]");
    hub.submit(&desk, &long);
    let quick = squares(&desk, "quick", 3, "0.01").replace("/begun/", "/begun/quick-");
    hub.submit(&desk, &quick);
    hub.finished("quick");
    assert_eq!((hub.done("long"), all_begun(&desk, 3)), (0, 0));
    short.end().expect(0);
    let _other = Far::start(&desk, "other", &hub.http.address, &["--ends-in", "10 min"]);
    whole(&desk, &hub, "long", 3, 1);
}

#[test]
fn a_worker_with_runs_of_one_server_waits_for_it_when_it_meets_another() {
    let (desk, other) = (Desk::new(), Desk::named("other"));
    let mut hub = Hub::start(&desk, "60 s");
    let way = Way::new(&hub.http.address);
    let stranger = Hub::start(&other, "60 s");
    // One with a token that the other server does not know, one with a token that it takes.
    hub.token(&desk);
    let _one = Far::start(&desk, "one", &way.address, &[]);
    std::fs::copy(desk.path().join("owner"), desk.path().join("token")).unwrap();
    let _two = Far::start(&desk, "two", &way.address, &[]);
    hub.await_workers(2, "connected");
    hub.submit(&desk, &squares(&desk, "own", 30, "0.2"));
    until("nothing is made", || hub.done("own") >= 4);
    hub.kill();
    way.lead_to(&stranger.http.address);
    let before = all_begun(&desk, 30);
    until("the workers do not go on", || all_begun(&desk, 30) >= before + 2);
    assert!(stranger.workers().is_empty());
    let hub = Hub::start(&desk, "60 s");
    way.lead_to(&hub.http.address);
    whole(&desk, &hub, "own", 30, 1);
}

#[test]
fn a_full_disk_at_the_worker_holds_it_back_and_loses_nothing() {
    let desk = Desk::new();
    let hub = Hub::start(&desk, "60 s");
    let way = Way::new(&hub.http.address);
    hub.token(&desk);
    std::fs::create_dir_all(desk.path().join("small")).unwrap();
    let script = format!(
        "mount -t tmpfs -o size=200k none small && exec {} worker --server http://{} --token-file token --name full --json --cpus 2 --scratch small/s",
        binary("paramo").display(),
        way.address
    );
    let mut command = std::process::Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script]);
    command.current_dir(desk.path()).stdin(Stdio::null());
    let far = Far::spawn(&desk, "full", command);
    hub.await_workers(1, "connected");
    // Results of some 60 KB each, of which the disk takes three.
    let study = squares(&desk, "full", 12, "0.1")
        .replace("; echo $((", "; head -c 60000 /dev/zero | tr '\\\\0' a; echo; echo $((");
    let study = study.replace("regex = '\\d+'", "regex = '\\d+$'").replace("'\\\\0'", "\\\\0");
    hub.submit(&desk, &study);
    until("nothing is made", || hub.done("full") >= 1);
    way.silence();
    until("the disk does not become full", || far.events(&desk).iter().any(|event| event == "disk"));
    way.restore();
    whole(&desk, &hub, "full", 12, 1);
}

#[test]
fn a_clock_that_is_an_hour_ahead_does_not_matter() {
    let library = ["x86_64-linux-gnu", "aarch64-linux-gnu"]
        .map(|arch| format!("/usr/lib/{arch}/faketime/libfaketime.so.1"))
        .into_iter()
        .find(|path| std::path::Path::new(path).exists())
        .expect("scripts/prepare test installs faketime");
    let desk = Desk::new();
    let hub = Hub::start(&desk, "60 s");
    hub.token(&desk);
    let mut command = Far::command(&desk, "ahead", &hub.http.address, &[]);
    command.env("LD_PRELOAD", library).env("FAKETIME", "+1h").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let _far = Far::spawn(&desk, "ahead", command);
    hub.await_workers(1, "connected");
    hub.submit(&desk, &squares(&desk, "clock", 6, "0.1"));
    whole(&desk, &hub, "clock", 6, 1);
    // Seconds of the day, of moments such as 2026-11-23T02:40:52.123456Z.
    let seconds = |moment: &str| -> i64 {
        let part = |from: usize| moment[from..from + 2].parse::<i64>().unwrap();
        part(11) * 3600 + part(14) * 60 + part(17)
    };
    let created = hub.study("clock")["created"].as_str().unwrap().to_owned();
    let rows = hub.http.get("/api/v1/studies/clock/runs").json();
    for row in rows["rows"].as_array().unwrap() {
        let after = (seconds(row["started"].as_str().unwrap()) - seconds(&created)).rem_euclid(86_400);
        assert!(after < 600, "{row} of a study made at {created}");
    }
}

#[test]
fn runs_are_placed_by_what_others_have_used_where_that_is_allowed() {
    let desk = Desk::new();
    let hub = Hub::start(&desk, "60 s");
    hub.token(&desk);
    // There is memory for one of them, by what they ask for.
    let _far = Far::start(&desk, "far", &hub.http.address, &["--cpus", "2", "--memory", "1GiB"]);
    for (name, learn) in [("asks", false), ("learns", true)] {
        let resources = format!("[application.resources]\nmemory = \"600 MiB\"\nlearn = {learn}\n");
        hub.submit(&desk, &(squares(&desk, name, 80, "0.05") + &resources));
        hub.finished(name);
        let rows = desk.paramo(&["export", name, "--columns", "index,slot"]).expect(0).out;
        let slots: Vec<&str> = rows.lines().skip(1).filter_map(|line| line.split(',').nth(1)).collect();
        assert_eq!(slots.len(), 80);
        assert!(
            slots[..20].iter().all(|slot| *slot == slots[0]),
            "{name} had room for two at once: {slots:?}"
        );
        let beside = slots.iter().filter(|slot| **slot != slots[0]).count();
        assert_eq!(beside > 10, learn, "{name}: {beside} runs beside the others");
    }
}
