//! What must not go wrong outside of us: disks, directories, clocks, programs that misbehave.

use std::process::Command;
use std::time::{Duration, Instant};

use paramo_tests::{Answer, Desk, binary, until};

/// A study of one command over `x`, with more lines for its file.
fn study(name: &str, script: &str, x: &str, more: &str) -> String {
    format!(
        "name = \"{name}\"\n[application]\ncommand = [\"sh\", \"-c\", '''{script}''']\n{more}\n[space]\nx = {x}\n"
    )
}

fn await_file(desk: &Desk, name: &str) {
    until(&format!("{name} did not appear"), || desk.path().join(name).exists());
}

/// Runs `paramo` where a small file system is mounted at `small`, with `before` and `after` as shell commands around it.
fn on_a_small_disk(desk: &Desk, words: &str) -> Answer {
    std::fs::create_dir_all(desk.path().join("small")).unwrap();
    let script = format!(
        "mount -t tmpfs -o size=1m none small && head -c 200000 /dev/zero > small/ballast && {} --store small/.paramo {words}; code=$?; \
         rm -f small/ballast; cp -r small/.paramo kept; exit $code",
        binary("paramo").display()
    );
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", &script])
        .current_dir(desk.path())
        .output()
        .unwrap();
    Answer::from(output)
}

#[test]
fn a_full_disk_is_named_and_what_was_committed_stays() {
    let desk = Desk::new();
    // Every run's output is random and kept, so the store fills the disk before the study ends.
    desk.file(
        "study.toml",
        study("full", "head -c 30000 /dev/urandom; echo {x} >&2", "{ from = 1, to = 100, step = 1 }", ""),
    );
    let answer = on_a_small_disk(&desk, "run study.toml").expect(4);
    assert!(answer.err.contains("full") || answer.err.contains("No space left"), "{}", answer.err);
    assert!(answer.err.contains("run again"), "{}", answer.err);
    let committed = desk.paramo(&["--store", "kept", "status", "full", "--json"]).expect(0).json();
    let done = committed[0]["succeeded"].as_u64().unwrap();
    assert!(done < 100, "the disk should have been too small");
    desk.paramo(&["--store", "kept", "run", "study.toml", "--quiet"]).expect(0);
    let all = desk.paramo(&["--store", "kept", "export", "full", "--columns", "x"]).expect(0).out;
    assert_eq!(all.lines().count(), 101);
}

#[test]
fn a_directory_that_cannot_be_written_is_named() {
    let desk = Desk::new();
    desk.file("study.toml", study("ro", "echo {x}", "[1]", ""));
    std::fs::create_dir_all(desk.path().join("small")).unwrap();
    // Root may write anywhere, so the file system itself is read-only.
    let script = format!(
        "mount -t tmpfs -o ro none small && cd small && {} run ../study.toml",
        binary("paramo").display()
    );
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", &script])
        .current_dir(desk.path())
        .output()
        .unwrap();
    let answer = Answer::from(output).expect(4);
    assert!(
        answer.err.contains(".paramo") && answer.err.to_lowercase().contains("read-only"),
        "{}",
        answer.err
    );
}

