//! The jobs of an array, and what jobs have used: what `scontrol show job` and `sacct` print, read.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use paramo_model::{Bytes, Seconds};

use super::states;
use crate::{Array, How, JobId, JobState, Usage};

type Tasks = BTreeMap<u32, JobState>;

/// The index of a job of an array.
pub(super) fn index_of(job: &JobId) -> Option<u32> {
    job.as_str().split_once('_')?.1.parse().ok()
}

/// Those of these jobs that are of arrays, by the number of the array and by index.
pub(super) fn of_arrays<'a>(
    jobs: impl Iterator<Item = &'a JobId>,
) -> BTreeMap<JobId, BTreeMap<u32, &'a JobId>> {
    let mut found: BTreeMap<JobId, BTreeMap<u32, &JobId>> = BTreeMap::new();
    for job in jobs {
        let array = job.as_str().split_once('_').and_then(|(array, _)| JobId::new(array));
        if let Some((array, index)) = array.zip(index_of(job)) {
            found.entry(array).or_default().insert(index, job);
        }
    }
    found
}

/// An array in which all of these are.
pub(super) fn up_to(indices: &BTreeMap<u32, &JobId>) -> Array {
    let last = indices.keys().next_back().copied().unwrap_or_default();
    Array { first: 0, last, step: 1, throttle: None }
}

/// A field of a line of `scontrol show job --oneliner`.
pub(super) fn field<'a>(line: &'a str, name: &str) -> &'a str {
    line.split(' ').find_map(|word| word.strip_prefix(name)?.strip_prefix('=')).unwrap_or_default()
}

/// The lines of `scontrol show job --oneliner`, beside what is known already. Those that wait are one line.
///
/// # Errors
///
/// With the word of a state when it is none of Slurm's.
pub(super) fn of_queue(text: &str, array: Array, known: Tasks) -> Result<Tasks, String> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let told = lines.map(|line| {
        let field = |name| field(line, name);
        let state = states::read(field("JobState"), field("ExitCode"), field("Reason"), field("NodeList"))?;
        Ok((field("ArrayTaskId").to_owned(), state))
    });
    gathered(told, array, known)
}

/// The lines of `sacct` with JobID, State, ExitCode, NodeList.
pub(super) fn of_account(text: &str, array: Array) -> Result<Tasks, String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let told = lines.map(|line| {
        let mut parts = line.split('|');
        let mut next = || parts.next().unwrap_or_default();
        let (id, state, exit, nodes) = (next(), next(), next(), next());
        let list = id.split_once('_').map_or("", |(_, index)| index).trim_matches(['[', ']']);
        Ok((list.to_owned(), states::read(state, exit, "", nodes)?))
    });
    gathered(told, array, Tasks::new())
}

/// What Slurm gives as the index of jobs that were cancelled together before they began, by its commands and by slurmrestd. Which they were
/// it has forgotten.
const FORGOTTEN: [&str; 2] = ["4294967294", "null"];

/// States by index, from lists of indices such as `1,4-9:2%3`, beside what is known already. What is said of one is newer than that; what is
/// said of several is not: the account does not take those out that have begun. A list that Slurm has cut short (`1,3,5,...`), or forgotten,
/// is of all that nothing else is said about.
pub(super) fn gathered(
    told: impl Iterator<Item = Result<(String, JobState), String>>,
    array: Array,
    known: Tasks,
) -> Result<Tasks, String> {
    let (mut found, mut several, mut others) = (known, Tasks::new(), None);
    for told in told {
        let (list, state) = told?;
        let list = list.split('%').next().unwrap_or_default();
        if list.ends_with("...") || FORGOTTEN.contains(&list) {
            others = Some(state.clone());
        }
        let parts: Vec<Array> = list.split(',').filter_map(|part| part.parse().ok()).collect();
        let of_one = matches!(parts[..], [Array { first, last, .. }] if first == last);
        let tasks = if of_one { &mut found } else { &mut several };
        tasks.extend(parts.into_iter().flat_map(Array::indices).map(|index| (index, state.clone())));
    }
    for (index, state) in several {
        found.entry(index).or_insert(state);
    }
    if let Some(state) = others {
        for index in array.indices() {
            found.entry(index).or_insert_with(|| state.clone());
        }
    }
    Ok(found)
}

