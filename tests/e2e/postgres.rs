//! The store in a database: the same commands, from any machine; what a database adds in dangers; and moving between stores.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::time::{Duration, Instant};

use paramo_tests::{Desk, Postgres, until};

/// Runs that take a moment, each of which notes in a file of its own that it began; every fourth fails, every tenth writes much.
const STUDY: &str = r#"
name = "squares"
[application]
command = ["sh", "-c", "echo begun >> begun-{x}; sleep 0.01; if [ $(( {x} % 10 )) = 0 ]; then head -c 100000 /dev/zero | tr '\\0' a >&2; fi; echo $(( {x} * {x} )); [ $(( {x} % 4 )) != 3 ]"]
directory = false
[application.outputs]
square = { regex = "\\d+", type = "integer" }
[application.resources]
cpus = 0.25
[space]
x = { from = 0, to = 99, step = 1 }
"#;

fn desk(store: &str) -> Desk {
    let desk = Desk::named("postgres").at(store);
    desk.file("study.toml", STUDY);
    desk
}

/// How often each run has begun.
fn begun(desk: &Desk) -> BTreeMap<String, usize> {
    let files = std::fs::read_dir(desk.path()).unwrap().flatten();
    let names = files.map(|file| file.file_name().into_string().unwrap());
    names
        .filter(|name| name.starts_with("begun-"))
        .map(|name| {
            let times = desk.read(&name).lines().count();
            (name, times)
        })
        .collect()
}

fn done(desk: &Desk) -> u64 {
    let answer = desk.paramo(&["status", "squares", "--json"]);
    // Before the first process has made the store and the study there is nothing to say.
    let Some(status) = answer.json().pop() else { return 0 };
    status["succeeded"].as_u64().unwrap() + status["failed"].as_u64().unwrap()
}

fn export(desk: &Desk, store: &str) -> String {
    desk.paramo(&["--store", store, "export", "squares", "--format", "jsonl"]).expect(0).out
}

#[test]
fn a_study_in_a_database_is_a_study() {
    let postgres = Postgres::start("shared");
    let store = postgres.database("study");
    let desk = desk(&store);
    desk.paramo(&["run", "study.toml", "--dry-run"]).expect(0);
    desk.paramo(&["run", "study.toml", "--quiet"]).expect(1);
    let status = desk.paramo(&["status", "squares", "--json"]).expect(0).json();
    assert_eq!((status[0]["succeeded"].as_u64(), status[0]["failed"].as_u64()), (Some(75), Some(25)));
    // The application is as it was, so the same runs fail again.
    desk.paramo(&["retry", "squares/3", "--quiet"]).expect(1);
    assert_eq!(begun(&desk)["begun-3"], 2);
    desk.paramo(&["extend", "squares", "--param", "x=100:102", "--quiet"]).expect(1);
    assert_eq!(done(&desk), 103);
    assert_eq!(desk.paramo(&["logs", "squares/10", "--stderr"]).expect(0).out.len(), 100_000);
    let doctor = desk.paramo(&["doctor", "--deep"]).expect(0);
    assert!(doctor.out.contains("every result was read"), "{}", doctor.out);

    // What a directory holds of the same study differs in what was measured only.
    let other = Desk::new();
    other.file("study.toml", STUDY);
    other.paramo(&["run", "study.toml", "--quiet"]).expect(1);
    let columns = ["export", "squares", "--columns", "index,x,square,state", "--where", "index < 100"];
    assert_eq!(desk.paramo(&columns).expect(0).out, other.paramo(&columns).expect(0).out);
    desk.paramo(&["rm", "--force", "squares"]).expect(0);
    assert!(desk.paramo(&["list", "--json"]).expect(0).out.is_empty());
}

#[test]
fn a_study_is_stopped_and_changed_from_elsewhere_without_a_signal() {
    let postgres = Postgres::start("shared");
    let store = postgres.database("elsewhere");
    let desk = desk(&store);
    let child = desk.start(&["run", "study.toml", "-j", "1", "--json"]);
    until("the study did not start", || done(&desk) > 0);
    let refused = desk.paramo(&["run", "squares"]).expect(4);
    assert!(
        refused.err.contains(&format!("process {} is working on this study", child.id())),
        "{}",
        refused.err
    );
    // Another machine has no process of that number: only the database can tell.
    postgres.sql(
        store.rsplit('/').next().unwrap(),
        "BEGIN; UPDATE paramo.studies SET state = 'cancelled'; SELECT pg_notify('paramo', '1'); COMMIT",
    );
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(done(&desk) < 100);
}

