//! `paramo job` on a real Slurm: scripts as they are, arrays, dependencies, and what is known of them afterwards.

use std::process::Command;

use paramo_tests::slurm::Slurm;
use paramo_tests::workers::Hub;
use paramo_tests::{Answer, Desk, until};
use serde_json::Value;

use crate::sites::ways;

fn describe(desk: &Desk, slurm: &Slurm) {
    let mut text = String::new();
    for (name, access) in ways(slurm) {
        let directory = desk.path().join(format!("site-{name}"));
        text +=
            &format!("[sites.{name}]\nkind = \"slurm\"\n{access}\ndirectory = \"{}\"\n", directory.display());
    }
    desk.file("sites.toml", text);
}

fn answer(desk: &Desk, slurm: &Slurm, words: &[&str]) -> Answer {
    Answer::from(slurm.paramo(desk, words).output().unwrap())
}

fn shown(desk: &Desk, slurm: &Slurm, job: &str) -> Value {
    let text = answer(desk, slurm, &["job", "show", job, "--json"]).expect(0).out;
    serde_json::from_str(&text).unwrap()
}

const FIT: &str = "#!/bin/bash\n#SBATCH --comment=mine\necho fit \"$@\"; cat in.txt; echo oops >&2\nmkdir out; echo 1,2 > out/a.csv; exit 7\n";

#[test]
fn a_script_runs_as_it_is_on_every_way_to_the_site() {
    let slurm = Slurm::start("shared");
    let desk = Desk::new();
    describe(&desk, &slurm);
    desk.file("fit.sh", FIT);
    desk.file("in.txt", "input\n");
    for site in ["here", "ssh", "rest"] {
        if site == "rest" {
            // slurmrestd does not read such lines: what can be said otherwise is, and the others are not passed over.
            let refused = ["job", "submit", "fit.sh", "--site", site, "--input", "in.txt"];
            let refused = answer(&desk, &slurm, &refused).expect(4);
            assert!(refused.err.contains("does not read `#SBATCH --comment=mine`"), "{}", refused.err);
            assert_eq!(shown(&desk, &slurm, "3")["state"], "ended");
            answer(&desk, &slurm, &["job", "rm", "3"]).expect(0);
            desk.file("fit.sh", FIT.replace("--comment=mine", "-p short --mem=50M"));
        }
        let submit = [
            "job",
            "submit",
            "fit.sh",
            "--site",
            site,
            "--name",
            site,
            "--input",
            "in.txt",
            "--output",
            "out/*.csv",
            "--time",
            "5min",
            "--wait",
            "--",
            "a",
            "b c",
        ];
        let ended = answer(&desk, &slurm, &submit).expect(7);
        assert!(ended.err.contains("failed with exit code 7"), "{}", ended.err);
        let out = answer(&desk, &slurm, &["job", "output", site]).expect(0).out;
        assert_eq!(out, "fit a b c\ninput\n", "{site}");
        assert_eq!(answer(&desk, &slurm, &["job", "output", site, "--error"]).expect(0).out, "oops\n");
        answer(&desk, &slurm, &["job", "fetch", site, "--into", site]).expect(0);
        assert_eq!(desk.read(&format!("{site}/out/a.csv")), "1,2\n");
        let asked =
            slurm.type_in(&["scontrol", "show", "job", shown(&desk, &slurm, site)["id"].as_str().unwrap()]);
        for words in
            if site == "rest" { ["Partition=short", "mem=50M"] } else { ["Comment=mine", "ExitCode=7:0"] }
        {
            assert!(asked.contains(words), "{site}: {asked}");
        }
    }
    let list = answer(&desk, &slurm, &["job", "list"]).expect(0).out;
    assert_eq!(list.lines().filter(|line| line.contains("failed with exit code 7")).count(), 3, "{list}");
    answer(&desk, &slurm, &["job", "rm", "1", "ssh"]).expect(0);
    assert!(desk.path().join("site-here/jobs").read_dir().unwrap().next().is_none(), "its directory is left");
    let list = answer(&desk, &slurm, &["job", "list", "--json"]).expect(0).out;
    assert!(list.lines().count() == 1 && list.contains("\"name\":\"rest\""), "{list}");
}

