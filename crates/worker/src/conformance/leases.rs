//! What is leased and how much runs at once.

use paramo_model::{Bytes, Capacity, Cause, Ended, FromWorker, LeaseId, StudyId, ToWorker};

use super::{Rig, STUDY, Start, cause, lives, shell, ticket};

/// A lease of a study that was never assigned.
pub async fn unknown_studies_go_back(start: Start) {
    let mut rig = Rig::shell(start, "true");
    rig.assign();
    rig.link.send(ToWorker::Lease {
        study: StudyId(99),
        lease: LeaseId(5),
        tickets: vec![ticket(3), ticket(4)],
    });
    loop {
        for message in rig.link.receive().await.expect("the worker is there") {
            if let FromWorker::Returned { study, lease, indices } = message {
                assert_eq!((study, lease, indices), (StudyId(99), LeaseId(5), vec![3, 4]));
                return;
            }
        }
    }
}

/// Runs that need no CPU all run at once: each waits for all the others.
pub async fn many_run_at_once(start: Start) {
    let mut rig =
        Rig::shell(start, "echo > here-{x}; while [ $(ls | grep -c here) -lt 30 ]; do sleep 0.1; done")
            .points(30);
    rig.application.resources.cpus = 0.0;
    let reports = rig.run().await;
    assert!(reports.iter().all(|report| report.attempt.ended == Ended::Succeeded));
    let mut slots: Vec<u32> = reports.iter().map(|report| report.attempt.slot).collect();
    slots.sort_unstable();
    slots.dedup();
    assert_eq!(slots.len(), 30);
}

/// The study's own cap, and the CPUs there are: never two at once.
pub async fn no_more_at_once_than_allowed(start: Start) {
    for (slots, cpus) in [(Some(1), 0.0), (None, 1.5), (None, 64.0)] {
        let mut rig = Rig::shell(start, "mkdir lock || exit 9; sleep 0.01; rmdir lock").points(12);
        rig.slots = slots;
        rig.application.resources.cpus = cpus;
        for report in rig.run().await {
            assert_eq!(report.attempt.ended, Ended::Succeeded, "slots {slots:?}, cpus {cpus}");
        }
    }
}

/// Each GPU is one run's at a time.
pub async fn gpus_are_handed_out(start: Start) {
    let link = start(Capacity { cpus: 2.0, memory: Bytes(1 << 30), gpus: vec!["3".into(), "GPU-x".into()] });
    let script = "mkdir $CUDA_VISIBLE_DEVICES || exit 9; sleep 0.01; rmdir $CUDA_VISIBLE_DEVICES; echo $CUDA_VISIBLE_DEVICES";
    let mut rig = Rig::with(link, shell(script)).points(20);
    rig.application.resources.gpus = 1;
    rig.application.resources.cpus = 0.1;
    let reports = rig.run().await;
    for report in &reports {
        assert_eq!(report.attempt.ended, Ended::Succeeded);
        assert!([&b"3\n"[..], b"GPU-x\n"].contains(&report.attempt.stdout.tail.as_slice()));
    }
}

/// More GPUs or memory than there are.
pub async fn what_this_machine_lacks_is_named(start: Start) {
    let mut rig = Rig::shell(start, "true").points(2);
    rig.application.resources.gpus = 1;
    for report in rig.run().await {
        assert_eq!(
            *cause(&report),
            Cause::NotStarted { message: "a run asks for 1 GPUs, and there are 0 here".into() }
        );
    }
    let mut rig = Rig::shell(start, "true");
    rig.application.resources.memory = Some(Bytes(1 << 40));
    assert!(matches!(cause(&rig.once().await), Cause::NotStarted { .. }));
}

/// Released at once: what runs of the study is ended and given back, and the worker goes on with others.
pub async fn a_released_study_is_ended_alone(start: Start) {
    let mut rig = Rig::shell(start, "echo $$ > pid-{x}; exec sleep 1000").points(4);
    rig.assign();
    rig.lease(1, 0..4);
    let pids = [rig.wait_for("pid-0").await, rig.wait_for("pid-1").await];
    rig.link.send(ToWorker::Release { study: STUDY, now: true });
    let mut returned = Vec::new();
    'ended: loop {
        for message in rig.link.receive().await.expect("the worker is there") {
            match message {
                FromWorker::Returned { indices, .. } => returned.extend(indices),
                FromWorker::Released { study } => {
                    assert_eq!(study, STUDY);
                    break 'ended;
                }
                FromWorker::Report(report) => panic!("run {} is given back, not reported", report.index),
                _ => {}
            }
        }
    }
    returned.sort_unstable();
    assert_eq!(returned, [0, 1, 2, 3]);
    assert!(!pids.iter().any(|pid| lives(pid)));
    rig.application.program = shell("true");
    rig.points = 1;
    assert_eq!(rig.once().await.attempt.ended, Ended::Succeeded);
}
