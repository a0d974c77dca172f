//! What is asked of Slurm, as `sbatch` takes it.

use paramo_model::{Bytes, Seconds};

use crate::BatchJob;

/// The arguments of `sbatch` for a job whose script comes on standard input.
pub(super) fn arguments(job: &BatchJob) -> Vec<String> {
    let mut words = vec!["sbatch".to_owned(), "--parsable".to_owned()];
    let (place, size) = (&job.placement, &job.size);
    let mut option =
        |name: &str, value: Option<String>| words.extend(value.map(|value| format!("--{name}={value}")));
    option("job-name", Some(job.name.clone()));
    option("chdir", Some(job.directory.clone()));
    option("output", Some(output(job, &job.output)));
    option("error", Some(output(job, &job.error)));
    option("open-mode", Some("append".to_owned()));
    option("partition", place.partition.clone());
    option("account", place.account.clone());
    option("qos", place.qos.clone());
    option("constraint", place.constraint.clone());
    option("nodes", size.nodes.map(|n| n.to_string()));
    option("ntasks", size.tasks.map(|n| n.to_string()));
    option("cpus-per-task", size.cpus.map(|n| n.to_string()));
    option("mem", size.memory.map(|memory| format!("{}M", mebibytes(memory))));
    option("gpus-per-node", size.gpus.filter(|n| *n > 0).map(|n| n.to_string()));
    option("time", size.walltime.map(|time| minutes(time).to_string()));
    option("array", job.array.map(|array| array.to_string()));
    option("dependency", job.dependency());
    if !job.again {
        words.push("--no-requeue".to_owned());
    }
    if !job.after.is_empty() {
        // One that can never begin any more is removed, so that nobody waits for it.
        words.push("--kill-on-invalid-dep=yes".to_owned());
    }
    words.extend(place.arguments.iter().cloned());
    words
}

/// A file for output: Slurm puts numbers where a name has `%`.
pub(super) fn output(job: &BatchJob, path: &str) -> String {
    let path = path.replace('%', "%%");
    if job.array.is_some() { format!("{path}-%a") } else { path }
}

/// In whole MiB, as Slurm counts; not less than what was asked for.
pub(super) fn mebibytes(memory: Bytes) -> u64 {
    memory.0.div_ceil(1 << 20).max(1)
}

/// In whole minutes, as Slurm counts; not less than what was asked for.
pub(super) fn minutes(time: Seconds) -> u64 {
    (time.0 / 60.0).ceil().max(1.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Placement, Size};

    #[test]
    fn only_what_was_said_is_asked_for() {
        let mut job = BatchJob {
            name: "hello".to_owned(),
            script: "#!/bin/sh\n".to_owned(),
            directory: "/d".to_owned(),
            output: "/d/100%".to_owned(),
            error: "/d/err".to_owned(),
            placement: Placement::default(),
            size: Size::default(),
            again: true,
            array: None,
            after: Vec::new(),
        };
        let words = arguments(&job).join(" ");
        assert_eq!(
            words,
            "sbatch --parsable --job-name=hello --chdir=/d --output=/d/100%% --error=/d/err --open-mode=append"
        );
        job.size = Size {
            nodes: Some(2),
            memory: Some(Bytes(1_500_000)),
            walltime: Some(Seconds(61.0)),
            gpus: Some(0),
            ..Size::default()
        };
        job.array = Some("1-3%2".parse().unwrap());
        job.after = vec![crate::After { job: crate::JobId::new("7").unwrap(), when: crate::When::Succeeded }];
        let words = arguments(&job).join(" ");
        assert!(words.contains("--output=/d/100%%-%a --error=/d/err-%a"), "{words}");
        assert!(words.ends_with("--array=1-3%2 --dependency=afterok:7 --kill-on-invalid-dep=yes"), "{words}");
        (job.array, job.after) = (None, Vec::new());
        job.again = false;
        job.placement.arguments = vec!["--exclusive".to_owned()];
        let words = arguments(&job).join(" ");
        assert!(
            words.ends_with("--open-mode=append --nodes=2 --mem=2M --time=2 --no-requeue --exclusive"),
            "{words}"
        );
    }
}
