//! A study's life: run, looked at, exported, gone on with, grown, tried again, removed.

use paramo_tests::{Desk, until};

const SQUARES: &str = r#"
name = "squares"
description = "the square of x"
[application]
command = ["sh", "-c", "echo '{\"y\":' $(( {x} * {x} )) '}'"]
[application.outputs]
y = { json = "y", type = "integer", unit = "m2" }
[space]
x = { from = 1, to = 5, step = 1 }
"#;

fn squares() -> Desk {
    let desk = Desk::new();
    desk.file("study.toml", SQUARES);
    desk
}

#[test]
fn a_study_runs_and_its_table_leaves_in_every_format() {
    let desk = squares();
    let run = desk.paramo(&["run", "study.toml"]).expect(0);
    assert!(run.out.is_empty(), "standard output is data: {}", run.out);
    assert!(run.err.contains("squares: 5 succeeded, 0 failed"), "{}", run.err);
    let csv = desk.paramo(&["export", "squares", "--format", "csv", "--columns", "index,x,y"]).expect(0);
    assert_eq!(csv.out, "index,x,y\n0,1,1\n1,2,4\n2,3,9\n3,4,16\n4,5,25\n");
    let rows = desk.paramo(&["export", "squares", "--format", "jsonl"]).expect(0).json();
    assert_eq!(
        (rows.len(), rows[4]["y"].as_i64(), rows[4]["state"].as_str()),
        (5, Some(25), Some("succeeded"))
    );
    desk.paramo(&["export", "squares", "--output", "squares.parquet"]).expect(0);
    assert_eq!(&std::fs::read(desk.path().join("squares.parquet")).unwrap()[..4], b"PAR1");
    let filtered = desk
        .paramo(&["results", "squares", "--where", "y > 5 and x < 5", "--sort", "-y", "--json"])
        .expect(0)
        .json();
    let ys: Vec<i64> = filtered.iter().map(|row| row["y"].as_i64().unwrap()).collect();
    assert_eq!(ys, [16, 9]);
    let status = desk.paramo(&["status", "squares", "--json"]).expect(0).json();
    assert_eq!((status[0]["state"].as_str(), status[0]["succeeded"].as_u64()), (Some("finished"), Some(5)));
}

#[test]
fn a_finished_study_is_not_run_again() {
    let desk = squares();
    desk.file("study.toml", SQUARES.replace("echo '{", "echo once >> count; echo '{"));
    desk.paramo(&["run", "study.toml", "--quiet"]).expect(0);
    let again = desk.paramo(&["run", "study.toml"]).expect(0);
    assert!(again.err.contains("squares has finished: 5 runs succeeded"), "{}", again.err);
    assert_eq!(desk.read("count").lines().count(), 5);
}

#[test]
fn a_changed_application_needs_a_decision() {
    let desk = squares();
    desk.paramo(&["run", "study.toml", "--quiet"]).expect(0);
    desk.file("study.toml", SQUARES.replace("{x} * {x}", "{x} * {x} * {x}"));
    let refused = desk.paramo(&["run", "study.toml"]).expect(2);
    assert!(refused.err.contains("--new-version") && refused.err.contains("command"), "{}", refused.err);
    desk.paramo(&["run", "study.toml", "--new-version", "--quiet"]).expect(0);
    let old = desk.paramo(&["export", "squares@1", "--columns", "y"]).expect(0).out;
    let new = desk.paramo(&["export", "squares", "--columns", "y"]).expect(0).out;
    assert_eq!((old.as_str(), new.as_str()), ("y\n1\n4\n9\n16\n25\n", "y\n1\n8\n27\n64\n125\n"));
}

#[test]
fn a_space_that_has_grown_is_taken_over() {
    let desk = squares();
    desk.paramo(&["run", "study.toml", "--quiet"]).expect(0);
    desk.paramo(&["extend", "squares", "--param", "x=6:7", "--quiet"]).expect(0);
    let all = desk.paramo(&["export", "squares", "--columns", "index,y"]).expect(0).out;
    assert_eq!(all, "index,y\n0,1\n1,4\n2,9\n3,16\n4,25\n5,36\n6,49\n");
    // The file does not know of the points that were added: they stay.
    let again = desk.paramo(&["run", "study.toml"]).expect(0);
    assert!(again.err.contains("7 runs succeeded"), "{}", again.err);
    // In a space that has changed otherwise, the old indices would mean other points.
    desk.file("study.toml", SQUARES.replace("from = 1", "from = 2"));
    let other = desk.paramo(&["run", "study.toml"]).expect(2);
    assert!(other.err.contains("space") && !other.err.contains("--continue"), "{}", other.err);
}