#[test]
fn a_clock_that_is_set_back_changes_nothing() {
    let desk = Desk::new();
    desk.file(
        "study.toml",
        study(
            "clock",
            "touch up-{x}; while [ ! -e go-{x} ]; do sleep 0.01; done; echo {x}",
            "{ from = 1, to = 4, step = 1 }",
            "[application.outputs]\ny = { regex = \"\\\\d+\" }",
        ),
    );
    desk.file("clock", "@2026-06-01 12:00:00");
    let library = ["x86_64-linux-gnu", "aarch64-linux-gnu"]
        .map(|arch| format!("/usr/lib/{arch}/faketime/libfaketime.so.1"))
        .into_iter()
        .find(|path| std::path::Path::new(path).exists())
        .expect("scripts/prepare test installs faketime");
    let child = desk
        .command(&["run", "study.toml", "--slots", "2", "--json"])
        .env("LD_PRELOAD", library)
        .env("FAKETIME_TIMESTAMP_FILE", desk.path().join("clock"))
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    await_file(&desk, "up-2");
    desk.file("clock", "@2001-01-01 00:00:00");
    for x in 1..=4 {
        desk.file(&format!("go-{x}"), "");
    }
    let answer = Answer::from(child.wait_with_output().unwrap()).expect(0);
    let years: Vec<String> =
        answer.json().iter().filter_map(|event| Some(event["at"].as_str()?[..4].to_owned())).collect();
    assert!(years.iter().any(|year| year == "2001"), "{years:?}");
    assert_eq!(
        desk.paramo(&["export", "clock", "--columns", "index,y"]).expect(0).out,
        "index,y\n0,1\n1,2\n2,3\n3,4\n"
    );
    let status = desk.paramo(&["status", "clock"]).expect(0).out;
    assert!(status.contains("2001"), "the clock was not set back: {status}");
}

#[test]
fn a_command_that_is_not_there_is_named_before_anything_runs_twice() {
    let desk = Desk::new();
    desk.file(
        "study.toml",
        "name = \"gone\"\n[application]\ncommand = [\"no-such-program\", \"{x}\"]\n[space]\nx = [1, 2]\n",
    );
    let answer = desk.paramo(&["run", "study.toml"]).expect(4);
    assert!(answer.err.contains("no-such-program") && answer.err.contains("not found"), "{}", answer.err);
    let status = desk.paramo(&["status", "gone", "--json"]).expect(0).json();
    assert_eq!(status[0]["failed"].as_u64(), Some(0), "a run that could not start has not failed");
}

#[test]
fn resources_that_nobody_has_are_named_before_anything_fails() {
    let desk = Desk::new();
    desk.file(
        "study.toml",
        study("large", "echo {x}", "[1]", "[application.resources]\nmemory = \"900 TiB\""),
    );
    let answer = desk.paramo(&["run", "study.toml"]).expect(4);
    assert!(answer.err.contains("900 TiB"), "{}", answer.err);
}

#[test]
fn a_limit_of_failures_is_not_passed() {
    let desk = Desk::new();
    desk.file(
        "study.toml",
        study("limit", "exit 1; : {x}", "{ from = 1, to = 100, step = 1 }", "[run]\nmax_failures = 3"),
    );
    let answer = desk.paramo(&["run", "study.toml"]).expect(3);
    assert!(answer.err.contains("0 succeeded, 3 failed"), "{}", answer.err);
}

#[test]
fn a_store_that_is_removed_under_a_study_is_noticed() {
    let desk = Desk::new();
    desk.file(
        "study.toml",
        study("under", "touch up-{x}; while [ ! -e go ]; do sleep 0.01; done; echo {x}", "[1, 2]", ""),
    );
    let child = desk.start(&["run", "study.toml"]);
    await_file(&desk, "up-1");
    std::fs::remove_dir_all(desk.path().join(".paramo")).unwrap();
    desk.file("go", "");
    let answer = Answer::from(child.wait_with_output().unwrap()).expect(4);
    assert!(answer.err.contains("removed"), "{}", answer.err);
}

#[test]
fn large_binary_and_unfinished_output_is_captured_as_it_came() {
    let desk = Desk::new();
    desk.file(
        "study.toml",
        study("loud", "case {x} in 1) head -c 10000000 /dev/zero | tr '\\0' a; printf '\\n{{\"y\": 5}}';; 2) printf '\\377\\000\\001{{\"y\": 6}}';; esac", "[1, 2]", "[application.outputs]\ny = { regex = '\"y\": (\\d+)', type = \"integer\" }"),
    );
    desk.paramo(&["run", "study.toml", "--quiet"]).expect(0);
    assert_eq!(desk.paramo(&["export", "loud", "--columns", "y"]).expect(0).out, "y\n5\n6\n");
    let out = desk.command(&["logs", "loud/0"]).output().unwrap().stdout;
    assert_eq!((out.len(), out.ends_with(b"\n{\"y\": 5}")), (10_000_009, true));
    let out = desk.command(&["logs", "loud/1"]).output().unwrap().stdout;
    assert_eq!(out, b"\xff\x00\x01{\"y\": 6}");
}

