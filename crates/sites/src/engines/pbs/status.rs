//! What `qstat -f` tells: of jobs, and with `-Q` of queues.

use std::collections::BTreeMap;

use crate::{Check, How, JobId, JobState};

/// A job as it was told of.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub id: JobId,
    pub name: String,
    pub state: JobState,
}

type Fields = BTreeMap<String, String>;

/// The jobs of `qstat -f`.
///
/// # Errors
///
/// When a job has a state that is none of PBS's.
pub(super) fn read(text: &str) -> Result<Vec<Told>, String> {
    records(text, "Job Id:")
        .into_iter()
        .map(|(id, fields)| {
            Ok(Told {
                id: JobId::new(&id).ok_or_else(|| format!("a job of the number `{id}`"))?,
                name: fields.get("Job_Name").cloned().unwrap_or_default(),
                state: state(&fields)?,
            })
        })
        .collect()
}

/// Records that begin with such a line, and their fields. A long value goes on in lines that begin with a tab.
fn records(text: &str, head: &str) -> Vec<(String, Fields)> {
    let mut found: Vec<(String, Fields)> = Vec::new();
    let mut last = String::new();
    for line in text.lines() {
        if let Some(id) = line.strip_prefix(head) {
            found.push((id.trim().to_owned(), Fields::new()));
            continue;
        }
        let Some((_, fields)) = found.last_mut() else { continue };
        match (line.strip_prefix("    "), line.split_once(" = ")) {
            (Some(_), Some((name, value))) => {
                name.trim().clone_into(&mut last);
                fields.insert(last.clone(), value.trim().to_owned());
            }
            _ => {
                if let Some(value) = fields.get_mut(&last) {
                    value.push_str(line.trim());
                }
            }
        }
    }
    found
}

fn state(fields: &Fields) -> Result<JobState, String> {
    let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    let nodes = || {
        let mut names: Vec<&str> =
            field("exec_host").split('+').filter_map(|part| part.split('/').next()).collect();
        names.dedup();
        names.join(",")
    };
    Ok(match field("job_state") {
        "Q" | "W" | "T" | "M" | "P" => JobState::Waiting { reason: field("comment").to_owned() },
        "H" => JobState::Waiting { reason: "held".to_owned() },
        "R" | "E" | "S" | "U" | "B" => JobState::Running { nodes: nodes() },
        "C" | "F" | "X" => JobState::Ended(how(fields)),
        other => return Err(format!("the state `{other}`")),
    })
}

fn how(fields: &Fields) -> How {
    let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    let status = fields.get("exit_status").or_else(|| fields.get("Exit_status"));
    let Some(status) = status.and_then(|text| text.parse::<i32>().ok()) else {
        // It ended before it began: somebody removed it from the queue.
        return How::Cancelled;
    };
    let over = |used: &str, limit: &str, read: fn(&str) -> Option<f64>| matches!((read(field(used)), read(field(limit))), (Some(used), Some(limit)) if limit > 0.0 && used >= limit);
    match status {
        0 => How::Succeeded,
        _ if over("resources_used.walltime", "Resource_List.walltime", seconds) => How::TimeLimit,
        // What PBS says when its own part failed, and not the job.
        -10 => How::OutOfMemory,
        i32::MIN..0 => How::NodeFailure,
        256.. if over("resources_used.mem", "Resource_List.mem", bytes) => How::OutOfMemory,
        256.. => How::Signalled { signal: u8::try_from(status % 256).unwrap_or(u8::MAX) },
        code => How::Failed { code: u8::try_from(code).unwrap_or(u8::MAX) },
    }
}

/// `01:02:03`
fn seconds(text: &str) -> Option<f64> {
    text.split(':').try_fold(0.0, |sum, part| Some(sum * 60.0 + part.parse::<f64>().ok()?))
}

/// `1024kb`
fn bytes(text: &str) -> Option<f64> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: f64 = text[..end].parse().ok()?;
    let factor = match text[end..].to_ascii_lowercase().as_str() {
        "b" | "" => 1.0,
        "kb" => 1024.0,
        "mb" => 1_048_576.0,
        "gb" => 1_073_741_824.0,
        _ => return None,
    };
    Some(number * factor)
}

