//! The local worker: the common suite, memory limits, and what happens when the whole process is killed.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use paramo_model::{Bytes, Capacity, Cause, Ended};

use super::{LocalWorker, WorkerOptions};
use crate::conformance::{Rig, cause, gone, lives, run, shell};
use crate::limits::{MemoryLimits, limits_report};
use crate::link::Link;

fn start(capacity: Capacity) -> Box<dyn Link> {
    Box::new(LocalWorker::start(capacity, WorkerOptions::default()).unwrap())
}

mod suite {
    crate::conformance_tests!(super::start);
    crate::conformance_tests!(@each super::start; what_this_machine_lacks_is_named);
}

fn limited(limits: MemoryLimits, script: &str) -> Rig {
    let capacity = Capacity { cpus: 2.0, memory: Bytes(1 << 30), gpus: Vec::new() };
    let options = WorkerOptions { memory_limits: Some(limits), ..WorkerOptions::default() };
    let mut rig = Rig::with(Box::new(LocalWorker::start(capacity, options).unwrap()), shell(script));
    rig.application.resources.memory = Some(Bytes(64 << 20));
    rig
}

const GREEDY: &str = "import sys\nsize = int(sys.argv[1])\nx = bytearray(size << 20)\nprint(len(x))";

/// Too much memory is recognised, enough is enough, and the next run in the slot is not disturbed.
async fn memory_is_limited(limits: MemoryLimits) {
    let script =
        format!("case {{x}} in 0|2) exec python3 -c '{GREEDY}' 300;; *) exec python3 -c '{GREEDY}' 5;; esac");
    let mut rig = limited(limits, &script).points(4);
    rig.slots = Some(1);
    for report in rig.run().await {
        match report.index % 2 {
            0 => assert_eq!(*cause(&report), Cause::OutOfMemory { limit: Some(Bytes(64 << 20)) }),
            _ => assert_eq!(
                report.attempt.ended,
                Ended::Succeeded,
                "{}",
                String::from_utf8_lossy(&report.attempt.stderr.tail)
            ),
        }
    }
}

#[test]
fn memory_is_limited_by_the_address_space() {
    run(memory_is_limited(MemoryLimits::AddressSpace("this is a test".into())));
}

#[test]
fn a_cruder_limit_is_told_once() {
    let mut rig = limited(MemoryLimits::AddressSpace("this is a test".into()), "true").points(5);
    run(async {
        rig.run().await;
        let notice =
            "memory is limited by a limit on the address space of each process, because this is a test";
        assert_eq!(rig.notices, [notice]);
    });
}

#[test]
fn memory_is_limited_by_a_cgroup_where_there_is_one() {
    run(memory_is_limited(limits_report()));
}

/// Four processes that are small enough each and too large together. Without cgroups this cannot be seen, which `limits_report` says.
#[test]
fn a_cgroup_counts_all_processes_of_a_run() {
    let limits = limits_report();
    if let MemoryLimits::AddressSpace(reason) = &limits {
        return eprintln!("not checked: no cgroup can be made here, because {reason}");
    }
    let script = "exec python3 -c '\
import os, time\n\
for i in range(4):\n    if os.fork() == 0:\n        x = bytearray(25 << 20)\n        time.sleep(1000)\n\
os.wait()\nos._exit(1)'";
    let mut rig = limited(limits, script);
    run(async {
        assert_eq!(*cause(&rig.once().await), Cause::OutOfMemory { limit: Some(Bytes(64 << 20)) });
    });
}

#[test]
fn functions_are_limited_too() {
    let module = "def f(x):\n    return len(bytearray((300 if x == 2 else 1) << 20))";
    for limits in [limits_report(), MemoryLimits::AddressSpace("this is a test".into())] {
        let mut rig = Rig::python(start, module).points(5).json("");
        let capacity = Capacity { cpus: 1.0, memory: Bytes(1 << 30), gpus: Vec::new() };
        let options = WorkerOptions { memory_limits: Some(limits), ..WorkerOptions::default() };
        rig.link = Box::new(LocalWorker::start(capacity, options).unwrap());
        rig.application.resources.memory = Some(Bytes(128 << 20));
        run(async {
            for report in rig.run().await {
                match report.index {
                    2 => assert_eq!(*cause(&report), Cause::OutOfMemory { limit: Some(Bytes(128 << 20)) }),
                    _ => assert_eq!(report.attempt.ended, Ended::Succeeded),
                }
            }
        });
    }
}

/// Not a test by itself: a process with a worker, to be killed by the next one.
#[test]
#[ignore = "started by `nothing_is_left_of_a_killed_process`"]
fn a_process_to_be_killed() {
    let Ok(directory) = std::env::var("PARAMO_TEST_DIRECTORY") else { return };
    let script = format!(
        "cd '{directory}'; setsid sh -c 'echo $$ > session; trap \"\" TERM HUP INT; sleep 1000; sleep 1000' & sleep 1000 & echo $! > plain; \
         while [ ! -s session ]; do sleep 0.01; done; echo $$ > leader; wait"
    );
    let mut rig = Rig::shell(start, &script);
    run(async {
        rig.once().await;
    });
}

#[test]
fn nothing_is_left_of_a_killed_process() {
    let directory = tempfile::tempdir().unwrap();
    let mut helper = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "worker::tests::a_process_to_be_killed", "--ignored"])
        .env("PARAMO_TEST_DIRECTORY", directory.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    run(async {
        let mut pids = Vec::new();
        for file in ["leader", "session", "plain"] {
            let path = directory.path().join(file);
            while !std::fs::read_to_string(&path).is_ok_and(|text| text.ends_with('\n')) {
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            }
            pids.push(std::fs::read_to_string(path).unwrap().trim().to_owned());
        }
        assert!(pids.iter().all(|pid| lives(pid)));
        helper.kill().unwrap();
        assert_eq!(helper.wait().unwrap().signal(), Some(libc::SIGKILL));
        for pid in &pids {
            gone(pid).await;
        }
    });
}