/// The jobs of an array where there is an account. When it and the queue know some of them, those that neither knows were cancelled before
/// they began: Slurm drops them without a trace when others of the same line wait on.
pub(super) fn with_dropped(mut found: Tasks, array: Array) -> Tasks {
    if found.is_empty() {
        return found;
    }
    for index in array.indices() {
        found.entry(index).or_insert(JobState::Ended(How::Cancelled));
    }
    found
}

/// The lines of `sacct` with JobID, ElapsedRaw, TotalCPU, MaxRSS, End: one for the job, and one for each of its steps. The account is
/// written behind the queue's back: until it has the end of a job, what it says of it is not all.
pub(super) fn usage(text: &str) -> Option<Usage> {
    let mut found: Option<Usage> = None;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut parts = line.split('|');
        let mut next = || parts.next().unwrap_or_default();
        let (id, wall, cpu, memory, end) = (next(), next(), next(), next(), next());
        let usage = found.get_or_insert(Usage { wall: Seconds(0.0), cpu: Seconds(0.0), memory: None });
        if !id.contains('.') {
            if matches!(end, "" | "Unknown") {
                return None;
            }
            // Of an array: what all its jobs have used, and the longest of them.
            usage.wall = Seconds(usage.wall.0.max(wall.parse().unwrap_or(0.0)));
            usage.cpu = Seconds(usage.cpu.0 + time(cpu));
        }
        usage.memory = usage.memory.max(size(memory));
    }
    found
}

/// `[DAYS-][HH:]MM:SS[.mmm]` in seconds.
fn time(text: &str) -> f64 {
    let (days, rest) = text.split_once('-').unwrap_or(("0", text));
    let number = |text: &str| text.parse::<f64>().unwrap_or(0.0);
    rest.split(':').fold(0.0, |sum, part| sum * 60.0 + number(part)) + number(days) * 86_400.0
}