#[test]
fn a_run_that_ignores_the_word_to_stop_is_ended_at_its_time() {
    let desk = Desk::new();
    desk.file(
        "study.toml",
        study(
            "deaf",
            "trap \"\" TERM; echo {x}; while :; do sleep 1; done",
            "[1]",
            "[application.resources]\ntime = \"200 ms\"",
        ),
    );
    let begun = Instant::now();
    let answer = desk.paramo(&["run", "study.toml"]).expect(1);
    assert!(answer.err.contains("ran longer than 200 ms"), "{}", answer.err);
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[test]
fn a_missing_output_fails_the_run_with_the_reason() {
    let desk = Desk::new();
    desk.file(
        "study.toml",
        study(
            "bad",
            "echo '{{\"speed\": {x}}}'",
            "[1]",
            "[application.outputs]\nperiod = { json = \"period\" }",
        ),
    );
    let answer = desk.paramo(&["run", "study.toml"]).expect(1);
    assert!(
        answer.err.contains("period") && answer.err.contains("speed"),
        "the field that is missing and those that are there: {}",
        answer.err
    );
}

#[test]
fn nan_is_a_value() {
    let desk = Desk::new();
    desk.file(
        "study.toml",
        study(
            "nan",
            "echo '{{\"y\": NaN, \"z\": -Infinity}}'; : {x}",
            "[1]",
            "[application.outputs]\ny = { json = \"y\" }\nz = { json = \"z\" }",
        ),
    );
    desk.paramo(&["run", "study.toml", "--quiet"]).expect(0);
    assert_eq!(desk.paramo(&["export", "nan", "--columns", "y,z"]).expect(0).out, "y,z\nNaN,-inf\n");
    let plot = desk.paramo(&["plot", "nan", "--kind", "histogram", "--value", "y"]).expect(2);
    assert!(plot.err.contains('y'), "{}", plot.err);
}

#[test]
fn unicode_and_spaces_in_paths_and_values_arrive() {
    let desk = Desk::named("Größe α β");
    desk.file("my study.toml", "name = \"größe\"\n[application]\ncommand = [\"./pro gram.sh\", \"{wort}\"]\nkeep = [\"*.txt\"]\n[application.outputs]\n\"länge\" = { regex = \"\\\\d+\" }\n[space]\nwort = [\"a b\", \"ünïcode\", \"'quo\\\"ted'\"]\n");
    let script =
        desk.file("pro gram.sh", "#!/bin/sh\nprintf %s \"$1\" > \"kept $1.txt\"\nprintf %s \"$1\" | wc -m\n");
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = desk.command(&["run", "my study.toml", "--quiet"]);
    let answer = Answer::from(command.env("LC_ALL", "C.UTF-8").output().unwrap()).expect(0);
    assert_eq!(answer.err, "");
    let rows = desk.paramo(&["export", "größe", "--format", "jsonl"]).expect(0).json();
    let lengths: Vec<i64> = rows.iter().map(|row| row["länge"].as_i64().unwrap()).collect();
    assert_eq!((lengths, rows[1]["wort"].as_str()), (vec![3, 7, 9], Some("ünïcode")));
}

#[test]
fn a_python_function_may_raise_die_and_return_nan() {
    let desk = Desk::new();
    desk.file(
        "model.py",
        "import os\n\ndef f(x):\n    if x == 2:\n        raise ValueError('two is bad')\n    if x == 3:\n        os._exit(9)\n    if x == 4:\n        return float('nan')\n    print('said', x)\n    return x * x\n",
    );
    desk.file(
        "study.toml",
        "name = \"py\"\n[application]\nfunction = \"model:f\"\n[space]\nx = { from = 1, to = 6, step = 1 }\n",
    );
    let answer = desk.paramo(&["run", "study.toml"]).expect(1);
    assert!(answer.err.contains("2 failed"), "{}", answer.err);
    let rows = desk.paramo(&["export", "py", "--columns", "x,state,cause,result"]).expect(0).out;
    let expected = [
        "1,succeeded,",
        "2,failed,exception",
        "3,failed,exit",
        "4,succeeded,",
        "5,succeeded,",
        "6,succeeded,",
    ];
    for (line, start) in rows.lines().skip(1).zip(expected) {
        assert!(line.starts_with(start), "{rows}");
    }
    assert!(rows.contains("4,succeeded,,NaN") && rows.contains("6,succeeded,,36"), "{rows}");
    let explained = desk.paramo(&["explain", "py/1"]).expect(0).out;
    assert!(explained.contains("two is bad") && explained.contains("model.py"), "{explained}");
    assert_eq!(desk.paramo(&["logs", "py/4"]).expect(0).out, "said 5\n");
}

#[test]
fn a_condition_that_leaves_out_everything_is_said() {
    let desk = Desk::new();
    desk.file("study.toml", study("none", "echo {x}", "[1, 2, 3]\nwhere = \"x > 5\"", ""));
    let answer = desk.paramo(&["run", "study.toml"]).expect(0);
    assert!(answer.err.contains("leaves out all 3 points"), "{}", answer.err);
    let explained = desk.paramo(&["explain", "none/1"]).expect(0).out;
    assert!(explained.contains("x > 5"), "{explained}");
}

#[test]
fn a_store_of_a_newer_version_is_left_alone() {
    let desk = Desk::new();
    desk.file("study.toml", study("new", "echo {x}", "[1]", ""));
    desk.paramo(&["run", "study.toml", "--quiet"]).expect(0);
    let made = Command::new("python3")
        .args(["-c", "import sqlite3; c = sqlite3.connect('.paramo/store.db'); c.execute(\"insert into _sqlx_migrations values (9999, 'later', '2030-01-01', 1, x'00', 1)\"); c.commit()"])
        .current_dir(desk.path())
        .status()
        .unwrap();
    assert!(made.success());
    let answer = desk.paramo(&["run", "study.toml"]).expect(4);
    assert!(answer.err.contains("newer"), "{}", answer.err);
}

#[test]
fn damage_to_the_log_is_named() {
    let desk = Desk::new();
    desk.file("study.toml", study("torn", "echo {x}", "{ from = 1, to = 3, step = 1 }", ""));
    // Killed, the process cannot fold its log into the database, so the log is what holds the results.
    desk.file(
        "study.toml",
        study(
            "torn",
            "echo {x}; [ {x} = 3 ] && touch up && sleep 1000; :",
            "{ from = 1, to = 3, step = 1 }",
            "[application.resources]\ncpus = 0",
        ),
    );
    let mut child = desk.start(&["run", "study.toml"]);
    await_file(&desk, "up");
    until("the results were not committed", || {
        let status = desk.paramo(&["status", "torn", "--json"]).json();
        status.first().is_some_and(|status| status["succeeded"].as_u64() == Some(2))
    });
    child.kill().unwrap();
    child.wait().unwrap();
    let log = desk.path().join(".paramo/store.db-wal");
    let length = std::fs::metadata(&log).unwrap().len();
    assert!(length > 0);
    std::fs::File::options().write(true).open(&log).unwrap().set_len(0).unwrap();
    let answer = desk.paramo(&["status", "torn"]);
    assert!(answer.err.contains("lost") || answer.err.contains("damage"), "{answer:?}");
}
