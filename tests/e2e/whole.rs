//! Runs that need an allocation of their own: spread over nodes, with tasks that the site starts.

use std::collections::BTreeSet;

use paramo_tests::slurm::Slurm;
use paramo_tests::workers::begun;
use paramo_tests::{Answer, Desk, until};

use crate::pool_faults::begin;
use crate::sites::{described, ways};

fn describe(desk: &Desk, pool: &str) {
    let text = format!(
        "[sites.here]\nkind = \"slurm\"\ndirectory = \"{}\"\nback = \"127.0.0.1\"\n[sites.here.pools.main]\n{pool}\n",
        desk.path().join("site").display()
    );
    desk.file("sites.toml", text);
}

/// Each rank says which it is and where; the first one the result, and then all of them do what a script says.
fn study(desk: &Desk, points: u64, resources: &str, script: &str) {
    let _ = std::fs::create_dir(desk.path().join("begun"));
    let begun = desk.path().join("begun").display().to_string();
    desk.file(
        "study.toml",
        format!(
            "name = \"ranks\"\n[application]\ncommand = [\"bash\", \"-c\", '''\n\
             echo $SLURM_PROCID >> {begun}/{{x}}\necho rank=$SLURM_PROCID node=$SLURMD_NODENAME\n\
             [ $SLURM_PROCID != 0 ] || echo square=$(({{x}} * {{x}}))\n{script}''']\n\
             [application.outputs]\nsquare = {{ regex = 'square=(\\d+)', type = \"integer\" }}\n\
             [application.resources]\n{resources}\n[space]\nx = {{ from = 0, to = {}, step = 1 }}\n",
            points - 1
        ),
    );
}

#[test]
fn each_run_over_nodes_is_a_batch_job_of_its_size() {
    let slurm = Slurm::start("whole");
    let desk = Desk::new();
    describe(&desk, "maximum = 2\ncpus = 1\nwalltime = \"10 min\"\nidle = \"20 s\"");
    let resources = "nodes = 2\ntasks = 3\nmpi = true\ntime = \"5 min\"";
    // One of three ranks fails; the others are ended for that, and their end does not hide it.
    study(&desk, 4, resources, "sleep 0.5; case {x}-$SLURM_PROCID in 3-1) exit 7;; 3-*) sleep 30;; esac");
    let mut run = begin(&desk, &slurm);
    let (mut most, mut shapes) = (0, BTreeSet::new());
    until("the study does not end", || {
        let shape = slurm.type_in(&["squeue", "-h", "-t", "running", "-o", "%i: %D nodes, %C CPUs, %l"]);
        most = most.max(shape.lines().count());
        shapes.extend(shape.lines().map(str::to_owned));
        run.try_wait().unwrap().is_some()
    });
    assert_eq!(run.wait().unwrap().code(), Some(1), "one run fails: {}", desk.read("said"));
    assert_eq!(most, 2, "as many at once as the pool may have");
    assert!(shapes.iter().all(|shape| shape.ends_with(": 2 nodes, 3 CPUs, 7:00")), "{shapes:?}");
    assert!(shapes.iter().any(|shape| shape.contains('_')), "they are an array: {shapes:?}");
    assert_eq!(begun(desk.path(), 0), 3, "each rank once");

    let rows =
        desk.paramo(&["export", "ranks", "--columns", "index,state,cause,exit_code,square"]).expect(0).out;
    assert_eq!(
        rows,
        "index,state,cause,exit_code,square\n0,succeeded,,0,0\n1,succeeded,,0,1\n2,succeeded,,0,4\n3,failed,exit,7,\n"
    );
    let out = desk.paramo(&["logs", "ranks/1"]).expect(0).out;
    let mut ranks: Vec<&str> = out.lines().filter(|line| line.starts_with("rank=")).collect();
    ranks.sort_unstable();
    assert!(ranks.len() == 3 && ranks[0].starts_with("rank=0 node=node"), "{out}");
    let nodes: BTreeSet<&str> = ranks.iter().filter_map(|line| line.split("node=").nth(1)).collect();
    assert_eq!(nodes.len(), 2, "{out}");
    until("there are jobs left", || slurm.jobs().is_empty());
}