#[test]
fn arrays_and_what_waits_for_them() {
    let slurm = Slurm::start("jobs");
    let desk = Desk::new();
    describe(&desk, &slurm);
    desk.file(
        "part.sh",
        "#!/bin/bash\necho part $SLURM_ARRAY_TASK_ID; sleep 1; [ $SLURM_ARRAY_TASK_ID != 2 ] || exit 3\n",
    );
    desk.file("after.sh", "#!/bin/bash\necho after\n");
    let mut part = slurm.paramo(&desk, &["job", "submit", "part.sh", "--site", "here", "--array", "0-4%2"]);
    Answer::from(part.output().unwrap()).expect(0);
    for (name, after) in [("worse", "part:failed"), ("better", "part:ok"), ("then", "1:any")] {
        let words = ["job", "submit", "after.sh", "--site", "here", "--name", name, "--after", after];
        answer(&desk, &slurm, &words).expect(0);
    }
    let mut most = 0;
    until("the array does not end", || {
        let running = slurm.type_in(&["squeue", "-h", "-r", "-n", "", "-t", "running", "-o", "%i"]);
        most = most.max(running.lines().filter(|line| line.starts_with("1_")).count());
        shown(&desk, &slurm, "part")["state"] == "ended"
    });
    assert!(most <= 2, "{most} at once");
    answer(&desk, &slurm, &["job", "wait", "part"]).expect(3);
    let part = shown(&desk, &slurm, "part");
    assert_eq!(part["detail"], "4 succeeded, 1 failed with exit code 3");
    assert_eq!(part["tasks"][2]["outcome"], "exit:3", "{part}");
    assert_eq!(answer(&desk, &slurm, &["job", "output", "part", "--task", "4"]).expect(0).out, "part 4\n");
    answer(&desk, &slurm, &["job", "wait", "worse", "then"]).expect(0);
    // It can never begin, and nobody is left waiting for it.
    answer(&desk, &slurm, &["job", "wait", "better"]).expect(143);
    assert_eq!(shown(&desk, &slurm, "better")["outcome"], "cancelled");

    // How it ended is known when Slurm has forgotten it: `scontrol` cannot be made to, another Slurm has never known it.
    let other = Slurm::start("jobsother");
    let mut list = desk.command(&["job", "show", "part", "--json"]);
    let again = Answer::from(list.env("SLURM_CONF", other.conf()).output().unwrap()).expect(0).out;
    let again: Value = serde_json::from_str(&again).unwrap();
    assert_eq!(
        (&again["tasks"][2]["outcome"], &again["tasks"][4]["outcome"]),
        (&"exit:3".into(), &"succeeded".into())
    );

    let refused = |words: &[&str], code, what: &str| {
        let answer = answer(&desk, &slurm, words).expect(code);
        assert!(answer.err.contains(what), "{words:?}: {}", answer.err);
    };
    refused(&["job", "output", "part"], 2, "say which by --task");
    refused(&["job", "show", "mars"], 2, "there is no job `mars`");
    refused(&["job", "submit", "after.sh", "--site", "mars"], 2, "there is no site `mars`");
    refused(
        &["job", "submit", "after.sh", "--site", "ssh", "--after", "part"],
        2,
        "is at here; a job can only wait",
    );
    refused(
        &["job", "submit", "after.sh", "--site", "here", "--after", "part:so"],
        2,
        "`so` is none of ok, failed, any, begun",
    );
    refused(
        &["job", "submit", "after.sh", "--site", "here", "--array", "4-1"],
        2,
        "such as 0-99%8, found `4-1`",
    );
    refused(
        &["job", "submit", "after.sh", "--site", "here", "--input", "../x=sites.toml"],
        2,
        "does not begin with `.`",
    );
    refused(&["job", "submit", "after.sh", "--site", "here", "--partition", "mars"], 4, "invalid partition");
    desk.file("bad.sh", "echo hi\n");
    refused(
        &["job", "submit", "bad.sh", "--site", "here"],
        2,
        "bad.sh: line 1: a batch script begins with a line",
    );
}

