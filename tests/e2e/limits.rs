//! What a study may use, why it does not go on, and commands for several studies at once.

use paramo_tests::{Answer, Desk, until};

/// A study of runs that take no time, with further lines.
fn study(name: &str, script: &str, points: u32, run: &str) -> String {
    format!(
        "name = \"{name}\"\n[application]\ncommand = [\"sh\", \"-c\", \"{script}\"]\n[space]\nx = {{ from = 1, to = {points}, step = 1 }}\n[run]\n{run}\n"
    )
}

fn why(desk: &Desk, name: &str) -> serde_json::Value {
    desk.paramo(&["why", name, "--json"]).expect(0).json().remove(0)
}

#[test]
fn a_limit_of_cpu_time_pauses_the_study_until_it_is_raised() {
    let desk = Desk::new();
    let burn = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; : {x}";
    desk.file("study.toml", study("cpu", burn, 20, "slots = 1\ncpu_limit = '10 ms'"));
    let answer = desk.paramo(&["run", "study.toml"]).expect(3);
    assert!(answer.err.contains("its limit of CPU time is reached"), "{}", answer.err);
    let row = |desk: &Desk| desk.paramo(&["status", "cpu", "--json"]).expect(0).json().remove(0);
    let before = row(&desk);
    assert_eq!((before["state"].as_str(), before["why"]["code"].as_str()), (Some("paused"), Some("cap-cpu")));
    assert!((1..20).contains(&before["succeeded"].as_u64().unwrap()), "{before}");
    // Going on starts nothing, and says why; resuming is no way around it.
    let answer = desk.paramo(&["run", "cpu"]).expect(3);
    assert!(answer.err.contains("paramo limits cpu --cpu"), "{}", answer.err);
    assert_eq!(row(&desk)["succeeded"], before["succeeded"]);
    let answer = desk.paramo(&["resume", "cpu"]).expect(0);
    assert!(answer.err.contains("still paused"), "{}", answer.err);
    let answer = desk.paramo(&["limits", "cpu", "--cpu", "1 h"]).expect(0);
    assert!(answer.out.contains("at the most 1 h"), "{}", answer.out);
    assert!(answer.err.contains("`paramo run cpu` goes on"), "{}", answer.err);
    assert_eq!(why(&desk, "cpu")["code"], "paused");
    // The file still says 10 ms; what was asked for since holds.
    desk.paramo(&["run", "study.toml"]).expect(0);
    assert_eq!(row(&desk)["succeeded"], 20);
    assert_eq!(why(&desk, "cpu")["code"], "finished");
}

#[test]
fn a_limit_of_time_is_kept_over_sessions() {
    let desk = Desk::new();
    desk.file("study.toml", study("slow", "sleep 0.05; : {x}", 100, "slots = 1\ntime_limit = '300 ms'"));
    let answer = desk.paramo(&["run", "study.toml"]).expect(3);
    assert!(answer.err.contains("its limit of time is reached"), "{}", answer.err);
    let limits = || desk.paramo(&["limits", "slow", "--json"]).expect(0).json().remove(0);
    let before = limits();
    assert_eq!(before["reached"], "time");
    assert!(before["wall_seconds"]["used"].as_f64().unwrap() >= 0.3, "{before}");
    assert_eq!(why(&desk, "slow")["code"], "cap-time");
    let answer = desk.paramo(&["run", "slow", "--json"]).expect(3);
    assert!(answer.out.contains("\"time-limit\""), "{}", answer.out);
    assert!(desk.paramo(&["list"]).expect(0).out.contains("cap-time"));
    desk.paramo(&["limits", "slow", "--time", "none", "--max-failures", "50 %"]).expect(0);
    assert_eq!(limits()["failures"]["limit"], "50 %");
    desk.paramo(&["limits", "slow", "--reset"]).expect(0);
    assert_eq!(limits()["wall_seconds"]["limit"], 0.3);
}

#[test]
fn failures_up_to_a_part_of_the_points_are_borne() {
    let desk = Desk::new();
    desk.file("study.toml", study("part", "exit 1; : {x}", 40, "max_failures = '10 %'"));
    let answer = desk.paramo(&["run", "study.toml"]).expect(3);
    assert!(answer.err.contains("0 succeeded, 4 failed"), "{}", answer.err);
    let status = desk.paramo(&["status", "part"]).expect(0).out;
    assert!(status.contains("4 of 40 points, 10 %"), "{status}");
    assert!(status.contains("  waits: 4 of its runs have failed, and the limit is 4 → "), "{status}");
    // Opened again, they do not count any more.
    desk.paramo(&["retry", "part", "--later"]).expect(0);
    assert_eq!(why(&desk, "part")["code"], "paused");
}

#[test]
fn a_run_that_has_not_ended_says_what_it_waits_for() {
    let desk = Desk::new();
    let hold = "sleep 0.1; test {x} != 2 && exit 0; while [ ! -e go ]; do sleep 0.01; done";
    desk.file("study.toml", study("wait", hold, 9, "slots = 1"));
    let child = desk.start(&["run", "study.toml"]);
    let explain = |run: &str| desk.paramo(&["explain", run]).out;
    until("it does not run", || explain("wait/1").contains("running: attempt 1 in slot 0"));
    assert!(explain("wait/5").contains("its turn comes after 4 others"), "{}", explain("wait/5"));
    desk.paramo(&["pause", "--all"]).expect(0);
    assert!(explain("wait/5").contains("waiting: it is paused → resume it: paramo resume wait; its turn"));
    assert_eq!(why(&desk, "wait")["change"], "resume it: paramo resume wait");
    desk.paramo(&["resume", "--all"]).expect(0);
    desk.file("go", "");
    Answer::from(child.wait_with_output().unwrap()).expect(0);
    assert_eq!(why(&desk, "wait")["code"], "finished");
}

#[test]
fn several_studies_are_paused_resumed_cancelled_and_retried_at_once() {
    let desk = Desk::new();
    for name in ["a", "b", "c"] {
        desk.file("study.toml", study(name, "test -e ok || exit {x}", 4, "max_failures = 2"));
        desk.paramo(&["run", "study.toml", "--quiet"]).expect(3);
    }
    let states = || {
        let rows = desk.paramo(&["list", "--json"]).expect(0).json();
        rows.iter().map(|row| row["state"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(states(), ["paused"; 3]);
    let answer = desk.paramo(&["resume", "--all"]).expect(0);
    assert_eq!(answer.err.matches("still paused").count(), 3, "{}", answer.err);
    desk.paramo(&["cancel", "a", "b"]).expect(0);
    assert_eq!(states(), ["paused", "cancelled", "cancelled"]);
    desk.paramo(&["pause", "c", "a"]).expect(2);
    desk.paramo(&["cancel"]).expect(2);
    desk.file("ok", "");
    let answer = desk.paramo(&["retry", "--all"]).expect(0);
    assert_eq!(answer.err.matches("2 runs opened again").count(), 3, "{}", answer.err);
    assert_eq!(states(), ["finished"; 3]);
    assert_eq!(desk.paramo(&["list"]).expect(0).out.matches("100 %").count(), 3);
}