#[test]
fn a_killed_driver_leaves_no_lock() {
    let postgres = Postgres::start("shared");
    let desk = desk(&postgres.database("killed"));
    let mut child = desk.start(&["run", "study.toml", "--quiet"]);
    until("the study did not start", || done(&desk) > 0);
    child.kill().unwrap();
    desk.paramo(&["run", "squares", "--quiet"]).expect(1);
    child.wait().unwrap();
    assert_eq!(done(&desk), 100);
}

#[test]
fn a_database_that_crashes_under_a_study_costs_nothing() {
    let postgres = Postgres::start("crashes");
    let store = postgres.database("crash");
    let desk = desk(&store);
    // The later runs wait until the database is gone: the study cannot end before that.
    let waits = STUDY.replace("sleep 0.01", "[ {x} -lt 50 ] || until [ -e gone ]; do sleep 0.01; done");
    desk.file("study.toml", &waits);
    let mut child = desk.start(&["run", "study.toml", "-j", "1"]);
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    until("the study did not start", || done(&desk) > 0);
    postgres.crash();
    desk.file("gone", "");
    let noticed =
        said.find(|line| line.contains("cannot reach postgres://")).expect("nothing was said of it");
    assert!(noticed.contains("are held and stored again in"), "{noticed}");
    postgres.again();
    said.find(|line| line.contains("the store takes results again")).expect("it was not taken up again");
    let rest: Vec<String> = said.collect();
    assert_eq!(child.wait().unwrap().code(), Some(1), "{rest:?}");
    assert_eq!(done(&desk), 100);
    assert!(begun(&desk).values().all(|times| *times == 1), "{:?}", begun(&desk));
    desk.paramo(&["doctor", "--deep"]).expect(0);
}

#[test]
fn a_password_is_asked_for_and_never_shown() {
    let postgres = Postgres::start("shared");
    // Two tests of one moment may both find it missing; one of them makes it.
    let made = "DO $$ BEGIN CREATE ROLE keyed LOGIN PASSWORD 'se-cret'; EXCEPTION WHEN duplicate_object THEN NULL; END $$";
    postgres.sql("postgres", made);
    let exists = postgres.sql("postgres", "SELECT count(*) FROM pg_database WHERE datname = 'locked'");
    if exists == "0" {
        postgres.sql("postgres", "CREATE DATABASE locked OWNER keyed");
    }
    let store = format!("{}/locked", postgres.server.replace("paramo@", "keyed@"));
    let desk = desk(&store);
    let refused = desk.paramo(&["list"]).expect(4);
    assert!(refused.err.contains("give the password in PGPASSWORD or ~/.pgpass"), "{}", refused.err);
    let output =
        desk.command(&["run", "study.toml", "--json"]).env("PGPASSWORD", "se-cret").output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let said = [output.stdout, output.stderr].concat();
    assert!(!String::from_utf8_lossy(&said).contains("se-cret"));
    let url = store.replace("keyed@", "keyed:se-cret@");
    let refused = desk.paramo(&["--store", &url, "list"]).expect(2);
    assert!(refused.err.contains("PGPASSWORD") && !refused.err.contains("se-cret"), "{}", refused.err);
    let refused = desk.paramo(&["--store", &url, "doctor"]).expect(2);
    assert!(!format!("{refused:?}").contains("se-cret"));
}

