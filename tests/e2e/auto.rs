//! `--site auto` on a real Slurm: where runs go, and why.

use paramo_tests::slurm::Slurm;
use paramo_tests::workers::{Hub, begun, squares};
use paramo_tests::{Answer, Desk, until};
use serde_json::Value;

/// A pool on a partition of the cluster, as a site of its own.
fn site(desk: &Desk, name: &str, partition: &str, more: &str) -> String {
    let directory = desk.path().join(format!("site-{name}"));
    format!(
        "[sites.{name}]\nkind = \"slurm\"\ndirectory = \"{}\"\nback = \"127.0.0.1\"\npartition = \"{partition}\"\n{more}\n\
         [sites.{name}.pools.main]\nmaximum = 2\ncpus = 2\nwalltime = \"5 min\"\n",
        directory.display()
    )
}

/// What is said of each place.
fn choose(desk: &Desk, slurm: &Slurm, words: &[&str]) -> Vec<Value> {
    let words = [&["site", "choose"], words, &["--json"]].concat();
    let answer = Answer::from(slurm.paramo(desk, &words).output().unwrap()).expect(0);
    answer.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[track_caller]
fn place<'a>(places: &'a [Value], name: &str) -> &'a Value {
    places.iter().find(|place| place["place"] == name).unwrap_or_else(|| panic!("no {name} in {places:?}"))
}

#[test]
fn runs_go_where_they_end_first_and_nothing_is_paid_for_haste() {
    let slurm = Slurm::start("auto");
    let desk = Desk::new();
    // The two nodes of one partition are taken for half an hour; the other partition has two more.
    desk.file("taken.sh", "#!/bin/sh\nsleep 1800\n");
    let taken = desk.path().join("taken.sh");
    let hold = [
        "sbatch",
        "-p",
        "short",
        "-N2",
        "--exclusive",
        "-t",
        "30",
        "-o",
        "/dev/null",
        taken.to_str().unwrap(),
    ];
    slurm.type_in(&hold);
    until("nothing holds the partition", || {
        slurm.type_in(&["squeue", "-h", "-t", "running"]).contains("taken")
    });
    let sites = site(&desk, "busy", "short", "")
        + &site(&desk, "free", "main", "")
        + &site(&desk, "dear", "main", "cost = 0.25")
        + &site(&desk, "wrong", "nowhere", "");
    desk.file("sites.toml", sites);
    desk.file("study.toml", squares(&desk, "squares", 60, "0.7"));

    // Before anything is submitted.
    let places = choose(&desk, &slurm, &["study.toml", "--time", "1min"]);
    let (busy, free) = (place(&places, "busy/main"), place(&places, "free/main"));
    assert!(busy["wait_seconds"].as_f64().unwrap() > 1000.0, "{busy}");
    assert_eq!(
        (&busy["chosen"], &free["chosen"]),
        (&Value::Bool(false), &Value::Bool(true)),
        "{busy} {free}"
    );
    assert_eq!(free["at_once"], 4);
    assert_eq!(place(&places, "here")["chosen"], true);
    let dear = place(&places, "dear/main");
    assert_eq!(
        (&dear["chosen"], dear["cost_per_hour"].as_f64()),
        (&Value::Bool(false), Some(0.25)),
        "{dear}"
    );
    let wrong = place(&places, "wrong/main")["why"].as_str().unwrap().to_owned();
    assert!(wrong.contains("Invalid partition"), "{wrong}");
    // One run is made here as soon as anywhere.
    desk.file("one.toml", squares(&desk, "one", 1, "0"));
    let places = choose(&desk, &slurm, &["one.toml", "--time", "1min"]);
    assert_eq!(place(&places, "free/main")["chosen"], false, "{places:?}");
    let table =
        Answer::from(slurm.paramo(&desk, &["site", "choose", "one.toml"]).output().unwrap()).expect(0);
    assert!(table.out.contains("how long runs take is found out elsewhere first"), "{}", table.out);

    // And when runs are made.
    let run = ["run", "study.toml", "--site", "auto", "--cpus", "1"];
    let answer = Answer::from(slurm.paramo(&desk, &run).output().unwrap()).expect(0);
    let workers = desk.paramo(&["export", "squares", "--columns", "index,square,worker"]).expect(0).out;
    assert_eq!(workers.lines().count(), 61);
    let elsewhere = workers.lines().skip(1).filter(|line| !line.ends_with(",0")).count();
    assert!((10..60).contains(&elsewhere), "{elsewhere} runs were made elsewhere\n{}", answer.err);
    assert!((0..60).all(|index| begun(desk.path(), index) == 1), "a run was made twice");
    assert!(answer.err.contains("squares goes to here (is there, 1 at once), free/main ("), "{}", answer.err);
    for left in
        ["busy/main (would begin in ", "dear/main (a run costs 0.25 an hour there, and 0 where it is chosen)"]
    {
        assert!(answer.err.contains(left), "no {left:?} in {}", answer.err);
    }
    for (name, used) in [("free", true), ("busy", false), ("dear", false), ("wrong", false)] {
        let status = desk.paramo(&["pool", "status", name, "--json"]).expect(0).out;
        let asked = status.lines().any(|line| line.contains("\"job\""));
        assert_eq!(asked, used, "{name}: {status}");
    }
    slurm.type_in(&["scancel", "--name", "taken.sh"]);
}

#[test]
fn what_costs_more_is_used_where_nothing_else_takes_the_runs() {
    let slurm = Slurm::start("paid");
    let desk = Desk::new();
    let wide = site(&desk, "dear", "main", "cost = 0.25").replace("cpus = 2", "cpus = 4");
    desk.file("sites.toml", site(&desk, "free", "main", "") + &wide);
    let study =
        squares(&desk, "squares", 4, "0") + "[application.resources]\ncpus = 3\n[run]\nsite = \"auto\"\n";
    desk.file("study.toml", &study);
    let places = choose(&desk, &slurm, &["study.toml", "--time", "1min"]);
    assert_eq!(place(&places, "free/main")["why"], "no run fits its allocations");

    // A server without workers of its own, on a cluster that takes nothing for now.
    slurm.type_in(&["scontrol", "update", "nodename=node[1-4]", "state=drain", "reason=test"]);
    let conf = slurm.conf();
    let hub = Hub::start_with(&desk, "60 s", &[("SLURM_CONF", conf.to_str().unwrap())]);
    hub.submit(&desk, &study);
    let why = || hub.http.get("/api/v1/studies/squares/why").json();
    until("nobody says what is waited for", || {
        why()["what"]
            .as_str()
            .is_some_and(|what| what.contains("dear-main-") && what.contains("is waiting ("))
    });
    slurm.type_in(&["scontrol", "update", "nodename=node[1-4]", "state=resume"]);
    hub.finished("squares");
    let pools = hub.http.get("/api/v1/pools").json();
    let asked = |site: &str| {
        let pool = pools.as_array().unwrap().iter().find(|pool| pool["site"] == site).unwrap();
        pool["allocations"].as_array().unwrap().len()
    };
    assert_eq!((asked("free"), asked("dear")), (0, 1), "{pools}");

    // What fits nowhere is refused.
    let large = squares(&desk, "large", 4, "0")
        + "[application.resources]\ncpus = 30\nnodes = 2\ntime = \"10 h\"\n[run]\nsite = \"auto\"\n";
    let refused =
        hub.http.post("/api/v1/studies", &serde_json::json!({ "file": large, "directory": desk.path() }));
    assert!(refused.text().contains("no pool of auto takes a run of 2 nodes"), "{}", refused.text());
}