#[test]
fn an_array_of_runs_outlives_its_engine_and_what_others_cancel_and_is_accounted() {
    let slurm = Slurm::start("accounting");
    let desk = Desk::new();
    describe(&desk, "maximum = 2\ncpus = 1\nwalltime = \"10 min\"");
    let go = desk.path().join("go");
    // The first two wait for a word; each burns some CPU time on both nodes.
    let script = format!(
        "i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done; [ {{x}} -gt 1 ] || while [ ! -e {} ]; do sleep 0.1; done",
        go.display()
    );
    study(&desk, 6, "nodes = 2\nmpi = true", &script);
    let mut run = begin(&desk, &slurm);
    let name = || format!("{}/site/allocations", desk.path().display());
    let elements = || {
        let jobs = slurm.type_in(&["squeue", "-h", "-r", "-o", "%i %T %Z"]);
        let mine: Vec<String> = jobs.lines().filter(|job| job.contains(&name())).map(str::to_owned).collect();
        mine
    };
    let begun_here = |index| begun(desk.path(), index);
    until("two runs do not begin", || begun_here(0) == 2 && begun_here(1) == 2);
    let before = elements();
    assert_eq!(before.len(), 6, "they wait in one array: {before:?}");
    let array = |job: &str| job.split('_').next().unwrap().to_owned();
    assert!(before.iter().all(|job| array(job) == array(&before[0])), "{before:?}");

    // Somebody ends one in the middle of its run, and the engine dies before it hears of it.
    run.kill().unwrap();
    run.wait().unwrap();
    let running = before.iter().find(|job| job.contains("RUNNING")).unwrap();
    slurm.type_in(&["scancel", running.split(' ').next().unwrap()]);
    std::fs::write(&go, "").unwrap();
    let again = begin(&desk, &slurm).wait().unwrap();
    assert_eq!(again.code(), Some(0), "{}", desk.read("said"));
    let rows = desk.paramo(&["export", "ranks", "--columns", "index,state,square"]).expect(0).out;
    assert_eq!(
        rows,
        "index,state,square\n0,succeeded,0\n1,succeeded,1\n2,succeeded,4\n3,succeeded,9\n4,succeeded,16\n5,succeeded,25\n"
    );
    let made: usize = (0..6).map(begun_here).sum();
    assert_eq!(made, 14, "one run was made again, and no other");
    until("there are jobs left", || elements().is_empty());

    let status = desk.paramo(&["pool", "status", "here", "--json"]).expect(0).out;
    let pool: serde_json::Value = serde_json::from_str(&status).unwrap();
    assert!(!status.contains("does not know it"), "what was ended before it began has not failed: {pool}");
    let used: Vec<f64> =
        pool["allocations"].as_array().unwrap().iter().filter_map(|it| it["cpu_seconds"].as_f64()).collect();
    assert!(used.len() >= 6 && used.iter().any(|seconds| *seconds > 0.05), "{pool}");
    let tokens = std::path::Path::new(&name()).read_dir().unwrap();
    let left = tokens.filter(|it| it.as_ref().unwrap().path().join("tokens").exists()).count();
    assert_eq!(left, 0, "tokens go with their allocations");
}

#[test]
fn where_it_is_learned_the_next_allocations_are_as_long_as_their_runs() {
    let slurm = Slurm::start("shared");
    let desk = Desk::new();
    describe(&desk, "maximum = 8\ncpus = 1\nwalltime = \"30 min\"");
    study(&desk, 32, "tasks = 1\nmpi = true\ntime = \"20 min\"\nlearn = true", "");
    let mut run = begin(&desk, &slurm);
    let mut limits = BTreeSet::new();
    until("the study does not end", || {
        let jobs = slurm.type_in(&["squeue", "-h", "-r", "-o", "%l %Z"]);
        let mine = jobs.lines().filter(|job| job.contains(&*desk.path().to_string_lossy()));
        limits.extend(mine.map(|job| job.split(' ').next().unwrap().to_owned()));
        run.try_wait().unwrap().is_some()
    });
    assert_eq!(run.wait().unwrap().code(), Some(0), "{}", desk.read("said"));
    let rows = desk.paramo(&["export", "ranks", "--columns", "index,square"]).expect(0).out;
    assert_eq!(rows.lines().count(), 33, "{rows}");
    let begun: usize = (0..32).map(|index| begun(desk.path(), index)).sum();
    assert_eq!(begun, 32, "each once");
    let short =
        |limit: &&String| limit.split(':').next().unwrap().parse::<u32>().is_ok_and(|minutes| minutes < 10);
    assert!(limits.contains("22:00") && limits.iter().any(|limit| short(&limit)), "{limits:?}");
}