#[test]
fn a_file_whose_old_points_stay_where_they_are_goes_on() {
    let desk = squares();
    desk.paramo(&["run", "study.toml", "--quiet"]).expect(0);
    desk.file("study.toml", SQUARES.replace("to = 5", "to = 7"));
    let dry = desk.paramo(&["run", "study.toml", "--dry-run"]).expect(0);
    assert!(dry.err.contains("would go on, changed"), "{}", dry.err);
    desk.paramo(&["run", "study.toml", "--quiet"]).expect(0);
    assert_eq!(
        desk.paramo(&["export", "squares", "--columns", "y"]).expect(0).out,
        "y\n1\n4\n9\n16\n25\n36\n49\n"
    );
}

#[test]
fn an_older_version_that_is_the_file_is_not_run_again() {
    let desk = squares();
    desk.paramo(&["run", "study.toml", "--quiet"]).expect(0);
    desk.paramo(&["sweep", "--name", "squares", "--param", "x=5", "--quiet", "--", "echo", "{x}"]).expect(0);
    let again = desk.paramo(&["run", "study.toml"]).expect(0);
    assert!(again.err.contains("squares has finished: 5 runs succeeded"), "{}", again.err);
    let nothing = desk.paramo(&["retry", "squares@1"]).expect(0);
    assert!(nothing.err.contains("no failed run"), "{}", nothing.err);
    let status = desk.paramo(&["status", "squares@1", "--json"]).expect(0).json();
    assert_eq!(status[0]["state"].as_str(), Some("finished"));
}

#[test]
fn failed_runs_keep_their_cause_and_are_run_again() {
    let desk = Desk::new();
    desk.file(
        "study.toml",
        r#"
name = "flaky"
[application]
command = ["sh", "-c", "if [ -e fixed ] || [ {x} != 2 ]; then echo {x}; else echo broken {x} >&2; exit 7; fi"]
[application.outputs]
y = { regex = "\\d+" }
[space]
x = [1, 2, 3]
"#,
    );
    let run = desk.paramo(&["run", "study.toml"]).expect(1);
    assert!(run.err.contains("ended with exit code 7"), "{}", run.err);
    let explained = desk.paramo(&["explain", "flaky/1"]).expect(0);
    assert!(explained.out.contains("x = 2") && explained.out.contains("broken 2"), "{}", explained.out);
    assert_eq!(desk.paramo(&["logs", "flaky/1", "--stderr"]).expect(0).out, "broken 2\n");
    assert_eq!(desk.paramo(&["logs", "flaky/0"]).expect(0).out, "1\n");
    desk.file("fixed", "");
    desk.paramo(&["retry", "flaky", "--quiet"]).expect(0);
    let table = desk.paramo(&["export", "flaky", "--columns", "x,state,y"]).expect(0).out;
    assert_eq!(table, "x,state,y\n1,succeeded,1\n2,succeeded,2\n3,succeeded,3\n");
}

#[test]
fn retries_happen_by_themselves_and_are_counted() {
    let desk = Desk::new();
    desk.file(
        "study.toml",
        r#"
name = "again"
[application]
command = ["sh", "-c", "echo try >> tries-{x}; [ $(wc -l < tries-{x}) -ge 3 ]"]
[space]
x = [1]
[run]
retry = { count = 2, delay = "10 ms" }
"#,
    );
    desk.paramo(&["run", "study.toml", "--quiet"]).expect(0);
    assert_eq!(desk.read("tries-1").lines().count(), 3);
    let rows = desk.paramo(&["export", "again", "--format", "jsonl"]).expect(0).json();
    assert_eq!(rows[0]["attempts"].as_u64(), Some(3));
}

#[test]
fn a_sweep_needs_no_file_and_goes_on_when_it_is_typed_again() {
    let desk = Desk::new();
    let words = [
        "sweep",
        "--param",
        "x=1:4",
        "--param",
        "mode=a,b",
        "--output",
        "y=regex:[0-9]+",
        "--quiet",
        "--",
        "sh",
        "-c",
        "echo {x}{mode} >> log; echo {x}",
    ];
    desk.paramo(&words).expect(0);
    desk.paramo(&words).expect(0);
    assert_eq!(desk.read("log").lines().count(), 8);
    let rows = desk.paramo(&["export", "sh", "--columns", "x,mode,y"]).expect(0).out;
    assert!(rows.starts_with("x,mode,y\n1,a,1\n1,b,1\n2,a,2\n"), "{rows}");
}

