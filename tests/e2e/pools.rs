//! Studies on a real Slurm: workers in allocations that come and go with the work.

use std::process::Command;

use paramo_tests::slurm::Slurm;
use paramo_tests::workers::{begun, squares};
use paramo_tests::{Answer, Desk, until};

use crate::sites::ways;

/// `sites.toml` with a site for each way to a cluster, each with one pool.
fn describe(desk: &Desk, slurm: &Slurm, pool: &str) {
    let mut text = String::new();
    for (name, access) in ways(slurm) {
        let directory = desk.path().join(format!("site-{name}"));
        text += &format!(
            "[sites.{name}]\nkind = \"slurm\"\n{access}\ndirectory = \"{}\"\nback = \"127.0.0.1\"\n[sites.{name}.pools.main]\n{pool}\n",
            directory.display()
        );
    }
    desk.file("sites.toml", text);
}

fn paramo(desk: &Desk, slurm: &Slurm, words: &[&str]) -> Command {
    let mut command = desk.command(words);
    command.env("SLURM_CONF", slurm.conf());
    command
}

#[track_caller]
fn done(desk: &Desk, slurm: &Slurm, words: &[&str]) -> Answer {
    Answer::from(paramo(desk, slurm, words).output().unwrap()).expect(0)
}

fn table(desk: &Desk, store: &str, name: &str) -> String {
    desk.paramo(&[
        "--store",
        store,
        "export",
        name,
        "--columns",
        "index,k1,k2,seed,occupied_fraction,protein_mean",
    ])
    .expect(0)
    .out
}

/// Jobs of a site that have not ended.
fn jobs(slurm: &Slurm) -> Vec<String> {
    slurm.type_in(&["squeue", "-h", "-o", "%A"]).lines().map(str::to_owned).collect()
}

#[test]
fn a_sweep_of_hes1_gives_the_table_of_a_local_run_at_every_kind_of_site() {
    let slurm = Slurm::start("pools");
    let desk = Desk::new();
    let study = format!(
        "name = \"hes1\"\n[application]\ncommand = [\"{}\", \"--k1\", \"{{k1}}\", \"--k2\", \"{{k2}}\", \"--seed\", \"{{seed}}\", \"--time\", \"3000\", \"--warmup\", \"100\"]\n\
         [application.outputs]\noccupied_fraction = {{ json = \"occupied_fraction\" }}\nprotein_mean = {{ json = \"protein_mean\" }}\n\
         [space]\nk1 = {{ from = 1e8, to = 2e9, count = 2 }}\nk2 = {{ from = 1e-2, to = 2e-1, count = 2 }}\nseed = {{ replicate = 2 }}\n",
        paramo_tests::binary("hes1").display()
    );
    desk.file("study.toml", study);
    describe(&desk, &slurm, "maximum = 2\ncpus = 2\nmemory = \"200 MiB\"\nwalltime = \"5 min\"");
    done(&desk, &slurm, &["--store", "local", "run", "study.toml", "--quiet"]);
    let local = table(&desk, "local", "hes1");
    assert_eq!(local.lines().count(), 9, "{local}");
    for (site, _) in ways(&slurm) {
        done(&desk, &slurm, &["--store", site, "run", "study.toml", "--site", site, "--quiet"]);
        assert_eq!(table(&desk, site, "hes1"), local, "{site}");
        let status = desk.paramo(&["--store", site, "pool", "status", site, "--json"]).expect(0);
        let pool: serde_json::Value = serde_json::from_str(&status.out).unwrap();
        assert_eq!(pool["allocations"][0]["state"], "ended", "{pool}");
        let left = desk.path().join(format!("site-{site}/allocations"));
        let tokens = left.read_dir().unwrap().filter(|it| it.as_ref().unwrap().path().join("token").exists());
        assert_eq!(tokens.count(), 0, "a token goes with its allocation");
    }
    until("there are jobs left", || jobs(&slurm).is_empty());
}

#[test]
fn a_study_goes_on_after_scancel_and_after_its_engine_was_killed() {
    let slurm = Slurm::start("killed");
    let desk = Desk::new();
    describe(&desk, &slurm, "maximum = 2\ncpus = 2\nwalltime = \"5 min\"");
    desk.file("study.toml", squares(&desk, "squares", 40, "0.5"));
    let run = ["run", "study.toml", "--site", "here", "--json"];
    let mut first = paramo(&desk, &slurm, &run).stdout(std::process::Stdio::null()).spawn().unwrap();
    let count = || (0..40).map(|index| begun(desk.path(), index)).sum::<usize>();
    until("nothing begins", || count() >= 4);

    // Somebody else ends a job, in the middle of its runs.
    let ended = jobs(&slurm).pop().unwrap();
    slurm.type_in(&["scancel", &ended]);
    until("nothing takes its place", || jobs(&slurm).iter().any(|job| *job != ended) && count() >= 10);

    // The engine dies; what runs in the allocations goes on, and is handed in to the next one.
    first.kill().unwrap();
    first.wait().unwrap();
    let before = count();
    until("the workers do not go on by themselves", || count() > before);
    done(&desk, &slurm, &run);
    let rows = desk.paramo(&["export", "squares", "--columns", "index,square"]).expect(0).out;
    for (index, row) in rows.lines().skip(1).enumerate() {
        assert_eq!(row, format!("{index},{}", index * index));
    }
    assert_eq!(rows.lines().count(), 41);
    // A job that was cancelled costs what it held, once.
    assert!(count() <= 40 + 4, "{} runs began", count());
    until("there are jobs left", || jobs(&slurm).is_empty());
}

#[test]
fn a_study_runs_here_and_there_and_what_fits_nowhere_is_said() {
    let slurm = Slurm::start("shared");
    let desk = Desk::new();
    describe(&desk, &slurm, "maximum = 1\ncpus = 1\nwalltime = \"5 min\"");
    desk.file("study.toml", squares(&desk, "squares", 60, "0.2"));
    done(&desk, &slurm, &["run", "study.toml", "--site", "here,local", "-q", "--cpus", "1"]);
    let workers = desk.paramo(&["export", "squares", "--columns", "index,worker"]).expect(0).out;
    let of = |worker: &str| workers.lines().filter(|line| line.ends_with(worker)).count();
    assert!(of(",0") > 5 && of(",1") > 5, "{workers}");

    let wide = squares(&desk, "wide", 3, "0") + "[application.resources]\ncpus = 3\n";
    desk.file("wide.toml", wide);
    let refused = |words: &[&str], what: &str| {
        let answer = Answer::from(paramo(&desk, &slurm, words).output().unwrap());
        assert!(answer.code != Some(0) && answer.err.contains(what), "{words:?}: {}", answer.err);
    };
    refused(&["run", "wide.toml", "--site", "here"], "needs more than an allocation of any pool of here has");
    refused(&["run", "wide.toml", "--site", "mars"], "there is no site `mars`; the sites are: local, here");
    refused(&["run", "wide.toml", "--site", "auto,here"], "stands for every site");
}
