//! What `qstat` tells, in XML: jobs that have not ended, and queues.

use roxmltree::{Document, Node};

use crate::{Array, Check, How, JobId, JobState};

/// A job in the queue.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Queued {
    pub id: JobId,
    pub name: String,
    pub state: JobState,
    /// Of an array: those that this is of.
    pub tasks: Vec<Array>,
}

/// A job that the engine could not start, with the exit code that shells give for that.
const NOT_STARTED: How = How::Failed { code: 126 };

/// The jobs of `qstat -xml`.
///
/// # Errors
///
/// When it is no such document, or a state is none of Grid Engine's.
pub(super) fn jobs(text: &str) -> Result<Vec<Queued>, String> {
    let document = Document::parse(text).map_err(|error| format!("no XML: {error}"))?;
    let jobs = document.descendants().filter(|node| node.has_tag_name("job_list"));
    jobs.map(|job| {
        let id = child(job, "JB_job_number");
        Ok(Queued {
            id: JobId::new(id).ok_or_else(|| format!("a job of the number `{id}`"))?,
            name: child(job, "JB_name").to_owned(),
            state: state(child(job, "state"), child(job, "queue_name"))?,
            tasks: child(job, "tasks").split(',').filter_map(|part| part.parse().ok()).collect(),
        })
    })
    .collect()
}

fn child<'a>(of: Node<'a, '_>, name: &str) -> &'a str {
    of.children().find(|node| node.has_tag_name(name)).and_then(|node| node.text()).unwrap_or_default().trim()
}

/// What the letters of a state mean: each is a fact of its own.
fn state(letters: &str, queue: &str) -> Result<JobState, String> {
    if letters.is_empty() || !letters.chars().all(|letter| "dEhrRsStTNwqzPX".contains(letter)) {
        return Err(format!("the state `{letters}`"));
    }
    let has = |letter| letters.contains(letter);
    Ok(match () {
        // It stays in the queue until somebody removes it or clears the error, and does not begin.
        () if has('E') => JobState::Ended(NOT_STARTED),
        () if has('q') || has('w') => JobState::Waiting {
            reason: match (has('h'), has('R')) {
                (true, _) => "held".to_owned(),
                (_, true) => "to begin again".to_owned(),
                _ => String::new(),
            },
        },
        // Suspended, being transferred, being ended: it has its host.
        () => JobState::Running { nodes: queue.split_once('@').map_or(queue, |(_, host)| host).to_owned() },
    })
}

/// One check a queue, from `qstat -g c -xml`.
pub(super) fn queues(text: &str) -> Vec<Check> {
    let Ok(document) = Document::parse(text) else {
        return vec![Check::bad("queues", "Grid Engine lists them in a form that is not understood")];
    };
    let found: Vec<Check> = document
        .descendants()
        .filter(|node| node.has_tag_name("cluster_queue_summary"))
        .map(|queue| {
            let number = |name| child(queue, name).parse::<u64>().unwrap_or(0);
            let (total, free, closed) = (
                number("total"),
                number("available"),
                number("temp_disabled") + number("manual_intervention"),
            );
            let name = child(queue, "name");
            let text = format!("{name}: {total} slots, {free} of them free");
            match closed {
                0 => Check::good("queue", text),
                n if n >= total => Check::note(
                    "queue",
                    format!("{text}; it takes no jobs at present, jobs there would wait"),
                ),
                n => Check::good("queue", format!("{text}; {n} take no jobs")),
            }
        })
        .collect();
    if found.is_empty() {
        return vec![Check::bad(
            "queues",
            "Grid Engine lists none that you may use; ask for an account on the cluster",
        )];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_letters_of_a_state_are_read() {
        let on = JobState::Running { nodes: "n1".to_owned() };
        for letters in ["r", "t", "Rr", "s", "S", "T", "dr", "hr", "N"] {
            assert_eq!(state(letters, "main.q@n1"), Ok(on.clone()), "{letters}");
        }
        let waits = |reason: &str| Ok(JobState::Waiting { reason: reason.to_owned() });
        assert_eq!(state("qw", ""), waits(""));
        assert_eq!(state("hqw", ""), waits("held"));
        assert_eq!(state("Rq", ""), waits("to begin again"));
        assert_eq!(state("Eqw", ""), Ok(JobState::Ended(NOT_STARTED)));
        assert_eq!(state("mars", ""), Err("the state `mars`".to_owned()));
    }

    #[test]
    fn jobs_are_read_as_grid_engine_8_1_9_lists_them() {
        let text = "<?xml version='1.0'?>
<job_info  xmlns:xsd=\"http://arc.liv.ac.uk/repos/darcs/sge/source/dist/util/resources/schemas/qstat/qstat.xsd\">
  <queue_info>
    <job_list state=\"running\"><JB_job_number>5</JB_job_number><JB_name>a1</JB_name><state>r</state><queue_name>main.q@localhost</queue_name><slots>2</slots></job_list>
  </queue_info>
  <job_info>
    <job_list state=\"pending\"><JB_job_number>7</JB_job_number><JB_name>a2</JB_name><state>Eqw</state><queue_name></queue_name></job_list>
    <job_list state=\"pending\"><JB_job_number>9</JB_job_number><JB_name>a3</JB_name><state>qw</state><queue_name></queue_name><tasks>2,7-9:2</tasks></job_list>
  </job_info>
</job_info>";
        let found = jobs(text).unwrap();
        let lines: Vec<String> =
            found.iter().map(|job| format!("{} {} {}", job.id, job.name, job.state)).collect();
        assert_eq!(
            lines,
            ["5 a1 is running on localhost", "7 a2 failed with exit code 126", "9 a3 is waiting"]
        );
        let tasks: Vec<u32> = found[2].tasks.iter().copied().flat_map(Array::indices).collect();
        assert_eq!((found[0].tasks.len(), tasks), (0, vec![2, 7, 9]));
        assert!(jobs("error: denied").is_err());
        assert_eq!(jobs("<job_info><queue_info/><job_info/></job_info>"), Ok(vec![]));
    }
}