/// `1234K` and the like; `None` when nothing was measured.
fn size(text: &str) -> Option<Bytes> {
    let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor = match unit {
        "" => 1.0,
        "K" => 1024.0,
        "M" => 1024.0 * 1024.0,
        "G" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    Some(Bytes((number.parse::<f64>().ok()? * factor) as u64)).filter(|bytes| bytes.0 > 0)
}

/// How long until a job begins, from the time of the host and what `sbatch --test-only` says, both in UTC.
pub(super) fn begins(text: &str) -> Option<Seconds> {
    let time = |text: &str| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S").ok();
    let now = text.lines().find_map(|line| time(line.trim()))?;
    let after = text.lines().find_map(|line| line.split_once(" to start at "))?.1;
    let begins = time(after.split_whitespace().next()?)?;
    Some(Seconds((begins - now).num_seconds().max(0) as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_jobs_of_an_array_are_read_from_the_queue() {
        let array: Array = "1-9".parse().unwrap();
        let text = "JobId=5 ArrayJobId=5 ArrayTaskId=4-6,9%2 JobState=PENDING Reason=JobArrayTaskLimit ExitCode=0:0 NodeList=\n\
            JobId=7 ArrayJobId=5 ArrayTaskId=1 JobState=FAILED Reason=NonZeroExitCode ExitCode=7:0 NodeList=node1\n\
            JobId=8 ArrayJobId=5 ArrayTaskId=2 JobState=RUNNING Reason=None ExitCode=0:0 NodeList=node2\n";
        let found = of_queue(text, array, Tasks::new()).unwrap();
        assert_eq!(found.keys().copied().collect::<Vec<_>>(), [1, 2, 4, 5, 6, 9]);
        assert_eq!(found[&1], JobState::Ended(How::Failed { code: 7 }));
        assert_eq!(found[&9], JobState::Waiting { reason: "JobArrayTaskLimit".to_owned() });
        let cut = "JobId=5 ArrayTaskId=4,6,... JobState=PENDING\nJobId=7 ArrayTaskId=1 JobState=RUNNING\n";
        let of = |text| of_queue(text, array, Tasks::new());
        assert_eq!(of(cut).unwrap().len(), 9, "those that are not named wait as well");
        assert_eq!(of("JobId=1 JobState=RUNNING\n").unwrap().len(), 0, "no array");
        assert_eq!(of("JobId=1 JobState=MARS\n"), Err("MARS".to_owned()));
    }

    #[test]
    fn those_that_were_cancelled_together_before_they_began_are_the_others() {
        let array: Array = "0-5".parse().unwrap();
        let known = of_account("77_[0-5%2]|CANCELLED by 0|0:0|\n77_0|COMPLETED|0:0|node1\n", array).unwrap();
        assert_eq!(known[&0], JobState::Ended(How::Succeeded));
        assert_eq!(known[&1], JobState::Ended(How::Cancelled));
        let queue = "JobId=77 ArrayJobId=77 ArrayTaskId=4294967294 ArrayTaskThrottle=2 JobState=CANCELLED ExitCode=0:0\n\
            JobId=79 ArrayJobId=77 ArrayTaskId=1 ArrayTaskThrottle=2 JobState=RUNNING NodeList=node1\n";
        for known in [known, Tasks::from([(0, JobState::Ended(How::Succeeded))])] {
            let found = of_queue(queue, array, known).unwrap();
            assert_eq!(found[&0], JobState::Ended(How::Succeeded), "the queue has forgotten it");
            assert_eq!(found[&1], JobState::Running { nodes: "node1".to_owned() });
            assert!((2..6).all(|index| found[&index] == JobState::Ended(How::Cancelled)), "{found:?}");
        }
    }

    #[test]
    fn and_from_the_account() {
        let found = of_account(
            "5_1|COMPLETED|0:0|node1\n5_2|TIMEOUT|0:15|node2\n5_[3-4%1]|PENDING|0:0|None assigned\n",
            "1-9".parse().unwrap(),
        );
        let found = found.unwrap();
        assert_eq!(found[&1], JobState::Ended(How::Succeeded));
        assert_eq!(found[&2], JobState::Ended(How::TimeLimit));
        assert_eq!(found.len(), 4);
    }

    #[test]
    fn usage_is_of_the_job_and_memory_of_its_steps() {
        let text = "7|61|00:12.500||2026-03-01T00:10:23\n7.batch|61|00:00.500|2048K|2026-03-01T00:10:23\n\
                    7.0|60|00:12.000|1.50M|2026-03-01T00:10:22\n";
        let expected = Usage { wall: Seconds(61.0), cpu: Seconds(12.5), memory: Some(Bytes(2048 << 10)) };
        assert_eq!(usage(text), Some(expected));
        assert_eq!(usage(""), None);
        assert_eq!(usage("7|61|00:12.500||Unknown\n7.0|60|00:12.000|1.50M|2026-03-01T00:10:22\n"), None);
        assert_eq!(time("1-02:03:04"), 93_784.0);
    }

    #[test]
    fn when_a_job_would_begin_is_counted_from_the_time_of_its_host() {
        let said = "sbatch: Job 3 to start at 2026-03-01T00:10:23 using 1 processors on nodes node1 in partition short";
        assert_eq!(begins(&format!("2026-02-28T23:59:59\n{said}\n")), Some(Seconds(624.0)));
        assert_eq!(begins(&format!("2026-03-01T00:11:00\nwelcome\n{said}\n")), Some(Seconds(0.0)));
        assert_eq!(begins("2026-03-01T00:11:00\n"), None);
    }
}
