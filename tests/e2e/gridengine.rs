//! `paramo site` and `paramo mirror` on a real Grid Engine.

use std::process::Command;

use paramo_tests::gridengine::GridEngine;
use paramo_tests::{Answer, Desk, until};
use rustix::process::{Pid, Signal, kill_process};

/// A desk with the description of the site, and of a job with such a script and time.
fn desk(script: &str, time: &str) -> Desk {
    let desk = Desk::new();
    let site = desk.path().join("site");
    let text = format!("kind = \"gridengine\"\ndirectory = \"{}\"\n", site.display());
    desk.file("b.toml", &text);
    desk.file("sites.toml", format!("[sites.ge]\n{text}"));
    let job = format!(
        "name = \"hello\"\nscript = '''\n#!/bin/bash\n{script}\n'''\noutputs = [\"left.txt\"]\n[resources]\ncpus = 2\ntime = \"{time}\"\n[inputs]\n\"in.txt\" = \"in.txt\"\n"
    );
    desk.file("j.toml", job);
    desk.file("in.txt", "some input\n");
    desk
}

fn mirror(desk: &Desk, engine: &GridEngine) -> Command {
    let mut command = desk.command(&["mirror", "--backend", "b.toml", "--job", "j.toml"]);
    command.envs(engine.environment.iter().map(|(name, value)| (name, value)));
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    command
}

#[test]
fn a_site_with_grid_engine_is_tried() {
    let engine = GridEngine::start();
    let desk = desk("true", "1 min");
    let mut command = desk.command(&["site", "test", "ge", "--json"]);
    command.envs(engine.environment.iter().map(|(name, value)| (name, value)));
    let answer = Answer::from(command.output().unwrap()).expect(0);
    for (what, text) in [
        ("version", "SGE 8.1.9"),
        ("queue", "main.q: 4 slots"),
        ("parallel environment", "jobs of several CPUs use `smp`"),
    ] {
        let checks = answer.json();
        let check = checks.iter().find(|check| check["check"] == what);
        let check = check.unwrap_or_else(|| panic!("no {what} in {}", answer.out));
        assert_eq!(check["verdict"], "ok", "{check}");
        assert!(check.to_string().contains(text), "{check}");
    }
}

#[test]
fn a_job_is_mirrored_with_its_files_and_its_exit_code() {
    let engine = GridEngine::start();
    let desk = desk("echo out $NSLOTS; echo err >&2; cat in.txt in.txt > left.txt; exit 7", "1 min");
    let answer = Answer::from(mirror(&desk, &engine).output().unwrap()).expect(7);
    assert_eq!(answer.out, "out 2\n");
    assert!(
        answer.err.contains("\nerr\n") && answer.err.contains("failed with exit code 7"),
        "{}",
        answer.err
    );
    assert_eq!(desk.read("left.txt"), "some input\nsome input\n");
}

#[test]
fn a_time_limit_a_cancelled_job_and_one_that_somebody_removed_are_told_apart() {
    let engine = GridEngine::start();
    let limited = desk("sleep 100", "1 s");
    let limited = mirror(&limited, &engine).spawn().unwrap();
    // Its number stands in what is said when it is submitted; who reads it must not wait for the end.
    let running = |desk: &Desk| {
        let child = mirror(desk, &engine).spawn().unwrap();
        let begun = desk.path().join("begun");
        until("the job does not begin", || begun.exists());
        (child, std::fs::read_to_string(&begun).unwrap().trim().to_owned())
    };
    let script = |desk: &Desk| {
        let file = desk.path().join("begun");
        let text = desk.read("j.toml").replace("PLACE", &file.display().to_string());
        desk.file("j.toml", text);
    };
    let (ours, theirs) = ("echo $JOB_ID > PLACE.new; mv PLACE.new PLACE; exec sleep 100", "1 min");
    let cancelled = desk(ours, theirs);
    script(&cancelled);
    let (child, job) = running(&cancelled);
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let answer = Answer::from(child.wait_with_output().unwrap()).expect(143);
    assert!(answer.err.contains("cancel"), "{}", answer.err);
    until("the job is still there", || !engine.type_in(&["qstat", "-u", "*"]).contains(&format!(" {job} ")));

    let removed = desk(ours, theirs);
    script(&removed);
    let (child, job) = running(&removed);
    engine.type_in(&["qdel", &job]);
    // Grid Engine keeps no account of who ended it.
    let answer = Answer::from(child.wait_with_output().unwrap()).expect(137);
    assert!(answer.err.contains("signal 9"), "{}", answer.err);

    let answer = Answer::from(limited.wait_with_output().unwrap()).expect(124);
    assert!(answer.err.contains("reached its time limit"), "{}", answer.err);
}

#[test]
fn arrays_run_with_a_throttle_and_are_accounted() {
    let engine = GridEngine::start();
    let desk = desk("true", "1 min");
    let typed = |words: &[&str]| {
        let mut command = desk.command(words);
        command.envs(engine.environment.iter().map(|(name, value)| (name, value)));
        Answer::from(command.output().unwrap())
    };
    let log = desk.path().join("log");
    // Each says when it begins and ends, so that it is seen how many there were at once.
    let script = format!(
        "#!/bin/bash\necho + >> {0}; sleep 1; echo - >> {0}\necho part $SGE_TASK_ID; [ $SGE_TASK_ID != 5 ] || exit 3\n",
        log.display()
    );
    desk.file("part.sh", script);
    let refused = typed(&["job", "submit", "part.sh", "--site", "ge", "--array", "0-3"]).expect(4);
    assert!(refused.err.contains("counts the jobs of an array from 1, as in 1-10"), "{}", refused.err);
    typed(&["job", "submit", "part.sh", "--site", "ge", "--array", "1-5:2%2", "--wait"]).expect(3);
    let (mut now, mut most) = (0, 0);
    for line in std::fs::read_to_string(&log).unwrap().lines() {
        now += if line == "+" { 1 } else { -1 };
        most = most.max(now);
    }
    assert_eq!((now, most), (0, 2), "as many at once as was said");
    let job = &typed(&["job", "show", "part", "--json"]).expect(0).json()[0];
    let outcomes: Vec<&str> =
        job["tasks"].as_array().unwrap().iter().filter_map(|it| it["outcome"].as_str()).collect();
    assert_eq!(outcomes, ["succeeded", "succeeded", "exit:3"], "{job}");
    until("the account is not written", || {
        let shown = typed(&["job", "show", "part", "--json"]).expect(0).json();
        shown[0]["usage"]["wall_seconds"].as_f64().is_some_and(|wall| wall >= 1.0)
    });
    assert_eq!(typed(&["job", "output", "part", "--task", "3"]).expect(0).out, "part 3\n");

    desk.file("long.sh", "#!/bin/bash\nsleep 100\n");
    typed(&["job", "submit", "long.sh", "--site", "ge", "--array", "1-2"]).expect(0);
    until("they do not begin", || {
        typed(&["job", "show", "long", "--json"]).expect(0).json()[0]["detail"] == "2 running"
    });
    typed(&["job", "cancel", "long"]).expect(0);
    typed(&["job", "wait", "long"]).expect(143);
}
