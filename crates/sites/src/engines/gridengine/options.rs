//! The words of `qsub`.

use crate::{Array, BatchJob};

/// The parallel environment for jobs of several CPUs on one host. Most sites have it; others are named in `arguments`.
pub(super) const ENVIRONMENT: &str = "smp";

/// The command that submits a job whose script is its input.
pub(super) fn arguments(job: &BatchJob) -> Vec<String> {
    let mut words: Vec<String> =
        ["qsub", "-terse", "-N", &name(&job.name), "-wd", &job.directory].map(str::to_owned).into();
    let mut add =
        |words_of_option: &[&str]| words.extend(words_of_option.iter().map(|word| (*word).to_owned()));
    // Queues have shells of their own and may not look at the first line.
    add(&["-S", job.shell()]);
    // Each of an array has its own.
    let own = if job.array.is_some() { "-$TASK_ID" } else { "" };
    add(&["-o", &format!("{}{own}", job.output)]);
    match job.error == job.output {
        true => add(&["-j", "y"]),
        false => add(&["-e", &format!("{}{own}", job.error)]),
    }
    if let Some(array) = job.array {
        let indices = Array { throttle: None, ..array };
        add(&["-t", &indices.to_string()]);
        if let Some(most) = array.throttle {
            add(&["-tc", &most.to_string()]);
        }
    }
    let place = &job.placement;
    for (option, value) in
        [("-q", &place.partition), ("-P", &place.account), ("-l", &place.qos), ("-l", &place.constraint)]
    {
        if let Some(value) = value {
            add(&[option, value]);
        }
    }
    let size = &job.size;
    let slots = u64::from(size.tasks.unwrap_or(1)) * u64::from(size.cpus.unwrap_or(1));
    if let Some(time) = size.walltime {
        add(&["-l", &format!("h_rt={}", time.0.ceil().max(1.0) as u64)]);
    }
    if let Some(memory) = size.memory {
        // It is counted for each slot.
        add(&["-l", &format!("h_vmem={}", memory.0.div_ceil(slots))]);
    }
    if let Some(gpus) = size.gpus.filter(|gpus| *gpus > 0) {
        add(&["-l", &format!("gpu={gpus}")]);
    }
    if !job.again {
        add(&["-r", "n"]);
    }
    for after in &job.after {
        add(&["-hold_jid", after.job.as_str()]);
    }
    let chosen = place.arguments.iter().any(|word| word == "-pe");
    if slots > 1 && !chosen {
        add(&["-pe", ENVIRONMENT, &slots.to_string()]);
    }
    words.extend(place.arguments.iter().cloned());
    words
}

/// A name as Grid Engine takes it: one does not begin with a digit.
pub(super) fn name(name: &str) -> String {
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("j{name}") } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use paramo_model::{Bytes, Seconds};

    use super::*;
    use crate::{Placement, Size};

    #[test]
    fn only_what_was_said_is_asked_for() {
        let mut job = BatchJob {
            name: "1st".to_owned(),
            script: "#!/bin/bash -l\necho\n".to_owned(),
            directory: "/d".to_owned(),
            output: "/d/out".to_owned(),
            error: "/d/err".to_owned(),
            placement: Placement::default(),
            size: Size::default(),
            again: true,
            array: None,
            after: Vec::new(),
        };
        assert_eq!(arguments(&job).join(" "), "qsub -terse -N j1st -wd /d -S /bin/bash -o /d/out -e /d/err");
        job.again = false;
        job.error = job.output.clone();
        job.script = "#!/usr/bin/env bash\n".to_owned();
        job.size = Size {
            cpus: Some(4),
            memory: Some(Bytes(1001)),
            walltime: Some(Seconds(60.5)),
            ..Size::default()
        };
        job.placement = Placement {
            partition: Some("long.q".to_owned()),
            arguments: vec!["-R".to_owned(), "y".to_owned()],
            ..Placement::default()
        };
        assert_eq!(
            arguments(&job).join(" "),
            "qsub -terse -N j1st -wd /d -S /bin/bash -o /d/out -j y -q long.q -l h_rt=61 -l h_vmem=251 -r n -pe smp 4 -R y"
        );
        job.array = Some("1-9:2%3".parse().unwrap());
        assert!(arguments(&job).join(" ").contains(" -o /d/out-$TASK_ID -j y -t 1-9:2 -tc 3 "));
    }
}