#[test]
fn a_study_moves_from_store_to_store_and_stays_the_same() {
    let postgres = Postgres::start("shared");
    let (first, second) = (postgres.database("first"), postgres.database("second"));
    let desk = desk("home");
    desk.paramo(&["run", "study.toml", "--quiet"]).expect(1);
    desk.paramo(&["retry", "squares", "--quiet"]).expect(1);
    let whole = export(&desk, "home");
    let log = desk.paramo(&["logs", "squares/10", "--stderr"]).expect(0).out;
    assert_eq!((whole.lines().count(), log.len()), (100, 100_000));
    let mut from = "home".to_owned();
    for to in [first.as_str(), second.as_str(), "other", "home"] {
        desk.paramo(&["move", "squares", "--from", &from, "--to", to, "--quiet"]).expect(0);
        assert_eq!(export(&desk, to), whole);
        let logs = desk.paramo(&["--store", to, "logs", "squares/10", "--stderr"]).expect(0);
        assert_eq!(logs.out, log, "{}", logs.err);
        assert!(desk.paramo(&["--store", &from, "list", "--json"]).expect(0).out.is_empty());
        desk.paramo(&["--store", to, "doctor", "--deep"]).expect(0);
        from = to.to_owned();
    }
    // A copy stays in both, and is not made over another study.
    desk.paramo(&["move", "squares", "--to", &second, "--keep", "--quiet"]).expect(0);
    assert_eq!(export(&desk, &second), export(&desk, "home"));
    let refused = desk.paramo(&["move", "squares", "--to", &second]).expect(2);
    assert!(refused.err.contains("already has a study squares@1"), "{}", refused.err);
    let refused = desk.paramo(&["move", "squares", "--to", "./home"]).expect(2);
    assert!(refused.err.contains("is where squares is already"), "{}", refused.err);
    // It goes on where it is.
    desk.paramo(&["--store", &second, "extend", "squares", "--param", "x=100", "--quiet"]).expect(1);
    assert_eq!(export(&desk, &second).lines().count(), 101);
}

#[test]
fn a_study_that_is_driven_does_not_move() {
    let postgres = Postgres::start("shared");
    let store = postgres.database("driven");
    let desk = desk(&store);
    let mut child = desk.start(&["run", "study.toml", "-j", "1", "--quiet"]);
    until("the study did not start", || done(&desk) > 0);
    let refused = desk.paramo(&["move", "squares", "--to", "there"]).expect(4);
    assert!(refused.err.contains("is working on this study"), "{}", refused.err);
    child.kill().unwrap();
    child.wait().unwrap();
    desk.paramo(&["move", "squares", "--to", "there", "--quiet"]).expect(0);
    desk.paramo(&["--store", "there", "run", "squares", "--quiet"]).expect(1);
    assert_eq!(export(&desk, "there").lines().count(), 100);
}

#[test]
fn a_move_that_is_killed_goes_on_and_never_has_two_owners() {
    let postgres = Postgres::start("shared");
    let store = postgres.database("moving");
    let desk = desk("home");
    desk.paramo(&["run", "study.toml", "--quiet"]).expect(1);
    let whole = export(&desk, "home");
    let listed = |store: &str| {
        let answer = desk.paramo(&["--store", store, "list", "--json"]);
        // A database whose tables are not made yet has no study.
        !answer.err.contains("no store") && !answer.expect(0).out.is_empty()
    };
    // A study that leaves can be read, and neither changed nor driven.
    let leaves = |store: &str| {
        let refused = desk.paramo(&["--store", store, "retry", "squares", "--later"]);
        refused.code == Some(4) && refused.err.contains("is being moved to")
    };
    let (mut from, mut to) = ("home", store.as_str());
    let mut moment = 0;
    let mut cut_off = 0;
    for _ in 0..2 {
        loop {
            let words = ["move", "squares", "--from", from, "--to", to, "--quiet"];
            let mut child = desk.start(&words);
            // Later and later, until it is too late to kill.
            let started = Instant::now();
            while started.elapsed() < Duration::from_millis(moment) && child.try_wait().unwrap().is_none() {
                std::thread::yield_now();
            }
            let finished = child.try_wait().unwrap().is_some();
            if !finished {
                child.kill().unwrap();
                child.wait().unwrap();
                cut_off += 1;
            }
            moment += 25;
            let (here, there) = (listed(from), listed(to));
            assert!(here || there, "neither store has it");
            if finished {
                assert!(there && !here, "it has not moved: {words:?}");
                break;
            }
            if here && there {
                assert!(leaves(from), "both stores let it be driven");
                assert_eq!(export(&desk, from), export(&desk, to));
            }
            if !here {
                break;
            }
            assert_eq!(export(&desk, from), whole);
        }
        assert_eq!(export(&desk, to), whole);
        (from, to) = (to, from);
        moment = 0;
    }
    assert!(cut_off > 3, "the move was cut off {cut_off} times only");
}
