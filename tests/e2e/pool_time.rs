//! Time under a pool of allocations: limits that Slurm keeps, and clocks that are wrong. Nothing is lost, and everybody is told the truth.

use std::time::{Duration, Instant};

use paramo_tests::slurm::Slurm;
use paramo_tests::workers::{Hub, begun, squares};
use paramo_tests::{Desk, until};
use serde_json::{Value, json};

/// `sites.toml` with one site on this host, or behind SSH as the rig has it, and one pool.
fn describe(desk: &Desk, access: &str, pool: &str) {
    let directory = desk.path().join("site");
    let text = format!(
        "[sites.rig]\nkind = \"slurm\"\n{access}directory = \"{}\"\nback = \"127.0.0.1\"\n[sites.rig.pools.main]\n{pool}\n",
        directory.display()
    );
    desk.file("sites.toml", text);
}

fn variables(slurm: &Slurm) -> [(&'static str, String); 1] {
    [("SLURM_CONF", slurm.conf().display().to_string())]
}

#[track_caller]
fn start(desk: &Desk, slurm: &Slurm) -> Hub {
    let variables = variables(slurm);
    Hub::start_with(desk, "60 s", &variables.each_ref().map(|(name, value)| (*name, value.as_str())))
}

#[track_caller]
fn submit(hub: &Hub, desk: &Desk, file: &str) {
    let body = json!({ "file": file, "directory": desk.path(), "site": "rig" });
    let reply = hub.http.post("/api/v1/studies", &body);
    assert_eq!(reply.status, 201, "{}", reply.text());
}

/// Runs that wait for the file `go`.
fn held(desk: &Desk, name: &str, points: u64) -> String {
    squares(desk, name, points, "0; until test -e {home}/go; do sleep 0.05; done")
        .replace("{home}", &desk.path().display().to_string())
}

fn counted(desk: &Desk, points: u64) -> usize {
    (0..points).map(|index| begun(desk.path(), index)).sum()
}

/// Allocations of the pool, as the server tells of them.
fn allocations(hub: &Hub) -> Vec<Value> {
    let pools = hub.http.get("/api/v1/pools").json();
    pools[0]["allocations"].as_array().cloned().unwrap_or_default()
}

fn in_state(hub: &Hub, state: &str) -> Vec<Value> {
    allocations(hub).into_iter().filter(|it| it["state"] == state).collect()
}

/// The same as what `paramo pool status` says.
#[track_caller]
fn status_agrees(hub: &Hub, desk: &Desk) {
    let status = desk.paramo(&["pool", "status", "rig", "--json"]).expect(0);
    let said: Value = serde_json::from_str(&status.out).unwrap();
    let of = |all: &[Value]| {
        let mut all: Vec<String> =
            all.iter().map(|it| format!("{} {} {}", it["name"], it["state"], it["job"])).collect();
        all.sort();
        all
    };
    assert_eq!(of(said["allocations"].as_array().unwrap()), of(&allocations(hub)), "{said}");
}

/// The table of `squares`, whole, and nothing in it that failed.
#[track_caller]
fn all_squares(hub: &Hub, desk: &Desk, points: usize) {
    let rows = desk.paramo(&["export", "squares", "--columns", "index,square"]).expect(0).out;
    let expected = (0..points).map(|index| format!("{index},{}\n", index * index)).collect::<String>();
    assert_eq!(rows, format!("index,square\n{expected}"));
    assert_eq!(hub.study("squares")["succeeded"], points, "{}", hub.study("squares"));
}

/// As `until`, for what Slurm takes longer for.
#[track_caller]
fn within(limit: Duration, what_is_wrong: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + limit;
    while !holds() {
        assert!(Instant::now() < deadline, "{what_is_wrong}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn runs_that_the_walltime_ends_are_made_again_and_use_up_no_retries() {
    let slurm = Slurm::start("timelimit");
    let desk = Desk::new();
    describe(&desk, "", "maximum = 1\ncpus = 2\nwalltime = \"2 h\"");
    let hub = start(&desk, &slurm);
    submit(&hub, &desk, &(held(&desk, "squares", 2) + "[run]\nretries = 0\n"));
    until("nothing begins", || counted(&desk, 2) == 2);
    let job = slurm.jobs().pop().unwrap();
    // Its worker believes that it has two hours.
    slurm.type_in(&["scontrol", "update", &format!("jobid={job}"), "timelimit=1"]);
    within(Duration::from_secs(150), "the walltime does not end it", || !in_state(&hub, "ended").is_empty());
    let ended = in_state(&hub, "ended");
    assert!(ended[0]["detail"].as_str().unwrap().contains("time limit"), "{ended:?}");
    until("nothing is asked for in its place", || counted(&desk, 2) == 4);
    status_agrees(&hub, &desk);
    desk.file("go", "");
    hub.finished("squares");
    all_squares(&hub, &desk, 2);
}

#[test]
fn a_server_whose_clock_is_an_hour_ahead_keeps_its_allocations() {
    let slurm = Slurm::start("clock");
    let desk = Desk::new();
    // By SSH: Slurm on this host would refuse who has another time.
    let ssh = format!(
        "access = {{ host = \"{}\", config = \"{}\" }}\n",
        slurm.word("/ssh/alias"),
        slurm.word("/ssh/config")
    );
    describe(&desk, &ssh, "maximum = 1\ncpus = 2\nwalltime = \"30 min\"");
    let mut hub = start(&desk, &slurm);
    submit(&hub, &desk, &held(&desk, "squares", 4));
    within(Duration::from_secs(60), "nothing begins", || counted(&desk, 4) == 2);
    until("it is not told that it runs", || in_state(&hub, "running").len() == 1);
    let before = in_state(&hub, "running");
    hub.kill();
    let library = ["x86_64", "aarch64"]
        .iter()
        .map(|arch| format!("/usr/lib/{arch}-linux-gnu/faketime/libfaketime.so.1"))
        .find(|path| std::path::Path::new(path).exists())
        .expect("scripts/prepare test installs faketime");
    let variables =
        [("LD_PRELOAD", library.as_str()), ("FAKETIME", "+1h"), ("FAKETIME_DONT_FAKE_MONOTONIC", "1")];
    let again = hub.again(&desk, "60 s", &variables);
    again.await_workers(1, "connected");
    status_agrees(&again, &desk);
    desk.file("go", "");
    again.finished("squares");
    all_squares(&again, &desk, 4);
    assert_eq!(counted(&desk, 4), 4, "runs were made twice");
    assert_eq!(allocations(&again).len(), 1, "{:?}", allocations(&again));
    assert_eq!(allocations(&again)[0]["job"], before[0]["job"]);
}
