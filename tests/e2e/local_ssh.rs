//! A machine without an engine, reached by SSH: studies, jobs and mirrors on it.

use std::process::Command;

use paramo_tests::slurm::Slurm;
use paramo_tests::workers::{begun, squares};
use paramo_tests::{Answer, Desk, until};

use crate::sites::ways;

/// The machine is this one, by the SSH server of a Slurm that is not asked for anything.
fn describe(desk: &Desk, slurm: &Slurm) {
    let (_, access) = ways(slurm).into_iter().find(|(name, _)| *name == "ssh").unwrap();
    let access = access.replace("{ host = ", "{ inside = \"127.0.0.1\", host = ");
    let pool = "maximum = 1\ncpus = 2\nwalltime = \"10 min\"";
    desk.file(
        "sites.toml",
        format!(
            "[sites.desk]\nkind = \"local-ssh\"\n{access}\ndirectory = \"{}\"\n[sites.desk.pools.main]\n{pool}\n",
            desk.path().join("site").display()
        ),
    );
}

fn begin(desk: &Desk, words: &[&str]) -> Command {
    let mut command = desk.command(words);
    command.env_remove("SLURM_CONF");
    command
}

fn done(desk: &Desk, words: &[&str]) -> Answer {
    Answer::from(begin(desk, words).output().unwrap())
}

/// The worker of the pool, by its command line.
fn worker(desk: &Desk) -> Option<u32> {
    let site = desk.path().join("site/bin").display().to_string();
    let words = ["-o", "-f", &format!("^{site}/paramo-[0-9a-f]* worker")];
    let found = Command::new("pgrep").args(words).output().unwrap().stdout;
    String::from_utf8(found).unwrap().lines().next().and_then(|line| line.parse().ok())
}

#[test]
fn a_machine_without_an_engine_is_a_site() {
    let slurm = Slurm::start("shared");
    let desk = Desk::new();
    describe(&desk, &slurm);
    let test = done(&desk, &["site", "test", "desk"]).expect(0).out;
    assert!(test.contains("machine") && test.contains("CPUs, of which"), "{test}");

    desk.file("study.toml", squares(&desk, "squares", 30, "0.2"));
    let said = std::fs::File::create(desk.path().join("said")).unwrap();
    let mut run = begin(&desk, &["run", "study.toml", "--site", "desk"]).stderr(said).spawn().unwrap();
    let count = || (0..30).map(|index| begun(desk.path(), index)).sum::<usize>();
    until("nothing begins", || count() > 4);
    // Somebody ends the worker: what it had is made by the next.
    let pid = worker(&desk).expect("a worker");
    Command::new("kill").args(["-KILL", &pid.to_string()]).status().unwrap();
    assert_eq!(run.wait().unwrap().code(), Some(0), "{}", desk.read("said"));
    let rows = desk.paramo(&["export", "squares", "--columns", "index,square"]).expect(0).out;
    let expected = (0..30).map(|index| format!("{index},{}\n", index * index)).collect::<String>();
    assert_eq!(rows, format!("index,square\n{expected}"));
    assert!(desk.read("said").contains("was ended by signal 9"), "{}", desk.read("said"));
    until("the last worker is left", || worker(&desk).is_none());

    desk.file("hello.sh", "#!/bin/bash\necho hello \"$@\"; exit 7\n");
    done(&desk, &["job", "submit", "hello.sh", "--site", "desk", "--wait", "--", "you"]).expect(7);
    assert_eq!(done(&desk, &["job", "output", "hello"]).expect(0).out, "hello you\n");
    let array = done(&desk, &["job", "submit", "hello.sh", "--site", "desk", "--array", "0-3"]).expect(4);
    assert!(array.err.contains("without an engine there are no arrays"), "{}", array.err);
    desk.file("long.sh", "#!/bin/bash\nsleep 100\n");
    done(&desk, &["job", "submit", "long.sh", "--site", "desk"]).expect(0);
    done(&desk, &["job", "cancel", "long"]).expect(0);
    done(&desk, &["job", "wait", "long"]).expect(143);
}
