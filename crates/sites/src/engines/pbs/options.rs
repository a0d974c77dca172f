//! The words of `qsub`, and what its makers disagree about.

use super::Maker;
use crate::BatchJob;
use crate::job::after_options;

/// The command that submits a job whose script is its input.
pub(super) fn arguments(job: &BatchJob, maker: Maker) -> Vec<String> {
    let mut words: Vec<String> = ["qsub", "-N", &name(&job.name)].map(str::to_owned).into();
    let mut add = |option: &str, value: &str| words.extend([option.to_owned(), value.to_owned()]);
    add("-S", job.shell());
    add("-o", &job.output);
    match job.error == job.output {
        true => add("-j", "oe"),
        false => add("-e", &job.error),
    }
    if !job.again {
        add("-r", "n");
    }
    let place = &job.placement;
    for (option, value) in [("-q", &place.partition), ("-A", &place.account)] {
        if let Some(value) = value {
            add(option, value);
        }
    }
    if let Some(qos) = &place.qos {
        match maker {
            Maker::Torque => add("-W", &format!("x=qos:{qos}")),
            Maker::Pbs => add("-l", &format!("qos={qos}")),
        }
    }
    if let Some(after) = job.dependency() {
        add("-W", &format!("depend={after}"));
    }
    let size = &job.size;
    let (nodes, tasks, cpus) = (size.nodes.unwrap_or(1), size.tasks.unwrap_or(1), size.cpus.unwrap_or(1));
    let tasks_each = tasks.div_ceil(nodes);
    let each = u64::from(tasks_each) * u64::from(cpus);
    let features = place.constraint.as_ref().map(|words| format!(":{words}")).unwrap_or_default();
    let gpus = size.gpus.filter(|gpus| *gpus > 0);
    let memory = size.memory.map(|memory| memory.0.div_ceil(1 << 20).max(1));
    match maker {
        Maker::Torque => {
            let gpus = gpus.map(|gpus| format!(":gpus={gpus}")).unwrap_or_default();
            add("-l", &format!("nodes={nodes}:ppn={each}{gpus}{features}"));
            if let Some(memory) = memory {
                add("-l", &format!("mem={}mb", memory.saturating_mul(u64::from(nodes))));
            }
        }
        Maker::Pbs => {
            let gpus = gpus.map(|gpus| format!(":ngpus={gpus}")).unwrap_or_default();
            let memory = memory.map(|memory| format!(":mem={memory}mb")).unwrap_or_default();
            let ranks = if tasks > 1 { format!(":mpiprocs={tasks_each}") } else { String::new() };
            add("-l", &format!("select={nodes}:ncpus={each}{ranks}{memory}{gpus}{features}"));
        }
    }
    if let Some(time) = size.walltime {
        let seconds = time.0.ceil().max(1.0) as u64;
        add("-l", &format!("walltime={}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60));
    }
    words.extend(place.arguments.iter().cloned());
    words
}

/// The script with a line that goes to its directory: only Torque has a word for that.
pub(super) fn script(job: &BatchJob) -> String {
    let there = format!("cd -- '{}' || exit 126", job.directory.replace('\'', "'\\''"));
    after_options(&job.script, &there)
}

/// A name as PBS takes it: at most 15 characters in old versions, and the first of them a letter.
pub(super) fn name(name: &str) -> String {
    let letter = name.starts_with(|c: char| c.is_ascii_alphabetic());
    let name = if letter { name.to_owned() } else { format!("j{name}") };
    // The end is what tells names of ours apart.
    let length = name.chars().count();
    match length > 15 {
        true => name.chars().take(3).chain(name.chars().skip(length - 12)).collect(),
        false => name,
    }
}

#[cfg(test)]
mod tests {
    use paramo_model::{Bytes, Seconds};

    use super::*;
    use crate::{Placement, Size};

    fn job() -> BatchJob {
        BatchJob {
            name: "paramo-1234567890ab".to_owned(),
            script: "#!/bin/bash\n#PBS -m n\necho\n".to_owned(),
            directory: "/it's".to_owned(),
            output: "/d/out".to_owned(),
            error: "/d/err".to_owned(),
            placement: Placement::default(),
            size: Size::default(),
            again: true,
            array: None,
            after: Vec::new(),
        }
    }

    #[test]
    fn the_two_families_are_asked_in_their_own_words() {
        let mut job = job();
        let words = arguments(&job, Maker::Torque).join(" ");
        assert_eq!(words, "qsub -N par1234567890ab -S /bin/bash -o /d/out -e /d/err -l nodes=1:ppn=1");
        job.size = Size {
            nodes: Some(2),
            tasks: Some(8),
            cpus: Some(2),
            memory: Some(Bytes(1 << 30)),
            gpus: Some(1),
            walltime: Some(Seconds(3661.0)),
        };
        job.placement = Placement {
            partition: Some("long".to_owned()),
            constraint: Some("ib".to_owned()),
            ..Placement::default()
        };
        let words = arguments(&job, Maker::Torque).join(" ");
        assert!(
            words.ends_with("-q long -l nodes=2:ppn=8:gpus=1:ib -l mem=2048mb -l walltime=1:01:01"),
            "{words}"
        );
        let words = arguments(&job, Maker::Pbs).join(" ");
        assert!(
            words.ends_with(
                "-q long -l select=2:ncpus=8:mpiprocs=4:mem=1024mb:ngpus=1:ib -l walltime=1:01:01"
            ),
            "{words}"
        );
    }

    #[test]
    fn the_directory_comes_after_the_options_of_the_script() {
        assert_eq!(script(&job()), "#!/bin/bash\n#PBS -m n\ncd -- '/it'\\''s' || exit 126\necho\n");
    }
}
