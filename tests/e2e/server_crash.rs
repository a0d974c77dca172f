//! Fifty workers report to a server that is killed, or whose database is: nothing that was committed is lost or made again.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::Child;

use paramo_tests::http::Http;
use paramo_tests::{Desk, Postgres, until};

const RUNS: u64 = 1500;

/// Every run notes that it began, in a file that only it appends to.
const STUDY: &str = r#"
name = "many"
[application]
command = ["sh", "-c", "echo begun >> begun/{x}; sleep 0.0$(( {x} % 10 )); echo $(( {x} * {x} ))"]
[application.outputs]
square = { regex = "\\d+", type = "integer" }
[application.resources]
cpus = 1
[space]
x = { from = 0, to = 1499, step = 1 }
"#;

fn desk(store: Option<&str>) -> Desk {
    let desk = Desk::named("server-crash");
    let desk = match store {
        Some(store) => desk.at(store),
        None => desk,
    };
    std::fs::create_dir(desk.path().join("begun")).unwrap();
    desk
}

/// A server with fifty workers of one CPU each.
fn start(desk: &Desk) -> (Child, Http) {
    let mut process = desk.start(&["ui", "--listen", "127.0.0.1:0", "--workers", "50", "--cpus", "1"]);
    let mut link = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut link).unwrap();
    (process, Http::of_link(&link))
}

/// The committed results: index to output.
fn table(http: &Http) -> BTreeMap<u64, i64> {
    let reply = http.get("/api/v1/studies/many/results?columns=index,square");
    let rows = reply.json();
    let row = |row: &serde_json::Value| (row["index"].as_u64().unwrap(), row["square"].as_i64().unwrap());
    rows.as_array().unwrap_or_else(|| panic!("{rows}")).iter().map(row).collect()
}

fn begun(desk: &Desk, index: u64) -> usize {
    std::fs::read_to_string(desk.path().join(format!("begun/{index}"))).map_or(0, |text| text.lines().count())
}

fn done(http: &Http) -> u64 {
    http.get("/api/v1/studies/many").json()["succeeded"].as_u64().unwrap_or(0)
}

/// Kills the server in the middle, again and again; every look at the table must show what was there before, and no more begins of it.
fn kills(store: Option<&str>) {
    let desk = desk(store);
    let (mut process, mut http) = start(&desk);
    let directory = desk.path().to_str().unwrap();
    let body = serde_json::json!({ "file": STUDY, "directory": directory });
    let reply = http.post("/api/v1/studies", &body);
    assert_eq!(reply.status, 201, "{reply:?}");
    let workers = http.get("/api/v1/workers").json();
    assert_eq!(workers.as_array().unwrap().len(), 50);
    let mut seen: BTreeMap<u64, (i64, usize)> = BTreeMap::new();
    for goal in [150, 400, 700, 1000, 1300] {
        until("nothing more is committed", || done(&http) >= goal);
        for (index, square) in table(&http) {
            seen.entry(index).or_insert_with(|| (square, begun(&desk, index)));
        }
        process.kill().unwrap();
        process.wait().unwrap();
        (process, http) = start(&desk);
        let after = table(&http);
        for (index, (square, times)) in &seen {
            assert_eq!(after.get(index), Some(square), "run {index} was lost");
            assert_eq!(begun(&desk, *index), *times, "run {index} was made again");
        }
    }
    whole(&desk, &http, &seen);
    process.kill().unwrap();
    process.wait().unwrap();
}

fn whole(desk: &Desk, http: &Http, seen: &BTreeMap<u64, (i64, usize)>) {
    until("the study does not end", || http.get("/api/v1/studies/many").json()["state"] == "finished");
    let table = table(http);
    assert_eq!(table.len() as u64, RUNS);
    for (index, square) in table {
        assert_eq!(square as u64, index * index);
        if let Some((_, times)) = seen.get(&index) {
            assert_eq!(begun(desk, index), *times, "run {index} was made again");
        }
    }
}

#[test]
fn a_server_that_is_killed_loses_nothing_and_repeats_nothing() {
    kills(None);
}

#[test]
fn a_server_with_a_database_that_is_killed_loses_nothing_and_repeats_nothing() {
    let postgres = Postgres::start("shared");
    kills(Some(&postgres.database("server_kills")));
}

#[test]
fn a_database_that_is_killed_under_a_server_loses_nothing_and_repeats_nothing() {
    let postgres = Postgres::start("server-crashes");
    let desk = desk(Some(&postgres.database("database_kills")));
    let (mut process, http) = start(&desk);
    let directory = desk.path().to_str().unwrap();
    let reply = http.post("/api/v1/studies", &serde_json::json!({ "file": STUDY, "directory": directory }));
    assert_eq!(reply.status, 201, "{reply:?}");
    for goal in [200, 700, 1200] {
        until("nothing more is committed", || done(&http) >= goal);
        postgres.crash();
        // Who asks meanwhile waits for the database.
        let reply = std::thread::scope(|scope| {
            let asked = scope.spawn(|| http.get("/api/v1/studies/many"));
            postgres.again();
            asked.join().unwrap()
        });
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    whole(&desk, &http, &BTreeMap::new());
    let twice: Vec<u64> = (0..RUNS).filter(|index| begun(&desk, *index) != 1).collect();
    assert!(twice.is_empty(), "made more than once: {twice:?}");
    process.kill().unwrap();
    process.wait().unwrap();
}