#[test]
fn a_cancelled_study_stops_and_goes_on_later() {
    let desk = Desk::new();
    desk.file(
        "study.toml",
        "name = \"slow\"\n[application]\ncommand = [\"sh\", \"-c\", \"echo {x} >> log; [ -e fast ] || sleep 1000\"]\n[space]\nx = [1, 2, 3, 4]\n[run]\nslots = 2\n",
    );
    let child = desk.start(&["run", "study.toml"]);
    until("the runs did not start", || desk.read("log").lines().count() >= 2);
    let held = desk.paramo(&["run", "study.toml"]).expect(4);
    assert!(
        held.err.contains(&format!("{}", child.id())),
        "the process that works on it is named: {}",
        held.err
    );
    desk.paramo(&["cancel", "slow"]).expect(0);
    let answer = paramo_tests::Answer::from(child.wait_with_output().unwrap()).expect(3);
    assert!(answer.err.contains("slow: cancelled"), "{}", answer.err);
    let explained = desk.paramo(&["explain", "slow/3"]).expect(0);
    assert!(explained.out.contains("cancelled"), "{}", explained.out);
    desk.file("fast", "");
    desk.paramo(&["run", "slow", "--quiet"]).expect(0);
    assert_eq!(desk.paramo(&["export", "slow", "--columns", "x"]).expect(0).out, "x\n1\n2\n3\n4\n");
}

#[test]
fn a_running_study_takes_up_new_points() {
    let desk = Desk::new();
    desk.file(
        "study.toml",
        "name = \"grow\"\n[application]\ncommand = [\"sh\", \"-c\", \"touch up-{x}; while [ ! -e go ]; do sleep 0.01; done; echo {x}\"]\n[space]\nx = [1, 2]\n",
    );
    let child = desk.start(&["run", "study.toml", "--json"]);
    until("the runs did not start", || desk.path().join("up-1").exists());
    let extended = desk.paramo(&["extend", "grow", "--param", "x=3,4"]).expect(0);
    assert!(extended.err.contains("takes them up"), "{}", extended.err);
    desk.file("go", "");
    let answer = paramo_tests::Answer::from(child.wait_with_output().unwrap()).expect(0);
    let last = answer.json().pop().unwrap();
    assert_eq!(
        (last["event"].as_str(), last["progress"]["succeeded"].as_u64()),
        (Some("study-stopped"), Some(4))
    );
}

#[test]
fn ctrl_c_lets_running_runs_end_and_a_second_one_ends_them() {
    use rustix::process::{Pid, Signal, kill_process};
    let text = |body: &str| {
        format!(
            "name = \"stop\"\n[application]\ncommand = [\"sh\", \"-c\", '{body}']\n[space]\nx = {{ from = 1, to = 100, step = 1 }}\n[run]\nslots = 1\n"
        )
    };
    let started = |desk: &Desk| {
        until("the run did not start", || desk.path().join("up").exists());
    };
    let desk = Desk::new();
    desk.file("study.toml", text("touch up; while [ ! -e go ]; do sleep 0.01; done; echo {x} >> done"));
    let child = desk.start(&["run", "study.toml"]);
    started(&desk);
    let pid = Pid::from_raw(child.id() as i32).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    desk.file("go", "");
    let answer = paramo_tests::Answer::from(child.wait_with_output().unwrap()).expect(3);
    assert!(answer.err.contains("interrupted; 1 succeeded"), "{}", answer.err);
    assert_eq!(desk.read("done"), "1\n");

    let desk = Desk::new();
    desk.file("study.toml", text("touch up; trap \"\" TERM; sleep 1000; : {x}"));
    let child = desk.start(&["run", "study.toml"]);
    started(&desk);
    let pid = Pid::from_raw(child.id() as i32).unwrap();
    let mut child = child;
    // Signals that come together are one; each that is seen is a Ctrl-C.
    while child.try_wait().unwrap().is_none() {
        kill_process(pid, Signal::INT).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let answer = paramo_tests::Answer::from(child.wait_with_output().unwrap()).expect(3);
    assert!(answer.err.contains("0 succeeded, 0 failed"), "an ended run is open, not failed: {}", answer.err);
}

#[test]
fn a_removed_study_is_gone_with_its_files() {
    let desk = squares();
    desk.paramo(&["run", "study.toml", "--quiet"]).expect(0);
    let asked = desk.paramo(&["rm", "squares"]).expect(2);
    assert!(asked.err.contains("--force"), "{}", asked.err);
    desk.paramo(&["rm", "--force", "squares"]).expect(0);
    let gone = desk.paramo(&["results", "squares"]).expect(2);
    assert!(gone.err.contains("no study"), "{}", gone.err);
}
