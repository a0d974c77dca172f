//! Killed with -9 at random moments: nothing that was committed is lost or made again, and no process is left behind.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use paramo_tests::{Desk, Postgres, until};

/// A small generator with a fixed seed: the moments differ from kill to kill and are the same in every test run.
struct Moments(u64);

impl Moments {
    fn next(&mut self, below: u64) -> u64 {
        // Knuth's MMIX constants; only the high bits are used.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

const RUNS: usize = 150;

/// Every run notes that it began, in a file that only it appends to, so that the application itself counts how often it was made.
const STUDY: &str = r#"
name = "crash"
[application]
command = ["sh", "-c", "echo begun >> begun/{x}; echo $(( {x} * {x} )); echo ended >> ended/{x}"]
[application.outputs]
square = { regex = "\\d+", type = "integer" }
[space]
x = { from = 0, to = 149, step = 1 }
"#;

fn desk(store: Option<&str>) -> Desk {
    let mut desk = Desk::named("crash");
    if let Some(store) = store {
        desk = desk.at(store);
    }
    desk.file("study.toml", STUDY);
    for folder in ["begun", "ended"] {
        std::fs::create_dir(desk.path().join(folder)).unwrap();
    }
    desk
}

/// The committed results: index to (state, output).
fn table(desk: &Desk) -> HashMap<u64, (String, i64)> {
    let answer = desk.paramo(&["export", "crash", "--format", "jsonl"]);
    // Killed before the study was created: there is nothing yet, and that is said.
    if answer.err.contains("no study") || answer.err.contains("no store") {
        return HashMap::new();
    }
    let answer = answer.expect(0);
    assert!(!answer.err.contains("lost"), "{}", answer.err);
    answer
        .json()
        .iter()
        .map(|row| {
            (row["index"].as_u64().unwrap(), (row["state"].to_string(), row["square"].as_i64().unwrap()))
        })
        .collect()
}

/// How often each run has begun.
fn begun(desk: &Desk) -> HashMap<u64, usize> {
    std::fs::read_dir(desk.path().join("begun"))
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let index = path.file_name().unwrap().to_str().unwrap().parse().unwrap();
            (index, std::fs::read_to_string(&path).unwrap().lines().count())
        })
        .collect()
}

/// The processes that work in a directory.
fn processes_in(directory: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap_or_default();
        if name.parse::<u32>().is_ok()
            && std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(directory))
        {
            let command = std::fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default();
            if !command.is_empty() {
                found.push(format!("{name} {}", command.replace('\0', " ")));
            }
        }
    }
    found
}

/// Waits until no process works in the directory any more.
fn await_silence(directory: &Path) {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let left = processes_in(directory);
        if left.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "processes were left behind: {left:#?}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn two_hundred_kills_lose_nothing_and_repeat_nothing() {
    let studies = kills(200, || None);
    assert!(studies > 1, "the kills should have hit the end of a study and the beginning of another");
}

#[test]
fn forty_kills_on_a_database_lose_nothing_and_repeat_nothing() {
    let postgres = Postgres::start("shared");
    let mut databases = 0;
    kills(40, || {
        databases += 1;
        Some(postgres.database(&format!("crash_{databases}")))
    });
}

/// Kills studies at random moments, each in a store of its own, and compares what is left with what there was. Returns how many
/// studies that took.
fn kills(wanted: usize, mut store: impl FnMut() -> Option<String>) -> usize {
    let undisturbed = desk(store().as_deref());
    undisturbed.paramo(&["run", "study.toml", "--quiet"]).expect(0);
    let expected = table(&undisturbed);
    assert_eq!(expected.len(), RUNS);

    let mut moments = Moments(20_130_401);
    let mut kills = 0;
    let mut studies = 0;
    while kills < wanted {
        let desk = desk(store().as_deref());
        studies += 1;
        let mut committed: HashMap<u64, (String, i64)> = HashMap::new();
        let mut begun_when_committed: HashMap<u64, usize> = HashMap::new();
        loop {
            let mut child = desk.start(&["run", "study.toml", "--quiet"]);
            std::thread::sleep(Duration::from_micros(moments.next(240_000)));
            let finished = child.try_wait().unwrap().is_some() || kills >= wanted;
            if !finished {
                child.kill().unwrap();
                kills += 1;
            }
            child.wait().unwrap();
            await_silence(desk.path());
            let now = table(&desk);
            for (index, row) in &committed {
                assert_eq!(
                    now.get(index),
                    Some(row),
                    "run {index} was committed and is lost or changed after kill {kills}"
                );
            }
            let counts = begun(&desk);
            for (index, count) in &begun_when_committed {
                assert_eq!(
                    counts.get(index),
                    Some(count),
                    "run {index} was committed and has been run again after kill {kills}"
                );
            }
            for index in now.keys() {
                begun_when_committed.entry(*index).or_insert(counts[index]);
            }
            committed = now;
            if finished {
                break;
            }
        }
        if committed.len() < RUNS {
            desk.paramo(&["run", "study.toml", "--quiet"]).expect(0);
            committed = table(&desk);
        }
        assert_eq!(committed, expected, "the table differs from that of an undisturbed run");
    }
    studies
}

#[test]
fn a_killed_study_leaves_no_grandchild() {
    let desk = Desk::named("orphans");
    desk.file(
        "study.toml",
        r#"
name = "orphans"
[application]
command = ["sh", "-c", "sleep 1000 & setsid sleep 1000 & echo up > up-{x}; wait"]
directory = false
[space]
x = [1, 2]
[application.resources]
cpus = 0
"#,
    );
    let mut child = desk.start(&["run", "study.toml"]);
    until("the runs did not start", || {
        desk.path().join("up-1").exists() && desk.path().join("up-2").exists()
    });
    child.kill().unwrap();
    child.wait().unwrap();
    await_silence(desk.path());
}