/// One check a queue that takes jobs, from `qstat -Q -f`.
pub(super) fn queues(text: &str) -> Vec<Check> {
    let found: Vec<Check> = records(text, "Queue:")
        .into_iter()
        .map(|(name, fields)| {
            let is = |name: &str| fields.get(name).is_some_and(|value| value == "True");
            let limit = fields
                .get("resources_max.walltime")
                .map(|limit| format!(", jobs up to {limit}"))
                .unwrap_or_default();
            match (is("enabled"), is("started")) {
                (true, true) => Check::good("queue", format!("{name}{limit}")),
                (true, false) => Check::note("queue", format!("{name}{limit}; it starts no jobs at present")),
                (false, _) => Check::note("queue", format!("{name}{limit}; it takes no jobs at present")),
            }
        })
        .collect();
    match found.is_empty() {
        true => {
            vec![Check::bad("queues", "PBS lists none that you may use; ask for an account on the cluster")]
        }
        false => found,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shortened from the manual of Torque 3.0.5, chapter 2.7.
    const TORQUE: &str = "Job Id: 179.host
    Job_Name = STDIN
    Job_Owner = user@host
    job_state = C
    queue = batchq
    exec_host = node1/0
    Resource_List.nodes = node1
    Variable_List = PBS_O_HOME=/home/user,PBS_O_LOGNAME=user,
\tPBS_O_WORKDIR=/opt/moab,PBS_O_QUEUE=batchq
    exit_status = -1

";

    fn ended(lines: &str) -> JobState {
        let text = format!("Job Id: 7.head\n    Job_Name = a\n    job_state = F\n{lines}");
        read(&text).unwrap().remove(0).state
    }

    #[test]
    fn jobs_are_read_as_the_manual_of_torque_shows_them() {
        let told = read(
            &TORQUE
                .replace("179.host", "180.host")
                .replace("= C", "= R")
                .replace("node1/0", "n1/0+n1/1+n2/0"),
        )
        .unwrap();
        assert_eq!(told[0].state, JobState::Running { nodes: "n1,n2".to_owned() });
        let told = read(TORQUE).unwrap();
        assert_eq!((told[0].id.as_str(), told[0].name.as_str()), ("179.host", "STDIN"));
        assert_eq!(told[0].state, JobState::Ended(How::NodeFailure));
        assert_eq!(read(&TORQUE.replace("= C", "= ?")), Err("the state `?`".to_owned()));
        assert_eq!(read(""), Ok(vec![]));
    }

    #[test]
    fn ends_are_told_apart() {
        assert_eq!(ended("    Exit_status = 0\n"), JobState::Ended(How::Succeeded));
        assert_eq!(ended("    Exit_status = 7\n"), JobState::Ended(How::Failed { code: 7 }));
        assert_eq!(ended("    Exit_status = 265\n"), JobState::Ended(How::Signalled { signal: 9 }));
        let walltime = "    resources_used.walltime = 00:02:32\n    Resource_List.walltime = 00:02:00\n    Exit_status = 271\n";
        assert_eq!(ended(walltime), JobState::Ended(How::TimeLimit));
        let memory =
            "    resources_used.mem = 2097152kb\n    Resource_List.mem = 1gb\n    Exit_status = 265\n";
        assert_eq!(ended(memory), JobState::Ended(How::OutOfMemory));
        assert_eq!(ended("    comment = Job deleted\n"), JobState::Ended(How::Cancelled));
    }

    #[test]
    fn queues_say_whether_they_take_jobs() {
        let text = "Queue: batch\n    queue_type = Execution\n    resources_max.walltime = 24:00:00\n    enabled = True\n    started = True\n\nQueue: old\n    enabled = False\n    started = True\n";
        let lines: Vec<String> = queues(text).into_iter().map(|check| check.text).collect();
        assert_eq!(lines, ["batch, jobs up to 24:00:00", "old; it takes no jobs at present"]);
    }
}
