//! How a worker goes.

use paramo_model::{Ended, Program};

use super::{Rig, Start, gone, lives};

/// Drain: what runs ends and is reported, the rest goes back.
pub async fn draining_lets_runs_end(start: Start) {
    let mut rig =
        Rig::shell(start, "echo $$ > pid-{x}; while [ ! -e go ]; do sleep 0.01; done; echo {x}").points(20);
    rig.assign();
    rig.lease(1, 0..10);
    rig.lease(2, 10..20);
    for x in 0..2 {
        rig.wait_for(&format!("pid-{x}")).await;
    }
    rig.link.send(paramo_model::ToWorker::Drain);
    // What comes after it goes back at once.
    rig.lease(3, [19]);
    std::fs::write(rig.source().join("go"), "").expect("a file");
    let mut reports = rig.listen_to_the_end().await;
    reports.sort_by_key(|report| report.index);
    assert_eq!(reports.iter().map(|report| report.index).collect::<Vec<_>>(), [0, 1]);
    assert!(reports.iter().all(|report| report.attempt.ended == Ended::Succeeded));
    assert_eq!(rig.returned, (2..20).chain([19]).collect::<Vec<_>>());
    assert!(rig.link.receive().await.is_none());
}

/// Stop: what runs is ended, with all its processes, and goes back with the rest.
pub async fn stopping_gives_runs_back(start: Start) {
    let script = "setsid sh -c 'echo $$ > session-{x}; sleep 1000' & while [ ! -s session-{x} ]; do sleep 0.01; done; echo $$ > pid-{x}; sleep 1000";
    let mut rig = Rig::shell(start, script).points(5);
    rig.assign();
    rig.lease(1, 0..5);
    let mut pids = Vec::new();
    for x in 0..2 {
        pids.push(rig.wait_for(&format!("pid-{x}")).await);
        pids.push(rig.wait_for(&format!("session-{x}")).await);
    }
    rig.link.send(paramo_model::ToWorker::Stop);
    assert!(rig.listen_to_the_end().await.is_empty());
    assert_eq!(rig.returned, [0, 1, 2, 3, 4]);
    for pid in pids {
        assert!(!lives(&pid), "{pid} is gone");
    }
}

/// Stop in the middle of a call.
pub async fn a_function_is_ended_by_stopping(start: Start) {
    let module =
        "import os, time\ndef f(x):\n    open('pid', 'w').write(f'{os.getpid()}\\n')\n    time.sleep(1000)";
    let mut rig = Rig::python(start, module).points(3);
    rig.slots = Some(1);
    rig.assign();
    rig.lease(1, 0..3);
    let pid = rig.wait_for("pid").await;
    rig.link.send(paramo_model::ToWorker::Stop);
    assert!(rig.listen_to_the_end().await.is_empty());
    assert_eq!(rig.returned, [0, 1, 2]);
    assert!(!lives(&pid));
}

/// Dropping the link kills at once, even what ignores SIGTERM.
pub async fn dropping_the_link_kills(start: Start) {
    let program: Program = super::shell("trap '' TERM; echo $$ > pid; while :; do sleep 0.05; done");
    let mut rig = Rig::new(start, program);
    rig.assign();
    rig.lease(1, [0]);
    let pid = rig.wait_for("pid").await;
    let Rig { link, .. } = rig;
    drop(link);
    gone(&pid).await;
}
