//! A Slurm that limits memory: jobs, runs in allocations and ranks that want more than they have.

use std::path::Path;

use paramo_tests::slurm::Slurm;
use paramo_tests::{Answer, Desk};

/// The cluster, where the machine has the control groups of version 1 that it limits memory by; elsewhere the test says so and ends.
fn limited() -> Option<Slurm> {
    if !Path::new("/sys/fs/cgroup/memory/tasks").exists() {
        eprintln!("not tested: this machine has no control groups of version 1 for memory");
        return None;
    }
    Some(Slurm::start("memory"))
}

/// Takes so many MiB, and says that it has them.
const TAKE: &str = "python3 -c \"x = bytearray({mib} << 20); print('mib=%d' % (len(x) >> 20))\"";

fn desk(pool: &str, resources: &str, command: &str) -> Desk {
    let desk = Desk::new();
    desk.file(
        "sites.toml",
        format!(
            "[sites.here]\nkind = \"slurm\"\ndirectory = \"{}\"\nback = \"127.0.0.1\"\n[sites.here.pools.main]\nwalltime = \"5 min\"\n{pool}\n",
            desk.path().join("site").display()
        ),
    );
    desk.file(
        "study.toml",
        format!(
            "name = \"hungry\"\n[application]\ncommand = [\"bash\", \"-c\", '''{command}''']\n[application.outputs]\ntaken = {{ regex = 'mib=(\\d+)', type = \"integer\" }}\n\
             [application.resources]\n{resources}\n[space]\nmib = [10, 20, 400, 30]\n"
        ),
    );
    desk
}

/// All runs succeed but the third, which is out of memory.
#[track_caller]
fn the_third_is_out_of_memory(desk: &Desk, slurm: &Slurm) {
    let answer = Answer::from(slurm.paramo(desk, &["run", "study.toml", "--site", "here"]).output().unwrap());
    assert_eq!(answer.code, Some(1), "{}", answer.err);
    let rows = desk.paramo(&["export", "hungry", "--columns", "mib,state,cause,attempts"]).expect(0).out;
    assert_eq!(
        rows,
        "mib,state,cause,attempts\n10,succeeded,,1\n20,succeeded,,1\n400,failed,out-of-memory,1\n30,succeeded,,1\n",
        "{}",
        answer.err
    );
}

#[test]
fn a_job_that_is_out_of_memory_is_told_from_others() {
    let Some(slurm) = limited() else { return };
    let desk = desk("maximum = 1", "", "");
    desk.file("large.sh", format!("#!/bin/bash\n{}\n", TAKE.replace("{mib}", "400")));
    let submit = ["job", "submit", "large.sh", "--site", "here", "--memory", "100MiB", "--time", "2min"];
    Answer::from(slurm.paramo(&desk, &submit).output().unwrap()).expect(0);
    let waited = Answer::from(slurm.paramo(&desk, &["job", "wait", "large"]).output().unwrap());
    assert_eq!(waited.code, Some(137), "{}", waited.err);
    let listed = Answer::from(slurm.paramo(&desk, &["job", "list"]).output().unwrap()).expect(0);
    assert!(listed.out.contains("ran out of memory"), "{}", listed.out);
}

#[test]
fn a_run_that_wants_more_than_it_asked_for_fails_alone() {
    let Some(slurm) = limited() else { return };
    let pool = "maximum = 1\ncpus = 2\nmemory = \"400 MiB\"";
    the_third_is_out_of_memory(&desk(pool, "memory = \"150 MiB\"", TAKE), &slurm);
}

#[test]
fn a_run_that_wants_more_than_its_allocation_has_fails_alone() {
    let Some(slurm) = limited() else { return };
    let pool = "maximum = 1\ncpus = 2\nmemory = \"300 MiB\"";
    // Nothing is asked for, so the limit that is met is that of the site.
    let desk = desk(pool, "cpus = 1", TAKE);
    the_third_is_out_of_memory(&desk, &slurm);
    let status = desk.paramo(&["pool", "status", "here", "--json"]).expect(0).out;
    let pool: serde_json::Value = serde_json::from_str(&status).unwrap();
    assert_eq!(pool["allocations"].as_array().map(Vec::len), Some(1), "its worker has outlived it: {pool}");
    assert_eq!(pool["allocations"][0]["state"], "ended", "{pool}");
}

#[test]
fn a_rank_that_wants_more_than_its_node_gives_fails_its_run() {
    let Some(slurm) = limited() else { return };
    let ranks = format!("[ $SLURM_PROCID = 0 ] || sleep 1; {TAKE}");
    let resources = "nodes = 2\nmpi = true\nmemory = \"150 MiB\"\ntime = \"2 min\"";
    the_third_is_out_of_memory(&desk("maximum = 2", resources, &ranks), &slurm);
}