#[test]
fn a_command_that_is_killed_while_it_submits_has_submitted_once() {
    let slurm = Slurm::start("jobkill");
    let desk = Desk::new();
    describe(&desk, &slurm);
    desk.file("long.sh", "#!/bin/bash\nsleep 100\n");
    // Slurm takes the job, and its answer does not come.
    let taken = desk.path().join("taken");
    let sbatch = desk.file("bin/sbatch", "");
    let real = "command -v -p sbatch || echo /usr/bin/sbatch";
    std::fs::write(
        &sbatch,
        format!("#!/bin/bash\n\"$({real})\" \"$@\" > /dev/null && touch {}\nsleep 60\n", taken.display()),
    )
    .unwrap();
    Command::new("chmod").arg("755").arg(&sbatch).status().unwrap();
    let path = format!("{}:{}", sbatch.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut submit = slurm.paramo(&desk, &["job", "submit", "long.sh", "--site", "here"]);
    let mut submit = submit.env("PATH", path).spawn().unwrap();
    until("Slurm does not take it", || taken.exists());
    submit.kill().unwrap();
    submit.wait().unwrap();

    until("it is not found again", || shown(&desk, &slurm, "long")["state"] == "running");
    let jobs = slurm.type_in(&["squeue", "-h", "-o", "%i"]);
    assert_eq!(shown(&desk, &slurm, "1")["id"], jobs, "there is one, and it is this");
    answer(&desk, &slurm, &["job", "rm", "long"]).expect(2);
    answer(&desk, &slurm, &["job", "cancel", "long"]).expect(0);
    answer(&desk, &slurm, &["job", "wait", "long"]).expect(143);
}

#[test]
fn what_a_job_has_used_is_asked_of_the_accounting() {
    let slurm = Slurm::start("accounting");
    let desk = Desk::new();
    describe(&desk, &slurm);
    desk.file("busy.sh", "#!/bin/bash\nend=$((SECONDS + 2)); while [ $SECONDS -lt $end ]; do :; done\n");
    desk.file("part.sh", "#!/bin/bash\nexit $SLURM_ARRAY_TASK_ID\n");
    for site in ["here", "rest"] {
        let (busy, part) = (format!("busy-{site}"), format!("part-{site}"));
        answer(&desk, &slurm, &["job", "submit", "busy.sh", "--site", site, "--name", &busy, "--wait"])
            .expect(0);
        until("the account is not written", || {
            shown(&desk, &slurm, &busy)["usage"]["wall_seconds"].as_f64().is_some_and(|wall| wall >= 1.0)
        });
        let usage = shown(&desk, &slurm, &busy)["usage"].clone();
        assert!(
            usage["cpu_seconds"].as_f64().unwrap() > 0.5 && usage["memory_bytes"].is_u64(),
            "{site}: {usage}"
        );
        let lines = answer(&desk, &slurm, &["job", "show", &busy]).expect(0).out;
        assert!(lines.contains("from begin to end"), "{lines}");
        let words = ["job", "submit", "part.sh", "--site", site, "--name", &part, "--array", "0-2", "--wait"];
        answer(&desk, &slurm, &words).expect(1);
        assert_eq!(shown(&desk, &slurm, &part)["tasks"][2]["outcome"], "exit:2");
    }
}

#[test]
fn jobs_of_an_array_that_are_cancelled_together_before_they_begin_are_known() {
    let slurm = Slurm::start("accounting");
    let desk = Desk::new();
    describe(&desk, &slurm);
    let go = desk.path().join("go");
    desk.file("wait.sh", format!("#!/bin/bash\nwhile [ ! -e {} ]; do sleep 0.1; done\n", go.display()));
    let sites = ["here", "rest"];
    for site in sites {
        answer(
            &desk,
            &slurm,
            &["job", "submit", "wait.sh", "--site", site, "--name", site, "--array", "0-4%1"],
        )
        .expect(0);
        let job = shown(&desk, &slurm, site)["id"].as_str().unwrap().to_owned();
        until("none begins", || !slurm.type_in(&["squeue", "-h", "-t", "running", "-j", &job]).is_empty());
        let some: Vec<String> = (2..5).map(|index| format!("{job}_{index}")).collect();
        slurm.type_in(&[&["scancel"], &some.iter().map(String::as_str).collect::<Vec<_>>()[..]].concat());
    }
    std::fs::write(&go, "").unwrap();
    for site in sites {
        // Of one that was cancelled the whole is not said to have succeeded.
        answer(&desk, &slurm, &["job", "wait", site]).expect(143);
        let tasks = shown(&desk, &slurm, site)["tasks"].clone();
        let outcomes: Vec<&str> =
            tasks.as_array().unwrap().iter().filter_map(|it| it["outcome"].as_str()).collect();
        assert_eq!(
            outcomes,
            ["succeeded", "succeeded", "cancelled", "cancelled", "cancelled"],
            "{site}: {tasks}"
        );
    }
}

#[test]
fn a_schedule_is_kept_by_servers_and_outlives_them() {
    let slurm = Slurm::start("schedule");
    let desk = Desk::new();
    describe(&desk, &slurm);
    desk.file("tick.sh", "#!/bin/bash\necho tick\n");
    let words = ["job", "submit", "tick.sh", "--site", "here", "--every"];
    let refused = answer(&desk, &slurm, &[&words[..], &["61 * * * *"]].concat()).expect(2);
    assert!(
        refused.err.contains("--every `61 * * * *`:") && refused.err.contains("such as '0 3 * * *'"),
        "{}",
        refused.err
    );
    // Every second, so that nobody has to wait for a minute.
    answer(&desk, &slurm, &[&words[..], &["* * * * * *"]].concat()).expect(0);
    let jobs = || {
        let list = answer(&desk, &slurm, &["job", "list", "--all", "--json"]).expect(0).out;
        list.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>()
    };
    assert!(jobs().is_empty(), "nobody keeps it yet");
    let conf = slurm.conf();
    let variables = [("SLURM_CONF", conf.to_str().unwrap())];
    // Two servers by mistake: no turn is taken twice.
    let mut hub = Hub::start_with(&desk, "60 s", &variables);
    let other = Hub::start_with(&desk, "60 s", &variables);
    until("it is not submitted again and again", || jobs().len() >= 3);
    for pair in jobs().windows(2) {
        let at = |job: &Value| job["submitted"].as_str().unwrap()[..19].to_owned();
        assert!(at(&pair[0]) < at(&pair[1]), "two at a time: {pair:?}");
    }
    hub.kill();
    drop(other);
    let before = jobs().len();
    let again = hub.again(&desk, "60 s", &variables);
    until("the next server does not go on", || jobs().len() > before);
    let listed = answer(&desk, &slurm, &["job", "schedules", "--json"]).expect(0).out;
    let listed: Value = serde_json::from_str(listed.trim()).unwrap();
    assert_eq!((&listed["name"], &listed["cron"]), (&"tick".into(), &"* * * * * *".into()));
    answer(&desk, &slurm, &["job", "stop", "tick"]).expect(0);
    answer(&desk, &slurm, &["job", "stop", "tick"]).expect(2);
    let last = jobs().last().unwrap()["job"].to_string();
    answer(&desk, &slurm, &["job", "wait", &last]).expect(0);
    let count = jobs().len();

    // One that takes longer than the time between two turns runs alone.
    desk.file("slow.sh", "#!/bin/bash\nsleep 100\n");
    answer(&desk, &slurm, &["job", "submit", "slow.sh", "--site", "here", "--every", "* * * * * *"])
        .expect(0);
    until("no turn is left out", || {
        answer(&desk, &slurm, &["job", "schedules"]).expect(0).out.contains("left out: job")
    });
    assert_eq!(jobs().len(), count + 1);
    drop(again);
}