#[test]
fn by_slurmrestd_they_are_an_array_as_well_and_accounted() {
    let slurm = Slurm::start("accounting");
    let desk = Desk::new();
    let (_, access) = ways(&slurm).into_iter().find(|(name, _)| *name == "rest").unwrap();
    let text = format!(
        "[sites.here]\n{}back = \"127.0.0.1\"\n[sites.here.pools.main]\nmaximum = 2\nwalltime = \"10 min\"\n",
        described(&desk, &access)
    );
    desk.file("sites.toml", text);
    study(&desk, 4, "nodes = 2\nmpi = true", "sleep 0.5; [ {x} != 3 ] || exit 7");
    let mut run = begin(&desk, &slurm);
    let mut seen = BTreeSet::new();
    until("the study does not end", || {
        let jobs = slurm.type_in(&["squeue", "-h", "-r", "-t", "running", "-o", "%i %D %Z"]);
        let mine = jobs.lines().filter(|job| job.contains(&*desk.path().to_string_lossy()));
        seen.extend(mine.map(|job| job.rsplit_once(' ').unwrap().0.to_owned()));
        run.try_wait().unwrap().is_some()
    });
    assert_eq!(run.wait().unwrap().code(), Some(1), "one run fails: {}", desk.read("said"));
    // One more may have been asked for while a run had been given to its worker and had not begun.
    let elements: BTreeSet<&str> = seen.iter().filter_map(|job| Some(job.split_once('_')?.0)).collect();
    assert_eq!(elements.len(), 1, "they are one array: {seen:?}");
    assert!(seen.iter().all(|job| job.ends_with(" 2")), "each over two nodes: {seen:?}");
    let rows = desk.paramo(&["export", "ranks", "--columns", "index,state,exit_code,square"]).expect(0).out;
    assert_eq!(
        rows,
        "index,state,exit_code,square\n0,succeeded,0,0\n1,succeeded,0,1\n2,succeeded,0,4\n3,failed,7,\n"
    );
    let status = desk.paramo(&["pool", "status", "here", "--json"]).expect(0).out;
    let pool: serde_json::Value = serde_json::from_str(&status).unwrap();
    let allocations = pool["allocations"].as_array().unwrap();
    let used = |it: &&serde_json::Value| it["cpu_seconds"].as_f64().is_some_and(|seconds| seconds > 0.0);
    assert!(allocations.iter().filter(used).count() >= 4, "{pool}");
}

#[test]
fn a_run_over_nodes_outlives_one_of_them() {
    let slurm = Slurm::start("wholenode");
    let desk = Desk::new();
    describe(&desk, "maximum = 1\ncpus = 1\nwalltime = \"10 min\"");
    let go = desk.path().join("go");
    let script = format!("while [ ! -e {} ]; do sleep 0.1; done", go.display());
    study(&desk, 1, "nodes = 2\nmpi = true", &script);
    let mut run = begin(&desk, &slurm);
    until("no rank begins", || begun(desk.path(), 0) == 2);

    // The second node, on which the worker is not.
    let nodes = slurm.type_in(&["squeue", "-h", "-t", "running", "-o", "%N"]);
    let names = slurm.type_in(&["scontrol", "show", "hostnames", nodes.trim()]);
    let last = names.lines().last().unwrap();
    slurm.type_in(&["scontrol", "update", &format!("nodename={last}"), "state=down", "reason=test"]);
    until("it is not begun again", || begun(desk.path(), 0) == 4);
    std::fs::write(&go, "").unwrap();
    assert_eq!(run.wait().unwrap().code(), Some(0), "{}", desk.read("said"));
    let rows = desk.paramo(&["export", "ranks", "--columns", "index,state,square"]).expect(0).out;
    assert_eq!(rows, "index,state,square\n0,succeeded,0\n");
}

#[test]
fn what_cannot_be_spread_is_said_before_anything_is_asked_for() {
    let slurm = Slurm::start("wholeno");
    let desk = Desk::new();
    describe(&desk, "maximum = 1\ncpus = 1\nnodes = 2\nwalltime = \"10 min\"");
    let refused = |words: &[&str], what: &str| {
        let answer = Answer::from(slurm.paramo(&desk, words).output().unwrap());
        assert!(answer.code != Some(0) && answer.err.contains(what), "{words:?}: {}", answer.err);
    };
    study(&desk, 1, "nodes = 3", "");
    refused(&["run", "study.toml"], "a run is spread over 3 nodes, and this machine is one");
    refused(&["run", "study.toml", "--site", "here"], "no pool of here takes a run of 3 nodes");
    study(&desk, 1, "nodes = 2\ntime = \"10 min\"", "");
    refused(
        &["run", "study.toml", "--site", "here", "--new-version"],
        "no pool of here takes a run of 2 nodes and this length",
    );
    study(&desk, 1, "nodes = 2\ntasks = 1", "");
    refused(&["run", "study.toml"], "1 tasks do not fill 2 nodes");
    assert!(slurm.jobs().is_empty());
}
