//! Jobs on this machine, for real.

use std::time::{Duration, Instant};

use paramo_model::Seconds;

use super::*;
use crate::{Placement, Size};

fn machine(directory: &std::path::Path) -> Machine {
    let access = Arc::new(Access::to(None).unwrap());
    let commands = Commands::new(ENGINE, &[], access.clone());
    Machine { commands, access, directory: format!("{}/.running", directory.display()) }
}

fn job(directory: &std::path::Path, name: &str, script: &str, time: Option<f64>) -> BatchJob {
    let place = directory.display();
    BatchJob {
        name: name.to_owned(),
        script: format!("#!/bin/sh\n{script}\n"),
        directory: place.to_string(),
        output: format!("{place}/{name}.out"),
        error: format!("{place}/{name}.err"),
        placement: Placement::default(),
        size: Size { walltime: time.map(Seconds), ..Size::default() },
        again: false,
        array: None,
        after: Vec::new(),
    }
}

async fn ended(machine: &Machine, id: &JobId) -> JobState {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let state = machine.states(std::slice::from_ref(id)).await.unwrap().remove(id).unwrap();
        if !matches!(state, JobState::Running { .. }) {
            return state;
        }
        assert!(Instant::now() < deadline, "{id} does not end");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn jobs_end_as_their_scripts_do_and_it_is_remembered() {
    let directory = tempfile::tempdir().unwrap();
    let machine = machine(directory.path());
    for (name, script, time, how) in [
        ("good", "echo out; echo err >&2", None, How::Succeeded),
        ("seven", "exit 7", Some(60.0), How::Failed { code: 7 }),
        ("killed", "kill -KILL $$", None, How::Signalled { signal: 9 }),
        ("late", "sleep 100", Some(1.0), How::TimeLimit),
        ("early", "exit 124", Some(60.0), How::Failed { code: 124 }),
    ] {
        let id = machine.submit(&job(directory.path(), name, script, time)).await.unwrap();
        assert_eq!(ended(&machine, &id).await, JobState::Ended(how), "{name}");
        assert_eq!(machine.find(name).await.unwrap(), Some(id));
    }
    let read = |name: &str| std::fs::read_to_string(directory.path().join(name)).unwrap();
    assert_eq!((read("good.out"), read("good.err")), ("out\n".to_owned(), "err\n".to_owned()));
    let stranger = JobId::new("stranger").unwrap();
    assert_eq!(machine.states(std::slice::from_ref(&stranger)).await.unwrap()[&stranger], JobState::Vanished);
    assert_eq!(machine.find("stranger").await.unwrap(), None);
}

#[tokio::test]
async fn a_job_is_begun_once_and_ends_when_it_is_told_to() {
    let directory = tempfile::tempdir().unwrap();
    let machine = machine(directory.path());
    let script = format!("echo begun >> {}/count; sleep 100", directory.path().display());
    let long = job(directory.path(), "long", &script, None);
    let id = machine.submit(&long).await.unwrap();
    assert_eq!(machine.submit(&long).await.unwrap(), id);
    assert!(matches!(
        machine.states(std::slice::from_ref(&id)).await.unwrap()[&id],
        JobState::Running { .. }
    ));
    machine.cancel(std::slice::from_ref(&id)).await.unwrap();
    assert_eq!(ended(&machine, &id).await, JobState::Ended(How::Cancelled));
    assert_eq!(std::fs::read_to_string(directory.path().join("count")).unwrap(), "begun\n");

    // As after the machine was started anew: another process may have its number.
    let other = job(directory.path(), "other", "sleep 100", None);
    let id = machine.submit(&other).await.unwrap();
    let place = machine.place("other");
    std::fs::write(format!("{place}/boot"), "before\n").unwrap();
    assert_eq!(
        machine.states(std::slice::from_ref(&id)).await.unwrap()[&id],
        JobState::Ended(How::NodeFailure)
    );
    machine.cancel(std::slice::from_ref(&id)).await.unwrap();
    let now = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    std::fs::write(format!("{place}/boot"), now).unwrap();
    assert!(matches!(
        machine.states(std::slice::from_ref(&id)).await.unwrap()[&id],
        JobState::Running { .. }
    ));
    machine.cancel(std::slice::from_ref(&id)).await.unwrap();
    ended(&machine, &id).await;
}

#[tokio::test]
async fn what_only_engines_can_do_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let machine = machine(directory.path());
    let plain = job(directory.path(), "plain", "true", None);
    for (job, what) in [
        (BatchJob { array: Some("0-3".parse().unwrap()), ..plain.clone() }, "no arrays"),
        (BatchJob { size: Size { nodes: Some(2), ..Size::default() }, ..plain.clone() }, "one node"),
        (
            BatchJob {
                placement: Placement { partition: Some("x".to_owned()), ..Placement::default() },
                ..plain
            },
            "no partitions",
        ),
    ] {
        let error = machine.submit(&job).await.unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    }
}
